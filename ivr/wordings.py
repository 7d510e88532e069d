"""The times of a promise in words: a new one for the customer, the promised one for the agent who is to keep it."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final

from callbacks.model import CallbackRequest
from flows import speaking
from flows.messages import message
from ivr.documents import known_language
from ivr.redis_flows import FlowStore

# The agents' language: they are briefed in it, whatever the line.
AGENTS: Final = "en"


class Wordings:
    """Times are told by the office's clock, with the day where it is not today."""

    def __init__(self, flows: FlowStore) -> None:
        self._flows = flows

    def written(self, request: CallbackRequest, ends: datetime, now: datetime) -> str:
        """The text message of a delay: it will be `ends` at the latest."""
        return self._late(request, ends, now, written=True)

    def spoken(self, request: CallbackRequest, ends: datetime, now: datetime) -> str:
        """The same for a call."""
        return self._late(request, ends, now, written=False)

    def promised(self, request: CallbackRequest, now: datetime) -> str:
        """What the customer was promised, for the agent who is to keep it."""
        by = self._moment(AGENTS, request.promised_by, now)
        if request.starts_at is None:
            return f"We promised to call by {by}."
        starts = self._moment(AGENTS, request.starts_at, now)
        return f"We promised to call between {starts} and {self._time(AGENTS, request.promised_by)}."

    def _late(self, request: CallbackRequest, ends: datetime, now: datetime, *, written: bool) -> str:
        language = known_language(request.language)
        organisation = str(request.dossier.get("organisation") or request.queue)
        when = self._moment(language, ends, now, written=written)
        return message(language, "callback_late", organisation=organisation, time=when)

    def _moment(self, language: str, at: datetime, now: datetime, *, written: bool = False) -> str:
        zone = self._flows.current.zone
        day, today = at.astimezone(zone).date(), now.astimezone(zone).date()
        told = self._time(language, at, written=written)
        if day == today:
            return told
        return message(language, "day_and_time", day=speaking.day(language, day, today=today), time=told)

    def _time(self, language: str, at: datetime, *, written: bool = False) -> str:
        clock = at.astimezone(self._flows.current.zone).time()
        return _in_figures(clock) if written and language == "en" else speaking.time(language, clock)


def _in_figures(clock: time) -> str:
    """2:30 PM: what is spoken as "2 30 PM" is read otherwise."""
    return f"{clock.hour % 12 or 12}:{clock.minute:02d} {'AM' if clock.hour < 12 else 'PM'}"
