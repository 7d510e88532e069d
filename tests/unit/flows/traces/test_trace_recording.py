"""What the trace of a turn says, over flows made for it and over random calls."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows import actions, events
from flows.conversations.player import play
from flows.events import Event
from flows.loader import parse_flow
from flows.model import Flow
from flows.state import CallState
from flows.traces.failures import FAILURES, trace_of
from flows.traces.model import Turn
from flows.traces.telling import tell
from flows.traces.to_test import conversation_of
from flows.yaml_text import conversation_yaml, read_conversations
from tests.unit.flows.traces.recorded import AT, CALLER, FLOWS, Recorder, flow_of, random_call

HEAD = """
zerohold: 1
name: tested
languages: [en]
organisation: us
time_zone: Europe/London
country: GB
queue: desk
hours: {office: {mon-fri: ["09:00-17:00"]}}
start: first
"""
FLOW = parse_flow(
    f"""{HEAD}
nodes:
  first:
    type: open_question
    prompt: What can we do?
    intents:
      state: {{key: "1", label: an order, examples: [where is my order, "where is order {{order}}"],
        slots: {{order: {{answer: {{type: digits, min: 4, max: 4}}, prompt: Which order?}}}}, to: find}}
      hours: {{key: "2", label: hours, examples: [when are you open], to: hours}}
  find:
    type: lookup
    source: {{type: csv, file: orders.csv}}
    where: {{number: order}}
    save: {{state: state}}
    found: said
    not_found: first
    failed: first
  said: {{type: end, prompt: "It is {{state}}.", outcome: solved}}
  hours:
    type: branch
    cases:
      - {{when: 'open("office") and language == "fa"', to: said_open}}
      - {{when: 'open("office")', to: said_open}}
    otherwise: first
  said_open: {{type: end, prompt: We are open., outcome: solved}}
