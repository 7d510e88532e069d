"""Callbacks as tests ask for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from callbacks.booking import Promise, Wish
from callbacks.model import Agent, CallbackRequest
from callbacks.rules import QueueRules
from callbacks.service import Callbacks

# A Monday, half past ten in London.
NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
CUSTOMER = "+442079460123"


def london(queue: str) -> QueueRules:
    """A queue that never closes, in London."""
    return QueueRules(name=queue, zone="Europe/London")


def wish(key: str = "CA1:3:0", number: str = CUSTOMER, **changes: Any) -> Wish:
    """Somebody who calls the shop and wants to be called back."""
    made = Wish(
        key=key,
        number=number,
        country="GB",
        queue="shop",
        language="en",
        topic="shop",
        dossier={"reason": "an order"},
        arrived_at=NOW,
        caller_number=number,
    )
    return msgspec.structs.replace(made, **changes)


def book(callbacks: Callbacks, key: str = "CA1:3:0", number: str = CUSTOMER, **changes: Any) -> CallbackRequest:
    """The same, booked; a refusal fails the test."""
    promised = callbacks.promises.book(wish(key, number, **changes), changes.get("arrived_at", NOW))
    assert isinstance(promised, Promise), promised
    return promised.request


def record(name: str = "cb1", **changes: Any) -> CallbackRequest:
    """A promise as it is in a store, in line since now."""
    at = changes.get("arrived_at", NOW)
    made = CallbackRequest(
        id=name,
        number=CUSTOMER,
        queue="shop",
        language="en",
        topic="shop",
        dossier={"reason": "an order"},
        created_at=at,
        arrived_at=at,
        rank_at=at,
        promised_by=at + timedelta(minutes=15),
        first_promised_by=at + timedelta(minutes=15),
        due_at=at,
        expires_at=at + timedelta(days=2),
        looked_at=at,
        number_zones=("Europe/London",),
        review_at=at + timedelta(minutes=5),
        state="waiting",
    )
    return msgspec.structs.replace(made, **changes)


def person(name: str = "desk", **changes: Any) -> Agent:
    """Somebody who takes calls for the shop."""
    number = f"+44207946{sum(map(ord, name)) % 10_000:04}"
    made = Agent(id=name, name=name, number=number, queues=("shop",), idle_since=NOW)
    return msgspec.structs.replace(made, **changes)
