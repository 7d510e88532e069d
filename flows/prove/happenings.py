"""Everything that can happen next: to a caller who is listened to, and to whatever the shell was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, get_args

from flows import actions, events, nodes, parts, speaking
from flows.engine.answers import value_of
from flows.engine.node_questions import Question
from flows.engine.questions import answer_at, question_of
from flows.engine.recalling import is_worth_asking
from flows.engine.universal import HELP_AMONG_DIGITS, PERSON
from flows.engine.walk import ways_out
from flows.model import Flow
from flows.node_facts import saved_by
from flows.prove.abstraction import AT, CALLER, PERSON_ID, PERSON_NUMBER, promise_of
from flows.state import AskingSlot, AtNode, CallState


def _hourly(days: int, hours_of_day: tuple[int, ...]) -> tuple[events.Slot, ...]:
    midnight = AT.replace(hour=0, minute=0) + timedelta(days=1)
    starts = (midnight + timedelta(days=day, hours=hour) for day in range(days) for hour in hours_of_day)
    return tuple(events.Slot(starts=start, ends=start + timedelta(hours=1)) for start in starts)


# Times that can be promised: none, a few, a day of which one part has more than a page, more days than a page.
SLOTS: Final = (
    (),
    _hourly(1, (9, 14)),
    _hourly(1, (6, 7, 8, 9, 10, 11, 14)),
    _hourly(8, (9,)),
)
UNIVERSAL: Final = ("0", "*", "#")
KEYS: Final = ("0", "*", "#", "1", "2", "3", "4", "5", "6", "7", "8", "9")


def after(
    flow: Flow, state: CallState, did: list[actions.Action], hours: Sequence[datetime]
) -> Iterator[events.Event | events.Decided]:
    """Each event that can follow, given what the engine did last.

    `hours` are those at which nobody may be free (`flows.prove.abstraction.open_and_closed`): a week of each table is
    too much to be gone through at every state.
    """
    for action in did:
        match action:
            case actions.Decide():
                for way in range(ways_out(flow.all_nodes[state.node])):
                    yield events.Decided(at=AT, way=way)
            case actions.Collect():
                yield from _from_caller(flow, state, action)
            case actions.Record():
                yield events.Recorded(at=AT, url="https://example.org/recording", duration_s=10)
                yield events.Recorded(at=AT, url="", duration_s=0)
                yield events.Recorded(at=AT, url="", duration_s=2, keys=PERSON)
                yield events.NoInput(at=AT)
                yield from _always()
            case actions.Transfer():
                yield events.TransferEnded(at=AT, talked=True)
                yield events.TransferEnded(at=AT, talked=False)
                yield events.HungUp(at=AT)
            case _:
                yield from _from_shell(flow, action, hours)


def _always() -> Iterator[events.Event]:
    yield events.HungUp(at=AT)
    yield events.Failed(at=AT, code="proof")


def _from_shell(flow: Flow, action: actions.Action, hours: Sequence[datetime]) -> Iterator[events.Event]:
    match action:
        case actions.Lookup():
            yield events.LookupFound(at=AT, values=dict.fromkeys(action.save, "1"))
            yield events.LookupMissed(at=AT)
            yield events.LookupFailed(at=AT)
            yield events.Failed(at=AT, code="proof")
        case actions.AskQueue():
            yield events.QueueKnown(at=AT, waiting=0, free_agents=0, wait_minutes=0)
            yield events.Failed(at=AT, code="proof")
        case actions.RecogniseCaller():
            yield events.CallerRecognised(at=AT)
            yield events.CallerRecognised(at=AT, values=_remembered(flow))
            for window in (False, True):
                yield events.CallerRecognised(at=AT, promise=promise_of(flow, window=window))
            yield events.Failed(at=AT, code="proof")
        case actions.AskSlots(since=since):
            for slots in SLOTS:
                left = tuple(slot for slot in slots if since is None or slot.starts >= since)
                yield events.SlotsKnown(at=AT, slots=left)
        case actions.MovePromise(starts=starts):
            yield events.CallbackPromised(at=AT, request_id="1", by=AT, already_booked=False, starts=starts, moved=True)
            for reason in get_args(events.RefusalReason):
                yield events.CallbackRefused(at=AT, reason=reason)
        case actions.CancelPromise():
            yield events.PromiseCancelled(at=AT)
            yield events.CallbackRefused(at=AT, reason="gone")
            yield events.CallbackRefused(at=AT, reason="store")
        case actions.SendText():
            yield events.TextSent(at=AT)
            yield events.TextFailed(at=AT)
        case actions.SeekPerson(tried=tried):
            # The shell never offers somebody who has missed this call already.
            if PERSON_ID not in tried:
                yield events.PersonFound(at=AT, person_id=PERSON_ID, person_number=PERSON_NUMBER)
            for at in hours:
                for offers in (True, False):
                    yield events.NobodyFree(
                        at=at, position=3, wait_from_minutes=10, wait_to_minutes=15, offers_callback=offers
                    )
        case actions.RequestCallback(starts=starts):
            for booked in (False, True):
                yield events.CallbackPromised(at=AT, request_id="1", by=AT, already_booked=booked, starts=starts)
            for reason in get_args(events.RefusalReason):
                yield events.CallbackRefused(at=AT, reason=reason)


def _remembered(flow: Flow) -> dict[str, events.Value]:
    """A value for each question that one key may answer, since it was answered in an earlier call."""
    known: dict[str, events.Value] = {}
    for node in flow.all_nodes.values():
        match node:
            case nodes.Ask():
                known[node.save_as] = remembered_value(node.answer)
            case nodes.OpenQuestion():
                for intent in node.intents.values():
                    known.update({name: remembered_value(slot.answer) for name, slot in intent.slots.items()})
            case _:
                pass
    return {name: value for name, value in known.items() if value is not None}


def remembered_value(answer: parts.Answer) -> events.Value:
    """A value of a type as an earlier call has left it; None for a type that is asked for in every call."""
    if not is_worth_asking(answer):
        return None
    return value_of(answer, keys_for(answer, "en"), "en", AT.date())


def remembered_at(flow: Flow, node_name: str) -> dict[str, events.Value]:
    """What a node asks for, as an earlier call has left it."""
    node = flow.all_nodes[node_name]
    known = _remembered(flow)
    return {name: known[name] for name in saved_by(node) if name in known}


def _from_caller(flow: Flow, state: CallState, collect: actions.Collect) -> Iterator[events.Event]:
    question = question_of(flow, state)
    if question is None:
        return
    yield events.NoInput(at=AT)
    for keys in _keys(flow, state, question):
        yield events.KeysPressed(at=AT, keys=keys)
    if collect.sensitive:
        yield events.AnswerLost(at=AT)
    if collect.grammar is not None:
        yield events.NoMatch(at=AT, text="something else")
        yield from _spoken(flow, state, collect.grammar)
        yield events.SpeechChanged(at=AT, speech=())
    else:
        yield events.SpeechChanged(at=AT, speech=parts.LANGUAGES)
    yield from _always()


def _keys(flow: Flow, state: CallState, question: Question) -> tuple[str, ...]:
    if question.answer is None or not question.takes_digits:
        # One key that is no answer stands for all of them.
        others = [key for key in KEYS if key not in question.keys and key not in UNIVERSAL]
        return tuple(key for key in KEYS if key not in others[1:])
    return ("0", "*", HELP_AMONG_DIGITS, "99999999999999999999"[: question.max_keys], *_good_answers(flow, state))


def _good_answers(flow: Flow, state: CallState) -> tuple[str, ...]:
    """Keys that are a value of the type that is asked for; one set of them stands for all."""
    answer = answer_at(flow, state)
    return (keys_for(answer, state.language),) if answer is not None else (CALLER.removeprefix("+"),)


def keys_for(answer: parts.Answer, language: str) -> str:
    """Keys that answer a question of this type."""
    match answer:
        case parts.DigitsAnswer(min=fewest):
            return "1" * fewest
        case parts.NumberAnswer(min=low, max=high):
            number = str(max(low, min(1, high)))
            return number if number != PERSON else "00"
        case parts.MoneyAnswer():
            return "1"
        case parts.DateAnswer(year=with_year):
            year, month, day = speaking.to_jalali(AT.date()) if language == "fa" else (AT.year, AT.month, AT.day)
            return f"{day:02d}{month:02d}{year:04d}" if with_year else f"{day:02d}{month:02d}"
        case parts.TimeAnswer():
            return "1030"
        case parts.YesNoAnswer():
            return "1"
        case parts.PhoneAnswer():
            return CALLER.removeprefix("+")


def _spoken(flow: Flow, state: CallState, grammar: actions.Grammar) -> Iterator[events.Event]:
    """One phrase for each meaning; what is heard for sure is what a key is, so that only doubt needs more."""
    meanings = {keys: phrase for phrase, keys in grammar.phrases.items()}
    if grammar.digits is not None:
        meanings.update({keys: keys for keys in _good_answers(flow, state)})
    node = flow.all_nodes[state.node]
    # Doubt matters where an answer is taken, not where yes or no is.
    certainties = (True, False) if isinstance(state.stage, AtNode | AskingSlot) else (True,)
    for keys, phrase in meanings.items():
        for sure in certainties:
            yield events.Heard(at=AT, keys=keys, text=phrase, confidence=0.9, sure=sure)
    if isinstance(node, nodes.OpenQuestion):
        for intent in node.intents.values():
            slots = {name: keys_for(slot.answer, state.language) for name, slot in intent.slots.items()}
            if slots:
                yield events.Heard(at=AT, keys=intent.key, text=".", confidence=0.9, sure=True, slots=slots)
