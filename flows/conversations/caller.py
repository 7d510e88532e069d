"""What the caller does, as the event that the engine gets; what cannot be done on a telephone here is refused."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

from flows import actions, events
from flows.conversations.hearing import Meaning, meaning_of
from flows.conversations.model import Says, Step
from flows.conversations.world import StepError
from flows.state import CallState

END_OF_KEYS: Final = "#"
SURE: Final = 0.95
UNSURE: Final = 0.5
RECORDING: Final = "https://recordings.example/1"


def event_of(
    step: Step, state: CallState, verb: actions.Verb, at: dt.datetime, languages: tuple[str, ...]
) -> events.Event:
    """The event that a step means while the line does `verb`; raises `StepError` where it cannot be.

    `languages` are those in which the caller can be heard while recognition is up.
    """
    if step.says is not None:
        return _said(step.says if isinstance(step.says, Says) else Says(text=step.says), _grammar(state, verb), at)
    if step.says_something_else:
        _grammar(state, verb)
        return events.NoMatch(at=at, text="[unk]")
    if step.presses is not None:
        return _pressed(step.presses, _listening(verb, f"presses {step.presses}"), at)
    if step.stays_silent:
        _listening(verb, "stays silent")
        return events.NoInput(at=at)
    if step.records is not None:
        return _recorded(step.records, verb, at)
    if step.person is not None:
        if not isinstance(verb, actions.Transfer):
            raise StepError("nobody is being rung; `person` says what comes of a transfer")
        return events.TransferEnded(at=at, talked=step.person == "talks")
    if step.speech is not None:
        speech = {"up": languages, "down": ()}[step.speech] if isinstance(step.speech, str) else step.speech
        return events.SpeechChanged(at=at, speech=tuple(speech))
    if step.breaks is not None:
        return events.AnswerLost(at=at) if step.breaks == "answer" else events.Failed(at=at, code="conversation")
    if step.hangs_up:
        return events.HungUp(at=at)
    raise TypeError("this step is no event")


def described(step: Step) -> tuple[Literal["caller", "office"], str]:
    """Who does a step, and what, in a few words."""
    if step.says is not None:
        return "caller", f"says: {step.says.text if isinstance(step.says, Says) else step.says}"
    if step.presses is not None:
        return "caller", f"presses {step.presses}"
    if step.records is not None:
        return "caller", f"records {step.records} seconds"
    if step.person is not None:
        return "office", f"the person {step.person}"
    if step.speech is not None:
        return "office", f"speech: {step.speech if isinstance(step.speech, str) else ', '.join(step.speech) or 'none'}"
    if step.breaks is not None:
        return "office", f"the {step.breaks} breaks"
    (name,) = step.model_fields_set
    return "caller", name.replace("_", " ")


def _listening(verb: actions.Verb, doing: str) -> actions.Collect | actions.Record:
    if isinstance(verb, actions.Collect | actions.Record):
        return verb
    raise StepError(
        f"the caller {doing} while somebody is being rung, and nobody listens; say what comes of it: "
        "`person: talks` or `person: misses`"
    )


def _grammar(state: CallState, verb: actions.Verb) -> actions.Grammar:
    listening = _listening(verb, "speaks")
    if isinstance(listening, actions.Record):
        raise StepError("the caller is leaving a message here; write `records: 12` for one of 12 seconds")
    if listening.grammar is None or state.language not in state.speech:
        raise StepError("this caller cannot be heard here; press keys")
    return listening.grammar


def _said(said: Says, grammar: actions.Grammar, at: dt.datetime) -> events.Event:
    meaning = meaning_of(grammar, said.text) if said.means is None else Meaning(keys=said.means)
    if meaning is None:
        return events.NoMatch(at=at, text=said.text)
    return events.Heard(
        at=at,
        keys=meaning.keys,
        text=said.text,
        confidence=UNSURE if said.unsure else SURE,
        sure=not said.unsure,
        slots={**meaning.slots, **said.slots},
    )


def _pressed(keys: str, verb: actions.Collect | actions.Record, at: dt.datetime) -> events.Event:
    """Keys as a telephone collects them.

    Source: https://www.twilio.com/docs/voice/twiml/gather (numDigits, finishOnKey): the input ends with the last key
    that fits, or, where several fit, with the hash key, which is no part of it.
    """
    most = 1 if isinstance(verb, actions.Record) else verb.max_keys
    entered = keys.removesuffix(END_OF_KEYS) if most > 1 else keys
    if not entered or (most > 1 and END_OF_KEYS in entered):
        raise StepError(f'"{keys}": several keys fit here, and the hash key ends them; press it last or not at all')
    if len(entered) > most:
        fit = "one key fits" if most == 1 else f"{most} keys fit"
        raise StepError(f'"{keys}": only {fit} here, then the call goes on; press the others in a step of their own')
    if isinstance(verb, actions.Record):
        return events.Recorded(at=at, url="", duration_s=0, keys=entered)
    return events.KeysPressed(at=at, keys=entered)


def _recorded(seconds: int, verb: actions.Verb, at: dt.datetime) -> events.Event:
    if not isinstance(verb, actions.Record):
        raise StepError("no message is recorded here")
    if seconds > verb.max_s:
        raise StepError(f"a message has at most {verb.max_s} seconds here")
    return events.Recorded(at=at, url=RECORDING, duration_s=seconds)
