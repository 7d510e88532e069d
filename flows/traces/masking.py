"""What a trace may hold of a caller: stand-ins that behave like the truth.

Nothing is blanked after the fact. The turn is run a second time on masked inputs, with the decisions of the real
run, and the trace is what that run did (`flows.traces.recording`). So a stand-in is everywhere where the truth was, in
prompts and values too, and a replay from stand-ins does what the trace says.

| of a call | in its trace |
|---|---|
| the caller's number, and others in values and answers | the same length and form, its first two and last four digits |
| a number that is withheld | withheld |
| an answer of another type (an order number, a date) | kept |
| a sensitive answer | other keys that fit the question, or fit it as little; marked `hidden` |
| the address of a recording | one that leads nowhere |
| the two words that the return call says first | `(not kept)` |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from flows import actions, events, nodes, parts, speaking
from flows.conversations.caller import RECORDING
from flows.conversations.hearing import digits_in
from flows.engine import answers
from flows.engine.node_questions import Question
from flows.engine.prompting import today_of
from flows.engine.universal import HELP_AMONG_DIGITS, KEYS_OF_WORDS
from flows.events import Value
from flows.model import Flow
from flows.prove.happenings import keys_for
from flows.state import (
    AskingSlot,
    AskingSlots,
    AtNode,
    Booking,
    CallState,
    ChoosingDay,
    ChoosingLanguage,
    ChoosingPart,
    ChoosingSlot,
    Confirming,
    ConfirmingNumber,
    EnteringNumber,
    Frame,
    Helping,
    OfferingPerson,
    Plan,
    Said,
    Stage,
)

NOT_KEPT: Final = "(not kept)"
A_NUMBER: Final = "(number)"
# Source: E.164 numbers have at most 15 digits; seven are the shortest local ones that name a line.
FEWEST_DIGITS: Final = 7
MOST_DIGITS: Final = 15
# Whole numbers with more digits than this are no amounts.
MOST_DIGITS_OF_AMOUNTS: Final = 9
UNIVERSAL_KEYS: Final = frozenset({*KEYS_OF_WORDS.values(), HELP_AMONG_DIGITS})
_LONG_FORM: Final = 9
# Figures without a break; or with breaks, where a plus or a zero begins them and they are no date.
_NUMBER: Final = re.compile(
    r"(?<![\d.,])\+?\d{7,}+(?![.,]\d)"
    r"|(?:\+|(?<![\d./-])(?!\d{1,2}[./-]\d{1,2}[./-]\d{2,4})0)\d(?:[ ()/.-]{0,2}\d){6,14}(?!\d)"
)


def stand_in(number: str) -> str:
    """Another number of the same form: it keeps the first two and the last four digits, or of a short one fewer."""
    places = [index for index, character in enumerate(number) if character.isdecimal()]
    first, last = (2, 4) if len(places) >= _LONG_FORM else (1, 2)
    if len(places) > MOST_DIGITS:
        first, last = 0, 0
    hidden = set(places[first : len(places) - last])
    return "".join("0" if index in hidden else character for index, character in enumerate(number))


def masked_text(text: str, kept: frozenset[str] = frozenset()) -> str:
    """A text with a stand-in for each phone number in figures; `kept` are numbers that are known to be none."""
    return _NUMBER.sub(lambda found: found.group() if found.group() in kept else stand_in(found.group()), text)


def masked_words(text: str, language: str) -> str:
    """What a caller said, without long numbers in figures or words."""
    words = text.split()
    found: list[str] = []
    index = 0
    while index < len(words):
        end, digits = index, 0
        while end < len(words) and (said := digits_in(language, words[end])) is not None:
            digits += len(said)
            end += 1
        if digits >= FEWEST_DIGITS:
            found.append(A_NUMBER)
        else:
            end = max(end, index + 1)
            found += words[index:end]
        index = end
    return masked_text(" ".join(found))


class Mask:
    """Masks what one turn begins with. `secret` is what was just keyed in at a sensitive question."""

    def __init__(self, flow: Flow, state: CallState | None, secret: str | None = None) -> None:
        self._flow = flow
        self._secret = secret
        self._names = _names_of(_Identity(flow))
        values = {} if state is None else state.values
        self._kept = frozenset(str(value) for name, value in values.items() if name in self._names.typed)
        self._pairs = [] if state is None else self._pairs_of(state)

    def state(self, state: CallState) -> CallState:
        """The state with stand-ins."""
        return msgspec.structs.replace(
            state,
            caller_number=None if state.caller_number is None else stand_in(state.caller_number),
            office_number=stand_in(state.office_number),
            values=self.values(state.values),
            frames=tuple(Frame(node=frame.node, parameters=self.values(frame.parameters)) for frame in state.frames),
            said=tuple(self._said(said, state.language) for said in state.said),
            stage=self._stage(state, state.stage),
            pending=tuple(self._sound(sound) for sound in state.pending),
            last_heard=tuple(self._sound(sound) for sound in state.last_heard),
            promise=self._promise(state.promise),
            path=(),
        )

    def values(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Values with stand-ins; sensitive ones are left out."""
        return {
            name: self._value(name, value) for name, value in values.items() if name not in self._flow.sensitive_names
        }

    def answer(self, event: events.Event | None) -> events.Event | None:
        """What the shell answered."""
        match event:
            case events.LookupFound(values=values):
                found = {name: self._value(name, value) for name, value in values.items()}
                return msgspec.structs.replace(event, values=found)
            case events.CallerRecognised(values=values, promise=promise):
                return msgspec.structs.replace(event, values=self.values(values), promise=self._promise(promise))
            case events.CallbackPromised(words=words):
                return msgspec.structs.replace(event, words=_hidden(words))
            case events.PersonFound():
                return msgspec.structs.replace(
                    event, person_id=masked_text(event.person_id), person_number=stand_in(event.person_number)
                )
            case _:
                return event

    def _promise(self, promise: events.OpenPromise | None) -> events.OpenPromise | None:
        if promise is None:
            return None
        return msgspec.structs.replace(
            promise,
            number=stand_in(promise.number),
            reason=None if promise.reason is None else self.text(promise.reason),
            words=_hidden(promise.words),
        )

    def text(self, text: str) -> str:
        """A value of the flow with stand-ins for the numbers in it."""
        return masked_text(self._without_known(text), self._kept)

    def _value(self, name: str, value: Value) -> Value:
        if value is None or isinstance(value, bool) or name in self._names.typed:
            return value
        if name in self._names.recordings:
            return RECORDING if value else value
        if name in self._names.phones:
            return stand_in(str(value))
        if isinstance(value, str):
            return NOT_KEPT if self._tells_secret(value) else self.text(value)
        if self._tells_secret(str(value)):
            return 0
        if isinstance(value, int) and len(str(abs(value))) > MOST_DIGITS_OF_AMOUNTS:
            return int(stand_in(str(value)))
        return value

    def _tells_secret(self, text: str) -> bool:
        if self._secret is None:
            return False
        separated = "[ .-]?".join(map(re.escape, self._secret))
        return re.search(rf"(?<!\d){separated}(?!\d)", text) is not None

    def _without_known(self, text: str) -> str:
        for real, masked in self._pairs:
            text = text.replace(real, masked)
        return text

    def _sound(self, sound: actions.Sound) -> actions.Sound:
        return msgspec.structs.replace(sound, text=self._without_known(sound.text))

    def _said(self, said: Said, language: str) -> Said:
        return msgspec.structs.replace(said, text=masked_words(said.text, language))

    def _stage(self, state: CallState, stage: Stage) -> Stage:
        match stage:
            case ConfirmingNumber(number=number, plan=plan) | Booking(number=number, plan=plan):
                return msgspec.structs.replace(stage, number=stand_in(number), plan=_planned(plan))
            case (
                AskingSlots(plan=plan)
                | ChoosingDay(plan=plan)
                | ChoosingPart(plan=plan)
                | ChoosingSlot(plan=plan)
                | EnteringNumber(plan=plan)
            ):
                return msgspec.structs.replace(stage, plan=_planned(plan))
            case Confirming(keys=keys):
                return msgspec.structs.replace(
                    stage,
                    keys=stand_in(keys) if self._names.of_answer(state, stage) in self._names.phones else keys,
                    said=self._said(stage.said, state.language),
                    slots=self.slots(stage.slots),
                    over=self._stage(state, stage.over),
                )
            case AskingSlot(given=given):
                return msgspec.structs.replace(stage, given=self.slots(given))
            case Helping(over=over) | ChoosingLanguage(over=over) | OfferingPerson(over=over) if over is not None:
                return msgspec.structs.replace(stage, over=self._stage(state, over))
            case _:
                return stage

    def slots(self, slots: Mapping[str, str]) -> dict[str, str]:
        """What a sentence said about an open question's values, as keys."""
        return {name: stand_in(keys) if name in self._names.phones else keys for name, keys in slots.items()}

    def _pairs_of(self, state: CallState) -> list[tuple[str, str]]:
        """What the truth looks like in a text, and what takes its place; the longest first."""
        numbers = [state.caller_number] if state.caller_number is not None else []
        stage = state.stage
        while isinstance(stage, Helping | ChoosingLanguage) and stage.over is not None:
            stage = stage.over
        if isinstance(stage, ConfirmingNumber | Booking):
            numbers.append(stage.number)
        plan = getattr(stage, "plan", None)
        if isinstance(plan, Plan) and plan.number is not None:
            numbers.append(plan.number)
        if state.promise is not None:
            numbers.append(state.promise.number)
        for name, value in state.values.items():
            if name in self._names.phones and value is not None:
                numbers.append(str(value))
            elif isinstance(value, str) and name not in self._names.typed:
                numbers += [found.group() for found in _NUMBER.finditer(value)]
        pairs: dict[str, str] = {}
        for number in numbers:
            masked = stand_in(number)
            pairs[number] = masked
            for language in self._flow.languages:
                pairs[speaking.digits(language, number)] = speaking.digits(language, masked)
                pairs[speaking.phone(language, number)] = speaking.phone(language, masked)
        for word in state.promise.words if state.promise is not None else ():
            pairs[word] = NOT_KEPT
        return sorted(((real, masked) for real, masked in pairs.items() if real), key=lambda pair: -len(pair[0]))


