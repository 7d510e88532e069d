"""One leg: a connection between the carrier and one phone, from the first ring to the final status."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from ivr.localcarrier.line import Line, Playback
from ivr.localcarrier.parameters import CallFacts, standard_parameters
from ivr.localcarrier.script import Answerer
from ivr.localcarrier.status_webhooks import StatusSubscription, StatusWebhooks

if TYPE_CHECKING:
    from ivr.localcarrier.exchange import Exchange
    from ivr.localcarrier.recording import Recorded
    from ivr.localcarrier.streams import MediaStream

Direction = Literal["inbound", "outbound-api", "outbound-dial"]
_FINAL: Final = {"completed", "busy", "failed", "no-answer", "canceled"}
_BEFORE_ANSWER: Final = {"queued", "initiated", "ringing"}


class DocumentRequest(msgspec.Struct, frozen=True):
    """Where the next document comes from: a webhook, or `twiml` that came by REST."""

    url: str = ""
    method: str = "POST"
    params: dict[str, str] = {}
    twiml: str | None = None
    purpose: str = "document"


class Handling(msgspec.Struct, frozen=True):
    """Which application handles a leg."""

    first: DocumentRequest = DocumentRequest()
    fallback_url: str | None = None
    fallback_method: str = "POST"
    status: StatusSubscription | None = None


class Heard(msgspec.Struct):
    """One thing that began to play to the person, and how it ended; `whole` None = still playing."""

    text: str
    whole: bool | None = None

    def matches(self, text: str, *, regex: bool) -> bool:
        """Compare without regard to case and white space."""
        own = " ".join(self.text.split()).casefold()
        if regex:
            return re.search(text, own, re.IGNORECASE) is not None
        return " ".join(text.split()).casefold() in own


class Leg:
    """State and senses of one leg. What it does is decided by its interpreter and its person."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        direction: Direction,
        from_number: str,
        to_number: str,
        handling: Handling,
        parent: Leg | None = None,
        extra: dict[str, str] | None = None,
    ) -> None:
        self.exchange = exchange
        self.sid = exchange.sids.new("CA")
        self.direction = direction
        self.from_number = from_number
        self.to_number = to_number
        self.handling = handling
        self.parent = parent
        self.extra = extra or {}
        self.status = "queued" if direction == "outbound-api" else "ringing"
        self.created_at = self.updated_at = exchange.clock.now()
        # Outbound calls of the REST API wait in a queue first.
        self.dialled_at: float | None = None if direction == "outbound-api" else self.created_at
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.ended_by: str | None = None
        self.script_done = False
        self.script_error: str | None = None
        self.recording: str | None = None
        self.answerer = Answerer()  # who took the call
        self.answered_by: str | None = None  # what machine detection says
        self.cookies: Any = exchange.webhooks.transport.new_cookies()
        self.line = Line(record=exchange.settings.record_dir is not None)
        self.streams: list[MediaStream] = []  # those that run
        self.all_streams: list[MediaStream] = []
        self.heard: list[Heard] = []
        self.on_said: Callable[[bytes], None] | None = None  # who records
        self.recorded: Recorded | None = None
        self.listeners: list[Leg] = []  # who hears what this leg's person says
        self.in_dial = False
        self.answered = asyncio.Event()
        self.gone = asyncio.Event()
        self.interrupt: asyncio.Future[DocumentRequest] = exchange.loop.create_future()
        self._news: asyncio.Future[None] = exchange.loop.create_future()
        self._on_key: Callable[[str], bool] | None = None
        self._on_key_name = "nobody"
        self._keys_ahead = ""
        self._status_webhooks = StatusWebhooks(self)
        exchange.legs[self.sid] = self
        exchange.live[self.sid] = self
        exchange.log.add(
            "call_started",
            self.sid,
            direction=direction,
            from_number=from_number,
            to_number=to_number,
            parent_call_sid=parent.sid if parent is not None else None,
        )

    # -- who and what

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self.status in _FINAL

    @property
    def is_answered(self) -> bool:
        """Whether somebody has picked up, also after the call has ended."""
        return self.answered_at is not None

    @property
    def duration_s(self) -> int:
        """Whole seconds since the answer."""
        if self.answered_at is None:
            return 0
        return round((self.ended_at or self.exchange.clock.now()) - self.answered_at)

    def facts(self, status: str | None = None) -> CallFacts:
        """Return what webhooks say about this leg."""
        return CallFacts(
            call_sid=self.sid,
            account_sid=self.exchange.settings.account_sid,
            from_number=self.from_number,
            to_number=self.to_number,
            direction=self.direction,
            status=status or self.status,
            parent_call_sid=self.parent.sid if self.parent is not None else None,
            extra=self.extra,
        )

    def parameters(self) -> dict[str, str]:
        """Return the standard parameter set of this moment."""
        return standard_parameters(self.facts())

    # -- status

    def set_status(self, status: str) -> None:
        """Move on to `initiated`, `ringing` or `in-progress`."""
        if self.dialled_at is None:
            self.dialled_at = self.exchange.clock.now()
        self._change(status)
        self._status_webhooks.report(status)

    def answer(self) -> None:
        """Pick up; nothing happens if that was done before or if the leg has ended."""
        if self.status in _BEFORE_ANSWER:
            self.answered_at = self.exchange.clock.now()
            self.set_status("in-progress")
            self.answered.set()

    def end(self, by: str, status: str | None = None, *, sip_code: int | None = None) -> None:
        """End the leg; the first call counts.

        Without `status` an answered leg is `completed`, an unanswered one `no-answer`.
        """
        if self.ended:
            return
        self.ended_at = self.exchange.clock.now()
        self.ended_by = by
        self._change(status or ("completed" if self.is_answered else "no-answer"))
        self.exchange.live.pop(self.sid, None)
        self.line.close()
        self.exchange.log.add("call_ended", self.sid, status=self.status, by=by, duration_s=self.duration_s)
        code = sip_code or {"completed": 200, "busy": 486, "failed": 404}.get(self.status, 487)
        self._status_webhooks.report(
            self.status, duration_s=self.duration_s, sip_code=code, answered_by=self.answered_by
        )
        self.gone.set()
        self._tell()

    def lose_line(self) -> None:
        """End the leg as a broken line does; an answered one is `failed` as well."""
        self.end("carrier", "failed", sip_code=503)

    def _change(self, status: str) -> None:
        self.status = status
        self.updated_at = self.exchange.clock.now()
        self.exchange.log.add("call_status", self.sid, status=status)

    # -- what the person hears

    async def play(self, codes: bytes, *, text: str, verb: str) -> bool:
        """Play to the person until the end, or until this is cancelled; True if all was played."""
        heard = Heard(text)
        log = self.exchange.log
        duration_ms = len(codes) // 8

        def started() -> None:
            log.add("prompt_started", self.sid, text=text, verb=verb, duration_ms=duration_ms)
            self._hear(heard)

        playback = Playback(codes, on_start=started)
        self.line.play(playback)
        try:
            await asyncio.shield(playback.done)
        finally:
            playback.cut()
            whole = playback.done.result()
            if playback.played_ms:
                heard.whole = whole
                log.add(
                    "prompt_ended",
                    self.sid,
                    text=text,
                    verb=verb,
                    completed=whole,
                    played_ms=playback.played_ms,
                )
                self._tell()
        return whole

    async def speak(self, codes: bytes, text: str) -> None:
        """Let the person say something and return when it is said."""
        log = self.exchange.log
        echoes: list[tuple[Leg, Heard]] = []

        def started() -> None:
            log.add("speech_started", self.sid, text=text)
            for listener in self.listeners:
                heard = Heard(text)
                echoes.append((listener, heard))
                log.add("speech_heard", listener.sid, text=text, from_call_sid=self.sid)
                listener._hear(heard)

        def sound_ended() -> None:
            log.add("speech_ended", self.sid, text=text)

        playback = Playback(codes, on_start=started, on_sound_end=sound_ended)
        self.line.speak(playback)
        try:
            await asyncio.shield(playback.done)
        finally:
            playback.cut()
            for listener, heard in echoes:
                heard.whole = playback.done.result()
                listener._tell()

    def _hear(self, heard: Heard) -> None:
        self.heard.append(heard)
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, self.exchange.loop.create_future()
        news.set_result(None)

    @property
    def news(self) -> asyncio.Future[None]:
        """The future of the next time that something begins or ends to play, or the leg ends.

        Take it before looking: what happens after that sets the one that was taken.
        """
        return self._news

    # -- keys

    def listen_for_keys(self, name: str, on_key: Callable[[str], bool] | None) -> None:
        """Send the next keys to `on_key`; it says whether it used the key. None stops that."""
        self._on_key, self._on_key_name = on_key, name
        if on_key is not None and name == "gather":
            ahead, self._keys_ahead = self._keys_ahead, ""
            for key in ahead:
                on_key(key)

    def press(self, key: str) -> None:
        """Take a key from the person: the verb that listens gets it, else nobody (or the next Gather)."""
        taken_by = "nobody"
        if self._on_key is not None and self._on_key(key):
            taken_by = self._on_key_name
        elif self.exchange.switches.gather_type_ahead and self._on_key is None:
            self._keys_ahead += key
            taken_by = "ahead"
        self.exchange.log.add("key_pressed", self.sid, key=key, taken_by=taken_by)

    # -- from outside

    def redirect(self, request: DocumentRequest) -> None:
        """Interrupt the present verb and go on with another document."""
        if self.interrupt.done():
            self.interrupt = self.exchange.loop.create_future()
        self.interrupt.set_result(request)

    @property
    def needs_frames(self) -> bool:
        """Whether somebody listens to the line frame by frame."""
        return bool(self.streams) or self.on_said is not None or self.exchange.settings.record_dir is not None

    def feed_streams(self) -> None:
        """Give this tick's frames to the open media streams, and to who records."""
        if self.on_said is not None:
            self.on_said(self.line.said)
        for stream in self.streams:
            stream.feed(self.line.said, self.line.heard)
