"""Runs a `<Gather>` on a leg: joins the state machine of `gather` with prompts, keys and the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ivr.localcarrier import gather
from ivr.localcarrier import verbs as v

if TYPE_CHECKING:
    from ivr.localcarrier.leg import Leg


async def collect(leg: Leg, verb: v.Gather, play_prompts: Callable[[], Awaitable[None]]) -> gather.Submit | None:
    """Return what is to be submitted to the action, or None to fall through to the next verb."""
    rules = gather.Rules(verb.finish_on_key, verb.num_digits, verb.action_on_empty_result)
    run = _Run(leg, rules, float(verb.timeout_s))
    try:
        return await run.until_done(play_prompts)
    finally:
        run.close()


class _Run:
    def __init__(self, leg: Leg, rules: gather.Rules, timeout_s: float) -> None:
        self._leg = leg
        self._rules = rules
        self._timeout_s = timeout_s
        self._state = gather.State()
        self._changed = asyncio.Event()
        self._player: asyncio.Task[None] | None = None
        self._timer: asyncio.Task[None] | None = None

    async def until_done(self, play_prompts: Callable[[], Awaitable[None]]) -> gather.Submit | None:
        self._player = asyncio.ensure_future(_call(play_prompts))
        # Listening starts with the prompts: a key in the very tick in which they begin is not lost.
        self._leg.listen_for_keys("gather", self._on_key)
        self._player.add_done_callback(lambda _task: self._changed.set())
        while self._state.phase is not gather.Phase.DONE:
            await self._changed.wait()
            self._changed.clear()
            if self._player.done() and self._state.phase is gather.Phase.PLAYING:
                self._player.result()  # an audio file that cannot be fetched is an error of the document
                self._take(gather.audio_ended(self._state))
        outcome = self._state.outcome
        self._leg.exchange.log.add(
            "gather_ended",
            self._leg.sid,
            digits=self._state.digits,
            finished_on_key=outcome.finished_on_key if outcome is not None else "",
            submitted=outcome is not None,
        )
        return outcome

    def close(self) -> None:
        self._leg.listen_for_keys("nobody", None)
        for task in (self._player, self._timer):
            if task is not None:
                task.cancel()

    def _on_key(self, key: str) -> bool:
        if self._state.phase is gather.Phase.DONE:
            return False
        self._take(gather.key_pressed(self._rules, self._state, key))
        return True

    def _take(self, step: gather.Step) -> None:
        self._state = step.state
        if step.stop_audio and self._player is not None:
            self._player.cancel()
        if step.start_timer:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.ensure_future(self._wait())
        self._changed.set()

    async def _wait(self) -> None:
        await self._leg.exchange.clock.sleep(self._timeout_s)
        self._take(gather.timer_fired(self._rules, self._state))


async def _call(work: Callable[[], Awaitable[None]]) -> None:
    await work()
