"""Turns text into mu-law off the event loop, once for each text and voice."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Final

from ivr.localcarrier.verbs import Say
from ivr.sound import espeak, mulaw
from speech import wav

_CACHED_PROMPTS: Final = 512
_SILENT_MS_PER_WORD: Final = 350
FAST_MS_PER_WORD: Final = 30


class Voices:
    """Renders prompts and the speech of scripted people.

    With `fast_prompts` a prompt is a short silence of 30 ms per word; people still speak. Without any engine all
    speech is silence of a natural length, and `warn` is told so once.
    """

    def __init__(
        self,
        engine: espeak.Engine | None,
        *,
        fast_prompts: bool,
        rate_wpm: int = espeak.DEFAULT_RATE_WPM,
        warn: Callable[[str], None],
        elsewhere: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._engine = engine
        self._fast_prompts = fast_prompts
        self._rate_wpm = rate_wpm
        self._warn = warn
        self._elsewhere = elsewhere
        self._warned = False
        self._cache: OrderedDict[espeak.Speech, bytes] = OrderedDict()
        self._rendering: dict[espeak.Speech, asyncio.Future[bytes]] = {}
        self._threads = ThreadPoolExecutor(2, "speech")

    @property
    def engine_name(self) -> str | None:
        """What speaks, or None for silence."""
        return None if self._engine is None else self._engine.name

    @property
    def renders_prompts(self) -> bool:
        """Whether it takes time to make a prompt."""
        return self._engine is not None and not self._fast_prompts

    async def prompt(self, say: Say) -> bytes:
        """Return the mu-law codes of one `<Say>`, a whole number of frames."""
        if self._fast_prompts:
            return _silence(say.text, FAST_MS_PER_WORD)
        voice = espeak.voice_for(say.voice, say.language)
        return await self.speech(espeak.Speech(say.text, voice, self._rate_wpm))

    async def speech(self, speech: espeak.Speech) -> bytes:
        """Return the mu-law codes of `speech`, a whole number of frames; silence if the engine fails."""
        if self._engine is None:
            if not self._warned:
                self._warned = True
                self._warn("neither espeak-ng nor espeakng_loader is installed: all speech is silence")
            return _silence(speech.text, _SILENT_MS_PER_WORD)
        if speech in self._cache:
            self._cache.move_to_end(speech)
            return self._cache[speech]
        running = self._rendering.get(speech)
        if running is None:
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._threads, self._render, self._engine, speech)
            self._rendering[speech] = running
        try:
            with self._elsewhere():
                codes = await asyncio.shield(running)
        except espeak.VoiceError as error:
            self._warn(str(error))
            return _silence(speech.text, _SILENT_MS_PER_WORD)
        finally:
            if running.done():
                self._rendering.pop(speech, None)
        self._cache[speech] = codes
        while len(self._cache) > _CACHED_PROMPTS:
            self._cache.popitem(last=False)
        return codes

    async def file(self, path: Path) -> bytes:
        """Return the mu-law codes of a WAV file; raises `OSError` or `wav.WavError`."""
        loop = asyncio.get_running_loop()
        with self._elsewhere():
            return await loop.run_in_executor(self._threads, lambda: mulaw.pad(wav.read_wav(path.read_bytes())))

    async def decoded(self, content: bytes) -> bytes:
        """Return the mu-law codes of WAV bytes; raises `wav.WavError`."""
        loop = asyncio.get_running_loop()
        with self._elsewhere():
            return await loop.run_in_executor(self._threads, lambda: mulaw.pad(wav.read_wav(content)))

    def close(self) -> None:
        """End the threads and the engine."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._engine is not None:
            self._engine.close()

    @staticmethod
    def _render(engine: espeak.Engine, speech: espeak.Speech) -> bytes:
        pcm16 = espeak.synthesise(speech.text, speech.voice, "", speech.rate_wpm, pitch=speech.pitch, engine=engine)
        return mulaw.pad(mulaw.encode(pcm16))


def _silence(text: str, ms_per_word: int) -> bytes:
    return _quiet(max(1, len(text.split())), ms_per_word)


@lru_cache(512)
def _quiet(words: int, ms_per_word: int) -> bytes:
    return mulaw.pad(b"\xff" * (words * ms_per_word * mulaw.RATE_HZ // 1000))
