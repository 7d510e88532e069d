"""What the phones saw in one schedule: the carrier's log is the judge, whatever the records say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from ivr.localcarrier.driven import DrivenCarrier
from tests.benchmarks.crash.judge import Score
from tests.benchmarks.crash.schedules.plan import CLOSES, MORNING

# A clock that is off by so much is still trusted.
TOLERANCE: Final = timedelta(seconds=2)
# A conversation that the schedule itself cuts off by breaking the line is to be had again.
SHORTEST_TALK_S: Final = 12.0


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, in words; nothing where all is well."""

    lost: tuple[str, ...] = ()
    double: tuple[str, ...] = ()
    outside_hours: tuple[str, ...] = ()

    @property
    def score(self) -> Score:
        """The same in numbers."""
        return Score(lost=len(self.lost), double=len(self.double), outside_hours=len(self.outside_hours))


def judge(carrier: DrivenCarrier, promised: Mapping[str, str]) -> Verdict:
    """Judge a schedule that is over; `promised` is the customer's number -> the request's id."""
    lost, double = [], []
    talks = _talks(carrier)
    for number, request_id in promised.items():
        whole = [seconds for room, seconds in talks if room.startswith(f"{request_id}-") and seconds >= SHORTEST_TALK_S]
        if not whole:
            lost.append(f"{request_id}: nobody talked with {number}")
        if len(whole) > 1:
            double.append(f"{request_id}: {len(whole)} conversations with {number}")
    outside = [
        f"{call.to_number} was rung at {datetime.fromtimestamp(call.created_at, UTC):%a %H:%M:%S}"
        for call in carrier.calls()
        if call.to_number in promised and not _within_hours(datetime.fromtimestamp(call.created_at, UTC))
    ]
    return Verdict(lost=tuple(lost), double=tuple(double), outside_hours=tuple(outside))


def _within_hours(at: datetime) -> bool:
    opens, closes = MORNING.time(), CLOSES.time()
    return opens <= (at + TOLERANCE).time() and (at - TOLERANCE).time() < closes


def _talks(carrier: DrivenCarrier) -> list[tuple[str, float]]:
    """Each stretch of time in which an agent and a customer were in one conference: its name, and seconds."""
    inside: dict[str, dict[str, float]] = {}
    talks = []
    for event in carrier.events():
        if event.kind != "conference_event" or event.call_sid is None:
            continue
        people = inside.setdefault(event["name"], {})
        if event["event"] == "participant-join":
            people[event.call_sid] = event.at
        elif event["event"] == "participant-leave" and event.call_sid in people:
            if len(people) > 1:
                talks.append((event["name"], event.at - max(people.values())))
            del people[event.call_sid]
    return talks
