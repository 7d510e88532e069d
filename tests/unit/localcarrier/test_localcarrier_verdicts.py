"""The verdicts of machine detection, and the parameters that ask for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.localcarrier.machine_detection import Detection, DetectionError, Verdict, detect, parse_detection
from ivr.localcarrier.script import Answerer

ENABLE, TO_THE_END = Detection(), Detection(until_message_end=True)


# The values of AnsweredBy and the defaults of the table in twilio.md 1.5
@pytest.mark.parametrize(
    ("answerer", "detection", "verdict"),
    [
        (Answerer(), ENABLE, Verdict("human", 2000)),
        (Answerer(), TO_THE_END, Verdict("human", 2000)),
        (Answerer("machine"), ENABLE, Verdict("machine_start", 2400)),
        (Answerer("machine"), TO_THE_END, Verdict("machine_end_beep", 6400)),
        (Answerer("machine", beeps=False), TO_THE_END, Verdict("machine_end_silence", 7200)),
        (Answerer("machine", 45_000), TO_THE_END, Verdict("unknown", 30_000)),
        (Answerer("machine", 1000), ENABLE, Verdict("human", 2200)),  # a short greeting sounds like a person
        (Answerer("human", 5000), ENABLE, Verdict("machine_start", 2400)),  # a long one like a machine
        (Answerer("fax"), ENABLE, Verdict("fax", 1100)),
        (Answerer("unknown"), ENABLE, Verdict("unknown", 5000)),
        (Answerer("human", taken_for="machine"), TO_THE_END, Verdict("machine_end_silence", 2000)),
        (Answerer("machine", taken_for="human"), TO_THE_END, Verdict("human", 3600)),
        (Answerer("human", taken_for="fax"), ENABLE, Verdict("fax", 1100)),
    ],
)
def test_who_answered(answerer, detection, verdict):
    assert detect(answerer, detection) == verdict


@given(
    st.builds(Answerer, st.sampled_from(["human", "machine", "fax", "unknown"]), st.integers(0, 120_000)),
    st.booleans(),
    st.integers(3000, 60_000),
)
def test_no_verdict_comes_after_the_time_out_and_none_is_of_the_other_mode(answerer, until_end, timeout_ms):
    verdict = detect(answerer, Detection(until_message_end=until_end, timeout_ms=timeout_ms))
    assert 0 <= verdict.duration_ms <= timeout_ms
    assert not verdict.answered_by.startswith("machine_start" if until_end else "machine_end")


def test_the_parameters_of_create_call():
    form = {
        "MachineDetection": "DetectMessageEnd",
        "MachineDetectionTimeout": "45",
        "MachineDetectionSpeechThreshold": "3000",
        "MachineDetectionSpeechEndThreshold": "800",
        "MachineDetectionSilenceTimeout": "4000",
        "AsyncAmd": "true",
        "AsyncAmdStatusCallback": "https://app.example/amd",
        "AsyncAmdStatusCallbackMethod": "GET",
    }
    assert parse_detection(form) == Detection(
        until_message_end=True,
        timeout_ms=45_000,
        speech_ms=3000,
        speech_end_ms=800,
        silence_ms=4000,
        callback="https://app.example/amd",
        callback_method="GET",
        is_async=True,
    )
    assert parse_detection({"MachineDetection": "Enable"}) == Detection()
    assert parse_detection({}) is None


# "If both SendDigits and MachineDetection are provided, MachineDetection is ignored"   the vendor's page
def test_there_is_no_detection_where_digits_are_sent():
    assert parse_detection({"MachineDetection": "Enable", "SendDigits": "1"}) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MachineDetection", "enable"),
        ("MachineDetectionTimeout", "2"),
        ("MachineDetectionTimeout", "61"),
        ("MachineDetectionSpeechThreshold", "999"),
        ("MachineDetectionSpeechEndThreshold", "5001"),
        ("MachineDetectionSilenceTimeout", "2.5"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_by_name(name, value):
    with pytest.raises(DetectionError, match=f"^{name} '{value}'"):
        parse_detection({"MachineDetection": "Enable", name: value})
