"""A trace in sentences: one block for each turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flows import events
from flows.events import Value
from flows.traces.failures import FAILURES
from flows.traces.masking import NOT_KEPT
from flows.traces.model import Answered, Decision, Trace, Turn

UNIVERSAL: Final = {
    "person": "which always means a person",
    "repeat": "which always means the same again",
    "back": "which always means to go back",
    "help": "which always means help",
    "language": "which always means another language",
}


def tell(trace: Trace) -> Iterator[str]:
    """The whole call, line by line; between two turns there is an empty line."""
    yield f"call {trace.call_sid}: flow {trace.flow}, revision {trace.revision}"
    ended = f"ended as {trace.outcome}" if trace.outcome else "stopped without an end"
    yield f"began {trace.started_at:%Y-%m-%d %H:%M:%S} UTC, {ended} after {_seconds(trace)} s"
    for code in trace.failures:
        yield f"failure: {FAILURES.get(code, code)}"
    for turn in trace.turns:
        yield ""
        yield from _turn(trace, turn)


def _seconds(trace: Trace) -> int:
    return round((trace.ended_at - trace.started_at).total_seconds())


def _turn(trace: Trace, turn: Turn) -> Iterator[str]:
    after = (turn.at - trace.started_at).total_seconds()
    where = f" at {turn.node}{_stage(turn)}" if turn.node else ""
    yield f"{turn.number:>3}  {after:5.0f} s{where}: {_happened(turn)}"
    for line in _lines(trace, turn):
        yield f"       {line}"


def _lines(trace: Trace, turn: Turn) -> Iterator[str]:
    reason = _reason(turn)
    if reason:
        yield reason
    if turn.revision != trace.revision:
        yield f"the call goes on in revision {turn.revision}"
    for decision in turn.decisions:
        yield _decided(decision)
    for answered in turn.answered:
        yield _answered(answered)
    for name, value in turn.values.items():
        yield f"{name} is now {_shown(value)}"
    for name in turn.forgotten:
        yield f"{name} is forgotten"
    if turn.nodes:
        yield f"went to {' -> '.join(turn.nodes)}"
    if turn.to_language != turn.language:
        yield f"goes on in {turn.to_language}"
    for spoken in turn.spoken:
        yield f'heard "{spoken.text}"'
    for fault in turn.faults:
        yield f"fault: {FAILURES.get(fault, fault)}"
    if turn.outcome:
        yield f"the call is over: {turn.outcome}"
    yield f"took {turn.took_ms:.0f} ms"


def _stage(turn: Turn) -> str:
    """What was being asked there, where it is not the node's own question."""
    if turn.stage in ("", "AtNode"):
        return ""
    if turn.slot:
        return f" (asking for {turn.slot}{', to be confirmed' if turn.stage == 'Confirming' else ''})"
    return f" ({STAGES.get(turn.stage, turn.stage)})"


STAGES: Final = {
    "AskingSlot": "asking for a value",
    "Confirming": "reading back the answer",
    "OfferingPerson": "offering a person",
    "SeekingPerson": "looking for a person",
    "WithPerson": "with a person",
    "OfferingCallback": "offering a callback",
    "WaitingInLine": "waiting in line",
    "AskingSlots": "looking for free times",
    "ChoosingDay": "choosing a day",
    "ChoosingPart": "choosing a part of the day",
    "ChoosingSlot": "choosing a time",
    "Recognising": "looking who is calling",
    "TellingPromise": "telling what is booked",
    "ConfirmingCancel": "asking whether to cancel",
    "Cancelling": "cancelling a callback",
    "Moving": "moving a callback",
    "EnteringNumber": "asking for a number",
    "ConfirmingNumber": "confirming the number",
    "Booking": "booking a callback",
    "ChoosingLanguage": "choosing a language",
    "Helping": "explaining the keys",
    "Ended": "over",
}


def _happened(turn: Turn) -> str:
    match turn.event:
        case events.CallStarted(caller_number=number, speech=speech):
            heard = f"can be heard in {', '.join(speech)}" if speech else "cannot be heard, only keys"
            return f"the call comes in from {number or 'a withheld number'}; {heard}"
        case events.KeysPressed(keys=keys):
            return f"pressed {NOT_KEPT if turn.hidden else keys}"
        case events.Heard(text=text, confidence=confidence, sure=sure, alternatives=alternatives):
            doubt = "" if sure else ", in doubt"
            return f'said "{text}" (confidence {confidence:.2f}{doubt}){_alternatives(alternatives)}'
        case events.NoMatch(text=text, alternatives=alternatives):
            return f'said something that is not in the grammar: "{text}"{_alternatives(alternatives)}'
        case events.NoInput():
            return "stayed silent"
        case events.AnswerLost():
            return "answered, and the answer was lost"
        case events.Recorded(duration_s=duration_s, keys=keys):
            return f"left a message of {duration_s} s" + (f", ended with {keys}" if keys else "")
        case events.HungUp():
            return "hung up"
        case events.TransferEnded(talked=talked):
            return "has talked with the person" if talked else "the person did not take the call"
        case events.Failed(code=code):
            return f"something at our end broke ({code})"
        case other:
            return type(other).__name__


