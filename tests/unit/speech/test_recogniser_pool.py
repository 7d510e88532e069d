"""The pool with children that do as they are told: dying, hanging, talking nonsense."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from speech import child
from speech.child import StreamLostError
from speech.pool import ChildEvent, NoRecogniserError, RecogniserPool

COMMAND = (sys.executable, str(Path(__file__).with_name("scripted_child.py")))
MODELS = {"en": Path(__file__).parent}


class Events:
    """What the pool reports, to be waited for."""

    def __init__(self) -> None:
        self.seen: list[ChildEvent] = []
        self._more = asyncio.Event()

    def __call__(self, event: ChildEvent) -> None:
        self.seen.append(event)
        self._more.set()

    async def wait_for(self, what: str, times: int = 1) -> ChildEvent:
        async with asyncio.timeout(10):
            while sum(event.what == what for event in self.seen) < times:
                self._more.clear()
                await self._more.wait()
        return [event for event in self.seen if event.what == what][times - 1]


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
async def pool(events: Events, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RecogniserPool]:
    monkeypatch.setenv("PYTHONPATH", str(child.PACKAGE_PARENT_DIR))
    async with RecogniserPool(MODELS, 2, events, COMMAND) as made:
        await events.wait_for("ready", 2)
        yield made


async def test_streams_go_to_the_least_loaded_child(pool: RecogniserPool) -> None:
    streams = [await pool.open("en", ["yes"]) for _ in range(4)]
    assert pool.streams == 4
    assert len({id(stream._child) for stream in streams[:2]}) == 2
    on_first = [stream for stream in streams if stream._child is streams[0]._child]
    for stream in on_first:
        stream.close()
    again = await pool.open("en", ["yes"])
    assert again._child is streams[0]._child


async def test_many_streams_get_their_own_answers(pool: RecogniserPool) -> None:
    streams = [await pool.open("en", [f"word{number}"]) for number in range(20)]
    answers = await asyncio.gather(*(stream.feed(0, b"\xff") for stream in streams))
    assert [heard.words for heard in answers] == [[f"word{number}"] for number in range(20)]
    await streams[3].reset("en", ["other"])
    ((only,),) = [hypothesis.words for hypothesis in await streams[3].finish()]
    assert only.text == "other"


async def test_a_child_that_dies_costs_its_own_streams_and_is_replaced(pool: RecogniserPool, events: Events) -> None:
    doomed, other = await pool.open("en", ["die"]), await pool.open("en", ["fine"])
    bystander = await pool.open("en", ["fine"])
    assert bystander._child is doomed._child
    with pytest.raises(StreamLostError):
        await doomed.feed(0, b"\xff")
    event = await events.wait_for("died")
    assert (event.streams, event.detail) == (2, "exit status 9")
    assert bystander.lost.is_set()
    assert (await other.feed(0, b"\xff")).words == ["fine"]
    await events.wait_for("ready", 3)
    assert len(pool.pids) == 2
    assert (await (await pool.open("en", ["back"])).feed(0, b"\xff")).words == ["back"]


async def test_a_lost_stream_stays_lost(pool: RecogniserPool, events: Events) -> None:
    doomed = await pool.open("en", ["die"])
    with pytest.raises(StreamLostError):
        await doomed.feed(0, b"\xff")
    await events.wait_for("ready", 3)
    with pytest.raises(StreamLostError):
        await doomed.finish()
    doomed.close()


async def test_an_idle_stream_learns_that_its_child_died(pool: RecogniserPool) -> None:
    stream = await pool.open("en", ["fine"])
    pid = stream._child.pid
    assert pid is not None
    os.kill(pid, 9)
    async with asyncio.timeout(5):
        await stream.lost.wait()


async def test_a_child_that_answers_nobody_is_killed(
    pool: RecogniserPool, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "STUCK_AFTER_S", 0.2)
    stream = await pool.open("en", ["hang"])
    with pytest.raises(StreamLostError):
        await stream.feed(0, b"\xff")
    assert (await events.wait_for("stuck")).streams == 1


async def test_a_child_that_talks_nonsense_is_replaced(pool: RecogniserPool, events: Events) -> None:
    stream = await pool.open("en", ["babble"])
    with pytest.raises(StreamLostError):
        await stream.feed(0, b"\xff")
    assert "4294967295 bytes" in (await events.wait_for("died")).detail


async def test_a_request_that_fails_costs_one_stream(pool: RecogniserPool) -> None:
    streams = [await pool.open("en", ["fail"]), await pool.open("en", ["fine"]), await pool.open("en", ["fine"])]
    with pytest.raises(StreamLostError, match="as told"):
        await streams[0].feed(0, b"\xff")
    assert (await streams[2].feed(0, b"\xff")).words == ["fine"]


async def test_two_requests_of_one_stream_at_once_are_a_mistake(pool: RecogniserPool) -> None:
    stream = await pool.open("en", ["fine"])
    first = asyncio.create_task(stream.feed(0, b"\xff"))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="one request"):
        await stream.feed(0, b"\xff")
    assert (await first).words == ["fine"]


async def test_nothing_can_be_opened_before_a_child_is_ready_and_after_the_stop(events: Events) -> None:
    pool = RecogniserPool(MODELS, 1, events, (sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(NoRecogniserError):
        await pool.open("en", ["yes"])
    pool.start()
    with pytest.raises(NoRecogniserError):
        await pool.open("en", ["yes"])
    await pool.stop()
    assert not pool.ready


async def test_a_program_that_cannot_be_started_is_reported_and_tried_again(events: Events, tmp_path: Path) -> None:
    async with RecogniserPool(MODELS, 1, events, (str(tmp_path / "missing"),)):
        event = await events.wait_for("died", 2)
    assert "No such file" in event.detail


async def test_stopping_leaves_no_process_behind(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(child.PACKAGE_PARENT_DIR))
    async with RecogniserPool(MODELS, 1, events, COMMAND) as pool:
        await pool.wait_ready()
        (pid,) = pool.pids
        stream = await pool.open("en", ["fine"])
    assert stream.lost.is_set()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
