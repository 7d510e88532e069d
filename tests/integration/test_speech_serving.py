"""Serving with real recognisers: what crashes, hangs, memory and age do to callers, which is nothing but a moment."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from media_fixtures import MODEL_NAME, needs_model, needs_voice, quiet, spoken

from speech import child
from speech import pool as pools
from speech.admission import NO_LIMITS
from speech.grammar import Digits, Grammar, vosk_phrases
from speech.models import find_model
from speech.pool import RecogniserPool, Recycling
from speech.recognition import Hypothesis
from speech.stream import Stream
from tests.pool_events import Events

pytestmark = [
    needs_model,
    needs_voice,
    pytest.mark.skipif(not Path("/proc/self/smaps_rollup").is_file(), reason="looks at processes in /proc"),
]

NUMBER = Grammar(language="en", phrases={"agent": "person", "yes": "yes"}, digits=Digits(min=1, max=8))
CHUNK_BYTES = 800


@pytest.fixture
def events() -> Events:
    return Events()


def new_pool(events: Events, children: int = 1, **recycling: float) -> RecogniserPool:
    model = find_model(MODEL_NAME, Path("data")).path
    limits = Recycling(**recycling)  # type: ignore[arg-type]
    return RecogniserPool({"en": model}, children, events, limits=NO_LIMITS, recycling=limits)


@pytest.fixture
async def pool(events: Events) -> AsyncIterator[RecogniserPool]:
    async with new_pool(events) as made:
        await made.wait_ready()
        yield made


@functools.cache
def utterance(text: str) -> bytes:
    audio = spoken(text) + quiet(600)
    return audio[: len(audio) // CHUNK_BYTES * CHUNK_BYTES]


async def say(stream: Stream, audio: bytes, from_ms: int = 0) -> None:
    for at in range(0, len(audio), CHUNK_BYTES):
        await stream.feed(from_ms + at // 8, audio[at : at + CHUNK_BYTES])


def told(hypotheses: list[Hypothesis]) -> list[tuple[str, int, int]]:
    return [(word.text, word.start_ms, word.end_ms) for word in hypotheses[0].words]


async def undisturbed(pool: RecogniserPool, audio: bytes) -> list[Hypothesis]:
    stream = await pool.open("en", vosk_phrases(NUMBER))
    await say(stream, audio)
    hypotheses = await stream.finish()
    stream.close()
    return hypotheses


def rollup(pid: int) -> dict[str, int]:
    """What the kernel says of a process's memory, in kB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT], ids=lambda number: number.name)
