"""Answering machine detection of the local carrier: before the first document, or beside it."""

from __future__ import annotations

import pytest
from localcarrier_app import AGENT, APP_URL, CALLS, SERVICE, driven, of_kind, response

from ivr.localcarrier.script import Answerer, HangUp, Phone, Wait, voicemail

ASYNC = {"AsyncAmd": "true", "AsyncAmdStatusCallback": f"{APP_URL}/machine"}


@pytest.fixture
def desk():
    with driven() as (carrier, app):
        app.documents["/answer"] = response('<Pause length="600"/>')
        yield carrier, app


def phone(**answerer: object) -> Phone:
    return Phone(answer_after_ms=0, steps=(Wait(60_000), HangUp()), answerer=Answerer(**answerer))


# "Sync: the callee hears nothing until the verdict; only then is Url requested, with AnsweredBy"   twilio.md 1.5
def test_the_first_document_waits_for_the_verdict_and_learns_it(desk):
    carrier, app = desk
    carrier.set_phone(AGENT, phone())
    sid = app.create(MachineDetection="Enable")
    carrier.advance(1.9)
    assert (app.to("/answer"), carrier.call(sid).status) == ([], "in-progress")
    carrier.advance(0.2)
    params = app.to("/answer")[0].params
    assert (params["AnsweredBy"], params["MachineDetectionDuration"]) == ("human", "2000")
    carrier.advance(120)
    last = app.to("/status")[-1].params
    assert (last["CallStatus"], last["AnsweredBy"]) == ("completed", "human")
    assert app.rest("GET", f"{CALLS}/{sid}.json")[1]["answered_by"] == "human"


# "Async: TwiML starts at answer; verdict arrives as POST to AsyncAmdStatusCallback"   twilio.md 1.5
def test_beside_the_first_document_the_verdict_is_posted_and_the_application_may_act(desk):
    carrier, app = desk
    carrier.set_phone(AGENT, voicemail("Nobody is here. Please leave a message.", answer_after_ms=0))
    app.documents["/message"] = response("<Say>We called you back.</Say>")

    def verdict(params: dict[str, str]) -> tuple[int, str]:
        app.rest("POST", f"{CALLS}/{params['CallSid']}.json", {"Url": f"{APP_URL}/message"})
        return 204, ""

    app.documents["/machine"] = verdict
    sid = app.create(MachineDetection="DetectMessageEnd", **ASYNC)
    carrier.advance(30)
    assert "AnsweredBy" not in app.to("/answer")[0].params
    (told,) = app.to("/machine")
    assert set(told.params) == {"CallSid", "AccountSid", "AnsweredBy", "MachineDetectionDuration"}
    assert (told.params["AnsweredBy"], told.params["MachineDetectionDuration"]) == ("machine_end_beep", "6400")
    assert told.at - app.to("/answer")[0].at == pytest.approx(6.4)
    assert told.is_signed
    assert [event["text"] for event in of_kind(carrier, "prompt_started", sid)] == ["We called you back."]


def test_a_call_that_is_over_before_the_verdict_has_none(desk):
    carrier, app = desk
    carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=(Wait(500), HangUp())))
    app.create(MachineDetection="Enable", **ASYNC)
    carrier.advance(30)
    assert app.to("/machine") == []
    assert "AnsweredBy" not in app.to("/status")[-1].params


@pytest.mark.parametrize(
    ("answerer", "verdict"),
    [({"taken_for": "machine"}, "machine_start"), ({"kind": "machine", "taken_for": "human"}, "human")],
)
def test_a_verdict_can_be_wrong_on_purpose(desk, answerer, verdict):
    carrier, app = desk
    carrier.set_phone(AGENT, phone(**answerer))
    app.create(MachineDetection="Enable")
    carrier.advance(10)
    assert app.to("/answer")[0].params["AnsweredBy"] == verdict


def test_parameters_out_of_range_are_refused(desk):
    _, app = desk
    form = {"To": AGENT, "From": SERVICE, "Url": APP_URL, "MachineDetection": "Enable"}
    status, body = app.rest("POST", f"{CALLS}.json", {**form, "MachineDetectionTimeout": 90})
    assert (status, body["message"]) == (400, "MachineDetectionTimeout '90' is not a number from 3 to 60.")
