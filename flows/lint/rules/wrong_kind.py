"""Values of a kind that an expression or a filter cannot take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flows.document import Document, Path
from flows.expressions import Expression, ExpressionError, parse
from flows.expressions.parser import Name
from flows.expressions.templates import Field, parse_template
from flows.lint.kinds import ANY, FILTERS, TRUTH, Kinds, Misfit, kinds_at, kinds_of, said
from flows.lint.rule import Rule, found_at
from flows.lint.texts import expressions_in, texts_in
from flows.lint.uses import position_of
from flows.problems import Problem

ID = "wrong-kind"


def _check(document: Document) -> Iterator[Problem]:
    for worked in expressions_in(document):
        try:
            expression = parse(worked.source)
        except ExpressionError:
            continue
        seen = kinds_at(document, worked.node)
        misfits: list[Misfit] = []
        kinds = kinds_of(expression.tree, seen, misfits)
        # What is no value at all is the matter of `branch-not-boolean`.
        if worked.role == "when" and TRUTH not in kinds and isinstance(expression.tree, Name):
            name = expression.tree.name
            misfits.append(
                Misfit(f'"{name}" is {said(kinds)}, neither true nor false; compare it with something', name)
            )
        yield from _problems(document, worked.path, expression, 0, misfits)
    for text in texts_in(document):
        try:
            fields = [part for part in parse_template(text.text).parts if isinstance(part, Field)]
        except ExpressionError:
            continue
        for field in fields:
            misfits = _spoken(field, kinds_at(document, text.node))
            yield from _problems(document, text.path, field.expression, field.offset, misfits)


def _spoken(field: Field, seen: Mapping[str, Kinds]) -> list[Misfit]:
    """What cannot be worked out in a field, or not be spoken."""
    misfits: list[Misfit] = []
    kinds = kinds_of(field.expression.tree, seen, misfits)
    wanted = FILTERS.get(field.filter, ANY)
    if not kinds & wanted:
        name = field.expression.tree.name if isinstance(field.expression.tree, Name) else None
        how = f"the filter {field.filter} speaks" if field.filter else "what is spoken is"
        misfits.append(Misfit(f"{how} {said(wanted)}, not {said(kinds)}", name))
    return misfits


def _problems(
    document: Document, path: Path, expression: Expression, offset: int, misfits: list[Misfit]
) -> Iterator[Problem]:
    for misfit in misfits:
        inside = position_of(expression.source, misfit.name) if misfit.name is not None else 0
        length = len(misfit.name) if misfit.name is not None else 1
        yield found_at(ID, document, document.text.inside(path, offset + inside), misfit.message, length=length)


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
