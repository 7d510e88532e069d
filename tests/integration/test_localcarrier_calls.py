"""Inbound calls through the local carrier: documents, keys, errors, the fallback, status webhooks."""

from __future__ import annotations

import re
import threading
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from localcarrier_app import ACCOUNT_SID, AUTH_TOKEN, CALLER, SERVICE, App, response, running_app

from ivr.localcarrier.background import carrier_in_background
from ivr.localcarrier.client import LocalCarrierClient, LocalCarrierError
from ivr.localcarrier.script import HangUp, Hear, HearEnd, Press, Say, Stay, Wait
from ivr.localcarrier.settings import CarrierSettings
from ivr.localcarrier.switches import Switches
from ivr.localcarrier.wire import CallView, Faults
from ivr.sound.espeak import find_engine

APOLOGY = "We're sorry, an application error has occurred. Goodbye."


@pytest.fixture
def app() -> Iterator[App]:
    with running_app() as app:
        yield app


@pytest.fixture
def carrier(app: App) -> Iterator[LocalCarrierClient]:
    settings = CarrierSettings(
        ACCOUNT_SID, AUTH_TOKEN, port=0, fast_prompts=True, pace=4, switches=Switches(redirect_latency_ms=20)
    )
    with carrier_in_background(settings) as client:
        client.set_number(SERVICE, app.url("/voice"), status_callback=app.url("/status"))
        yield client


def call(carrier: LocalCarrierClient, *steps: object, extra: dict[str, str] | None = None) -> CallView:
    sid = carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=steps, extra=extra)
    return carrier.wait_for_end(sid)


def heard(carrier: LocalCarrierClient, sid: str) -> list[str]:
    return [e["text"] for e in carrier.events() if e.kind == "prompt_started" and e.call_sid == sid]


def codes(carrier: LocalCarrierClient, kind: str) -> list[int]:
    return [event["code"] for event in carrier.events() if event.kind == kind]


def test_a_caller_hears_the_prompt_and_the_call_ends_with_the_document(app, carrier):
    app.documents["/voice"] = response("<Say>Hello there.</Say>")
    ended = call(carrier, HearEnd("hello  THERE"), Stay())
    assert (ended.status, ended.ended_by, ended.script_error) == ("completed", "application", None)
    assert ended.script_done


# "Unknown geo values arrive as empty strings, not absent. They count for the signature."
# "Legacy twins really are sent too: Caller Called CallerCity ..."   twilio.md 1.2
def test_the_first_webhook_has_the_full_parameter_set_and_a_valid_signature(app, carrier):
    app.documents["/voice"] = response()
    ended = call(carrier, extra={"FromCity": "Leeds"})
    (asked,) = app.to("/voice")
    assert asked.is_signed
    assert asked.method == "POST"
    p = asked.params
    assert (p["From"], p["Caller"], p["To"], p["Called"]) == (CALLER, CALLER, SERVICE, SERVICE)
    assert (p["CallSid"], p["AccountSid"], p["ApiVersion"]) == (ended.sid, ACCOUNT_SID, "2010-04-01")
    assert (p["CallStatus"], p["Direction"]) == ("ringing", "inbound")
    assert (p["FromCity"], p["CallerCity"], p["ToCity"], p["CalledZip"]) == ("Leeds", "Leeds", "", "")
    assert re.fullmatch("CA[0-9a-f]{32}", ended.sid)
    headers = asked.headers
    assert headers["User-Agent"] == "TwilioProxy/1.1"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert headers["Accept"] == "*/*"
    assert headers["Cache-Control"] == "max-age=259200"
    assert headers["Connection"].lower() == "close"
    assert re.fullmatch("[0-9a-f-]{36}", headers["I-Twilio-Idempotency-Token"])


def test_with_get_all_parameters_are_in_the_signed_query(app, carrier):
    app.documents["/voice"] = response()
    carrier.set_number(SERVICE, app.url("/voice?lang=en"), voice_method="GET")
    call(carrier)
    (asked,) = app.to("/voice")
    assert asked.method == "GET"
    assert asked.is_signed
    assert (asked.params["lang"], asked.params["From"]) == ("en", CALLER)


