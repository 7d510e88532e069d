"""Which windows are offered, on the clock and inside all hours, and that each can be kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import msgspec
import pytest

from callbacks.model import Agent, Interval
from callbacks.rules import Openings, QueueRules, SlotRules, always_open
from callbacks.shifts import parse_shifts, working
from callbacks.slots import Slot, capacity, offered
from tests.unit.callbacks.clock_changes import clock_around, clock_changes, days, first_showing

LONDON = ZoneInfo("Europe/London")
LINE = "shop/en"


def at(text: str, zone: ZoneInfo = LONDON) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


NOW = at("2026-03-02T10:31:07")  # a Monday
EVER = [Interval(starts=NOW - timedelta(days=9), ends=NOW + timedelta(days=40))]


def agent(name: str = "desk", shifts: str = "", **fields: object) -> Agent:
    base = Agent(id=name, name=name, number="+442079460001", queues=("shop",), idle_since=NOW, zone="Europe/London")
    return msgspec.structs.replace(base, shifts=parse_shifts(shifts), **fields)


def office(hours: str) -> Openings:
    """Openings by London's clock, written as shifts are."""

    def openings(since: datetime, until: datetime) -> list[Interval]:
        return working(agent(shifts=hours), since, until)

    return openings


def rules(hours: str = "mon-fri 09:00-17:00", **slots: int) -> QueueRules:
    figures = SlotRules(**{"days_ahead": 1, "share_percent": 60, **slots})
    return QueueRules(name="shop", zone="Europe/London", openings=office(hours), slots=figures)


def offer(
    queue: QueueRules | None = None,
    *people: Agent,
    now: datetime = NOW,
    allowed: list[Interval] | None = None,
    booked: dict[tuple[str, datetime], int] | None = None,
    talk_s: float = 360,
) -> list[Slot]:
    chosen = queue or rules()
    return offered(
        lambda name: msgspec.structs.replace(chosen, name=name), LINE, now, people or (agent(),),
        EVER if allowed is None else allowed, booked or {}, lambda name: talk_s,
    )  # fmt: skip


def walls(slots: list[Slot]) -> list[str]:
    return [f"{each.starts.astimezone(LONDON):%a %H:%M}-{each.ends.astimezone(LONDON):%H:%M}" for each in slots]


def test_windows_begin_on_full_hours_a_notice_ahead_inside_an_opening() -> None:
    assert walls(offer(rules("mon-tue 08:30-12:30 13:00-15:59"))) == [
        "Mon 13:00-14:00",
        "Mon 14:00-15:00",
        *("Tue 09:00-10:00", "Tue 10:00-11:00", "Tue 11:00-12:00", "Tue 13:00-14:00", "Tue 14:00-15:00"),
    ]


def test_a_window_that_begins_just_when_the_notice_is_over_is_offered() -> None:
    assert walls(offer(now=at("2026-03-02T11:00")))[0] == "Mon 12:00-13:00"
    assert walls(offer(now=at("2026-03-02T11:00:01")))[0] == "Mon 13:00-14:00"


def test_windows_are_offered_until_the_end_of_the_last_day_ahead() -> None:
    assert walls(offer(rules(days_ahead=0)))[-1] == "Mon 16:00-17:00"
    assert walls(offer(rules(days_ahead=4)))[-1] == "Fri 16:00-17:00"
    assert {each[:3] for each in walls(offer(rules(days_ahead=7)))} == {"Mon", "Tue", "Wed", "Thu", "Fri"}


@pytest.mark.parametrize(
    ("minutes", "first"),
    [
        (15, ["09:30-09:45", "09:45-10:00"]),
        (30, ["09:30-10:00", "10:00-10:30"]),
        (45, ["09:45-10:30", "10:45-11:30"]),
        (90, ["10:00-11:30", "12:00-13:30"]),
        (120, ["10:00-12:00", "12:00-14:00"]),
    ],
)
def test_shorter_and_longer_windows_begin_on_the_clock_too(minutes: int, first: list[str]) -> None:
    slots = offer(rules("mon-fri 09:30-17:00", window_minutes=minutes), talk_s=60)
    assert [each[4:] for each in walls(slots) if each.startswith("Tue")][:2] == first


