"""What would change for callers: nothing where nothing was edited, and sentences where something was."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows import actions, events
from flows.events import Event
from flows.loader import parse_flow
from flows.model import Flow
from flows.replay import compare, follow, replay
from flows.state import CallState
from flows.traces.model import Trace
from tests.unit.flows.traces.recorded import AT, FLOWS, Recorder, flow_of, random_call

YAML = """
zerohold: 1
name: shop
languages: [en]
organisation: the shop
time_zone: Europe/London
country: GB
queue: desk
hours: {office: {mon-fri: ["09:00-17:00"]}}
start: main
nodes:
  main:
    type: menu
    prompt: How can we help?
    choices:
      - {key: "1", phrases: [order], label: your order, to: number}
      - {key: "2", phrases: [hours], label: our hours, to: hours}
      - {key: "3", phrases: [post], label: delivery, to: delivery}
  number:
    type: ask
    prompt: Which order?
    answer: {type: digits, min: 4, max: 4}
    save_as: number
    next: find
  find:
    type: lookup
    source: {type: csv, file: orders.csv}
    where: {number: number}
    save: {state: state}
    found: said
    not_found: number
    failed: number
  said: {type: say, prompt: "Your order {state}.", next: more}
  hours:
    type: branch
    cases: [{when: open("office"), to: is_open}]
    otherwise: is_closed
  is_open: {type: say, prompt: We are open., next: more}
  is_closed: {type: say, prompt: We are closed., next: more}
  delivery: {type: say, prompt: We deliver every day., next: more}
  more:
    type: menu
    prompt: Anything else?
    choices:
      - {key: "1", phrases: ["yes"], label: more, to: main}
      - {key: "2", phrases: ["no"], label: goodbye, to: bye}
  bye: {type: end, prompt: Goodbye., outcome: solved}
