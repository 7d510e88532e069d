"""Callbacks and agents in words."""

from __future__ import annotations

import typing
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from callbacks.memory_store import MemoryStore
from callbacks.model import Agent, CallbackRequest, State
from callbacks.rules import DISPOSITIONS, Policy
from callbacks.service import Callbacks
from callbacks.shifts import parse_shifts
from callbacks.store import Versioned
from ivr.desk import views
from ivr.desk.views import Clock, agent_status, agent_view, detail, late_s, late_words, state_words, view
from tests.wishes import CUSTOMER, NOW, book, london

AGENT = Agent(
    id="desk", name="Front desk", number="+442079460100", queues=("shop",), idle_since=NOW, zone="Europe/London"
)


def clock(now: datetime = NOW) -> Clock:
    return Clock(now=now, zone=ZoneInfo("Europe/London"), rules_of=london)


def request(**changes: Any) -> CallbackRequest:
    booked = book(Callbacks(MemoryStore(Policy()), Policy(), london))
    return msgspec.structs.replace(booked, **changes)


def after(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_every_state_has_words() -> None:
    assert set(views.STATES) == set(typing.get_args(State))
    for state in typing.get_args(State):
        assert state_words(request(state=state), clock()), state


def test_an_end_is_told_by_the_queues_own_label_or_ours() -> None:
    assert state_words(request(state="ended", disposition="solved"), clock()) == DISPOSITIONS["1"].label
    assert state_words(request(state="ended", disposition="cancelled"), clock()) == "cancelled"
    assert state_words(request(state="ended", disposition="something"), clock()) == "something"


def test_one_that_was_not_reached_says_when_it_is_tried_again() -> None:
    again = request(state="scheduled", dials=1, due_at=after(60))
    assert state_words(again, clock()) == "not reached yet; again today 11:30"
    assert "in a call with us" in state_words(request(state="scheduled", held_by_call="CA1"), clock())


@pytest.mark.parametrize(
    ("changes", "now", "late", "words"),
    [
        ({}, after(10), 0, ""),
        ({}, after(20), 300, "overdue 5 min"),
        ({"first_dialled_at": after(10)}, after(60), 0, ""),
        ({"first_dialled_at": after(15.5)}, after(60), 30, "rang 30 s late"),
        ({"state": "ended", "disposition": "cancelled", "ended_at": after(5)}, after(60), 0, ""),
        ({"state": "ended", "disposition": "cancelled", "ended_at": after(45)}, after(60), 1800, "never rung"),
        ({"state": "ended", "disposition": "expired", "ended_at": after(45)}, after(60), 1800, "never rung"),
        ({"state": "ended", "disposition": "talked", "first_dialled_at": after(9)}, after(60), 0, ""),
    ],
)
def test_lateness_is_measured_on_the_promise_that_was_made_first(
    changes: dict[str, Any], now: datetime, late: int, words: str
) -> None:
    # What was told later does not make it punctual.
    made = request(first_promised_by=after(15), promised_by=after(500), **changes)
    assert late_s(made, now) == late
    assert late_words(made, late) == words


def test_a_list_masks_the_number_and_a_single_one_keeps_the_machinerys_secrets() -> None:
    known = Versioned(request(), 3)
    masked = msgspec.json.encode(view(known, clock(), full_numbers=False)).decode()
    assert CUSTOMER not in masked
    assert "…0123" in masked
    assert view(known, clock(), full_numbers=True).number == CUSTOMER
    shown = msgspec.json.encode(detail(known, clock())).decode()
    assert known.record.salt not in shown
    assert '"version":3' in shown


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({}, "free", "free for 3 min"),
        ({"holder": "call:CA1"}, "busy", "in a call"),
        ({"holder": "call:CA1", "joined_at": NOW}, "busy", "in a call for 3 min"),
        ({"state": "break"}, "break", "on a break"),
        ({"state": "away"}, "away", "away"),
        ({"shifts": parse_shifts("tue 09:00-17:00")}, "off_shift", "not on shift"),
        ({"not_before": after(4)}, "cooling_off", "left alone for 60 s after a missed call"),
        ({"per_hour": 1, "given_at": (NOW,)}, "paced", "has had 1 calls within the hour"),
    ],
)
def test_what_an_agent_does_is_told_by_the_reason_that_comes_first(
    changes: dict[str, Any], status: str, words: str
) -> None:
    agent = msgspec.structs.replace(AGENT, **changes)
    assert agent_status(agent, clock(after(3))) == (status, words)


def test_an_agents_shifts_are_shown_as_they_were_written() -> None:
    agent = msgspec.structs.replace(AGENT, shifts=parse_shifts("mon-fri 09:00-17:00"))
    shown = agent_view(agent, clock(), full_numbers=False)
    assert (shown.shifts, shown.number) == ("mon-fri 09:00-17:00", "…0100")
