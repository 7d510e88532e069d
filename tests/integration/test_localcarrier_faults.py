"""Each fault of the local carrier, on a clock that stands until it is moved; the last ones over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from localcarrier_app import (
    ACCOUNT_SID,
    AGENT,
    APP_URL,
    AUTH_TOKEN,
    CALLS,
    CUSTOMER,
    SERVICE,
    START,
    driven,
    of_kind,
    response,
    running_app,
)

from ivr.localcarrier.background import carrier_in_background
from ivr.localcarrier.script import HangUp, LoseLine, Phone, Stay, Wait
from ivr.localcarrier.settings import CarrierSettings
from ivr.localcarrier.wire import Faults
from tests.patience import PATIENCE_S

IN_ORDER = ["initiated", "ringing", "in-progress", "completed"]


@pytest.fixture
def desk():
    """A carrier, its application, and an agent's phone that answers after two seconds and stays for a minute."""
    with driven() as (carrier, app):
        app.documents["/answer"] = response('<Pause length="600"/>')
        carrier.set_phone(AGENT, Phone(answer_after_ms=2000, steps=(Wait(60_000), HangUp())))
        yield carrier, app


# -- REST


def test_a_lost_reply_leaves_a_call_that_rings(desk):
    carrier, app = desk
    carrier.set_faults(Faults(lose_replies=1, rest_operation="create_call"))
    with pytest.raises(ConnectionResetError, match="reply"):
        app.create()
    carrier.advance(10)
    (call,) = carrier.calls()
    assert call.status == "in-progress"
    assert app.rest("GET", f"{CALLS}.json")[1]["calls"][0]["sid"] == call.sid


def test_a_lost_request_leaves_nothing(desk):
    carrier, app = desk
    carrier.set_faults(Faults(lose_requests=1, rest_operation="create_call"))
    assert app.rest("GET", f"{CALLS}.json")[0] == 200
    with pytest.raises(ConnectionResetError, match="request"):
        app.create()
    assert carrier.calls() == []
    app.create()


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (500, 20500), (503, 20500)])
def test_an_injected_status_is_not_processed(desk, status, code):
    carrier, app = desk
    carrier.set_faults(Faults(rest_errors=2, rest_error_status=status))
    for _ in range(2):
        answered, body = app.rest("POST", f"{CALLS}.json", {"To": AGENT, "From": SERVICE, "Url": APP_URL})
        assert (answered, body["code"]) == (status, code)
    assert carrier.calls() == []
    app.create()


def test_a_server_error_may_come_after_the_effect(desk):
    carrier, app = desk
    carrier.set_faults(Faults(rest_errors_after_effect=1, rest_operation="create_call"))
    status, _ = app.rest("POST", f"{CALLS}.json", {"To": AGENT, "From": SERVICE, "Url": f"{APP_URL}/answer"})
    assert status == 500
    carrier.advance(5)
    assert [call.status for call in carrier.calls()] == ["in-progress"]


def test_the_whole_interface_can_be_down_for_a_while(desk):
    carrier, app = desk
    sid = app.create()
    carrier.set_faults(Faults(rest_down_s=30))
    for path in (f"{CALLS}.json", f"{CALLS}/{sid}.json"):
        with pytest.raises(ConnectionRefusedError):
            app.rest("GET", path)
    carrier.advance(29.9)
    with pytest.raises(ConnectionRefusedError):
        app.rest("GET", f"{CALLS}.json")
    assert carrier.call(sid).status == "in-progress"  # calls go on
    carrier.advance(0.2)
    assert app.rest("GET", f"{CALLS}.json")[0] == 200


def test_while_a_reply_is_delayed_the_call_goes_on_and_may_even_be_answered(desk):
    carrier, app = desk
    carrier.set_faults(Faults(delay_reply_ms=2500, rest_operation="create_call"))
    sid = app.create()
    assert carrier.now() == START + timedelta(seconds=2.5)
    assert app.statuses() == IN_ORDER[:3]
    assert carrier.call(sid).status == "in-progress"


def test_a_reply_that_is_delayed_too_long_is_a_time_out(desk):
    carrier, app = desk
    carrier.set_faults(Faults(delay_reply_ms=20_000))
    with pytest.raises(TimeoutError):
        app.rest("GET", f"{CALLS}.json", timeout_s=3.0)
    assert carrier.now() == START + timedelta(seconds=3)


