"""The audio of one leg, 20 ms at a time: what the person says and what the person hears."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from ivr.sound import mulaw


def _nothing() -> None:
    return None


class Playback:
    """Mu-law codes on their way out; `done` says whether they were played to their end."""

    def __init__(
        self,
        codes: bytes,
        *,
        on_start: Callable[[], None] = _nothing,
        on_sound_end: Callable[[], None] | None = None,
    ) -> None:
        self._codes = codes
        self._position = 0
        self._sound_end = mulaw.loudest_end(codes) if on_sound_end is not None else 0
        self._on_start = on_start
        self._on_sound_end = on_sound_end
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @property
    def played_ms(self) -> int:
        """How much has been sent."""
        return self._position * 1000 // mulaw.RATE_HZ

    def next_frame(self) -> bytes | None:
        """Return the next 20 ms, or None when there is nothing left."""
        if self.done.done():
            return None
        if self._position == 0:
            self._on_start()
        start, end = self._position, self._position + mulaw.FRAME_BYTES
        frame = self._codes[start:end]
        self._position = end
        if self._on_sound_end is not None and (start < self._sound_end <= end or (start == 0 and self._sound_end == 0)):
            self._on_sound_end()
        if end >= len(self._codes):
            self.done.set_result(True)
        return mulaw.pad(frame) if frame else None

    def ticks_to_next(self) -> int:
        """Return in how many ticks it begins, its sound ends or it ends."""
        if self._position == 0:
            return 1
        mark = self._sound_end if self._on_sound_end is not None and self._sound_end > self._position else 0
        left = (mark or len(self._codes)) - self._position
        return max(1, -(-left // mulaw.FRAME_BYTES))

    def skip(self, ticks: int) -> None:
        """Send `ticks` frames that nobody looks at; less than `ticks_to_next` of a playback that has begun."""
        self._position += ticks * mulaw.FRAME_BYTES

    def cut(self) -> None:
        """Stop at once."""
        if not self.done.done():
            self.done.set_result(False)


class Line:
    """Both directions of one leg.

    `said` and `heard` are the frames of the present tick. What is heard is the verb's prompt, else `source` (the
    peer of a bridge or the conference), else silence.
    """

    def __init__(self, *, record: bool) -> None:
        self.said = mulaw.SILENCE
        self.heard = mulaw.SILENCE
        self.source: Callable[[], bytes] | None = None
        self._record = record
        self._speech: deque[Playback] = deque()
        self._prompts: deque[Playback] = deque()
        self._said: list[bytes] = []
        self._heard: list[bytes] = []

    def speak(self, playback: Playback) -> None:
        """Queue something for the person to say."""
        self._speech.append(playback)

    def play(self, playback: Playback) -> None:
        """Queue something for the person to hear."""
        self._prompts.append(playback)

    def take_speech(self) -> None:
        """First half of a tick: what does the person say?"""
        self.said = _take(self._speech) or mulaw.SILENCE

    def take_prompt(self) -> None:
        """Second half of a tick, after every leg's first: what does the person hear?"""
        prompt = _take(self._prompts)
        if prompt is not None:
            self.heard = prompt
        else:
            self.heard = self.source() if self.source is not None else mulaw.SILENCE
        if self._record:
            self._said.append(self.said)
            self._heard.append(self.heard)

    def ticks_to_next(self) -> int | None:
        """Return in how many ticks something begins or ends to play; None in silence."""
        playing = [queue[0].ticks_to_next() for queue in (self._speech, self._prompts) if _head(queue)]
        return min(playing, default=None)

    def skip(self, ticks: int) -> None:
        """Let `ticks` frames pass that nobody looks at, less than `ticks_to_next`."""
        for queue in (self._speech, self._prompts):
            head = _head(queue)
            if head is not None:
                head.skip(ticks)

    def close(self) -> None:
        """Cut everything that is still playing."""
        for playback in (*self._speech, *self._prompts):
            playback.cut()
        self.source = None

    def recorded(self) -> tuple[bytes, bytes]:
        """Return all that was said and heard, as mu-law."""
        return b"".join(self._said), b"".join(self._heard)


def _head(queue: deque[Playback]) -> Playback | None:
    while queue and queue[0].done.done():
        queue.popleft()
    return queue[0] if queue else None


def _take(queue: deque[Playback]) -> bytes | None:
    while queue:
        frame = queue[0].next_frame()
        if frame is not None:
            return frame
        queue.popleft()
    return None
