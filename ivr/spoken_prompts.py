"""Prompts that we speak ourselves, for languages in which the carrier has no voice.

A document names the sound of a text by an address; the carrier fetches it from us. The address is a keyed hash: it
can be made by nobody else, and tells nothing about the text. Rendering begins with the document, beside it, so that
the sound is there by the time it is asked for; whichever process is asked makes what is missing.

Standing prompts are the same in every process, so that theirs is found without Redis: they tell of faults.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Final

import structlog

from ivr.redis_prompts import PROMPT_TTL_S, PromptText, PromptTexts
from ivr.sound import espeak, wav

log = structlog.get_logger()

# The voices of eSpeak NG for languages that the carrier cannot speak.
VOICES: Final = {"fa": "fa"}
RATE_WPM: Final = 150
NAME_LENGTH: Final = 32
# About 40 kB each: 80 MB at most.
MAX_FILES: Final = 2000
THREADS: Final = 2
# The carrier waits for fifteen seconds; a caller should not.
RENDER_WITHIN_S: Final = 5.0
# A text that was kept a while ago is kept again before it can expire.
KEEP_AGAIN_S: Final = PROMPT_TTL_S / 4
MOST_REMEMBERED: Final = 10_000


# What a fault may wait for its sentence: most of a webhook's two seconds may be gone already.
AT_ONCE_S: Final = 0.5


class UnspeakableError(Exception):
    """There is no voice for a language: neither the carrier nor this machine has one."""

    code = "unspeakable"
    retryable = False

    def __init__(self, language: str) -> None:
        super().__init__(f"nothing here speaks {language}: install espeak-ng, or zerohold[espeak-gpl]")


class SpokenPrompts:
    """Names texts, and makes their sound. `secret` keys the names; `folder` keeps the files."""

    def __init__(
        self,
        engine: espeak.Engine | None,
        texts: PromptTexts,
        folder: Path,
        secret: str,
        standing: Iterable[PromptText] = (),
    ) -> None:
        self._engine = engine
        self._texts = texts
        self._folder = folder
        self._secret = secret.encode()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="prompts")
        self._lock = Lock()
        self._rendering: dict[str, Future[Path]] = {}
        self._kept_at: dict[str, float] = {}
        self._standing = {self.name_of(prompt.text, prompt.language): prompt for prompt in standing}

    def name_of(self, text: str, language: str) -> str:
        """The name of a text's sound."""
        what = "\0".join((VOICES[language], str(RATE_WPM), text))
        return hmac.new(self._secret, what.encode(), hashlib.sha256).hexdigest()[:NAME_LENGTH]

    def announce(self, prompts: Iterable[PromptText]) -> dict[PromptText, str]:
        """The names of prompts that a document is about to use; from now on their sound can be had.

        Raises `UnspeakableError` where this machine has no voice, `redis.RedisError` where Redis does not answer.
        """
        names = {prompt: self.name_of(prompt.text, prompt.language) for prompt in prompts}
        if not names:
            return names
        if self._engine is None:
            raise UnspeakableError(next(iter(names)).language)
        now = time.monotonic()
        fresh = {name: prompt for prompt, name in names.items() if self._kept_at.get(name, -1e9) < now - KEEP_AGAIN_S}
        if fresh:
            self._texts.keep(fresh)
            with self._lock:
                if len(self._kept_at) > MOST_REMEMBERED:
                    self._kept_at.clear()
                self._kept_at.update(dict.fromkeys(fresh, now))
        for prompt, name in names.items():
            if not self._path(name).is_file():
                self._render(self._engine, name, prompt)
        return names

    def at_once(self, prompts: Iterable[PromptText]) -> dict[PromptText, str] | None:
        """The names of standing prompts whose sound lies on this machine; None where one cannot be had by now.

        Waits for half a second at most, and for nothing but this machine's voice.
        """
        until = time.monotonic() + AT_ONCE_S
        names = {prompt: self.name_of(prompt.text, prompt.language) for prompt in prompts}
        missing = {name: prompt for prompt, name in names.items() if not self._path(name).is_file()}
        if missing and self._engine is None:
            return None
        try:
            rendering = [self._render(self._engine, name, prompt) for name, prompt in missing.items() if self._engine]
            for future in rendering:
                future.result(max(0.0, until - time.monotonic()))
        except (TimeoutError, espeak.SpeechError, RuntimeError) as error:  # RuntimeError: no thread can be started
            log.error("no sound at once", error=f"{type(error).__name__}: {error}")
            return None
        return names

    def file(self, name: str) -> Path | None:
        """The sound of a name, as a WAV file; None for a name that no document has used.

        Raises `ivr.sound.espeak.SpeechError` where it cannot be made.
        """
        path = self._path(name)
        if path.is_file():
            return path
        prompt = self._standing.get(name) or self._texts.find(name)
        if prompt is None or self._engine is None:
            return None
        try:
            return self._render(self._engine, name, prompt).result(RENDER_WITHIN_S)
        except TimeoutError:
            raise espeak.SpeechError(f"a prompt was not rendered within {RENDER_WITHIN_S:g} s") from None

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.wav"

    def _render(self, engine: espeak.Engine, name: str, prompt: PromptText) -> Future[Path]:
        """Render on another thread; who asks while it is being done waits for the same."""
        with self._lock:
            running = self._rendering.get(name)
            if running is not None:
                return running
            if self._path(name).is_file():  # made since we looked
                done: Future[Path] = Future()
                done.set_result(self._path(name))
                return done
            rendering = self._rendering[name] = self._threads.submit(self._make, engine, name, prompt)
        rendering.add_done_callback(lambda _: self._rendering.pop(name, None))
        return rendering

    def _make(self, engine: espeak.Engine, name: str, prompt: PromptText) -> Path:
        try:
            pcm16 = espeak.synthesise(prompt.text, VOICES[prompt.language], "", RATE_WPM, engine=engine)
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._path(name)
            # Whole or not at all: two processes may make the same one.
            part = path.with_suffix(f".{time.monotonic_ns()}.part")
            part.write_bytes(wav.mono_wav(pcm16))
            part.replace(path)
        except (espeak.SpeechError, OSError) as error:
            log.error("prompt not rendered", name=name, language=prompt.language, error=str(error))
            raise espeak.SpeechError(str(error)) from error
        self._keep_few()
        return path

    def _keep_few(self) -> None:
        """Texts hold times and numbers, so that there is no end of them: the older half goes."""
        files = list(self._folder.glob("*.wav"))
        if len(files) <= MAX_FILES:
            return
        for path in sorted(files, key=_age)[: MAX_FILES // 2]:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process was faster
        return 0.0
