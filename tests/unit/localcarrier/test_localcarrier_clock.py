"""Call time that is moved by hand, the loop that knows when it has settled, and audio that is skipped."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.localcarrier import clock as clock_module
from ivr.localcarrier.clock import Clock, ManualClock, ticks_in
from ivr.localcarrier.line import Line, Playback
from ivr.localcarrier.settling import SettlingLoop
from ivr.sound import mulaw


@pytest.fixture
def loop():
    loop = SettlingLoop()
    yield loop
    loop.close()


class SlowMachine:
    """What a clock sees of the event loop, for ten seconds; the n-th sleep takes `pauses_s[n]` longer than asked."""

    def __init__(self, pauses_s: dict[int, float]) -> None:
        self.now_s = 0.0
        self._pauses_s = pauses_s
        self._slept = 0

    def get_running_loop(self) -> SlowMachine:
        return self

    def time(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self._slept += 1
        self.now_s += seconds + self._pauses_s.get(self._slept, 0.0)
        if self.now_s > 10:
            raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("pauses_s", "ticks"),
    [
        ({}, 500),
        ({100: 0.4}, 500),  # made up
        ({100: 0.3, 200: 0.3, 300: 0.3}, 500),
        ({100: 3.0}, 350),  # time went on from there
    ],
)
def test_ten_seconds_have_five_hundred_frames_but_for_what_the_machine_stood_still(monkeypatch, pauses_s, ticks):
    monkeypatch.setattr(clock_module, "asyncio", SlowMachine(pauses_s))
    clock = Clock()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(clock.run(lambda: None))
    assert abs(clock.ticks - ticks) <= 2


@pytest.mark.parametrize(("seconds", "ticks"), [(0, 0), (-1, 0), (0.001, 1), (0.02, 1), (0.021, 2), (30, 1500)])
def test_seconds_are_rounded_up_to_whole_frames(seconds, ticks):
    assert ticks_in(seconds) == ticks


def test_sleepers_wake_in_the_order_of_their_times_and_of_their_coming(loop):
    clock, woken = ManualClock(1000.0), []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now()))

    tasks = [loop.create_task(sleeper(*one)) for one in (("a", 0.06), ("b", 0.04), ("c", 0.06), ("d", 0.0))]
    loop.run_until_settled()
    assert (woken, clock.ticks_to_next()) == ([("d", 1000.0)], 2)
    for _ in range(3):
        clock.tick()
        loop.run_until_settled()
    assert woken[1:] == [("b", 1000.04), ("a", 1000.06), ("c", 1000.06)]
    assert clock.ticks_to_next() is None
    assert all(task.done() for task in tasks)


def test_who_has_been_cancelled_is_not_waited_for(loop):
    clock = ManualClock(0.0)
    early, late = (loop.create_task(clock.sleep(seconds)) for seconds in (1, 2))
    loop.run_until_settled()
    early.cancel()
    loop.run_until_settled()
    assert clock.ticks_to_next() == 100
    late.cancel()
    loop.run_until_settled()
    assert clock.ticks_to_next() is None


def test_settled_means_after_every_callback_that_a_callback_brings(loop):
    steps = []

    async def chain() -> None:
        for number in range(20):
            await asyncio.sleep(0)
            steps.append(number)
        loop.create_task(chain_end())

    async def chain_end() -> None:
        await asyncio.sleep(0)
        steps.append("end")

    task = loop.create_task(chain())
    loop.run_until_settled()
    assert steps == [*range(20), "end"]
    assert task.done()


def test_work_in_a_thread_is_waited_for_while_it_counts_as_busy(loop):
    go, busy, done = threading.Event(), [True], []
    loop.settling.busy = lambda: busy[0]

    async def outside() -> None:
        await asyncio.to_thread(go.wait, 10)
        busy[0] = False
        done.append(True)

    task = loop.create_task(outside())
    threading.Timer(0.05, go.set).start()
    loop.run_until_settled()
    assert done
    assert task.done()
    loop.run_until_complete(loop.shutdown_default_executor())


def test_a_timer_of_real_time_does_not_keep_a_loop_from_settling(loop):
    late = loop.call_later(3600, lambda: None)
    loop.run_until_settled()
    assert not late.cancelled()
    late.cancel()


frames = st.integers(1, 40)


@given(st.lists(frames, min_size=1, max_size=4), st.lists(frames, max_size=3), st.data())
def test_skipping_to_the_next_thing_misses_nothing(prompts, speech, data):
    """Two lines with the same audio: one goes tick by tick, one skips what is quiet. They notice the same, in time."""

    def line(noticed: list[tuple[int, str]], clock: list[int]) -> tuple[Line, list[Playback]]:
        made, playbacks = Line(record=False), []
        for kind, lengths in (("prompt", prompts), ("speech", speech)):
            for number, length in enumerate(lengths):
                codes = b"\x00" * (length * mulaw.FRAME_BYTES // 2) + b"\xff" * (length * mulaw.FRAME_BYTES // 2)

                def note(what: str, name: str = f"{kind} {number}") -> None:
                    noticed.append((clock[0], f"{name} {what}"))

                sound_end = (lambda note=note: note("sound ends")) if kind == "speech" else None
                playback = Playback(codes, on_start=lambda note=note: note("starts"), on_sound_end=sound_end)
                (made.speak if kind == "speech" else made.play)(playback)
                playbacks.append(playback)
        return made, playbacks

    def tick(made: Line, playbacks: list[Playback], clock: list[int], ends: dict[int, int]) -> None:
        clock[0] += 1
        made.take_speech()
        made.take_prompt()
        for number, playback in enumerate(playbacks):
            if playback.done.done():
                ends.setdefault(number, clock[0])

    async def both() -> None:
        end = data.draw(st.integers(0, sum(prompts) + sum(speech) + 5))
        slow_noticed, slow_clock, slow_ends = [], [0], {}
        slow, playbacks = line(slow_noticed, slow_clock)
        for _ in range(end):
            tick(slow, playbacks, slow_clock, slow_ends)
        fast_noticed, fast_clock, fast_ends = [], [0], {}
        fast, playbacks = line(fast_noticed, fast_clock)
        while fast_clock[0] < end:
            step = fast.ticks_to_next()
            if step is None or fast_clock[0] + step > end:
                fast.skip(end - fast_clock[0])
                break
            fast.skip(step - 1)
            fast_clock[0] += step - 1
            tick(fast, playbacks, fast_clock, fast_ends)
        assert fast_noticed == slow_noticed
        assert fast_ends == slow_ends
        assert fast.ticks_to_next() == slow.ticks_to_next()

    asyncio.run(both())
