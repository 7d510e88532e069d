"""What a flow says of its queues, in the words of the callbacks: a plain conversion."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from callbacks import rules
from callbacks.model import Interval
from callbacks.rules import QueueRules
from flows.hours import openings_between
from flows.model import Flow
from flows.queues import Disposition, Numbers, Queue, minutes_of
from ivr.redis_flows import FlowStore

# Whole days of openings that are kept: a tick asks for the same ones all day long.
_KEPT = 64


class CurrentRules:
    """The rules of the flow that new calls begin with, worked out once for each revision."""

    def __init__(self, flows: FlowStore, *, own_numbers: tuple[str, ...]) -> None:
        self._flows = flows
        self._own_numbers = own_numbers
        self._known: tuple[str, dict[str, QueueRules]] = ("", {})

    def __call__(self, queue: str) -> QueueRules:
        """The rules of a queue; the defaults for one that the flow does not list."""
        flow = self._flows.current
        revision, known = self._known
        if revision != flow.revision:
            known = {}
            self._known = (flow.revision, known)
        if queue not in known:
            known[queue] = rules_of(flow, queue, own_numbers=self._own_numbers)
        return known[queue]


def rules_of(flow: Flow, queue: str, *, own_numbers: tuple[str, ...]) -> QueueRules:
    """The rules of one queue, the defaults where the flow does not list it; `own_numbers` are never called back.

    Whoever asks often keeps the result as long as the flow's revision: it remembers the openings it has worked out.
    """
    given = flow.queue_of(queue)
    from_minute, to_minute = minutes_of(given.calling_hours)
    return QueueRules(
        name=queue,
        zone=flow.time_zone,
        languages=flow.languages,
        openings=openings_of(flow, queue),
        order=given.dial,
        calling_hours=rules.CallingHours(from_minute=from_minute, to_minute=to_minute),
        slots=rules.SlotRules(
            window_minutes=given.windows.minutes,
            notice_minutes=given.windows.notice_minutes,
            days_ahead=given.windows.days_ahead,
            share_percent=given.windows.share_percent,
        ),
        retries=rules.RetryPlan(
            busy=given.retries.busy,
            no_answer=given.retries.no_answer,
            machine=given.retries.machine,
            failed=given.retries.failed,
        ),
        most_dials=given.most_dials,
        expires_after_minutes=given.expires_hours * 60,
        most_promises=given.most_promises,
        most_wait_minutes=given.most_wait_minutes,
        assumed_talk_s=given.assumed_talk_minutes * 60,
        preferred_grace_s=given.preferred_agent_minutes * 60,
        overflow=given.overflow,
        dispositions=_dispositions(given),
        numbers=_numbers(given.numbers, flow.country, own_numbers),
        quotas=rules.Quotas(per_caller=given.quotas.per_caller, per_number=given.quotas.per_number),
        last_message=given.last_message,
    )


def openings_of(flow: Flow, queue: str) -> rules.Openings:
    """When the people of a queue are there, by its hours, the flow's holidays and the office's zone."""
    hours = flow.hours_of_queue(queue)
    if hours is None:
        return rules.always_open

    @lru_cache(maxsize=_KEPT)
    def whole_days(first: int, last: int) -> tuple[Interval, ...]:
        """The openings of days in UTC, by their ordinals, the last one included."""
        since = dt.datetime.combine(dt.date.fromordinal(first), dt.time(), dt.UTC)
        until = dt.datetime.combine(dt.date.fromordinal(last + 1), dt.time(), dt.UTC)
        found = openings_between(hours, flow.holidays, flow.zone, since, until)
        return tuple(Interval(starts=opens, ends=closes) for opens, closes in found)

    def openings(since: dt.datetime, until: dt.datetime) -> list[Interval]:
        begin, end = since.astimezone(dt.UTC), until.astimezone(dt.UTC)
        cut = (
            Interval(starts=max(opening.starts, begin), ends=min(opening.ends, end))
            for opening in whole_days(begin.toordinal(), end.toordinal())
        )
        return [opening for opening in cut if opening.starts < opening.ends]

    return openings


def _dispositions(given: Queue) -> dict[str, rules.DispositionRule]:
    return {key: _disposition(one) for key, one in given.dispositions.items()}


def _disposition(given: Disposition) -> rules.DispositionRule:
    return rules.DispositionRule(
        code=given.code,
        label=given.label,
        again_minutes=given.again_minutes,
        rescue=given.rescue,
        machine=given.machine,
    )


def _numbers(given: Numbers, country: str, own_numbers: tuple[str, ...]) -> rules.NumberRules:
    return rules.NumberRules(
        countries=given.countries if given.countries is not None else (country,),
        allow=given.allow,
        deny=given.deny,
        own=own_numbers,
    )
