"""The installations of the demo, the acceptance tests and the benchmarks work at any hour of any day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callbacks.calling_hours import callable_intervals
from callbacks.model import Interval
from flows.loader import load_flow
from ivr.demo.installation import Installation, around_the_clock
from ivr.queue_rules import rules_of
from ivr.settings import EXAMPLE_FLOW

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_demos_flow_has_no_closed_hour_in_a_whole_year(tmp_path: Path) -> None:
    """Nor in the hours at which London changes its clocks."""
    rules = rules_of(load_flow(around_the_clock(EXAMPLE_FLOW, tmp_path)), "shop", own_numbers=())
    end = BEGIN + timedelta(days=366)
    allowed = callable_intervals(rules.openings(BEGIN, end), ("Europe/London",), rules.calling_hours, BEGIN, end)
    assert allowed == [Interval(starts=BEGIN, ends=end)]


def test_the_shipped_example_itself_does_keep_hours() -> None:
    rules = rules_of(load_flow(EXAMPLE_FLOW), "shop", own_numbers=())
    midnight = BEGIN + timedelta(days=1)
    assert not callable_intervals(
        [Interval(starts=BEGIN, ends=midnight)],
        ("Europe/London",),
        rules.calling_hours,
        BEGIN,
        BEGIN + timedelta(hours=9),
    )


def test_an_installation_has_that_flow_unless_it_is_given_another(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    assert load_flow(Path(installation.environment["FLOW_FILE"])).queue_of("shop").calling_hours == "00:00-24:00"
    given = Installation(tmp_path / "b", overrides={"FLOW_FILE": str(EXAMPLE_FLOW)})
    assert given.environment["FLOW_FILE"] == str(EXAMPLE_FLOW)


def test_a_flow_that_says_already_how_it_is_called_back_is_not_changed_behind_its_back(tmp_path: Path) -> None:
    flow = tmp_path / "flow.yaml"
    flow.write_text(EXAMPLE_FLOW.read_text() + '\nqueues:\n  shop: {calling_hours: "09:00-12:00"}\n')
    with pytest.raises(ValueError, match="says already"):
        around_the_clock(flow, tmp_path / "copy")
