"""What a desk does with agents: list, add, change, send on a break, set shifts, remove; and the do-not-call list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from callbacks import slots
from callbacks.model import Agent, Interval, Shift, parts_of
from callbacks.shifts import parse_shifts
from flows.parts import LANGUAGES
from ivr.desk import views
from ivr.desk.desk import Desk
from ivr.desk.errors import DeskError
from ivr.desk.inputs import AgentInput, ShiftInput, StateInput
from ivr.desk.promises import e164_of
from ivr.desk.when import window_words
from ivr.masking import mask_number

DAY: Final = timedelta(days=1)
# How far ahead a window can have been promised: more than any rule allows.
FAR: Final = timedelta(days=400)


class AtRisk(msgspec.Struct, frozen=True, kw_only=True):
    """A window in which more is promised than the agents who are left can keep."""

    line: str
    starts: datetime
    words: str
    promises: int
    can_keep: int


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """An agent after a change, and the promises that it puts at risk."""

    agent: views.AgentView
    at_risk: tuple[AtRisk, ...] = ()
    added: bool = False


class Agents(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who takes calls, by id."""

    agents: tuple[views.AgentView, ...]


class DoNotCall(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that are never called."""

    numbers: tuple[str, ...]


def list_agents(desk: Desk, *, full_numbers: bool = False) -> Agents:
    """Everybody, by id."""
    clock = desk.clock()
    found = (views.agent_view(known.record, clock, full_numbers=full_numbers) for known in desk.store.agents())
    return Agents(agents=tuple(found))


def show_agent(desk: Desk, agent_id: str) -> views.AgentView:
    """One agent. Raises `DeskError`."""
    return views.agent_view(_known(desk, agent_id), desk.clock(), full_numbers=True)


def put_agent(desk: Desk, agent_id: str, wanted: AgentInput) -> Changed:
    """Add an agent, or change what is given. Raises `DeskError`."""
    flow, fields = desk.flow(), _fields(desk, wanted)
    added = False

    def change(known: Agent | None) -> Agent:
        nonlocal added
        added = known is None
        if known is not None:
            return msgspec.structs.replace(known, **fields)
        missing = [name for name in ("name", "number") if name not in fields]
        if missing:
            raise DeskError("invalid", f"there is no agent {agent_id} yet; a new one needs a {' and a '.join(missing)}")
        new: dict[str, Any] = {"queues": (flow.queue,), "zone": flow.time_zone, **fields}
        return Agent(id=agent_id, idle_since=desk.now(), **new)

    changed = _changing(desk, agent_id, change)
    return msgspec.structs.replace(changed, added=added)


def set_state(desk: Desk, agent_id: str, wanted: StateInput) -> Changed:
    """Note what an agent says of themselves; who is available again is not left alone any more. Raises `DeskError`."""
    return _changing(
        desk,
        agent_id,
        lambda known: msgspec.structs.replace(_there(known, agent_id, desk), state=wanted.state, not_before=None),
    )


def set_shifts(desk: Desk, agent_id: str, wanted: ShiftInput) -> Changed:
    """Set an agent's weekly shifts and days off; what is left out stays. Raises `DeskError`."""
    shifts = None if wanted.shifts is None else _shifts(wanted.shifts)

    def change(known: Agent | None) -> Agent:
        agent = _there(known, agent_id, desk)
        days_off = {*agent.days_off, *_days(wanted.add_days_off)} - set(_days(wanted.remove_days_off))
        agent = msgspec.structs.replace(agent, days_off=tuple(sorted(days_off)))
        return agent if shifts is None else msgspec.structs.replace(agent, shifts=shifts)

    return _changing(desk, agent_id, change)


def remove_agent(desk: Desk, agent_id: str) -> Changed:
    """Remove an agent who is in no call. Raises `DeskError`."""

    def send_away(known: Agent | None) -> Agent:
        agent = _there(known, agent_id, desk)
        if agent.holder is not None:
            hint = f"`ivr agents state {agent_id} away` lets them finish; then remove them"
            raise DeskError("in_call", f"{agent.name} is in a call just now: {hint}")
        return msgspec.structs.replace(agent, state="away")

    before = [known.record for known in desk.store.agents()]
    # Nobody gives a call to who is away: so none begins between this and the removal.
    agent = desk.change_agent(agent_id, send_away)
    desk.store.remove_agent(agent_id)
    at_risk = promises_at_risk(desk, before, [each for each in before if each.id != agent_id])
    return Changed(agent=views.agent_view(agent, desk.clock(), full_numbers=True), at_risk=at_risk)


def promises_at_risk(desk: Desk, before: Iterable[Agent], after: Iterable[Agent]) -> tuple[AtRisk, ...]:
    """The windows that hold more promises than `after` can keep, and could keep more with the agents of `before`."""
    clock, store = desk.clock(), desk.store
    booked = store.booked(clock.now - DAY, clock.now + FAR)
    before, after, talk_s = list(before), list(after), cache(desk.callbacks.standing.talk_s)
    found = []
    for (line, starts), count in sorted(booked.items(), key=lambda item: (item[0][1], item[0][0])):
        any_time = [Interval(starts=starts - DAY, ends=starts + DAY)]

        def room(
            agents: list[Agent], line: str = line, starts: datetime = starts, any_time: list[Interval] = any_time
        ) -> int:
            return slots.capacity(clock.rules_of, line, starts, clock.now, agents, any_time, booked, talk_s)

        left = room(after)
        if count > left and left < room(before):
            length = timedelta(minutes=clock.rules_of(parts_of(line)[0]).slots.window_minutes)
            words = window_words(starts, starts + length, clock.zone, clock.now)
            found.append(AtRisk(line=line, starts=starts, words=words, promises=count, can_keep=left))
    return tuple(found)


def do_not_call(desk: Desk, number: str, *, listed: bool) -> str:
    """Put a number on the list of those that are never called, or take it off; its E.164 form. Raises `DeskError`."""
    e164 = e164_of(desk, number)
    if not listed and not desk.store.on_do_not_call(e164):
        raise DeskError("not_found", "that number is not on the list")
    desk.store.do_not_call(e164, listed=listed)
    return e164


def do_not_call_list(desk: Desk, *, full_numbers: bool) -> DoNotCall:
    """The numbers that are never called."""
    listed = desk.store.do_not_call_list()
    return DoNotCall(numbers=tuple(listed if full_numbers else (mask_number(number) or "" for number in listed)))


def _changing(desk: Desk, agent_id: str, change: Callable[[Agent | None], Agent]) -> Changed:
    before = [known.record for known in desk.store.agents()]
    agent = desk.change_agent(agent_id, change)
    after = [*(each for each in before if each.id != agent_id), agent]
    at_risk = promises_at_risk(desk, before, after)
    return Changed(agent=views.agent_view(agent, desk.clock(), full_numbers=True), at_risk=at_risk)


def _fields(desk: Desk, wanted: AgentInput) -> dict[str, Any]:
    """What was given, checked, as fields of an agent."""
    given = {name: value for name in wanted.__struct_fields__ if (value := getattr(wanted, name)) is not None}
    if wanted.number is not None:
        given["number"] = e164_of(desk, wanted.number)
    if wanted.queues is not None and desk.flow().queues:
        _check_all(wanted.queues, tuple(sorted({*desk.flow().queues, desk.flow().queue})), "queues")
    if wanted.languages is not None:
        _check_all(wanted.languages, LANGUAGES, "languages")
    if wanted.zone is not None:
        _check_zone(wanted.zone)
    if wanted.shifts is not None:
        given["shifts"] = _shifts(wanted.shifts)
    if wanted.days_off is not None:
        given["days_off"] = _days(wanted.days_off)
    if wanted.per_hour == 0:
        given["per_hour"] = None
    return given


def _check_all(words: tuple[str, ...], known: tuple[str, ...], what: str) -> None:
    for word in words:
        if word not in known:
            raise DeskError("invalid", f'{what}: "{word}" is not known', allowed=known)


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise DeskError("invalid", f'zone: "{name}" is not a time zone; write one such as Europe/Berlin') from None


def _shifts(text: str) -> tuple[Shift, ...]:
    try:
        return parse_shifts(text)
    except ValueError as error:
        raise DeskError("invalid", f"shifts: {error}") from None


def _days(days: Iterable[date]) -> tuple[str, ...]:
    return tuple(sorted(day.isoformat() for day in set(days)))


def _known(desk: Desk, agent_id: str) -> Agent:
    known = desk.store.agent(agent_id)
    return _there(None if known is None else known.record, agent_id, desk)


def _there(known: Agent | None, agent_id: str, desk: Desk) -> Agent:
    if known is None:
        everybody = tuple(each.record.id for each in desk.store.agents())
        raise DeskError("not_found", f"there is no agent {agent_id}", allowed=everybody)
    return known
