"""What one fault schedule does: drawn from its seed alone, so that a bad one can be run again."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from ivr.localcarrier.script import HangUp, Hear, LoseLine, Phone, Press, Say, Stay, Step, Wait, voicemail
from ivr.localcarrier.wire import Faults

AGENTS: Final = tuple(f"+4420794601{number:02d}" for number in range(8))
CUSTOMERS: Final = tuple(f"+4420794602{number:02d}" for number in range(8))
# A Monday: the office is open from nine to half past five, London time.
MORNING: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLOSES: Final = MORNING + timedelta(hours=8, minutes=30)
# Of the schedules, how many run on a real server, and in how many of those it is killed with -9 and started again.
REDIS_SHARE: Final = 0.1
RESTART_SHARE: Final = 0.3
# What is given to every schedule; who is not called within it is lost.
HORIZON: Final = timedelta(hours=47)

TALK_MS: Final = 30_000
# A customer who was called first waits for this greeting; one who was called second is there after it.
TAKES: Final[tuple[Step, ...]] = (
    Hear("To be connected"),
    Press("1"),
    Wait(4000),
    Say("Good day."),
    Hear("How did it end", timeout_s=300),
)
DECLINES: Final = (Hear("To be connected"), Press("2"), Stay())


class Promised(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that is promised so many seconds from the start, and its customer's phone."""

    number: str
    made_in_s: float
    own_number: bool
    phones: tuple[Phone, ...]


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """One world and what happens to it. Instants are seconds from the start; `chance` is for each step of a worker.

    `on_redis` tells whether the promises are kept by a real server; else by its twin in memory, which is ten times
    faster and held to the same by `tests/contracts/test_callback_store.py`.
    """

    seed: int
    on_redis: bool
    starts: datetime
    workers: int
    agents: tuple[tuple[Phone, ...], ...]
    promised: tuple[Promised, ...]
    faults: tuple[tuple[float, Faults], ...]
    redis_away: tuple[tuple[float, float], ...]
    restarts: tuple[float, ...]
    clock_steps: tuple[tuple[float, int, float], ...]
    kills: int
    stops: int
    web_kills: int
    chance: float


def drawn(seed: int) -> Schedule:
    """The schedule of a seed."""
    chance = random.Random(seed)  # noqa: S311 - a benchmark's choice
    on_redis = chance.random() < REDIS_SHARE
    # An agent who says nothing in the end leaves it to the carrier to tell whether the line broke.
    says_how_it_ended = chance.random() < 0.5
    near_closing = chance.random() < 0.3
    starts = CLOSES - timedelta(seconds=chance.uniform(30, 900)) if near_closing else MORNING + timedelta(hours=3)
    promised = tuple(
        _promised(chance, CUSTOMERS[number], may_drop=not says_how_it_ended) for number in range(chance.randint(1, 3))
    )
    # What lasts, such as a slow interface, is over in the end.
    faults = (
        *sorted(((chance.uniform(0, 120), _faults(chance)) for _ in range(chance.randint(0, 3))), key=_at),
        (chance.uniform(200, 900), Faults()),
    )
    return Schedule(
        seed=seed,
        on_redis=on_redis,
        starts=starts,
        workers=chance.choice((1, 2, 2, 3, 8)),
        agents=tuple(_agent(chance, says_how_it_ended=says_how_it_ended) for _ in range(chance.randint(1, 3))),
        promised=promised,
        faults=faults,
        redis_away=tuple((chance.uniform(0, 120), chance.uniform(0.5, 90)) for _ in range(chance.randint(0, 1))),
        restarts=(chance.uniform(0, 60),) if on_redis and chance.random() < RESTART_SHARE else (),
        clock_steps=tuple(
            (chance.uniform(0, 120), chance.randrange(8), chance.choice((-7200.0, -60.0, -1.5, 1.5, 60.0, 7200.0)))
            for _ in range(chance.randint(0, 2))
        ),
        kills=chance.randint(0, 4),
        stops=chance.randint(0, 2),
        web_kills=chance.randint(0, 1),
        chance=chance.choice((0.02, 0.05, 0.1)),
    )


def _promised(chance: random.Random, number: str, *, may_drop: bool) -> Promised:
    """A callback; to another number than the one that called, its customer is called first."""
    own_number = chance.random() < 0.6
    phones = _customer(chance, called_first=not own_number, may_drop=may_drop)
    return Promised(
        number=number, made_in_s=chance.choice((0.0, 0.0, chance.uniform(0, 600))), own_number=own_number, phones=phones
    )


def _at(fault: tuple[float, Faults]) -> float:
    return fault[0]


def _agent(chance: random.Random, *, says_how_it_ended: bool) -> tuple[Phone, ...]:
    """An agent who takes calls, sooner or later."""
    first = chance.choice((None, None, None, "declines", "away", "voicemail"))
    word = (Press("1"),) if says_how_it_ended else ()
    takes = Phone(answer_after_ms=chance.randint(200, 9000), steps=(*TAKES, *word, Stay()))
    match first:
        case "declines":
            return (Phone(answer_after_ms=1000, steps=DECLINES), takes)
        case "away":
            return (Phone(behaviour="no_answer"), takes)
        case "voicemail":
            return (voicemail("Please leave a message.", answer_after_ms=4000), takes)
        case _:
            return (takes,)


def _customer(chance: random.Random, *, called_first: bool, may_drop: bool) -> tuple[Phone, ...]:
    """A customer who can be reached, at the third try at the latest."""
    greeted: tuple[Step, ...] = (Hear("as promised", timeout_s=60),)
    if called_first:
        greeted = (*greeted, Wait(300), Press("1"), Hear("Good day", timeout_s=600))
    talks = Phone(answer_after_ms=chance.randint(200, 12_000), steps=(*greeted, Wait(TALK_MS), HangUp()))
    drops = Phone(answer_after_ms=500, steps=(*greeted, Wait(9000), LoseLine()))
    missed = chance.choice(
        ((), (), (), ("busy",), ("no_answer",), ("no_answer", "busy"), ("drops",) if may_drop else ())
    )
    first = tuple(drops if kind == "drops" else Phone(behaviour=kind) for kind in missed)
    return (*first, talks)


def _faults(chance: random.Random) -> Faults:
    """One thing that goes wrong at the carrier."""
    some = chance.randint(1, 3)
    create = "create_call" if chance.random() < 0.7 else "*"
    return chance.choice(
        (
            Faults(rest_operation=create, lose_replies=some),
            Faults(rest_operation=create, lose_requests=some),
            Faults(rest_operation=create, rest_errors=some, rest_error_status=chance.choice((429, 500, 503))),
            Faults(rest_operation=create, rest_errors_after_effect=some),
            Faults(rest_operation=create, delay_reply_ms=chance.choice((500, 2500, 8000)), lose_replies=0),
            Faults(rest_down_s=chance.uniform(1, 120)),
            Faults(queue_calls=some, queue_s=chance.choice((2.0, 8.0, 30.0))),
            Faults(webhook_purpose=chance.choice(("status", "status:completed", "answer")), lose_webhooks=some),
            Faults(webhook_purpose="*", duplicate_webhooks=5, duplicate_delay_ms=chance.choice((0, 400, 30_000))),
            Faults(webhook_purpose="status", delay_webhooks=some, webhook_delay_ms=chance.choice((300, 5000, 60_000))),
            Faults(shuffle_status_webhooks=True),
        )
    )
