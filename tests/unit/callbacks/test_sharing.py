"""Time that several lines share is never promised twice, whatever the windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from callbacks.model import Interval
from callbacks.sharing import Crew, Load, Sold, most

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE_US = 60_000_000
LINES = ("shop/en", "shop/fr", "billing/en")


def span(first: int, last: int) -> Interval:
    return Interval(starts=NOON + timedelta(minutes=first), ends=NOON + timedelta(minutes=last))


def load(line: str, first: int, last: int, count: int = 0, minutes: int = 10, share: int = 100) -> Load:
    return Load(line=line, window=span(first, last), count=count, talk_us=minutes * MINUTE_US, share_percent=share)


def crew(*queues: str, languages: tuple[str, ...] = (), size: int = 1, works: tuple[Interval, ...] = ()) -> Crew:
    return Crew(size=size, queues=queues, languages=languages, per_hour=None, working=works or (span(-600, 600),))


def test_only_windows_that_overlap_in_a_chain_compete() -> None:
    far, near, touching, chained = (load("shop/en", *times) for times in [(120, 180), (0, 60), (60, 120), (50, 70)])
    assert Sold([far, near, touching]).competing(span(0, 60)) == [near]
    assert Sold([far, near, touching, chained]).competing(span(0, 60)) == [near, chained, touching]
    assert Sold([]).competing(span(0, 60)) == []


def test_breaks_inside_a_window_are_no_time() -> None:
    works = (span(-30, 10), span(20, 30), span(55, 90))
    assert most(load("shop/en", 0, 60, minutes=5), [], [crew("shop", works=works)]) == 5
    assert most(load("shop/en", 0, 60, minutes=5), [], [crew("shop", works=works, size=3)]) == 15


def test_time_before_an_overlap_is_used_before_time_inside_it() -> None:
    others = [load("billing/en", 30, 60, count=3)]
    assert most(load("shop/en", 0, 60), others, [crew("shop", "billing")]) == 3
    assert most(load("shop/en", 30, 90), others, [crew("shop", "billing")]) == 3
    assert most(load("shop/en", 30, 60), others, [crew("shop", "billing")]) == 0


def hall(loads: list[Load], people: list[Crew]) -> bool:
    """Whether no set of loads needs more than all the time in which somebody may serve one of them."""
    for choice in range(1, 1 << len(loads)):
        some = [each for index, each in enumerate(loads) if choice >> index & 1]
        time = sum(
            who.size * any(who.serves(each.line) and each.window.starts <= at < each.window.ends for each in some)
            for who in people
            for at in (NOON + timedelta(minutes=5 * step) for step in range(36))
            if any(each.starts <= at < each.ends for each in who.working)
        )
        if sum(each.count * each.talk_us for each in some) > time * 5 * MINUTE_US:
            return False
    return True


@pytest.mark.parametrize("seed", range(40))
def test_as_many_promises_as_halls_condition_allows_and_no_more(seed: int) -> None:
    draw = Random(seed)  # noqa: S311 - the same cases each time, not a secret
    people = [
        crew(
            *draw.choice([("shop",), ("billing",), ("shop", "billing")]),
            languages=draw.choice([(), ("en",)]), size=draw.randint(1, 2),
            works=(span(draw.choice([0, 15, 40]), draw.choice([60, 95])), span(105, draw.choice([120, 180]))),
        )
        for _ in range(draw.randint(1, 3))
    ]  # fmt: skip

    def drawn(line: str) -> Load:
        first, length = draw.choice([0, 30, 45, 60, 90]), draw.choice([15, 30, 60, 90])
        return load(line, first, first + length, draw.randint(0, 2), minutes=draw.choice([5, 7, 12]))

    sold = [each for each in (drawn(draw.choice(LINES)) for _ in range(6)) if each.count]
    while not hall(sold, people):
        sold.pop()
    own = drawn(draw.choice(LINES))
    room = most(own, Sold(sold).competing(own.window), people)

    def with_own(count: int) -> list[Load]:
        return [*sold, Load(**{**{name: getattr(own, name) for name in own.__struct_fields__}, "count": count})]

    assert hall(with_own(room), people)
    assert not hall(with_own(room + 1), people)
