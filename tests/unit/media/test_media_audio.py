"""Chunks are cut by media time, whatever the size and the arrival of the frames."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.media.audio import AudioChunk, Chunker, Jump

FRAME = bytes(range(160))


def test_frames_of_20_ms_become_chunks_of_100_ms_with_the_first_frames_time() -> None:
    chunker = Chunker(100)
    made = [item for index in range(11) for item in chunker.add(102 + 20 * index, FRAME)]
    assert [(item.start_ms, item.end_ms) for item in made if isinstance(item, AudioChunk)] == [(102, 202), (202, 302)]
    assert all(isinstance(item, AudioChunk) for item in made)


def test_a_gap_below_a_second_is_filled_with_silence() -> None:
    chunker = Chunker(100)
    chunker.add(0, FRAME)
    (chunk,) = chunker.add(80, FRAME)
    assert isinstance(chunk, AudioChunk)
    assert chunk.mulaw == FRAME + b"\xff" * 480 + FRAME


def test_timestamps_that_wobble_are_no_gap() -> None:
    chunker = Chunker(100)
    made = [item for index in range(10) for item in chunker.add(20 * index + (index % 3) * 7, FRAME)]
    assert b"".join(item.mulaw for item in made if isinstance(item, AudioChunk)) == FRAME * 10


def test_a_jump_of_more_than_a_second_is_told_and_drops_what_was_not_whole() -> None:
    chunker = Chunker(100)
    chunker.add(0, FRAME)
    assert chunker.add(1500, FRAME * 5) == [Jump(1480), *Chunker(100).add(1500, FRAME * 5)]
    assert chunker.add(0, FRAME) == [Jump(-1600)]


def test_a_frame_that_came_before_is_dropped() -> None:
    chunker = Chunker(100)
    for at_ms in (0, 20, 40):
        chunker.add(at_ms, FRAME)
    assert chunker.add(0, FRAME) == []
    assert len(chunker.add(60, FRAME * 2)) == 1


def test_cleared_audio_is_in_no_chunk() -> None:
    chunker = Chunker(100)
    chunker.add(0, b"\x00" * 400)
    chunker.clear()
    (chunk,) = chunker.add(50, FRAME * 5)
    assert isinstance(chunk, AudioChunk)
    assert (chunk.start_ms, chunk.mulaw) == (50, FRAME * 5)


@settings(deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=60))
def test_no_byte_is_lost_or_moved_whatever_the_sizes_of_the_frames(sizes_ms: list[int]) -> None:
    chunker, at_ms, sent = Chunker(100), 155, b""
    made: list[AudioChunk | Jump] = []
    for size_ms in sizes_ms:
        payload = bytes((at_ms + index) % 256 for index in range(8 * size_ms))
        made += chunker.add(at_ms, payload)
        at_ms, sent = at_ms + size_ms, sent + payload
    got = b"".join(item.mulaw for item in made if isinstance(item, AudioChunk))
    assert got == sent[: len(sent) // 800 * 800]
    starts = [item.start_ms for item in made if isinstance(item, AudioChunk)]
    assert starts == [155 + 100 * index for index in range(len(starts))]
