"""Choosing the time of a callback: the day first where there are several, then a part of it, then a window.

ask --SlotsKnown--> [which day?] --ask again for that day--> [which part?] --> which window? --> book
         +--few--> which window?        +--none--> as soon as possible, or the line
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from flows import actions, hours, model, nodes, speaking
from flows.engine import line
from flows.engine.booking import book, fresh, number_of
from flows.engine.prompting import today_of
from flows.engine.questions import listen
from flows.engine.steps import Step, say_message
from flows.engine.way_questions import (
    MORE,
    SOON,
    days_on_page,
    pages_of,
    parts_of,
    slots_of,
    slots_on_page,
)
from flows.events import Slot, SlotsKnown
from flows.state import (
    AskingSlots,
    CallState,
    ChoosingDay,
    ChoosingPart,
    ChoosingSlot,
    ConfirmingNumber,
    EnteringNumber,
    OfferingCallback,
    Plan,
    TellingPromise,
    WaitingInLine,
)

# A day with more windows than this is divided: three short choices are sooner heard than many times.
SLOTS_WITHOUT_PARTS: Final = 4
# So few are offered at once, each with its day.
FEW_SLOTS: Final = 4
# A state is stored at every turn. A day has at most 96 windows, the farthest one is 60 days ahead.
MOST_SLOTS: Final = 96
MOST_DAYS: Final = 61


def of_node(flow: model.Flow, state: CallState, node: nodes.Callback) -> Step:
    """Begin to book a callback as a flow's node says."""
    if node.when == "as_soon_as_possible":
        return book(flow, state, Plan())
    return ask(flow, state, Plan(hours=node.hours))


def ask(flow: model.Flow, state: CallState, plan: Plan, day: dt.date | None = None) -> Step:
    """Which times are there, on a day or at all; the shell answers with `SlotsKnown`."""
    since = None
    if day is not None:
        since = dt.datetime.combine(day, dt.time(), tzinfo=flow.zone).astimezone(dt.UTC)
    stage = AskingSlots(plan=msgspec.structs.replace(plan, slot=None), day=day)
    number = number_of(state, plan)
    effect = actions.AskSlots(queue=state.queue, language=state.language, since=since, number=number)
    return msgspec.structs.replace(state, stage=stage), [effect]


def known(flow: model.Flow, state: CallState, stage: AskingSlots, event: SlotsKnown) -> Step:
    """The times that there are: offer days, or windows."""
    plan, slots = stage.plan, _within(flow, stage.plan, event.slots)
    if stage.day is not None:
        slots = [slot for slot in slots if day_of(flow, slot) == stage.day]
        if not slots:  # others were faster
            return ask(flow, say_message(state, "refused_full"), plan)
        return _of_day(flow, state, plan, slots)
    if not slots:
        return _no_times(flow, say_message(state, "no_times"), plan)
    if len(slots) <= FEW_SLOTS:
        return listen(flow, fresh(state, ChoosingSlot(slots=tuple(slots), plan=plan)))
    days = tuple(dict.fromkeys(day_of(flow, slot) for slot in slots))[:MOST_DAYS]
    if len(days) == 1:
        day = speaking.day(state.language, days[0], today=today_of(flow, state))
        return _of_day(flow, say_message(state, "on_day", day=day), plan, slots)
    return listen(flow, fresh(state, ChoosingDay(days=days, plan=plan)))


def _within(flow: model.Flow, plan: Plan, slots: tuple[Slot, ...]) -> list[Slot]:
    """The windows inside the opening hours that a flow's node asks for, if it does."""
    opening = None if plan.hours is None else flow.hours.get(plan.hours)
    if opening is None:
        return list(slots)
    last = dt.timedelta(seconds=1)
    return [
        slot
        for slot in slots
        if all(
            hours.is_open(opening, flow.holidays, at.astimezone(flow.zone)) for at in (slot.starts, slot.ends - last)
        )
    ]


def day_of(flow: model.Flow, slot: Slot) -> dt.date:
    """The office's day on which a window begins."""
    return slot.starts.astimezone(flow.zone).date()


def _of_day(flow: model.Flow, state: CallState, plan: Plan, slots: list[Slot]) -> Step:
    slots = slots[:MOST_SLOTS]
    if len(slots) > SLOTS_WITHOUT_PARTS and len(parts_of(flow, slots)) > 1:
        return listen(flow, fresh(state, ChoosingPart(slots=tuple(slots), plan=plan)))
    return listen(flow, fresh(state, ChoosingSlot(slots=tuple(slots), of_day=True, plan=plan)))


def _no_times(flow: model.Flow, state: CallState, plan: Plan) -> Step:
    if plan.moves:
        return listen(flow, fresh(state, TellingPromise(at_start=plan.at_start)))
    if plan.soon:
        return listen(flow, fresh(state, OfferingCallback(times=False)))
    return line.wait(flow, state, WaitingInLine(rounds=0, callback=False))


def answered(flow: model.Flow, state: CallState, stage: ChoosingDay | ChoosingPart | ChoosingSlot, keys: str) -> Step:
    """A choice of the caller."""
    plan = msgspec.structs.replace(stage.plan, agreed=True)
    if keys == SOON:
        return book(flow, state, msgspec.structs.replace(plan, slot=None))
    match stage:
        case ChoosingDay() | ChoosingSlot() if keys == MORE:
            page = (stage.page + 1) % pages_of(stage)
            return listen(flow, fresh(state, msgspec.structs.replace(stage, page=page)))
        case ChoosingDay():
            return ask(flow, state, plan, days_on_page(stage)[int(keys) - 1])
        case ChoosingPart(slots=slots):
            of_part = slots_of(flow, slots, parts_of(flow, slots)[int(keys) - 1])
            return listen(flow, fresh(state, ChoosingSlot(slots=of_part, of_day=True, plan=plan)))
        case ChoosingSlot():
            return book(flow, state, msgspec.structs.replace(plan, slot=slots_on_page(stage)[int(keys) - 1]))


def not_chosen(flow: model.Flow, state: CallState, plan: Plan) -> Step:
    """Whoever chooses no time keeps what they have, else is called as soon as possible, else stays in line."""
    if plan.moves:
        return listen(flow, fresh(state, TellingPromise(at_start=plan.at_start)))
    return book(flow, state, plan) if plan.soon else line.wait(flow, state, WaitingInLine(rounds=0, callback=False))


def back(flow: model.Flow, state: CallState) -> Step | None:
    """To the question before, as far as it is about the time of a callback; None where there is none."""
    match state.stage:
        case ChoosingPart(plan=plan) | ChoosingSlot(of_day=True, plan=plan):
            return ask(flow, state, plan)
        case ChoosingDay(plan=plan) | ChoosingSlot(plan=plan) if plan.moves:
            return listen(flow, fresh(state, TellingPromise(at_start=plan.at_start)))
        case ConfirmingNumber(plan=plan) | EnteringNumber(plan=plan) if plan.slot is not None:
            return ask(flow, state, plan)
        case _:
            return None