# "any key -> stop audio at once, go COLLECTING with that key"   twilio.md 2.5
def test_a_key_cuts_the_prompt_and_reaches_the_action(app, carrier):
    words = " ".join(["word"] * 200)
    app.documents["/voice"] = response(f'<Gather numDigits="1" action="/key?turn=1"><Say>Menu {words}</Say></Gather>')
    app.documents["/key"] = response("<Hangup/>")
    ended = call(carrier, Hear("menu"), Press("1"), Stay())
    (asked,) = app.to("/key")
    assert asked.is_signed
    assert (asked.params["Digits"], asked.params["FinishedOnKey"]) == ("1", "")
    assert asked.params["msg"] == "Gather End"
    assert asked.params["CallStatus"] == "in-progress"
    cut = carrier.wait_for_event("prompt_ended", call_sid=ended.sid)
    assert cut["completed"] is False
    assert cut["played_ms"] < 1000


def test_the_finish_key_submits_and_is_not_among_the_digits(app, carrier):
    app.documents["/voice"] = response('<Gather action="/key"><Say>Number?</Say></Gather>')
    app.documents["/key"] = response()
    call(carrier, Hear("number"), Press("4711#", gap_ms=40), Stay())
    assert app.to("/key")[0].params["Digits"] == "4711"
    assert app.to("/key")[0].params["FinishedOnKey"] == "#"


def test_silence_falls_through_to_the_next_verb(app, carrier):
    app.documents["/voice"] = response('<Gather timeout="0"/>', "<Say>Nothing came.</Say>")
    ended = call(carrier, HearEnd("nothing came"), Stay())
    assert ended.script_done
    assert [asked.path for asked in app.asked if asked.path != "/status"] == ["/voice"]


# "Digits dialled before the Gather starts ...: simulator default = discard, switch = keep"   twilio.md 2.5
def test_a_key_without_a_gather_reaches_nobody(app, carrier):
    app.documents["/voice"] = response("<Say>One two three four five six.</Say>", '<Gather timeout="0"/>')
    ended = call(carrier, Hear("one two"), Press("7"), Stay())
    assert carrier.wait_for_event("key_pressed", call_sid=ended.sid)["taken_by"] == "nobody"


def test_the_action_of_a_gather_defaults_to_the_current_document(app, carrier):
    app.documents["/voice"] = lambda p: (
        response("<Hangup/>") if "Digits" in p else response('<Gather numDigits="2"><Say>Go</Say></Gather>')
    )
    call(carrier, Hear("go"), Press("42", gap_ms=40), Stay())
    assert [asked.params.get("Digits") for asked in app.to("/voice")] == [None, "42"]


def test_redirect_replaces_the_document_and_resolves_relative_urls(app, carrier):
    app.documents["/voice"] = response("<Redirect>next/menu?n=1</Redirect>", "<Say>never</Say>")
    app.documents["/next/menu"] = response("<Say>Second.</Say>")
    ended = call(carrier, HearEnd("second"), Stay())
    assert heard(carrier, ended.sid) == ["Second."]
    assert app.to("/next/menu")[0].is_signed


# "Redirects: 3xx followed, at most 10 (then 11215)"   twilio.md 1.1
def test_a_3xx_is_followed_without_the_body_and_eleven_are_too_many(app, carrier):
    app.documents["/voice"] = (302, "", "/moved")
    app.documents["/moved"] = response("<Say>Found.</Say>")
    assert call(carrier, HearEnd("found"), Stay()).script_done
    assert app.to("/moved")[0].method == "GET"
    app.documents["/voice"] = (302, "", "/voice")
    call(carrier, Stay())
    assert 11215 in codes(carrier, "error")


# "Without a fallback the caller hears "We're sorry, ..." and the call is hung up; status completed"  twilio.md 1.6
def test_an_error_without_fallback_is_an_apology_and_the_end(app, carrier):
    app.documents["/voice"] = (500, "text/plain", "boom")
    ended = call(carrier, HearEnd(APOLOGY), Stay())
    assert (ended.status, ended.script_done) == ("completed", True)
    assert 11200 in codes(carrier, "error")


# "Fallback URL: requested with the standard set plus ErrorCode/ErrorUrl; its TwiML then continues the call"
def test_the_fallback_document_continues_the_call(app, carrier):
    carrier.set_number(SERVICE, app.url("/voice"), fallback_url=app.url("/fallback"))
    app.documents["/voice"] = response('<Gather numDigits="1" action="/bad"><Say>Key?</Say></Gather>')
    app.documents["/bad"] = "<Response><Say>no end"
    app.documents["/fallback"] = response("<Say>Second chance.</Say>")
    ended = call(carrier, Hear("key?"), Press("1"), HearEnd("second chance"), Stay())
    assert ended.script_done
    asked = app.to("/fallback")[0]
    assert asked.is_signed
    assert (asked.params["ErrorCode"], asked.params["ErrorUrl"]) == ("12100", app.url("/bad"))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, "application/json", "{}"), 12300),
        (" " + response(), 12100),
        ("", 12100),
        ("<response/>", 12100),
        (f"<Response><Say>{'x' * 70_000}</Say></Response>", 11750),
        ((404, "text/xml", response()), 11200),
    ],
)
def test_what_is_no_document_is_an_error_with_the_vendors_code(app, carrier, answer, code):
    app.documents["/voice"] = answer
    assert call(carrier, HearEnd("application error"), Stay()).script_done
    assert codes(carrier, "error") == [code]


