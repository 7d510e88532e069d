"""The faults that are to happen: counts them down and tells who asks whether it is their turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from ivr.localcarrier.wire import Faults

if TYPE_CHECKING:
    from ivr.localcarrier.clock import Clock
    from ivr.localcarrier.events import EventLog


class Injection:
    """The present set of `Faults`, on the carrier's clock."""

    def __init__(self, clock: Clock, log: EventLog) -> None:
        self.faults = Faults()
        self._clock = clock
        self._log = log
        self._rest_up_at = 0.0

    def replace(self, faults: Faults) -> None:
        """Take a new set; what lasts for a time begins now."""
        self.faults = faults
        self._rest_up_at = self._clock.seconds() + faults.rest_down_s if faults.rest_down_s > 0 else 0.0

    def take(self, counter: str, call_sid: str | None = None) -> bool:
        """Count a fault down; True if it is to happen now."""
        left: int = getattr(self.faults, counter)
        if left <= 0:
            return False
        self.faults = msgspec.structs.replace(self.faults, **{counter: left - 1})
        self._log.add("fault_injected", call_sid, fault=counter)
        return True

    def take_for_rest(self, counter: str, operation: str) -> bool:
        """Count a fault down if it is about this REST operation; True if it is to happen now."""
        return self.faults.rest_operation in ("*", operation) and self.take(counter)

    def take_for_webhook(self, counter: str, purpose: str, params: Mapping[str, str], call_sid: str | None) -> bool:
        """Count a fault down if it is about this webhook; True if it is to happen now."""
        if getattr(self.faults, counter) <= 0:
            return False
        event = params.get("StatusCallbackEvent") or params.get("CallStatus", "")
        wanted = self.faults.webhook_purpose in ("*", purpose, f"{purpose}:{event}")
        return wanted and self.take(counter, call_sid)

    def rest_is_down(self) -> bool:
        """Whether the REST interface cannot be reached at all now."""
        return self._clock.seconds() < self._rest_up_at
