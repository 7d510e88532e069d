"""Which kinds of value an expression may have: text, number, truth, none. What can fit in no call is a mistake.

By name, wherever it is saved: two nodes that save a number and a text under one name make it either. So whatever is
reported is wrong in every call that comes there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from flows import nodes
from flows.document import Document
from flows.expressions.environment import BUILT_INS, kind_of
from flows.expressions.parser import Binary, Call, ListOf, Literal, Name, Node, QueueField, Unary
from flows.lint.expressions import read
from flows.model import subflow_of
from flows.parts import Answer, MoneyAnswer, NumberAnswer, YesNoAnswer
from flows.sources import CsvSource

Kinds = frozenset[str]

TEXT, NUMBER, TRUTH, NONE = "a text", "a number", "true or false", "none"
ANY: Final[Kinds] = frozenset({TEXT, NUMBER, TRUTH, NONE})
_TEXT, _NUMBER, _TRUTH = frozenset({TEXT}), frozenset({NUMBER}), frozenset({TRUTH})
_BUILT_INS: Final[Mapping[str, Kinds]] = {
    **dict.fromkeys(BUILT_INS, _TEXT),
    "caller_number": frozenset({TEXT, NONE}),
    "speech": _TRUTH,
}
# What each function takes, argument by argument, and what it gives; `default`, `min` and `max` are worked out.
TAKEN: Final[Mapping[str, tuple[tuple[Kinds, ...], Kinds]]] = {
    "number": ((_TEXT | _NUMBER,), _NUMBER),
    "text": ((ANY,), _TEXT),
    "length": ((_TEXT,), _NUMBER),
    "lower": ((_TEXT,), _TEXT),
    "round": ((_NUMBER,), _NUMBER),
    "known": ((ANY,), _TRUTH),
    "days_until": ((_TEXT,), _NUMBER),
    "add_days": ((_TEXT, _NUMBER), _TEXT),
    "weekday": ((_TEXT,), _TEXT),
    "open": ((_TEXT, _TEXT, _TEXT), _TRUTH),
    "holiday": ((_TEXT,), _TRUTH),
}
# What each filter of a template can speak; None is no filter.
FILTERS: Final[Mapping[str | None, Kinds]] = {
    None: _TEXT | _NUMBER,
    "digits": _TEXT | _NUMBER,
    "number": _NUMBER,
    "date": _TEXT,
    "time": _TEXT,
    "money": _NUMBER,
    "ending": _TEXT,
    "plural": _NUMBER,
}
# A counter that counts itself needs as many rounds as there are values that depend on each other, few in any flow.
_ROUNDS: Final = 8


class Misfit(msgspec.Struct, frozen=True):
    """A part of an expression that can have no value: why, and the first name in it, if there is one."""

    message: str
    name: str | None


def said(kinds: Kinds) -> str:
    """The kinds, as an author calls them."""
    return " or ".join(sorted(kinds))


def kinds_at(document: Document, node_name: str) -> Mapping[str, Kinds]:
    """The kinds of the values that a node sees."""
    return _kinds_in(document, subflow_of(node_name))


@lru_cache(maxsize=64)
def _kinds_in(document: Document, subflow: str) -> Mapping[str, Kinds]:
    saved, parameters = _all_kinds(document)
    return {**saved, **parameters.get(subflow, {})}


@lru_cache(maxsize=4)
def _all_kinds(document: Document) -> tuple[dict[str, Kinds], dict[str, dict[str, Kinds]]]:
    """The kinds of saved values, and those of each subflow's parameters."""
    flow = document.flow
    saved: dict[str, Kinds] = {}
    parameters: dict[str, dict[str, Kinds]] = {
        name: dict.fromkeys(part.parameters, frozenset()) for name, part in flow.subflows.items()
    }
    for _ in range(_ROUNDS):
        before = dict(saved), {name: dict(given) for name, given in parameters.items()}
        for name, node in flow.all_nodes.items():
            subflow = subflow_of(name)
            seen = {**saved, **parameters.get(subflow, {})}
            for value, kinds in _saved_by(node, seen).items():
                own = parameters.get(subflow, {})
                table = own if isinstance(node, nodes.Set) and value in own else saved
                table[value] = table.get(value, frozenset()) | kinds
            if isinstance(node, nodes.CallSubflow) and node.subflow in parameters:
                table = parameters[node.subflow]
                for value, given in node.parameters.items():
                    if value in table:
                        table[value] |= _kinds_of_source(given, seen)
        if before == (saved, parameters):
            return saved, parameters
    # Still growing: nothing is claimed of any of them.
    return dict.fromkeys(saved, ANY), {name: dict.fromkeys(given, ANY) for name, given in parameters.items()}


def _saved_by(node: nodes.Node, seen: Mapping[str, Kinds]) -> dict[str, Kinds]:
    match node:
        case nodes.Ask():
            return {node.save_as: _of_answer(node.answer)}
        case nodes.Survey():
            return {node.save_as: _NUMBER}
        case nodes.Record():
            return {node.save_as: _TEXT}
        case nodes.OpenQuestion():
            return {
                name: _of_answer(slot.answer) for intent in node.intents.values() for name, slot in intent.slots.items()
            }
        case nodes.Lookup():
            return dict.fromkeys(node.save, _TEXT if isinstance(node.source, CsvSource) else ANY)
        case nodes.Set():
            return {name: _kinds_of_source(given, seen) for name, given in node.values.items()}
        case _:
            return {}


