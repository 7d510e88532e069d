"""The person on a leg: follows a script."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import msgspec

from ivr.localcarrier.leg import Heard, Leg
from ivr.localcarrier.script import HangUp, Hear, HearEnd, LoseLine, Play, Press, Say, Stay, Step, Wait
from ivr.sound import espeak
from speech import wav

_LAST_WORDS_S: Final = 1.0
KEYS: Final = frozenset("0123456789*#ABCD")
_people: WeakKeyDictionary[Leg, Person] = WeakKeyDictionary()


class ScriptError(Exception):
    """A step of the script could not be done."""

    code = "script"
    retryable = False


class Person:
    """Says, presses, listens and hangs up on `leg`, step by step."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._next_heard = 0
        self._last: Heard | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_listening = False

    @classmethod
    def of(cls, leg: Leg) -> Person:
        """Return the person of this leg."""
        if leg not in _people:
            _people[leg] = cls(leg)
        return _people[leg]

    def follow(self, steps: Sequence[Step]) -> None:
        """Begin with these steps, in place of what is left of the script before."""
        if self._task is not None:
            self._task.cancel()
        self._leg.script_done, self._leg.script_error = False, None
        voices = self._leg.exchange.voices
        for step in steps if voices.engine_name is not None else ():
            if isinstance(step, Say):  # rendered ahead, so that the person does not hesitate
                self._leg.exchange.in_background(voices.speech(_speech(step)))
        self._task = self._leg.exchange.in_background(self._run(tuple(steps)))

    async def leave(self) -> None:
        """Stop: the call is over. A person who listens may still notice what was heard last."""
        task = self._task
        if task is None or task.done():
            return
        if self._is_listening:
            await asyncio.wait({task}, timeout=_LAST_WORDS_S)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _run(self, steps: tuple[Step, ...]) -> None:
        leg = self._leg
        log = leg.exchange.log
        for index, step in enumerate(steps):
            log.add("script_step", leg.sid, index=index, step=msgspec.to_builtins(step))
            self._is_listening = isinstance(step, Hear | HearEnd | Stay)
            try:
                await self._do(step)
            except ScriptError as error:
                self._fail(index, step, str(error))
                return
        leg.script_done = True
        log.add("script_done", leg.sid, steps=len(steps))

    def _fail(self, index: int, step: Step, message: str) -> None:
        leg = self._leg
        leg.script_error = f"step {index + 1} ({type(step).__name__}): {message}"
        fields = {"index": index, "step": msgspec.to_builtins(step), "message": message}
        leg.exchange.log.add("script_failed", leg.sid, **fields)
        leg.end("person")

    async def _do(self, step: Step) -> None:
        leg, clock = self._leg, self._leg.exchange.clock
        if leg.ended and isinstance(step, Say | Play | Press):
            raise ScriptError("the call has ended")
        match step:
            case Hear():
                await self._hear(step.text, step.regex, step.timeout_s)
            case HearEnd():
                await self._hear_end(step)
            case Wait():
                if not leg.ended:
                    await clock.sleep(step.ms / 1000)
            case Say():
                await leg.answered.wait()
                await leg.speak(await leg.exchange.voices.speech(_speech(step)), step.text)
            case Play():
                await leg.answered.wait()
                try:
                    codes = await leg.exchange.voices.file(Path(step.path))
                except (OSError, wav.WavError) as error:
                    raise ScriptError(f"{step.path} cannot be played: {error}") from error
                await leg.speak(codes, step.text or Path(step.path).name)
            case Press():
                await leg.answered.wait()
                await self._press(step)
            case HangUp():
                leg.end("person")
            case LoseLine():
                leg.lose_line()
            case Stay():
                await leg.gone.wait()

    async def _press(self, step: Press) -> None:
        for number, key in enumerate(step.keys):
            if key not in KEYS:
                raise ScriptError(f"there is no key {key!r} (known: 0-9 * # A-D)")
            if number:
                await self._leg.exchange.clock.sleep(step.gap_ms / 1000)
            self._leg.press(key)

    async def _hear(self, text: str, regex: bool, timeout_s: float) -> Heard:
        """Return the first prompt after the last matched one that contains `text`, as soon as it has started."""

        def find() -> Heard | None:
            heard = self._leg.heard
            while self._next_heard < len(heard):
                candidate = heard[self._next_heard]
                self._next_heard += 1
                if candidate.matches(text, regex=regex):
                    self._last = candidate
                    return candidate
            return None

        before = self._next_heard
        found = await self._wait_until(find, timeout_s)
        if found is None:
            since = [heard.text for heard in self._leg.heard[before:]]
            limit = "before the call ended" if self._leg.ended else f"within {timeout_s:g} s"
            raise ScriptError(f"did not hear {text!r} {limit}; heard {since}")
        return found

    async def _hear_end(self, step: HearEnd) -> None:
        current = self._last
        self._last = None
        deadline = self._leg.exchange.clock.ticks + step.timeout_s * 50
        while True:
            if current is None or not current.matches(step.text, regex=step.regex) or current.whole is False:
                left_s = (deadline - self._leg.exchange.clock.ticks) / 50
                current = await self._hear(step.text, step.regex, max(0.0, left_s))
                self._last = None
            left_s = max(0.0, (deadline - self._leg.exchange.clock.ticks) / 50)
            if await self._wait_until(partial(_if_over, current), left_s) is None:
                limit = "before the call ended" if self._leg.ended else f"within {step.timeout_s:g} s"
                raise ScriptError(f"{current.text!r} was not over {limit}")
            if current.whole:
                return

    async def _wait_until(self, find: Callable[[], Heard | None], timeout_s: float) -> Heard | None:
        leg = self._leg
        timer = leg.exchange.clock.alarm(timeout_s)
        try:
            while True:
                news = leg.news
                found = find()
                if found is not None or timer.done() or leg.ended:
                    return found
                await asyncio.wait((news, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()


def _if_over(heard: Heard) -> Heard | None:
    return heard if heard.whole is not None else None


def _speech(step: Say) -> espeak.Speech:
    return espeak.Speech(step.text, step.voice, step.rate_wpm, step.pitch)
