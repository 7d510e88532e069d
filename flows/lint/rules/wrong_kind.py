"""Values of a kind that an expression or a filter cannot take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flows.document import Document
from flows.expressions.parser import Name
from flows.lint.expressions import Placed, readable_in
from flows.lint.kinds import ANY, FILTERS, TRUTH, Kinds, Misfit, kinds_at, kinds_of, said
from flows.lint.rule import Rule, found_at
from flows.problems import Problem

ID = "wrong-kind"


def _check(document: Document) -> Iterator[Problem]:
    for placed in readable_in(document):
        for misfit in _misfits(placed, kinds_at(document, placed.node)):
            offset = placed.offset if misfit.name is None else placed.offset_of(misfit.name)
            length = 1 if misfit.name is None else len(misfit.name)
            yield found_at(ID, document, document.text.inside(placed.path, offset), misfit.message, length=length)


def _misfits(placed: Placed, seen: Mapping[str, Kinds]) -> list[Misfit]:
    """What cannot be worked out in an expression, or not be used where it stands."""
    misfits: list[Misfit] = []
    tree = placed.expression.tree
    kinds = kinds_of(tree, seen, misfits)
    name = tree.name if isinstance(tree, Name) else None
    if placed.field is not None:
        wanted = FILTERS.get(placed.field.filter, ANY)
        if not kinds & wanted:
            how = f"the filter {placed.field.filter} speaks" if placed.field.filter else "what is spoken is"
            misfits.append(Misfit(f"{how} {said(wanted)}, not {said(kinds)}", name))
    # What is no value at all is the matter of `branch-not-boolean`.
    elif placed.role == "when" and TRUTH not in kinds and name is not None:
        misfits.append(Misfit(f'"{name}" is {said(kinds)}, neither true nor false; compare it with something', name))
    return misfits


RULE = Rule(
    id=ID,
    level="error",
    title="A value of the wrong kind",
    why="Digits, dates, times and telephone numbers are texts, and so is whatever a CSV file holds; numbers, money and "
    "surveys are numbers; yes and no are true and false. An expression or a filter that gets another kind breaks the "
    "call off, every time. `number(...)` and `text(...)` turn one into the other.",
    fails=(
        """
nodes:
  main: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 4}, save_as: order, next: old}
  old: {type: branch, cases: [{when: order < 2000, to: person}], otherwise: goodbye}
""",
        """
nodes:
  main: {type: ask, prompt: Are you new here?, answer: {type: yes_no}, save_as: is_new, next: told}
  told: {type: say, prompt: "You said {is_new}.", next: goodbye}
""",
        """
nodes:
  main: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 4}, save_as: order, next: told}
  told: {type: say, prompt: "That is {order|number}.", next: goodbye}
""",
    ),
    passes=(
        """
nodes:
  main: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 4}, save_as: order, next: old}
  old: {type: branch, cases: [{when: number(order) < 2000, to: person}], otherwise: told}
  told: {type: say, prompt: "That is {order|digits}.", next: goodbye}
""",
    ),
    check=_check,
)
