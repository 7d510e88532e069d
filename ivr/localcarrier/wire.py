"""The values that cross the control API (`/local/...`) of the local carrier, as JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from ivr.localcarrier.script import Phone, Step


class Event(msgspec.Struct, frozen=True):
    """One line of the carrier's log.

    `seq` counts from 1, `at` is epoch seconds, `data` holds the fields of this `kind` (see `events.py`).
    """

    seq: int
    at: float
    kind: str
    call_sid: str | None = None
    data: dict[str, Any] = {}

    def __getitem__(self, field: str) -> Any:
        """Return a field of `data`; raises `KeyError` for a field that this kind does not have."""
        return self.data[field]

    def get(self, field: str, default: Any = None) -> Any:
        """Return a field of `data`, or `default`."""
        return self.data.get(field, default)


class NumberSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the carrier does with a call to one of the account's numbers."""

    voice_url: str
    voice_method: str = "POST"
    fallback_url: str | None = None
    fallback_method: str = "POST"
    status_callback: str | None = None
    status_callback_method: str = "POST"


class InboundCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call that a scripted person places to one of the account's numbers.

    `extra` are further webhook parameters of the whole call, e.g. `{"FromCity": "Leeds"}`.
    """

    from_number: str
    to_number: str
    steps: tuple[Step, ...] = ()
    extra: dict[str, str] = {}


class PhoneBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first call to a phone meets the first entry, the second the second; the last one repeats."""

    phones: tuple[Phone, ...]


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Faults to inject from now on. Counters count down to 0; the whole set replaces the one before.

    refuse_media: the next N media sockets are refused (31902) without a connection attempt.
    rest_operation: which REST requests the next three are about: `create_call`, `update_call`, `fetch_call`,
        `list_calls`, `create_stream`, `update_stream`, `list_notifications`, `create_message`, or `*` for all.
    rest_error_status, rest_errors: the next N of them get this status (429 or 5xx) and are not processed.
    lose_replies: the next N of them are processed, but their reply is lost (the connection breaks).
    delay_reply_ms: replies to them come this much later.
    duplicate_webhooks: the next N webhooks are sent twice, with one idempotency token.
    shuffle_status_webhooks: a call's status webhooks are sent at once and in a changed order.
    """

    refuse_media: int = 0
    rest_error_status: int = 429
    rest_errors: int = 0
    lose_replies: int = 0
    delay_reply_ms: int = 0
    rest_operation: str = "*"
    duplicate_webhooks: int = 0
    shuffle_status_webhooks: bool = False


class CallView(msgspec.Struct, frozen=True):
    """A leg as the control API shows it. Times are epoch seconds; `recording` is the path of the WAV."""

    sid: str
    direction: str
    from_number: str
    to_number: str
    status: str
    created_at: float
    parent_call_sid: str | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    ended_by: str | None = None
    script_done: bool = False
    script_error: str | None = None
    recording: str | None = None
