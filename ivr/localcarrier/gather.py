"""What a `<Gather input="dtmf">` does with keys and time, as a state machine without clock or audio.

    PLAYING     a key        -> stop the audio, go on as COLLECTING with that key
                audio ends   -> COLLECTING, start the timer
    COLLECTING  finish key   -> DONE: submit what there is
                other key    -> append; DONE at numDigits, else start the timer again
                timer        -> DONE: submit what there is
    DONE        anything     -> nothing

"Submit" requests the action; with no digits it falls through to the next verb, unless `actionOnEmptyResult`.

Source: https://www.twilio.com/docs/voice/twiml/gather
"""

from __future__ import annotations

from enum import Enum

import msgspec


class Phase(Enum):
    """Where a Gather is."""

    PLAYING = "playing"
    COLLECTING = "collecting"
    DONE = "done"


class Rules(msgspec.Struct, frozen=True):
    """The attributes of a Gather that decide; `num_digits` None = unlimited, `finish_on_key` "" = none."""

    finish_on_key: str = "#"
    num_digits: int | None = None
    action_on_empty_result: bool = False


class Submit(msgspec.Struct, frozen=True):
    """Request the action with these digits; `finished_on_key` is empty when a timer or numDigits ended it."""

    digits: str
    finished_on_key: str = ""


class State(msgspec.Struct, frozen=True):
    """A Gather between two happenings. `outcome` is None until DONE, and then for a fall-through."""

    phase: Phase = Phase.PLAYING
    digits: str = ""
    outcome: Submit | None = None


class Step(msgspec.Struct, frozen=True):
    """The next state, and whether to cut the audio and to (re)start the timer."""

    state: State
    stop_audio: bool = False
    start_timer: bool = False


def key_pressed(rules: Rules, state: State, key: str) -> Step:
    """Take one key: it cuts the audio at once, ends the Gather or joins the digits."""
    if state.phase is Phase.DONE:
        return Step(state)
    cut = state.phase is Phase.PLAYING
    if rules.finish_on_key and key in rules.finish_on_key:
        return Step(_done(rules, state.digits, key), stop_audio=cut)
    digits = state.digits + key
    if rules.num_digits is not None and len(digits) >= rules.num_digits:
        return Step(_done(rules, digits), stop_audio=cut)
    return Step(State(Phase.COLLECTING, digits), stop_audio=cut, start_timer=True)


def audio_ended(state: State) -> Step:
    """Go on to collecting once the nested prompts have been played."""
    if state.phase is not Phase.PLAYING:
        return Step(state)
    return Step(State(Phase.COLLECTING, state.digits), start_timer=True)


def timer_fired(rules: Rules, state: State) -> Step:
    """End the Gather after `timeout` seconds without a key."""
    if state.phase is not Phase.COLLECTING:
        return Step(state)
    return Step(_done(rules, state.digits))


def _done(rules: Rules, digits: str, finished_on_key: str = "") -> State:
    submits = bool(digits) or rules.action_on_empty_result
    return State(Phase.DONE, digits, Submit(digits, finished_on_key) if submits else None)
