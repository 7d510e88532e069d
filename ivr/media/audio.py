"""From frames of any size to chunks for the recogniser, by media time alone."""

from __future__ import annotations

from typing import Final

import msgspec

from speech import mulaw

# Source: measured, 600 spoken numbers in 100 and in 200 ms: the same numbers were right but for one, the median from
# the end of speech to the early commit was 60 to 110 ms instead of 210 to 230, and the recogniser's work was the same.
CHUNK_MS: Final = 100
# While nobody speaks. Source: measured, 300 recorded answers of one and of four digits: the same meanings, known in the
# same moment; the beginning of speech was known 43 ms later in the mean, and the chunks were 13 and 28 % fewer.
QUIET_CHUNK_MS: Final = 200
# Source: Twilio's timestamps are whole milliseconds and wobble; two frames of 20 ms are no gap.
JITTER_MS: Final = 40
# Source: design, section 4: a longer jump is loss, a shorter one is a late start of a frame.
LOSS_MS: Final = 1000


class AudioChunk(msgspec.Struct, frozen=True):
    """A stretch of mu-law audio with its media time."""

    start_ms: int
    mulaw: bytes

    @property
    def end_ms(self) -> int:
        """Media time of its end."""
        return self.start_ms + len(self.mulaw) // mulaw.BYTES_PER_MS


class Jump(msgspec.Struct, frozen=True):
    """Media time jumped by `ms`, more than any jitter: audio was lost, or the clock began anew."""

    ms: int


class Chunker:
    """Cuts the audio of one stream into chunks of `chunk_ms`, which may be changed at any time.

    A gap of less than a second is filled with silence, so that the recogniser's own clock stays right; a frame that
    came before is dropped.
    """

    def __init__(self, chunk_ms: int = CHUNK_MS) -> None:
        self.chunk_ms = chunk_ms
        self._buffer = bytearray()
        self._next_ms: int | None = None

    def add(self, timestamp_ms: int, payload: bytes) -> list[AudioChunk | Jump]:
        """Take a frame; answers the chunks that are full now, and a jump before them where there was one."""
        ready: list[AudioChunk | Jump] = []
        end_ms = timestamp_ms + len(payload) // mulaw.BYTES_PER_MS
        gap_ms = 0 if self._next_ms is None else timestamp_ms - self._next_ms
        if abs(gap_ms) > LOSS_MS:
            ready.append(Jump(gap_ms))
            self._buffer.clear()
        elif gap_ms > JITTER_MS:
            self._buffer += mulaw.SILENCE * (gap_ms * mulaw.BYTES_PER_MS)
        elif self._next_ms is not None and gap_ms < -JITTER_MS and end_ms <= self._next_ms:
            return []
        self._buffer += payload
        self._next_ms = end_ms
        start_ms = end_ms - len(self._buffer) // mulaw.BYTES_PER_MS
        taken, chunk_bytes = 0, self.chunk_ms * mulaw.BYTES_PER_MS
        while len(self._buffer) - taken >= chunk_bytes:
            audio = bytes(self._buffer[taken : taken + chunk_bytes])
            ready.append(AudioChunk(start_ms + taken // mulaw.BYTES_PER_MS, audio))
            taken += chunk_bytes
        del self._buffer[:taken]
        return ready

    def clear(self) -> None:
        """Forget the audio that no chunk has yet."""
        self._buffer.clear()
