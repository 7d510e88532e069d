"""Media Streams of the local carrier, received by a real WebSocket server."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator

import pytest
from localcarrier_app import ACCOUNT_SID, AUTH_TOKEN, CALLER, SERVICE, App, response, running_app, sdk_for
from twilio.request_validator import RequestValidator

from ivr.localcarrier.background import carrier_in_background
from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.script import HearEnd, Press, Say, Stay, Wait
from ivr.localcarrier.settings import CarrierSettings
from ivr.localcarrier.switches import Switches
from ivr.localcarrier.wire import Faults
from ivr.sound.espeak import find_engine


@pytest.fixture
def app() -> Iterator[App]:
    with running_app() as app:
        yield app


@pytest.fixture
def carrier(app: App) -> Iterator[LocalCarrierClient]:
    settings = CarrierSettings(
        ACCOUNT_SID, AUTH_TOKEN, port=0, fast_prompts=True, switches=Switches(redirect_latency_ms=20)
    )
    with carrier_in_background(settings) as client:
        client.set_number(SERVICE, app.url("/voice"))
        yield client


def start(app: App, *inside: str, attributes: str = "") -> str:
    stream = f'<Stream name="asr" url="{app.media_url}" {attributes} statusCallback="/stream">'
    return f"<Start>{stream}{''.join(inside)}</Stream></Start>"


def place(carrier: LocalCarrierClient, *steps: object) -> str:
    return carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=steps)


# "Order: connected -> start -> media ... -> stop -> close. sequenceNumber, chunk, timestamp are strings"   3
def test_a_fork_sends_the_messages_of_the_protocol_in_order(app, carrier):
    parameter = '<Parameter name="token" value="t&amp;1"/>'
    app.documents["/voice"] = response(start(app, parameter), '<Pause length="1"/>')
    sid = place(carrier, Stay())
    carrier.wait_for_end(sid)
    app.wait_until(lambda: app.sockets and "stop" in app.sockets[0].events())
    (socket,) = app.sockets
    events = socket.events()
    assert events[:3] == ["connected", "start", "media"]
    assert events[-1] == "stop"
    assert set(events[2:-1]) == {"media"}
    assert socket.of("connected") == [{"event": "connected", "protocol": "Call", "version": "1.0.0"}]
    (begun,) = socket.of("start")
    assert begun["sequenceNumber"] == "1"
    assert begun["start"] == {
        "accountSid": ACCOUNT_SID,
        "streamSid": begun["streamSid"],
        "callSid": sid,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"token": "t&1"},
    }
    media = socket.of("media")
    # "with one track chunk = sequenceNumber - 1"; "first [timestamp] is not 0 (102, 155 seen)"
    assert [int(m["sequenceNumber"]) - int(m["media"]["chunk"]) for m in media] == [1] * len(media)
    assert [int(m["media"]["timestamp"]) for m in media] == [102 + 20 * n for n in range(len(media))]
    assert all(isinstance(m["media"][name], str) for m in media for name in ("chunk", "timestamp"))
    assert {len(base64.b64decode(m["media"]["payload"])) for m in media} == {160}
    assert socket.audio() == b"\xff" * 160 * len(media)  # "frames continue in silence"
    (stopped,) = socket.of("stop")
    assert stopped["stop"] == {"accountSid": ACCOUNT_SID, "callSid": sid}
    assert carrier.wait_for_event("stream_stopped", call_sid=sid)["frames"] == len(media)
    callbacks = app.wait_until(lambda: len(app.to("/stream")) == 2 and app.to("/stream"))
    assert [c.params["StreamEvent"] for c in callbacks] == ["stream-started", "stream-stopped"]
    assert all(c.is_signed and c.params["StreamName"] == "asr" for c in callbacks)


# "20 ms pacing"   twilio.md 10.5
def test_frames_come_no_faster_than_at_real_pace(app, carrier):
    app.documents["/voice"] = response(start(app), '<Pause length="2"/>')
    began = time.monotonic()
    carrier.wait_for_end(place(carrier, Stay()))
    took_s = time.monotonic() - began
    app.wait_until(lambda: app.sockets and "stop" in app.sockets[0].events())
    assert 90 <= len(app.sockets[0].of("media")) <= took_s / 0.02


# "x-twilio-signature ... Signature is over the wss://... URL with no params"; "No Origin, no subprotocol, no
# permessage-deflate offer"   twilio.md 3
def test_the_upgrade_request_is_signed_and_offers_nothing(app, carrier):
    app.documents["/voice"] = response(start(app), '<Pause length="60"/>')
    place(carrier, Stay())
    headers = app.wait_until(lambda: app.sockets and app.sockets[0].headers)
    assert RequestValidator(AUTH_TOKEN).validate(app.media_url, {}, headers["x-twilio-signature"])
    assert headers["user-agent"] == "Twilio.TmeWs/1.0"
    for absent in ("origin", "sec-websocket-extensions", "sec-websocket-protocol"):
        assert absent not in headers


def test_the_inbound_track_carries_what_the_caller_says_and_no_keys(app, carrier):
    if find_engine() is None:
        pytest.skip("there is neither espeak-ng nor espeakng_loader to speak with")
    app.documents["/voice"] = response(start(app), '<Gather numDigits="1" timeout="9" action="/key"/>')
    app.documents["/key"] = response()
    sid = place(carrier, Wait(200), Say("Good morning"), Press("5"), Stay())
    carrier.wait_for_end(sid)
    app.wait_until(lambda: app.sockets and "stop" in app.sockets[0].events())
    assert len(app.sockets[0].audio().strip(b"\xff")) > 160 * 20
    assert app.sockets[0].of("dtmf") == []
    ended, started = (carrier.wait_for_event(kind, call_sid=sid) for kind in ("speech_ended", "speech_started"))
    assert 0.3 < ended.at - started.at < 20


# "chunk per track in captured logs"; "both_tracks"   twilio.md 3, 11
def test_both_tracks_share_the_sequence_and_count_chunks_by_themselves(app, carrier, tmp_path):
    app.documents["/voice"] = response(start(app, attributes='track="both_tracks"'), '<Pause length="1"/>')
    carrier.wait_for_end(place(carrier, Stay()))
    app.wait_until(lambda: app.sockets and "stop" in app.sockets[0].events())
    socket = app.sockets[0]
    assert socket.of("start")[0]["start"]["tracks"] == ["inbound", "outbound"]
    media = socket.of("media")
    assert [m["media"]["track"] for m in media[:4]] == ["inbound", "outbound"] * 2
    assert [m["media"]["chunk"] for m in media[:4]] == ["1", "1", "2", "2"]
    assert [m["sequenceNumber"] for m in media[:4]] == ["2", "3", "4", "5"]


# "Server closes WS: call unaffected, TwiML goes on; no automatic reconnect. REST still works"   twilio.md 3
@pytest.mark.parametrize(
    ("close_code", "event", "callback"),
    [(1000, "stream_stopped", "stream-stopped"), (1011, "stream_error", "stream-error")],
)
def test_the_call_goes_on_when_the_server_closes(app, carrier, close_code, event, callback):
    app.close_sockets_with = close_code
    app.documents["/voice"] = response(start(app), '<Pause length="1"/>', "<Say>Still here.</Say>")
    sid = place(carrier, HearEnd("still here"), Stay())
    assert carrier.wait_for_end(sid).script_done
    carrier.wait_for_event(event, call_sid=sid)
    app.wait_until(lambda: app.to("/stream")[-1].params["StreamEvent"] == callback)
    assert len(app.sockets) == 1


def test_a_dropped_socket_is_an_error_and_the_stream_can_be_forked_again_by_rest(app, carrier):
    app.documents["/voice"] = response(start(app), '<Pause length="9"/>')
    sid = place(carrier, Stay())
    app.wait_until(lambda: app.sockets and "media" in app.sockets[0].events())
    assert carrier.drop_media(sid) == 1
    carrier.wait_for_event("stream_error", call_sid=sid)
    sdk = sdk_for(carrier)
    again = sdk.calls(sid).streams.create(
        url=app.media_url, name="asr2", parameter1_name="token", parameter1_value="t2"
    )
    assert (again.name, again.status) == ("asr2", "in-progress")
    app.wait_until(lambda: len(app.sockets) == 2 and "media" in app.sockets[1].events())
    assert app.sockets[1].of("start")[0]["start"]["customParameters"] == {"token": "t2"}
    assert sdk.calls(sid).streams("asr2").update(status="stopped").status == "stopped"
    app.wait_until(lambda: app.sockets[1].events()[-1] == "stop")
    assert carrier.call(sid).status == "in-progress"


# "WS can't be opened: call continues, stream-error 319xx"   twilio.md 3
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ws://127.0.0.1:9/media", 31902),
        ("ws://example.com/media", 31922),
        ("http://127.0.0.1/media", 31922),
        ("NOT_A_SOCKET", 31920),
    ],
)
def test_a_socket_that_cannot_be_opened_has_the_vendors_code(app, carrier, url, code):
    target = app.media_url.replace("/media", "/nothing") if url == "NOT_A_SOCKET" else url
    stream = f'<Start><Stream url="{target}" statusCallback="/stream"/></Start>'
    app.documents["/voice"] = response(stream, '<Pause length="1"/>', "<Say>On we go.</Say>")
    sid = place(carrier, HearEnd("on we go"), Stay())
    assert carrier.wait_for_event("stream_error", call_sid=sid)["code"] == code
    assert carrier.wait_for_end(sid).script_done
    assert app.to("/stream")[0].params["StreamEvent"] == "stream-error"
    assert str(code) in app.to("/stream")[0].params["StreamError"]


def test_a_refused_socket_can_be_injected(app, carrier):
    carrier.set_faults(Faults(refuse_media=1))
    app.documents["/voice"] = response(start(app), '<Pause length="1"/>')
    sid = place(carrier, Stay())
    assert carrier.wait_for_event("stream_error", call_sid=sid)["code"] == 31902
    assert app.sockets == []


# "wrong value -> call is answered then dies with 31941"   twilio.md 2.10
def test_a_wrong_track_ends_the_call(app, carrier):
    app.documents["/voice"] = response(start(app, attributes='track="sideways"'), "<Say>Never.</Say>")
    sid = place(carrier, Stay())
    assert carrier.wait_for_end(sid).status == "completed"
    assert carrier.wait_for_event("error", call_sid=sid)["code"] == 31941


# "REST update of call: fork survives"   twilio.md 3
def test_the_fork_survives_redirects_and_stop_ends_it(app, carrier):
    app.documents["/voice"] = response(start(app), "<Redirect>/two</Redirect>")
    app.documents["/two"] = response(
        '<Pause length="1"/>', '<Stop><Stream name="asr"/></Stop>', "<Redirect>/three</Redirect>"
    )
    app.documents["/three"] = response('<Pause length="1"/>')
    sid = place(carrier, Stay())
    carrier.wait_for_event("stream_stopped", call_sid=sid)
    assert carrier.call(sid).status == "in-progress"
    assert len(app.sockets) == 1
    assert app.sockets[0].events().count("start") == 1
    carrier.wait_for_end(sid)


def test_each_executed_start_adds_a_stream_up_to_four_tracks(app, carrier):
    app.documents["/voice"] = response(*[start(app)] * 5, '<Pause length="1"/>')
    carrier.wait_for_end(place(carrier, Stay()))
    assert len(app.sockets) == 4
