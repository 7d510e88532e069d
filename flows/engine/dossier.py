"""What a person needs to know before they take over, so that the caller repeats nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from flows.model import Flow
from flows.parts import in_language
from flows.state import CallState


def dossier_of(flow: Flow, state: CallState) -> dict[str, Any]:
    """Who, why, values given, path and the caller's own words, as plain values that cross to the callbacks."""
    return {
        "call_sid": state.call_sid,
        "caller_number": state.caller_number,
        "organisation": in_language(flow.organisation, state.language),
        "language": state.language,
        "reason": state.reason,
        "values": {name: value for name, value in state.values.items() if name not in flow.sensitive_names},
        "said": [msgspec.to_builtins(said) for said in state.said],
        "path": list(state.path),
        "arrived_at": state.started_at.isoformat(),
    }
