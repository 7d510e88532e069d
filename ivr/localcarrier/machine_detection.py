"""Who answered? What machine detection makes of the first seconds of an outbound call, without clock or audio.

    fax tone                         -> fax
    nothing said for `silence_s`     -> unknown
    greeting up to `speech_s`        -> human, once it has been silent for `speech_end_s`
    longer greeting, Enable          -> machine_start, as soon as it is too long
    longer greeting, DetectMessageEnd-> machine_end_beep at the beep, else machine_end_silence after the greeting
    no verdict within `timeout_s`    -> unknown

Source: https://www.twilio.com/docs/voice/answering-machine-detection
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from ivr.localcarrier.script import Answerer

AnsweredBy = Literal[
    "human", "machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax", "unknown"
]
FAX_TONE_MS: Final = 1100  # one CNG or CED cycle is enough to know it
BEEP_AFTER_MS: Final = 400  # from the end of a greeting to the end of its beep


class Detection(msgspec.Struct, frozen=True):
    """The parameters of create-call, with the vendor's defaults; times in milliseconds.

    With `is_async` the first document runs at once and `callback` is told the verdict; else it waits for the verdict.
    """

    until_message_end: bool = False
    timeout_ms: int = 30_000
    speech_ms: int = 2400
    speech_end_ms: int = 1200
    silence_ms: int = 5000
    callback: str | None = None
    callback_method: str = "POST"
    is_async: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """Who answered, and how long after the answer this was known."""

    answered_by: AnsweredBy
    duration_ms: int


def detect(answerer: Answerer, detection: Detection) -> Verdict:
    """Return the verdict on whoever took the call."""
    verdict = _heard(answerer, detection)
    if verdict.duration_ms > detection.timeout_ms:
        return Verdict("unknown", detection.timeout_ms)
    return verdict


def _heard(answerer: Answerer, detection: Detection) -> Verdict:
    taken_for = answerer.taken_for or answerer.kind
    if taken_for == "fax":
        return Verdict("fax", FAX_TONE_MS)
    if taken_for == "unknown":
        return Verdict("unknown", detection.silence_ms)
    greeting_ms = answerer.greeting_ms
    if greeting_ms is None:
        greeting_ms = 6000 if answerer.kind == "machine" else 800
    is_machine = greeting_ms > detection.speech_ms if answerer.taken_for is None else taken_for == "machine"
    if not is_machine:
        # A long greeting that is taken for a person's: the verdict comes with its first pause.
        return Verdict("human", min(greeting_ms, detection.speech_ms) + detection.speech_end_ms)
    if not detection.until_message_end:
        return Verdict("machine_start", min(greeting_ms, detection.speech_ms))
    if answerer.kind == "machine" and answerer.beeps:
        return Verdict("machine_end_beep", greeting_ms + BEEP_AFTER_MS)
    return Verdict("machine_end_silence", greeting_ms + detection.speech_end_ms)


class DetectionError(ValueError):
    """A parameter is out of its range; the message names it and the range."""


def parse_detection(form: Mapping[str, str]) -> Detection | None:
    """Read the parameters of create-call, None where no detection is asked for; raises `DetectionError`.

    With `SendDigits` detection is off, as the vendor does it.
    """
    mode = form.get("MachineDetection", "")
    if not mode or form.get("SendDigits"):
        return None
    if mode not in ("Enable", "DetectMessageEnd"):
        raise DetectionError(f"MachineDetection {mode!r} is neither Enable nor DetectMessageEnd")
    post = form.get("AsyncAmdStatusCallbackMethod", "").upper() != "GET"
    return Detection(
        until_message_end=mode == "DetectMessageEnd",
        timeout_ms=_number(form, "MachineDetectionTimeout", 3, 60, 30) * 1000,
        speech_ms=_number(form, "MachineDetectionSpeechThreshold", 1000, 6000, 2400),
        speech_end_ms=_number(form, "MachineDetectionSpeechEndThreshold", 500, 5000, 1200),
        silence_ms=_number(form, "MachineDetectionSilenceTimeout", 2000, 10_000, 5000),
        callback=form.get("AsyncAmdStatusCallback") or None,
        callback_method="POST" if post else "GET",
        is_async=form.get("AsyncAmd", "").lower() == "true",
    )


def _number(form: Mapping[str, str], name: str, lowest: int, highest: int, default: int) -> int:
    text = form.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise DetectionError(f"{name} {text!r} is not a number from {lowest} to {highest}")
    return int(text)