def test_a_reply_that_is_delayed_inside_a_webhook_delays_its_answer(desk):
    carrier, app = desk
    carrier.set_phone(CUSTOMER, Phone("busy", answer_after_ms=0))

    def answer(params: dict[str, str]) -> str:
        if not app.to("/status")[2:]:
            app.create(CUSTOMER, StatusCallback="")
        return response("<Say>Here you are.</Say>")

    app.documents["/answer"] = answer
    carrier.set_faults(Faults(delay_reply_ms=4000, rest_operation="create_call"))
    sid = app.create()
    carrier.advance(10)
    (prompt,) = of_kind(carrier, "prompt_started", sid)
    assert prompt.at - app.to("/answer")[0].at == pytest.approx(4.0, abs=0.1)


def test_an_accepted_call_can_wait_in_the_queue_and_be_taken_back(desk):
    carrier, app = desk
    carrier.set_faults(Faults(queue_calls=2, queue_s=600))
    late, withdrawn, quick = (app.create() for _ in range(3))
    carrier.advance(599)
    assert [carrier.call(sid).status for sid in (late, withdrawn, quick)] == ["queued", "queued", "completed"]
    app.rest("POST", f"{CALLS}/{withdrawn}.json", {"Status": "canceled"})
    carrier.advance(10)
    assert [carrier.call(sid).status for sid in (late, withdrawn)] == ["in-progress", "canceled"]
    _, call = app.rest("GET", f"{CALLS}/{late}.json")
    assert int(call["queue_time"]) == 600_000


# -- webhooks


def test_a_status_webhook_can_be_lost_and_the_others_come(desk):
    carrier, app = desk
    carrier.set_faults(Faults(lose_webhooks=1, webhook_purpose="status:in-progress"))
    app.create()
    carrier.advance(120)
    assert app.statuses() == ["initiated", "ringing", "completed"]
    assert [one.params["SequenceNumber"] for one in app.to("/status")] == ["0", "1", "3"]


def test_the_last_status_webhook_may_never_come(desk):
    carrier, app = desk
    carrier.set_faults(Faults(lose_webhooks=1, webhook_purpose="status:completed"))
    sid = app.create()
    carrier.advance(3600)
    assert app.statuses() == IN_ORDER[:3]
    assert app.rest("GET", f"{CALLS}/{sid}.json")[1]["status"] == "completed"


def test_a_lost_request_for_a_document_goes_to_the_fallback(desk):
    carrier, app = desk
    carrier.set_faults(Faults(lose_webhooks=1, webhook_purpose="answer"))
    app.documents["/fallback"] = response("<Say>One moment.</Say>")
    app.create(FallbackUrl=f"{APP_URL}/fallback")
    carrier.advance(60)
    (fallback,) = app.to("/fallback")
    assert fallback.params["ErrorCode"] == "11205"
    assert app.to("/answer") == []


def test_a_delayed_status_webhook_is_overtaken(desk):
    carrier, app = desk
    carrier.set_faults(Faults(delay_webhooks=1, webhook_delay_ms=5000, webhook_purpose="status:ringing"))
    app.create()
    carrier.advance(120)
    assert app.statuses() == ["initiated", "in-progress", "ringing", "completed"]


def test_a_delayed_document_comes_later(desk):
    carrier, app = desk
    carrier.set_faults(Faults(delay_webhooks=1, webhook_delay_ms=7000, webhook_purpose="answer"))
    app.create()
    carrier.advance(30)
    assert app.to("/answer")[0].at == (START + timedelta(seconds=9)).timestamp()


def test_status_webhooks_out_of_order_are_so_by_the_seed():
    def run() -> list[str]:
        with driven() as (carrier, app):
            carrier.set_phone(AGENT, Phone(answer_after_ms=20, steps=(HangUp(),)))
            carrier.set_faults(Faults(shuffle_status_webhooks=True))
            for _ in range(5):
                app.create()
            carrier.advance(60)
            return [one.params["CallSid"][:6] + one.params["SequenceNumber"] for one in app.to("/status")]

    first = run()
    assert first == run()
    assert len(first) == 20
    assert [one[-1] for one in first] != sorted(one[-1] for one in first)


def test_a_webhook_can_come_twice_the_second_time_much_later(desk):
    carrier, app = desk
    carrier.set_faults(Faults(duplicate_webhooks=1, duplicate_delay_ms=40_000, webhook_purpose="status:in-progress"))
    app.create()
    carrier.advance(120)
    assert app.statuses() == ["initiated", "ringing", "in-progress", "in-progress", "completed"]
    first, again = [one for one in app.to("/status") if one.params["CallStatus"] == "in-progress"]
    assert again.at - first.at == pytest.approx(40.0, abs=0.1)
    assert first.headers["I-Twilio-Idempotency-Token"] == again.headers["I-Twilio-Idempotency-Token"]
    assert again.params == first.params


