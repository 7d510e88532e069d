"""How the lines stand: who is ahead, how long it takes, what may be promised."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from callbacks.calling_hours import common
from callbacks.committing import Committer
from callbacks.estimates import History, expected_wait, forecast, promise_by, talk_s
from callbacks.model import Agent, Interval, line_of
from callbacks.shifts import clipped, counted_on, is_free, joined, on_shift

# So far back the beginning of today lies in every zone, from wherever one looks.
TODAY_BEGAN: Final = timedelta(days=2)
SOON: Final = timedelta(days=1)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A caller's place in line, 1 for the next one; the wait in minutes is None before there is any history."""

    position: int
    wait_minutes: tuple[int, int] | None
    offers_callback: bool


class QueueStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How a queue stands: who waits (on the phone, or for a callback that is due), who is free, how long it takes."""

    waiting: int
    free_agents: int
    wait_minutes: int


class Standing:
    """Answers about lines and queues. Every method takes the present instant, in UTC."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._store = committer.store

    def place(self, queue: str, language: str, rank_at: datetime, now: datetime) -> Place:
        """The place of somebody with this rank, and whether a callback may be offered there."""
        rules = self._committer.rules_of(queue)
        position = self._ahead(queue, language, rank_at, now) + 1
        wait = expected_wait(position, len(self.staff(queue, language, now)), self.history(queue))
        patient = wait is None or wait[1] <= rules.most_wait_minutes
        room = self._store.backlog(queue) < rules.most_promises
        return Place(position=position, wait_minutes=wait, offers_callback=patient and room)

    def of_queue(self, queue: str, now: datetime) -> QueueStanding:
        """How a queue stands, in all its languages."""
        rules = self._committer.rules_of(queue)
        waiting = sum(self._ahead(queue, language, now, now) for language in rules.languages)
        agents = [known.record for known in self._store.agents() if queue in known.record.queues]
        free = sum(is_free(agent, now) for agent in agents)
        if free > waiting:
            return QueueStanding(waiting=waiting, free_agents=free, wait_minutes=0)
        staffed = max(1, sum(agent.state == "available" and on_shift(agent, now) for agent in agents))
        seconds = self.talk_s(queue) * (waiting - free + 1) / staffed
        return QueueStanding(waiting=waiting, free_agents=free, wait_minutes=max(1, round(seconds / 60)))

    def promise_by(
        self, queue: str, language: str, rank_at: datetime, now: datetime, allowed: list[Interval]
    ) -> datetime | None:
        """By when somebody with this rank can be promised to be called; None where `allowed` has no time for it.

        Only the time in which somebody works counts.
        """
        turn = self.turn(queue, language, rank_at, now)
        wait_s = self.talk_s(queue) if turn is None else (turn[1] - now).total_seconds()
        # Mostly somebody works soon, and two weeks of everybody's shifts need not be worked out.
        soon = [clipped(each, now, now + SOON) for each in allowed if each.starts < now + SOON]
        near = promise_by(now, wait_s / 60, self.staffed(queue, language, now, soon)) if soon else None
        return near or promise_by(now, wait_s / 60, self.staffed(queue, language, now, allowed))

    def staffed(
        self, queue: str, language: str, now: datetime, allowed: list[Interval], *, also: tuple[str, ...] = ()
    ) -> list[Interval]:
        """The part of `allowed` in which somebody works who serves the line, or one of the queues `also`.

        None of it where nobody has the skill and the language; all of it before any agent is named at all.
        """
        agents = self._with_skill(queue, language, also)
        always = any(not (agent.shifts or agent.days_off) and agent.state != "away" for agent in agents)
        if not allowed or always or not self._store.agents():
            return allowed
        until = allowed[-1].ends
        openings = joined(self._committer.rules_of(queue).openings(now - TODAY_BEGAN, until))
        alike = {(agent.zone, agent.shifts, agent.days_off, agent.state == "away"): agent for agent in agents}
        times = joined(each for agent in alike.values() for each in counted_on(agent, now, until, openings))
        return common(joined(allowed), times)

    def turn(
        self, queue: str, language: str, rank_at: datetime, now: datetime, *, also: tuple[str, ...] = ()
    ) -> tuple[datetime, datetime] | None:
        """Between which instants it will probably be the turn of this rank; None while nobody serves the line.

        The agents of the queues `also` help with it.
        """
        position = self._ahead(queue, language, rank_at, now) + 1
        assumed_s = self._committer.rules_of(queue).assumed_talk_s
        staff = len(self.staff(queue, language, now, also=also))
        return forecast(now, position, staff, self.history(queue), assumed_s)

    def staff(self, queue: str, language: str, now: datetime, *, also: tuple[str, ...] = ()) -> list[Agent]:
        """Those who serve the line now, or one of the queues `also`, free or not."""
        return [
            agent
            for agent in self._with_skill(queue, language, also)
            if agent.state == "available" and on_shift(agent, now)
        ]

    def history(self, queue: str) -> History:
        """The last conversations of a queue."""
        return History(self._store.talks(queue))

    def talk_s(self, queue: str) -> float:
        """What a conversation takes an agent, in seconds."""
        return talk_s(self.history(queue), self._committer.rules_of(queue).assumed_talk_s)

    def _with_skill(self, queue: str, language: str, also: tuple[str, ...]) -> list[Agent]:
        agents = (known.record for known in self._store.agents())
        return [agent for agent in agents if any(agent.serves(each, language) for each in (queue, *also))]

    def _ahead(self, queue: str, language: str, rank_at: datetime, now: datetime) -> int:
        return self._store.ahead(line_of(queue, language), rank_at, now)
