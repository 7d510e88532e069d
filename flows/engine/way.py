"""The way to a person or a callback, from anywhere: what callers answer there, and what the shell finds out.

| room | what is in it |
|---|---|
| `line` | a person is sought and joined; the line |
| `offering` | nobody is free: the choice |
| `times` | the time of a callback |
| `booking` | its number, and the promise |
| `returning` | who has a promise already |
| `way_questions` | what is asked on the way |

seek --PersonFound--> joined --TransferEnded(talked)--> end
  |                      +-----TransferEnded(missed)--> seek
  +--NobodyFree--> offer --1--> which number? --1--> booked --> end, or on in the flow
                     |              +--2--> another number --> which number?
                     +--3--> which time? --> which number?
                     +--2, silence--> in line --(every ten seconds)--> seek
"""

from __future__ import annotations

from typing import Final

import msgspec

from flows import actions, model
from flows.engine import booking, line, offering, returning, times
from flows.engine.booking import fresh
from flows.engine.questions import listen, listen_again
from flows.engine.steps import Step, hang_up, say_message
from flows.events import (
    CallbackPromised,
    CallbackRefused,
    CallerRecognised,
    Event,
    NobodyFree,
    PersonFound,
    PromiseCancelled,
    RefusalReason,
    SlotsKnown,
    TransferEnded,
)
from flows.state import (
    AskingSlots,
    Booking,
    CallState,
    Cancelling,
    ChoosingDay,
    ChoosingPart,
    ChoosingSlot,
    ConfirmingCancel,
    ConfirmingNumber,
    EnteringNumber,
    Moving,
    OfferingCallback,
    Plan,
    Recognising,
    SeekingPerson,
    TellingPromise,
    WaitingInLine,
    WithPerson,
    beneath,
)

# A caller who stays silent this often at a question about the callback is taken at the last known word.
MISSES_BEFORE_ASSUMING: Final = 3
YES: Final = "1"
OTHER_NUMBERS_MAY_DO: Final = frozenset({"number", "not_allowed", "own"})
OTHER_TIMES_MAY_DO: Final = frozenset({"full", "closed"})


def answered(flow: model.Flow, state: CallState, keys: str) -> Step:
    """An answer to one of the questions on the way."""
    stage, state = state.stage, line.with_everybody(state)
    match stage:
        case OfferingCallback(kept=True) if keys == offering.CALLBACK:
            return returning.already_booked(flow, state)
        case OfferingCallback():
            return offering.answered(flow, state, stage, keys)
        case WaitingInLine():
            leave = actions.LeaveLine(queue=state.queue)
            kept = stage.kept and line.kept(state) is not None
            step = returning.already_booked if kept else _book_from_the_line
            state, did = step(flow, state)
            return state, [leave, *did]
        case ChoosingDay() | ChoosingPart() | ChoosingSlot():
            return times.answered(flow, state, stage, keys)
        case ConfirmingNumber(number=number, plan=plan) if keys == YES:
            return booking.request(flow, state, number, plan)
        case ConfirmingNumber(plan=plan):
            return listen(flow, fresh(state, EnteringNumber(plan=msgspec.structs.replace(plan, number=None))))
        case EnteringNumber(plan=plan):
            return listen(flow, fresh(state, ConfirmingNumber(number=keys, plan=plan)))
        case TellingPromise() | ConfirmingCancel():
            return returning.answered(flow, state, stage, keys)
        case _:
            return state, []


def _book_from_the_line(flow: model.Flow, state: CallState) -> Step:
    return booking.book(flow, state, Plan(agreed=True))


def missed(flow: model.Flow, state: CallState) -> Step:
    """Silence or nonsense where a person or a callback is at stake: ask again, then do the kind thing.

    The miss is counted, and what to say about it is pending, already.
    """
    stage = state.stage
    if state.misses < MISSES_BEFORE_ASSUMING:
        return listen_again(flow, line.in_line_anew(state))
    state = line.with_everybody(state)
    match stage:
        case ChoosingDay(plan=plan) | ChoosingPart(plan=plan) | ChoosingSlot(plan=plan):
            return times.not_chosen(flow, state, plan)
        case ConfirmingNumber(number=number, plan=plan):
            return booking.request(flow, state, number, plan)
        case TellingPromise(at_start=at_start) | ConfirmingCancel(at_start=at_start):
            return returning.keep(flow, state, at_start=at_start)
        case OfferingCallback():
            return offering.answered(flow, state, stage, offering.STAY)
        case _:  # whoever is to key in a number has refused their own, or we have
            return line.wait(flow, state)


