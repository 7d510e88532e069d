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
    joined,
    longest,
    longest_pause,
    named_in,
    promising_in,
    used_in,
    week_of,
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
    always = week_of(Hours.model_validate({"every_day": ["00:00-24:00"]}))
    assert (longest(always), longest_pause(always)) == (WEEK_MINUTES, 0)
    office = week_of(Hours.model_validate({"mon-fri": ["09:00-12:00", "13:00-17:00"]}))
    assert (longest(office), longest_pause(office)) == (240, 64 * 60)
    assert longest(calling_week("09:00-20:00")) == 660
    assert longest_pause(()) == WEEK_MINUTES


@pytest.mark.parametrize(
    ("queues", "said"),
    [
        ("staffed: shop\n", []),
        ("queues: {shop: {hours: shop}}\n", []),
        ("queues: {shop: {hours: shop, windows: {minutes: 480}}}\n", []),
        # Such a window begins at nine and at no other time: 72 hours from Friday's to Monday's.
        ("queues: {shop: {hours: shop, windows: {minutes: 480, days_ahead: 4}}}\n", []),
        (
            "queues: {shop: {hours: shop, windows: {minutes: 480, days_ahead: 3}}}\n",
            [
                'warning: the queue "shop" is closed for 64 hours in a row: 3 days ahead leave some callers no time '
                "to choose"
            ],
        ),
        (
            "queues: {shop: {hours: shop, windows: {days_ahead: 2}}}\n",
            [
                'warning: the queue "shop" is closed for 64 hours in a row: 2 days ahead leave some callers no time '
                "to choose"
            ],
        ),
        (
            "queues: {shop: {windows: {days_ahead: 1, notice_minutes: 1440}}}\n",
            ["error: 1440 minutes of notice leave no time within one day"],
        ),
        ("queues: {shop: {windows: {days_ahead: 1}}}\n", []),
    ],
)
def test_windows_must_fit_into_the_openings_of_their_queue(queues: str, said: list[str]) -> None:
    assert messages(queues + SHOP, "no-time-to-offer") == said


def test_the_hours_of_a_callback_must_have_room_for_a_window_in_the_hours_of_its_queue() -> None:
    flow = (
        "hours:\n  shop: {mon-fri: ['09:00-17:00']}\n  late: {mon-fri: ['LATE-20:00']}\n"
        "queues: {shop: {hours: shop}}\n"
        "nodes:\n  main: {type: callback, when: choose_time, hours: late}"
    )
    assert messages(flow.replace("LATE", "16:00"), "no-time-to-offer") == []
    assert messages(flow.replace("LATE", "16:01"), "no-time-to-offer") == [
        'error: the hours "late" and those of the queue "shop" never have 60 minutes in common'
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
            [
                'warning: the calling hours 16:30-20:00 and the hours of the queue "shop" meet for 30 minutes at most, '
                "and a window has 60"
            ],
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
        ("{expires_hours: 1, retries: {busy: [60]}}", []),
        (
            "{expires_hours: 1, retries: {busy: [61]}}",
            [
                "warning: this would be 61 minutes after the first dial at the earliest, and `expires_hours` ends it "
                "after 60"
            ],
        ),
        # After a busy line, 5 minutes; then nobody answers: 55 more are just in time.
        ("{expires_hours: 1, retries: {busy: [5], no_answer: [30, 55]}}", []),
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
