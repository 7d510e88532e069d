"""Verbs become TwiML as the vendor's documents have it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from flows import actions
from ivr import twilio_twiml
from ivr.urls import Urls

URLS = Urls("https://ivr.example.org")
SAY = actions.Say(text="Tea & <cake>", language="en")
COLLECT = actions.Collect(prompts=(SAY,), max_keys=4, timeout_s=6, grammar=None)


def render(*verbs: actions.Verb, stream: twilio_twiml.MediaStream | None = None) -> ET.Element:
    return ET.fromstring(twilio_twiml.render_turn(verbs, urls=URLS, call_sid="CA1", turn=3, stream=stream, ring_s=20))


def test_a_question_can_be_interrupted_and_silence_has_its_own_way() -> None:
    """Idiom: always follow Gather with a Redirect, otherwise the call hangs up on silence."""
    gather, redirect = render(COLLECT)
    assert gather.attrib == {
        "action": "https://ivr.example.org/voice/turn?turn=3&by=keys",
        "finishOnKey": "#",
        "input": "dtmf",
        "method": "POST",
        "numDigits": "4",
        "timeout": "6",
    }
    assert gather.findtext("Say") == "Tea & <cake>"
    assert redirect.text == "https://ivr.example.org/voice/turn?turn=3&by=silence"


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
    assert dial.attrib["action"].endswith("by=transfer")
    assert dial[0].attrib["url"] == "https://ivr.example.org/agent/whisper?call=CA1&person=desk"
    office = actions.Transfer(person_id="", person_number="+442079460999")
    assert "url" not in render(office)[0][0].attrib


def test_the_last_document_says_goodbye_and_hangs_up() -> None:
    assert [element.tag for element in render(SAY, actions.Hangup())] == ["Say", "Hangup"]


def test_a_whisper_that_nobody_answers_ends_and_is_not_bridged() -> None:
    """Without the trailing Hangup a voicemail box, which presses nothing, gets bridged."""
    document = ET.fromstring(twilio_twiml.press_one(["Press 1"], action="https://x/y", timeout_s=8))
    assert [element.tag for element in document] == ["Gather", "Hangup"]


def test_below_everything_is_a_sentence_and_a_person() -> None:
    document = ET.fromstring(twilio_twiml.last_resort("Sorry.", "+442079460999"))
    assert [element.tag for element in document] == ["Say", "Dial", "Say", "Hangup"]
