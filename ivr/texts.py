"""Sends text messages: at most once each, and within a webhook's time.

The carrier's interface has no idempotency keys, so where its reply is lost nobody can tell whether the text went out.
It is never sent again then: a text that comes twice confuses, and costs. And the flow is told that it failed: a caller
who is told of another way and gets the text as well is better off than one who waits for a text that never comes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from concurrent.futures import TimeoutError as WaitTimeoutError
from typing import Final, Protocol

import structlog

from ivr.redis_client import RedisError
from ivr.redis_texts import TextLedger
from ivr.twilio_rest import CarrierError

log = structlog.get_logger()

# With less time than that, the carrier's answer would not come: nothing is sent.
TOO_LITTLE_S: Final = 0.3
# Source: https://www.twilio.com/docs/messaging/api/message-resource (Body)
MAX_TEXT_LENGTH: Final = 1600


class TextCarrier(Protocol):
    """What sends; raises `CarrierError`."""

    def send_text(self, *, to_number: str, from_number: str, text: str) -> str: ...


class Texts:
    """Text messages from our number."""

    def __init__(self, carrier: TextCarrier, ledger: TextLedger, executor: Executor, *, from_number: str) -> None:
        self._carrier = carrier
        self._ledger = ledger
        self._executor = executor
        self._from_number = from_number

    def send(self, key: str, number: str, text: str, *, wait_s: float) -> bool:
        """Send a text once for this key; whether it is known to be on its way after `wait_s` at most.

        Raises `redis.RedisError`.
        """
        if len(text) > MAX_TEXT_LENGTH:
            log.error("text not sent: it is too long", key=key, characters=len(text), most=MAX_TEXT_LENGTH)
            return False
        if wait_s < TOO_LITTLE_S:
            log.error("text not sent: the turn's time is spent", key=key)
            return False
        standing = self._ledger.begin(key)
        if standing != "new":
            return standing == "sent"
        asking = self._executor.submit(self._ask, key, number, text)
        try:
            return asking.result(wait_s)
        except WaitTimeoutError:
            never_asked = asking.cancel()
            log.warning("text: the carrier did not answer in time", key=key, never_asked=never_asked)
            if never_asked:
                self._ledger.end(key, "failed")
            return False

    def _ask(self, key: str, number: str, text: str) -> bool:
        try:
            sid = self._carrier.send_text(to_number=number, from_number=self._from_number, text=text)
        except CarrierError as error:
            log.warning("text not sent", key=key, error=str(error), unknown_outcome=error.unknown_outcome)
            if not error.unknown_outcome:
                self._note(lambda: self._ledger.end(key, "failed"))
            return False
        log.info("text sent", key=key, sid=sid)
        self._note(lambda: self._ledger.end(key, "sent"))
        return True

    def _note(self, write: Callable[[], None]) -> None:
        try:
            write()
        except RedisError as error:
            log.warning("text: its end is not on record", error=type(error).__name__)
