"""Priorities that look at what they cannot see."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.expressions import readable_in
from flows.lint.rule import Rule, found, found_at
from flows.problems import Problem

ID = "priority-never-holds"


def _check(document: Document) -> Iterator[Problem]:
    secret = document.flow.sensitive_names
    for placed in readable_in(document):
        if placed.path[:1] != ("queues",):
            continue
        if placed.expression.uses_queue:
            message = "how a queue stands is for branches; whoever joins a line comes by who they are"
            yield found(ID, document, placed.path, message, value=True)
        for name in sorted(placed.every_name & secret):
            place = document.text.inside(placed.path, placed.offset_of(name))
            message = f'the sensitive value "{name}" is gone by then; only a lookup may have it'
            yield found_at(ID, document, place, message, length=len(name))


RULE = Rule(
    id=ID,
    level="error",
    title="A priority that never holds",
    why="A priority looks at the values of the call, its language, the time and the hours. It does not see other "
    "callers (`queue.`), nor sensitive values, which are gone by then. Save what a lookup tells about a sensitive "
    "value, and look at that.",
    fails=(
        "queues:\n  shop:\n    priorities: [{name: first, when: queue.waiting > 3, head_start_minutes: 5}]",
        "queues:\n  shop:\n    priorities: [{name: card, when: \"card == '1'\", head_start_minutes: 5}]\n"
        'nodes:\n  main: {type: ask, prompt: "Your card?", answer: {type: digits, min: 16, max: 16}, save_as: card, '
        "sensitive: true, next: look}\n"
        '  look: {type: lookup, source: {type: python, function: "cards:check"}, where: {number: card}, '
        "found: goodbye, not_found: person, failed: person}",
    ),
    passes=(
        "queues:\n  shop:\n    priorities: [{name: gold, when: \"default(level, '') == 'gold'\", "
        "head_start_minutes: 5}]\n"
        "nodes:\n  main: {type: lookup, source: {type: csv, file: customers.csv}, where: {number: caller_number}, "
        "save: {level: level}, found: person, not_found: person, failed: person}",
    ),
    check=_check,
)
