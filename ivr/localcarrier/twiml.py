"""Reads TwiML: a pure function from the text of a document to verbs, with the vendor's warnings and errors.

Element and attribute names are case-sensitive. What is well-formed but unknown is warning 12200 and is left out;
what is not a document at all is error 12100.

Source: https://www.twilio.com/docs/voice/twiml, https://www.twilio.com/docs/errors/12100 and /12200
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ivr.localcarrier import verbs as v
from ivr.localcarrier.xmltree import Element, XmlError, parse_xml

MAX_BYTES: Final = 64 * 1024  # Source: https://www.twilio.com/docs/errors/11750
MAX_NUMBERS: Final = 10  # Source: docs/voice/twiml/number (simultaneous dialling)
MAX_PARAMETER_CHARS: Final = 500  # Source: docs/voice/twiml/stream

_RECORDING: Final = {
    "record",
    "recordingStatusCallback",
    "recordingStatusCallbackMethod",
    "recordingStatusCallbackEvent",
    "recordingTrack",
    "trim",
}
_AMD: Final = {
    "machineDetection",
    "machineDetectionTimeout",
    "machineDetectionSpeechThreshold",
    "machineDetectionSpeechEndThreshold",
    "machineDetectionSilenceTimeout",
    "amdStatusCallback",
    "amdStatusCallbackMethod",
}
_STATUS: Final = {"statusCallback", "statusCallbackMethod", "statusCallbackEvent"}

# Every attribute that the vendor knows, also those that change nothing here.
_ATTRIBUTES: Final[Mapping[str, set[str]]] = {
    "Response": set(),
    "Say": {"voice", "language", "loop"},
    "Play": {"loop", "digits"},
    "Pause": {"length"},
    "Gather": {
        *("action", "method", "input", "timeout", "finishOnKey", "numDigits", "actionOnEmptyResult"),
        *("language", "hints", "speechTimeout", "speechModel", "profanityFilter", "enhanced", "bargeIn"),
        *("partialResultCallback", "partialResultCallbackMethod", "maxSpeechTime", "debug"),
    },
    "Record": {
        *("action", "method", "timeout", "finishOnKey", "maxLength", "playBeep", "trim"),
        *("transcribe", "transcribeCallback", "recordingStatusCallback", "recordingStatusCallbackMethod"),
        "recordingStatusCallbackEvent",
    },
    "Redirect": {"method"},
    "Hangup": set(),
    "Reject": {"reason"},
    "Start": set(),
    "Stop": set(),
    "Stream": {"url", "name", "track", "connectorName", "statusCallback", "statusCallbackMethod"},
    "Parameter": {"name", "value"},
    "Dial": {
        *("action", "method", "timeout", "timeLimit", "callerId", "hangupOnStar", "answerOnBridge", "events"),
        *("ringTone", "referUrl", "referMethod", "sequential"),
        *_RECORDING,
    },
    "Number": {"sendDigits", "url", "method", "byoc", *_STATUS, *_AMD},
    "Conference": {
        *("muted", "beep", "startConferenceOnEnter", "endConferenceOnExit", "participantLabel", "coach"),
        *("jitterBufferSize", "waitUrl", "waitMethod", "maxParticipants", "region", "eventCallbackUrl"),
        *_STATUS,
        *_RECORDING,
    },
}
_NOT_RUN_HERE: Final = {"Enqueue", "Leave", "Connect", "Refer", "Sms", "Message", "Pay", "Prompt"}


class TwimlError(Exception):
    """The document cannot be run; `code` is the vendor's, `line` counts from 1."""

    retryable = False

    def __init__(self, code: int, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.line = line


def parse_twiml(body: bytes | str) -> v.Document:
    """Return the document's verbs and warnings.

    Raises `TwimlError`: 12100 for what is not a TwiML document, 11750 for more than 64 kB.
    """
    if len(body) > MAX_BYTES:
        raise TwimlError(11750, f"the document is longer than {MAX_BYTES} bytes")
    try:
        root = parse_xml(body)
    except XmlError as error:
        raise TwimlError(12100, f"not well-formed XML: {error}", error.line) from error
    if root.tag != "Response":
        raise TwimlError(12100, f"the root element is <{root.tag}>, not <Response>", root.line)
    return _Reader().document(root)


class _Reader:
    """Collects the warnings of one document while its elements become verbs."""

    def __init__(self) -> None:
        self._warnings: list[v.Problem] = []
        self._verbs: Mapping[str, Callable[[Element], v.Verb | None]] = {
            "Say": self._say,
            "Play": self._play,
            "Pause": self._pause,
            "Gather": self._gather,
            "Record": self._record,
            "Redirect": lambda e: v.Redirect(e.text.strip(), self._method(e)),
            "Hangup": lambda _e: v.Hangup(),
            "Reject": self._reject,
            "Start": self._start,
            "Stop": self._stop,
            "Dial": self._dial,
        }

    def document(self, root: Element) -> v.Document:
        self._known_attributes(root)
        if root.text.strip():
            self._warn(root, "text between verbs is ignored")
        read = [self._verb(element) for element in root.children]
        return v.Document(tuple(verb for verb in read if verb is not None), tuple(self._warnings))

    def _verb(self, element: Element) -> v.Verb | None:
        if element.tag in _NOT_RUN_HERE:
            self._warn(element, f"the local carrier does not run <{element.tag}> yet")
            return v.Unsupported(element.tag)
        read = self._verbs.get(element.tag)
        if read is None:
            self._warn(element, f"<{element.tag}> is not a verb")
            return None
        self._known_attributes(element)
        return read(element)

    # -- verbs that make sound

    def _say(self, e: Element) -> v.Say:
        # The words inside SSML are spoken, its prosody is not.
        text = " ".join(e.content.split())
        return v.Say(text, e.attributes.get("voice", "man"), e.attributes.get("language", "en-US"), self._loop(e))

    def _play(self, e: Element) -> v.Play:
        return v.Play(e.text.strip(), self._loop(e), e.attributes.get("digits", ""))

    def _pause(self, e: Element) -> v.Pause:
        return v.Pause(self._integer(e, "length", 1, lowest=1))

    def _gather(self, e: Element) -> v.Gather:
        prompts: list[v.Say | v.Play | v.Pause] = []
        for child in e.children:
            if child.tag not in ("Say", "Play", "Pause"):
                self._warn(child, f"<{child.tag}> is not allowed inside <Gather>")
                continue
            prompt = self._verb(child)
            if isinstance(prompt, v.Play) and prompt.digits:
                self._warn(child, "<Play digits> is not allowed inside <Gather>")
            elif isinstance(prompt, v.Say | v.Play | v.Pause):
                prompts.append(prompt)
        if "dtmf" not in e.attributes.get("input", "dtmf").split():
            self._warn(e, "the local carrier has no cloud recogniser: only keys are gathered")
        number = self._integer(e, "numDigits", 0, lowest=1) or None
        return v.Gather(
            prompts=tuple(prompts),
            action=e.attributes.get("action"),
            method=self._method(e),
            timeout_s=self._integer(e, "timeout", 5),
            finish_on_key=e.attributes.get("finishOnKey", "#"),
            num_digits=number,
            action_on_empty_result=self._flag(e, "actionOnEmptyResult", default=False),
        )

    def _record(self, e: Element) -> v.Record:
        return v.Record(
            action=e.attributes.get("action"),
            method=self._method(e),
            timeout_s=self._integer(e, "timeout", 5),
            finish_on_key=e.attributes.get("finishOnKey", "1234567890*#"),
            max_length_s=self._integer(e, "maxLength", 3600, lowest=1),
            play_beep=self._flag(e, "playBeep", default=True),
        )

    # -- verbs that end or fork

    def _reject(self, e: Element) -> v.Reject:
        return v.Reject("busy" if e.attributes.get("reason") == "busy" else "rejected")

    def _start(self, e: Element) -> v.Verb | None:
        stream = self._only_stream(e)
        if stream is None:
            return None
        a = stream.attributes
        parameters = []
        for child in stream.children:
            if child.tag != "Parameter":
                self._warn(child, f"<{child.tag}> is not allowed inside <Stream>")
                continue
            self._known_attributes(child)
            name, value = child.attributes.get("name", ""), child.attributes.get("value", "")
            if len(name) + len(value) >= MAX_PARAMETER_CHARS:
                self._warn(child, f"<Parameter> {name} is longer than {MAX_PARAMETER_CHARS} characters")
                continue
            parameters.append((name, value))
        return v.StartStream(
            url=a.get("url", ""),
            name=a.get("name", ""),
            track=a.get("track", "inbound_track"),
            status_callback=a.get("statusCallback"),
            status_callback_method=self._method(stream, "statusCallbackMethod"),
            parameters=tuple(parameters),
        )

    def _stop(self, e: Element) -> v.Verb | None:
        stream = self._only_stream(e)
        return None if stream is None else v.StopStream(stream.attributes.get("name", ""))

    def _only_stream(self, e: Element) -> Element | None:
        found = None
        for child in e.children:
            if child.tag == "Stream" and found is None:
                self._known_attributes(child)
                found = child
            else:
                self._warn(child, f"<{child.tag}> inside <{e.tag}> is not supported")
        return found

    # -- Dial and its nouns

    def _dial(self, e: Element) -> v.Dial:
        numbers, conference = [], None
        if e.text.strip():
            numbers.append(v.Number(e.text.strip()))
        for child in e.children:
            if child.tag not in ("Number", "Conference"):
                self._warn(child, f"<{child.tag}> inside <Dial> is not supported")
                continue
            self._known_attributes(child)
            if child.tag == "Number":
                numbers.append(self._number(child))
            else:
                conference = self._conference(child)
        if numbers and conference:
            raise TwimlError(12100, "<Conference> cannot be mixed with other nouns in one <Dial>", e.line)
        if len(numbers) > MAX_NUMBERS:
            self._warn(e, f"only the first {MAX_NUMBERS} nouns are dialled")
        return v.Dial(
            numbers=tuple(numbers[:MAX_NUMBERS]),
            conference=conference,
            action=e.attributes.get("action"),
            method=self._method(e),
            timeout_s=self._integer(e, "timeout", 30, lowest=1),
            time_limit_s=self._integer(e, "timeLimit", 14_400, lowest=1),
            caller_id=e.attributes.get("callerId"),
            hangup_on_star=self._flag(e, "hangupOnStar", default=False),
            answer_on_bridge=self._flag(e, "answerOnBridge", default=False),
        )

    def _number(self, e: Element) -> v.Number:
        a = e.attributes
        return v.Number(
            number=e.text.strip(),
            url=a.get("url"),
            method=self._method(e),
            send_digits=a.get("sendDigits", ""),
            status_callback=a.get("statusCallback"),
            status_callback_method=self._method(e, "statusCallbackMethod"),
            status_callback_events=tuple(a.get("statusCallbackEvent", "completed").split()),
        )

    def _conference(self, e: Element) -> v.Conference:
        a = e.attributes
        return v.Conference(
            name=e.text.strip(),
            muted=self._flag(e, "muted", default=False),
            beep=a.get("beep", "true"),
            start_on_enter=self._flag(e, "startConferenceOnEnter", default=True),
            end_on_exit=self._flag(e, "endConferenceOnExit", default=False),
            label=a.get("participantLabel", ""),
            wait_url=a.get("waitUrl"),
            wait_method=self._method(e, "waitMethod"),
            max_participants=self._integer(e, "maxParticipants", 250, lowest=1),
            status_callback=a.get("statusCallback"),
            status_callback_method=self._method(e, "statusCallbackMethod"),
            status_callback_events=tuple(a.get("statusCallbackEvent", "").split()),
        )

    # -- attributes

    def _known_attributes(self, e: Element) -> None:
        for name in e.attributes:
            if name not in _ATTRIBUTES[e.tag]:
                self._warn(e, f'attribute "{name}" is not allowed on <{e.tag}>')

    def _method(self, e: Element, name: str = "method") -> str:
        method = e.attributes.get(name, "POST").upper()
        if method in ("GET", "POST"):
            return method
        self._warn(e, f'{name}="{method}" is neither GET nor POST')
        return "POST"

    def _loop(self, e: Element) -> int:
        return min(self._integer(e, "loop", 1) or v.MAX_LOOP, v.MAX_LOOP)

    def _integer(self, e: Element, name: str, default: int, *, lowest: int = 0) -> int:
        text = e.attributes.get(name)
        if text is None:
            return default
        if text.isdecimal() and int(text) >= lowest:
            return int(text)
        self._warn(e, f'{name}="{text}" is not a whole number of at least {lowest}')
        return default

    def _flag(self, e: Element, name: str, *, default: bool) -> bool:
        text = e.attributes.get(name)
        if text in ("true", "false"):
            return text == "true"
        if text is not None:
            self._warn(e, f'{name}="{text}" is neither true nor false')
        return default

    def _warn(self, e: Element, message: str) -> None:
        self._warnings.append(v.Problem(12200, message, e.line))
