"""Verbs to TwiML: pure functions, over the SDK's document builder.

Source: https://www.twilio.com/docs/voice/twiml
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from twilio.twiml.voice_response import Dial, Gather, Start, VoiceResponse

from flows import actions
from ivr.urls import Urls

# Source: https://www.twilio.com/docs/voice/twiml/say/text-speech. Arabic has no voice but those that are named, and
# Persian has none at all.
SAY_LANGUAGES: Final = {"en": "en-GB", "ar": "arb"}
SAY_VOICES: Final = {"ar": "Polly.Zeina"}
STREAM_NAME: Final = "asr"
FINISH_KEY: Final = "#"
LISTEN_ON_S: Final = 3
# From the last word before a recording to the beep.
BEFORE_BEEP_S: Final = 1
ANY_KEY: Final = "1234567890*#"

# The sound that stands for a prompt, where it is played; None where the carrier is to speak its text.
Address = Callable[[actions.Sound], str | None]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What the document of a turn is made with."""

    urls: Urls
    call_sid: str
    turn: int
    language: str
    address: Address
    ring_s: int


class MediaStream(msgspec.Struct, frozen=True, kw_only=True):
    """The fork of the caller's audio that the first document of a call starts, once."""

    url: str
    token: str


def by_carrier(_sound: actions.Sound) -> None:
    """The `Address` of sounds that the carrier speaks, all of them."""


def has_voice(language: str) -> bool:
    """Whether the carrier can speak a language."""
    return language in SAY_LANGUAGES


def render_turn(verbs: Iterable[actions.Verb], way: Way, *, stream: MediaStream | None = None) -> str:
    """The document of a turn. It never ends open: its last verb redirects, dials or hangs up."""
    response = VoiceResponse()
    urls, turn = way.urls, way.turn
    if stream is not None:
        fork = Start()
        media = fork.stream(
            name=STREAM_NAME, url=stream.url, track="inbound_track", status_callback=urls.stream_status()
        )
        media.parameter(name="token", value=stream.token)
        response.append(fork)
    for verb in verbs:
        match verb:
            case actions.Say() | actions.Play():
                _sound(response, verb, way.address)
            case actions.Collect():
                _collect(response, verb, way)
                response.redirect(urls.turn(turn, "silence", language=way.language), method="POST")
            case actions.Record():
                _record(response, verb, way)
            case actions.Transfer():
                response.append(_dial_person(verb, way))
            case actions.Hangup():
                response.hangup()
    return str(response)


def render_listening(verb: actions.Collect, way: Way, *, patience: int) -> str:
    """Go on listening without a word: the caller is in the middle of a sentence."""
    response = VoiceResponse()
    _collect(response, msgspec.structs.replace(verb, prompts=(), no_input_s=LISTEN_ON_S), way)
    response.redirect(way.urls.patient_silence(way.turn, patience, language=way.language), method="POST")
    return str(response)


def render_recording(verb: actions.Record, way: Way) -> str:
    """Begin to record at once: the caller cut the prompt."""
    response = VoiceResponse()
    _record(response, msgspec.structs.replace(verb, prompts=()), way)
    return str(response)


def _sound(parent: Any, sound: actions.Sound, address: Address) -> None:
    url = address(sound)
    if url is not None:
        parent.play(url)
    else:
        parent.say(sound.text, language=SAY_LANGUAGES[sound.language], voice=SAY_VOICES.get(sound.language))


def _collect(response: VoiceResponse, verb: actions.Collect, way: Way) -> None:
    """One Gather for one key; for several, as many in a row as make up the wait for the first.

    A Gather has one timer, for the silence before the first key and for the pause after each. So that the pause can be
    short and the silence long, each Gather waits for the pause alone, and the next one listens on without a word.
    Nothing comes between two of them, neither a request nor a sound; and a key during the prompt is in the first.
    Where one key is the answer, the hash key is one, too.
    Source: https://www.twilio.com/docs/voice/twiml/gather (timeout, finishOnKey)
    """
    several = verb.max_keys > 1
    timeout_s = verb.between_digits_s if several else verb.no_input_s
    for number in range(math.ceil(verb.no_input_s / timeout_s)):
        gather = Gather(
            input="dtmf",
            action=way.urls.turn(way.turn, "keys", language=way.language, sensitive=verb.sensitive),
            method="POST",
            num_digits=verb.max_keys,
            timeout=timeout_s,
            finish_on_key=FINISH_KEY if several else "",
        )
        for prompt in verb.prompts if number == 0 else ():
            _sound(gather, prompt, way.address)
        response.append(gather)