def _planned(plan: Plan) -> Plan:
    return plan if plan.number is None else msgspec.structs.replace(plan, number=stand_in(plan.number))


def _hidden(words: tuple[str, ...]) -> tuple[str, ...]:
    """What proves to the caller that it is us who call back."""
    return (NOT_KEPT,) if words else ()


# ---------------------------------------------------------------- what callers do


def secret_of(question: Question | None, event: events.Event) -> str | None:
    """What was keyed in at a sensitive question."""
    if question is None or not question.sensitive or not isinstance(event, events.KeysPressed | events.Heard):
        return None
    return None if event.keys in UNIVERSAL_KEYS else event.keys


def masked_event(flow: Flow, state: CallState, question: Question | None, event: events.Event) -> events.Event:
    """What the caller did, with stand-ins; `state` is where the call stood."""
    match event:
        case events.KeysPressed(keys=keys):
            return msgspec.structs.replace(event, keys=_masked_keys(flow, state, question, keys))
        case events.Heard(keys=keys):
            return msgspec.structs.replace(
                event,
                keys=_masked_keys(flow, state, question, keys),
                text=_masked_speech(state, question, event.text),
                alternatives=tuple(_masked_speech(state, question, text) for text in event.alternatives),
                slots=Mask(flow, None).slots(event.slots),
            )
        case events.NoMatch():
            return msgspec.structs.replace(
                event,
                text=_masked_speech(state, question, event.text),
                alternatives=tuple(_masked_speech(state, question, text) for text in event.alternatives),
            )
        case events.Recorded(url=url) if url:
            return msgspec.structs.replace(event, url=RECORDING)
        case _:
            return event


