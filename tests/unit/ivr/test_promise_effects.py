"""What the engine's questions about promises are answered with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from callbacks.memory_store import MemoryStore
from callbacks.rules import NumberRules, Policy, QueueRules
from callbacks.service import Callbacks
from flows import actions, events
from flows.loader import parse_flow
from ivr.promise_effects import PromiseEffects
from tests.small_flow import line_yaml
from tests.wishes import person

FLOW = parse_flow(line_yaml("Hello.").replace("country: GB", "country: US").encode(), "line.yaml")
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
NINE_IN_NEW_YORK = datetime(2026, 3, 3, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def effects() -> PromiseEffects:
    rules = QueueRules(name="shop", zone="America/New_York", numbers=NumberRules(countries=("US",)))
    callbacks = Callbacks(MemoryStore(Policy()), Policy(), lambda _: rules)
    callbacks.agents.put(person(zone="America/New_York"))
    unused = cast(Any, None)
    return PromiseEffects(callbacks, unused, unused, end_legs=unused, now=lambda: NOW)


@pytest.mark.parametrize(
    ("number", "first"),
    [
        ("+12122345678", NINE_IN_NEW_YORK),
        # Nine in the morning there, which is twelve here; keyed in as it is dialled in its country.
        ("+13102345678", NINE_IN_NEW_YORK + 3 * HOUR),
        ("3102345678", NINE_IN_NEW_YORK + 3 * HOUR),
        # Another number will be asked for: so the office's hours are all that is known.
        ("+442079460123", NINE_IN_NEW_YORK),
        ("12", NINE_IN_NEW_YORK),
        (None, NINE_IN_NEW_YORK),
    ],
)
def test_windows_are_offered_at_an_hour_at_which_the_number_may_be_called(
    effects: PromiseEffects, number: str | None, first: datetime
) -> None:
    asked = actions.AskSlots(queue="shop", language="en", since=datetime(2026, 3, 3, 5, tzinfo=UTC), number=number)
    known = effects.ask_slots(FLOW, asked)
    assert isinstance(known, events.SlotsKnown)
    assert known.slots[0].starts == first
