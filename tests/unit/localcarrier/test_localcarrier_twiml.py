"""Reading TwiML, with the vendor's warnings and errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import Dial, Gather, Start, VoiceResponse

from ivr.localcarrier import verbs as v
from ivr.localcarrier.twiml import TwimlError, parse_twiml


def verbs(inside: str) -> tuple[v.Verb, ...]:
    return parse_twiml(f"<Response>{inside}</Response>").verbs


def warnings(inside: str) -> list[tuple[int, str]]:
    return [(one.code, one.message) for one in parse_twiml(f"<Response>{inside}</Response>").warnings]


def test_an_empty_response_is_valid():
    assert parse_twiml("<Response/>") == v.Document()


def test_what_the_vendors_own_builder_writes_is_read_without_a_warning():
    document = VoiceResponse()
    start = Start()
    start.stream(name="asr", url="wss://e.com/media", track="inbound_track").parameter(name="k", value="v")
    document.append(start)
    gather = Gather(num_digits=1, timeout=8, action="/key", action_on_empty_result=True, finish_on_key="")
    gather.say("Hello", voice="Polly.Amy", language="en-GB")
    gather.play("https://e.com/a.wav")
    gather.pause(length=2)
    document.append(gather)
    dial = Dial(action="/after", timeout=20, answer_on_bridge=True, hangup_on_star=True, caller_id="+15550100")
    dial.number("+15550122", url="/screen", status_callback="/s", status_callback_event="ringing answered")
    document.append(dial)
    document.redirect("/again", method="GET")
    read = parse_twiml(str(document))
    assert read.warnings == ()
    assert read.verbs == (
        v.StartStream("wss://e.com/media", "asr", parameters=(("k", "v"),)),
        v.Gather(
            prompts=(v.Say("Hello", "Polly.Amy", "en-GB"), v.Play("https://e.com/a.wav"), v.Pause(2)),
            action="/key",
            timeout_s=8,
            finish_on_key="",
            num_digits=1,
            action_on_empty_result=True,
        ),
        v.Dial(
            numbers=(
                v.Number(
                    "+15550122",
                    url="/screen",
                    status_callback="/s",
                    status_callback_events=("ringing", "answered"),
                ),
            ),
            action="/after",
            timeout_s=20,
            caller_id="+15550100",
            hangup_on_star=True,
            answer_on_bridge=True,
        ),
        v.Redirect("/again", "GET"),
    )


# | timeout | 5 | ... | finishOnKey | # | numDigits | unlimited | actionOnEmptyResult | false |   twilio.md 2.5
def test_a_bare_gather_has_the_vendors_defaults():
    (gather,) = verbs("<Gather/>")
    assert gather == v.Gather(
        (), None, "POST", timeout_s=5, finish_on_key="#", num_digits=None, action_on_empty_result=False
    )


# "action none (falls through), method POST, timeout 30, timeLimit 14400, hangupOnStar false, answerOnBridge false"
def test_a_dial_of_bare_text_is_one_number_with_the_vendors_defaults():
    (dial,) = verbs("<Dial> +15550122 </Dial>")
    assert dial == v.Dial(numbers=(v.Number("+15550122"),))
    assert (dial.action, dial.method, dial.timeout_s, dial.time_limit_s) == (None, "POST", 30, 14_400)


# "muted false, beep true, startConferenceOnEnter true, endConferenceOnExit false, maxParticipants 250"
def test_a_conference_has_the_vendors_defaults():
    (dial,) = verbs("<Dial><Conference>room</Conference></Dial>")
    room = dial.conference
    assert (room.name, room.muted, room.beep, room.start_on_enter, room.end_on_exit) == (
        "room",
        False,
        "true",
        True,
        False,
    )
    assert (room.wait_url, room.wait_method, room.max_participants) == (None, "POST", 250)


def test_an_empty_wait_url_is_not_the_same_as_none():
    (dial,) = verbs('<Dial><Conference waitUrl="">room</Conference></Dial>')
    assert dial.conference.wait_url == ""


# "loop (1; 0 = until hang-up, implemented as up to 1000)"   twilio.md 2.2
@pytest.mark.parametrize(("written", "loops"), [("", 1), ('loop="3"', 3), ('loop="0"', 1000), ('loop="5000"', 1000)])
def test_loops(written, loops):
    (say,) = verbs(f"<Say {written}>x</Say>")
    assert say.loop == loops


def test_ssml_is_reduced_to_its_words():
    (say,) = verbs('<Say>One <emphasis level="strong">two</emphasis><break/> three</Say>')
    assert say.text == "One two three"


@pytest.mark.parametrize(
    "body",
    ["", "   ", "hello", "<Response>", "<response/>", "<Resp/>", "\n<?xml version='1.0'?><Response/>", "<a/><b/>"],
)
def test_what_is_not_a_document_is_12100(body):
    with pytest.raises(TwimlError) as caught:
        parse_twiml(body)
    assert caught.value.code == 12100


def test_a_document_type_is_refused_so_that_no_entity_expands():
    with pytest.raises(TwimlError, match="document type"):
        parse_twiml('<!DOCTYPE x [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>')


# "TwiML > 64 kB -> 11750"   twilio.md 1.1
def test_more_than_64_kb_is_11750():
    with pytest.raises(TwimlError) as caught:
        parse_twiml(b"<Response>" + b" " * 65_536 + b"</Response>")
    assert caught.value.code == 11750


def test_an_error_names_its_line():
    with pytest.raises(TwimlError) as caught:
        parse_twiml("<Response>\n<Say>\n</Response>")
    assert caught.value.line == 3


# "Element and attribute names are case-sensitive"; "12200 warning, offending part ignored"   twilio.md 2.1, 1.6
@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("<say>x</say>", "<say> is not a verb"),
        ('<Say Voice="man">x</Say>', 'attribute "Voice" is not allowed on <Say>'),
        ("<Gather><Redirect>/x</Redirect></Gather>", "<Redirect> is not allowed inside <Gather>"),
        ('<Gather><Play digits="1"/></Gather>', "<Play digits> is not allowed inside <Gather>"),
        ('<Pause length="0"/>', 'length="0" is not a whole number of at least 1'),
        ('<Redirect method="PUT">/x</Redirect>', 'method="PUT" is neither GET nor POST'),
        ("<Dial><Queue>q</Queue></Dial>", "<Queue> inside <Dial> is not supported"),
        ('<Dial hangupOnStar="yes">+15550122</Dial>', 'hangupOnStar="yes" is neither true nor false'),
        ("words", "text between verbs is ignored"),
    ],
)
def test_what_is_unknown_is_a_warning_and_left_out(inside, message):
    assert warnings(inside) == [(12200, message)]


def test_a_verb_that_is_not_run_here_is_kept_visible():
    assert verbs("<Enqueue>q</Enqueue>") == (v.Unsupported("Enqueue"),)
    assert warnings("<Enqueue>q</Enqueue>") == [(12200, "the local carrier does not run <Enqueue> yet")]


# "Nouns can't be mixed with Conference/Queue"; "up to 10 ... simultaneously"   twilio.md 2.8
def test_nouns_cannot_be_mixed_and_are_at_most_ten():
    with pytest.raises(TwimlError, match="mixed"):
        verbs("<Dial><Number>+15550122</Number><Conference>c</Conference></Dial>")
    many = "".join(f"<Number>+1555010{n:02d}</Number>" for n in range(12))
    (dial,) = verbs(f"<Dial>{many}</Dial>")
    assert len(dial.numbers) == 10


# "Parameter name+value < 500 chars"   twilio.md 2.10
def test_a_parameter_of_500_characters_is_left_out():
    long = "v" * 496
    inside = f'<Start><Stream url="wss://e.com/m"><Parameter name="name" value="{long}"/></Stream></Start>'
    (start,) = verbs(inside)
    assert start.parameters == ()
    assert "longer than 500" in warnings(inside)[0][1]


@given(st.text(max_size=200))
def test_any_text_is_a_document_or_a_twiml_error(text):
    code = None
    try:
        parse_twiml(text)
    except TwimlError as error:
        code = error.code
    assert code in (None, 11750, 12100)


def test_record_has_the_vendors_defaults_and_takes_its_attributes():
    """timeout 5 (0 = never), finishOnKey 1234567890*#, maxLength 3600, playBeep true, method POST."""
    (plain,) = verbs("<Record/>")
    assert plain == v.Record(None, "POST", 5, "1234567890*#", 3600, True)
    (own,) = verbs('<Record action="/a" method="GET" timeout="0" finishOnKey="#" maxLength="9" playBeep="false"/>')
    assert own == v.Record("/a", "GET", 0, "#", 9, False)
