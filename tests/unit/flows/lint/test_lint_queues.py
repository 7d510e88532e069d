"""What the rules find out about queues: the names, the week of a queue, windows, retries."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.hours import Hours
from flows.lint.queues import (
    ALWAYS,
    WEEK_MINUTES,
    Stretch,
    calling_week,
    common,
    inside,
    joined,
    longest,
    named_in,
    offered_at,
    promising_in,
    used_in,
    week_of,
    windows_in,
)
from tests.unit.flows.lint.reading import document_of, messages

SHOP = "hours:\n  shop: {mon-fri: ['09:00-17:00']}\n"
NAMES = """
queues:
  shop: {overflow: [office]}
  office: {overflow: [cellar]}
  cellar: {}
  attic: {overflow: [shop]}
  repairs: {}
  bench: {}
  elsewhere: {}
subflows:
  part:
    exits: [done]
    start: call
    nodes:
      call: {type: callback, queue: bench, next: back}
      back: {type: return, exit: done}
nodes:
  main: {type: branch, queue: elsewhere, cases: [{when: queue.waiting > 3, to: part}], otherwise: repairs}
  part: {type: subflow, subflow: part, exits: {done: person}}
  repairs: {type: transfer, to: {queue: repairs}}
"""


def minutes_of(stretches: tuple[Stretch, ...]) -> set[int]:
    return {minute % WEEK_MINUTES for start, end in stretches for minute in range(start, end)}


# Whole hours, so that a week has few minutes to count.
STRETCHES = st.lists(
    st.tuples(st.integers(0, 167), st.integers(1, 24)).map(lambda one: (one[0] * 60, (one[0] + one[1]) * 60)),
    max_size=6,
)


def test_queues_are_found_where_they_are_named_in_subflows_too() -> None:
    document = document_of(NAMES)
    assert {named.queue for named in named_in(document)} == {"shop", "elsewhere", "repairs", "bench"}
    assert promising_in(document) == ["bench", "elsewhere", "repairs", "shop"]
    assert used_in(document) == ["bench", "cellar", "elsewhere", "office", "repairs", "shop"]
    assert messages(NAMES, "unused-queue") == [
        'warning: no node goes to the queue "attic", and no queue that is used has it as overflow'
    ]
    assert messages(NAMES, "queue-unknown") == []


def test_a_queue_named_in_a_subflow_must_be_listed() -> None:
    assert messages(NAMES.replace("queue: bench", "queue: bensh"), "queue-unknown") == [
        'error: there is no queue "bensh" (did you mean bench? known: attic, bench, cellar, elsewhere, office, '
        "repairs, shop)"
    ]


def test_the_queue_of_the_flow_itself_must_be_listed() -> None:
    assert messages("queue: till\nqueues: {shop: {}}", "queue-unknown") == [
        'error: there is no queue "till" (known: shop)'
    ]


@given(STRETCHES)
def test_joined_stretches_have_the_same_minutes_in_order_and_do_not_touch(stretches: list[Stretch]) -> None:
    found = joined(stretches)
    assert minutes_of(found) == minutes_of(tuple(stretches))
    assert all(end < start for (_, end), (start, _) in pairwise(found))
    assert sum(end - start for start, end in found) == len(minutes_of(found))
    if len(found) > 1:
        assert found[-1][1] - WEEK_MINUTES < found[0][0], "the end of the week does not divide an opening"


@given(STRETCHES, STRETCHES)
def test_what_two_weeks_have_in_common_is_in_both(first: list[Stretch], second: list[Stretch]) -> None:
    one, other = joined(first), joined(second)
    assert minutes_of(common(one, other)) == minutes_of(one) & minutes_of(other)


def test_a_week_of_hours_knows_openings_over_midnight_and_over_sunday() -> None:
    assert week_of(None) == ALWAYS
    assert week_of(Hours.model_validate({"sun": ["22:00-06:00"]})) == ((9960, 10440),)
    assert longest(week_of(Hours.model_validate({"every_day": ["00:00-24:00"]}))) == WEEK_MINUTES
    assert longest(week_of(Hours.model_validate({"mon-fri": ["09:00-12:00", "13:00-17:00"]}))) == 240
    assert longest(calling_week("09:00-20:00")) == 660


def test_windows_begin_on_the_hour_inside_of_one_opening_and_one_day() -> None:
    office = week_of(Hours.model_validate({"mon": ["09:30-12:00", "13:00-17:30"], "sun": ["22:00-06:00"]}))
    hourly = "0 0, 0 1, 0 2, 0 3, 0 4, 0 5, 0 10, 0 11, 0 13, 0 14, 0 15, 0 16, 6 22, 6 23"
    # The one that begins at eleven on Monday ends when the office closes.
    assert clocks(windows_in(office, 60)) == hourly
    assert clocks(windows_in(office, 120)) == "0 0, 0 2, 0 4, 0 10, 0 13, 0 15, 6 22"
    assert clocks(windows_in(office, 90)) == "0 0, 0 2, 0 4, 0 10, 0 13, 0 15, 6 22"
    assert len(windows_in(ALWAYS, 60)) == 7 * 24
    assert len(windows_in(ALWAYS, 15)) == 7 * 96
    assert windows_in(week_of(Hours.model_validate({"mon": ["09:30-10:30"]})), 60) == ()


def clocks(starts: tuple[int, ...]) -> str:
    return ", ".join(f"{start // 1440} {start % 1440 // 60}" for start in starts)


def test_a_window_lies_inside_of_hours_that_go_on_over_the_end_of_the_week() -> None:
    night = week_of(Hours.model_validate({"sun": ["22:00-06:00"]}))
    assert inside((0, 5 * 60, 6 * 60, 9960), 60, night) == (0, 5 * 60, 9960)
    assert inside((5 * 60 + 1,), 60, night) == ()


def test_a_window_is_offered_after_the_notice_and_until_the_last_day_is_over() -> None:
    friday_at_nine = (4 * 1440 + 540,)
    for at, notice, days, said in (
        (0, 0, 4, True),
        (0, 0, 3, False),
        (4 * 1440 + 480, 60, 1, True),
        (4 * 1440 + 481, 60, 1, False),
        (4 * 1440 + 481, 60, 7, True),
        (6 * 1440, 0, 5, True),
        (6 * 1440, 0, 4, False),
    ):
        assert offered_at(friday_at_nine, at, notice, days) == said, (at, notice, days)


@pytest.mark.parametrize(
    ("queues", "said"),
    [
        ("staffed: shop\n", []),
        ("queues: {shop: {hours: shop}}\n", []),
        ("queues: {shop: {hours: shop, windows: {minutes: 480}}}\n", []),
        ("queues: {shop: {hours: shop, windows: {days_ahead: 3}}}\n", []),
        (
            "queues: {shop: {hours: shop, windows: {days_ahead: 2}}}\n",
            ['warning: whoever calls late on fri can choose no time of the queue "shop" within 2 days'],
        ),
        (
            "queues: {shop: {hours: shop, windows: {days_ahead: 1}}}\n",
            ['warning: whoever calls late on fri, sat can choose no time of the queue "shop" within one day'],
        ),
        (
            "queues: {shop: {windows: {days_ahead: 1, notice_minutes: 2880}}}\n",
            ["error: 2880 minutes of notice leave no time within one day"],
        ),
        ("queues: {shop: {windows: {days_ahead: 1}}}\n", []),
    ],
)
def test_windows_must_fit_into_the_openings_of_their_queue(queues: str, said: list[str]) -> None:
    assert messages(queues + SHOP, "no-time-to-offer") == said


def test_it_is_said_why_no_window_fits() -> None:
    flow = "hours:\n  shop: {mon-fri: ['OPEN']}\nqueues: {shop: {hours: shop}}\n"
    assert messages(flow.replace("OPEN", "09:00-09:45"), "no-time-to-offer") == [
        'error: a window of 60 minutes fits into no opening of the queue "shop"; the longest has 45 minutes'
    ]
    assert messages(flow.replace("OPEN", "09:30-10:45"), "no-time-to-offer") == [
        'error: a window of 60 minutes fits into no opening of the queue "shop"; windows begin on the full hour, and '
        "end on the same day"
    ]


def test_the_hours_of_a_callback_must_have_room_for_a_window_in_the_hours_of_its_queue() -> None:
    flow = (
        "hours:\n  shop: {mon-fri: ['09:00-17:00']}\n  late: {mon-fri: ['LATE-20:00']}\n"
        "queues: {shop: {hours: shop}}\n"
        "nodes:\n  main: {type: callback, when: choose_time, hours: late}"
    )
    assert messages(flow.replace("LATE", "16:00"), "no-time-to-offer") == []
    assert messages(flow.replace("LATE", "16:01"), "no-time-to-offer") == [
        'error: no window of the queue "shop" (60 minutes) lies inside of the hours "late"'
    ]


def test_hours_that_never_open_are_the_matter_of_one_rule_alone() -> None:
    flow = (
        "staffed: shop\nhours:\n  shop: {mon-fri: []}\nnodes:\n  main: {type: callback, when: choose_time, hours: shop}"
    )
    assert messages(flow, "no-time-to-offer") == messages(flow, "calling-hours-missed") == []
    assert len(messages(flow, "hours-never-open")) == 1


@pytest.mark.parametrize(
    ("queues", "said"),
    [
        ("queues: {shop: {hours: shop}}\n", []),
        (
            "queues: {shop: {hours: shop, calling_hours: '16:30-20:00'}}\n",
            ['warning: no window of the queue "shop" (60 minutes) lies inside of 16:30-20:00'],
        ),
        (
            "queues: {shop: {hours: shop, calling_hours: '17:00-20:00'}}\n",
            ['warning: the calling hours 17:00-20:00 never meet the hours of the queue "shop"'],
        ),
        ("queues: {shop: {hours: shop, calling_hours: '17:00-20:00', numbers: {countries: [GB, US]}}}\n", []),
        (
            "queues: {shop: {hours: shop, calling_hours: '17:00-20:00', numbers: {countries: [GB]}}}\n",
            ['warning: the calling hours 17:00-20:00 never meet the hours of the queue "shop"'],
        ),
        ("queues: {shop: {calling_hours: '17:00-20:00'}}\n", []),
    ],
)
def test_calling_hours_must_meet_the_hours_of_their_queue(queues: str, said: list[str]) -> None:
    assert messages(queues + SHOP, "calling-hours-missed") == said


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        ("{most_dials: 1}", []),
        ("{expires_hours: 1}", []),
        ("{most_dials: 4, retries: {busy: [5, 10, 20]}}", []),
        ("{most_dials: 3, retries: {busy: [5, 10, 20]}}", ["warning: this would be dial 4, and `most_dials` is 3"]),
        ("{expires_hours: 1, retries: {busy: [60, 59]}}", []),
        (
            "{expires_hours: 1, retries: {busy: [60, 60]}}",
            [
                "warning: this would be 120 minutes after the first dial, and a window of 60 minutes and "
                "`expires_hours` end it after 120"
            ],
        ),
    ],
)
def test_only_what_is_written_and_can_never_happen_is_a_late_retry(queue: str, said: list[str]) -> None:
    assert messages(f"queues: {{shop: {queue}}}\n", "retry-too-late") == said


def test_the_conditions_of_priorities_are_checked_as_those_of_branches() -> None:
    flow = (
        "hours:\n  shop: {mon-fri: ['09:00-17:00']}\n"
        "queues:\n  shop:\n    priorities: [{name: first, when: WHEN, head_start_minutes: 5}]\n"
        "nodes:\n  main: {type: ask, prompt: How many?, answer: {type: number, min: 1, max: 9}, save_as: many, "
        "next: goodbye}\n"
    )
    for when, rule, said in (
        ("many > 3", "variable-before-set", []),
        ("many > 3", "unused-value", []),
        (
            "money > 3",
            "variable-before-set",
            ['error: the value "money" is set nowhere in this flow (did you mean many?'],
        ),
        ("many + 1", "branch-not-boolean", ["error: this is a sum, neither true nor false"]),
        ("many", "wrong-kind", ['error: "many" is a number, neither true nor false']),
        ("open('shp')", "hours-unknown", ['error: there are no opening hours "shp"']),
        ("not", "bad-expression", ["error: "]),
        ("queue.waiting > 1", "priority-never-holds", ["error: how a queue stands is for branches"]),
    ):
        found = messages(flow.replace("WHEN", when), rule)
        assert len(found) == len(said), (when, found)
        assert all(one.startswith(start) for one, start in zip(found, said, strict=True)), found
