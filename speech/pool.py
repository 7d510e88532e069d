"""A pool of recogniser processes for one event loop: streams go to the least loaded child.

The models are loaded once, by a fork server; each child is forked from it and serves all languages. A child that dies,
hangs or eats memory costs its streams a moment: another one is forked, and what was said in their utterances is said
again to it (`speech.stream`). A child that is old is replaced gently: its streams leave it turn by turn.

Nothing here blocks the loop, and a stream has one request on its way at a time, so that memory is bounded by the
streams and their own queues.

Long, because placing, losing, replaying and replacing all touch the same few tables of children and streams.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from speech.admission import DEFAULT_LIMITS, Admission, Limits, Load
from speech.child import Child, resident_bytes
from speech.errors import SpeechError
from speech.launcher import LaunchError, told
from speech.model_process import RESTART_FIRST_S, RESTART_LAST_S, ModelProcess
from speech.scheduling import ServiceRate
from speech.stream import Stream, StreamLostError

# A child that lived this long starts the back-off anew.
HEALTHY_AFTER_S: Final = 60.0
LOOK_EVERY_S: Final = 0.25
# A stream that was fed, or opened, so long ago counts as idle.
IDLE_AFTER_S: Final = 10.0
# What was said to a child that died is of no use to a caller who has waited for longer than this.
MOVE_WITHIN_S: Final = 3.0
# How long the streams of a child that is replaced may take to leave it; a turn is over long before.
RETIRE_WITHIN_S: Final = 120.0
# A child's address space may grow by so many times what its memory may: not all of it is in use.
ROOM_TIMES: Final = 4
# What a second of audio is believed to cost before the models are loaded.
COST_UNKNOWN: Final = 0.1


class NoRecogniserError(SpeechError):
    """No child is ready now."""

    code = "speech.no_recogniser"
    retryable = True


class NotAdmittedError(NoRecogniserError):
    """There is no room for one more stream now; those that are there keep what they need."""

    code = "speech.not_admitted"


class Recycling(msgspec.Struct, frozen=True, kw_only=True):
    """When a child is replaced.

    Source: ours. A stream's engines keep a megabyte for each minute of audio; half of what a child may grow by is where
    it is replaced gently, and all of it where it is killed.
    """

    after_s: float = 24 * 3600.0
    after_streams: int = 50_000
    growth_bytes: int = 512 << 20
    growth_per_stream_bytes: int = 4 << 20


DEFAULT_RECYCLING: Final = Recycling()


class ChildEvent(msgspec.Struct, frozen=True):
    """Something for the log: what happened, to which process, to how many streams.

    What: "ready"; "died", "stuck" or "grew", with streams that were lost and that moved to another child; "retired";
    "no_models" where the process that loads them failed or died, "no_child" where it made no child.
    """

    what: str
    pid: int | None
    streams: int = 0
    moved: int = 0
    detail: str = ""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured. `cost` is seconds of a child for a second of audio, `busy` how many children's whole time is
    used, `late_s` how far work is past its deadline, `places` how many streams would be admitted now.
    """

    children: int
    streams: int
    waiting: int
    places: int
    cost: float
    busy: float
    late_s: float


