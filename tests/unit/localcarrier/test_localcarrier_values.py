"""Parameter sets, connection overrides, scripts, identifiers, latencies."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.localcarrier.leg import Heard
from ivr.localcarrier.measure import TurnLatency, turn_latencies
from ivr.localcarrier.overrides import Overrides, parse_overrides
from ivr.localcarrier.parameters import CallFacts, standard_parameters, status_parameters
from ivr.localcarrier.script import (
    HangUp,
    Hear,
    HearEnd,
    Play,
    Press,
    Say,
    Stay,
    Wait,
    decode_steps,
    encode_steps,
    voicemail,
)
from ivr.localcarrier.sids import Sids
from ivr.localcarrier.wire import Event

FACTS = CallFacts("CA1", "AC1", "+15550111", "+15550100", "inbound", "ringing")
GEOGRAPHY = {
    f"{end}{place}" for end in ("From", "To", "Caller", "Called") for place in ("City", "State", "Zip", "Country")
}


# "CallSid AccountSid From To CallStatus ApiVersion Direction ... Caller Called"; "Unknown geo values arrive as empty
# strings, not absent"   twilio.md 1.2
def test_the_standard_set():
    params = standard_parameters(FACTS)
    assert {name for name, value in params.items() if value == ""} == GEOGRAPHY
    assert set(params) - GEOGRAPHY == {
        *("CallSid", "AccountSid", "From", "To", "Caller", "Called", "CallStatus", "ApiVersion", "Direction"),
    }


def test_a_child_names_its_parent_and_extras_reach_their_twins():
    facts = msgspec.structs.replace(FACTS, parent_call_sid="CA0", extra={"FromCity": "Leeds", "CallerName": "Ann"})
    params = standard_parameters(facts)
    assert params["ParentCallSid"] == "CA0"
    assert (params["FromCity"], params["CallerCity"], params["CallerName"]) == ("Leeds", "Leeds", "Ann")


# "CallDuration (s, only on completed), Duration (billed minutes)"   twilio.md 1.4
def test_only_the_last_status_webhook_has_a_duration():
    first = status_parameters(FACTS, sequence_number=0, timestamp="now")
    assert "CallDuration" not in first
    assert (first["SequenceNumber"], first["CallbackSource"]) == ("0", "call-progress-events")
    last = status_parameters(FACTS, sequence_number=3, timestamp="now", duration_s=61, sip_response_code=200)
    assert (last["CallDuration"], last["Duration"], last["SipResponseCode"]) == ("61", "2", "200")


# The table of twilio.md 1.1: ct 100-10000 (5000), rt 100-15000 (15000), tt 100-15000 (15000), rc 0-5 (1), rp (ct).
@pytest.mark.parametrize(
    ("url", "overrides"),
    [
        ("https://e.com/x", Overrides(5.0, 15.0, 15.0, 1, frozenset({"ct"}))),
        (
            "https://e.com/x#rc=2&rp=5xx,ct,rt&rt=4000",
            Overrides(5.0, 4.0, 15.0, 2, frozenset({"5xx", "ct", "rt"})),
        ),
        ("https://e.com/x#rp=all&rc=0", Overrides(retries=0, retry_on=frozenset({"4xx", "5xx", "ct", "rt"}))),
        ("https://e.com/x#ct=99&rt=15001&rc=6&tt=x&e=dublin", Overrides()),
        ("https://e.com/x#ct=100&tt=200", Overrides(connect_timeout_s=0.1, total_timeout_s=0.2)),
    ],
)
def test_connection_overrides(url, overrides):
    assert parse_overrides(url) == overrides


def test_a_script_is_the_same_after_a_journey_as_json():
    steps = (
        *(Hear("welcome"), HearEnd("bye", regex=True, timeout_s=1.5), Wait(200), Say("hi", pitch=70)),
        *(Play("a.wav", "hello"), Press("12#", gap_ms=50), Stay(), HangUp()),
    )
    assert decode_steps(encode_steps(steps)) == steps


def test_a_script_names_each_step_by_do():
    assert decode_steps('[{"do": "press", "keys": "1"}, {"do": "hang_up"}]') == (Press("1"), HangUp())


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('[{"do": "shout"}]', "Invalid value 'shout'"),
        ('[{"do": "press", "key": "1"}]', "unknown field `key`"),
        ('[{"do": "wait"}]', "missing required field `ms`"),
    ],
)
def test_a_wrong_script_says_what_is_wrong(document, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        decode_steps(document)


def test_a_voicemail_box_never_presses_a_key():
    assert not [step for step in voicemail("Leave a message").steps if isinstance(step, Press)]


@pytest.mark.parametrize(
    ("heard", "text", "regex", "matches"),
    [
        ("Welcome  to\nthe library.", "welcome to the LIBRARY", False, True),
        ("Welcome.", "goodbye", False, False),
        ("Your code is 4711.", r"code is \d{4}", True, True),
        ("Your code is unknown.", r"code is \d{4}", True, False),
        ("a.b", "a.b", False, True),
        ("axb", "a.b", False, False),
        ("أهلاً وسهلاً", "وسهلاً", False, True),
    ],
)
def test_what_a_person_recognises(heard, text, regex, matches):
    assert Heard(heard).matches(text, regex=regex) is matches


@given(st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_identifiers(seed):
    one, other = Sids(seed), Sids(seed)
    made = [one.new("CA"), one.new("MZ"), one.new_uuid()]
    assert made == [other.new("CA"), other.new("MZ"), other.new_uuid()]
    assert re.fullmatch("CA[0-9a-f]{32}", made[0])
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made[2])


def events(*entries: tuple[float, str, dict[str, str]]) -> list[Event]:
    return [Event(n + 1, at, kind, "CA1", data) for n, (at, kind, data) in enumerate(entries)]


def test_a_turn_is_measured_from_the_end_of_the_sound_to_the_next_documents_prompt():
    log = events(
        (1.0, "speech_ended", {"text": "yes"}),
        (1.1, "prompt_started", {"text": "rest of the old document"}),
        (1.5, "webhook_response", {"purpose": "update"}),
        (1.7, "prompt_started", {"text": "Good."}),
        (1.9, "prompt_started", {"text": "And another."}),
        (3.0, "speech_ended", {"text": "no"}),
        (3.2, "webhook_response", {"purpose": "status"}),
    )
    assert turn_latencies(log, "CA1") == [
        TurnLatency("yes", pytest.approx(0.5), pytest.approx(0.7)),
        TurnLatency("no", None, None),
    ]
    assert turn_latencies(log, "CA2") == []