""".encode(),
    "tested.yaml",
)


def answers(*given: Event):  # type: ignore[no-untyped-def]
    rest = list(given)

    def choose(_flow: Flow, _state: CallState, effect: actions.Effect) -> Event | None:
        if isinstance(effect, actions.RecogniseCaller):
            return events.CallerRecognised(at=AT)
        return rest.pop(0) if rest else None

    return choose


def call(*happened: Event, found: tuple[Event, ...] = ()) -> Recorder:
    recorder = Recorder(FLOW, speech=("en",))
    choose = answers(*found)
    recorder.begin(choose)
    for event in happened:
        recorder.happen(event, choose)
    return recorder


def keys(pressed: str) -> Event:
    return events.KeysPressed(at=AT, keys=pressed)


def heard(means: str, text: str, **more: object) -> Event:
    return events.Heard(at=AT, keys=means, text=text, confidence=0.8, sure=True, **more)  # type: ignore[arg-type]


def last(*happened: Event, found: tuple[Event, ...] = ()) -> Turn:
    return call(*happened, found=found).turns[-1]


# ---------------------------------------------------------------- why it matched


def test_a_sentence_says_which_example_it_was_which_intent_and_where_that_leads() -> None:
    turn = last(heard("2", "when are you open", alternatives=("when are you closed",)))
    assert (turn.match.kind, turn.match.phrase, turn.match.keys) == ("intent", "when are you open", "2")
    assert (turn.match.meaning, turn.match.to) == ("hours", "hours")
    assert isinstance(turn.event, events.Heard)
    assert turn.event.alternatives == ("when are you closed",)


@pytest.mark.parametrize(
    ("event", "kind", "meaning"),
    [
        (keys("0"), "universal", "person"),
        (heard("*", "repeat"), "universal", "repeat"),
        (keys("9"), "out_of_range", None),
        (events.NoMatch(at=AT, text="bananas"), "not_in_grammar", None),
        (events.NoInput(at=AT), "silence", None),
        (events.HungUp(at=AT), "other", None),
        (keys("1"), "intent", "state"),
    ],
)
def test_each_answer_says_why_it_meant_what_it_meant(event: Event, kind: str, meaning: str | None) -> None:
    match = last(event, found=(events.NobodyFree(at=AT),)).match
    assert (match.kind, match.meaning) == (kind, meaning)


def test_a_value_for_an_intent_names_its_slot_and_a_short_one_is_out_of_range() -> None:
    turn = last(keys("1"), keys("4821"), found=(events.LookupFound(at=AT, values={"state": "ready"}),))
    assert (turn.node, turn.stage, turn.slot) == ("first", "AskingSlot", "order")
    assert (turn.match.kind, turn.match.meaning) == ("value", "order")
    assert turn.values == {"order": "4821", "state": "ready"}
    assert last(keys("1"), keys("48")).match.kind == "out_of_range"


def test_a_language_that_is_chosen_is_named() -> None:
    recorder = Recorder(flow_of(next(path for path in FLOWS if path.stem == "clinic")))
    recorder.begin(answers())
    recorder.happen(keys("2"), answers())
    turn = recorder.turns[-1]
    assert (turn.stage, turn.match.meaning) == ("ChoosingLanguage", turn.to_language)


# ---------------------------------------------------------------- what was decided and found


def test_a_decision_names_its_cases_and_what_they_saw() -> None:
    (decision,) = last(keys("2")).decisions
    assert decision.way == 1
    assert decision.cases == ('open("office") and language == "fa"', 'open("office")')
    assert decision.saw == {'open("office")': True, "language": "en"}


def test_an_effect_says_where_it_was_what_it_found_and_how_long_it_took() -> None:
    turn = last(keys("1"), keys("4821"), found=(events.LookupMissed(at=AT),))
    (answered,) = turn.answered
    assert (answered.node, answered.effect, answered.about) == ("find", "Lookup", "orders.csv")
    assert isinstance(answered.answer, events.LookupMissed)
    assert answered.took_ms == 1.5
    assert turn.nodes == ("find", "first")


def test_values_that_are_forgotten_on_the_way_back_are_named() -> None:
    turn = last(keys("1"), keys("4821"), heard("#1", "back"), found=(events.LookupMissed(at=AT),))
    assert turn.forgotten == ("order",)


def test_the_caller_is_known_by_a_stand_in_alone() -> None:
    (begun, *_) = call().turns
    assert isinstance(begun.event, events.CallStarted)
    assert begun.event.caller_number == "+440000000123"


# ---------------------------------------------------------------- what counts as a failure


@pytest.mark.parametrize(
    ("happened", "found", "code"),
    [
        ((keys("1"), keys("4821")), (events.LookupFailed(at=AT),), "lookup_failed"),
        ((events.NoInput(at=AT),) * 3, (events.NobodyFree(at=AT),), "gave_up"),
        ((events.NoInput(at=AT), events.HungUp(at=AT)), (), "left_after_misses"),
        ((events.Failed(at=AT, code="audio"),), (events.NobodyFree(at=AT),), "broke"),
        ((events.Failed(at=AT, code="revision"),), (events.NobodyFree(at=AT),), "revision"),
        ((events.AnswerLost(at=AT),), (), "answer_lost"),
        ((heard("*", "repeat"),) * 4, (), "effort_spent"),
        ((keys("1"),), (), "cut_off"),
        (
            (keys("0"), keys("1"), keys("1")),
            (events.NobodyFree(at=AT), events.CallbackRefused(at=AT, reason="store"), events.NobodyFree(at=AT)),
            "callback_not_booked",
        ),
    ],
)
def test_what_went_wrong_is_a_failure(happened: tuple[Event, ...], found: tuple[Event, ...], code: str) -> None:
    assert code in call(*happened, found=found).trace.failures
    assert code in FAILURES


def test_a_fault_in_the_flow_is_a_failure() -> None:
    broken = parse_flow(
        f"""{HEAD}
