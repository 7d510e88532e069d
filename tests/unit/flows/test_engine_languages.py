"""What callers of each language meet with: dates in their calendar, keys by their names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flows import actions, engine, events
from flows.loader import parse_flow

AT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
FLOW = """\
zerohold: 1
name: test
languages: [{language}]
organisation: the desk
time_zone: Europe/London
country: GB
queue: desk
start: born
nodes:
  born:
    type: ask
    prompt: "?"
    answer: {{type: date, past: true{year}}}
    save_as: born
    next: done
  done:
    type: end
    prompt: "!"
    outcome: solved
"""


def asked(language: str, *, year: bool) -> engine.Step:
    content = FLOW.format(language=language, year=", year: true" if year else "")
    flow = parse_flow(content.encode(), "test.yaml")
    started = events.CallStarted(
        at=AT, call_sid="CA1", caller_number=None, office_number="+442079460000", speech=(language,)
    )
    return engine.start(flow, started)


def answered(language: str, keys: str, *, year: bool) -> engine.Step:
    content = FLOW.format(language=language, year=", year: true" if year else "")
    state, _ = asked(language, year=year)
    return engine.advance(parse_flow(content.encode(), "test.yaml"), state, events.KeysPressed(at=AT, keys=keys))


@pytest.mark.parametrize(
    ("language", "keys", "day"),
    [("en", "12041980", "1980-04-12"), ("ar", "12041980", "1980-04-12"), ("fa", "23011359", "1980-04-12")],
)
def test_a_date_of_birth_is_keyed_in_with_its_year_in_the_callers_calendar(language: str, keys: str, day: str) -> None:
    state, _ = answered(language, keys, year=True)
    assert state.values == {"born": day}


def test_a_date_that_needs_its_year_is_explained_so_and_not_guessed_without_it() -> None:
    _, did = asked("en", year=True)
    assert isinstance(did[-1], actions.Collect)
    assert did[-1].max_keys == 8
    assert "four for the year" in " ".join(sound.text for sound in did[-1].prompts)
    state, _ = answered("en", "1204", year=True)
    assert state.values == {}


def test_a_date_that_does_not_need_its_year_is_the_nearest_one() -> None:
    state, _ = answered("en", "1204", year=False)
    assert state.values == {"born": "2026-04-12"}