def test_plain_text_is_spoken_and_the_call_ends(app, carrier):
    app.documents["/voice"] = (200, "text/plain", "Just words.")
    assert call(carrier, HearEnd("just words"), Stay()).script_done


# "Well-formed but unknown verb/attribute: 12200 warning, offending part ignored, document still runs"
def test_unknown_verbs_are_warnings_and_the_rest_runs(app, carrier):
    app.documents["/voice"] = response("<Shout>Hi</Shout>", '<Say mood="good">Still here.</Say>')
    assert call(carrier, HearEnd("still here"), Stay()).script_done
    assert codes(carrier, "warning") == [12200, 12200]


# "Retry: Default: one retry, and only after a connect failure/timeout ... A retry carries the same token"
def test_a_refused_connection_is_tried_once_more_with_the_same_token(app, carrier):
    carrier.set_number(SERVICE, "http://127.0.0.1:9/voice", fallback_url=app.url("/fallback"))
    app.documents["/fallback"] = response()
    call(carrier)
    requests = [e for e in carrier.events() if e.kind == "webhook_request" and e["purpose"] == "answer"]
    assert [e["attempt"] for e in requests] == [0, 1]
    assert len({e["idempotency_token"] for e in requests}) == 1
    assert app.to("/fallback")[0].params["ErrorCode"] == "11205"


def test_the_fragment_overrides_what_is_retried(app, carrier):
    carrier.set_number(SERVICE, app.url("/voice#rc=2&rp=5xx"))
    answers = iter([(500, "", ""), (500, "", ""), response("<Say>Third time.</Say>")])
    app.documents["/voice"] = lambda _params: next(answers)
    assert call(carrier, HearEnd("third time"), Stay()).script_done
    assert all(asked.is_signed for asked in app.to("/voice"))
    assert len({asked.headers["I-Twilio-Idempotency-Token"] for asked in app.to("/voice")}) == 1


def test_a_server_error_is_not_retried_by_default(app, carrier):
    app.documents["/voice"] = (503, "", "")
    call(carrier)
    assert len(app.to("/voice")) == 1


def test_a_read_timeout_counts_as_11200(app, carrier):
    carrier.set_number(SERVICE, app.url("/voice#rt=100"))
    app.documents["/voice"] = _late
    call(carrier)
    assert 11200 in codes(carrier, "error")


def _late(_params: dict[str, str]) -> str:
    threading.Event().wait(0.4)
    return response()


# "Only as the first verb does it avoid answering (and billing)"   twilio.md 2.7
@pytest.mark.parametrize(("reason", "status"), [("rejected", "no-answer"), ("busy", "busy")])
def test_reject_turns_a_call_away_unanswered(app, carrier, reason, status):
    app.documents["/voice"] = response(f'<Reject reason="{reason}"/>')
    ended = call(carrier)
    assert (ended.status, ended.answered_at) == (status, None)


# "An inbound call that ends before in-progress now reports no-answer (formerly canceled)"   twilio.md 1.4
def test_a_caller_who_gives_up_while_it_rings_is_no_answer(app, carrier):
    app.documents["/voice"] = response('<Pause length="5"/>')
    ended = call(carrier, Wait(100), HangUp())
    assert (ended.status, ended.ended_by, ended.answered_at) == ("no-answer", "person", None)
    app.wait_until(lambda: app.to("/status"))
    assert app.to("/status")[0].params["CallStatus"] == "no-answer"


# "Caller hang-up ends everything; pending verbs don't run ... Gather: simulate none"   twilio.md 2.1
def test_a_hang_up_during_a_gather_requests_nothing_but_the_status_webhook(app, carrier):
    app.documents["/voice"] = response('<Gather action="/key"><Say>Menu</Say></Gather>', "<Redirect>/key</Redirect>")
    ended = call(carrier, HearEnd("menu"), HangUp())
    assert (ended.status, ended.ended_by) == ("completed", "person")
    app.wait_until(lambda: app.to("/status"))
    assert app.to("/key") == []
    status = app.to("/status")[0]
    assert status.is_signed
    assert status.params["CallStatus"] == "completed"
    assert status.params["CallbackSource"] == "call-progress-events"
    assert status.params["SequenceNumber"] == "0"
    assert status.params["CallDuration"].isdecimal()
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", status.params["Timestamp"])


