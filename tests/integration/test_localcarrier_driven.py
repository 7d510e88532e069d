"""The carrier that a test drives: time that jumps, no sockets, the same run for the same seed."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import msgspec
import pytest
from localcarrier_app import (
    ACCOUNT_SID,
    AGENT,
    APP_URL,
    AUTH_TOKEN,
    CALLER,
    CALLS,
    CUSTOMER,
    SERVICE,
    START,
    DrivenApp,
    driven,
    of_kind,
    response,
)

from ivr.localcarrier.driven import DrivenCarrier
from ivr.localcarrier.leg import Leg
from ivr.localcarrier.script import HangUp, Hear, HearEnd, Phone, Press, Say, Stay, Wait
from ivr.localcarrier.wire import Faults
from ivr.twilio_rest import Carrier
from tests.in_process import SdkClient
from tests.patience import PATIENCE_S

OFFER = response(
    '<Gather numDigits="1" timeout="8" action="/accept"><Say>A callback for the desk. Press one.</Say></Gather>'
)


def conference(attributes: str = "") -> str:
    return response(f'<Dial action="/after"><Conference waitUrl="" {attributes}>callback</Conference></Dial>')


def set_callback_up(carrier: DrivenCarrier, app: DrivenApp) -> None:
    """Agent first: press one, join a conference, the customer is called into it and hangs up after two minutes."""
    agent = (Hear("press one"), Press("1"), Hear("hello"), Stay())
    carrier.set_phone(AGENT, Phone(answer_after_ms=4000, steps=agent))
    carrier.set_phone(CUSTOMER, Phone(answer_after_ms=9000, steps=(Wait(500), Say("hello"), Wait(120_000), HangUp())))
    app.documents["/answer"] = OFFER
    app.documents["/join"] = conference('endConferenceOnExit="true"')

    def accept(params: dict[str, str]) -> str:
        app.create(CUSTOMER, Url=f"{APP_URL}/join")
        return conference()

    app.documents["/accept"] = accept
    app.documents["/after"] = response("<Hangup/>")


def test_a_whole_callback_takes_no_time_at_all():
    with driven() as (carrier, app):
        set_callback_up(carrier, app)
        app.create()
        began = time.process_time()
        carrier.advance(3600)
        assert time.process_time() - began < 1.0
        assert [(call.status, call.script_error) for call in carrier.calls()] == [("completed", None)] * 2
        agent, customer = carrier.calls()
        assert customer.answered_at == pytest.approx(agent.answered_at + 9.0, abs=4)
        assert customer.ended_at - customer.answered_at > 120
        assert agent.ended_at == pytest.approx(customer.ended_at, abs=0.1)
        assert carrier.now() == START + timedelta(hours=1)
        assert all(asked.is_signed for asked in app.asked)
        assert carrier.next_event_in() is None


def test_a_ring_that_nobody_answers_ends_at_the_very_second():
    with driven() as (carrier, app):
        carrier.set_phone(AGENT, Phone("no_answer"))
        sid = app.create(Timeout=30)
        assert carrier.next_event_in() == pytest.approx(30.0)
        assert carrier.advance_to_next_event() == pytest.approx(30.0)
        assert carrier.call(sid).status == "no-answer"
        assert app.statuses() == ["initiated", "ringing", "no-answer"]
        assert carrier.advance_to_next_event() is None


def test_what_the_carrier_reports_follows_its_clock():
    with driven() as (carrier, app):
        app.documents["/answer"] = response('<Pause length="600"/>')
        carrier.set_phone(AGENT, Phone(answer_after_ms=2000, steps=(Wait(60_000), HangUp())))
        carrier.advance(1800)
        sid = app.create()
        carrier.advance(3600)
        _, call = app.rest("GET", f"{CALLS}/{sid}.json")
        assert call["date_created"] == "Mon, 02 Mar 2026 09:30:00 +0000"
        assert call["end_time"] == "Mon, 02 Mar 2026 09:31:02 +0000"
        assert (call["duration"], call["status"]) == ("60", "completed")
        assert app.to("/status")[-1].params["Timestamp"] == "Mon, 02 Mar 2026 09:31:02 +0000"
        assert of_kind(carrier, "call_started")[0].at == (START + timedelta(minutes=30)).timestamp()


def test_time_can_pass_until_something_is_true():
    with driven() as (carrier, app):
        app.documents["/answer"] = response('<Pause length="10"/>')
        carrier.set_phone(AGENT, Phone(answer_after_ms=4000))
        sid = app.create()
        assert carrier.run_until(lambda: carrier.call(sid).status == "in-progress", limit_s=60)
        assert carrier.now() == START + timedelta(seconds=4)
        assert not carrier.run_until(lambda: False, limit_s=3)
        assert carrier.now() == START + timedelta(seconds=7)


# Skipping silent frames is a short cut: it must not change what happens, or when.
def test_jumping_gives_the_same_run_as_going_frame_by_frame(monkeypatch):
    def run() -> list[object]:
        with driven() as (carrier, app):
            set_callback_up(carrier, app)
            carrier.set_number(SERVICE, f"{APP_URL}/voice")
            app.documents["/voice"] = response("<Say>You are number four in the line.</Say>", f"<Dial>{AGENT}</Dial>")
            app.create()
            carrier.advance(3)
            carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=(HearEnd("the line"), Wait(7000), HangUp()))
            carrier.advance(200)
            return [msgspec.to_builtins(event) for event in carrier.events()]

    jumped = run()
    monkeypatch.setattr(Leg, "needs_frames", True)
    assert run() == jumped


def test_the_same_seed_gives_the_same_run_and_another_one_other_identifiers():
    def run(seed: int) -> tuple[list[object], set[str]]:
        app = DrivenApp()
        with DrivenCarrier(ACCOUNT_SID, AUTH_TOKEN, app.deliver, start=START, seed=seed) as carrier:
            app.carrier = carrier
            set_callback_up(carrier, app)
            carrier.set_faults(Faults(shuffle_status_webhooks=True))
            app.create()
            carrier.advance(300)
            return [msgspec.to_builtins(event) for event in carrier.events()], {call.sid for call in carrier.calls()}

    assert run(5) == run(5)
    assert run(5)[1].isdisjoint(run(6)[1])


def test_the_applications_own_rest_client_finds_creates_and_ends_calls():
    with driven() as (carrier, app):
        carrier.set_phone(AGENT, Phone("no_answer"))
        rest = Carrier(ACCOUNT_SID, AUTH_TOKEN, "https://carrier.example", SdkClient(carrier))
        carrier.advance(60)
        since = carrier.now()
        sids = [
            rest.create_call(to_number=AGENT, from_number=SERVICE, url=f"{APP_URL}/a", status_url=f"{APP_URL}/status")
            for _ in range(2)
        ]
        found = rest.calls_to(AGENT, since)
        assert [call.sid for call in found] == sids[::-1]
        assert rest.calls_to(AGENT, since + timedelta(seconds=1)) == []
        carrier.advance(5)
        rest.hang_up(sids[0])
        assert rest.fetch_call(sids[0]).status == "canceled"
        assert rest.redirect_call(sids[0], f"{APP_URL}/b") is False
        carrier.settle()
        assert app.statuses() == ["canceled"]


def test_a_webhook_may_end_the_very_call_that_it_is_about():
    with driven() as (carrier, app):
        carrier.set_phone(AGENT, Phone(answer_after_ms=0))

        def hang_up(params: dict[str, str]) -> str:
            status, body = app.rest("POST", f"{CALLS}/{params['CallSid']}.json", {"Status": "completed"})
            assert (status, body["status"]) == (200, "completed")
            return response("<Say>Nobody hears this.</Say>")

        app.documents["/answer"] = hang_up
        sid = app.create()
        carrier.advance(10)
        assert (carrier.call(sid).status, carrier.call(sid).ended_by) == ("completed", "api")
        assert of_kind(carrier, "prompt_started") == []


def test_time_cannot_be_moved_inside_a_webhook():
    with driven() as (carrier, app):
        carrier.set_phone(AGENT, Phone(answer_after_ms=0))

        def wait(params: dict[str, str]) -> str:
            carrier.advance(1)
            return response()

        app.documents["/answer"] = wait
        app.create()
        with pytest.raises(RuntimeError, match="cannot be moved"):
            carrier.advance(1)


def test_a_failure_of_the_application_comes_out_where_time_was_moved():
    with driven() as (carrier, app):
        carrier.set_phone(AGENT, Phone(answer_after_ms=1000))

        def fail(params: dict[str, str]) -> str:
            raise AssertionError("not as expected")

        app.documents["/answer"] = fail
        app.create()
        carrier.advance(0.5)
        with pytest.raises(AssertionError, match="not as expected"):
            carrier.advance(1)


def test_another_thread_may_create_a_call_while_the_application_answers():
    with driven() as (carrier, app):
        carrier.set_phone(AGENT, Phone(answer_after_ms=0))
        carrier.set_phone(CUSTOMER, Phone("busy", answer_after_ms=1000))
        made: list[str] = []

        def answer(params: dict[str, str]) -> str:
            worker = threading.Thread(target=lambda: made.append(app.create(CUSTOMER)))
            worker.start()
            worker.join(PATIENCE_S)
            return response()

        app.documents["/answer"] = answer
        app.create()
        carrier.advance(10)
        assert carrier.call(made[0]).status == "busy"


@pytest.mark.parametrize(
    ("error", "code", "asked"), [(ConnectionRefusedError, 11205, 2), (ConnectionResetError, 11206, 1)]
)
def test_an_application_that_is_down_leads_to_the_fallback_and_then_to_the_apology(error, code, asked):
    with driven() as (carrier, app):
        carrier.set_phone(AGENT, Phone(answer_after_ms=0))

        def down(params: dict[str, str]) -> str:
            raise error

        app.documents["/answer"] = app.documents["/fallback"] = down
        sid = app.create(FallbackUrl=f"{APP_URL}/fallback")
        carrier.advance(60)
        assert [len(app.to("/answer")), len(app.to("/fallback"))] == [asked, asked]
        assert app.to("/fallback")[0].params["ErrorCode"] == str(code)
        (apology,) = of_kind(carrier, "prompt_started", sid)
        assert apology["verb"] == "apology"
        assert carrier.call(sid).status == "completed"


def test_an_answer_that_never_comes_costs_the_caller_fifteen_seconds():
    with driven() as (carrier, app):
        carrier.set_phone(AGENT, Phone(answer_after_ms=0))

        def hang(params: dict[str, str]) -> str:
            raise TimeoutError

        app.documents["/answer"] = hang
        app.create(FallbackUrl=f"{APP_URL}/fallback#rp=rt")
        carrier.advance(60)
        waited_s = app.to("/fallback")[0].at - app.to("/answer")[0].at
        assert waited_s == pytest.approx(15.0, abs=0.1)


def test_rest_needs_the_accounts_token_also_without_sockets():
    with driven() as (carrier, _):
        assert carrier.rest("GET", f"{CALLS}.json")[0] == 401
        assert carrier.rest("GET", "/elsewhere", headers={"authorization": carrier.authorization})[0] == 404


def test_a_media_stream_is_refused_and_the_call_goes_on_at_full_speed():
    with driven() as (carrier, app):
        fork = '<Start><Stream name="asr" url="wss://app.example/media" statusCallback="/stream"/></Start>'
        app.documents["/answer"] = response(fork, "<Say>Please press a key.</Say>", '<Pause length="3600"/>')
        carrier.set_phone(AGENT, Phone(answer_after_ms=0))
        sid = app.create()
        carrier.advance(10)
        assert app.to("/stream")[0].params["StreamError"].startswith("31902")
        assert of_kind(carrier, "prompt_ended", sid)[0]["completed"]
        assert carrier.next_event_in() > 3000


def test_closing_in_the_middle_of_a_call_tells_the_application_nothing():
    with driven() as (carrier, app):
        set_callback_up(carrier, app)
        app.create()
        carrier.advance(30)
        asked = len(app.asked)
        carrier.close()
        assert len(app.asked) == asked
