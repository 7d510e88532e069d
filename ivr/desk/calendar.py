"""An agent's calendar: the booked callbacks of their lines, within their shifts, as iCalendar.

Source: RFC 5545 (calendar, UID, SEQUENCE, STATUS), RFC 7986 section 5.7 (REFRESH-INTERVAL).
"""

from __future__ import annotations

import heapq
import hmac
import unicodedata
from datetime import datetime, timedelta
from typing import Final

from icalendar import Calendar, Event, vText

from callbacks.model import Agent, CallbackRequest, parts_of
from callbacks.shifts import working
from callbacks.store import Versioned
from ivr.desk.desk import Desk
from ivr.desk.errors import DeskError
from ivr.desk.views import Clock, state_words
from ivr.masking import mask_number, mask_numbers
from ivr.settings import Settings

SECRET_DIGITS: Final = 32
REFRESH: Final = timedelta(minutes=15)
# A calendar's reader may look once a day, and be away for a week: what was cancelled is shown as such for so long.
CANCELLED_FOR: Final = timedelta(days=14)
MOST_EVENTS: Final = 1000
CALLED_OFF: Final = frozenset({"cancelled", "answered_live", "booked_again"})


def calendar_secret(settings: Settings, agent_id: str) -> str:
    """The part of a calendar's address that nobody can guess: an HMAC under the auth token."""
    token = settings.twilio_auth_token.get_secret_value().encode()
    return hmac.digest(token, b"zerohold calendar 1 " + agent_id.encode(), "sha256").hex()[:SECRET_DIGITS]


def calendar_url(settings: Settings, agent_id: str) -> str:
    """The address of an agent's calendar."""
    return f"{settings.public_url}/calendar/{agent_id}/{calendar_secret(settings, agent_id)}.ics"


def calendar_of(desk: Desk, agent_id: str) -> bytes:
    """The agent's calendar. Raises `DeskError`."""
    known, clock = desk.store.agent(agent_id), desk.clock()
    if known is None:
        raise DeskError("not_found", f"there is no agent {agent_id}")
    agent = known.record
    lines = [line for line in desk.reads.lines() if agent.serves(*parts_of(line))]
    found = desk.reads.in_calendar(lines, clock.now, CANCELLED_FOR)
    return bytes(feed(agent, found, clock).to_ical())


def feed(agent: Agent, requests: list[Versioned[CallbackRequest]], clock: Clock) -> Calendar:
    """A calendar of the windows of these requests that are the agent's, in order."""
    calendar = Calendar()
    calendar.add("prodid", "-//Zerohold//Callbacks//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    name = vText(_plain(f"Callbacks of {agent.name}").replace("\n", " "))
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    mine = (known for known in requests if _is_of(agent, known.record))
    nearest = heapq.nsmallest(MOST_EVENTS, mine, key=lambda known: abs(_start_of(known.record) - clock.now))
    for known in sorted(nearest, key=lambda known: (_start_of(known.record), known.record.id)):
        calendar.add_component(_event(known, clock))
    return calendar


def _is_of(agent: Agent, request: CallbackRequest) -> bool:
    if request.starts_at is None or not agent.serves(request.queue, request.language):
        return False
    return bool(working(agent, _start_of(request), _end_of(request)))


def _event(known: Versioned[CallbackRequest], clock: Clock) -> Event:
    """The version rises with each change of the record, and so with each move."""
    request = known.record
    called_off = request.disposition in CALLED_OFF
    reason = _plain(str(mask_numbers(str(request.dossier.get("reason") or ""))))
    event = Event()
    # The same for ever: a move is the same event at another time.
    event.add("uid", f"{request.id}@callbacks.zerohold")
    event.add("sequence", known.version)
    event.add("dtstamp", _second(request.looked_at))
    event.add("created", _second(request.created_at))
    event.add("last-modified", _second(request.looked_at))
    event.add("dtstart", _start_of(request))
    event.add("dtend", _end_of(request))
    event.add("summary", f"Callback {mask_number(request.number)} for {request.queue} ({request.language})")
    event.add("description", "\n".join(part for part in (reason, state_words(request, clock)) if part))
    event.add("status", "CANCELLED" if called_off else "CONFIRMED")
    # Several agents may have the same window: it blocks nobody's day.
    event.add("transp", "TRANSPARENT")
    event.add("class", "CONFIDENTIAL")
    return event


def _start_of(request: CallbackRequest) -> datetime:
    assert request.starts_at is not None  # noqa: S101 - only those are in a calendar
    return request.starts_at


def _end_of(request: CallbackRequest) -> datetime:
    """The end of the window, which lies behind its start whatever was promised later."""
    return max(request.promised_by, _start_of(request) + timedelta(minutes=1))


def _plain(text: str) -> str:
    """Text without control characters but line ends: a calendar has none. Source: RFC 5545 section 3.1 (SAFE-CHAR)."""
    return "".join(each for each in text if each == "\n" or unicodedata.category(each) not in {"Cc", "Cs"})


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
