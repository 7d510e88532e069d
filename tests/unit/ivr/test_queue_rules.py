"""What a flow says of its queues reaches the callbacks word for word, and what it leaves out is their default."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec
import pytest

from callbacks import rules
from callbacks.model import Agent, Interval, line_of
from callbacks.rules import QueueRules
from callbacks.slots import offered
from flows.hours import Hours, openings_between
from flows.lint.queues import week_of, windows_in
from flows.loader import parse_flow
from flows.model import Flow
from flows.queues import Disposition, Numbers, Priority, Queue, Quotas, Retries, Windows
from ivr.queue_rules import openings_of, rules_of
from tests.unit.flows.test_queues import FLOW, WHOLE

OWN = ("+442079460000",)
LONDON = ZoneInfo("Europe/London")
# Words that reach the engine, and not the callbacks.
OF_THE_ENGINE = {"priorities"}
# What the callbacks know besides a queue's words: its name, its office, and what no operator may set.
BESIDES = {"name", "zone", "languages", "most_rescues"}


def flow_of(queues: str) -> Flow:
    return parse_flow((queues + FLOW).encode(), "flow.yaml")


def given_of(found: QueueRules) -> dict[str, object]:
    return {word: getattr(found, word) for word in found.__struct_fields__ if word not in {*BESIDES, "openings"}}


def test_the_defaults_of_the_flow_language_are_those_of_the_callbacks() -> None:
    found = rules_of(flow_of(""), "shop", own_numbers=())
    default = QueueRules(name="shop", numbers=rules.NumberRules(countries=("GB",)))
    assert given_of(found) == given_of(default)
    assert found.openings is rules.always_open
    assert (found.name, found.zone, found.languages) == ("shop", "Europe/London", ("en",))


def test_no_word_of_a_queue_is_lost() -> None:
    flow = flow_of(WHOLE)
    found = given_of(rules_of(flow, "repairs", own_numbers=OWN))
    default = given_of(rules_of(flow, "elsewhere", own_numbers=()))
    assert [word for word in found if found[word] == default[word]] == []
    assert len(found) + 1 == len(Queue.model_fields) - len(OF_THE_ENGINE)  # one more: the hours are `openings`


def test_every_part_of_a_queue_is_converted_word_by_word() -> None:
    found = rules_of(flow_of(WHOLE), "repairs", own_numbers=OWN)
    assert found.order == "customer_first"
    assert found.slots == rules.SlotRules(window_minutes=120, notice_minutes=0, days_ahead=7, share_percent=100)
    assert (found.most_promises, found.most_wait_minutes) == (20, 90)
    assert found.calling_hours == rules.CallingHours(from_minute=600, to_minute=1110)
    assert found.retries == rules.RetryPlan(busy=(1,), no_answer=(2, 3), machine=(), failed=(4,))
    assert (found.most_dials, found.expires_after_minutes) == (3, 1440)
    assert (found.preferred_grace_s, found.assumed_talk_s, found.last_message) == (0, 480, False)
    assert found.overflow == ("shop",)
    assert found.dispositions == {
        "1": rules.DispositionRule(code="fixed", label="fixed"),
        "2": rules.DispositionRule(code="parts", label="waiting for parts", again_minutes=1440),
        "9": rules.DispositionRule(code="dropped", label="dropped", rescue=True),
    }
    assert found.numbers == rules.NumberRules(countries=("GB", "IE"), allow=("+4420",), deny=("+44871",), own=OWN)
    assert found.quotas == rules.Quotas(per_caller=2, per_number=1)


def test_the_parts_have_the_same_words_on_both_sides() -> None:
    pairs: list[tuple[type, type[msgspec.Struct], dict[str, str]]] = [
        (Windows, rules.SlotRules, {"minutes": "window_minutes"}),
        (Retries, rules.RetryPlan, {}),
        (Disposition, rules.DispositionRule, {}),
        (Quotas, rules.Quotas, {}),
    ]
    for part, struct, renamed in pairs:
        assert [renamed.get(word, word) for word in part.model_fields] == list(struct.__struct_fields__)  # type: ignore[attr-defined]
    assert [*Numbers.model_fields, "own"] == list(rules.NumberRules.__struct_fields__)
    assert set(Priority.model_fields) == {"name", "when", "head_start_minutes"}


def test_countries_are_the_flow_s_own_unless_they_are_listed() -> None:
    assert rules_of(flow_of(""), "shop", own_numbers=OWN).numbers == rules.NumberRules(countries=("GB",), own=OWN)


def test_openings_are_the_hours_of_the_queue_less_the_holidays() -> None:
    flow = flow_of("holidays: {dates: {2026-03-03: we take stock}}\n" + WHOLE)
    openings = openings_of(flow, "repairs")
    since = dt.datetime(2026, 3, 2, 13, tzinfo=LONDON)
    assert openings(since, since + dt.timedelta(days=2)) == [
        Interval(starts=since, ends=dt.datetime(2026, 3, 2, 20, tzinfo=LONDON)),
        Interval(starts=dt.datetime(2026, 3, 4, 12, tzinfo=LONDON), ends=dt.datetime(2026, 3, 4, 13, tzinfo=LONDON)),
    ]
    assert openings(since, since) == []
    assert openings_of(flow, "shop") is rules.always_open


@pytest.mark.parametrize("minutes", [15, 20, 45, 60, 90, 120, 240])
@pytest.mark.parametrize(
    "hours",
    [
        {"mon-fri": ["09:00-12:30", "13:30-17:00"], "sat": ["10:15-13:05"]},
        {"sun-thu": ["22:00-06:00"]},
        {"every_day": ["00:00-24:00"]},
    ],
)
def test_the_windows_that_lint_counts_on_are_those_that_are_offered(hours: dict[str, list[str]], minutes: int) -> None:
    """A week of a zone whose clocks do not change, with somebody always there."""
    monday = dt.datetime(2026, 1, 5, tzinfo=LONDON)
    windows = Windows(minutes=minutes, notice_minutes=0)
    table = Hours.model_validate(hours)
    flow = flow_of("").model_copy(
        update={"queues": {"shop": Queue(hours="shop", windows=windows)}, "hours": {"shop": table}}
    )
    shop = rules_of(flow, "shop", own_numbers=())
    agents = [
        Agent(id=name, name=name, number="+442079460100", queues=("shop",), idle_since=monday)
        for name in ("desk", "till", "door")
    ]
    allowed = rules.always_open(monday, monday + dt.timedelta(days=14))
    found = offered(lambda _: shop, line_of("shop", "en"), monday, agents, allowed, {}, lambda _: 60.0)
    first, last = monday + dt.timedelta(days=1), monday + dt.timedelta(days=8)
    begins = [slot.starts.astimezone(LONDON) for slot in found if first <= slot.starts < last]
    told = sorted((at.weekday() * 1440 + at.hour * 60 + at.minute) for at in begins)
    assert told == list(windows_in(week_of(table), minutes))


def test_what_is_remembered_is_what_would_be_worked_out() -> None:
    flow = flow_of("holidays: {calendar: GB}\nstaffed: shop\n")
    openings = openings_of(flow, "shop")
    start = dt.datetime(2026, 3, 27, tzinfo=dt.UTC)
    for hours in (0, 1, 9, 10, 23, 24, 33, 47, 48, 100, 24 * 14):
        for minutes in (0, 1, 30):
            since = start + dt.timedelta(hours=hours, minutes=minutes)
            for length in (dt.timedelta(minutes=1), dt.timedelta(hours=30), dt.timedelta(days=20)):
                expected = openings_between(flow.hours["shop"], flow.holidays, flow.zone, since, since + length)
                found = openings(since, since + length)
                assert [(one.starts, one.ends) for one in found] == expected
