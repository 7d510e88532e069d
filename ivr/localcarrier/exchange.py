"""What all legs share: the clock, the log, the webhook client, and who is who."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import msgspec

from ivr.localcarrier.audio_files import AudioFiles
from ivr.localcarrier.clock import Clock, ManualClock
from ivr.localcarrier.events import EventLog
from ivr.localcarrier.injection import Injection
from ivr.localcarrier.parameters import API_VERSION
from ivr.localcarrier.script import Phone
from ivr.localcarrier.settings import CarrierSettings
from ivr.localcarrier.sids import Sids
from ivr.localcarrier.transport import CallTransport, Deliver, Transport
from ivr.localcarrier.transport_http import HttpTransport
from ivr.localcarrier.voices import Voices
from ivr.localcarrier.webhook import WebhookClient
from ivr.localcarrier.wire import NumberSettings
from ivr.sound import espeak

if TYPE_CHECKING:
    from ivr.localcarrier.conference import ConferenceRoom
    from ivr.localcarrier.leg import Leg


class Notification(msgspec.Struct, frozen=True):
    """One entry of a call's `Notifications.json`; `is_error` False is a warning."""

    sid: str
    call_sid: str
    code: int
    message: str
    url: str
    is_error: bool
    at: float


class Exchange:
    """The services and registries of one running carrier on `loop`; webhooks go to `deliver` or, without, by HTTP.

    With `deliver` None it must be made inside the running loop.
    """

    def __init__(
        self, settings: CarrierSettings, loop: asyncio.AbstractEventLoop, deliver: Deliver | None = None
    ) -> None:
        self.settings = settings
        self.loop = loop
        self.switches = settings.switches
        self.sids = Sids(settings.seed)
        self.chance = random.Random(settings.seed)  # noqa: S311 - no secret
        start = settings.manual_clock
        self.clock = Clock(settings.pace) if start is None else ManualClock(start.timestamp())
        self.log = EventLog(settings.events_file, self.clock.now)
        self.injection = Injection(self.clock, self.log)
        self.away = 0  # how many pieces of work are done outside this loop now
        self.has_media = deliver is None
        transport: Transport = HttpTransport(self.elsewhere) if deliver is None else CallTransport(deliver, self.clock)
        self.webhooks = WebhookClient(self, transport)
        self.voices = Voices(
            None if settings.silent else espeak.find_engine(),
            fast_prompts=settings.fast_prompts,
            rate_wpm=settings.speech_rate_wpm,
            warn=lambda message: None if settings.silent else self.notice("warning", None, 0, message),
            elsewhere=self.elsewhere,
        )
        self.audio = AudioFiles(self.voices, self.log, silent=settings.silent)
        self.legs: dict[str, Leg] = {}
        self.live: dict[str, Leg] = {}
        self.conferences: dict[str, ConferenceRoom] = {}
        self.numbers: dict[str, NumberSettings] = {}
        self.phones: dict[str, tuple[Phone, ...]] = {}
        self.notifications: list[Notification] = []
        self.recordings: dict[str, bytes] = {}  # mu-law, by SID
        self.base_url = ""  # known once it listens
        self._calls_to: dict[str, int] = {}
        self._next_start = 0.0
        self._background: set[asyncio.Task[Any]] = set()
        self.failures: list[BaseException] = []  # of the carrier itself: they must not happen

    def tick(self) -> None:
        """Move every leg's audio on by 20 ms: first all speak, then all hear."""
        legs = list(self.live.values())
        for leg in legs:
            leg.line.take_speech()
        for room in list(self.conferences.values()):
            room.mix()
        for leg in legs:
            leg.line.take_prompt()
            leg.feed_streams()

    def recording_url(self, sid: str) -> str:
        """Return where a recording can be had, as webhooks name it."""
        return f"{self.base_url}/{API_VERSION}/Accounts/{self.settings.account_sid}/Recordings/{sid}"

    def next_phone(self, number: str) -> Phone | None:
        """Return how the phone at `number` takes this call, or None where there is no phone."""
        phones = self.phones.get(number)
        if not phones:
            return None
        count = self._calls_to.get(number, 0)
        self._calls_to[number] = count + 1
        return phones[min(count, len(phones) - 1)]

    def set_phones(self, number: str, phones: tuple[Phone, ...]) -> None:
        """Install the phones of a number and begin to count its calls anew."""
        self.phones[number] = phones
        self._calls_to.pop(number, None)

    def notice(self, level: str, call_sid: str | None, code: int, message: str, url: str = "") -> None:
        """Log a `warning` or `error`, and list it among the call's notifications."""
        self.log.add(level, call_sid, code=code, message=message, url=url)
        if call_sid is not None and code:
            sid = self.sids.new("NO")
            is_error = level == "error"
            entry = Notification(sid, call_sid, code, message, url, is_error, self.clock.now())
            self.notifications.append(entry)

    def next_start_delay_s(self) -> float:
        """Return how long a call created now waits in the queue; 0 without pacing and fault.

        Source: support article 223180028 (one call per second and account by default).
        """
        if self.injection.take("queue_calls"):
            return self.injection.faults.queue_s
        per_s = self.switches.pacing_calls_per_s
        if per_s <= 0:
            return 0.0
        now = self.clock.seconds()
        starts = max(now, self._next_start)
        self._next_start = starts + 1 / per_s
        return starts - now

    def in_background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` beside everything else; a failure is logged and harms nobody."""
        task = self.loop.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background_done)
        return task

    def _background_done(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self.failed(failure, None)

    def failed(self, failure: BaseException, call_sid: str | None) -> None:
        """Note a failure of the carrier itself."""
        self.failures.append(failure)
        self.notice("error", call_sid, 0, f"internal: {failure!r}")

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Count a piece of work that is done outside this loop: what waits for it is not settled."""
        self.away += 1
        try:
            yield
        finally:
            self.away -= 1

    def abandon(self) -> bool:
        """Cancel all background work, which ends when the loop runs next; False where there was none."""
        for task in self._background:
            task.cancel()
        return bool(self._background)

    async def settle(self, timeout_s: float) -> None:
        """Wait for background work to end, at most `timeout_s`; what is left is cancelled."""
        pending = list(self._background)
        if pending:
            await asyncio.wait(pending, timeout=timeout_s)
        for task in list(self._background):
            task.cancel()

    def timestamp(self, at: float | None = None) -> str:
        """Return RFC 2822 in UTC, as the vendor writes dates."""
        return formatdate(self.clock.now() if at is None else at, localtime=False, usegmt=False).replace(
            "-0000", "+0000"
        )