def advance(flow: model.Flow, state: CallState, event: Event) -> Step:
    """What the shell found out about callers, people, times and promises; what fits no question of ours, is nothing."""
    stage = state.stage
    match event:
        case CallerRecognised() if isinstance(stage, Recognising):
            return returning.recognised(flow, state, event)
        case PersonFound(person_id=person_id, person_number=number) if isinstance(stage, SeekingPerson | WaitingInLine):
            return line.join(say_message(state, "joining"), person_id, number)
        case NobodyFree() if isinstance(stage, WaitingInLine):
            return offering.still_in_line(flow, state, stage, event)
        case NobodyFree() if isinstance(stage, SeekingPerson):
            return offering.nobody_free(flow, state, event)
        case TransferEnded(talked=True) if isinstance(stage, WithPerson):
            return hang_up(say_message(state, "thanks"), "transferred")
        case TransferEnded(talked=False) if isinstance(stage, WithPerson):
            state = msgspec.structs.replace(state, tried=(*state.tried, stage.person_id), person_id=None)
            return line.seek(flow, say_message(state, "person_missed"))
        case SlotsKnown() if isinstance(stage, AskingSlots):
            return times.known(flow, state, stage, event)
        case CallbackPromised() if isinstance(stage, Booking) or (isinstance(stage, Moving) and state.promise):
            return returning.go_on(flow, booking.booked(flow, state, event), at_start=stage.plan.at_start)
        case PromiseCancelled() if isinstance(stage, Cancelling):
            return returning.cancelled(flow, state, "cancelled")
        case CallbackRefused(reason=reason) if isinstance(stage, Booking):
            return _not_booked(flow, state, stage, reason)
        case CallbackRefused(reason=reason) if isinstance(stage, Moving):
            return _not_moved(flow, state, stage.plan, reason)
        case CallbackRefused(reason="gone") if isinstance(stage, Cancelling):
            return returning.cancelled(flow, state, "promise_gone")
        case CallbackRefused() if isinstance(stage, Cancelling):
            return returning.keep(flow, state, at_start=stage.at_start, said="not_changed")
        case _:
            return state, []


def _not_booked(flow: model.Flow, state: CallState, stage: Booking, reason: RefusalReason) -> Step:
    """A plain sentence, and a way on."""
    plan = stage.plan
    state = say_message(state, _refusal(plan, reason))
    if reason in OTHER_NUMBERS_MAY_DO:
        refused = plan.own_refused or stage.number == state.caller_number
        plan = msgspec.structs.replace(plan, own_refused=refused, number=None)
        return listen(flow, fresh(state, EnteringNumber(plan=plan)))
    if reason in OTHER_TIMES_MAY_DO:
        keyed = None if stage.number == state.caller_number else stage.number
        return times.ask(flow, state, msgspec.structs.replace(_other_times(plan), number=keyed))
    return line.wait(flow, state)


def _refusal(plan: Plan, reason: RefusalReason) -> str:
    """The sentence for it: as soon as possible is no time that somebody else has taken."""
    if reason == "full" and plan.slot is None:
        return "refused_closed"
    return f"refused_{'store' if reason == 'gone' else reason}"


def _not_moved(flow: model.Flow, state: CallState, plan: Plan, reason: RefusalReason) -> Step:
    if reason == "gone":
        state = msgspec.structs.replace(say_message(state, "promise_gone"), promise=None, promise_id=None)
        return booking.book(flow, state, msgspec.structs.replace(plan, moves=False, at_start=False))
    if reason in OTHER_TIMES_MAY_DO:
        return times.ask(flow, say_message(state, _refusal(plan, reason)), _other_times(plan))
    return returning.keep(flow, state, at_start=plan.at_start, said="not_changed")


def _other_times(plan: Plan) -> Plan:
    """What may still be offered: not as soon as possible, where that cannot be kept."""
    return msgspec.structs.replace(plan, slot=None, soon=plan.soon and plan.slot is not None)


def back(flow: model.Flow, state: CallState) -> Step | None:
    """To the question before, as far as that is on the way as well; None where it is the flow's."""
    if isinstance(state.stage, ConfirmingCancel):
        return listen(flow, fresh(state, TellingPromise(at_start=state.stage.at_start)))
    return times.back(flow, state)


def hung_up(flow: model.Flow, state: CallState) -> list[actions.Action]:
    """What is to be done for whoever hung up on the way: leave the line, book what they had agreed to."""
    if isinstance(beneath(state.stage), WaitingInLine):
        return [actions.LeaveLine(queue=state.queue)]
    return booking.agreed_before_hanging_up(flow, state)