def _masked_speech(state: CallState, question: Question | None, text: str) -> str:
    """What was said; a long number only where it is an answer that may be kept."""
    if question is not None and question.sensitive:
        return NOT_KEPT
    typed = question is not None and isinstance(question.answer, parts.DigitsAnswer | parts.NumberAnswer)
    if typed and digits_in(state.language, text) is not None:
        return text
    return masked_words(text, state.language)


def _masked_keys(flow: Flow, state: CallState, question: Question | None, keys: str) -> str:
    if isinstance(state.stage, EnteringNumber):
        return keys if keys in UNIVERSAL_KEYS else stand_in(keys)
    if keys in UNIVERSAL_KEYS or question is None or not isinstance(state.stage, AtNode | AskingSlot):
        return keys
    answer = question.answer
    if question.sensitive and answer is not None:
        return sensitive_stand_in(flow, state, answer, keys)
    return stand_in(keys) if isinstance(answer, parts.PhoneAnswer) else keys


def sensitive_stand_in(flow: Flow, state: CallState, answer: parts.Answer, keys: str) -> str:
    """Keys that are an answer just if `keys` are one."""
    fits = fits_answer(flow, state, answer, keys)
    most = answers.keying(answer).max_keys
    candidates = (keys_for(answer, state.language), "1", "9" * most, "9", "*1")
    return next(other for other in candidates if fits_answer(flow, state, answer, other) is fits)


def fits_answer(flow: Flow, state: CallState, answer: parts.Answer, keys: str) -> bool:
    """Whether keys are a value of a type, today."""
    try:
        answers.value_of(answer, keys, state.language, today_of(flow, state))
    except ValueError:
        return False
    return True


class _Names(msgspec.Struct, frozen=True):
    """The names of values: what callers answer, the phone numbers apart, and the addresses of recordings."""

    typed: frozenset[str]
    phones: frozenset[str]
    recordings: frozenset[str]
    by_node: dict[str, str]

    def of_answer(self, state: CallState, stage: Confirming) -> str:
        """The name of the value that is read back."""
        over = stage.over
        return over.slot if isinstance(over, AskingSlot) else self.by_node.get(state.node, "")


class _Identity:
    """A flow as a key: by which object it is."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def __hash__(self) -> int:
        return id(self.flow)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.flow is self.flow


@lru_cache(maxsize=16)
def _names_of(identity: _Identity) -> _Names:
    flow = identity.flow
    typed: set[str] = set()
    phones: set[str] = set()
    recordings: set[str] = set()
    by_node = {name: node.save_as for name, node in flow.all_nodes.items() if isinstance(node, nodes.Ask)}
    for node in flow.all_nodes.values():
        match node:
            case nodes.Ask(answer=answer):
                (phones if isinstance(answer, parts.PhoneAnswer) else typed).add(node.save_as)
            case nodes.OpenQuestion():
                for intent in node.intents.values():
                    for name, slot in intent.slots.items():
                        (phones if isinstance(slot.answer, parts.PhoneAnswer) else typed).add(name)
            case nodes.Survey():
                typed.add(node.save_as)
            case nodes.Record():
                recordings.add(node.save_as)
            case _:
                pass
    return _Names(frozenset(typed - phones), frozenset(phones), frozenset(recordings), by_node)