class RecogniserPool:
    """Keeps `children` recogniser processes alive from `start` to `stop`; an asynchronous context manager.

    `models` names the folder of the model of each language. `on_event` is called on the event loop for what an
    operator should see in the log. `command` starts the fork server, and gets the models as its last arguments
    (LANGUAGE=FOLDER).
    """

    def __init__(
        self,
        models: Mapping[str, Path],
        children: int,
        on_event: Callable[[ChildEvent], None] = lambda _event: None,
        command: Sequence[str] = (sys.executable, "-m", "speech.vosk_child"),
        limits: Limits = DEFAULT_LIMITS,
        recycling: Recycling = DEFAULT_RECYCLING,
    ) -> None:
        command_line = [*command, *(f"{language}={folder.resolve()}" for language, folder in models.items())]
        self._count = children
        self._on_event = on_event
        self._recycling = recycling
        self._admission = Admission(limits)
        self._rate = ServiceRate(COST_UNKNOWN)
        self._late_s = 0.0
        self._closed = False
        self._models = ModelProcess(command_line, self._loaded, self._failed)
        self._children: list[Child] = []
        self._streams: dict[int, Stream] = {}
        self._homeless: list[Stream] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()
        # Set when the pool begins or ends to admit streams.
        self.admission_changed: Final = asyncio.Event()

    async def __aenter__(self) -> RecogniserPool:
        self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    @property
    def ready(self) -> bool:
        """Whether there is a child that takes streams."""
        return any(child.ready for child in self._children)

    @property
    def pids(self) -> list[int]:
        """The children that take streams."""
        return [child.pid for child in self._children if child.ready]

    @property
    def fork_server_pid(self) -> int | None:
        """The process that has loaded the models."""
        return self._models.pid

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    @property
    def places(self) -> int:
        """How many more streams would be admitted now."""
        self._update_admission()
        return 0 if self._closed else self._admission.places

    def figures(self) -> Figures:
        """What is measured now."""
        return Figures(
            children=len(self.pids),
            streams=self.streams,
            waiting=sum(child.waiting for child in self._children),
            places=self.places,
            cost=self._rate.cost,
            busy=self._rate.busy(asyncio.get_running_loop().time()),
            late_s=self._late_s,
        )

    def start(self) -> None:
        """Start the children; returns at once. `wait_ready` tells when the first is there."""
        for _ in range(self._count):
            self._beside(self._keep_one_alive())
        self._beside(self._look_after())

    async def wait_ready(self) -> None:
        """Wait until a stream can be opened; for ever, where no model loads."""
        while not self.ready:
            self._changed.clear()
            await self._changed.wait()

    def close_admission(self) -> None:
        """Admit nobody from now on; the streams that are open go on."""
        self._closed = True
        self.admission_changed.set()

    async def stop(self) -> None:
        """Stop every process; streams that are open are lost."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in list(self._streams.values()):
            stream.lose("the recognisers were stopped")
        for child in self._children:
            child.close()
        await self._models.stop()
        await asyncio.gather(*(child.gone.wait() for child in self._children))
        self._children.clear()

    async def open(self, language: str = "", phrases: Sequence[str] = (), *, replacing: bool = False) -> Stream:
        """A stream, which recognises nothing without phrases.

        One that is `replacing` another, which is about to close, needs no room of its own. Raises `NoRecogniserError`,
        `NotAdmittedError` and `StreamLostError`.
        """
        if not self.ready or self._closed:
            raise NoRecogniserError("no recogniser is ready")
        if not replacing and not self.places:
            raise NotAdmittedError("the recognisers have no room for one more call")
        stream = Stream(self, next(self._numbers))
        self._streams[stream.number] = stream
        if phrases:
            try:
                await stream.reset(language, phrases)
            except BaseException:
                stream.close()
                raise
        return stream

    # ------------------------------------------------------------------ for streams

    def place(self, stream: Stream, *, anew: bool) -> None:
        """Give a stream a child: the least loaded one; see `speech.stream.Home`."""
        ready = [child for child in self._children if child.ready]
        if not ready:
            raise StreamLostError("no recogniser is ready")
        now = stream.child
        least = min(ready, key=lambda child: len(child.streams))
        if now is not None:
            # Where it is, engines may be prepared for it.
            stays = isinstance(now, Child) and now.ready and len(now.streams) <= len(least.streams) + 1
            if stays or not anew:
                return
            now.leave(stream)
        least.join(stream)

    def closed(self, stream: Stream) -> None:
        """The stream is over."""
        self._streams.pop(stream.number, None)

    # ------------------------------------------------------------------ children

    async def _keep_one_alive(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = 0.0
        while True:
            began_s = loop.time()
            try:
                child = await self._new_child()
            except LaunchError as error:
                self._on_event(ChildEvent("no_child", None, detail=str(error)))
            else:
                await self._until_replaced(child)
            if loop.time() - began_s > HEALTHY_AFTER_S:
                wait_s = 0.0
            await asyncio.sleep(wait_s)
            wait_s = min(max(2 * wait_s, RESTART_FIRST_S), RESTART_LAST_S)

    async def _new_child(self) -> Child:
        pid, ours = await self._models.fork(ROOM_TIMES * self._recycling.growth_bytes)
        child = Child(pid, self._served)
        await child.connect(ours)
        self._children.append(child)
        self._on_event(ChildEvent("ready", pid))
        self._changed.set()
        self._update_admission()
        homeless, self._homeless = self._homeless, []
        for stream in homeless:
            if not stream.lost.is_set():
                child.join(stream)
        return child

    def _loaded(self, cost: float) -> None:
        self._rate = ServiceRate(cost)

    def _failed(self, pid: int | None, detail: str) -> None:
        self._on_event(ChildEvent("no_models", pid, detail=detail))

    async def _until_replaced(self, child: Child) -> None:
        """Returns when another child has to take the place of this one."""
        gone = asyncio.create_task(child.gone.wait())
        retiring = asyncio.create_task(child.retiring.wait())
        try:
            await asyncio.wait({gone, retiring}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, retiring):
                task.cancel()
        if child.gone.is_set():
            self._homeless += self._bury(child)
        else:
            self._beside(self._see_off(child))

    async def _see_off(self, child: Child) -> None:
        """Wait until the streams have left a child that is replaced, and end it."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + RETIRE_WITHIN_S
        while not child.gone.is_set() and loop.time() < until_s:
            if all(stream.is_idle for stream in child.streams.values()):
                child.ended = "retired"
                child.close()
                await child.gone.wait()
                break
            await asyncio.sleep(LOOK_EVERY_S)
        else:
            child.kill("retired", "its streams did not leave it")
            await child.gone.wait()
        for stream in self._bury(child):
            try:
                self.place(stream, anew=False)
            except StreamLostError:
                self._homeless.append(stream)

    def _bury(self, child: Child) -> list[Stream]:
        """Take a child that has ended out of the pool; answers its streams that need another."""
        self._children.remove(child)
        moving: list[Stream] = []
        lost = 0
        for stream, blame in child.abandon():
            if stream.leave_child(blame):
                moving.append(stream)
            else:
                lost += stream.lost.is_set()
        if moving:
            self._beside(self._give_up_on(moving))
        self._beside(self._tell_end(child, lost, len(moving)))
        return moving

    async def _tell_end(self, child: Child, lost: int, moved: int) -> None:
        status = await self._models.status_of(child.pid)
        detail = child.detail or ("it closed its socket" if status is None else told(status))
        self._on_event(ChildEvent(child.ended, child.pid, lost, moved, detail))

    async def _give_up_on(self, streams: list[Stream]) -> None:
        await asyncio.sleep(MOVE_WITHIN_S)
        for stream in streams:
            if stream in self._homeless:
                self._homeless.remove(stream)
                stream.lose("no recogniser has come in time")

    # ------------------------------------------------------------------ looking after them

    async def _look_after(self) -> None:
        loop = asyncio.get_running_loop()
        looks = 0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now_s = loop.time()
            looks += 1
            self._late_s = max((child.late_s(now_s) for child in self._children), default=0.0)
            for child in list(self._children):
                if child.is_stuck(now_s, LOOK_EVERY_S):
                    child.kill("stuck", "it answered nobody")
                elif looks % 4 == 0:
                    self._look_at_size_and_age(child, now_s)
            self._update_admission()

    def _look_at_size_and_age(self, child: Child, now_s: float) -> None:
        limits = self._recycling
        grown = (resident_bytes(child.pid) or 0) - (child.resident_at_first or 0)
        grown -= limits.growth_per_stream_bytes * len(child.streams)
        if grown > limits.growth_bytes:
            child.kill("grew", f"by {grown >> 20} MB more than its streams need")
        elif (
            grown > limits.growth_bytes // 2
            or now_s - child.began_s > limits.after_s
            or child.ever_streams > limits.after_streams
        ):
            child.retiring.set()

    def _served(self, now_s: float, service_s: float, audio_s: float) -> None:
        self._rate.note(now_s, service_s, audio_s)

    def _update_admission(self) -> None:
        now_s = asyncio.get_running_loop().time()
        active = sum(now_s - stream.fed_s < IDLE_AFTER_S for stream in self._streams.values())
        load = Load(
            children=len(self.pids),
            active=active,
            idle=len(self._streams) - active,
            cost=self._rate.cost,
            late_s=self._late_s,
        )
        if self._admission.update(now_s, load):
            self.admission_changed.set()

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
