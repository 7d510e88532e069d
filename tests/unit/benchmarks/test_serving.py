"""What the serving benchmark is made of: a search, a model that costs more and hears the same, frames, summaries."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from ivr.media.frames import Media, Start, parse
from speech.models import SHIPPED_DIR
from tests.benchmarks.serving import wire
from tests.benchmarks.serving.audio import CHUNK_BYTES, chunks, whole_chunks
from tests.benchmarks.serving.calls import Call
from tests.benchmarks.serving.capacity import Halving
from tests.benchmarks.serving.counters import Counters
from tests.benchmarks.serving.drift import slope
from tests.benchmarks.serving.offered_load import call_sid, late_ms
from tests.benchmarks.serving.overload import summary
from tests.benchmarks.serving.stand_in import widened

SHIPPED = SHIPPED_DIR / "telephone-en" / "am" / "final.mdl"


def messages(sent: bytes) -> list[bytes]:
    """What a server reads."""
    reader = StreamReader()
    reader.feed_data(sent)
    found = []
    while reader.buffer:
        parsing = Frame.parse(reader.read_exact, mask=True)
        try:
            next(parsing)
        except StopIteration as done:
            frame: Frame = done.value
            found.append(frame.data if frame.opcode is Opcode.TEXT else b"")
    return found


def test_a_search_ends_at_the_greatest_number_that_passes() -> None:
    search, tried = Halving(0, 80, 101), []
    while (number := search.next) is not None:
        tried.append(number)
        search.note(number, number <= 57)
    assert search.passed == 57
    assert tried[0] == 80
    assert len(tried) <= 8


def test_a_search_in_which_nothing_passes_says_so() -> None:
    search = Halving(0, 3, 4)
    while (number := search.next) is not None:
        search.note(number, False)
    assert search.passed == 0


@pytest.mark.skipif(not SHIPPED.is_file(), reason="the shipped model is not there")
def test_the_stand_in_keeps_all_of_the_shipped_network() -> None:
    shipped = SHIPPED.read_bytes()
    made = widened(shipped, width=8, layers=2)
    assert b"component-node name=wide.node3 component=wide.1 input=wide.node2\n" in made
    assert b", wide.node5) objective=linear\n" in made
    weights = shipped[shipped.index(b"<ComponentName>") : shipped.index(b"</Nnet3>")]
    assert weights in made


def test_a_network_of_another_form_has_no_stand_in() -> None:
    with pytest.raises(ValueError, match="form"):
        widened(b"something else", width=8, layers=1)


def test_frames_are_what_the_media_server_understands() -> None:
    sent = wire.start_frames("CA12", {"token": "token"}) + wire.media_frame(40, b"\xff" * 160)
    _, start, media = (parse(each) for each in messages(sent))
    assert isinstance(start, Start)
    assert (start.call_sid, start.parameters, start.is_telephone_audio) == ("CA12", {"token": "token"}, True)
    assert media == Media(payload=b"\xff" * 160, timestamp_ms=40)
    assert json.loads(messages(wire.STOP)[0])["event"] == "stop"


def test_a_close_frame_tells_its_code_and_another_one_none() -> None:
    assert wire.close_code(b"\x88\x02\x03\xf5") == 1013
    assert wire.close_code(b"\x81\x02ok") is None
    assert wire.close_code(b"") is None


def test_lateness_is_counted_from_the_zero_in_the_calls_sid() -> None:
    sid = call_sid(1000.5, 3)
    assert late_ms(sid, 200, 1000.75) == pytest.approx(50)
    assert sid.isalnum()
    assert len(sid) <= 64


def test_counters_are_read_through_the_file(tmp_path: Path) -> None:
    mine, theirs = Counters(tmp_path / "counters"), Counters(tmp_path / "counters")
    before = theirs.read()
    for ms in (1.0, 2.0, 1e9):
        mine.late(ms)
    mine.seconds, mine.frames = 1.5, 7
    mine.store()
    seen = theirs.read().since(before)
    assert (seen.seconds, seen.frames, seen.late_ms(0.5)) == (1.5, 7, 2.5)


def test_audio_is_made_whole_chunks_without_losing_any() -> None:
    made = whole_chunks(b"\x01" * (CHUNK_BYTES + 1), random.Random(1))  # noqa: S311
    assert [len(each) for each in chunks(made)] == [CHUNK_BYTES, CHUNK_BYTES]
    assert made.endswith(b"\x01" * (CHUNK_BYTES + 1))


def call(*statuses: str) -> Call:
    made = Call(0, "", lambda _sid: True, lambda _sid, _turn: None)
    for number, status in enumerate(statuses):
        made.tell(status, float(number + 1))
    return made


def test_a_call_that_loses_what_it_was_promised_is_dropped_and_a_refused_one_is_not() -> None:
    up, refused, dropped, nothing = call("up", "up"), call("down"), call("up", "down"), call()
    keys = call("keys")
    up.spoken_s, up.answered_s = {1: 2.0, 2: 5.0}, {1: 2.25}
    found = summary([up, refused, dropped, nothing, keys])
    counted = ("offered", "admitted", "keys_from_first_prompt", "refused_at_socket", "dropped", "told_nothing")
    assert [found[name] for name in counted] == [5, 2, 1, 1, 1, 1]
    assert (found["turns"], found["unanswered"], found["lag_p95_ms"]) == (2, 1, 250)


def test_a_call_that_has_ended_is_not_dropped() -> None:
    ended = call("up")
    ended.over = True
    ended.tell("down", 9.0)
    assert ended.status == "up"


def test_the_slope_is_for_a_thousand_calls() -> None:
    assert slope([(100, 1010), (200, 1020), (300, 1030)]) == 100.0
    assert slope([(1, 1), (2, 2)]) is None
