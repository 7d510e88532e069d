"""A carrier that does what a test says."""

from __future__ import annotations

import threading
from datetime import datetime

from callbacks.dispatch import LegStatus
from callbacks.errors import DialError
from callbacks.model import CallbackRequest, Leg


class ScriptedCarrier:
    """Answers as it is told, and remembers every leg that it was asked for."""

    def __init__(self) -> None:
        self.legs: dict[str, str] = {}
        self.statuses: dict[str, LegStatus] = {}
        self.ended: list[str] = []
        self.let_go = 0
        self.freed: list[str] = []
        self.cannot_tell = False
        self.apologies: list[str] = []
        self.told: list[tuple[str, datetime]] = []
        self.lose_reply = False
        self.refuse: DialError | None = None
        # Legs of which the carrier cannot say anything.
        self.mute: set[str] = set()
        self._lock = threading.Lock()

    def _create(self, number: str) -> str:
        if self.refuse is not None:
            raise self.refuse
        with self._lock:
            sid = f"CA{len(self.legs)}"
            self.legs[sid] = number
        if self.lose_reply:
            raise DialError("no answer", unknown_outcome=True)
        return sid

    def ring_agent(self, request: CallbackRequest) -> str:
        assert request.attempt is not None
        assert request.attempt.agent_leg is not None
        return self._create(request.attempt.agent_leg.to_number)

    def ring_customer(self, request: CallbackRequest) -> str:
        return self._create(request.number)

    def find_leg(self, leg: Leg) -> str | None:
        return next((sid for sid, number in reversed(self.legs.items()) if number == leg.to_number), None)

    def leg_status(self, sid: str) -> LegStatus:
        if sid in self.mute:
            raise DialError("the carrier answered 500", unknown_outcome=False)
        return self.statuses.get(sid, "ringing")

    def hang_up(self, sid: str) -> None:
        self.ended.append(sid)

    def let_agent_go(self, request: CallbackRequest) -> None:
        assert request.attempt is not None
        self.let_go += 1
        if request.attempt.agent_leg is not None and request.attempt.agent_leg.sid is not None:
            self.freed.append(request.attempt.agent_leg.sid)

    def apologise(self, request: CallbackRequest) -> None:
        self.apologies.append(request.id)

    def tell(self, request: CallbackRequest, ends: datetime) -> str | None:
        if self.cannot_tell:
            return None
        self.told.append((request.id, ends))
        return "text"

    def times_rung(self, number: str) -> int:
        return list(self.legs.values()).count(number)