def test_windows_do_not_move_while_time_passes() -> None:
    queue = msgspec.structs.replace(rules(window_minutes=120, days_ahead=3), openings=always_open)
    early = {each.starts for each in offer(queue)}
    late = {each.starts for each in offer(queue, now=NOW + timedelta(hours=27))}
    assert {each for each in late if each < max(early)} <= early
    assert len(late & early) > 20


def test_a_window_lies_inside_one_interval_of_the_called_partys_hours() -> None:
    allowed = [
        Interval(starts=at("2026-03-02T09:00"), ends=at("2026-03-02T12:59")),
        Interval(starts=at("2026-03-02T13:00"), ends=at("2026-03-02T14:00")),
        Interval(starts=at("2026-03-02T14:00"), ends=at("2026-03-02T15:30")),
        Interval(starts=at("2026-03-03T15:30"), ends=at("2026-03-03T20:00")),
    ]
    assert walls(offer(allowed=allowed)) == ["Mon 13:00-14:00", "Mon 14:00-15:00", "Tue 16:00-17:00"]
    assert offer(allowed=[]) == []


def lefts(*people: Agent, queue: QueueRules | None = None, talk_s: float = 360, **more: object) -> dict[str, int]:
    slots = offer(queue, *people, talk_s=talk_s, **more)  # type: ignore[arg-type]
    return {wall: slot.capacity_left for wall, slot in zip(walls(slots), slots, strict=True)}


def test_capacity_is_the_share_of_the_agents_time_over_the_length_of_a_conversation() -> None:
    assert lefts(agent())["Mon 12:00-13:00"] == 6  # 60% of an hour, by six minutes
    assert lefts(agent(), talk_s=361)["Mon 12:00-13:00"] == 5
    assert lefts(agent("desk"), agent("till"))["Mon 12:00-13:00"] == 12
    assert lefts(agent(shifts="mon 12:30-17:00"))["Mon 12:00-13:00"] == 3


def test_only_agents_of_the_queue_and_the_language_count() -> None:
    people = [agent("desk", languages=("fr",)), agent("till", queues=("billing",)), agent("door", languages=("en",))]
    assert lefts(*people)["Mon 12:00-13:00"] == 6
    assert lefts(*people[:2]) == {}


def test_where_nobody_is_on_shift_there_is_no_slot() -> None:
    assert list(lefts(agent(shifts="tue 10:00-12:00"))) == ["Tue 10:00-11:00", "Tue 11:00-12:00"]
    assert lefts(agent(days_off=("2026-03-02", "2026-03-03"))) == {}
    assert offered(lambda name: rules(), LINE, NOW, [], EVER, {}, lambda name: 360) == []


def test_who_has_gone_home_today_counts_tomorrow() -> None:
    assert {wall[:3] for wall in lefts(agent(state="away"))} == {"Tue"}
    assert {wall[:3] for wall in lefts(agent(state="away", shifts="mon-tue 09:00-17:00"))} == {"Tue"}
    assert {wall[:3] for wall in lefts(agent(state="break"))} == {"Mon", "Tue"}


def test_who_is_away_far_from_the_office_has_left_the_day_of_their_own_zone() -> None:
    # At half past midnight in London it is still Monday afternoon in Honolulu, whose Tuesday begins at 10:00.
    queue = rules("mon-tue 01:00-05:00 11:00-12:00 20:00-24:00")
    night, away = at("2026-03-03T00:30"), agent(zone="Pacific/Honolulu", state="away")
    assert walls(offer(queue, away, now=night))[0] == "Tue 11:00-12:00"
    early = msgspec.structs.replace(away, state="available")
    assert walls(offer(queue, early, now=night))[0] == "Tue 02:00-03:00"


