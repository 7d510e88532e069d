"""A sample of the fault schedules that `make bench-crash` plays by the thousand: every promise is kept, and once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.benchmarks.crash.schedules import play
from tests.benchmarks.crash.schedules.installation import Installation, installation
from tests.benchmarks.crash.schedules.plan import drawn
from tests.benchmarks.crash.schedules.verdict import Verdict


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("schedules")) as made:
        yield made


@pytest.mark.parametrize("first", range(1, 101, 10))
def test_every_promise_is_kept_once_and_within_hours(office: Installation, first: int) -> None:
    verdicts = {seed: play(seed, office)[0] for seed in range(first, first + 10)}
    assert {seed: verdict for seed, verdict in verdicts.items() if verdict != Verdict()} == {}


def test_a_schedule_follows_from_its_seed_alone() -> None:
    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