def test_an_answer_after_fifteen_seconds_counts_for_nothing(desk):
    carrier, app = desk
    carrier.set_faults(Faults(late_answers=1, webhook_purpose="answer"))
    app.documents["/answer"] = response("<Say>Too late.</Say>")
    app.documents["/fallback"] = response("<Say>One moment.</Say>")
    sid = app.create(FallbackUrl=f"{APP_URL}/fallback")
    carrier.advance(60)
    assert [event["text"] for event in of_kind(carrier, "prompt_started", sid)] == ["One moment."]
    assert app.to("/fallback")[0].params["ErrorCode"] == "11200"
    assert app.to("/fallback")[0].at - app.to("/answer")[0].at == pytest.approx(15.0, abs=0.1)


# -- the line


def test_a_line_that_breaks_in_mid_conversation_ends_the_call_as_failed(desk):
    carrier, app = desk
    carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=(Wait(30_000), LoseLine())))
    carrier.set_phone(CUSTOMER, Phone(answer_after_ms=0, steps=(Stay(),)))
    app.documents["/answer"] = response('<Dial action="/after"><Conference waitUrl="">c</Conference></Dial>')
    agent, customer = app.create(AGENT), app.create(CUSTOMER)
    carrier.advance(40)
    assert carrier.call(agent).status == "failed"
    assert carrier.call(customer).status == "in-progress"
    carrier.drop_line(customer)
    carrier.settle()
    last = app.to("/status")[-1].params
    assert (last["CallSid"], last["CallStatus"], last["CallDuration"]) == (customer, "failed", "40")


# -- over HTTP


@pytest.fixture
def http():
    settings = CarrierSettings(ACCOUNT_SID, AUTH_TOKEN, port=0, silent=True, manual_clock=START, seed=1)
    with running_app() as app, carrier_in_background(settings) as carrier:
        app.documents["/answer"] = response('<Pause length="600"/>')
        carrier.set_phone(AGENT, Phone(answer_after_ms=2000, steps=(Wait(60_000), HangUp())))
        yield carrier, app


def create(carrier, app) -> requests.Response:
    form = {"To": AGENT, "From": SERVICE, "Url": app.url("/answer"), "StatusCallback": app.url("/status")}
    with requests.Session() as session:
        session.trust_env = False
        url = f"{carrier.base_url}{CALLS}.json"
        return session.post(url, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=PATIENCE_S)


def test_a_manual_clock_over_http_jumps_as_well(http):
    carrier, app = http
    assert create(carrier, app).json()["date_created"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert carrier.next_event_in() == pytest.approx(2.0)
    assert carrier.advance_to_next_event() == pytest.approx(2.0)
    assert [asked.path for asked in app.asked] == ["/answer"]  # answered, and its document begun
    carrier.advance(3600)
    assert app.to("/status")[0].params["CallDuration"] == "60"
    assert carrier.advance_to_next_event() is None
    (call,) = carrier.calls()
    assert (call.status, call.ended_at) == ("completed", (START + timedelta(seconds=62)).timestamp())


@pytest.mark.parametrize(
    "faults", [Faults(lose_requests=1), Faults(rest_down_s=60), Faults(lose_replies=1)], ids=["lost", "down", "reply"]
)
def test_a_broken_connection_is_one_over_http_too(http, faults):
    carrier, app = http
    carrier.set_faults(faults)
    with pytest.raises(requests.exceptions.ConnectionError):
        create(carrier, app)
    assert len(carrier.calls()) == faults.lose_replies


def test_a_line_can_be_broken_over_http(http):
    carrier, app = http
    sid = create(carrier, app).json()["sid"]
    carrier.advance(10)
    carrier.drop_line(sid)
    carrier.advance(0.1)
    assert [asked.params["CallStatus"] for asked in app.to("/status")] == ["failed"]


def test_a_clock_that_runs_by_itself_cannot_be_moved():
    settings = CarrierSettings(ACCOUNT_SID, AUTH_TOKEN, port=0, silent=True)
    with carrier_in_background(settings) as carrier, pytest.raises(Exception, match=r"409.*runs by itself"):
        carrier.advance(1)