def _of_answer(answer: Answer) -> Kinds:
    if isinstance(answer, YesNoAnswer):
        return _TRUTH
    return _NUMBER if isinstance(answer, NumberAnswer | MoneyAnswer) else _TEXT


def _kinds_of_source(given: str | bool | float, seen: Mapping[str, Kinds]) -> Kinds:
    if not isinstance(given, str):
        return frozenset({kind_of(given)})
    expression = read(given)
    return ANY if expression is None else kinds_of(expression.tree, seen, [])


def kinds_of(tree: Node, seen: Mapping[str, Kinds], misfits: list[Misfit]) -> Kinds:
    """The kinds that an expression may have; what can have no value is added to `misfits`.

    A value of which nothing is known yet may be anything.
    """
    match tree:
        case Literal():
            return frozenset({kind_of(tree.value)})
        case Name():
            return _BUILT_INS.get(tree.name) or seen.get(tree.name) or ANY
        case QueueField():
            return _NUMBER
        case Unary():
            wanted = _TRUTH if tree.operator == "not" else _NUMBER
            _need(tree.operator, tree.operand, wanted, seen, misfits)
            return wanted
        case Binary():
            return _binary(tree, seen, misfits)
        case Call():
            return _call(tree, seen, misfits)
        case ListOf():
            return ANY


def _need(what: str, tree: Node, wanted: Kinds, seen: Mapping[str, Kinds], misfits: list[Misfit]) -> None:
    kinds = kinds_of(tree, seen, misfits)
    if not kinds & wanted:
        misfits.append(
            Misfit(f"{what} needs {said(wanted)}, not {said(kinds)}{_hint(wanted, kinds)}", _first_name(tree))
        )


def _hint(wanted: Kinds, kinds: Kinds) -> str:
    if wanted == _NUMBER and TEXT in kinds:
        return "; write number(...) around it"
    return "; write text(...) around it" if wanted == _TEXT and NUMBER in kinds else ""


def _binary(tree: Binary, seen: Mapping[str, Kinds], misfits: list[Misfit]) -> Kinds:
    operator = tree.operator
    if operator in {"and", "or"}:
        _need(operator, tree.left, _TRUTH, seen, misfits)
        _need(operator, tree.right, _TRUTH, seen, misfits)
        return _TRUTH
    if operator in {"-", "*", "/"}:
        _need(operator, tree.left, _NUMBER, seen, misfits)
        _need(operator, tree.right, _NUMBER, seen, misfits)
        return _NUMBER
    if operator == "in" and not isinstance(tree.right, ListOf):
        _need(operator, tree.left, _TEXT, seen, misfits)
        _need(operator, tree.right, _TEXT, seen, misfits)
        return _TRUTH
    left = kinds_of(tree.left, seen, misfits)
    if isinstance(tree.right, ListOf):
        right: Kinds = frozenset().union(*(kinds_of(item, seen, misfits) for item in tree.right.items))
    else:
        right = kinds_of(tree.right, seen, misfits)
    common = _common(operator, left, right)
    if NONE in left | right and operator in {"==", "!=", "in"}:
        return _TRUTH
    if not common:
        misfits.append(Misfit(_apart(operator, left, right), _first_name(tree)))
    return common if operator == "+" and common else (_TEXT | _NUMBER if operator == "+" else _TRUTH)


def _common(operator: str, left: Kinds, right: Kinds) -> Kinds:
    """The kinds in which the two sides of an operator can meet."""
    both = left & right
    return both if operator in {"==", "!=", "in"} else both & (_TEXT | _NUMBER)


def _apart(operator: str, left: Kinds, right: Kinds) -> str:
    hint = ""
    if {TEXT, NUMBER} <= left | right:
        hint = "; write number(...) around the text"
    return f"{operator} cannot take {said(left)} and {said(right)} together{hint}"


def _call(tree: Call, seen: Mapping[str, Kinds], misfits: list[Misfit]) -> Kinds:
    if tree.function == "default":
        first, fallback = (kinds_of(argument, seen, misfits) for argument in tree.arguments)
        return (first - {NONE}) | fallback
    if tree.function in {"min", "max"}:
        given = [kinds_of(argument, seen, misfits) for argument in tree.arguments]
        common = frozenset.intersection(*given) & (_TEXT | _NUMBER)
        if not common:
            message = f"{tree.function}() needs only numbers or only texts, not {said(frozenset().union(*given))}"
            misfits.append(Misfit(message, _first_name(tree)))
        return common or _TEXT | _NUMBER
    wanted, gives = TAKEN[tree.function]
    for kinds, argument in zip(wanted, tree.arguments, strict=False):
        _need(f"{tree.function}()", argument, kinds, seen, misfits)
    return gives


def _first_name(tree: Node) -> str | None:
    """The first value that an expression reads."""
    match tree:
        case Name():
            return tree.name
        case Unary():
            return _first_name(tree.operand)
        case Binary():
            return _first_name(tree.left) or _first_name(tree.right)
        case Call(arguments=parts) | ListOf(items=parts):
            return next((name for part in parts if (name := _first_name(part)) is not None), None)
        case _:
            return None
