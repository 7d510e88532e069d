"""Fetches the audio of `<Play>`, with a cache that obeys `Cache-Control: max-age`."""

from __future__ import annotations

import re
import time
from typing import Final

import aiohttp
from yarl import URL

from ivr.localcarrier.events import EventLog
from ivr.localcarrier.voices import Voices
from ivr.sound import mulaw
from speech import wav

MAX_AUDIO_BYTES: Final = 40 * 60 * 16_000 * 2  # 40 minutes of 16 kHz PCM. Source: docs/voice/twiml/play
SILENT_S: Final = 2  # how long a file lasts that is not fetched
_TIMEOUT: Final = aiohttp.ClientTimeout(total=15, sock_connect=5)
_MAX_AGE: Final = re.compile(r"max-age=(\d+)")


class AudioError(Exception):
    """The file cannot be played; `code` is the vendor's."""

    retryable = False

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class AudioFiles:
    """Audio by URL, as mu-law codes."""

    def __init__(self, voices: Voices, log: EventLog, *, silent: bool = False) -> None:
        self._voices = voices
        self._silent = silent
        self._log = log
        self._cache: dict[str, tuple[float, bytes]] = {}

    async def fetch(self, url: str, call_sid: str | None = None) -> bytes:
        """Return the mu-law codes of the file at `url`; raises `AudioError`."""
        if self._silent:
            return b"\xff" * (SILENT_S * mulaw.RATE_HZ)
        known = self._cache.get(url)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        started = time.monotonic()
        try:
            # No parameters and no signature: the vendor fetches media anonymously.
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.get(URL(url), headers={"User-Agent": "TwilioProxy/1.1"}) as response,
            ):
                body = await response.content.read() if response.status < 400 else b""
                status, headers = response.status, response.headers
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise AudioError(11200, f"{url} could not be fetched: {error}") from error
        self._log.add(
            "media_fetched",
            call_sid,
            url=url,
            status=status,
            length_bytes=len(body),
            ms=round((time.monotonic() - started) * 1000),
        )
        if status >= 400:
            raise AudioError(11200, f"{url} answered {status}")
        codes = await self.decode(body, headers.get("Content-Type", ""), url)
        age = _MAX_AGE.search(headers.get("Cache-Control", ""))
        if age is not None and "no-store" not in headers.get("Cache-Control", ""):
            self._cache[url] = (time.monotonic() + int(age.group(1)), codes)
        return codes

    async def decode(self, body: bytes, content_type: str, url: str) -> bytes:
        """Return the mu-law codes of an audio body; raises `AudioError` 12300 for a type we cannot play."""
        kind = content_type.partition(";")[0].strip().lower()
        if kind in ("audio/basic", "audio/ulaw"):
            return mulaw.pad(body)
        try:
            return await self._voices.decoded(body)
        except wav.WavError as error:
            raise AudioError(12300, f"{url} ({kind or 'no type'}) cannot be played: {error}") from error
