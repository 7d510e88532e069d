"""The pool with children that do as they are told: dying, hanging, eating memory, talking nonsense.

One long file: each way in which a child can fail is a short test on the same two pools.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from speech import child, launcher
from speech import pool as pools
from speech.admission import NO_LIMITS, Limits
from speech.child import StreamLostError
from speech.pool import NoRecogniserError, NotAdmittedError, RecogniserPool, Recycling
from speech.stream import Stream
from tests.pool_events import Events

COMMAND = (sys.executable, str(Path(__file__).with_name("scripted_child.py")))
MODELS = {"en": Path(__file__).parent}


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture(autouse=True)
def _own_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(launcher.PACKAGE_PARENT_DIR))


@pytest.fixture
async def pool(events: Events) -> AsyncIterator[RecogniserPool]:
    async with RecogniserPool(MODELS, 2, events, COMMAND, NO_LIMITS) as made:
        await events.wait_for("ready", 2)
        yield made


@pytest.fixture
async def lone(events: Events) -> AsyncIterator[RecogniserPool]:
    """A pool of one child, so that all streams are on it."""
    async with RecogniserPool(MODELS, 1, events, COMMAND, NO_LIMITS) as made:
        await made.wait_ready()
        yield made


async def feed(stream: Stream, times: int, from_ms: int = 0) -> list[str]:
    words: list[str] = []
    for number in range(times):
        words = (await stream.feed(from_ms + 100 * number, b"\xff" * 800)).words
    return words


async def heard(stream: Stream) -> tuple[str, int, int]:
    """The order of the stream, when the audio began that its child has had, and how many pieces it was."""
    ((word,),) = [hypothesis.words for hypothesis in await stream.finish()]
    return word.text, word.start_ms, word.end_ms


async def test_streams_go_to_the_least_loaded_child(pool: RecogniserPool) -> None:
    streams = [await pool.open("en", ["yes"]) for _ in range(4)]
    assert pool.streams == 4
    assert len({id(stream.child) for stream in streams[:2]}) == 2
    left = streams[0].child
    for stream in [stream for stream in streams if stream.child is left]:
        stream.close()
    again = await pool.open("en", ["yes"])
    assert again.child is left


async def test_a_stream_changes_its_child_between_two_turns_where_that_evens_the_load(pool: RecogniserPool) -> None:
    streams = [await pool.open("en", ["yes"]) for _ in range(6)]
    left = streams[0].child
    stayed = [stream for stream in streams if stream.child is not left]
    for stream in [stream for stream in streams if stream.child is left]:
        stream.close()
    await stayed[0].reset("en", ["no"])
    assert stayed[0].child is left
    assert await feed(stayed[0], 1) == ["no"]
    await stayed[1].reset("en", ["no"])
    assert stayed[1].child is not left


async def test_many_streams_get_their_own_answers(pool: RecogniserPool) -> None:
    streams = [await pool.open("en", [f"word{number}"]) for number in range(20)]
    answers = await asyncio.gather(*(stream.feed(0, b"\xff") for stream in streams))
    assert [answer.words for answer in answers] == [[f"word{number}"] for number in range(20)]
    await streams[3].reset("en", ["other"])
    assert (await heard(streams[3]))[0] == "other"


async def test_what_has_come_meanwhile_is_asked_for_once_and_when_a_busy_child_is_ready_for_it(
    lone: RecogniserPool,
) -> None:
    busy = [await lone.open("en", ["slow"]) for _ in range(3)]
    waiting = await lone.open("en", ["fine"])
    came: list[bytes] = []
    asked: list[list[bytes]] = []

    def more() -> bytes:
        asked.append(list(came))
        return b"".join(came)

    before = [asyncio.create_task(feed(stream, 1)) for stream in busy]
    await asyncio.sleep(0)
    fed = asyncio.create_task(waiting.feed(0, b"\xff" * 800, None, more))
    await asyncio.sleep(0)
    assert asked == []
    came.append(b"\xff" * 800)
    assert (await fed).words == ["fine"]
    assert asked == [came]
    await asyncio.gather(*before)


@pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="reads Linux's /proc")
@pytest.mark.parametrize("chosen", [None, "glibc.malloc.arena_max=1"])
async def test_recognisers_allocate_from_huge_pages_where_nothing_else_was_chosen(
    events: Events, monkeypatch: pytest.MonkeyPatch, chosen: str | None
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    if chosen is not None:
        monkeypatch.setenv("GLIBC_TUNABLES", chosen)
    async with RecogniserPool(MODELS, 1, events, COMMAND, NO_LIMITS) as made:
        await made.wait_ready()
        environment = Path(f"/proc/{made.fork_server_pid}/environ").read_bytes().split(b"\0")
    assert f"GLIBC_TUNABLES={chosen or 'glibc.malloc.hugetlb=1'}".encode() in environment


async def test_a_stream_that_only_waits_is_on_no_child_until_it_listens(pool: RecogniserPool) -> None:
    stream = await pool.open()
    assert stream.child is None
    assert await stream.reset("en", ["yes"], b"\xff" * 3) == (-60.0,) * 3
    assert stream.child is not None


async def test_phrases_are_prepared_in_the_child_that_will_listen_for_them(lone: RecogniserPool) -> None:
    stream = await lone.open("en", ["what is prepared"])
    stream.prepare("en", ["soon"])
    assert (await heard(stream))[0] == "soon"


# ------------------------------------------------------------------------------------------------- children that die


async def test_what_was_said_is_said_again_to_another_child_where_one_dies(
    lone: RecogniserPool, events: Events, tmp_path: Path
) -> None:
    stream, bystander = await lone.open("en", [f"die once {tmp_path / 'flag'}"]), await lone.open("en", ["fine"])
    idle = await lone.open()
    await feed(bystander, 3, from_ms=700)
    await feed(stream, 5)
    event = await events.wait_for("died")
    assert (event.streams, event.moved, event.detail) == (0, 2, f"signal {signal.SIGSEGV}")
    assert (await heard(bystander))[1:] == (700, 3)
    assert (await heard(stream))[1:] == (0, 5)
    assert await feed(idle, 1) == [""]
    assert not any(one.lost.is_set() for one in (stream, bystander, idle))


async def test_only_the_utterance_that_is_not_over_is_said_again(lone: RecogniserPool, events: Events) -> None:
    stream = await lone.open("en", ["fine"])
    await feed(stream, 4)
    await stream.finish()
    await feed(stream, 2, from_ms=400)
    os.kill(lone.pids[0], signal.SIGKILL)
    await events.wait_for("ready", 2)
    assert await heard(stream) == ("fine", 400, 2)


async def test_at_most_ten_seconds_are_said_again_and_two_where_nothing_was_heard(
    lone: RecogniserPool, events: Events
) -> None:
    speaking, silent = await lone.open("en", ["fine"]), await lone.open("en", ["quiet"])
    await feed(speaking, 150)
    await feed(silent, 150)
    os.kill(lone.pids[0], signal.SIGKILL)
    await events.wait_for("ready", 2)
    assert (await heard(speaking))[1:] == (5000, 100)
    assert (await heard(silent))[1:] == (13_000, 20)


async def test_a_stream_whose_audio_kills_two_children_is_lost_and_the_others_are_not(
    lone: RecogniserPool, events: Events
) -> None:
    doomed, bystander = await lone.open("en", ["die"]), await lone.open("en", ["fine"])
    await feed(bystander, 2)
    with pytest.raises(StreamLostError):
        await doomed.feed(0, b"\xff")
    assert doomed.lost.is_set()
    assert (await events.wait_for("died", 2)).streams == 1
    assert await heard(bystander) == ("fine", 0, 2)
    with pytest.raises(StreamLostError):
        await doomed.finish()
    doomed.close()
    assert lone.streams == 1


async def test_among_many_at_work_the_one_that_kills_is_found_and_lost_alone(
    lone: RecogniserPool, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "RESTART_FIRST_S", 0.01)
    others = [await lone.open("en", ["fine"]) for _ in range(6)]
    doomed = await lone.open("en", ["die"])
    # Work that is done in a moment lets the child have much of it.
    await asyncio.gather(*(feed(stream, 100) for stream in others))
    asked = [asyncio.create_task(stream.feed(10_000, b"\xff")) for stream in (*others, doomed)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(answer, StreamLostError) for answer in answers] == [False] * 6 + [True]
    assert min([(await heard(stream))[2] for stream in others]) >= 100
    assert len([event for event in events.seen if event.what == "died"]) <= 3


async def test_children_that_die_again_and_again_cost_their_streams_in_the_end(
    lone: RecogniserPool, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "RESTART_FIRST_S", 0.01)
    stream = await lone.open("en", ["fine"])
    for number in range(1, 5):
        assert not stream.lost.is_set()
        await feed(stream, 1)
        os.kill(lone.pids[0], signal.SIGKILL)
        await events.wait_for("died", number)
    assert stream.lost.is_set()


async def test_a_child_that_answers_nobody_is_killed_and_its_work_done_by_another(
    lone: RecogniserPool, events: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "STUCK_AFTER_S", 1.5)
    stream = await lone.open("en", [f"hang once {tmp_path / 'flag'}"])
    await feed(stream, 3)
    assert (await events.wait_for("stuck")).moved == 1
    assert (await heard(stream))[1:] == (0, 3)


async def test_a_child_that_is_stopped_in_its_tracks_is_replaced(
    lone: RecogniserPool, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "STUCK_AFTER_S", 1.5)
    stream = await lone.open("en", ["fine"])
    os.kill(lone.pids[0], signal.SIGSTOP)
    assert await feed(stream, 2) == ["fine"]
    await events.wait_for("stuck")


async def test_a_child_that_talks_nonsense_is_replaced(lone: RecogniserPool, events: Events) -> None:
    stream = await lone.open("en", ["babble"])
    with pytest.raises(StreamLostError):
        await stream.feed(0, b"\xff")
    assert "out of order" in (await events.wait_for("died")).detail


async def test_a_child_that_eats_memory_is_replaced(events: Events, tmp_path: Path) -> None:
    recycling = Recycling(growth_bytes=100 << 20)
    async with RecogniserPool(MODELS, 1, events, COMMAND, NO_LIMITS, recycling) as pool:
        await pool.wait_ready()
        eater, bystander = await pool.open("en", [f"eat once {tmp_path / 'flag'}"]), await pool.open("en", ["fine"])
        await feed(eater, 3)
        event = await events.wait_for("grew")
        assert "more than its streams need" in event.detail
        assert (event.streams, event.moved) == (0, 2)
        assert await heard(eater) == (eater._phrases[0], 0, 3)
        assert await feed(bystander, 1) == ["fine"]


async def test_a_request_that_fails_costs_one_stream(lone: RecogniserPool) -> None:
    streams = [await lone.open("en", ["fail"]), await lone.open("en", ["fine"])]
    with pytest.raises(StreamLostError, match="as told"):
        await streams[0].feed(0, b"\xff")
    assert await feed(streams[1], 1) == ["fine"]


async def test_a_call_that_ends_in_the_middle_of_a_request_leaves_nothing_behind(lone: RecogniserPool) -> None:
    stream, other = await lone.open("en", ["slow"]), await lone.open("en", ["fine"])
    asking = asyncio.create_task(stream.feed(0, b"\xff"))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert lone.streams == 1
    assert await feed(other, 3) == ["fine"]
    assert lone.figures().waiting == 0


async def test_two_requests_of_one_stream_at_once_are_a_mistake(lone: RecogniserPool) -> None:
    stream = await lone.open("en", ["fine"])
    first = asyncio.create_task(stream.feed(0, b"\xff"))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="one request"):
        await stream.feed(0, b"\xff")
    assert (await first).words == ["fine"]


# ------------------------------------------------------------------------------------------- children that are replaced


async def test_a_child_that_has_had_many_streams_is_replaced_when_their_turns_are_over(events: Events) -> None:
    async with RecogniserPool(MODELS, 1, events, COMMAND, NO_LIMITS, Recycling(after_streams=3)) as pool:
        await pool.wait_ready()
        (old,) = pool.pids
        streams = [await pool.open("en", ["fine"]) for _ in range(4)]
        await feed(streams[0], 2)
        await events.wait_for("ready", 2)
        (new,) = pool.pids
        assert new != old
        assert await heard(streams[0]) == ("fine", 0, 2)
        for stream in streams:
            await stream.reset("en", ["fine"])
        assert (await events.wait_for("retired")).moved == 0
        assert [await feed(stream, 1) for stream in streams] == [["fine"]] * 4


async def test_a_child_that_is_old_is_replaced(events: Events) -> None:
    async with RecogniserPool(MODELS, 1, events, COMMAND, NO_LIMITS, Recycling(after_s=0.0)) as pool:
        await pool.wait_ready()
        assert (await events.wait_for("retired")).streams == 0


async def test_the_models_are_loaded_again_where_their_process_dies_and_its_children_go_on(
    lone: RecogniserPool, events: Events
) -> None:
    stream = await lone.open("en", ["fine"])
    await feed(stream, 2)
    first, server = lone.pids, lone.fork_server_pid
    assert server is not None
    os.kill(server, signal.SIGKILL)
    assert (await events.wait_for("no_models")).detail == "signal 9"
    assert lone.pids == first
    assert await heard(stream) == ("fine", 0, 2)
    os.kill(first[0], signal.SIGKILL)
    await events.wait_for("ready", 2)
    assert lone.fork_server_pid != server
    assert await feed(stream, 1) == ["fine"]


async def test_where_a_process_cannot_fork_each_child_loads_its_own_models(events: Events) -> None:
    async with RecogniserPool(MODELS, 2, events, (*COMMAND, "no-fork"), NO_LIMITS) as pool:
        await events.wait_for("ready", 2)
        assert len(set(pool.pids)) == 2
        stream = await pool.open("en", ["fine"])
        await feed(stream, 2)
        for pid in pool.pids:
            os.kill(pid, signal.SIGKILL)
        await events.wait_for("ready", 3)
        assert await heard(stream) == ("fine", 0, 2)


# ------------------------------------------------------------------------------------------------ beginning and ending


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
    async with RecogniserPool(MODELS, 2, events, (str(tmp_path / "missing"),)):
        event = await events.wait_for("no_models", 2)
    assert "No such file" in event.detail


async def test_a_program_that_ends_at_once_is_reported_with_how_it_ended(events: Events) -> None:
    async with RecogniserPool(MODELS, 1, events, (sys.executable, "-c", "raise SystemExit(3)")):
        assert "exit status 3" in (await events.wait_for("no_models")).detail


async def test_stopping_leaves_no_process_behind(events: Events) -> None:
    async with RecogniserPool(MODELS, 2, events, COMMAND, NO_LIMITS) as pool:
        await events.wait_for("ready", 2)
        pids = [*pool.pids, pool.fork_server_pid or 0]
        stream = await pool.open("en", ["fine"])
        os.kill(pids[0], signal.SIGSTOP)
    assert stream.lost.is_set()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_what_is_not_admitted_is_refused_and_what_was_admitted_goes_on(
    events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_COST", "0.2")
    async with RecogniserPool(MODELS, 1, events, COMMAND, Limits(close_at=0.85)) as pool:
        await pool.wait_ready()
        assert pool.places == 4
        streams = [await pool.open() for _ in range(4)]
        with pytest.raises(NotAdmittedError):
            await pool.open()
        assert pool.admission_changed.is_set()
        assert pool.places == 0
        await streams[0].reset("en", ["fine"])
        assert await feed(streams[0], 1) == ["fine"]


async def test_with_admission_closed_for_good_the_open_streams_go_on(lone: RecogniserPool) -> None:
    stream = await lone.open("en", ["fine"])
    lone.close_admission()
    with pytest.raises(NoRecogniserError):
        await lone.open()
    assert await feed(stream, 1) == ["fine"]


async def test_a_slow_child_is_seen_in_the_figures(lone: RecogniserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "LOOK_EVERY_S", 0.01)
    streams = [await lone.open("en", ["slow"]) for _ in range(8)]
    await asyncio.gather(*(feed(stream, 1) for stream in streams))
    figures = lone.figures()
    assert figures.streams == 8
    assert figures.cost > 0.001
    assert figures.busy > 0.0
