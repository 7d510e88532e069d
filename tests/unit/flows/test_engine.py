"""The engine, one promise at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import actions, engine, events
from flows.loader import load_flow
from flows.state import CallState, ConfirmingNumber, Ended, OfferingCallback, WaitingInLine, WithPerson

AT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
FLOW = load_flow(Path(__file__).resolve().parents[3] / "flows" / "examples" / "orders.yaml")


def started(*, speech: bool = True, caller_number: str | None = "+442079460123") -> engine.Step:
    event = events.CallStarted(
        at=AT, call_sid="CA1", caller_number=caller_number, office_number="+442079460000", speech=speech
    )
    return engine.start(FLOW, event)


def play(step: engine.Step, *happened: events.Event) -> engine.Step:
    """Advance through events; between two of them the state is written and read again."""
    state, did = step
    for event in happened:
        state = msgspec.json.decode(msgspec.json.encode(state), type=CallState)
        state, did = engine.advance(FLOW, state, event)
    return state, did


def keys(pressed: str) -> events.Event:
    return events.KeysPressed(at=AT, keys=pressed)


def heard(means: str, text: str, *, sure: bool = True) -> events.Event:
    return events.Heard(at=AT, keys=means, text=text, confidence=0.9, sure=sure)


def spoken(did: list[actions.Action]) -> str:
    texts = []
    for action in did:
        if isinstance(action, actions.Say):
            texts.append(action.text)
        elif isinstance(action, actions.Collect):
            texts += [prompt.text for prompt in action.prompts]
    return " ".join(texts)


NOBODY = events.NobodyFree(at=AT)
SILENCE = events.NoInput(at=AT)


def test_the_first_prompt_offers_each_choice_by_voice_and_by_key_and_the_way_to_a_person() -> None:
    _, did = started()
    assert "say order, or press 1" in spoken(did)
    assert "For a person, press 0." in spoken(did)


def test_without_speech_prompts_name_keys_alone_and_nothing_is_listened_for() -> None:
    _, did = started(speech=False)
    assert " say " not in spoken(did)
    assert isinstance(did[-1], actions.Collect)
    assert did[-1].grammar is None


def test_a_spoken_order_number_is_read_back_and_looked_up_once_confirmed() -> None:
    step = play(started(), heard("1", "order"), heard("4821", "four eight two one"))
    assert "I heard 4 8 2 1" in spoken(step[1])
    _, did = play(step, heard("1", "yes"))
    assert did == [
        actions.Lookup(file="orders.csv", where={"number": "4821"}, save={"order_state": "state", "order_day": "day"})
    ]


def test_a_keyed_order_number_is_looked_up_at_once() -> None:
    _, did = play(started(), keys("1"), keys("4821"))
    assert isinstance(did[0], actions.Lookup)


def test_an_answer_that_is_not_confirmed_is_asked_for_again() -> None:
    _, did = play(started(), heard("1", "order"), heard("4821", "four eight two one"), heard("2", "no"))
    assert "Let us try again" in spoken(did)
    assert "order number" in spoken(did)


def test_repeat_says_the_answer_again_and_not_the_question_alone() -> None:
    found = events.LookupFound(at=AT, values={"order_state": "was sent", "order_day": "today"})
    step = play(started(), keys("1"), keys("4821"), found)
    assert "Order 4 8 2 1 was sent, today." in spoken(step[1])
    assert spoken(play(step, keys("*"))[1]) == spoken(step[1])


def test_the_first_miss_explains_the_second_offers_the_keypad_and_the_third_finds_a_person() -> None:
    once = play(started(), SILENCE)
    assert "I did not hear anything" in spoken(once[1])
    twice = play(once, events.NoMatch(at=AT, text="[unk]"))
    assert "Please use the keys" in spoken(twice[1])
    _, did = play(twice, SILENCE)
    assert isinstance(did[-1], actions.SeekPerson)


def test_a_wrong_number_of_digits_is_explained() -> None:
    _, did = play(started(), keys("1"), keys("48"))
    assert "That should be 4 digits." in spoken(did)


def test_what_the_recogniser_doubts_is_confirmed_first() -> None:
    step = play(started(), heard("2", "hours", sure=False))
    assert "I heard hours" in spoken(step[1])
    assert "open from nine" in spoken(play(step, keys("1"))[1])


def test_nobody_free_gives_the_plain_choice_and_yes_books_a_callback_on_the_callers_number() -> None:
    step = play(started(), heard("1", "order"), keys("0"), NOBODY)
    assert isinstance(step[0].stage, OfferingCallback)
    step = play(step, heard("1", "yes"))
    assert "ending in 0 1 2 3" in spoken(step[1])
    state, did = play(step, keys("1"))
    request = did[0]
    assert isinstance(request, actions.RequestCallback)
    assert request.number == "+442079460123"
    assert request.dossier["reason"] == "the state of your order"
    assert [said["text"] for said in request.dossier["said"]] == ["order"]
    booked = events.CallbackPromised(at=AT, request_id="cb1", by=AT + timedelta(minutes=30), already_booked=False)
    state, did = play((state, did), booked)
    assert "by 11 AM" in spoken(did)
    assert state.stage == Ended(outcome="callback")
    assert isinstance(did[-1], actions.Hangup)


def test_promised_times_are_spoken_in_the_offices_zone() -> None:
    step = play(started(), keys("0"), NOBODY, keys("1"), keys("1"))
    in_summer = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
    booked = events.CallbackPromised(at=in_summer, request_id="cb1", by=in_summer, already_booked=False)
    assert "by 11 30 AM" in spoken(play(step, booked)[1])


def test_whoever_waits_is_looked_after_every_ten_seconds_and_may_still_choose_a_callback() -> None:
    state, did = play(started(), keys("0"), NOBODY, heard("2", "no"))
    assert did == [actions.SeekPerson(queue="shop", waiting=True, arrived_at=AT, tried=())]
    step = play((state, did), NOBODY, SILENCE)
    assert isinstance(step[1][0], actions.SeekPerson)
    step = play(step, NOBODY)
    assert isinstance(step[0].stage, WaitingInLine)
    state, did = play(step, keys("1"))
    assert did[0] == actions.LeaveLine(queue="shop")
    assert isinstance(state.stage, ConfirmingNumber)


def test_a_withheld_number_is_asked_for_and_read_back() -> None:
    step = play(started(caller_number=None), keys("0"), NOBODY, keys("1"))
    assert "key in the number" in spoken(step[1])
    step = play(step, keys("02079460199"))
    assert "ending in 0 1 9 9" in spoken(step[1])
    request = play(step, keys("1"))[1][0]
    assert isinstance(request, actions.RequestCallback)
    assert request.number == "02079460199"


def test_a_person_who_is_found_is_rung_and_a_missed_transfer_finds_another() -> None:
    found = events.PersonFound(at=AT, person_id="desk", person_number="+442079460100")
    step = play(started(), keys("0"), found)
    assert step[1][-1] == actions.Transfer(person_id="desk", person_number="+442079460100")
    state, did = play(step, events.TransferEnded(at=AT, talked=False))
    assert did == [actions.SeekPerson(queue="shop", waiting=False, arrived_at=AT, tried=("desk",))]
    assert "could not take the call" in spoken(play((state, did), NOBODY)[1])
    assert isinstance(play(step, events.TransferEnded(at=AT, talked=True))[0].stage, Ended)


def test_a_fault_is_an_apology_and_a_person() -> None:
    step = play(started(), events.Failed(at=AT, code="engine"))
    assert isinstance(step[1][-1], actions.SeekPerson)
    assert "something went wrong" in spoken(play(step, NOBODY)[1])


def test_a_booking_that_fails_keeps_the_caller_in_line() -> None:
    step = play(started(), keys("0"), NOBODY, keys("1"), keys("1"))
    state, did = play(step, events.CallbackRefused(at=AT, reason="store"))
    assert isinstance(state.stage, WaitingInLine)
    assert isinstance(did[0], actions.SeekPerson)


ANY_EVENT = st.one_of(
    st.sampled_from([keys(key) for key in "0123456789*#"]),
    st.text("0123456789*#", min_size=1, max_size=12).map(keys),
    st.sampled_from([heard("1", "yes"), heard("2", "no"), heard("4821", "digits"), heard("0", "agent")]),
    st.sampled_from([heard("1", "order", sure=False), SILENCE, NOBODY, events.NoMatch(at=AT, text="[unk]")]),
    st.booleans().map(lambda available: events.SpeechChanged(at=AT, available=available)),
    st.sampled_from(
        [
            events.LookupFound(at=AT, values={"order_state": "was sent", "order_day": "today"}),
            events.LookupMissed(at=AT),
            events.LookupFailed(at=AT),
            events.PersonFound(at=AT, person_id="desk", person_number="+442079460100"),
            events.TransferEnded(at=AT, talked=False),
            events.TransferEnded(at=AT, talked=True),
            events.CallbackPromised(at=AT, request_id="cb1", by=AT, already_booked=False),
            events.CallbackRefused(at=AT, reason="number"),
            events.CallbackRefused(at=AT, reason="store"),
            events.Failed(at=AT, code="engine"),
        ]
    ),
)


@settings(max_examples=1000)
@given(st.lists(ANY_EVENT, max_size=25), st.booleans(), st.sampled_from(["+442079460123", None]))
def test_from_every_state_that_asks_the_caller_zero_seeks_a_person(
    happened: list[events.Event], speech: bool, caller_number: str | None
) -> None:
    """Whatever happens, in whatever order: no event raises, and where the caller is asked, 0 leads to a person."""
    state, did = play(started(speech=speech, caller_number=caller_number), *happened)
    if isinstance(state.stage, Ended):
        return
    if any(isinstance(action, actions.Collect) for action in did):
        _, did = play((state, did), keys("0"))
        assert any(isinstance(action, actions.SeekPerson) for action in did)


def test_keys_that_come_while_nothing_is_asked_change_nothing() -> None:
    state, _ = play(started(), keys("0"))  # a person is sought
    for key in "0*19":
        assert play((state, []), keys(key)) == (state, [])


@given(st.lists(ANY_EVENT, max_size=25))
def test_advance_is_deterministic(happened: list[events.Event]) -> None:
    assert play(started(), *happened) == play(started(), *happened)


@pytest.mark.parametrize("stage", [WithPerson(person_id="desk"), Ended(outcome="solved")])
def test_hanging_up_ends_the_call_from_wherever_it_is(stage: WithPerson | Ended) -> None:
    state = msgspec.structs.replace(started()[0], stage=stage)
    assert isinstance(engine.advance(FLOW, state, events.HungUp(at=AT))[0].stage, Ended)