def _record(response: VoiceResponse, verb: actions.Record, way: Way) -> None:
    """The prompt, which a key can cut as everywhere; the recording, which a key ends; and a way on after silence.

    Source: https://www.twilio.com/docs/voice/twiml/record: with no sound in it, the next verb follows.
    """
    urls, turn, language = way.urls, way.turn, way.language
    if verb.prompts:
        gather = Gather(
            input="dtmf",
            action=urls.turn(turn, "skip", language=language),
            method="POST",
            num_digits=1,
            timeout=BEFORE_BEEP_S,
            finish_on_key="",
        )
        for prompt in verb.prompts:
            _sound(gather, prompt, way.address)
        response.append(gather)
    response.record(
        action=urls.turn(turn, "recorded", language=language),
        method="POST",
        max_length=verb.max_s,
        timeout=verb.no_input_s,
        finish_on_key=ANY_KEY,
    )
    response.redirect(urls.turn(turn, "silence", language=language), method="POST")


def _dial_person(verb: actions.Transfer, way: Way) -> Dial:
    """An agent is briefed first, and takes the call by a key; at a plain number only the flow's whisper is spoken."""
    urls, call_sid = way.urls, way.call_sid
    action = urls.turn(way.turn, "transfer", language=way.language)
    dial = Dial(action=action, method="POST", timeout=way.ring_s)
    if verb.person_id and verb.person_id != verb.person_number:
        dial.number(
            verb.person_number,
            url=urls.whisper(call_sid, verb.person_id),
            method="POST",
            status_callback=urls.person_status(call_sid, verb.person_id),
            status_callback_event="completed",
        )
    elif verb.whisper is not None:
        dial.number(verb.person_number, url=urls.number_whisper(call_sid, way.language), method="POST")
    else:
        dial.number(verb.person_number)
    return dial


def english(*texts: str) -> list[actions.Sound]:
    """Sentences of ours for people of ours."""
    return [actions.Say(text=text, language="en") for text in texts]


def say_and_hang_up(sounds: Iterable[actions.Sound], *, address: Address = by_carrier) -> str:
    """A last sentence."""
    response = VoiceResponse()
    for sound in sounds:
        _sound(response, sound, address)
    response.hangup()
    return str(response)


def nothing() -> str:
    """An empty document: from a whisper it joins the two, from a status webhook it means thank you."""
    return str(VoiceResponse())


def spoken(sounds: Iterable[actions.Sound], *, address: Address = by_carrier) -> str:
    """Sounds and nothing more: from a whisper, the two are joined after them."""
    response = VoiceResponse()
    for sound in sounds:
        _sound(response, sound, address)
    return str(response)


def hold(url: str, *, pause_s: int, sounds: Iterable[actions.Sound] = (), address: Address = by_carrier) -> str:
    """Wait for a moment, then ask again at `url`."""
    response = VoiceResponse()
    for sound in sounds:
        _sound(response, sound, address)
    response.pause(length=pause_s)
    response.redirect(url, method="POST")
    return str(response)


def last_resort(sound: actions.Sound, person_number: str, *, ended: str, address: Address = by_carrier) -> str:
    """Below everything: a spoken sentence and a person; `ended` is asked how the call goes on after them.

    A sentence after the Dial would be heard by those, too, who did talk with that person.
    Source: https://www.twilio.com/docs/voice/twiml/dial (action)
    """
    response = VoiceResponse()
    _sound(response, sound, address)
    response.dial(person_number, action=ended, method="POST")
    return str(response)


def press_one(
    sounds: Iterable[actions.Sound],
    *,
    action: str,
    timeout_s: int,
    otherwise: str | None = None,
    address: Address = by_carrier,
) -> str:
    """Speak, and take one key; without one, go to `otherwise` or hang up."""
    response = VoiceResponse()
    gather = Gather(input="dtmf", action=action, method="POST", num_digits=1, timeout=timeout_s)
    for sound in sounds:
        _sound(gather, sound, address)
    response.append(gather)
    if otherwise is not None:
        response.redirect(otherwise, method="POST")
    else:
        response.hangup()
    return str(response)


def join_conference(
    sounds: Iterable[actions.Sound], *, room: str, action: str | None = None, address: Address = by_carrier
) -> str:
    """Speak, then join a conference that ends when either side leaves; then `action`, or the end of the call."""
    response = VoiceResponse()
    for sound in sounds:
        _sound(response, sound, address)
    dial = Dial(action=action, method="POST") if action is not None else Dial()
    dial.conference(room, beep="false", start_conference_on_enter=True, end_conference_on_exit=True)
    response.append(dial)
    if action is None:
        response.hangup()
    return str(response)