nodes:
  first: {{type: menu, prompt: Hello., choices: [{{key: "1", phrases: [go], label: on, to: sum}}]}}
  sum: {{type: set, values: {{half: 1 / (2 - 2)}}, next: end}}
  end: {{type: end, prompt: Goodbye., outcome: solved}}
""".encode(),
        "broken.yaml",
    )
    recorder = Recorder(broken)
    choose = answers(events.NobodyFree(at=AT))
    recorder.begin(choose)
    recorder.happen(keys("1"), choose)
    assert "fault" in recorder.trace.failures
    assert recorder.turns[-1].faults == ("fault",)


@pytest.mark.parametrize(
    "happened",
    [(keys("2"),), (events.HungUp(at=AT),), (events.NoInput(at=AT), keys("2"))],
)
def test_a_call_that_went_well_and_one_that_the_caller_ended_are_none(happened: tuple[Event, ...]) -> None:
    assert call(*happened).trace.failures == ()


def test_a_trace_needs_its_first_turn() -> None:
    with pytest.raises(ValueError, match="first turn"):
        trace_of(call().turns[1:])


# ---------------------------------------------------------------- any call


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(choices=st.binary(max_size=30))
def test_the_trace_of_any_call_tells_where_it_went_and_becomes_a_test_that_passes(path: Path, choices: bytes) -> None:
    flow = flow_of(path)
    made = random_call(flow, choices)
    trace, state = made.trace, made.state
    assert state is not None
    assert (trace.turns[-1].to_node, trace.turns[-1].to_stage) == (state.node, type(state.stage).__name__)
    told = "\n".join(tell(trace))
    for secret in (CALLER, CALLER[1:], " ".join(CALLER[1:])):
        assert secret not in told
    conversation = conversation_of(flow, trace)
    (read,) = read_conversations(
        conversation_yaml([conversation], "flow.yaml").encode(), "read.test.yaml"
    ).conversations
    played = play(flow, read)
    assert played.failure is None
    assert played.state is not None
    assert type(played.state.stage) is type(state.stage)
    assert played.state.node == state.node


# ---------------------------------------------------------------- callbacks

PROMISED = events.OpenPromise(
    request_id="cb7",
    queue="desk",
    number=CALLER,
    arrived_at=AT,
    by=AT,
    reason=f"call {CALLER}",
    words=("river", "lantern"),
)


def told_of(known: events.CallerRecognised, *happened: Event, found: tuple[Event, ...] = ()) -> str:
    recorder = Recorder(FLOW, speech=("en",))
    rest = list(found)

    def choose(_flow: Flow, _state: CallState, effect: actions.Effect) -> Event | None:
        return known if isinstance(effect, actions.RecogniseCaller) else rest.pop(0) if rest else None

    recorder.begin(choose)  # type: ignore[arg-type]
    for event in happened:
        recorder.happen(event, choose)  # type: ignore[arg-type]
    return "\n".join(tell(recorder.trace))


def test_a_trace_tells_what_was_known_of_the_caller_but_neither_their_number_nor_their_two_words() -> None:
    told = told_of(events.CallerRecognised(at=AT, values={"order": "4821"}, promise=PROMISED), keys("1"))
    assert 'asked who is calling: known: order = "4821", a callback of desk is booked' in told
    assert "at first (telling what is booked)" in told
    for secret in (CALLER, CALLER[1:], "river", "lantern"):
        assert secret not in told


def test_the_two_words_of_a_booking_are_not_kept() -> None:
    promised = events.CallbackPromised(at=AT, request_id="cb1", by=AT, already_booked=False, words=("river", "lantern"))
    nobody = events.NobodyFree(at=AT, position=3, wait_from_minutes=10, wait_to_minutes=15)
    told = told_of(events.CallerRecognised(at=AT), keys("0"), keys("1"), keys("1"), found=(nobody, promised))
    assert "nobody is free, place 3 in line, 10 to 15 minutes" in told
    assert "the first thing you hear is: (not kept)." in told
    assert "river" not in told
