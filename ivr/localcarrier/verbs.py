"""TwiML as values: one small struct per verb and noun, with the vendor's defaults.

Source: https://www.twilio.com/docs/voice/twiml and the page of each verb.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

MAX_LOOP: Final = 1000  # `loop="0"` is "until hang-up", done as this many. Source: docs/voice/twiml/say

Track = Literal["inbound_track", "outbound_track", "both_tracks"]


class Say(msgspec.Struct, frozen=True):
    """Speak `text`; SSML is reduced to its words."""

    text: str
    voice: str = "man"
    language: str = "en-US"
    loop: int = 1


class Play(msgspec.Struct, frozen=True):
    """Play the audio file at `url`, or send `digits` when there is no URL."""

    url: str = ""
    loop: int = 1
    digits: str = ""


class Pause(msgspec.Struct, frozen=True):
    """Wait in silence."""

    length_s: int = 1


class Gather(msgspec.Struct, frozen=True):
    """Collect keys while `prompts` play; `action` None = the URL of the current document."""

    prompts: tuple[Say | Play | Pause, ...] = ()
    action: str | None = None
    method: str = "POST"
    timeout_s: int = 5
    finish_on_key: str = "#"
    num_digits: int | None = None
    action_on_empty_result: bool = False


class Record(msgspec.Struct, frozen=True):
    """Record what the person says; `action` None = the URL of the current document. `timeout_s` 0 = never."""

    action: str | None = None
    method: str = "POST"
    timeout_s: int = 5
    finish_on_key: str = "1234567890*#"
    max_length_s: int = 3600
    play_beep: bool = True


class Redirect(msgspec.Struct, frozen=True):
    """Go on with the document at `url`."""

    url: str
    method: str = "POST"


class Hangup(msgspec.Struct, frozen=True):
    """End the call."""


class Reject(msgspec.Struct, frozen=True):
    """Turn the call away; as the first verb without answering it."""

    reason: Literal["rejected", "busy"] = "rejected"


class StartStream(msgspec.Struct, frozen=True):
    """Fork the call's audio to a WebSocket. `track` is kept as written: a wrong one is found when it runs."""

    url: str
    name: str = ""
    track: str = "inbound_track"
    status_callback: str | None = None
    status_callback_method: str = "POST"
    parameters: tuple[tuple[str, str], ...] = ()


class StopStream(msgspec.Struct, frozen=True):
    """End the fork called `name`."""

    name: str


class Number(msgspec.Struct, frozen=True):
    """A phone to dial; the document at `url` runs on its leg before the bridge (the whisper)."""

    number: str
    url: str | None = None
    method: str = "POST"
    send_digits: str = ""
    status_callback: str | None = None
    status_callback_method: str = "POST"
    status_callback_events: tuple[str, ...] = ("completed",)


class Conference(msgspec.Struct, frozen=True):
    """A conference to join; `wait_url` None = the vendor's music, "" = silence."""

    name: str
    muted: bool = False
    beep: str = "true"
    start_on_enter: bool = True
    end_on_exit: bool = False
    label: str = ""
    wait_url: str | None = None
    wait_method: str = "POST"
    max_participants: int = 250
    status_callback: str | None = None
    status_callback_method: str = "POST"
    status_callback_events: tuple[str, ...] = ()


class Dial(msgspec.Struct, frozen=True):
    """Connect the leg to phones, of which the first to answer wins, or to a conference."""

    numbers: tuple[Number, ...] = ()
    conference: Conference | None = None
    action: str | None = None
    method: str = "POST"
    timeout_s: int = 30
    time_limit_s: int = 14_400
    caller_id: str | None = None
    hangup_on_star: bool = False
    answer_on_bridge: bool = False


class Unsupported(msgspec.Struct, frozen=True):
    """A verb of the vendor that the local carrier does not run; it is skipped with a warning in the log."""

    name: str


Verb = Say | Play | Pause | Gather | Record | Redirect | Hangup | Reject | StartStream | StopStream | Dial | Unsupported


class Problem(msgspec.Struct, frozen=True):
    """A warning or error of a document, with the vendor's code and the line it stands on."""

    code: int
    message: str
    line: int = 0


class Document(msgspec.Struct, frozen=True):
    """A parsed `<Response>`."""

    verbs: tuple[Verb, ...] = ()
    warnings: tuple[Problem, ...] = ()