def _alternatives(alternatives: tuple[str, ...]) -> str:
    return "; or " + ", ".join(f'"{other}"' for other in alternatives) if alternatives else ""


def _reason(turn: Turn) -> str:
    """Why it meant what it meant."""
    match = turn.match
    by = f'"{match.phrase}" is in the grammar, for {match.keys}' if match.phrase else ""
    match match.kind:
        case "universal":
            return _because(by, UNIVERSAL.get(match.meaning or "", ""))
        case "choice":
            return _because(by, f'which is the choice "{match.meaning}"')
        case "intent":
            return _because(by, f"which is the intent {match.meaning}")
        case "value":
            return _because(by, f"which is an answer to {match.meaning}")
        case "engine":
            return _because(by, f"which means {match.meaning}" if match.meaning else "which is an answer here")
        case "out_of_range":
            return "which is no answer here"
        case _:
            return ""


def _because(by: str, meaning: str) -> str:
    return f"{by}, {meaning}" if by and meaning else by or meaning


def _decided(decision: Decision) -> str:
    if not decision.cases:
        return f"{decision.node}: not asked, as it is known already"
    saw = ", ".join(f"{name} = {_shown(value)}" for name, value in decision.saw.items())
    seen = f", where {saw}" if saw else ""
    if decision.way < len(decision.cases):
        return f"{decision.node}: case {decision.way + 1}, as `{decision.cases[decision.way]}`{seen}"
    return f"{decision.node}: otherwise, as none of {len(decision.cases)} cases is true{seen}"


def _answered(answered: Answered) -> str:
    what = " ".join(filter(None, (_EFFECTS.get(answered.effect, answered.effect), answered.about)))
    return f"{answered.node}: {what}: {_answer(answered.answer)} ({answered.took_ms:.0f} ms)"


_EFFECTS: Final = {
    "Lookup": "looked up in",
    "AskQueue": "asked how the queue stands:",
    "SendText": "sent a text message",
    "RecogniseCaller": "asked who is calling",
    "AskSlots": "asked for the free times of",
    "MovePromise": "moved the promised callback",
    "CancelPromise": "cancelled the promised callback",
    "SeekPerson": "looked for a person of",
    "RequestCallback": "booked a callback for",
    "LeaveLine": "left the line of",
}


def _answer(answer: events.Event | None) -> str:
    match answer:
        case None:
            return "done"
        case events.LookupFound(values=values):
            return "found " + (", ".join(f"{name} = {_shown(value)}" for name, value in values.items()) or "it")
        case events.LookupMissed():
            return "found nothing"
        case events.LookupFailed() | events.TextFailed():
            return "failed"
        case events.QueueKnown(waiting=waiting, free_agents=free, wait_minutes=minutes):
            return f"{waiting} waiting, {free} free, {minutes} minutes"
        case events.PersonFound(person_id=person_id):
            return f"{person_id or 'the person of last resort'} is free"
        case events.CallerRecognised():
            return _known(answer)
        case events.SlotsKnown(slots=slots):
            return f"{len(slots)} free" if len(slots) != 1 else "one free"
        case events.NobodyFree():
            return _nobody(answer)
        case events.PromiseCancelled():
            return "cancelled"
        case events.CallbackPromised(by=by, already_booked=already):
            return ("was booked already" if already else "promised") + f", by {by:%Y-%m-%d %H:%M} UTC"
        case events.CallbackRefused(reason=reason):
            return f"refused ({reason})"
        case events.TextSent():
            return "sent"
        case other:
            return type(other).__name__


def _known(answer: events.CallerRecognised) -> str:
    known = [f"{name} = {_shown(value)}" for name, value in answer.values.items()]
    if answer.promise is not None:
        known.append(f"a callback of {answer.promise.queue} is booked, by {answer.promise.by:%Y-%m-%d %H:%M} UTC")
    return "known: " + ", ".join(known) if known else "nothing is known"


def _nobody(answer: events.NobodyFree) -> str:
    told = ["nobody is free"]
    if answer.position is not None:
        told.append(f"place {answer.position} in line")
    if answer.wait_to_minutes is not None:
        told.append(f"{answer.wait_from_minutes} to {answer.wait_to_minutes} minutes")
    if not answer.offers_callback:
        told.append("no more callbacks")
    return ", ".join(told)


def _shown(value: Value) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
