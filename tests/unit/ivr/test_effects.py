"""Who is sought for a caller: somebody of the line, else the person of last resort."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from callbacks.memory_store import MemoryStore
from callbacks.rules import Policy
from callbacks.service import Callbacks
from flows import actions, events
from flows.loader import parse_flow
from ivr.effects import OFFICE, Effects
from tests.small_flow import line_yaml
from tests.wishes import NOW, london, person

FLOW = parse_flow(line_yaml("Hello.").encode(), "line.yaml")
LAST_RESORT = "+442079460999"


class Places:
    """Takes no note of whose place a caller took."""

    def take_place(self, call_sid: str, promise_id: str | None) -> None:
        pass


@pytest.fixture
def effects() -> Effects:
    callbacks = Callbacks(MemoryStore(Policy()), Policy(), london)
    callbacks.agents.put(person(languages=("en",)))
    unused = cast(Any, None)
    return Effects(
        callbacks=callbacks,
        promises=unused,
        calls=cast(Any, Places()),
        texts=unused,
        lookup_folder=Path(),
        person_number=LAST_RESORT,
        ring_s=20,
        now=lambda: NOW,
    )


def seek(effects: Effects, language: str, call_sid: str, tried: tuple[str, ...] = ()) -> events.Event | None:
    wanted = actions.SeekPerson(queue="shop", language=language, waiting=False, arrived_at=NOW, tried=tried)
    return effects.perform(FLOW, call_sid, f"{call_sid}:1:0", wanted, left_s=5.0)


def test_a_caller_gets_somebody_who_speaks_their_language(effects: Effects) -> None:
    found = seek(effects, "en", "CA1")
    assert isinstance(found, events.PersonFound)
    assert found.person_id == "desk"


def test_where_nobody_speaks_the_callers_language_there_is_the_person_of_last_resort(effects: Effects) -> None:
    found = seek(effects, "fa", "CA1")
    assert isinstance(found, events.PersonFound)
    assert (found.person_id, found.person_number) == (OFFICE, LAST_RESORT)
    missed = seek(effects, "fa", "CA1", tried=(OFFICE,))
    assert isinstance(missed, events.NobodyFree)
    assert not missed.offers_callback, "nobody would ever call back"


def test_where_somebody_of_the_line_is_in_a_call_the_caller_hears_their_place(effects: Effects) -> None:
    seek(effects, "en", "CA1")
    nobody = seek(effects, "en", "CA2")
    assert isinstance(nobody, events.NobodyFree)
    assert (nobody.position, nobody.wait_from_minutes, nobody.wait_to_minutes) == (1, None, None), "no history yet"
    assert nobody.offers_callback
