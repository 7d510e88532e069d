"""What doubt is fitted on: recordings of speakers that no model was trained on, under the lists of a call.

Some say what is listed; others say something else, or make a noise. `kind` tells them apart in the figures.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from speech import mulaw
from speech.digits import DIGIT_WORDS, UNKNOWN_WORD
from speech.grammar import Grammar
from speech.models import Model
from speech.recorded import Take, takes_of
from speech.training import other_words, voices_arabic, voices_persian
from speech.training.recordings import ARABIC_ZIP, COMMANDS_ZIP, DIGITS_ZIP
from speech.training.speakers import SYNTHETIC_PREFIXES, is_development
from speech.trials import Outcome, Trial, hear_all

# Enough for a share of 3 % to be known within 1.5 %, and few enough for three minutes of one core in all.
MOST_OF_A_KIND = 420
NOISY_SNR_DB = 15.0
# What a call offers beside the answer itself, in words that a model may have.
UNIVERSAL = {
    "en": ("agent", "operator", "repeat"),
    "ar": ("موظف", "كرر", "مساعدة"),
    "fa": ("اپراتور", "تکرار", "کمک"),
}
YES_NO = {"en": ("yes", "no"), "ar": ("نعم", "لا"), "fa": ("بله", "نه")}
# Words of synthetic voices that no training ever hears.
NEVER_TRAINED: dict[str, Callable[[], Collection[str]]] = {
    "en": lambda: other_words.HELD_OUT,
    "ar": lambda: {word.text for word in voices_arabic.language().held_out},
    "fa": lambda: {word.text for word in voices_persian.language().held_out},
}
# Arabic words of the recordings that are next to the same in Persian.
LIKE_PERSIAN = ("zero",)
OWN_ZIPS = {"en": (DIGITS_ZIP, COMMANDS_ZIP), "ar": (ARABIC_ZIP,), "fa": ()}
SILENCE_S = 1.2


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Recordings of one kind under one list; `listed` says whether the list has what is said."""

    name: str
    listed: bool
    phrases: tuple[str, ...]
    trials: tuple[Trial, ...]
    snr_db: float | None = None


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard in one recording, and the grammar that it was heard with."""

    kind: str
    listed: bool
    grammar: Grammar
    outcome: Outcome

    @property
    def right(self) -> bool:
        """Whether the recogniser's likeliest text is exactly what was said."""
        return self.listed and self.outcome.text == " ".join(self.outcome.trial.said)

    @property
    def speaker(self) -> str:
        """Who speaks; a speaker of one zip is another than one of the same name in another zip."""
        return self.outcome.trial.speaker


def examples(model: Model, kinds: Iterable[Kind], processes: int | None = 1) -> Iterator[Example]:
    """Put all recordings through the model."""
    language = model.language or "en"
    for kind in kinds:
        grammar = Grammar(language=language, phrases={phrase: phrase for phrase in kind.phrases})
        heard = hear_all(
            model.path, [*kind.phrases, UNKNOWN_WORD], kind.trials, snr_db=kind.snr_db, processes=processes
        )
        for outcome in heard:
            if outcome.problem is None:
                yield Example(kind=kind.name, listed=kind.listed, grammar=grammar, outcome=outcome)


