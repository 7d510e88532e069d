"""The agents' calendars: what calendar programs read, parsed back as they do it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import pytest
import redis
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from callbacks.memory_store import MemoryStore
from callbacks.model import Agent, CallbackRequest
from callbacks.redis_store import RedisStore
from callbacks.rules import Policy
from callbacks.service import Callbacks
from callbacks.shifts import parse_shifts
from callbacks.store import Versioned
from ivr.desk.calendar import calendar_of, calendar_url, feed
from ivr.desk.desk import Desk
from ivr.desk.views import Clock
from ivr.redis_desk import DeskReads
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build
from ivr.web.app import create_app
from tests import wishes
from tests.integration.signed import TOKEN, settings_for
from tests.wishes import CUSTOMER, NOW, london

DESK = Agent(
    id="desk", name="Front desk", number="+442079460100", queues=("shop",), idle_since=NOW, zone="Europe/London"
)
ZONE = "Europe/London"
TOMORROW = NOW.replace(day=3, hour=11, minute=0)


class Office:
    """A desk whose clock stands at `NOW`, until it is moved."""

    def __init__(self, client: redis.Redis, flow: Any) -> None:
        policy = Policy()
        self.now = NOW
        self.callbacks = Callbacks(RedisStore(client, policy), policy, london)
        self.desk = Desk(
            callbacks=self.callbacks,
            reads=DeskReads(client),
            flow=lambda: flow,
            end_legs=lambda _: None,
            now=lambda: self.now,
        )
        self.callbacks.agents.put(DESK)

    def book(self, starts: datetime | None = TOMORROW, **changes: Any) -> CallbackRequest:
        wanted = {"starts": starts, **changes}
        return wishes.book(self.callbacks, wanted.pop("key", "k"), wanted.pop("number", CUSTOMER), **wanted)

    def events(self, agent_id: str = "desk") -> dict[str, Event]:
        calendar = Calendar.from_ical(calendar_of(self.desk, agent_id))
        return {str(event["uid"]).partition("@")[0]: event for event in calendar.walk("VEVENT")}


@pytest.fixture(scope="module")
def services(redis_server: PrivateRedis) -> Services:
    return build(settings_for(redis_server.url))


@pytest.fixture
def office(services: Services, redis_client: redis.Redis) -> Office:
    return Office(redis_client, services.flows.current)


def test_a_booked_window_is_an_event_and_a_callback_as_soon_as_possible_is_none(office: Office) -> None:
    booked = office.book(dossier={"reason": "an order, blue; ring 020 7946 0123\nor +442079460123"})
    office.book(None, key="soon", number="+442079460124")
    events = office.events()
    assert list(events) == [booked.id]
    event = events[booked.id]
    assert event.decoded("dtstart") == TOMORROW
    assert event.decoded("dtend") == TOMORROW + timedelta(hours=1)
    assert event["status"] == "CONFIRMED"
    assert event["transp"] == "TRANSPARENT"
    assert "…0123" in event["summary"]
    assert "an order, blue;" in event["description"]


def test_no_calendar_holds_more_of_a_number_than_its_last_four_digits(office: Office) -> None:
    office.book(dossier={"reason": "+442079460123 or 02079460123", "caller_number": CUSTOMER})
    text = calendar_of(office.desk, "desk").decode().replace("\r\n ", "")
    assert "0123" in text
    assert "9460123" not in text


def test_a_move_is_the_same_event_later_and_a_cancelled_one_is_shown_as_such_for_a_while(office: Office) -> None:
    booked = office.book()
    first = office.events()[booked.id]
    office.now += timedelta(minutes=5)
    office.callbacks.promises.move(booked.id, TOMORROW + timedelta(hours=2), office.now)
    moved = office.events()[booked.id]
    assert moved.decoded("dtstart") == TOMORROW + timedelta(hours=2)
    assert moved["uid"] == first["uid"]
    assert moved.decoded("sequence") > first.decoded("sequence")
    assert moved.decoded("last-modified") > first.decoded("last-modified")
    assert moved.decoded("created") == first.decoded("created")
    office.now += timedelta(minutes=5)
    office.callbacks.promises.cancel(booked.id, office.now)
    cancelled = office.events()[booked.id]
    assert cancelled["status"] == "CANCELLED"
    assert cancelled.decoded("sequence") > moved.decoded("sequence")
    office.now += timedelta(days=15)
    assert office.events() == {}


def test_an_agent_sees_the_lines_that_they_serve_within_their_shifts(office: Office) -> None:
    booked = office.book()
    late = office.book(TOMORROW + timedelta(hours=5), key="late", number="+442079460124")
    persian = office.book(key="fa", number="+442079460125", language="fa")
    put = office.callbacks.agents.put
    put(msgspec.structs.replace(DESK, id="mornings", shifts=parse_shifts("mon-fri 09:00-12:00")))
    put(msgspec.structs.replace(DESK, id="persian", languages=("fa",)))
    put(msgspec.structs.replace(DESK, id="till", queues=("till",)))
    put(msgspec.structs.replace(DESK, id="off", days_off=(TOMORROW.date().isoformat(),)))
    assert office.events().keys() == {booked.id, late.id, persian.id}
    assert office.events("mornings").keys() == {booked.id, persian.id}
    assert office.events("persian").keys() == {persian.id}
    assert office.events("till") == office.events("off") == {}


def test_a_callback_stays_in_the_calendar_while_it_is_being_kept_and_after(office: Office) -> None:
    booked = office.book()
    office.now = TOMORROW + timedelta(minutes=1)
    office.callbacks.claims.wake(office.now)
    assert office.events().keys() == {booked.id}
    assert office.callbacks.claims.claim(office.now) is not None
    assert office.events()[booked.id]["status"] == "CONFIRMED"


# ---------------------------------------------------------------- the address


def test_the_address_is_the_secret_and_nobody_elses(office: Office, services: Services) -> None:
    web = create_app(services).test_client()
    path = urlsplit(calendar_url(services.settings, "desk")).path
    office.callbacks.agents.put(msgspec.structs.replace(DESK, id="till"))
    answer = web.get(path)
    assert (answer.status_code, answer.content_type) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["Cache-Control"].startswith("private")
    assert TOKEN not in path
    assert web.get(path.replace("/desk/", "/till/")).status_code == 404
    assert web.get(path[:-5] + ".ics").status_code == 404
    assert web.get(path.replace(".ics", "%C3%BC.ics")).status_code == 404
    assert web.get(urlsplit(calendar_url(services.settings, "nobody")).path).status_code == 404
    assert web.post(path).status_code == 405
    other = services.settings.model_copy(
        update={"twilio_auth_token": services.settings.twilio_auth_token.__class__("x")}
    )
    assert calendar_url(other, "desk") != calendar_url(services.settings, "desk")


def test_a_calendar_that_has_not_changed_is_not_sent_again(office: Office, services: Services) -> None:
    web = create_app(services).test_client()
    path = urlsplit(calendar_url(services.settings, "desk")).path
    etag = web.get(path).headers["ETag"]
    assert web.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_without_the_store_a_calendar_program_is_asked_to_come_again() -> None:
    services = build(settings_for("redis://127.0.0.1:1/0"))
    web: FlaskClient = create_app(services).test_client()
    answer = web.get(urlsplit(calendar_url(services.settings, "desk")).path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


# ---------------------------------------------------------------- by property

TEXTS = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from(";,\\\n\":'\r\0")),
    max_size=200,
)
MINUTES = st.integers(0, 15 * 366 * 24 * 60)


@given(
    reason=TEXTS, name=TEXTS, since_2020=MINUTES, minutes=st.integers(0, 600), version=st.integers(1, 10**6),
    ended=st.sampled_from([None, "cancelled", "talked", "unreached", "answered_live", "solved"]),
)  # fmt: skip
def test_whatever_callers_say_the_calendar_is_valid_and_reads_back_as_it_was(
    reason: str, name: str, since_2020: int, minutes: int, version: int, ended: str | None
) -> None:
    starts = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=since_2020)
    booked = msgspec.structs.replace(
        wishes.book(_memory(), "k", starts=None),
        starts_at=starts,
        promised_by=starts + timedelta(minutes=minutes),
        dossier={"reason": reason},
        disposition=ended,
        state="ended" if ended else "scheduled",
        ended_at=starts if ended else None,
    )
    clock = Clock(now=NOW, zone=ZoneInfo(ZONE), rules_of=london)
    agent = msgspec.structs.replace(DESK, name=name)
    raw: bytes = feed(agent, [Versioned(booked, version)], clock).to_ical()
    lines = raw.split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)
    calendar = Calendar.from_ical(raw)
    assert calendar["version"] == "2.0"
    assert calendar["prodid"]
    assert calendar["refresh-interval"].params["VALUE"] == "DURATION"
    (event,) = calendar.walk("VEVENT")
    assert not event.errors
    assert event["uid"] == f"{booked.id}@callbacks.zerohold"
    assert event.decoded("sequence") == version
    assert event.decoded("dtstart") == starts
    assert event.decoded("dtend") > event.decoded("dtstart")
    assert event["status"] == ("CANCELLED" if ended in {"cancelled", "answered_live"} else "CONFIRMED")
    for required in ("uid", "dtstamp", "dtstart"):
        assert not isinstance(event[required], list)


def _memory() -> Callbacks:
    policy = Policy()
    return Callbacks(MemoryStore(policy), policy, london)