async def test_a_crash_in_the_middle_of_a_number_changes_neither_words_nor_times_nor_scores(
    pool: RecogniserPool, events: Events, number: signal.Signals
) -> None:
    audio = utterance("five, one, eight, two")
    half = len(audio) // 2 // CHUNK_BYTES * CHUNK_BYTES
    expected = await undisturbed(pool, audio)
    streams = [await pool.open("en", vosk_phrases(NUMBER)) for _ in range(3)]
    await asyncio.gather(*(say(stream, audio[:half]) for stream in streams))
    os.kill(pool.pids[0], number)
    await asyncio.gather(*(say(stream, audio[half:], half // 8) for stream in streams))
    found = [await stream.finish() for stream in streams]
    assert found == [expected] * 3
    event = await events.wait_for("died")
    assert (event.streams, event.moved, event.detail) == (0, 3, f"signal {number}")


async def test_a_hang_in_the_middle_of_a_number_is_noticed_and_changes_nothing(
    pool: RecogniserPool, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "STUCK_AFTER_S", 1.5)
    audio = utterance("three, four")
    half = len(audio) // 2 // CHUNK_BYTES * CHUNK_BYTES
    expected = await undisturbed(pool, audio)
    stream = await pool.open("en", vosk_phrases(NUMBER))
    await say(stream, audio[:half])
    os.kill(pool.pids[0], signal.SIGSTOP)
    await say(stream, audio[half:], half // 8)
    assert told(await stream.finish()) == told(expected)
    assert (await events.wait_for("stuck")).moved == 1


async def test_children_share_the_model_and_another_one_is_forked_instead_of_loaded(events: Events) -> None:
    async with new_pool(events, children=2) as pool:
        await events.wait_for("ready", 2)
        for _ in range(2):
            await undisturbed(pool, utterance("yes"))
        for pid in pool.pids:
            memory = rollup(pid)
            assert memory["Shared_Dirty"] + memory["Shared_Clean"] > memory["Private_Dirty"]
            assert memory["Pss"] < memory["Rss"]
        server = pool.fork_server_pid
        os.kill(pool.pids[0], signal.SIGKILL)
        await events.wait_for("ready", 3)
        assert pool.fork_server_pid == server
        assert {parent_of(pid) for pid in pool.pids} == {server}


async def test_a_child_that_grows_is_replaced_and_nobody_notices(
    pool: RecogniserPool, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    (large,) = pool.pids
    monkeypatch.setattr(pools, "resident_bytes", lambda pid: 10 << 30 if pid == large else 0)
    audio = utterance("yes")
    stream = await pool.open("en", vosk_phrases(NUMBER))
    await say(stream, audio[: 10 * CHUNK_BYTES])
    assert (await events.wait_for("grew")).moved == 1
    await say(stream, audio[10 * CHUNK_BYTES :], 1000)
    assert [text for text, _, _ in told(await stream.finish())] == ["yes"]


async def test_an_old_child_ends_when_its_streams_have_begun_another_turn(events: Events) -> None:
    async with new_pool(events, after_streams=1) as pool:
        await pool.wait_ready()
        (old,) = pool.pids
        streams = [await pool.open("en", vosk_phrases(NUMBER)) for _ in range(2)]
        audio = utterance("yes")
        await say(streams[0], audio[: 10 * CHUNK_BYTES])
        await events.wait_for("ready", 2)
        assert Path(f"/proc/{old}").exists()
        await say(streams[0], audio[10 * CHUNK_BYTES :], 1000)
        assert [text for text, _, _ in told(await streams[0].finish())] == ["yes"]
        for stream in streams:
            await stream.reset("en", ["agent", "[unk]"])
        event = await events.wait_for("retired")
        assert (event.pid, event.streams, event.moved, event.detail) == (old, 0, 0, "exit status 0")


async def test_a_language_without_a_model_costs_the_stream_that_asked_for_it(pool: RecogniserPool) -> None:
    other = await pool.open("en", vosk_phrases(NUMBER))
    with pytest.raises(child.StreamLostError, match="no model for 'fa'"):
        await pool.open("fa", ["yes"])
    assert (await other.feed(0, quiet(100))).words == []
    assert pool.streams == 1


@pytest.mark.parametrize("size", [1, 7, 160, 799, 24_000])
async def test_audio_in_pieces_of_any_size_is_heard(pool: RecogniserPool, size: int) -> None:
    audio = utterance("three, four") if size > 1 else utterance("yes")[:900]
    stream = await pool.open("en", vosk_phrases(NUMBER))
    for at in range(0, len(audio), size):
        await stream.feed(at // 8, audio[at : at + size])
    found = await stream.finish()
    assert size == 1 or [text for text, _, _ in told(found)] == ["three", "four"]


async def test_a_model_folder_that_is_gone_is_told_and_tried_again(events: Events, tmp_path: Path) -> None:
    async with RecogniserPool({"en": tmp_path / "missing"}, 1, events):
        assert "exit status 1" in (await events.wait_for("no_models")).detail


async def test_a_child_cannot_eat_the_machine_before_anybody_looks() -> None:
    program = "from speech.fork_server import limit_memory; limit_memory(200 << 20); bytearray(500 << 20)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    assert b"MemoryError" in errors