def test_an_agents_pace_limits_what_is_promised_of_their_time() -> None:
    assert lefts(agent(per_hour=5))["Mon 12:00-13:00"] == 3
    assert lefts(agent(per_hour=1)) == {}
    assert lefts(agent("desk", per_hour=1), agent("till", per_hour=1))["Mon 12:00-13:00"] == 1


def test_short_and_long_conversations_together_keep_to_the_pace() -> None:
    everything, noon = SlotRules(share_percent=100), at("2026-03-02T12:00")
    rules_of, talk_of = terms(shop=(everything, 600), billing=(everything, 300))
    people = [agent(queues=("shop", "billing"), per_hour=6)]
    for sold in range(6):
        booked = {("billing/en", noon): sold}
        assert capacity(rules_of, LINE, noon, NOW, people, EVER, booked, talk_of) + sold <= 6
    assert capacity(rules_of, LINE, noon, NOW, people, EVER, {("billing/en", noon): 2}, talk_of) == 2


def test_what_is_booked_is_gone() -> None:
    noon = at("2026-03-02T12:00")
    assert lefts(agent(), booked={(LINE, noon): 4})["Mon 12:00-13:00"] == 2
    assert "Mon 12:00-13:00" not in lefts(agent(), booked={(LINE, noon): 6})
    assert "Mon 12:00-13:00" not in lefts(agent(), booked={(LINE, noon): 7})


def test_the_same_time_is_not_sold_again_through_another_line() -> None:
    noon = at("2026-03-02T12:00")
    shared = agent(queues=("shop", "billing"))
    assert lefts(shared, booked={("billing/en", noon): 5, ("shop/fr", noon): 1}) == {
        wall: 6 for wall in lefts(shared) if wall != "Mon 12:00-13:00"
    }
    assert lefts(shared, agent("till"), booked={("billing/en", noon): 5})["Mon 12:00-13:00"] == 7


def test_a_flexible_agent_is_left_to_the_line_that_has_nobody_else() -> None:
    # French has only the desk; English has both. Six French promises leave English the till, whatever the order.
    noon = at("2026-03-02T12:00")
    people = [agent("desk"), agent("till", languages=("en",))]
    assert lefts(*people, booked={("shop/fr", noon): 6})["Mon 12:00-13:00"] == 6
    assert lefts(*people, booked={("shop/fr", noon): 2})["Mon 12:00-13:00"] == 10
    assert lefts(*people, booked={("shop/fr", noon): 9})["Mon 12:00-13:00"] == 6  # too many already: they get no more


def terms(**queues: tuple[SlotRules, float]) -> tuple[Callable[[str], QueueRules], Callable[[str], float]]:
    def rules_of(name: str) -> QueueRules:
        return QueueRules(
            name=name, zone="Europe/London", openings=office("mon-fri 09:00-17:00"), slots=queues[name][0]
        )

    return rules_of, lambda name: queues[name][1]


def test_windows_of_other_lengths_take_the_time_that_they_overlap() -> None:
    rules_of, talk_of = terms(
        shop=(SlotRules(share_percent=100), 600), billing=(SlotRules(share_percent=100, window_minutes=30), 600)
    )
    people = [agent(queues=("shop", "billing"))]
    booked = {("billing/en", at("2026-03-02T12:00")): 3, ("billing/en", at("2026-03-02T13:30")): 2}
    slots = offered(rules_of, LINE, NOW, people, EVER, booked, talk_of)
    assert [each.capacity_left for each in slots[:3]] == [3, 4, 6]
    hours = {(LINE, at("2026-03-02T12:00")): 4}
    shorter = offered(rules_of, "billing/en", NOW, people, EVER, hours, talk_of)
    # Two of six tens of minutes are left, in whichever half they are sold.
    assert [each.capacity_left for each in shorter if each.starts < at("2026-03-02T13:00")] == [2, 2]
    full = hours | {("billing/en", at("2026-03-02T12:00")): 2}
    rest = offered(rules_of, "billing/en", NOW, people, EVER, full, talk_of)
    assert rest[0].starts == at("2026-03-02T13:00")


