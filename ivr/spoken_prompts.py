"""Prompts that we speak ourselves, for languages in which the carrier has no voice, or in which ours is wanted.

A document names the sound of a text by an address; the carrier fetches it from us. The address is a keyed hash: it
can be made by nobody else, and tells nothing about the text. Rendering begins with the document, beside it, so that
the sound is there by the time it is asked for; whichever process is asked makes what is missing. A voice that fails at
once is noticed while the document can still be another one.

Standing prompts are the same in every process, so that theirs is found without Redis: they tell of faults.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Final

import structlog

from ivr.prompt_files import PromptFiles
from ivr.redis_prompts import PROMPT_TTL_S, PromptText, PromptTexts
from ivr.sound import espeak, rendering

log = structlog.get_logger()

NAME_LENGTH: Final = 32
THREADS: Final = 2
# The carrier waits for fifteen seconds; a caller should not.
RENDER_WITHIN_S: Final = 8.0
# How long a document waits for a voice that may fail: of a webhook's two seconds, most are for other things.
NOTICE_WITHIN_S: Final = 0.4
# What a fault may wait for its sentence: most of a webhook's two seconds may be gone already.
AT_ONCE_S: Final = 0.5
# A text that was kept a while ago is kept again before it can expire.
KEEP_AGAIN_S: Final = PROMPT_TTL_S / 4
MOST_REMEMBERED: Final = 10_000


class NoVoiceError(Exception):
    """There is no voice for a language just now: neither the carrier nor this machine has one."""

    code = "no_voice"
    retryable = False

    def __init__(self, language: str, why: str = espeak.MISSING) -> None:
        super().__init__(f"nothing here speaks {language}: {why}")


class SpokenPrompts:
    """Names texts, and makes their sound. `secret` keys the names; `files` keeps the sounds."""

    def __init__(
        self,
        engine: espeak.Engine | None,
        texts: PromptTexts,
        files: PromptFiles,
        secret: str,
        standing: Iterable[PromptText] = (),
    ) -> None:
        self._engine = engine
        self._texts = texts
        self._files = files
        self._secret = secret.encode()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="prompts")
        self._lock = Lock()
        self._rendering: dict[str, Future[bytes]] = {}
        self._kept_at: dict[str, float] = {}
        self._known: dict[str, PromptText] = {}
        self._standing = {self.name_of(prompt.text, prompt.language): prompt for prompt in standing}

    def name_of(self, text: str, language: str) -> str:
        """The name of a text's sound."""
        what = rendering.key_of(text, language).encode()
        return hmac.new(self._secret, what, hashlib.sha256).hexdigest()[:NAME_LENGTH]

    def announce(self, prompts: Iterable[PromptText]) -> dict[PromptText, str]:
        """The names of prompts that a document is about to use; from now on their sound can be had.

        Raises `NoVoiceError` where this machine has no voice or its voice fails at once, `redis.RedisError` where
        Redis does not answer.
        """
        names = {prompt: self.name_of(prompt.text, prompt.language) for prompt in prompts}
        if not names:
            return names
        missing = [prompt for prompt in names if not self._files.has(_key(prompt))]
        if missing and self._engine is None:
            raise NoVoiceError(missing[0].language)
        self._remember(names)
        if self._engine is not None:
            self._notice_failure(self._engine, missing)
        return names

    def _notice_failure(self, engine: espeak.Engine, prompts: list[PromptText]) -> None:
        rendered = {self._render(engine, prompt): prompt for prompt in prompts}
        done, _ = wait(rendered, NOTICE_WITHIN_S) if rendered else (set(), set())
        for future in done:
            error = future.exception()
            if error is not None:
                raise NoVoiceError(rendered[future].language, f"the voice fails: {error}")

    def _remember(self, names: dict[PromptText, str]) -> None:
        now = time.monotonic()
        fresh = {name: prompt for prompt, name in names.items() if self._kept_at.get(name, -1e9) < now - KEEP_AGAIN_S}
        if not fresh:
            return
        self._texts.keep(fresh)
        with self._lock:
            if len(self._known) > MOST_REMEMBERED:
                self._kept_at.clear()
                self._known.clear()
            self._kept_at.update(dict.fromkeys(fresh, now))
            self._known.update(fresh)

    def at_once(self, prompts: Iterable[PromptText]) -> dict[PromptText, str] | None:
        """The names of standing prompts whose sound lies on this machine; None where one cannot be had by now.

        Waits for half a second at most, and for nothing but this machine's voice.
        """
        until = time.monotonic() + AT_ONCE_S
        names = {prompt: self.name_of(prompt.text, prompt.language) for prompt in prompts}
        missing = [prompt for prompt in names if not self._files.has(_key(prompt))]
        if missing and self._engine is None:
            return None
        try:
            futures = [self._render(self._engine, prompt) for prompt in missing if self._engine]
            for future in futures:
                future.result(max(0.0, until - time.monotonic()))
        except (TimeoutError, espeak.VoiceError, RuntimeError) as error:  # RuntimeError: no thread can be started
            log.error("no sound at once", error=f"{type(error).__name__}: {error}")
            return None
        return names

    def sound(self, name: str) -> bytes | None:
        """The sound of a name, as a WAV file; None for a name that no document has used.

        Raises `ivr.sound.espeak.VoiceError` where it cannot be made, `redis.RedisError`.
        """
        prompt = self._of_name(name) or self._find(name)
        if prompt is None:
            return None
        made = self._files.read(_key(prompt))
        if made is not None:
            return made
        if self._engine is None:
            raise espeak.VoiceError(espeak.MISSING)
        try:
            return self._render(self._engine, prompt).result(RENDER_WITHIN_S)
        except TimeoutError:
            raise espeak.VoiceError(f"a prompt was not rendered within {RENDER_WITHIN_S:g} s") from None

    def _find(self, name: str) -> PromptText | None:
        """A text that another process has named. Its language is known from now on, even if its sound fails."""
        prompt = self._texts.find(name)
        if prompt is not None:
            with self._lock:
                self._known[name] = prompt
        return prompt

    def language_of(self, name: str) -> str | None:
        """In which language a name's text is, as far as this process knows without looking anywhere."""
        prompt = self._of_name(name)
        return None if prompt is None else prompt.language

    def _of_name(self, name: str) -> PromptText | None:
        return self._standing.get(name) or self._known.get(name)

    def _render(self, engine: espeak.Engine, prompt: PromptText) -> Future[bytes]:
        """Render on another thread; who asks while it is being done waits for the same."""
        key = _key(prompt)
        with self._lock:
            running = self._rendering.get(key)
            if running is not None:
                return running
            future = self._rendering[key] = self._threads.submit(self._make, engine, key, prompt)
        future.add_done_callback(lambda _: self._rendering.pop(key, None))
        return future

    def _make(self, engine: espeak.Engine, key: str, prompt: PromptText) -> bytes:
        made = self._files.read(key)  # another process may have been faster
        if made is not None:
            return made
        try:
            made = rendering.spoken(engine, prompt.text, prompt.language)
        except espeak.VoiceError as error:
            log.error("prompt not rendered", key=key, language=prompt.language, error=str(error))
            raise
        self._files.keep(key, made)
        return made


def _key(prompt: PromptText) -> str:
    return rendering.key_of(prompt.text, prompt.language)
