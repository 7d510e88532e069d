"""Two dispositions or two priorities of one name."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document, Path
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "code-twice"


def _check(document: Document) -> Iterator[Problem]:
    for name, queue in document.flow.queues.items():
        here = ("queues", name)
        ways = queue.dispositions.items()
        yield from _repeated(document, [((*here, "dispositions", key, "code"), way.code) for key, way in ways], "code")
        yield from _repeated(
            document, [((*here, "dispositions", key, "label"), way.label) for key, way in ways], "label"
        )
        yield from _repeated(
            document,
            [((*here, "priorities", index, "name"), rule.name) for index, rule in enumerate(queue.priorities)],
            "name",
        )


def _repeated(document: Document, written: list[tuple[Path, str]], what: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for path, word in written:
        if word in seen:
            yield found(ID, document, path, f'the {what} "{word}" stands for two things; give each its own')
        seen.add(word)


RULE = Rule(
    id=ID,
    level="error",
    title="A code or a name for two things",
    why="The ledger and the reports tell dispositions by their codes and priorities by their names, and agents tell "
    "dispositions by their labels. Two of one name cannot be told apart.",
    fails=(
        "queues:\n  shop:\n    dispositions: {'1': {code: done, label: solved}, '2': {code: done, label: refused}}",
        "queues:\n  shop:\n    dispositions: {'1': {code: done, label: solved}, '2': {code: won, label: solved}}",
        "queues:\n  shop:\n    priorities:\n"
        "      - {name: first, when: speech, head_start_minutes: 5}\n"
        "      - {name: first, when: \"language == 'fa'\", head_start_minutes: 9}",
    ),
    passes=(
        "queues:\n  shop:\n    dispositions: {'1': {code: done, label: solved}, '2': {code: not_done, label: open}}",
    ),
    check=_check,
)
