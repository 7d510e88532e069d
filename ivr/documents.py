"""The documents of calls: what the carrier speaks, what we speak for it, and which recordings are played."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from flows import actions
from ivr import twilio_twiml
from ivr.flow_audio import WEB, FlowAudio
from ivr.redis_calls import CallRecord
from ivr.redis_prompts import PromptText
from ivr.spoken_prompts import SpokenPrompts, UnspeakableError
from ivr.twilio_twiml import Address, MediaStream, Way
from ivr.urls import Urls

log = structlog.get_logger()

NO_VOICE: Final = "I am sorry, I cannot speak your language just now. I will put you through to a person."


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
    ) -> None:
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
        except UnspeakableError as error:
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

    def whisper(self, sounds: Sequence[actions.Sound], *, revision: str, action: str, timeout_s: int) -> str:
        """What an agent hears before a call, and takes it by pressing 1."""
        sounds = [*sounds, *twilio_twiml.english("To take the call, press 1.")]
        try:
            address = self._address(sounds, revision)
        except UnspeakableError as error:
            log.error("a part of a whisper was left out", error=str(error))
            sounds = [sound for sound in sounds if twilio_twiml.has_voice(sound.language)]
            address = self._address(sounds, revision)
        return twilio_twiml.press_one(sounds, action=action, timeout_s=timeout_s, address=address)

    def _way(self, call_sid: str, turn: int, record: CallRecord, *, spoken: bool = True) -> Way:
        address = self._address(_sounds_of(record.verbs) if spoken else [], record.state.revision)
        return Way(urls=self._urls, call_sid=call_sid, turn=turn, address=address, ring_s=self._ring_s)

    def _address(self, sounds: Iterable[actions.Sound], revision: str) -> Address:
        """Where each sound that is played lies; raises `UnspeakableError`."""
        played: dict[actions.Sound, str] = {}
        ours: dict[actions.Sound, PromptText] = {}
        for sound in sounds:
            file = self._recording(sound, revision)
            if file is not None:
                played[sound] = file
            elif not twilio_twiml.has_voice(sound.language):
                ours[sound] = PromptText(sound.text, sound.language)
        names = self._prompts.announce(set(ours.values()))
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

    def _last_resort(self, call_sid: str, error: UnspeakableError) -> str:
        log.error("a call cannot be spoken with", call_sid=call_sid, error=str(error))
        return twilio_twiml.last_resort(NO_VOICE, self._person_number)


def _sounds_of(verbs: Iterable[actions.Verb]) -> list[actions.Sound]:
    sounds: list[actions.Sound] = []
    for verb in verbs:
        match verb:
            case actions.Say() | actions.Play():
                sounds.append(verb)
            case actions.Collect(prompts=prompts) | actions.Record(prompts=prompts):
                sounds += prompts
    return sounds
