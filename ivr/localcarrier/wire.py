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
    rest_down_s: for so many seconds from now, no REST request gets through.
    rest_operation: which REST requests the next ones are about: `create_call`, `update_call`, `fetch_call`,
        `list_calls`, `create_stream`, `update_stream`, `list_notifications`, `create_message`, or `*` for all.
    lose_requests: the next N of them never arrive (the connection breaks).
    rest_error_status, rest_errors: the next N of them get this status (429 or 5xx) and are not processed.
    rest_errors_after_effect: the next N of them are processed, and get the status 500 all the same.
    lose_replies: the next N of them are processed, but their reply is lost (the connection breaks).
    delay_reply_ms: replies to them come this much later.
    queue_calls, queue_s: the next N created calls wait so long in the queue before they are dialled.
    webhook_purpose: which webhooks the next ones are about: `answer`, `gather`, `redirect`, `update`, `dial`, `record`,
        `whisper`, `conference_wait`, `fallback`, `status`, `conference_status`, `stream_status`, `machine_detection`,
        one status or event of those (`status:completed`, `conference_status:participant-join`), or `*` for all.
    lose_webhooks: the next N of them never arrive, whatever is tried.
    delay_webhooks, webhook_delay_ms: the next N of them are sent this much later; other status webhooks overtake.
    duplicate_webhooks, duplicate_delay_ms: the next N of them are sent twice with one idempotency token, the second
        time so much later.
    late_answers: the next N of them arrive, but the answer comes after the carrier has given up (15 s).
    shuffle_status_webhooks: a call's status webhooks are sent at once and in a changed order (by the carrier's seed).

    All times are call time.
    """

    refuse_media: int = 0
    rest_error_status: int = 429
    rest_errors: int = 0
    lose_replies: int = 0
    rest_errors_after_effect: int = 0
    lose_requests: int = 0
    delay_reply_ms: int = 0
    rest_operation: str = "*"
    rest_down_s: float = 0.0
    queue_calls: int = 0
    queue_s: float = 0.0
    webhook_purpose: str = "*"
    lose_webhooks: int = 0
    delay_webhooks: int = 0
    webhook_delay_ms: int = 0
    duplicate_webhooks: int = 0
    duplicate_delay_ms: int = 0
    late_answers: int = 0
    shuffle_status_webhooks: bool = False


class Passing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of call time; None: nothing will ever happen by itself."""

    seconds: float | None


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