"""
FLOW = parse_flow(YAML.encode(), "shop.yaml")
FOUND = events.LookupFound(at=AT, values={"state": "is on its way"})
PERSON = events.PersonFound(at=AT, person_id="desk", person_number="+442079460100")


def edited(*changes: tuple[str, str]) -> Flow:
    text = YAML
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return parse_flow(text.encode(), "edited.yaml")


def keys(pressed: str) -> Event:
    return events.KeysPressed(at=AT, keys=pressed)


def said(means: str, text: str, *, sure: bool = True) -> Event:
    return events.Heard(at=AT, keys=means, text=text, confidence=0.9, sure=sure)


SILENCE, HANGS_UP = events.NoInput(at=AT), events.HungUp(at=AT)


def call(*happened: Event | str, found: tuple[Event, ...] = (), flow: Flow = FLOW) -> Trace:
    recorder = Recorder(flow, speech=("en",))
    rest = list(found)

    def choose(_flow: Flow, _state: CallState, effect: actions.Effect) -> Event | None:
        if isinstance(effect, actions.RecogniseCaller):
            return events.CallerRecognised(at=AT)
        return None if isinstance(effect, actions.LeaveLine) else rest.pop(0)

    recorder.begin(choose)
    for event in happened:
        recorder.happen(keys(event) if isinstance(event, str) else event, choose)
    return recorder.trace


def sentences(flow: Flow, *traces: Trace) -> str:
    return "\n".join(replay(flow, traces).sentences())


ORDER = call("1", "4821", "2", found=(FOUND,))
HOURS = call("2", "2")
POST = call("3", "2")


# ---------------------------------------------------------------- nothing


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(choices=st.binary(max_size=30))
def test_any_call_of_an_unchanged_flow_replays_to_exactly_nothing(path: Path, choices: bytes) -> None:
    flow = flow_of(path)
    trace = random_call(flow, choices).trace
    assert replay(flow.model_copy(update={"revision": "saved_again"}), [trace]).is_nothing


@given(choices=st.binary(max_size=30))
def test_a_call_that_was_cut_off_anywhere_replays_to_nothing_up_to_there(choices: bytes) -> None:
    trace = random_call(FLOW, choices).trace
    for length in range(1, len(trace.turns)):
        cut = msgspec.structs.replace(trace, turns=trace.turns[:length], outcome=None)
        assert replay(FLOW, [cut]).is_nothing


def test_a_call_is_followed_up_to_where_its_revision_was_gone() -> None:
    moved = msgspec.structs.replace(
        ORDER, turns=(*ORDER.turns[:2], *(msgspec.structs.replace(t, revision="next") for t in ORDER.turns[2:]))
    )
    assert len(moved.replayable) == 2
    assert replay(FLOW, [moved]).is_nothing


def test_what_the_carrier_reports_after_the_end_changes_nothing() -> None:
    late = msgspec.structs.replace(ORDER.turns[-1], number=4, node="bye", stage="Ended", event=HANGS_UP)
    assert replay(FLOW, [msgspec.structs.replace(ORDER, turns=(*ORDER.turns, late))]).is_nothing


def test_nothing_is_said_in_one_sentence() -> None:
    calls = [ORDER, HOURS] * 68 + [POST]
    assert sentences(edited(("name: shop", "name: shop # a comment")), *calls) == (
        "Nothing would change for any of the 137 calls."
    )
    assert sentences(FLOW) == "Nothing would change for any of the 0 calls."


# ---------------------------------------------------------------- answers are followed by what they mean


@pytest.mark.parametrize(
    "changes",
    [
        # The key changed; the label tells.
        (('key: "1", phrases: [order]', 'key: "4", phrases: [order]'),),
        # The label changed; a phrase tells.
        (("label: your order", "label: the state of an order"),),
        # Both changed; the same key leads to the same node.
        (("phrases: [order], label: your order", "phrases: [parcel], label: a parcel"),),
        # The node is called differently.
        (("start: main", "start: hello"), ("  main:", "  hello:"), ("to: main", "to: hello")),
        (("to: number}", "to: which}"), ("  number:", "  which:"), ("not_found: number", "not_found: which"),
         ("failed: number", "failed: which")),
    ],
)  # fmt: skip
def test_a_caller_is_followed_as_long_as_the_answer_means_the_same(changes: tuple[tuple[str, str], ...]) -> None:
    for trace in (ORDER, call(said("1", "order"), "4821", "2", found=(FOUND,))):
        change = compare(trace, follow(edited(*changes), trace))
        assert change.stuck is None
        assert (change.after.outcome, change.after.node) == ("solved", "bye")


def test_silence_and_misses_and_universal_words_fit_any_question() -> None:
    trace = call(SILENCE, said("*", "repeat"), keys("9"), events.NoMatch(at=AT, text="x"), "0", found=(PERSON,))
    renamed = edited(("start: main", "start: hello"), ("  main:", "  hello:"), ("to: main", "to: hello"))
    assert compare(trace, follow(renamed, trace)).stuck is None


def test_a_choice_that_is_gone_cannot_be_followed() -> None:
    without = edited(('      - {key: "3", phrases: [post], label: delivery, to: delivery}\n', ""),
                     ("  delivery: {type: say, prompt: We deliver every day., next: more}\n", ""))  # fmt: skip
    text = sentences(without, ORDER, HOURS, POST)
    assert "1 call cannot be followed further:\n  1: at main, what the caller did then is no answer here" in text


def test_an_answer_of_another_form_cannot_be_followed() -> None:
    longer = edited(("min: 4, max: 4", "min: 5, max: 5"))
    assert "1: at number" in sentences(longer, ORDER)


def test_a_question_that_was_never_asked_ends_the_replay() -> None:
    asks_more = edited(
        ("next: find", "next: postcode"),
        ("  find:\n", "  postcode: {type: ask, prompt: Which postcode?, answer: {type: digits, min: 2, max: 2}, "
         "save_as: postcode, next: find}\n  find:\n"),
    )  # fmt: skip
    assert "1: at postcode" in sentences(asks_more, ORDER, HOURS)


def test_what_is_being_asked_where_a_call_cannot_be_followed_is_said() -> None:
    impatient = edited(("start: main", "effort: {errors: 1}\nstart: main"))
    trace = call(SILENCE, "2", HANGS_UP)
    assert "1: at main, offering a person: what the caller did then is no answer here" in sentences(impatient, trace)


def test_a_lookup_that_was_never_made_ends_the_replay_and_one_that_was_answers_as_recorded() -> None:
    saves_more = edited(("save: {state: state}", "save: {state: state, day: day}"))
    assert "nobody knows what the lookup would find for day" in sentences(saves_more, ORDER)
    elsewhere = edited(("file: orders.csv", "file: other.csv"))
    assert sentences(elsewhere, ORDER) == "Nothing would change for any of the 1 call."
    moved = edited(("    found: said", "    found: bye"))
    assert "1: solved at bye" not in sentences(moved, ORDER)


# ---------------------------------------------------------------- what would change


def test_callers_who_would_end_elsewhere_are_counted_from_and_to() -> None:
    text = sentences(
        edited(('label: goodbye, to: bye}', 'label: goodbye, to: thanks}'),
               ("  bye: {type: end, prompt: Goodbye., outcome: solved}",
                "  thanks: {type: end, prompt: Goodbye., outcome: unsolved}")),
        *(ORDER, HOURS, call("2", HANGS_UP)),
    )  # fmt: skip
    assert "Something would change for 2 of 3 calls." in text
    assert "2 callers would end elsewhere:\n  2: solved at bye -> unsolved at thanks" in text


def test_a_question_that_is_left_out_costs_a_step_less() -> None:
    shorter = edited(
        ("next: more}\n  more:", "next: bye}\n  more:"), ("We deliver every day., next: bye", "X., next: bye")
    )
    change = compare(POST, follow(shorter, POST))
    assert (change.stuck, change.steps, change.ends_elsewhere) == (None, -1, False)
    text = sentences(shorter, POST, ORDER)
    assert "1 caller would have fewer steps (median 1 fewer)." in text
    assert "1 caller would be spoken to for less time" in text


def test_an_answer_that_is_now_read_back_costs_a_step_more() -> None:
    careful = edited(("save_as: number", "save_as: number\n    read_back: always"))
    change = compare(ORDER, follow(careful, ORDER))
    assert (change.stuck, change.steps) == (None, 1)
    assert change.seconds > 1
    assert "would have more steps (median 1 more)" in sentences(careful, ORDER)


def test_longer_prompts_are_seconds_and_other_words_of_the_same_length_are_words() -> None:
    longer = sentences(edited(("prompt: How can we help?", "prompt: How can we help you today in our shop?")), HOURS)
    assert "1 caller would be spoken to for more time: median 1.9 s, 2 s in all." in longer
    other = sentences(edited(("prompt: Goodbye.", "prompt: Farewell.")), HOURS)
    assert other.splitlines()[1:] == ["1 caller would hear other words, and nothing else would change for them."]


def test_who_would_now_reach_a_person_and_who_no_longer() -> None:
    to_person = edited(("  delivery: {type: say, prompt: We deliver every day., next: more}",
                        "  delivery: {type: transfer}"))  # fmt: skip
    text = sentences(to_person, POST, HOURS)
    assert "1 caller would now be on the way to a person." in text
    assert "1: solved at bye -> transferred at delivery" in text
    transferred = call("3", events.TransferEnded(at=AT, talked=True), found=(PERSON,), flow=to_person)
    ends = edited(("  delivery: {type: say, prompt: We deliver every day., next: more}",
                   "  delivery: {type: end, prompt: We deliver every day., outcome: solved}"))  # fmt: skip
    assert "1 caller would no longer be on the way to a person." in sentences(ends, transferred)
    assert "1 call cannot be followed further:\n  1: at more" in sentences(FLOW, transferred)


def test_edited_hours_decide_anew_and_other_branches_as_recorded() -> None:
    closed = edited(('["09:00-17:00"]', '["12:00-17:00"]'))
    assert AT.astimezone(dt.UTC).hour < 12
    text = sentences(closed, HOURS, ORDER)
    assert "1 caller would hear other words" in text


def test_the_report_is_the_same_every_time() -> None:
    flow = edited(("outcome: solved", "outcome: unsolved"))
    traces = [random_call(FLOW, bytes([seed, seed * 7 % 256, 3, 1])).trace for seed in range(40)]
    assert sentences(flow, *traces) == sentences(flow, *traces)
    counts = [int(line.split(":")[0]) for line in sentences(flow, *traces).splitlines() if line.startswith("  ")]
    assert counts == sorted(counts, reverse=True)


# ---------------------------------------------------------------- sensitive answers


def secret(digits: int) -> Flow:
    answer = "answer: {type: digits, min: 4, max: 4}"
    assert answer in YAML
    changed = f"answer: {{type: digits, min: {digits}, max: {digits}}}\n    sensitive: true"
    return parse_flow(YAML.replace(answer, changed).encode(), "secret.yaml")


def test_a_sensitive_answer_replays_without_being_known() -> None:
    trace = call("1", "4929", "2", found=(FOUND,), flow=secret(4))
    assert b"4929" not in msgspec.json.encode(trace)
    assert replay(secret(4).model_copy(update={"revision": "x"}), [trace]).is_nothing
    assert compare(trace, follow(secret(6), trace)).stuck is None, "the stand-in takes the new form"