def test_each_queue_keeps_to_its_own_share_and_all_together_to_the_largest() -> None:
    rules_of, talk_of = terms(shop=(SlotRules(share_percent=20), 360), billing=(SlotRules(share_percent=60), 360))
    people, noon = [agent(queues=("shop", "billing"))], at("2026-03-02T12:00")

    def room(line: str, **booked: int) -> int:
        counters = {(f"{queue}/en", noon): count for queue, count in booked.items()}
        return capacity(rules_of, line, noon, NOW, people, EVER, counters, talk_of)

    assert (room("shop/en"), room("billing/en")) == (2, 6)
    assert (room("shop/en", billing=5), room("billing/en", shop=2)) == (1, 4)
    assert room("shop/en", billing=1) == 2


def test_the_counter_may_reach_what_was_offered_and_no_more() -> None:
    noon = at("2026-03-02T12:00")

    def room(starts: datetime, now: datetime = NOW, allowed: list[Interval] | None = None) -> int:
        counters = {(LINE, noon): 4}
        return capacity(
            lambda name: rules(), LINE, starts, now, [agent()], allowed or EVER, counters, lambda name: 360
        )  # fmt: skip

    assert room(noon) == 6
    assert room(noon, now=at("2026-03-02T11:59")) == 6  # was offered with its notice
    assert room(noon, now=noon) == 0
    assert room(at("2026-03-02T12:30")) == 0
    assert room(at("2026-03-02T17:00")) == 0
    assert room(at("2026-03-03T09:00")) == 6
    assert room(at("2026-03-04T09:00")) == 0
    assert room(noon, allowed=[Interval(starts=noon + timedelta(minutes=1), ends=noon + timedelta(hours=3))]) == 0


def fits(jobs: list[tuple[str, int]], minutes: list[int], serves: list[set[str]]) -> bool:
    """Whether whole conversations, the longest first, can be given out so that each begins while its agent works.

    By trying all: an agent's longest comes last, so all the others must be over before the agent's time is.
    """

    @cache
    def place(index: int, others: tuple[int, ...]) -> bool:
        if index == len(jobs):
            return True
        line, length = jobs[index]
        return any(
            place(index + 1, (*others[:number], max(taken, 0) + length * (taken >= 0), *others[number + 1 :]))
            for number, taken in enumerate(others)
            if line in serves[number] and taken + length * (taken >= 0) < minutes[number]
        )

    # -1 until an agent has the longest of theirs, which does not count.
    return place(0, (-1,) * len(minutes))


