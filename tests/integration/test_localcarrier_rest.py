"""The REST API of the local carrier, spoken to by the unmodified SDK of the vendor."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from localcarrier_app import ACCOUNT_SID, AGENT, AUTH_TOKEN, SERVICE, App, response, running_app, sdk_for
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from ivr.localcarrier.background import carrier_in_background
from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.script import HearEnd, Phone, Stay, Wait
from ivr.localcarrier.settings import CarrierSettings
from ivr.localcarrier.switches import Switches
from ivr.localcarrier.wire import Faults

SPECIFICATION = Path(__file__).parents[3] / "shared" / "carrier" / "twilio_voice_subset.json"
EVERY_EVENT = ["initiated", "ringing", "answered", "completed"]


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
        client.set_phone(AGENT, Phone(answer_after_ms=60, steps=(Stay(),)))
        yield client


@pytest.fixture
def sdk(carrier: LocalCarrierClient) -> Client:
    return sdk_for(carrier)


def statuses(app: App) -> list[str]:
    return [asked.params["CallStatus"] for asked in app.to("/status")]


# "initiated -> ringing -> answered -> completed ... SequenceNumber (from 0)"   twilio.md 1.4
def test_a_created_call_rings_is_answered_and_reports_every_event_in_order(app, carrier, sdk):
    app.documents["/answer"] = response("<Say>Hello agent.</Say>")
    created = sdk.calls.create(
        to=AGENT,
        from_=SERVICE,
        url=app.url("/answer"),
        status_callback=app.url("/status"),
        status_callback_event=EVERY_EVENT,
    )
    assert created.status == "queued"
    ended = carrier.wait_for_end(created.sid)
    assert ended.status == "completed"
    app.wait_until(lambda: len(app.to("/status")) == 4)
    assert statuses(app) == ["initiated", "ringing", "in-progress", "completed"]
    assert [asked.params["SequenceNumber"] for asked in app.to("/status")] == ["0", "1", "2", "3"]
    assert ["CallDuration" in asked.params for asked in app.to("/status")] == [False, False, False, True]
    assert all(asked.is_signed for asked in app.asked)
    answer = app.to("/answer")[0].params
    assert (answer["Direction"], answer["CallStatus"]) == ("outbound-api", "in-progress")
    fetched = sdk.calls(created.sid).fetch()
    assert (fetched.status, fetched.to, fetched.direction) == ("completed", AGENT, "outbound-api")
    assert fetched.end_time is not None


# "Default subscription is only completed, which also fires for busy/canceled/failed/no-answer"   twilio.md 1.4
@pytest.mark.parametrize(
    ("phone", "status", "sip"),
    [
        (Phone("busy", answer_after_ms=20), "busy", "486"),
        (Phone("no_answer"), "no-answer", "487"),
        (Phone("failed", answer_after_ms=20), "failed", "404"),
    ],
)
def test_a_call_that_nobody_takes_ends_with_its_reason(app, carrier, sdk, phone, status, sip):
    carrier.set_phone(AGENT, phone)
    created = sdk.calls.create(
        to=AGENT, from_=SERVICE, url=app.url("/answer"), timeout=1, status_callback=app.url("/status")
    )
    assert carrier.wait_for_end(created.sid).status == status
    app.wait_until(lambda: app.to("/status"))
    assert statuses(app) == [status]
    assert app.to("/status")[0].params["SipResponseCode"] == sip
    assert app.to("/answer") == []


def test_the_second_call_to_a_phone_can_go_otherwise_than_the_first(carrier, sdk):
    carrier.set_phone(AGENT, Phone("busy", answer_after_ms=0), Phone(answer_after_ms=0))
    ends = [
        carrier.wait_for_end(sdk.calls.create(to=AGENT, from_=SERVICE, twiml=response()).sid).status for _ in range(3)
    ]
    assert ends == ["busy", "completed", "completed"]


def test_a_number_without_a_phone_fails_and_the_log_says_so(carrier, sdk):
    created = sdk.calls.create(to="+15550199", from_=SERVICE, twiml=response())
    assert carrier.wait_for_end(created.sid).status == "failed"
    assert "no phone" in carrier.wait_for_event("warning", call_sid=created.sid)["message"]


# "the joined form is accepted with 201 and then logs 21626 and produces no callbacks at all"   twilio.md 1.4
def test_space_joined_events_are_accepted_and_then_nothing_is_reported(app, carrier, sdk):
    created = sdk.calls.create(
        to=AGENT,
        from_=SERVICE,
        twiml=response(),
        status_callback=app.url("/status"),
        status_callback_event=["initiated ringing answered completed"],
    )
    carrier.wait_for_end(created.sid)
    (warning,) = sdk.calls(created.sid).notifications.list()
    assert (warning.error_code, warning.log) == ("21626", "1")
    assert not [e for e in carrier.events() if e.kind == "webhook_request"]


# "Update: Url(+Method) xor Twiml"; "A REST update interrupts the current verb at once"   twilio.md 5, 2.1
def test_an_update_cuts_the_prompt_and_runs_the_new_document(app, carrier, sdk):
    carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=(HearEnd("new words"), Stay())))
    app.documents["/new"] = response("<Say>New words.</Say>")
    long = response(f'<Gather action="{app.url("/key")}"><Say>{"old " * 300}</Say></Gather>')
    created = sdk.calls.create(to=AGENT, from_=SERVICE, twiml=long)
    carrier.wait_for_event("prompt_started", call_sid=created.sid)
    updated = sdk.calls(created.sid).update(url=app.url("/new"), method="POST")
    assert updated.status == "in-progress"
    ended = carrier.wait_for_end(created.sid)
    assert ended.script_done
    assert app.to("/key") == []  # "Gather action on REST redirect: not sent"   twilio.md 11
    assert app.to("/new")[0].is_signed


def test_an_update_with_twiml_replaces_the_document(carrier, sdk):
    carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=(HearEnd("inline"), Stay())))
    created = sdk.calls.create(to=AGENT, from_=SERVICE, twiml=response('<Pause length="60"/>'))
    carrier.wait_for_event("call_status", call_sid=created.sid, status="in-progress")
    sdk.calls(created.sid).update(twiml=response("<Say>Inline.</Say>"))
    assert carrier.wait_for_end(created.sid).script_done


# "21220 Call is not in-progress. Cannot redirect.: expected race at hang-up"   twilio.md 5
def test_updating_an_ended_call_is_21220(app, carrier, sdk):
    created = sdk.calls.create(to=AGENT, from_=SERVICE, twiml=response())
    carrier.wait_for_end(created.sid)
    with pytest.raises(TwilioRestException) as caught:
        sdk.calls(created.sid).update(url=app.url("/new"))
    assert (caught.value.code, caught.value.status) == (21220, 400)


def test_completed_hangs_up_and_canceled_stops_the_ringing(carrier, sdk):
    carrier.set_phone(AGENT, Phone("no_answer"))
    ringing = sdk.calls.create(to=AGENT, from_=SERVICE, twiml=response())
    carrier.wait_for_event("call_status", call_sid=ringing.sid, status="ringing")
    assert sdk.calls(ringing.sid).update(status="canceled").status == "canceled"
    carrier.set_phone(AGENT, Phone(answer_after_ms=0))
    talking = sdk.calls.create(to=AGENT, from_=SERVICE, twiml=response('<Pause length="60"/>'))
    carrier.wait_for_event("call_status", call_sid=talking.sid, status="in-progress")
    with pytest.raises(TwilioRestException, match="Cannot cancel"):
        sdk.calls(talking.sid).update(status="canceled")
    assert sdk.calls(talking.sid).update(status="completed").status == "completed"
    assert carrier.wait_for_end(talking.sid).ended_by == "api"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"to": "12", "url": "http://127.0.0.1/x"}, 21211),
        ({"to": AGENT}, 21201),
        ({"to": AGENT, "url": "nonsense"}, 21205),
        ({"to": AGENT, "url": "http://under_score.example/"}, 21205),
    ],
)
def test_a_bad_create_is_400_with_the_vendors_code(sdk, arguments, code):
    with pytest.raises(TwilioRestException) as caught:
        sdk.calls.create(from_=SERVICE, **arguments)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_unknown_calls_and_wrong_tokens_have_the_vendors_codes(carrier, sdk):
    with pytest.raises(TwilioRestException) as unknown:
        sdk.calls("CA" + "0" * 32).fetch()
    assert (unknown.value.status, unknown.value.code) == (404, 20404)
    with pytest.raises(TwilioRestException) as wrong:
        sdk_for(carrier, "wrong").calls("CA" + "0" * 32).fetch()
    assert (wrong.value.status, wrong.value.code) == (401, 20003)


def test_calls_are_listed_newest_first_by_filter_and_page_by_page(carrier, sdk):
    carrier.set_phone("+15550155", Phone(answer_after_ms=0))
    mine = [sdk.calls.create(to=AGENT, from_=SERVICE, twiml=response()).sid for _ in range(3)]
    other = sdk.calls.create(to="+15550155", from_=SERVICE, twiml=response()).sid
    for sid in [*mine, other]:
        carrier.wait_for_end(sid)
    now = datetime.now(UTC)
    assert [c.sid for c in sdk.calls.list(to=AGENT, start_time_after=now - timedelta(minutes=1))] == mine[::-1]
    assert [c.sid for c in sdk.calls.list(to=AGENT, page_size=2)] == mine[::-1]  # two pages
    assert sdk.calls.list(to=AGENT, start_time_after=now + timedelta(minutes=1)) == []
    assert len(sdk.calls.list(start_time_before=now + timedelta(minutes=1))) == 4
    assert sdk.calls.list(status="busy") == []
    assert len(sdk.calls.list(from_=SERVICE, status="completed")) == 4


# "20429: too many concurrent requests; not processed"   twilio.md 5
def test_an_injected_429_is_not_processed(carrier, sdk):
    carrier.set_faults(Faults(rest_errors=1, rest_operation="create_call"))
    with pytest.raises(TwilioRestException) as caught:
        sdk.calls.create(to=AGENT, from_=SERVICE, twiml=response())
    assert (caught.value.status, caught.value.code) == (429, 20429)
    assert carrier.calls() == []


# "Unknown outcome: never dial again blindly; look the call up at the carrier"   design 5
def test_a_lost_reply_leaves_a_call_that_can_be_found_by_its_number(carrier, sdk):
    carrier.set_faults(Faults(lose_replies=1, rest_operation="create_call"))
    before = datetime.now(UTC) - timedelta(seconds=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        sdk.calls.create(to=AGENT, from_=SERVICE, twiml=response())
    (found,) = sdk.calls.list(to=AGENT, start_time_after=before)
    assert carrier.wait_for_end(found.sid).status == "completed"
    lost = carrier.wait_for_event("rest_request", operation="create_call")
    assert (lost["status"], lost["reply_lost"], lost.call_sid) == (201, True, found.sid)


def test_pacing_keeps_calls_in_the_queue(app):
    switches = Switches(pacing_calls_per_s=4.0)
    settings = CarrierSettings(ACCOUNT_SID, AUTH_TOKEN, port=0, fast_prompts=True, switches=switches)
    with carrier_in_background(settings) as carrier:
        carrier.set_phone(AGENT, Phone(answer_after_ms=0))
        sdk = sdk_for(carrier)
        sids = [sdk.calls.create(to=AGENT, from_=SERVICE, twiml=response()).sid for _ in range(3)]
        for sid in sids:
            carrier.wait_for_end(sid)
        rings = [e.at for e in carrier.events() if e.kind == "call_status" and e["status"] == "initiated"]
        assert rings[2] - rings[0] >= 0.45
        assert int(sdk.calls(sids[2]).fetch().queue_time) >= 400


def test_the_events_file_and_the_seed_make_runs_comparable(app, tmp_path):
    seen = []
    for name in ("one", "two"):
        file = tmp_path / name
        settings = CarrierSettings(ACCOUNT_SID, AUTH_TOKEN, port=0, seed=7, events_file=file)
        with carrier_in_background(settings) as carrier:
            carrier.set_phone(AGENT, Phone("busy", answer_after_ms=0))
            seen.append(sdk_for(carrier).calls.create(to=AGENT, from_=SERVICE, twiml=response()).sid)
            carrier.wait_for_end(seen[-1])
        kinds = [json.loads(line)["kind"] for line in file.read_text().splitlines()]
        assert kinds[0] == "call_started"
        assert kinds[-1] == "call_closed"
        assert AUTH_TOKEN not in file.read_text()
    assert seen[0] == seen[1]


def properties(operation: str, method: str, status: str) -> set[str]:
    if not SPECIFICATION.exists():
        pytest.skip(f"the vendor's specification is not at {SPECIFICATION}")
    document = json.loads(SPECIFICATION.read_text())
    answer = document["paths"][operation][method]["responses"][status]
    schema = answer["content"]["application/json"]["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema["properties"])


def get(carrier: LocalCarrierClient, path: str) -> dict:
    url = f"{carrier.base_url}/2010-04-01/Accounts/{ACCOUNT_SID}{path}"
    request = urllib.request.Request(url, headers=carrier._headers)  # noqa: S310 - our own server
    with urllib.request.urlopen(request) as reply:  # noqa: S310
        return json.load(reply)


def test_answers_have_exactly_the_keys_of_the_vendors_specification(app, carrier, sdk):
    account = "/2010-04-01/Accounts/{AccountSid}"
    carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=(Wait(5000),)))
    wrong = response("<Shout/>", '<Pause length="9"/>')
    sid = sdk.calls.create(to=AGENT, from_=SERVICE, twiml=wrong).sid
    carrier.wait_for_event("call_status", call_sid=sid, status="in-progress")
    assert set(get(carrier, f"/Calls/{sid}.json")) == properties(f"{account}/Calls/{{Sid}}.json", "get", "200")
    listed = get(carrier, "/Calls.json")
    assert set(listed) == properties(f"{account}/Calls.json", "get", "200")
    notes = get(carrier, f"/Calls/{sid}/Notifications.json")
    path = f"{account}/Calls/{{CallSid}}/Notifications.json"
    assert set(notes) == properties(path, "get", "200")
    document = json.loads(SPECIFICATION.read_text())
    schemas = document["components"]["schemas"]
    assert set(notes["notifications"][0]) == set(schemas["api.v2010.account.call.call_notification"]["properties"])
    stream = sdk.calls(sid).streams.create(url=app.media_url, name="asr")
    assert set(schemas["api.v2010.account.call.stream"]["properties"]) <= set(stream.__dict__) | {"sid"}
    sdk.calls(sid).update(status="completed")
