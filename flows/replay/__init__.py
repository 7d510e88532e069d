"""Replays traces through an edited flow, and says what would change for the callers.

What callers did is fed by its meaning (`fitting`), what the shell answered by node and effect (`following`); the
result is compared with what the trace says (`comparing`) and told in sentences (`report`).
"""

from __future__ import annotations

from collections.abc import Iterable

from flows.model import Flow
from flows.replay.comparing import Change, compare
from flows.replay.following import Followed, follow
from flows.replay.report import Report, report_of
from flows.traces.model import Trace

__all__ = ["Change", "Followed", "Report", "compare", "follow", "replay", "report_of"]


def replay(flow: Flow, traces: Iterable[Trace]) -> Report:
    """What would change for these calls if `flow` had answered them."""
    return report_of([compare(trace, follow(flow, trace)) for trace in traces])