def test_play_fetches_a_wav_once_and_a_missing_one_is_a_document_error(app, carrier, tmp_path):
    app.files["/tone.wav"] = wav_bytes(tmp_path, seconds=0.2)
    app.documents["/voice"] = response(f"<Play>{app.url('/tone.wav')}</Play>", "<Play>/missing.wav</Play>")
    ended = call(carrier, HearEnd("/tone.wav"), HearEnd("application error"), Stay())
    assert ended.script_done
    assert carrier.wait_for_event("prompt_ended", call_sid=ended.sid)["played_ms"] == 200
    assert codes(carrier, "error") == [11200]


def test_a_script_that_waits_in_vain_fails_with_what_was_heard(app, carrier):
    app.documents["/voice"] = response("<Say>Welcome.</Say>", '<Pause length="20"/>')
    ended = call(carrier, Hear("goodbye", timeout_s=0.3))
    assert ended.ended_by == "person"
    assert ended.script_error == "step 1 (Hear): did not hear 'goodbye' within 0.3 s; heard ['Welcome.']"


def test_cookies_are_kept_for_the_call(app, carrier):
    app.documents["/voice"] = response("<Redirect>/again</Redirect>")
    app.documents["/again"] = response()
    call(carrier)
    call(carrier)
    assert [asked.headers.get("Cookie") for asked in app.to("/again")] == ["met=before"] * 2
    assert [asked.headers.get("Cookie") for asked in app.to("/voice")] == [None, None]


# "Duplicate webhook (retry): same idempotency token"   twilio.md 6, failure matrix 12
def test_a_duplicated_webhook_has_one_token_and_one_effect(app, carrier):
    app.documents["/voice"] = response("<Say>Once.</Say>")
    carrier.set_faults(Faults(duplicate_webhooks=1))
    ended = call(carrier, HearEnd("once"), Stay())
    first, second = app.to("/voice")
    assert first.headers["I-Twilio-Idempotency-Token"] == second.headers["I-Twilio-Idempotency-Token"]
    assert heard(carrier, ended.sid) == ["Once."]


def test_a_call_to_an_unknown_number_is_refused_by_the_control_api(carrier):
    with pytest.raises(LocalCarrierError, match=r"\+15559999 is not a number here \(known: \+15550100\)"):
        carrier.place_call(from_number=CALLER, to_number="+15559999")


def test_wrong_credentials_are_refused_by_the_control_api(carrier):
    with pytest.raises(LocalCarrierError, match="401"):
        LocalCarrierClient(carrier.base_url, ACCOUNT_SID, "wrong").events()


def test_a_recording_has_the_person_left_and_the_prompts_right(app, tmp_path):
    settings = CarrierSettings(ACCOUNT_SID, AUTH_TOKEN, port=0, record_dir=tmp_path, fast_prompts=True)
    app.files["/tone.wav"] = wav_bytes(tmp_path, seconds=0.3)
    app.documents["/voice"] = response(f"<Play>{app.url('/tone.wav')}</Play>", '<Pause length="60"/>')
    with carrier_in_background(settings) as carrier:
        carrier.set_number(SERVICE, app.url("/voice"))
        ended = call(carrier, HearEnd("tone"), Say("yes"), HangUp())
    assert ended.recording is not None
    path = Path(ended.recording)
    assert re.fullmatch(rf"\d{{8}}T\d{{6}}_\{CALLER}_\{SERVICE}_{ended.sid}\.wav", path.name)
    with wave.open(str(path)) as recording:
        assert (recording.getnchannels(), recording.getframerate(), recording.getsampwidth()) == (2, 8000, 2)
        samples = memoryview(recording.readframes(recording.getnframes())).cast("h")
    left, right = samples[0::2].tolist(), samples[1::2].tolist()
    assert max(right[:2400]) > 5000
    assert max(left[:2400]) == 0
    if find_engine() is not None:  # without one the person is silent
        assert max(left) > 1000


def wav_bytes(folder: Path, *, seconds: float, rate_hz: int = 8000) -> bytes:
    path = folder / "made.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        count = int(seconds * rate_hz)
        file.writeframes(array("h", (8000 if n // 8 % 2 else -8000 for n in range(count))).tobytes())
    return path.read_bytes()
