"""What callers of each language meet with: dates in their calendar, keys by their names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flows import actions, engine, events
from flows.engine.steps import Step
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


def asked(language: str, *, year: bool) -> Step:
    content = FLOW.format(language=language, year=", year: true" if year else "")
    flow = parse_flow(content.encode(), "test.yaml")
    started = events.CallStarted(
        at=AT, call_sid="CA1", caller_number=None, office_number="+442079460000", speech=(language,)
    )
    return engine.start(flow, started)


def answered(language: str, keys: str, *, year: bool) -> Step:
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


CHOOSING = """\
zerohold: 1
name: test
languages: [en, ar]
organisation: {en: Harbour Shop, ar: متجر الميناء}
time_zone: Europe/London
country: GB
queue: desk
hours:
  office: {mon-fri: ["09:00-12:00"]}
holidays: {calendar: GB-ENG}
start: paid
nodes:
  paid:
    type: ask
    prompt: {en: "How much?", ar: "كم؟"}
    answer: {type: number, max: 99}
    save_as: paid
    read_back: always
    next: when_open
  when_open:
    type: branch
    cases:
      - when: CONDITION
        to: open
    otherwise: closed
  open:
    type: end
    prompt: {en: open, ar: مفتوح}
    outcome: solved
  closed:
    type: end
    prompt: {en: closed, ar: مغلق}
    outcome: solved
"""


def played(*happened: events.Event, condition: str = "holiday()") -> Step:
    flow = parse_flow(CHOOSING.replace("CONDITION", condition).encode(), "test.yaml")
    started = events.CallStarted(
        at=AT, call_sid="CA1", caller_number=None, office_number="+442079460000", speech=("en", "ar")
    )
    state, did = engine.start(flow, started)
    for event in happened:
        state, did = engine.advance(flow, state, event)
    return state, did


def heard_by_the_caller(did: list[actions.Action]) -> list[str]:
    texts = [action.text for action in did if isinstance(action, actions.Say)]
    return texts + [sound.text for action in did if isinstance(action, actions.Collect) for sound in action.prompts]


def keys(pressed: str) -> events.Event:
    return events.KeysPressed(at=AT, keys=pressed)


def test_callers_hear_whom_they_have_reached_before_they_choose_a_language() -> None:
    _, did = played()
    assert heard_by_the_caller(did)[:3] == ["Harbour Shop", "For English, press 1.", "للغة العربية، اضغط اثنين."]


def test_the_name_is_not_said_again_when_the_language_changes_later() -> None:
    _, did = played(keys("1"), keys("#2"))
    assert "Harbour Shop" not in heard_by_the_caller(did)


def test_what_was_keyed_in_is_not_said_to_have_been_heard_and_a_yes_confirms_it() -> None:
    _, did = played(keys("1"), keys("12"))
    assert "I have twelve. If that is right, press 1. If not, press 2." in heard_by_the_caller(did)
    collect = did[-1]
    assert isinstance(collect, actions.Collect)
    assert collect.grammar is not None
    assert collect.grammar.phrases["yes"] == "1"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('open("office", "2026-03-03")', "open"),
        ('open("office", "2026-03-03", "11:59")', "open"),
        ('open("office", "2026-03-03", "12:00")', "closed"),
        ('open("office", "2026-03-07")', "closed"),  # a Saturday
        ('open("office", "2026-04-03")', "closed"),  # Good Friday
        ('holiday("2026-04-03")', "open"),
        ('holiday("2026-03-03")', "closed"),
    ],
)
def test_a_flow_can_ask_whether_a_day_and_a_time_that_a_caller_wants_lie_in_the_hours(
    condition: str, said: str
) -> None:
    _, did = played(keys("1"), keys("12"), keys("1"), condition=condition)
    assert said in heard_by_the_caller(did)


@pytest.mark.parametrize(
    "condition", ['open("office", "soon")', 'open("office", "2026-03-03", "noon")', 'holiday("soon")']
)
def test_a_day_or_time_that_is_none_ends_in_an_apology_and_a_person(condition: str) -> None:
    _, did = played(keys("1"), keys("12"), keys("1"), condition=condition)
    assert isinstance(did[-1], actions.SeekPerson)
