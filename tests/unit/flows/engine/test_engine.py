"""The engine as a whole: menus, re-prompts, misses, and what it does with every event at every stage."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import actions, engine, events
from flows.model import Flow
from flows.state import STATE_VERSION, CallState, Ended
from tests.unit.flows.engine.calls import AT, CALLER, END, FOUR_DIGITS, MENU, Call, asking, flow_of, menu_of

# ---------------------------------------------------------------- menus


def test_a_menu_offers_each_choice_by_voice_and_by_key_and_the_way_to_a_person() -> None:
    call = Call(menu_of())
    assert call.spoken == (
        "How can we help? For your order, say order, or press 1. For our hours, say hours, or press 2. "
        "For a person, press 0."
    )
    assert call.collect.max_keys == 1
    assert call.collect.grammar is not None
    assert call.collect.grammar.phrases["hours"] == "2"
    assert call.collect.grammar.phrases["two"] == "2"


def test_without_speech_prompts_name_keys_alone_and_nothing_is_listened_for() -> None:
    for speech in ((), ("fa",)):
        call = Call(menu_of(), speech=speech)
        assert " say " not in call.spoken
        assert call.collect.grammar is None


def test_a_choice_is_made_by_key_or_by_voice_and_becomes_the_reason() -> None:
    for call in (Call(menu_of()).press("2"), Call(menu_of()).hear("2", "hours")):
        assert call.spoken.startswith("From nine to five.")
        assert call.state.reason == "our hours"
        assert len(call.state.said) == 1


def test_a_choice_that_the_recogniser_doubts_is_confirmed_in_the_callers_words() -> None:
    call = Call(menu_of()).hear("2", "hours", sure=False)
    assert "I heard hours." in call.spoken
    assert call.hear("1", "yes").spoken.startswith("From nine to five.")


def test_a_choice_that_is_not_confirmed_is_asked_for_again() -> None:
    call = Call(menu_of()).hear("2", "hours", sure=False).hear("2", "no")
    assert call.spoken.startswith("Let us try again. For help, press the hash key. How can we help?")


def test_a_key_that_is_no_choice_is_not_understood() -> None:
    assert Call(menu_of()).press("9").spoken.startswith("I did not understand that.")


# ---------------------------------------------------------------- misses


def test_the_first_miss_explains_the_second_offers_the_keypad_and_the_third_finds_a_person() -> None:
    call = Call(menu_of()).silence()
    assert call.spoken.startswith("I did not hear anything. For help, press the hash key.")
    assert "say order" in call.spoken
    call.mumble()
    assert call.spoken.startswith("I did not understand that. Please use the keys of your telephone.")
    assert "say order" not in call.spoken
    assert call.silence().seeks()


REPROMPTS = {"no_input": ["Silent once.", "Silent twice."], "no_match": ["Wrong once.", "Wrong twice."]}


@pytest.mark.parametrize(
    ("happens", "heard"),
    [
        (["silence"], ["Silent once."]),
        (["silence", "silence"], ["Silent once.", "Silent twice."]),
        (["mumble", "mumble"], ["Wrong once.", "Wrong twice."]),
        (["silence", "mumble"], ["Silent once.", "Wrong once."]),
        (["mumble", "silence"], ["Wrong once.", "Silent once."]),
    ],
)
def test_re_prompts_for_no_input_and_no_match_escalate_separately(happens: list[str], heard: list[str]) -> None:
    call = Call(flow_of({"main": {**MENU, **REPROMPTS, "choices": [{**MENU["choices"][0], "to": "end"}]}}))
    for what, text in zip(happens, heard, strict=True):
        getattr(call, what)()
        assert text in call.spoken
        assert sum(other in call.spoken for texts in REPROMPTS.values() for other in texts) == 1
        assert "How can we help?" not in call.spoken
        assert "I did not" not in call.spoken


def test_the_last_re_prompt_repeats() -> None:
    call = Call(flow_of({"main": asking(FOUR_DIGITS, no_input=["Silent."])})).silence()
    assert "Silent." in call.spoken
    assert "Silent." in call.silence().spoken


def test_a_kind_of_miss_without_re_prompts_gets_the_engines_words_and_the_prompt() -> None:
    call = Call(flow_of({"main": asking(FOUR_DIGITS, no_input=["Silent."])})).mumble()
    assert call.spoken.startswith("I did not understand that. That should be 4 digits.")
    assert "What is it?" in call.spoken


def test_misses_are_counted_at_one_question_alone() -> None:
    call = Call(menu_of()).silence(2).press("1").silence(2)
    assert call.stage == "AtNode"
    assert call.silence().seeks()


def test_hash_alone_where_digits_are_keyed_in_is_silence_and_help_is_explained() -> None:
    call = Call(flow_of({"main": asking(FOUR_DIGITS)})).silence()
    assert "For help, press star twice." in call.spoken


# ---------------------------------------------------------------- clocks


def test_there_are_three_clocks_and_a_node_may_have_its_own() -> None:
    own = {"no_input_s": 20, "between_digits_s": 7, "end_of_speech_ms": 1500}
    call = Call(flow_of({"main": asking(FOUR_DIGITS, clocks=own)}))
    collect = call.collect
    assert (collect.no_input_s, collect.between_digits_s) == (20, 7)
    assert collect.grammar is not None
    assert collect.grammar.end_of_speech_ms == 1500
    call.press("0").nobody()
    assert call.collect.no_input_s == 6
    assert Call(menu_of(clocks={"no_input_s": 9})).collect.no_input_s == 9


# ---------------------------------------------------------------- speech


def test_speech_that_is_lost_leaves_a_call_by_keys_and_one_that_comes_back_is_used_again() -> None:
    call = Call(menu_of())
    assert call.on(events.SpeechChanged(at=AT, speech=())).did == []
    call.press("1")
    assert " say " not in call.spoken
    assert call.collect.grammar is None
    call.on(events.SpeechChanged(at=AT, speech=("en",))).press("1")
    assert call.collect.grammar is not None


def test_speech_that_is_lost_while_an_answer_is_confirmed_leaves_it_to_be_confirmed_by_key() -> None:
    call = Call(flow_of({"ask": asking(FOUR_DIGITS)})).hear("4821", "four eight two one")
    call.on(events.SpeechChanged(at=AT, speech=())).silence()
    assert "I have 4 8 2 1. If that is right, press 1." in call.spoken
    assert call.press("1").state.values == {"value": "4821"}


# ---------------------------------------------------------------- lost, late, foreign


def test_an_answer_that_was_lost_is_asked_for_again_and_counts_for_no_miss() -> None:
    call = Call(flow_of({"card": asking(FOUR_DIGITS, sensitive=True)})).on(events.AnswerLost(at=AT))
    assert call.spoken.startswith("I am sorry, I lost that. Please key it in again. What is it?")
    assert (call.state.misses, call.state.spent.errors) == (0, 0)


def test_hanging_up_ends_the_call_from_wherever_it_is() -> None:
    for call in (Call(menu_of()), Call(menu_of()).press("0"), Call(menu_of()).press("0").person()):
        assert call.hang_up().outcome == "abandoned"


def test_an_ended_call_stays_as_it_ended() -> None:
    call = Call(flow_of({"only": END}))
    assert call.outcome == "solved"
    for event in every_event():
        before = call.state
        assert call.on(event).did == [actions.Hangup()]
        if not isinstance(event, events.CallbackPromised):
            assert call.state == before


def test_keys_that_come_while_nothing_is_asked_change_nothing() -> None:
    for call in (Call(menu_of()).press("0"), Call(menu_of()).press("0").person()):
        before = call.state
        for key in "0*#19":
            assert call.press(key).did == []
            assert call.state == before


def every_event(at: datetime = AT) -> list[events.Event]:
    return [
        events.CallStarted(at=at, call_sid="CA2", caller_number=None, office_number=CALLER, speech=()),
        events.SpeechChanged(at=at, speech=()),
        events.SpeechChanged(at=at, speech=("en", "fa")),
        *(
            events.KeysPressed(at=at, keys=keys)
            for keys in ("0", "1", "2", "9", "*", "#", "**", "4821", "#1", "02079460199")
        ),
        events.Heard(at=at, keys="1", text="order", confidence=0.9, sure=True),
        events.Heard(at=at, keys="1", text="order", confidence=0.4, sure=False, slots={"number": "4821"}),
        events.Heard(at=at, keys="0", text="agent", confidence=0.9, sure=True),
        events.Heard(at=at, keys="#1", text="back", confidence=0.9, sure=True),
        events.Heard(at=at, keys="#2", text="language", confidence=0.9, sure=True),
        events.NoMatch(at=at, text="[unk]"),
        events.NoInput(at=at),
        events.AnswerLost(at=at),
        events.Recorded(at=at, url="https://example.org/r", duration_s=4),
        events.Recorded(at=at, url="", duration_s=0, keys="0"),
        events.HungUp(at=at),
        events.LookupFound(at=at, values={"state": "sent"}),
        events.LookupMissed(at=at),
        events.LookupFailed(at=at),
        events.CallerRecognised(at=at),
        events.CallerRecognised(at=at, values={"number": "4821"}, promise=promise_of(at)),
        events.SlotsKnown(at=at),
        events.SlotsKnown(at=at, slots=(events.Slot(starts=at, ends=at),)),
        events.QueueKnown(at=at, waiting=3, free_agents=0, wait_minutes=9),
        events.TextSent(at=at),
        events.TextFailed(at=at),
        events.PersonFound(at=at, person_id="desk", person_number="+442079460100"),
        events.NobodyFree(at=at),
        events.NobodyFree(at=at, position=3, wait_from_minutes=10, wait_to_minutes=15),
        events.NobodyFree(at=at, position=1, offers_callback=False),
        events.TransferEnded(at=at, talked=False),
        events.TransferEnded(at=at, talked=True),
        events.CallbackPromised(at=at, request_id="cb1", by=at, already_booked=False),
        events.CallbackPromised(at=at, request_id="cb1", by=at, already_booked=True, starts=at),
        events.CallbackPromised(at=at, request_id="cb1", by=at, already_booked=False, words=("river",), moved=True),
        events.PromiseCancelled(at=at),
        *(events.CallbackRefused(at=at, reason=reason) for reason in get_args(events.RefusalReason)),
        events.Failed(at=at, code="engine"),
    ]


def promise_of(at: datetime) -> events.OpenPromise:
    return events.OpenPromise(request_id="cb1", queue="shop", number="+442079460123", arrived_at=at, by=at)


def test_every_type_of_event_is_tried() -> None:
    assert {type(event) for event in every_event()} == set(get_args(events.Event))


# Every type of node, every kind of answer, two languages, a subflow, and values that may be missing.
EVERYTHING: Flow = flow_of(
    {
        "main": {
            "type": "open_question",
            "prompt": "What is it about?",
            "intents": {
                "order": {
                    "key": "1",
                    "label": "an order",
                    "examples": ["order", "order {number}"],
                    "slots": {
                        "number": {"answer": FOUR_DIGITS, "prompt": "Which?"},
                        "day": {"answer": {"type": "date"}, "prompt": "When?"},
                    },
                    "to": "look",
                },
                "more": {"key": "2", "label": "more", "examples": ["more"], "to": "sub"},
            },
        },
        "look": {
            "type": "lookup",
            "source": {"type": "csv", "file": "a.csv"},
            "where": {"number": "number"},
            "save": {"state": "state"},
            "found": "told",
            "not_found": "record",
        },
        "told": {"type": "say", "prompt": "It is {state}.", "next": "survey"},
        "survey": {"type": "survey", "prompt": "And?", "scale": "nps", "save_as": "nps", "next": "text"},
        "text": {"type": "send_text", "text": "Hi.", "next": "busy", "failed": "busy"},
        "busy": {"type": "branch", "cases": [{"when": "queue.waiting > 2", "to": "book"}], "otherwise": "out"},
        "book": {"type": "callback", "when": "choose_time", "next": "main"},
        "out": {"type": "transfer", "to": {"queue": "repairs"}, "whisper": "Order {number}."},
        "record": {
            "type": "record",
            "prompt": "Please speak.",
            "save_as": "message",
            "next": "main",
            "nothing": "main",
        },
        "sub": {"type": "subflow", "subflow": "ask", "parameters": {"tries": 1}, "exits": {"done": "card"}},
        "card": asking({"type": "digits", "min": 4, "max": 16}, sensitive=True, save_as="card", next="look"),
    },
    subflows={
        "ask": {
            "parameters": ["tries"],
            "exits": ["done"],
            "start": "date",
            "nodes": {
                "date": asking({"type": "date"}, save_as="day", next="money", read_back="always"),
                "money": asking({"type": "money", "currency": "GBP"}, save_as="price", next="back"),
                "back": {"type": "return", "exit": "done"},
            },
        }
    },
    languages=["en", "fa"],
    hours={"shop": {"mon-fri": ["09:00-17:00"]}},
    effort={"errors": 3},
)


def _asked(did: list[actions.Action]) -> bool:
    return any(isinstance(action, actions.Collect | actions.Record) for action in did)


def _assert_no_dead_air(before: CallState, state: CallState, did: list[actions.Action]) -> None:
    """Something is done next; where nothing is, what was done before stays in force."""
    if did:
        assert isinstance(did[-1], actions.Verb | actions.Effect)
    elif not isinstance(state.stage, Ended):
        quiet = {"speech": state.speech, "at": state.at}
        assert msgspec.structs.replace(before, **quiet) == state


@settings(max_examples=1500, deadline=None)
@given(choices=st.lists(st.integers(0, len(every_event()) - 1), max_size=30), caller=st.sampled_from([CALLER, None]))
def test_whatever_happens_in_whatever_order_nothing_raises_and_zero_leads_to_a_person(
    choices: list[int], caller: str | None
) -> None:
    call, asked = Call(EVERYTHING, caller=caller), True
    for number, choice in enumerate(choices):
        before = call.state
        call.on(every_event(AT + timedelta(seconds=number))[choice])
        _assert_no_dead_air(before, call.state, call.did)
        asked = _asked(call.did) or (asked and not call.did)
        assert "card" not in msgspec.to_builtins(call.state)["values"] or not _asked(call.did)
        if call.stage == "Ended":
            return
        if asked:
            after, did = engine.advance(EVERYTHING, call.state, events.KeysPressed(at=AT, keys="0"))
            assert isinstance(did[-1], actions.SeekPerson), after


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, len(every_event()) - 1), max_size=20))
def test_advance_is_deterministic(choices: list[int]) -> None:
    first, second = Call(EVERYTHING), Call(EVERYTHING)
    for choice in choices:
        event = every_event()[choice]
        assert first.on(event).did == second.on(event).did
        assert first.state == second.state


def test_the_state_has_a_version_and_survives_being_written_and_read() -> None:
    call = Call(EVERYTHING).press("1", "1", "4821")
    content = msgspec.json.encode(call.state)
    assert msgspec.json.decode(content)["version"] == STATE_VERSION
    assert msgspec.json.decode(content, type=CallState) == call.state


@pytest.mark.parametrize("outcome", ["solved", "unsolved"])
def test_a_call_ends_as_solved_or_unsolved(outcome: str) -> None:
    end: dict[str, Any] = {**END, "outcome": outcome}
    call = Call(flow_of({"only": end}))
    assert call.did == [actions.Say(text="Goodbye now.", language="en"), actions.Hangup()]
    assert call.outcome == outcome
