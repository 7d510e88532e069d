"""What we ask of the carrier over REST, in our own words; the SDK's exceptions end here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient as HttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

REQUEST_TIMEOUT_S: Final = 3.0
# Source: https://www.twilio.com/docs/errors/21220 and /20404: the call is over. An expected race at hang-up.
CALL_IS_OVER: Final = frozenset({21220, 20404})
RATE_LIMITED: Final = 20429
ENDED_STATUSES: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

StatusEvent = Literal["initiated", "ringing", "answered", "completed"]


class CarrierError(Exception):
    """The carrier refused or could not be reached. With `unknown_outcome`, it may have done what we asked."""

    code = "carrier"

    def __init__(self, message: str, *, retryable: bool, unknown_outcome: bool) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.unknown_outcome = unknown_outcome


class CarrierCall(msgspec.Struct, frozen=True):
    """A call as the carrier sees it now."""

    sid: str
    to_number: str
    status: str
    created_at: datetime | None

    @property
    def ended(self) -> bool:
        return self.status in ENDED_STATUSES


class Carrier:
    """A thin client of Twilio's REST interface, and of what speaks the same.

    Source: https://www.twilio.com/docs/voice/api/call-resource
    """

    def __init__(self, account_sid: str, auth_token: str, api_url: str, http_client: HttpClient | None = None) -> None:
        # No retry in the HTTP client: whether a request may be sent again is ours to decide, call by call.
        http = http_client or TwilioHttpClient(timeout=REQUEST_TIMEOUT_S, max_retries=0)
        self._client = Client(account_sid, auth_token, http_client=http)
        self._client.api.base_url = api_url

    def create_call(
        self,
        *,
        to_number: str,
        from_number: str,
        url: str,
        status_url: str | None = None,
        status_events: tuple[StatusEvent, ...] = ("answered", "completed"),
        ring_s: int = 25,
        machine_url: str | None = None,
    ) -> str:
        """Ask for an outbound call and return its SID. Accepted is not dialled: the status webhooks tell.

        Where an answer of ours is lost, or a process of ours dies over it, the carrier asks at `url` once more.
        With `machine_url` the carrier listens who answered, while the call goes on, and posts its guess there.
        Raises `CarrierError`; with `unknown_outcome` the call may exist.
        Source: https://www.twilio.com/docs/voice/answering-machine-detection (AsyncAmd)
        """
        detection = {}
        if machine_url is not None:
            detection = {
                "machine_detection": "Enable",
                "async_amd": "true",
                "async_amd_status_callback": machine_url,
                "async_amd_status_callback_method": "POST",
            }
        status: dict[str, Any] = {}
        if status_url is not None:
            status = {
                "status_callback": status_url,
                "status_callback_event": list(status_events),
                "status_callback_method": "POST",
            }
        try:
            call = self._client.calls.create(
                to=to_number,
                from_=from_number,
                url=url,
                method="POST",
                fallback_url=url,
                fallback_method="POST",
                timeout=ring_s,
                **status,
                **detection,
            )
        except (TwilioException, OSError) as error:
            raise _carrier_error(error, changes_something=True) from error
        return str(call.sid)

    def send_text(self, *, to_number: str, from_number: str, text: str) -> str:
        """Ask for a text message and return its SID. Accepted is not delivered.

        Raises `CarrierError`; with `unknown_outcome` the text may be on its way.
        Source: https://www.twilio.com/docs/messaging/api/message-resource
        """
        try:
            message = self._client.messages.create(to=to_number, from_=from_number, body=text)
        except (TwilioException, OSError) as error:
            raise _carrier_error(error, changes_something=True) from error
        return str(message.sid)

    def redirect_call(self, call_sid: str, url: str) -> bool:
        """Make the carrier fetch `url` for this call at once; False where the call is over.

        A turn URL is idempotent, so one that failed in passing is asked for once more.
        """
        for attempt in (1, 2):
            try:
                self._client.calls(call_sid).update(url=url, method="POST")
            except (TwilioException, OSError) as error:
                if _is_over(error):
                    return False
                failure = _carrier_error(error, changes_something=False)
                if attempt == 2 or not failure.retryable:
                    raise failure from error
            else:
                return True
        raise AssertionError("unreachable")

    def hang_up(self, call_sid: str) -> None:
        """End a call, ringing or in progress; one that is over already is no error."""
        try:
            self._client.calls(call_sid).update(status="completed")
        except (TwilioException, OSError) as error:
            if not _is_over(error):
                raise _carrier_error(error, changes_something=False) from error

    def fetch_call(self, call_sid: str) -> CarrierCall | None:
        """The call's present status; None where the carrier knows no such call."""
        try:
            found = self._client.calls(call_sid).fetch()
        except (TwilioException, OSError) as error:
            if _is_over(error):
                return None
            raise _carrier_error(error, changes_something=False) from error
        return CarrierCall(str(found.sid), str(found.to), str(found.status), found.date_created)

    def calls_to(self, to_number: str, since: datetime) -> list[CarrierCall]:
        """The last calls to a number that were created at `since` or later, newest first.

        The carrier's own filter on time looks at the start, which a call that still rings does not have.
        """
        try:
            listed = self._client.calls.list(to=to_number, limit=20)
        except (TwilioException, OSError) as error:
            raise _carrier_error(error, changes_something=False) from error
        calls = [CarrierCall(str(item.sid), str(item.to), str(item.status), item.date_created) for item in listed]
        return [call for call in calls if call.created_at is None or call.created_at >= since.replace(microsecond=0)]


def _is_over(error: Exception) -> bool:
    return isinstance(error, TwilioRestException) and error.code in CALL_IS_OVER


def _carrier_error(error: Exception, *, changes_something: bool) -> CarrierError:
    if isinstance(error, TwilioRestException):
        server_side = error.status >= 500
        retryable = server_side or error.status == 429 or error.code == RATE_LIMITED
        message = f"the carrier answered {error.status} (code {error.code})"
        return CarrierError(message, retryable=retryable, unknown_outcome=changes_something and server_side)
    message = f"the carrier could not be reached ({type(error).__name__})"
    return CarrierError(message, retryable=True, unknown_outcome=changes_something)
