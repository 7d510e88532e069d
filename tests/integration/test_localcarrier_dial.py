"""`<Dial>` in the local carrier: phones, whispers, bridges and conferences."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from localcarrier_app import (
    ACCOUNT_SID,
    AGENT,
    AUTH_TOKEN,
    CALLER,
    CUSTOMER,
    SERVICE,
    App,
    response,
    running_app,
    sdk_for,
)

from ivr.localcarrier.background import carrier_in_background
from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.script import HangUp, Hear, HearEnd, Phone, Press, Say, Stay, Step, Wait, voicemail
from ivr.localcarrier.settings import CarrierSettings
from ivr.localcarrier.switches import Switches
from ivr.localcarrier.wire import CallView
from ivr.sound.espeak import find_engine

SECOND = "+15550144"
SWITCHES = Switches(redirect_latency_ms=20, redirect_latency_dial_ms=60)
SCREEN = response(
    '<Gather numDigits="1" timeout="1" action="/accept"><Say>Press one to accept.</Say></Gather><Hangup/>'
)


@pytest.fixture
def app() -> Iterator[App]:
    with running_app() as app:
        app.documents["/screen"] = SCREEN
        app.documents["/accept"] = lambda p: response() if p["Digits"] == "1" else response("<Hangup/>")
        app.documents["/after"] = response("<Say>After the dial.</Say>")
        yield app


@pytest.fixture
def carrier(app: App) -> Iterator[LocalCarrierClient]:
    settings = CarrierSettings(ACCOUNT_SID, AUTH_TOKEN, port=0, fast_prompts=True, switches=SWITCHES)
    with carrier_in_background(settings) as client:
        client.set_number(SERVICE, app.url("/voice"))
        yield client


def place(carrier: LocalCarrierClient, *steps: Step) -> str:
    return carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=steps)


def child_of(carrier: LocalCarrierClient, sid: str) -> CallView:
    (child,) = [one for one in carrier.calls() if one.parent_call_sid == sid]
    return child


def dial(*nouns: str, attributes: str = "") -> str:
    return response(f'<Dial action="/after" {attributes}>{"".join(nouns)}</Dial>')


# "Number url: runs on the callee leg only ... End of document -> bridge"   twilio.md 2.8
def test_an_agent_who_presses_one_is_bridged_and_both_hear_each_other(app, carrier):
    app.documents["/voice"] = dial(
        f'<Number url="/screen" statusCallback="/status" statusCallbackEvent="initiated ringing answered completed">'
        f"{AGENT}</Number>"
    )
    agent = (Hear("press one"), Press("1"), Hear("hello agent"), Say("hello caller"), Wait(100), HangUp())
    carrier.set_phone(AGENT, Phone(answer_after_ms=50, steps=agent))
    sid = place(carrier, Stay())
    carrier.wait_for_event("bridge_started", call_sid=sid)
    carrier.act(sid, (Say("hello agent"), Hear("hello caller"), HearEnd("after the dial"), Stay()))
    ended = carrier.wait_for_end(sid)
    assert ended.script_error is None
    child = child_of(carrier, sid)
    assert (child.direction, child.status, child.script_error) == ("outbound-dial", "completed", None)
    whisper = app.to("/screen")[0].params
    assert (whisper["CallSid"], whisper["ParentCallSid"]) == (child.sid, sid)
    assert whisper["Direction"] == "outbound-dial"
    after = app.to("/after")[0].params
    assert (after["DialCallStatus"], after["DialBridged"], after["DialCallSid"]) == (
        "completed",
        "true",
        child.sid,
    )
    assert after["DialCallDuration"].isdecimal()
    app.wait_until(lambda: len(app.to("/status")) == 4)
    assert [a.params["CallStatus"] for a in app.to("/status")] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert all(asked.is_signed for asked in app.asked)


# "Hangup -> callee dropped, not bridged ... DialBridged=false is the safe test"; default no-answer   twilio.md 11
@pytest.mark.parametrize("steps", [(Hear("press one"), Press("2"), Stay()), (Stay(),)])
def test_an_agent_who_declines_or_presses_nothing_is_not_bridged(app, carrier, steps):
    app.documents["/voice"] = dial(f'<Number url="/screen">{AGENT}</Number>')
    carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=steps))
    sid = place(carrier, HearEnd("after the dial"), Stay())
    assert carrier.wait_for_end(sid).script_done
    after = app.to("/after")[0].params
    assert (after["DialCallStatus"], after["DialBridged"]) == ("no-answer", "false")
    assert not [e for e in carrier.events() if e.kind == "bridge_started"]


def test_a_voicemail_box_is_never_bridged_after_a_screen(app, carrier):
    app.documents["/voice"] = dial(f'<Number url="/screen">{AGENT}</Number>')
    carrier.set_phone(AGENT, voicemail("Please leave a message", answer_after_ms=0))
    carrier.wait_for_end(place(carrier, Stay()))
    assert app.to("/after")[0].params["DialBridged"] == "false"


@pytest.mark.parametrize(
    ("phone", "status"),
    [
        (Phone("busy", answer_after_ms=0), "busy"),
        (Phone("no_answer"), "no-answer"),
        (Phone("failed", answer_after_ms=0), "failed"),
    ],
)
def test_the_action_learns_why_nobody_was_reached(app, carrier, phone, status):
    app.documents["/voice"] = dial(AGENT, attributes='timeout="1"')
    carrier.set_phone(AGENT, phone)
    assert carrier.wait_for_end(place(carrier, HearEnd("after the dial"), Stay())).script_done
    after = app.to("/after")[0].params
    assert (after["DialCallStatus"], after["DialBridged"]) == (status, "false")
    assert "DialCallDuration" not in after


# "action: none (falls through; not current URL)"   twilio.md 2.8
def test_without_action_the_next_verb_follows(app, carrier):
    app.documents["/voice"] = response(f"<Dial>{AGENT}</Dial>", "<Say>Nobody there.</Say>")
    carrier.set_phone(AGENT, Phone("busy", answer_after_ms=0))
    assert carrier.wait_for_end(place(carrier, HearEnd("nobody there"), Stay())).script_done


# "first to answer wins, the rest are cancelled"   twilio.md 2.8
def test_of_several_phones_the_first_to_answer_wins(app, carrier):
    app.documents["/voice"] = dial(f"<Number>{AGENT}</Number>", f"<Number>{SECOND}</Number>")
    carrier.set_phone(AGENT, Phone(answer_after_ms=3000))
    carrier.set_phone(SECOND, Phone(answer_after_ms=40, steps=(Wait(100), HangUp())))
    sid = place(carrier, Stay())
    carrier.wait_for_end(sid)
    by_number = {one.to_number: one for one in carrier.calls() if one.parent_call_sid == sid}
    assert by_number[SECOND].status == "completed"
    assert by_number[AGENT].status == "canceled"
    assert app.to("/after")[0].params["DialCallSid"] == by_number[SECOND].sid


# "answerOnBridge=true as first verb: the inbound leg stays un-answered until the bridge"   twilio.md 2.8
def test_answer_on_bridge_leaves_the_caller_ringing_until_the_bridge(app, carrier):
    app.documents["/voice"] = dial(f'<Number url="/screen">{AGENT}</Number>', attributes='answerOnBridge="true"')
    carrier.set_phone(AGENT, Phone(answer_after_ms=50, steps=(Hear("press"), Press("1"), Wait(100), HangUp())))
    sid = place(carrier, Stay())
    assert carrier.wait_for_end(sid).status == "completed"
    order = [(e.kind, e.call_sid == sid) for e in carrier.events() if e.kind in ("call_status", "bridge_started")]
    assert order.index(("call_status", True)) < order.index(("bridge_started", True))
    answered = carrier.wait_for_event("call_status", call_sid=sid, status="in-progress")
    assert answered.seq > carrier.wait_for_event("gather_ended", call_sid=child_of(carrier, sid).sid).seq


def test_a_star_drops_the_callee_when_the_dial_says_so(app, carrier):
    app.documents["/voice"] = dial(AGENT, attributes='hangupOnStar="true"')
    carrier.set_phone(AGENT, Phone(answer_after_ms=0))
    sid = place(carrier, Stay())
    carrier.wait_for_event("bridge_started", call_sid=sid)
    carrier.act(sid, (Press("*"), HearEnd("after the dial"), Stay()))
    assert carrier.wait_for_end(sid).script_done
    assert carrier.wait_for_end(child_of(carrier, sid).sid).ended_by == "carrier"


def test_the_time_limit_parts_the_two(app, carrier):
    app.documents["/voice"] = dial(AGENT, attributes='timeLimit="1"')
    carrier.set_phone(AGENT, Phone(answer_after_ms=0))
    assert carrier.wait_for_end(place(carrier, HearEnd("after the dial"), Stay())).script_done


# "Caller hangs up -> child is hung up, action requested with CallStatus=completed, TwiML ignored"   twilio.md 2.8
def test_a_caller_who_hangs_up_ends_the_callee_and_the_action_is_told(app, carrier):
    app.documents["/voice"] = dial(AGENT)
    carrier.set_phone(AGENT, Phone(answer_after_ms=0))
    sid = place(carrier, Stay())
    carrier.wait_for_event("bridge_started", call_sid=sid)
    carrier.hang_up(sid)
    carrier.wait_for_end(sid)
    carrier.wait_for_end(child_of(carrier, sid).sid)
    after = app.wait_until(lambda: app.to("/after"))[0].params
    assert (after["CallStatus"], after["DialCallStatus"]) == ("completed", "completed")
    assert not [e for e in carrier.events() if e.kind == "prompt_started"]


# "A REST redirect of the parent during Dial: child is torn down, both Dial action (response ignored) and the new
# URL are requested"   twilio.md 2.8
def test_an_update_during_a_dial_requests_the_action_and_the_new_document(app, carrier):
    app.documents["/voice"] = dial(AGENT)
    app.documents["/new"] = response("<Say>New words.</Say>")
    carrier.set_phone(AGENT, Phone(answer_after_ms=0))
    sid = place(carrier, HearEnd("new words"), Stay())
    carrier.wait_for_event("bridge_started", call_sid=sid)
    sdk_for(carrier).calls(sid).update(url=app.url("/new"))
    assert carrier.wait_for_end(sid).script_done
    assert [asked.path for asked in app.asked] == ["/voice", "/after", "/new"]
    assert carrier.call(child_of(carrier, sid).sid).status == "completed"


def test_the_callee_can_be_redirected_out_of_the_bridge(app, carrier):
    app.documents["/voice"] = dial(AGENT)
    app.documents["/new"] = response("<Say>Only for the agent.</Say>")
    carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=(HearEnd("only for the agent"), Stay())))
    sid = place(carrier, HearEnd("after the dial"), Stay())
    carrier.wait_for_event("bridge_started", call_sid=sid)
    child = child_of(carrier, sid)
    sdk_for(carrier).calls(child.sid).update(url=app.url("/new"))
    assert carrier.wait_for_end(sid).script_done
    assert carrier.wait_for_end(child.sid).script_done
    assert "DialCallDuration" not in app.to("/after")[0].params


def conference(app: App, path: str, **attributes: str) -> None:
    written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    app.documents[path] = response(
        f'<Dial action="/after"><Conference {written} waitUrl="/wait" statusCallback="/conference"'
        f' statusCallbackEvent="start end join leave">cb-1</Conference></Dial>'
    )
    app.documents.setdefault("/wait", response("<Say>Please hold.</Say>"))
    app.documents.setdefault("/conference", (204, "", ""))


# "Starts when >= 2 participants are in and at least one has startConferenceOnEnter"; "DialCallStatus answered for
# conference"; "For Conference no DialCallSid/Duration"   twilio.md 1.3, 2.8
def test_two_legs_in_a_conference_hear_each_other_and_the_end_takes_all_along(app, carrier):
    conference(app, "/agent", participantLabel="agent")
    conference(app, "/customer", endConferenceOnExit="true")
    carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=(Hear("hold"), Hear("hello agent"), Stay())))
    carrier.set_phone(CUSTOMER, Phone(answer_after_ms=0, steps=(Wait(300), Say("hello agent"), HangUp())))
    sdk = sdk_for(carrier)
    agent = sdk.calls.create(to=AGENT, from_=SERVICE, url=app.url("/agent")).sid
    carrier.wait_for_event("prompt_started", call_sid=agent, text="Please hold.")
    customer = sdk.calls.create(to=CUSTOMER, from_=SERVICE, url=app.url("/customer")).sid
    assert carrier.wait_for_end(customer).script_done
    assert carrier.wait_for_end(agent).script_error is None
    after = next(a.params for a in app.to("/after") if a.params["CallSid"] == agent)
    assert after["DialCallStatus"] == "answered"
    assert "DialCallSid" not in after
    assert "DialCallDuration" not in after
    assert "After the dial." in [e["text"] for e in carrier.events() if e.kind == "prompt_started"]
    app.wait_until(lambda: "conference-end" in [a.params["StatusCallbackEvent"] for a in app.to("/conference")])
    told = [(a.params["StatusCallbackEvent"], a.params.get("CallSid")) for a in app.to("/conference")]
    assert told[:4] == [
        ("participant-join", agent),
        ("participant-join", customer),
        ("conference-start", customer),
        ("participant-leave", customer),
    ]
    assert [a.params["SequenceNumber"] for a in app.to("/conference")] == [str(n) for n in range(len(told))]
    end = next(a for a in app.to("/conference") if a.params["StatusCallbackEvent"] == "conference-end").params
    assert end["CallSidEndingConference"] == customer
    assert end["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert app.to("/conference")[0].params["ParticipantLabel"] == "agent"
    assert all(asked.is_signed for asked in app.asked)


def test_what_one_says_in_a_conference_arrives_as_sound_at_the_other(app, tmp_path):
    if find_engine() is None:
        pytest.skip("there is neither espeak-ng nor espeakng_loader to speak with")
    app.documents["/join"] = response(
        f'<Start><Stream url="{app.media_url}" track="outbound_track"/></Start>',
        '<Dial><Conference beep="false" waitUrl="">room</Conference></Dial>',
    )
    app.documents["/talk"] = response(
        '<Dial><Conference beep="false" endConferenceOnExit="true">room</Conference></Dial>'
    )
    settings = CarrierSettings(ACCOUNT_SID, AUTH_TOKEN, port=0, fast_prompts=True)
    with carrier_in_background(settings) as carrier:
        carrier.set_phone(AGENT, Phone(answer_after_ms=0))
        carrier.set_phone(CUSTOMER, Phone(answer_after_ms=0, steps=(Wait(300), Say("good day"), HangUp())))
        sdk = sdk_for(carrier)
        agent = sdk.calls.create(to=AGENT, from_=SERVICE, url=app.url("/join")).sid
        carrier.wait_for_event("conference_event", call_sid=agent)
        sdk.calls.create(to=CUSTOMER, from_=SERVICE, url=app.url("/talk"))
        carrier.wait_for_end(agent)
    app.wait_until(lambda: "stop" in app.sockets[0].events())
    assert len(app.sockets[0].audio("outbound").strip(b"\xff")) > 160 * 15


def test_a_muted_participant_hears_and_is_not_heard(app, carrier):
    app.documents["/muted"] = response('<Dial><Conference muted="true" waitUrl="">m</Conference></Dial>')
    app.documents["/open"] = response('<Dial><Conference endConferenceOnExit="true">m</Conference></Dial>')
    carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=(Hear("loud"), Say("inaudible"), Stay())))
    carrier.set_phone(CUSTOMER, Phone(answer_after_ms=0, steps=(Wait(300), Say("loud"), Wait(1200), HangUp())))
    sdk = sdk_for(carrier)
    agent = sdk.calls.create(to=AGENT, from_=SERVICE, url=app.url("/muted")).sid
    carrier.wait_for_event("conference_event", call_sid=agent)
    sdk.calls.create(to=CUSTOMER, from_=SERVICE, url=app.url("/open"))
    carrier.wait_for_end(agent)
    heard = [(e.call_sid, e["text"]) for e in carrier.events() if e.kind == "speech_heard"]
    assert heard == [(agent, "loud")]


def test_a_participant_who_does_not_start_waits_until_one_who_does_comes(app, carrier):
    app.documents["/wait1"] = response("<Say>Holding.</Say>", "<Redirect>/wait1</Redirect>")
    app.documents["/quiet"] = response(
        '<Dial><Conference startConferenceOnEnter="false" waitUrl="/wait1">q</Conference></Dial>'
    )
    app.documents["/start"] = response('<Dial><Conference endConferenceOnExit="true">q</Conference></Dial>')
    waits = (Hear("holding"), Hear("holding"), Stay())
    carrier.set_phone(AGENT, Phone(answer_after_ms=0, steps=waits), Phone(answer_after_ms=0, steps=waits))
    carrier.set_phone(CUSTOMER, Phone(answer_after_ms=0, steps=(Wait(100), HangUp())))
    sdk = sdk_for(carrier)
    quiet = [sdk.calls.create(to=AGENT, from_=SERVICE, url=app.url("/quiet")).sid for _ in range(2)]
    for sid in quiet:
        carrier.wait_for_event("script_step", call_sid=sid, index=2)
    assert not [e for e in carrier.events() if e.get("event") == "conference-start"]
    sdk.calls.create(to=CUSTOMER, from_=SERVICE, url=app.url("/start"))
    for sid in quiet:
        assert carrier.wait_for_end(sid).script_done
