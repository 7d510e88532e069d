"""Verbs become TwiML as the vendor's documents have it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import msgspec
import pytest

from flows import actions
from ivr import twilio_twiml
from ivr.urls import Urls

URLS = Urls("https://ivr.example.org")
SAY = actions.Say(text="Tea & <cake>", language="en")
ONE_KEY = actions.Collect(prompts=(SAY,), max_keys=1, no_input_s=6, between_digits_s=3, grammar=None)
COLLECT = actions.Collect(prompts=(SAY,), max_keys=4, no_input_s=6, between_digits_s=3, grammar=None)


def way(address: twilio_twiml.Address = twilio_twiml.by_carrier) -> twilio_twiml.Way:
    return twilio_twiml.Way(urls=URLS, call_sid="CA1", turn=3, language="en", address=address, ring_s=20)


def render(*verbs: actions.Verb, stream: twilio_twiml.MediaStream | None = None) -> ET.Element:
    return ET.fromstring(twilio_twiml.render_turn(verbs, way(), stream=stream))


def test_where_one_key_is_the_answer_the_hash_key_is_one_and_silence_has_its_own_way() -> None:
    """Idiom: always follow Gather with a Redirect, otherwise the call hangs up on silence. finishOnKey="" is none."""
    gather, redirect = render(ONE_KEY)
    assert gather.attrib == {
        "action": "https://ivr.example.org/voice/turn?turn=3&by=keys&lang=en",
        "finishOnKey": "",
        "input": "dtmf",
        "method": "POST",
        "numDigits": "1",
        "timeout": "6",
    }
    assert gather.findtext("Say") == "Tea & <cake>"
    assert redirect.text == "https://ivr.example.org/voice/turn?turn=3&by=silence&lang=en"


def test_several_keys_may_come_late_and_then_quickly() -> None:
    """timeout: counted from the end of nested audio, or from the last key; so each Gather waits for a pause alone."""
    *gathers, redirect = render(COLLECT)
    assert [gather.attrib["timeout"] for gather in gathers] == ["3", "3"], "six seconds for the first key"
    assert [len(gather) for gather in gathers] == [1, 0], "the second one listens on without a word"
    assert {(gather.attrib["finishOnKey"], gather.attrib["numDigits"]) for gather in gathers} == {("#", "4")}
    assert redirect.tag == "Redirect"


@pytest.mark.parametrize(("no_input_s", "between_digits_s", "timeouts"), [(7, 3, [3, 3, 3]), (2, 5, [5]), (4, 4, [4])])
def test_nobody_has_less_time_for_the_first_key_than_was_said(
    no_input_s: int, between_digits_s: int, timeouts: list[int]
) -> None:
    verb = msgspec.structs.replace(COLLECT, no_input_s=no_input_s, between_digits_s=between_digits_s)
    assert [int(gather.attrib["timeout"]) for gather in render(verb)[:-1]] == timeouts


def test_the_longest_wait_is_still_a_document_that_the_carrier_takes() -> None:
    """TwiML > 64 kB is refused."""
    verb = msgspec.structs.replace(COLLECT, no_input_s=60, between_digits_s=1)
    assert len(twilio_twiml.render_turn([verb], way())) < 32_000


def test_the_address_of_a_sensitive_answer_says_so() -> None:
    gather = render(msgspec.structs.replace(COLLECT, sensitive=True))[0]
    assert gather.attrib["action"] == "https://ivr.example.org/voice/turn?turn=3&by=keys&lang=en&sensitive=1"


def test_arabic_has_a_voice_and_a_sound_that_has_an_address_is_played() -> None:
    """Arabic: `arb` is spoken by Polly.Zeina; Persian has no voice at the carrier."""
    arabic = actions.Say(text="أهلا", language="ar")
    assert render(arabic, actions.Hangup())[0].attrib == {"language": "arb", "voice": "Polly.Zeina"}
    persian = actions.Say(text="سلام", language="fa")
    assert not twilio_twiml.has_voice("fa")
    ours = way({persian: "https://ivr.example.org/prompt/1.wav"}.get)
    document = ET.fromstring(twilio_twiml.render_turn([persian, actions.Hangup()], ours))
    assert (document[0].tag, document[0].text) == ("Play", "https://ivr.example.org/prompt/1.wav")


def test_a_recording_can_be_cut_short_ended_by_any_key_and_has_a_way_on_after_silence() -> None:
    """Record: no nesting; without action the current URL is requested again; an empty recording falls through."""
    gather, record, redirect = render(actions.Record(prompts=(SAY,), max_s=60, no_input_s=5))
    assert gather.attrib["action"].endswith("by=skip&lang=en")
    assert gather.attrib["numDigits"] == "1"
    assert record.attrib == {
        "action": "https://ivr.example.org/voice/turn?turn=3&by=recorded&lang=en",
        "finishOnKey": "1234567890*#",
        "maxLength": "60",
        "method": "POST",
        "timeout": "5",
    }
    assert redirect.text == "https://ivr.example.org/voice/turn?turn=3&by=silence&lang=en"


def test_the_fork_comes_before_the_first_prompt_with_its_token_as_a_parameter() -> None:
    """Stream url: wss only, no query string (silently dropped); parameters go into Parameter."""
    stream = twilio_twiml.MediaStream(url="wss://ivr.example.org/media", token="t")
    start = render(COLLECT, stream=stream)[0]
    assert start.tag == "Start"
    assert start[0].attrib["url"] == "wss://ivr.example.org/media"
    assert start[0].attrib["track"] == "inbound_track"
    assert start[0][0].attrib == {"name": "token", "value": "t"}


def test_a_person_is_rung_with_a_whisper_and_the_person_of_last_resort_without() -> None:
    transfer = actions.Transfer(person_id="desk", person_number="+442079460100")
    (dial,) = render(transfer)
    assert dial.attrib["action"].endswith("by=transfer&lang=en")
    assert dial[0].attrib["url"] == "https://ivr.example.org/agent/whisper?call=CA1&person=desk"
    office = actions.Transfer(person_id="", person_number="+442079460999")
    assert "url" not in render(office)[0][0].attrib
    number = actions.Transfer(person_id="+442079460999", person_number="+442079460999")
    assert "url" not in render(number)[0][0].attrib
    told = actions.Transfer(person_id="+442079460999", person_number="+442079460999", whisper="x")
    assert render(told)[0][0].attrib["url"] == "https://ivr.example.org/agent/number-whisper?call=CA1&lang=en"


def test_the_last_document_says_goodbye_and_hangs_up() -> None:
    assert [element.tag for element in render(SAY, actions.Hangup())] == ["Say", "Hangup"]


def test_a_whisper_that_nobody_answers_ends_and_is_not_bridged() -> None:
    """Without the trailing Hangup a voicemail box, which presses nothing, gets bridged."""
    document = ET.fromstring(twilio_twiml.press_one([SAY], action="https://x/y", timeout_s=8))
    assert [element.tag for element in document] == ["Gather", "Hangup"]


def test_below_everything_is_a_sentence_and_a_person() -> None:
    document = ET.fromstring(twilio_twiml.last_resort(SAY, "+442079460999", ended="https://x/y"))
    assert [element.tag for element in document] == ["Say", "Dial"]
    assert document[1].attrib["action"] == "https://x/y"


def test_what_is_said_before_a_conference_or_the_end_can_be_a_sound_of_ours() -> None:
    persian = actions.Say(text="سلام", language="fa")
    ours = {persian: "https://ivr.example.org/prompt/1.wav"}.get
    for text in (
        twilio_twiml.say_and_hang_up([persian], address=ours),
        twilio_twiml.hold("https://x/y", pause_s=2, sounds=[persian], address=ours),
        twilio_twiml.join_conference([persian], room="r", address=ours),
        twilio_twiml.last_resort(persian, "+442079460999", ended="https://x/y", address=ours),
    ):
        document = ET.fromstring(text)
        assert document.findtext("Play") == "https://ivr.example.org/prompt/1.wav"
        assert document.find("Say") is None


def test_the_language_of_a_call_is_in_every_address_that_it_goes_on_at() -> None:
    verbs = (ONE_KEY, actions.Record(prompts=(SAY,), max_s=60, no_input_s=5))
    transfer = actions.Transfer(person_id="desk", person_number="+442079460100")
    arabic = msgspec.structs.replace(way(), language="ar")
    texts = [twilio_twiml.render_turn([verb], arabic) for verb in (*verbs, transfer)]
    texts.append(twilio_twiml.render_listening(ONE_KEY, arabic, patience=1))
    for element in (element for text in texts for element in ET.fromstring(text).iter()):
        address = element.text if element.tag == "Redirect" else element.get("action")
        assert address is None or "lang=ar" in address
