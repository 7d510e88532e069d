"""The state machine of a Gather."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.localcarrier.gather import (
    Phase,
    Rules,
    State,
    Step,
    Submit,
    audio_ended,
    key_pressed,
    timer_fired,
)

KEYS = st.sampled_from("0123456789*#")
RULES = st.builds(
    Rules,
    finish_on_key=st.sampled_from(["#", "*", "", "0"]),
    num_digits=st.none() | st.integers(1, 5),
    action_on_empty_result=st.booleans(),
)


def collecting(digits: str = "") -> State:
    return State(Phase.COLLECTING, digits)


def after(rules: Rules, keys: str) -> State:
    state = State()
    for key in keys:
        state = key_pressed(rules, state, key).state
    return state


# "any key -> stop audio at once, go COLLECTING with that key"   twilio.md 2.5
def test_the_first_key_stops_the_audio_and_counts():
    assert key_pressed(Rules(), State(), "4") == Step(collecting("4"), stop_audio=True, start_timer=True)


# "audio ends -> arm timer(timeout), COLLECTING"
def test_the_timer_starts_when_the_audio_has_ended():
    assert audio_ended(State()) == Step(collecting(), start_timer=True)


# "other key: append; if len == numDigits -> ACTION; else re-arm timer(timeout)"
def test_each_key_starts_the_timer_again_until_num_digits():
    rules = Rules(num_digits=3)
    step = key_pressed(rules, collecting("1"), "2")
    assert (step.state, step.start_timer, step.stop_audio) == (collecting("12"), True, False)
    done = key_pressed(rules, step.state, "3")
    assert done.state == State(Phase.DONE, "123", Submit("123"))
    assert not done.start_timer


# "key == finishOnKey: digits empty ? -> FALL THROUGH (or action if actionOnEmptyResult) : -> ACTION"
def test_the_finish_key_submits_what_there_is():
    assert key_pressed(Rules(), collecting("12"), "#").state.outcome == Submit("12", "#")
    assert key_pressed(Rules(), collecting(), "#").state == State(Phase.DONE, "", None)
    eager = Rules(action_on_empty_result=True)
    assert key_pressed(eager, collecting(), "#").state.outcome == Submit("", "#")


# "the finishOnKey pressed during audio behaves the same (audio stops, empty -> fall through)"
def test_the_finish_key_during_the_audio_stops_it_and_falls_through():
    step = key_pressed(Rules(), State(), "#")
    assert (step.state, step.stop_audio) == (State(Phase.DONE, "", None), True)


# "timer: digits empty ? -> FALL THROUGH (or action if actionOnEmptyResult) : -> ACTION(Digits)"
def test_the_timer_submits_what_there_is():
    assert timer_fired(Rules(), collecting("9")).state.outcome == Submit("9")
    assert timer_fired(Rules(), collecting()).state == State(Phase.DONE, "", None)
    assert timer_fired(Rules(action_on_empty_result=True), collecting()).state.outcome == Submit("")


def test_an_empty_finish_key_means_none():
    assert after(Rules(finish_on_key=""), "1#*").digits == "1#*"


@given(RULES, st.text(KEYS, max_size=8))
def test_nothing_happens_after_the_end(rules, keys):
    done = State(Phase.DONE, "1", Submit("1"))
    for key in keys:
        assert key_pressed(rules, done, key) == Step(done)
    assert timer_fired(rules, done) == Step(done)
    assert audio_ended(done) == Step(done)


@given(RULES, st.text(KEYS, max_size=8))
def test_digits_are_the_keys_up_to_the_end_without_the_finish_key(rules, keys):
    taken = keys
    if rules.finish_on_key:
        taken = taken.partition(rules.finish_on_key)[0]
    if rules.num_digits is not None:
        taken = taken[: rules.num_digits]
    state = after(rules, keys)
    assert state.digits == taken
    ended = timer_fired(rules, state if keys else audio_ended(state).state).state
    assert ended.phase is Phase.DONE
    submits = bool(taken) or rules.action_on_empty_result
    assert (ended.outcome is not None) == submits


@given(RULES, st.text(KEYS, min_size=1, max_size=8))
def test_only_the_first_key_cuts_the_audio(rules, keys):
    state, cuts = State(), []
    for key in keys:
        step = key_pressed(rules, state, key)
        cuts.append(step.stop_audio)
        state = step.state
    assert cuts == [True] + [False] * (len(keys) - 1)
