"""Verbs to TwiML: pure functions, over the SDK's document builder.

Source: https://www.twilio.com/docs/voice/twiml
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from twilio.twiml.voice_response import Dial, Gather, Start, VoiceResponse

from flows import actions
from ivr.urls import Urls

# Source: https://www.twilio.com/docs/voice/twiml/say/text-speech
SAY_LANGUAGES: Final = {"en": "en-GB"}
STREAM_NAME: Final = "asr"
FINISH_KEY: Final = "#"
LISTEN_ON_S: Final = 3


class MediaStream(msgspec.Struct, frozen=True, kw_only=True):
    """The fork of the caller's audio that the first document of a call starts, once."""

    url: str
    token: str


def render_turn(
    verbs: Iterable[actions.Verb], *, urls: Urls, call_sid: str, turn: int, stream: MediaStream | None, ring_s: int
) -> str:
    """The document of a turn. It never ends open: its last verb redirects, dials or hangs up."""
    response = VoiceResponse()
    if stream is not None:
        fork = Start()
        media = fork.stream(
            name=STREAM_NAME, url=stream.url, track="inbound_track", status_callback=urls.stream_status()
        )
        media.parameter(name="token", value=stream.token)
        response.append(fork)
    for verb in verbs:
        match verb:
            case actions.Say():
                _say(response, verb)
            case actions.Collect():
                response.append(_gather(verb, urls.turn(turn, "keys")))
                response.redirect(urls.turn(turn, "silence"), method="POST")
            case actions.Transfer():
                response.append(_dial_person(verb, urls, call_sid, turn, ring_s))
            case actions.Hangup():
                response.hangup()
    return str(response)


def render_listening(verb: actions.Collect, *, urls: Urls, turn: int, patience: int) -> str:
    """Go on listening without a word: the caller is in the middle of a sentence."""
    response = VoiceResponse()
    quiet = msgspec.structs.replace(verb, prompts=(), timeout_s=LISTEN_ON_S)
    response.append(_gather(quiet, urls.turn(turn, "keys")))
    response.redirect(urls.patient_silence(turn, patience), method="POST")
    return str(response)


def _say(parent: Any, verb: actions.Say) -> None:
    parent.say(verb.text, language=SAY_LANGUAGES[verb.language])


def _gather(verb: actions.Collect, action: str) -> Gather:
    gather = Gather(
        input="dtmf",
        action=action,
        method="POST",
        num_digits=verb.max_keys,
        timeout=verb.timeout_s,
        finish_on_key=FINISH_KEY,
    )
    for prompt in verb.prompts:
        _say(gather, prompt)
    return gather


def _dial_person(verb: actions.Transfer, urls: Urls, call_sid: str, turn: int, ring_s: int) -> Dial:
    dial = Dial(action=urls.turn(turn, "transfer"), method="POST", timeout=ring_s)
    if verb.person_id:
        dial.number(
            verb.person_number,
            url=urls.whisper(call_sid, verb.person_id),
            method="POST",
            status_callback=urls.person_status(call_sid, verb.person_id),
            status_callback_event="completed",
        )
    else:
        dial.number(verb.person_number)
    return dial


def say_and_hang_up(text: str) -> str:
    """A last sentence."""
    response = VoiceResponse()
    response.say(text, language=SAY_LANGUAGES["en"])
    response.hangup()
    return str(response)


def nothing() -> str:
    """An empty document: from a whisper it joins the two, from a status webhook it means thank you."""
    return str(VoiceResponse())


def hold(url: str, *, pause_s: int, text: str | None = None) -> str:
    """Wait for a moment, then ask again at `url`."""
    response = VoiceResponse()
    if text is not None:
        response.say(text, language=SAY_LANGUAGES["en"])
    response.pause(length=pause_s)
    response.redirect(url, method="POST")
    return str(response)


def last_resort(text: str, person_number: str) -> str:
    """Below everything: a spoken sentence and a person."""
    response = VoiceResponse()
    response.say(text, language=SAY_LANGUAGES["en"])
    response.dial(person_number)
    response.say("We could not reach anybody. Please call again later.", language=SAY_LANGUAGES["en"])
    response.hangup()
    return str(response)


def press_one(texts: Iterable[str], *, action: str, timeout_s: int, otherwise: str | None = None) -> str:
    """Speak, and take one key; without one, go to `otherwise` or hang up."""
    response = VoiceResponse()
    gather = Gather(input="dtmf", action=action, method="POST", num_digits=1, timeout=timeout_s)
    for text in texts:
        gather.say(text, language=SAY_LANGUAGES["en"])
    response.append(gather)
    if otherwise is not None:
        response.redirect(otherwise, method="POST")
    else:
        response.hangup()
    return str(response)


def join_conference(text: str, *, room: str, action: str | None = None) -> str:
    """Speak, then join a conference that ends when either side leaves; then `action`, or the end of the call."""
    response = VoiceResponse()
    response.say(text, language=SAY_LANGUAGES["en"])
    dial = Dial(action=action, method="POST") if action is not None else Dial()
    dial.conference(room, beep="false", start_conference_on_enter=True, end_conference_on_exit=True)
    response.append(dial)
    if action is None:
        response.hangup()
    return str(response)
