"""What happens when: the due times and the kills, the same for everybody who is measured with the same seed."""

from __future__ import annotations

import random
from typing import Final

import msgspec

SPREAD_S: Final = 25.0
# The first and the last part of the spread see no kill, so that there is work before and after each.
CALM: Final = 0.1


class Kill(msgspec.Struct, frozen=True):
    """A moment, in seconds from the first due time, and which group of workers dies (its index; taken modulo)."""

    after_s: float
    group: int


class Plan(msgspec.Struct, frozen=True):
    """The due times, in seconds from the first one, by callback id; and the kills in their order."""

    due_s: dict[str, float]
    kills: tuple[Kill, ...]


def plan(jobs: int, kills: int, seed: int, groups: int = 2) -> Plan:
    """Spread `jobs` evenly over `SPREAD_S`; draw one kill in each of as many equal parts of its middle.

    Each falls in the middle half of its part: who has been killed gets time to be back at work before the next one. The
    groups take turns.
    """
    draw = random.Random(seed)  # noqa: S311 - the same moments each time, not a secret
    part_s = SPREAD_S * (1 - 2 * CALM) / kills if kills else 0.0
    first = draw.randrange(groups)
    moments = [SPREAD_S * CALM + part_s * (number + draw.uniform(0.25, 0.75)) for number in range(kills)]
    return Plan(
        due_s={f"cb{number:04}": SPREAD_S * number / jobs for number in range(jobs)},
        kills=tuple(Kill(moment, (first + number) % groups) for number, moment in enumerate(moments)),
    )
