"""Sensitive values: keyed in, looked up, and gone before anything is stored."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flows import actions, events
from tests.unit.flows.engine.calls import AT, MENU, Call, asking, flow_of

CARD = "4929123456781234"
ASK = asking({"type": "digits", "min": 16, "max": 16}, save_as="card", sensitive=True, next="look")
LOOK = {
    "type": "lookup",
    "source": {"type": "python", "function": "cards:check"},
    "where": {"number": "card"},
    "save": {"holder": "holder"},
    "found": "after",
    "not_found": "after",
    "failed": "after",
}
AFTER: dict[str, dict[str, Any]] = {
    "menu": {**MENU, "choices": [{**MENU["choices"][0], "to": "end"}]},
    "transfer": {"type": "transfer"},
    "callback": {"type": "callback"},
    "record": {"type": "record", "prompt": "Speak.", "save_as": "message", "next": "end", "nothing": "end"},
    "end": {"type": "end", "prompt": "Bye.", "outcome": "solved"},
    "number": {"type": "transfer", "to": {"number": "+442079460199"}},
}


def looking_up(after: str = "menu") -> Call:
    return Call(flow_of({"card": ASK, "look": LOOK, "after": AFTER[after]}), caller="+442079460188").press(CARD)


def stored(call: Call) -> str:
    return msgspec.json.encode(call.state).decode()


def test_a_sensitive_answer_is_keyed_in_and_marked_so_and_never_listened_for() -> None:
    collect = Call(flow_of({"card": ASK, "look": LOOK, "after": AFTER["menu"]})).collect
    assert collect.sensitive
    assert collect.grammar is None


def test_a_sensitive_answer_goes_to_its_lookup() -> None:
    lookup = looking_up().last
    assert isinstance(lookup, actions.Lookup)
    assert lookup.where == {"number": CARD}


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("answer", [events.LookupFound(at=AT, values={"holder": "yes"}), events.LookupFailed(at=AT)])
def test_a_sensitive_value_is_gone_as_soon_as_the_turn_is_over(after: str, answer: events.Event) -> None:
    call = looking_up(after).on(answer)
    if call.seeks():
        call.nobody()
    assert CARD not in stored(call)
    assert "card" not in call.state.values
    assert [said.text for said in call.state.said] == ["(not kept)"]


def test_a_sensitive_value_is_not_in_the_dossier_though_it_is_booked_in_the_same_turn() -> None:
    call = looking_up("callback").found().press("1")
    request = call.last
    assert isinstance(request, actions.RequestCallback)
    assert CARD not in str(request.dossier)


@pytest.mark.parametrize("happens", ["hang_up", "fail"])
def test_a_sensitive_value_is_gone_when_the_call_ends_or_breaks_while_it_is_looked_up(happens: str) -> None:
    call = looking_up()
    assert CARD in stored(call)
    getattr(call, happens)()
    assert CARD not in stored(call)


def test_a_sensitive_value_is_gone_after_a_prompt_that_cannot_be_worked_out() -> None:
    call = Call(flow_of({"card": {**ASK, "next": "broken"}, "broken": {**AFTER["end"], "prompt": "{missing}"}}))
    assert CARD not in stored(call.press(CARD))


def test_a_sensitive_value_is_gone_where_the_loop_guard_ends_a_turn() -> None:
    loop = {"type": "set", "values": {"x": 1}, "next": "loop"}
    call = Call(flow_of({"card": {**ASK, "next": "loop"}, "loop": loop})).press(CARD)
    assert call.seeks()
    assert CARD not in stored(call)


def test_a_sensitive_answer_is_never_read_back_nor_waits_to_be_confirmed() -> None:
    call = looking_up()
    assert call.stage == "AtNode"
    yes_no = asking({"type": "yes_no"}, sensitive=True)
    heard = Call(flow_of({"ask": yes_no})).hear("1", "yes", sure=False)
    assert "yes" not in stored(heard).replace('"yes_no"', "")


def test_a_wrong_sensitive_answer_is_nowhere() -> None:
    call = Call(flow_of({"card": ASK, "look": LOOK, "after": AFTER["menu"]})).press("49291234")
    assert "49291234" not in stored(call)
    assert "49291234" not in call.spoken
