"""The carrier's messages: what we read, and what cannot break us.

Messages as the carrier documents them: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.media.frames import FrameError, Media, Other, Start, Stop, parse

START: dict[str, Any] = {
    "event": "start",
    "sequenceNumber": "1",
    "start": {
        "accountSid": "AC" + "0" * 32,
        "streamSid": "MZ" + "1" * 32,
        "callSid": "CA" + "2" * 32,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": "t0ken"},
    },
    "streamSid": "MZ" + "1" * 32,
}


def media(**fields: Any) -> str:
    body = {"track": "inbound", "chunk": "1", "timestamp": "102", "payload": "//8A", **fields}
    return json.dumps({"event": "media", "sequenceNumber": "2", "media": body, "streamSid": "MZ1"})


def test_start_tells_whose_call_it_is_and_brings_our_parameters() -> None:
    start = parse(json.dumps(START))
    assert isinstance(start, Start)
    assert (start.call_sid, start.stream_sid) == ("CA" + "2" * 32, "MZ" + "1" * 32)
    assert start.parameters == {"token": "t0ken"}
    assert start.is_telephone_audio


def test_start_without_parameters_is_still_a_start() -> None:
    body = {key: value for key, value in START["start"].items() if key != "customParameters"}
    start = parse(json.dumps({**START, "start": body}))
    assert isinstance(start, Start)
    assert start.parameters == {}


@pytest.mark.parametrize(
    "change",
    [
        {"tracks": ["outbound"]},
        {"mediaFormat": {"encoding": "audio/l16", "sampleRate": 8000, "channels": 1}},
        {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": "16000", "channels": 1}},
    ],
)
def test_audio_of_another_kind_is_recognised_as_such(change: dict[str, Any]) -> None:
    start = parse(json.dumps({**START, "start": START["start"] | change}))
    assert isinstance(start, Start)
    assert not start.is_telephone_audio


@pytest.mark.parametrize("timestamp", ["102", 102])
def test_numbers_may_be_strings_or_numbers(timestamp: object) -> None:
    assert parse(media(timestamp=timestamp)) == Media(b"\xff\xff\x00", 102, "inbound")


def test_a_payload_may_have_any_length() -> None:
    assert parse(media(payload="")) == Media(b"", 102, "inbound")


def test_stop_and_events_that_we_do_not_know_are_told_apart() -> None:
    assert parse('{"event":"stop","sequenceNumber":"9","stop":{"callSid":"CA1"},"streamSid":"MZ1"}') == Stop()
    assert parse('{"event":"connected","protocol":"Call","version":"1.0.0"}') == Other("connected")
    assert parse('{"event":"tomorrow","tomorrow":[1,2]}') == Other("tomorrow")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "hello",
        "[]",
        "{}",
        '{"event":3}',
        '{"event":"media"}',
        '{"event":"start","start":null}',
        '{"event":"start","start":{}}',
        media(payload="not base64!"),
        media(timestamp="soon"),
        media(timestamp="-5"),
        media(payload=None),
        json.dumps({**START, "start": START["start"] | {"callSid": "CA1}:{CA2"}}),
        b"\xff\xfe",
        "[" * 20_000,
        '{"event":"media","media":' + "[" * 20_000,
    ],
)
def test_anything_else_is_a_frame_error(message: str | bytes) -> None:
    with pytest.raises(FrameError):
        parse(message)


def test_the_error_repeats_nothing_that_the_peer_sent() -> None:
    with pytest.raises(FrameError) as caught:
        parse(media(payload="+14155550100"[:11]))
    assert "4155" not in str(caught.value)


@settings(deadline=None)
@given(st.one_of(st.text(), st.binary(), st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps)))
def test_no_message_raises_anything_but_a_frame_error(message: str | bytes) -> None:
    with contextlib.suppress(FrameError):
        parse(message)


KEYS = st.sampled_from(["event", "start", "media", "streamSid", "payload", "timestamp", "callSid", "tracks"])
VALUES = st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["start", "media", "stop"])


@settings(deadline=None)
@given(st.dictionaries(KEYS, st.one_of(VALUES, st.dictionaries(KEYS, VALUES))))
def test_no_object_raises_anything_but_a_frame_error(message: dict[str, Any]) -> None:
    with contextlib.suppress(FrameError):
        parse(json.dumps(message))
