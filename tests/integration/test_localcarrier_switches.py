"""What the vendor leaves open: each switch of the local carrier, away from its default."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from localcarrier_app import ACCOUNT_SID, AGENT, AUTH_TOKEN, CALLER, SERVICE, App, response, running_app, sdk_for
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from ivr.localcarrier.background import carrier_in_background
from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.script import Hear, HearEnd, Phone, Press, Stay, Wait
from ivr.localcarrier.settings import CarrierSettings
from ivr.localcarrier.switches import Switches


@pytest.fixture
def app() -> Iterator[App]:
    with running_app() as app:
        yield app


@contextmanager
def carrier_with(app: App, **switches: object) -> Iterator[tuple[LocalCarrierClient, Client]]:
    chosen = Switches(**{"redirect_latency_ms": 20, "redirect_latency_dial_ms": 20, **switches})
    settings = CarrierSettings(ACCOUNT_SID, AUTH_TOKEN, port=0, fast_prompts=True, pace=2, switches=chosen)
    with carrier_in_background(settings) as carrier:
        carrier.set_number(SERVICE, app.url("/voice"))
        carrier.set_phone(AGENT, Phone(answer_after_ms=0))
        sdk = sdk_for(carrier)
        yield carrier, sdk


# "type-ahead digits before Gather: discarded"   twilio.md 11.6
def test_keys_pressed_ahead_can_be_kept_for_the_next_gather(app):
    app.documents["/voice"] = response(f"<Say>{'word ' * 20}</Say>", '<Gather numDigits="2" action="/key"/>')
    app.documents["/key"] = response()
    with carrier_with(app, gather_type_ahead=True) as (carrier, _):
        steps = (Hear("word"), Press("42"), Stay())
        carrier.wait_for_end(carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=steps))
    assert app.to("/key")[0].params["Digits"] == "42"


# "4xx on the file: simulator default = document error, with a lenient switch (skip)"   twilio.md 2.3
def test_a_missing_audio_file_can_be_skipped(app):
    app.documents["/voice"] = response("<Play>/missing.wav</Play>", "<Say>On we go.</Say>")
    with carrier_with(app, play_errors_are_fatal=False) as (carrier, _):
        steps = (HearEnd("on we go"), Stay())
        sid = carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=steps)
        assert carrier.wait_for_end(sid).script_done


# "Gather action on REST redirect: not sent"; "Dial action on REST redirect: sent"   twilio.md 11.2, 11.3
def test_the_actions_on_an_update_can_be_the_other_way_round(app):
    app.documents["/voice"] = response('<Gather action="/key" timeout="60"/>')
    app.documents["/dial"] = response(f'<Dial action="/after">{AGENT}</Dial>')
    app.documents["/new"] = app.documents["/key"] = app.documents["/after"] = response()
    with carrier_with(app, gather_action_on_redirect=True, dial_action_on_redirect=False) as (carrier, sdk):
        sid = carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=(Stay(),))
        carrier.wait_for_event("call_status", call_sid=sid, status="in-progress")
        sdk.calls(sid).update(url=app.url("/dial"))
        carrier.wait_for_event("bridge_started", call_sid=sid)
        sdk.calls(sid).update(url=app.url("/new"))
        carrier.wait_for_end(sid)
    assert [asked.path for asked in app.asked] == ["/voice", "/key", "/dial", "/new"]


# "DialCallStatus after whisper Hangup: no-answer, DialBridged=false"   twilio.md 11.4
def test_the_status_after_a_declined_whisper_can_be_another(app):
    app.documents["/voice"] = response(f'<Dial action="/after"><Number url="/screen">{AGENT}</Number></Dial>')
    app.documents["/screen"] = response("<Hangup/>")
    app.documents["/after"] = response()
    with carrier_with(app, whisper_reject_status="busy") as (carrier, _):
        carrier.wait_for_end(carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=(Stay(),)))
    assert app.to("/after")[0].params["DialCallStatus"] == "busy"


# "Status callbacks with inline Twiml: sent"   twilio.md 11.1; "From not owned/verified: 21210"   twilio.md 5
def test_inline_twiml_can_lose_its_status_webhooks_and_numbers_can_be_checked(app):
    switches = {"status_webhooks_with_inline_twiml": False, "from_must_be_owned": True}
    with carrier_with(app, **switches) as (carrier, sdk):
        created = sdk.calls.create(to=AGENT, from_=SERVICE, twiml=response(), status_callback=app.url("/status"))
        carrier.wait_for_end(created.sid)
        with pytest.raises(TwilioRestException) as caught:
            sdk.calls.create(to=AGENT, from_="+15550999", twiml=response())
        assert caught.value.code == 21210
        carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=(Wait(20),)))
    assert app.asked == []
