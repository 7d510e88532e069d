"""What a person needs to know before they take over, so that the caller repeats nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from flows.model import Flow
from flows.state import CallState


def dossier_of(flow: Flow, state: CallState) -> dict[str, Any]:
    """Who, why, values given, path and the caller's own words, as plain values that cross to the callbacks."""
    return {
        "call_sid": state.call_sid,
        "caller_number": state.caller_number,
        "organisation": flow.organisation,
        "language": state.language,
        "reason": state.reason,
        "values": dict(state.values),
        "said": [msgspec.to_builtins(said) for said in state.said],
        "path": list(state.path),
        "arrived_at": state.started_at.isoformat(),
    }