def hall(sold: dict[str, int], talk: dict[str, int], minutes: list[int], serves: list[set[str]]) -> bool:
    """Hall's condition: no set of lines has promised more than the agents of any of them have."""
    lines = sorted(sold)
    for choice in range(1, 1 << len(lines)):
        some = {line for index, line in enumerate(lines) if choice >> index & 1}
        wanted = sum(sold[line] * talk[line.split("/")[0]] for line in some)
        if wanted > sum(have for have, own in zip(minutes, serves, strict=True) if own & some):
            return False
    return True


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_sold_through_any_line_can_be_kept_and_nothing_is_held_back(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the same sales each time, not a secret
    lines = ["shop/en", "shop/fr", "billing/en", "billing/fr"][: random.randint(2, 4)]
    talk = {"shop": random.choice([8, 11, 25]), "billing": random.choice([7, 13])}
    people, minutes, serves = [], [], []
    for number in range(random.randint(1, 4)):
        start = random.choice([0, 0, 20, 40])
        queues = random.choice([("shop",), ("billing",), ("shop", "billing")])
        languages = random.choice([(), ("en",), ("fr",)])
        people.append(agent(f"a{number}", f"mon 12:{start:02}-17:00", queues=queues, languages=languages))
        minutes.append(60 - start)
        serves.append({each for each in lines if people[-1].queues and _serves(people[-1], each)})
    everything = SlotRules(share_percent=100)
    rules_of, talk_of = terms(shop=(everything, talk["shop"] * 60), billing=(everything, talk["billing"] * 60))
    noon = at("2026-03-02T12:00")
    sold = dict.fromkeys(lines, 0)
    while True:
        booked = {(line, noon): count for line, count in sold.items()}
        room = {line: capacity(rules_of, line, noon, NOW, people, EVER, booked, talk_of) - sold[line] for line in lines}
        for line in lines:
            # Exactly as many as Hall's condition lets through, and no more.
            assert room[line] >= 0
            assert hall({**sold, line: sold[line] + room[line]}, talk, minutes, serves)
            assert not hall({**sold, line: sold[line] + room[line] + 1}, talk, minutes, serves)
        open_lines = [line for line in lines if room[line] > 0]
        if not open_lines:
            break
        sold[random.choice(open_lines)] += 1
    jobs = sorted(
        ((line, talk[line.split("/")[0]]) for line in lines for _ in range(sold[line])), key=lambda job: -job[1]
    )
    assert fits(jobs, minutes, serves)


def _serves(who: Agent, line: str) -> bool:
    queue, language = line.split("/")
    return queue in who.queues and (not who.languages or language in who.languages)


def openings_by(clock: list[tuple[datetime, datetime]], first: time, last: time) -> list[Interval]:
    """Openings of each day (across midnight where `last` is not after `first`) as a clock shows them."""
    found = []
    for day in days(clock):
        opens = first_showing(clock, datetime.combine(day, first))
        closes = first_showing(clock, datetime.combine(day + timedelta(days=last <= first), last))
        if opens is not None and closes is not None and opens < closes:
            found.append(Interval(starts=opens, ends=closes))
    return found


def expected_windows(
    clock: list[tuple[datetime, datetime]], hours: list[Interval], minutes: int, since: datetime, until: datetime
) -> list[datetime]:
    """Every first showing of a time on the grid from which a whole window lies in the hours and in that day."""
    length, seen, found = timedelta(minutes=minutes), set(), []
    tomorrows = {day: first_showing(clock, datetime.combine(day + timedelta(days=1), time())) for day in days(clock)}
    for passing, shown in clock:
        again, _ = shown in seen, seen.add(shown)
        if again or shown.minute % minutes or not since <= passing < until:
            continue
        tomorrow = tomorrows[shown.date()]
        inside = any(each.starts <= passing and passing + length <= each.ends for each in hours)
        if inside and tomorrow is not None and passing + length <= tomorrow:
            found.append(passing)
    return found


@pytest.mark.parametrize(
    ("minutes", "first", "last"),
    [(60, time(0), time(0)), (30, time(0, 45), time(3, 15)), (15, time(22, 30), time(2, 30))],
)
def test_at_every_clock_change_windows_are_whole_inside_all_hours_apart_and_none_is_lost(
    minutes: int, first: time, last: time
) -> None:
    for name, change in clock_changes():
        zone = ZoneInfo(name)
        clock = clock_around(name, change)
        hours = openings_by(clock, first, last)
        queue = QueueRules(
            name="shop", zone=name, slots=SlotRules(window_minutes=minutes, days_ahead=1, notice_minutes=0),
            openings=lambda since, until, hours=hours: hours,
        )  # fmt: skip
        now = change - timedelta(hours=20)
        allowed = [
            Interval(starts=now, ends=change + timedelta(minutes=90)),
            Interval(starts=change + timedelta(hours=3), ends=clock[-1][0]),
        ]
        people = [agent(zone=name)]
        slots = offered(lambda _, queue=queue: queue, LINE, now, people, allowed, {}, lambda _: 60)
        end = first_showing(clock, datetime.combine(now.astimezone(zone).date() + timedelta(days=2), time()))
        assert end is not None
        everywhere = expected_windows(clock, hours, minutes, now, end)
        length = timedelta(minutes=minutes)
        assert [each.starts for each in slots] == [
            starts for starts in everywhere if any(a.starts <= starts and starts + length <= a.ends for a in allowed)
        ], (name, change)
        for earlier, later in pairwise(slots):
            assert earlier.ends <= later.starts
        assert all(each.ends - each.starts == length for each in slots)
        assert all(each.capacity_left == minutes * 60 // 100 for each in slots)
