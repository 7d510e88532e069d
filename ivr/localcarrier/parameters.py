"""The parameter sets of webhooks, without clock or network.

Source: https://www.twilio.com/docs/voice/twiml ; the twins and empty values are as captured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

API_VERSION: Final = "2010-04-01"
_PLACES: Final = ("City", "State", "Zip", "Country")

# What a status webhook calls a leg at each event. Source: docs/voice/api/call-resource (StatusCallbackEvent).
EVENT_OF_STATUS: Final[Mapping[str, str]] = {
    "initiated": "initiated",
    "ringing": "ringing",
    "in-progress": "answered",
    "completed": "completed",
    "busy": "completed",
    "failed": "completed",
    "no-answer": "completed",
    "canceled": "completed",
}


class CallFacts(msgspec.Struct, frozen=True):
    """What every webhook of a leg says about it. `extra` wins over the computed values."""

    call_sid: str
    account_sid: str
    from_number: str
    to_number: str
    direction: str
    status: str
    parent_call_sid: str | None = None
    extra: Mapping[str, str] = {}


def standard_parameters(call: CallFacts) -> dict[str, str]:
    """Return the set of every TwiML request: geography is empty rather than absent, and has legacy twins."""
    params = {
        "CallSid": call.call_sid,
        "AccountSid": call.account_sid,
        "From": call.from_number,
        "To": call.to_number,
        "CallStatus": call.status,
        "ApiVersion": API_VERSION,
        "Direction": call.direction,
        "Caller": call.from_number,
        "Called": call.to_number,
    }
    for end, twin in (("From", "Caller"), ("To", "Called")):
        for place in _PLACES:
            params[end + place] = params[twin + place] = call.extra.get(end + place, "")
    if call.parent_call_sid is not None:
        params["ParentCallSid"] = call.parent_call_sid
    params.update(call.extra)
    return params


def status_parameters(
    call: CallFacts,
    *,
    sequence_number: int,
    timestamp: str,
    duration_s: int | None = None,
    sip_response_code: int | None = None,
    answered_by: str | None = None,
) -> dict[str, str]:
    """Return the set of a call-progress webhook; `duration_s` and `answered_by` only for the final one."""
    params = standard_parameters(call)
    params["CallbackSource"] = "call-progress-events"
    params["SequenceNumber"] = str(sequence_number)
    params["Timestamp"] = timestamp
    if duration_s is not None:
        params["CallDuration"] = str(duration_s)
        params["Duration"] = str(-(-duration_s // 60))  # billed minutes: begun ones count
    if sip_response_code is not None:
        params["SipResponseCode"] = str(sip_response_code)
    if answered_by is not None:
        params["AnsweredBy"] = answered_by
    return params
