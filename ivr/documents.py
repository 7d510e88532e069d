"""The documents of calls: what the carrier speaks, what we speak for it, and which recordings are played."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import structlog

from callbacks.model import CallbackRequest
from flows import actions
from flows.engine.steps import sentence
from flows.messages import message
from flows.parts import LANGUAGES
from ivr import twilio_twiml
from ivr.flow_audio import WEB, FlowAudio
from ivr.redis_calls import CallRecord
from ivr.redis_prompts import PromptText
from ivr.spoken_prompts import NoVoiceError, SpokenPrompts
from ivr.twilio_twiml import Address, MediaStream, Way
from ivr.urls import Urls

log = structlog.get_logger()

# In English, since it is said where nothing speaks the caller's language.
NO_VOICE: Final = "I am sorry, I cannot speak your language just now. I will put you through to a person."
# The carrier speaks it, and our own people understand it.
FALLBACK_LANGUAGE: Final = "en"
# What is said while something is broken. Its sound is found without Redis.
STANDING: Final = ("one_moment", "fault_person", "nobody_reached", "fault_callback", "callback_not_needed")


def known_language(written: object) -> str:
    """The language that an address or a dossier names; English where it names none of ours."""
    return next((language for language in LANGUAGES if language == written), FALLBACK_LANGUAGE)


def spoken_by_us(language: str, own_voices: Collection[str]) -> bool:
    """Whether our own voice speaks a language: where it is to, and where the carrier cannot."""
    return language in own_voices or not twilio_twiml.has_voice(language)


def standing_prompts(own_voices: Collection[str] = ()) -> list[PromptText]:
    """The standing sentences in the languages that we speak ourselves."""
    ours = [language for language in LANGUAGES if spoken_by_us(language, own_voices)]
    return [PromptText(message(language, name), language) for language in ours for name in STANDING]


class Documents:
    """Renders what a call hears. Every method raises `redis.RedisError` where Redis is needed and does not answer."""

    def __init__(
        self,
        *,
        urls: Urls,
        prompts: SpokenPrompts,
        audio: FlowAudio,
        media_url: str,
        ring_s: int,
        person_number: str,
        own_voices: Collection[str] = (),
    ) -> None:
        self._own_voices = own_voices
        self._urls = urls
        self._prompts = prompts
        self._audio = audio
        self._media_url = media_url
        self._ring_s = ring_s
        self._person_number = person_number

    def of_turn(self, call_sid: str, turn: int, record: CallRecord, *, first: bool = False) -> str:
        """The document that a call is at; the `first` one forks the caller's audio."""
        stream = None
        if first and record.forked:
            stream = MediaStream(url=self._media_url, token=record.media_token)
        try:
            return twilio_twiml.render_turn(record.verbs, self._way(call_sid, turn, record), stream=stream)
        except NoVoiceError as error:
            return self._last_resort(call_sid, error)

    def of_recording(self, call_sid: str, turn: int, record: CallRecord) -> str | None:
        """The same without the prompt, for a call that records; None for any other."""
        verb = next((verb for verb in record.verbs if isinstance(verb, actions.Record)), None)
        if verb is None:
            return None
        return twilio_twiml.render_recording(verb, self._way(call_sid, turn, record, spoken=False))

    def of_listening(self, call_sid: str, turn: int, record: CallRecord, patience: int) -> str | None:
        """Listen on without a word; None for a call that is not asked anything."""
        verb = next((verb for verb in record.verbs if isinstance(verb, actions.Collect)), None)
        if verb is None:
            return None
        way = self._way(call_sid, turn, record, spoken=False)
        return twilio_twiml.render_listening(verb, way, patience=patience)

    def of_patience(self, url: str, language: str, *, pause_s: int, first: bool) -> str:
        """Something is broken: wait for a moment, then ask again at `url`; said the `first` time. Needs no Redis."""
        sounds, address = self._standing(language, *(["one_moment"] if first else []))
        return twilio_twiml.hold(url, pause_s=pause_s, sounds=sounds, address=address)

    def of_fault(self, language: str) -> str:
        """It stays broken: a sentence and a person. Needs no Redis."""
        (sound,), address = self._standing(language, "fault_person")
        ended = self._urls.last_resort(language=language)
        return twilio_twiml.last_resort(sound, self._person_number, ended=ended, address=address)

    def of_last_sentence(self, name: str, language: str) -> str:
        """One of the standing sentences, and the end of the call. Needs no Redis."""
        sounds, address = self._standing(language, name)
        return twilio_twiml.say_and_hang_up(sounds, address=address)

    def of_customer(self, request: CallbackRequest, *, room: str) -> str:
        """The customer of a callback hears who calls, and is joined with the agent in `room`."""
        sounds, address = self._greeting(request, "callback_greeting")
        return twilio_twiml.join_conference(sounds, room=room, address=address)

    def of_proof(self, request: CallbackRequest, *, action: str, otherwise: str, timeout_s: int) -> str:
        """The customer who is called first hears who calls, and presses 1; else the call goes on at `otherwise`."""
        sounds, address = self._greeting(request, "callback_prove")
        return twilio_twiml.press_one(sounds, action=action, timeout_s=timeout_s, otherwise=otherwise, address=address)

    def of_waiting_customer(self, request: CallbackRequest, *, room: str) -> str:
        """The customer who pressed 1 waits in `room` for an agent."""
        sounds, address = self._said(request.language, "callback_one_moment")
        return twilio_twiml.join_conference(sounds, room=room, address=address)

    def of_message(self, request: CallbackRequest) -> str:
        """The short message that is left on the last attempt."""
        sounds, address = self._greeting(request, "callback_message", words=False)
        return twilio_twiml.say_and_hang_up(sounds, address=address)

    def of_apology(self, request: CallbackRequest) -> str:
        """No agent was found for a customer who was called first."""
        sounds, address = self._said(request.language, "callback_nobody_came")
        return twilio_twiml.say_and_hang_up(sounds, address=address)

    def of_delay(self, request: CallbackRequest, text: str) -> str:
        """The call that tells of a new time: the two words, so that they know us, and `text`."""
        said = actions.Say(text=text, language=known_language(request.language))
        sounds = [*self._words(request), said]
        try:
            return twilio_twiml.say_and_hang_up(sounds, address=self._address(sounds, ""))
        except NoVoiceError as error:
            log.error("a delay is told in a language that nothing speaks", error=str(error))
            return twilio_twiml.say_and_hang_up([])

    def _words(self, request: CallbackRequest) -> list[actions.Sound]:
        """The two words that they know us by."""
        if len(request.words) != 2:
            return []
        first, second = request.words
        return [sentence(known_language(request.language), "callback_words", first=first, second=second)]

    def _greeting(
        self, request: CallbackRequest, name: str, *, words: bool = True
    ) -> tuple[Sequence[actions.Sound], Address]:
        """The two words that they know us by, and a sentence that says who calls."""
        language, organisation = known_language(request.language), request.dossier.get("organisation")
        sounds = self._words(request) if words else []
        if organisation:
            sounds.append(sentence(language, name, organisation=organisation))
        else:
            sounds.append(sentence(language, f"{name}_unnamed"))
        try:
            return sounds, self._address(sounds, "")
        except NoVoiceError as error:
            # The organisation's name is in the language that nothing speaks.
            log.error("a customer is greeted in another language", error=str(error))
            return [sentence(FALLBACK_LANGUAGE, f"{name}_unnamed")], twilio_twiml.by_carrier

    def _said(self, language: str, name: str) -> tuple[Sequence[actions.Sound], Address]:
        sounds = [sentence(known_language(language), name)]
        try:
            return sounds, self._address(sounds, "")
        except NoVoiceError as error:
            log.error("a customer is spoken to in another language", error=str(error))
            return [sentence(FALLBACK_LANGUAGE, name)], twilio_twiml.by_carrier

    def whisper(self, sounds: Sequence[actions.Sound], *, revision: str, action: str, timeout_s: int) -> str:
        """What an agent hears before a call, and takes it by pressing 1."""
        sounds = [*sounds, *twilio_twiml.english("To take the call, press 1.")]
        sounds, address = self._speakable(sounds, revision)
        return twilio_twiml.press_one(sounds, action=action, timeout_s=timeout_s, address=address)

    def number_whisper(self, sounds: Sequence[actions.Sound], *, revision: str) -> str:
        """What is heard at a plain number, where no key is asked for."""
        sounds, address = self._speakable(sounds, revision)
        return twilio_twiml.spoken(sounds, address=address)

    def _speakable(self, sounds: Sequence[actions.Sound], revision: str) -> tuple[Sequence[actions.Sound], Address]:
        """The sounds without those for which there is no voice: a briefing with a gap is better than none."""
        try:
            return sounds, self._address(sounds, revision)
        except NoVoiceError as error:
            log.error("a part of a whisper was left out", error=str(error))
            sounds = [sound for sound in sounds if twilio_twiml.has_voice(sound.language)]
            return sounds, self._address(sounds, revision)

    def _way(self, call_sid: str, turn: int, record: CallRecord, *, spoken: bool = True) -> Way:
        address = self._address(_sounds_of(record.verbs) if spoken else [], record.state.revision)
        return Way(
            urls=self._urls,
            call_sid=call_sid,
            turn=turn,
            language=record.state.language,
            address=address,
            ring_s=self._ring_s,
        )

    def _standing(self, language: str, *names: str) -> tuple[list[actions.Say], Address]:
        """Standing sentences and where they lie; in English where this machine cannot speak the language at once.

        A fault must not depend on what is broken, and that may be Redis, the disk, or our own voice.
        """
        sounds = [sentence(language, name) for name in names]
        if not spoken_by_us(language, self._own_voices):
            return sounds, twilio_twiml.by_carrier
        texts = {sound: PromptText(sound.text, sound.language) for sound in sounds}
        at_once = self._prompts.at_once(texts.values())
        if at_once is None and twilio_twiml.has_voice(language):
            return sounds, twilio_twiml.by_carrier
        if at_once is None:
            log.error("a fault is told in another language", language=language)
            return self._standing(FALLBACK_LANGUAGE, *names)
        urls: dict[actions.Sound, str] = {sound: self._urls.prompt(at_once[text]) for sound, text in texts.items()}
        return sounds, urls.get

    def _address(self, sounds: Iterable[actions.Sound], revision: str) -> Address:
        """Where each sound that is played lies; raises `NoVoiceError` for what the carrier cannot speak either."""
        played: dict[actions.Sound, str] = {}
        ours: dict[actions.Sound, PromptText] = {}
        for sound in sounds:
            file = self._recording(sound, revision)
            if file is not None:
                played[sound] = file
            elif spoken_by_us(sound.language, self._own_voices):
                ours[sound] = PromptText(sound.text, sound.language)
        try:
            names = self._prompts.announce(set(ours.values()))
        except NoVoiceError as error:
            if not all(twilio_twiml.has_voice(sound.language) for sound in ours):
                raise
            log.error("the carrier speaks instead of our own voice", error=str(error))
            return played.get
        played.update({sound: self._urls.prompt(names[text]) for sound, text in ours.items()})
        return played.get

    def _recording(self, sound: actions.Sound, revision: str) -> str | None:
        if not isinstance(sound, actions.Play):
            return None
        if sound.audio.startswith(WEB):
            return sound.audio
        if self._audio.path(sound.audio) is None:
            log.error("a recording cannot be played, so its words are spoken", file=sound.audio, revision=revision)
            return None
        return self._urls.audio(revision, sound.audio)

    def _last_resort(self, call_sid: str, error: NoVoiceError) -> str:
        log.error("a call cannot be spoken with", call_sid=call_sid, error=str(error))
        ended = self._urls.last_resort(language=FALLBACK_LANGUAGE)
        return twilio_twiml.last_resort(twilio_twiml.english(NO_VOICE)[0], self._person_number, ended=ended)


def _sounds_of(verbs: Iterable[actions.Verb]) -> list[actions.Sound]:
    sounds: list[actions.Sound] = []
    for verb in verbs:
        match verb:
            case actions.Say() | actions.Play():
                sounds.append(verb)
            case actions.Collect(prompts=prompts) | actions.Record(prompts=prompts):
                sounds += prompts
    return sounds
