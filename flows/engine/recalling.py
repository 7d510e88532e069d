"""What is known from an earlier call of the same number: values that were confirmed, and how they are used.

| a question for | what becomes of a value that is known |
|---|---|
| a value that several nodes save | it is not asked for, as where it was told in this call |
| digits, a phone number, a day of the past | "Last time, you gave ...": one key keeps it |
| anything else, such as a number of people | it is asked for: it was about another matter |
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from flows import model, nodes, parts
from flows.engine import answers
from flows.engine.prompting import today_of
from flows.events import Value
from flows.state import AskingSlot, AtNode, CallState, Confirming, Said


def remembered(flow: model.Flow, state: CallState, values: Mapping[str, Value]) -> CallState:
    """The state with the values that this flow asks for, each in a form that its question could have given."""
    types: dict[str, list[parts.Answer]] = {}
    for name, answer in _asked_for(flow):
        types.setdefault(name, []).append(answer)
    fit = {
        name: value
        for name, value in values.items()
        if name in types
        and name not in flow.sensitive_names
        and all(keys_of(flow, state, answer, value) is not None for answer in types[name])
    }
    return msgspec.structs.replace(state, values={**state.values, **fit}, remembered=tuple(fit))


def _asked_for(flow: model.Flow) -> Iterator[tuple[str, parts.Answer]]:
    for node in flow.all_nodes.values():
        match node:
            case nodes.Ask():
                yield node.save_as, node.answer
            case nodes.OpenQuestion():
                yield from (
                    (name, slot.answer) for intent in node.intents.values() for name, slot in intent.slots.items()
                )
            case _:
                pass


def told_anew(state: CallState, name: str) -> CallState:
    """The state in which a value is of this call."""
    if name not in state.remembered:
        return state
    return msgspec.structs.replace(state, remembered=tuple(other for other in state.remembered if other != name))


def forgotten(state: CallState, name: str) -> CallState:
    """The state without a value that was true for an earlier call."""
    values = {other: value for other, value in state.values.items() if other != name}
    return told_anew(msgspec.structs.replace(state, values=values), name)


def to_confirm(
    flow: model.Flow, state: CallState, name: str, answer: parts.Answer, over: AtNode | AskingSlot
) -> Confirming | None:
    """The question whether a value is still right; None where the value is to be asked for."""
    if name not in state.remembered or not is_worth_asking(answer):
        return None
    value = state.values.get(name)
    keys = keys_of(flow, state, answer, value)
    if keys is None:
        return None
    day = str(value) if isinstance(answer, parts.DateAnswer) else None
    said = Said(node=state.node, text=keys, by="keys")
    return Confirming(keys=keys, said=said, day=day, over=over, remembered=True)


def is_worth_asking(answer: parts.Answer) -> bool:
    """Whether a value of this type names something, so that it may well be the same in the next call."""
    match answer:
        case parts.DigitsAnswer() | parts.PhoneAnswer():
            return True
        case parts.DateAnswer(past=past):
            return past
        case _:
            return False


def keys_of(flow: model.Flow, state: CallState, answer: parts.Answer, value: Value) -> str | None:
    """The keys that mean a value; None where it is no such value, or means nothing beyond its call, as a yes."""
    keys = _keys(answer, value)
    if keys is None:
        return None
    try:
        found = answers.value_of(answer, keys, "en", today_of(flow, state))
    except ValueError:
        return None
    return keys if found == value else None


def _keys(answer: parts.Answer, value: Value) -> str | None:
    match answer, value:
        case parts.DigitsAnswer() | parts.PhoneAnswer(), str():
            return value
        case parts.NumberAnswer(), int() if not isinstance(value, bool):
            return str(value)
        case parts.MoneyAnswer(), int() | float() if not isinstance(value, bool):
            return format(Decimal(str(value)).normalize(), "f").replace(".", "*")
        case parts.DateAnswer(), str() if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            try:
                return f"{dt.date.fromisoformat(value):%d%m%Y}"
            except ValueError:
                return None
        case parts.TimeAnswer(), str():
            return value.replace(":", "")
        case _:
            return None