def kinds_of(model: Model, recordings: Path, voices: Sequence[Path], most: int = MOST_OF_A_KIND) -> list[Kind]:
    """Every kind of recording for a model's language; those without any recording are left out.

    Args:
        model: what will hear them.
        recordings: the folder with the three zips of people.
        voices: zips of synthetic voices in the model's language; only held-out ones are used.
        most: how many recordings of a kind at most, of each zip for the digits.
    """
    language = model.language or "en"
    people = [recordings / name for name in OWN_ZIPS[language]]
    strangers = [recordings / name for other, names in OWN_ZIPS.items() if other != language for name in names]
    own = [take for take in takes_of(people, model.card.labels) if _held_out(take)] if people else []
    alike = LIKE_PERSIAN if language == "fa" else ()
    foreign = [take for take in takes_of(strangers, {}) if _held_out(take) and take.word not in alike]
    made = [take for take in takes_of(voices, model.card.labels) if _held_out(take)] if voices else []

    digits = _known(model, DIGIT_WORDS[language])
    said_digits = _known(model, {take.word for take in own} & set(digits)) or digits
    universal = _known(model, UNIVERSAL[language])
    yes_no = _known(model, YES_NO[language])
    everything = _known(model, {take.word for take in own})
    menu = tuple(word for word in _known(model, {take.word for take in made}) if word not in digits)
    # Phrases of one word: a menu's are short, and the longer ones are easier.
    menu = tuple(word for word in menu if " " not in word)[:40]

    def saying(takes: Iterable[Take], words: Iterable[str]) -> list[Take]:
        wanted = set(words)
        return [take for take in takes if take.word in wanted]

    def not_saying(takes: Iterable[Take], words: Iterable[str]) -> list[Take]:
        unwanted = set(words)
        return [take for take in takes if take.word not in unwanted]

    strange = NEVER_TRAINED[language]()
    unheard = [take for take in made if take.word in strange and not _known(model, [take.word])]
    with_universal = tuple(dict.fromkeys([*said_digits, *universal]))
    asked = tuple(dict.fromkeys([*yes_no, *universal]))

    def kind(
        name: str,
        listed: bool,
        phrases: Sequence[str],
        takes: Sequence[Take],
        at_most: int = most,
        snr_db: float | None = None,
    ) -> Kind:
        archives = itertools.groupby(takes, key=lambda take: take.archive) if name == "digits" else [("", takes)]
        chosen = [take for _, group in archives for take in _spread(list(group), min(most, at_most))]
        trials = tuple(Trial(said=(t.word,), speaker=t.speaker, parts=((t.archive, t.name),)) for t in chosen)
        return Kind(name=name, listed=listed, phrases=tuple(phrases), trials=trials, snr_db=snr_db)

    found = [
        kind("digits", True, said_digits, saying(own, said_digits)),
        kind("digits, with noise", True, said_digits, saying(own, said_digits), at_most=200, snr_db=NOISY_SNR_DB),
        kind("words of people", True, everything, saying(own, everything)),
        kind("synthetic digits", True, with_universal, saying(made, said_digits), at_most=200),
        kind("synthetic yes and no", True, asked, saying(made, yes_no), at_most=150),
        kind("synthetic menu words", True, menu, saying(made, menu), at_most=300),
        kind("own words, digit list", False, said_digits, not_saying(own, digits)),
        kind("own words, digit list, with noise", False, said_digits, not_saying(own, digits), 200, NOISY_SNR_DB),
        kind("own words, yes/no list", False, asked, not_saying(own, asked)),
        kind("foreign words, digit list", False, said_digits, foreign),
        kind("foreign words, all words listed", False, everything, foreign, at_most=200),
        kind("synthetic words never heard, digit list", False, said_digits, unheard, at_most=300),
        kind("synthetic words never heard, menu list", False, menu, unheard, at_most=200),
    ]
    noises = tuple(Trial(said=(), speaker=f"noise {n}", audio=audio) for n, audio in enumerate(no_speech()))
    found += [
        Kind(name=f"no speech, {name} list", listed=False, phrases=phrases, trials=noises)
        for name, phrases in (("digit", said_digits), ("yes/no", asked))
    ]
    return [kind for kind in found if kind.phrases and kind.trials]


def no_speech(seed: int = 0) -> Iterator[bytes]:
    """Yield what a telephone line gives without anybody speaking, mu-law: silence, noise, tones, clicks, knocks."""
    draw = np.random.default_rng(seed)
    count = round(SILENCE_S * mulaw.RATE_HZ)
    at = np.arange(count)

    def coded(samples: np.ndarray) -> bytes:
        return mulaw.encode(np.clip(samples, -32768, 32767).astype("<i2").tobytes())

    def tone(hz: float) -> np.ndarray:
        return np.sin(2 * np.pi * hz * at / mulaw.RATE_HZ)

    yield mulaw.SILENCE * count
    for amplitude in (10, 50, 200, 1000, 4000):
        yield coded(draw.normal(0, amplitude, count))
    # Source: ITU-T E.180 (dialling tones of North America and Europe, a busy tone), T.30 (a fax); and mains hum.
    for tones in ((350, 440), (425,), (480, 620), (50, 100, 150), (1100,), (2100,)):
        for amplitude in (300, 3000):
            yield coded(amplitude * sum((tone(hz) for hz in tones), np.zeros(count)) / len(tones))
    for _ in range(24):
        samples = draw.normal(0, 15, count)
        decay, hz = draw.choice((20, 100, 400, 1200)), draw.uniform(80, 1800)
        amplitude = draw.choice((1000, 5000, 15000))
        for start in draw.integers(0, count, draw.integers(1, 5)):
            fading = np.where(at >= start, np.exp(-np.maximum(at - start, 0) / decay), 0.0)
            samples += amplitude * fading * (tone(hz) + draw.normal(0, 0.5, count))
        yield coded(samples)


def _spread(takes: Sequence[Take], most: int) -> list[Take]:
    """At most so many of them, evenly."""
    if len(takes) <= most:
        return list(takes)
    return [takes[index * len(takes) // most] for index in range(most)]


def _known(model: Model, phrases: Iterable[str]) -> tuple[str, ...]:
    """Those that the model has, each once; sets come sorted."""
    ordered = sorted(phrases) if isinstance(phrases, set) else phrases
    known = (phrase for phrase in ordered if all(word in model.vocabulary for word in phrase.split()))
    return tuple(dict.fromkeys(known))


def _held_out(take: Take) -> bool:
    speaker = take.speaker.partition(":")[2]
    return is_development(speaker)


def is_person(speaker: str) -> bool:
    """Whether a person speaks, and no machine."""
    return not speaker.partition(":")[2].startswith(SYNTHETIC_PREFIXES) and ":" in speaker
