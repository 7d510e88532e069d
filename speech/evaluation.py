"""How well a model hears recorded words: right words, other words rejected, strings of digits, and what it costs."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from speech.digits import DIGIT_WORDS, UNKNOWN_WORD, base_language, to_digits
from speech.doubt import doubt_of
from speech.errors import SpeechError
from speech.grammar import Digits, Grammar
from speech.interpretation import Band, interpret
from speech.lexicon.spelling import spellings_of
from speech.meaning import meant
from speech.models import Model
from speech.recorded import Take, takes_of, word_of
from speech.trials import Outcome, Trial, hear_all

# Source: the issue of the project's speech work: takes of one speaker, joined with this much silence between.
SHORTEST_PAUSE_MS: Final = 100
LONGEST_PAUSE_MS: Final = 400
Z_95: Final = 1.96
# Of a model with an open vocabulary nobody reads all words in a message.
MOST_WORDS_TOLD: Final = 200


class WordsUnknownError(SpeechError):
    """Words were asked for that the model does not have; the message names them and what it has."""

    code = "speech.words_unknown"


class Count(msgspec.Struct):
    """So many of so many."""

    right: int = 0
    of: int = 0

    def add(self, *, right: bool) -> None:
        """Count one more."""
        self.right += right
        self.of += 1

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where there is nothing to measure."""
        return self.right / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share. Source: Wilson 1927, score interval."""
        if not self.of:
            return 0.0, 1.0
        p, n, z2 = self.right / self.of, self.of, Z_95**2
        half = Z_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        return max(0.0, centre - half), min(1.0, centre + half)


class Evaluation(msgspec.Struct, kw_only=True):
    """What was measured.

    A file of a known word is right where the whole text is the word; `bands` says what would have become of the files
    of known words. Another word is rejected where a call would have asked again, and not taken it for anything. A
    string is right where its whole text is; `strings_of_length` counts the likeliest texts of as many digits, which
    is what a call takes where it knows how many to expect.
    """

    model: str
    phrases: tuple[str, ...]
    fitted: bool
    words: Count = msgspec.field(default_factory=Count)
    per_word: dict[str, Count] = msgspec.field(default_factory=dict)
    bands: Counter[Band] = msgspec.field(default_factory=Counter)
    right_rejected: Count = msgspec.field(default_factory=Count)
    other_words: Count = msgspec.field(default_factory=Count)
    other_bands: Counter[Band] = msgspec.field(default_factory=Counter)
    strings: Count = msgspec.field(default_factory=Count)
    strings_of_length: Count = msgspec.field(default_factory=Count)
    string_bands: Counter[Band] = msgspec.field(default_factory=Counter)
    confusions: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    taken_for: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    problems: list[str] = msgspec.field(default_factory=list)
    done: int = 0
    audio_s: float = 0.0
    busy_s: float = 0.0

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of one core's time for a second of audio."""
        return self.busy_s / self.audio_s if self.audio_s else None

    def as_json(self) -> dict[str, object]:
        """The one object that `ivr speech eval --json` prints; shares are between 0 and 1, or null."""
        return {
            "model": self.model,
            "files": self.words.of,
            "accuracy": _rounded(self.words.share),
            "per_word": {word: _rounded(count.share) for word, count in sorted(self.per_word.items())},
            "oov_files": self.other_words.of,
            "oov_rejected": _rounded(self.other_words.share),
            "strings": self.strings.of,
            "strings_exact": _rounded(self.strings.share),
            "rtf": _rounded(self.real_time_factor),
        }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def evaluate(
    model: Model,
    archives: Sequence[Path],
    *,
    words: Sequence[str] | None = None,
    strings: int = 0,
    length: int = 4,
    snr_db: float | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Evaluation:
    """Put recordings through a model as calls would, and count.

    Args:
        model: what hears.
        archives: zips of `WORD/SPEAKER_TAKE.wav`.
        words: the list of phrases, as the model or the folders name them, in any spelling that is one to the model;
            every other word in the zips counts as out of vocabulary. None takes every word of the zips that the model
            has, and where it has none of them, the digits.
        strings: how many strings of digits are joined, evenly from the speakers.
        length: how many digits a string has.
        snr_db: white noise is added, this many dB below the loud part of each recording.
        seed: draws the strings and the noise.
        progress: is told how many recordings of how many are done.

    Raises `RecordingsError`, `WordsUnknownError` and `RecogniserFailedError`.
    """
    labels, doubt = model.card.labels, doubt_of(model.card.doubt)
    takes = [msgspec.structs.replace(take, word=_spelled(model, take.word)) for take in takes_of(archives, labels)]
    wanted = None if words is None else [_spelled(model, word_of(word, labels)) for word in words]
    phrases = _phrases(model, takes, wanted)
    digits = tuple(word for word in _digit_words(model) if word in phrases)
    found = Evaluation(model=model.name, phrases=phrases, fitted=doubt is not None)
    of = len(takes) + (strings if any(take.word in digits for take in takes) else 0)

    def heard(listed: Sequence[str], trials: Sequence[Trial]) -> Iterator[Outcome]:
        if not trials:
            return
        for outcome in hear_all(model.path, [*listed, UNKNOWN_WORD], trials, snr_db=snr_db, seed=seed):
            found.done += 1
            progress(found.done, of)
            if outcome.problem is not None:
                found.problems.append(outcome.problem)
                continue
            found.audio_s += outcome.audio_s
            found.busy_s += outcome.busy_s
            yield outcome

    closed = Grammar(language=model.language or "", phrases={phrase: phrase for phrase in phrases})
    trials = {Trial(said=(t.word,), speaker=t.speaker, parts=((t.archive, t.name),)): t for t in takes}
    readable = []
    for outcome in heard(phrases, list(trials)):
        readable.append(trials[outcome.trial])
        band = interpret(closed, outcome.hypotheses, doubt=doubt, sound=outcome.sound).band
        _count_word(found, outcome, band, known=outcome.trial.said[0] in phrases)
    number = Grammar(language=model.language or "", digits=Digits(min=length, max=length))
    joined = strings_of([take for take in readable if take.word in digits], strings, length, seed)
    for outcome in heard(digits, joined):
        understood = interpret(number, outcome.hypotheses, doubt=doubt, sound=outcome.sound)
        said = to_digits(number.language, outcome.trial.said)
        meanings = (meant(number, hypothesis.words) for hypothesis in outcome.hypotheses)
        first = next((each for each in meanings if each is not None), None)
        found.strings.add(right=outcome.text.split() == list(outcome.trial.said))
        found.strings_of_length.add(right=first is not None and first.value == said)
        found.string_bands[understood.band] += 1
    return found


def _count_word(found: Evaluation, outcome: Outcome, band: Band, *, known: bool) -> None:
    (said,) = outcome.trial.said
    if not known:
        found.other_words.add(right=band == "reject")
        found.other_bands[band] += 1
        if band != "reject":
            found.taken_for[said, outcome.text] += 1
        return
    right = outcome.text == said
    found.words.add(right=right)
    found.per_word.setdefault(said, Count()).add(right=right)
    found.bands[band] += 1
    if right:
        found.right_rejected.add(right=band == "reject")
    else:
        found.confusions[said, outcome.text or "nothing"] += 1


def strings_of(takes: Sequence[Take], count: int, length: int, seed: int) -> list[Trial]:
    """Strings of digits, each joined from one speaker's takes with 100 to 400 ms of silence between.

    The speakers take turns; the same takes, numbers and seed give the same strings.
    """
    draw = random.Random(seed)  # noqa: S311 - reproducible draws, no secrets
    speakers: dict[str, list[Take]] = {}
    for take in takes:
        speakers.setdefault(take.speaker, []).append(take)
    names, strings = sorted(speakers), []
    for index in range(count if names and length > 0 else 0):
        speaker = names[index % len(names)]
        picked = [draw.choice(speakers[speaker]) for _ in range(length)]
        strings.append(
            Trial(
                said=tuple(take.word for take in picked),
                speaker=speaker,
                parts=tuple((take.archive, take.name) for take in picked),
                pauses_ms=tuple(draw.randint(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS) for _ in picked[1:]),
            )
        )
    return strings


def _phrases(model: Model, takes: Sequence[Take], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """What the recogniser may hear, without `[unk]`, sorted."""
    if wanted is not None:
        unknown = sorted({word for word in wanted if not _has(model, word)})
        if unknown or not wanted:
            known = model.words
            more = f" and {len(known) - MOST_WORDS_TOLD} more" if len(known) > MOST_WORDS_TOLD else ""
            what = f"does not have: {', '.join(unknown)}" if unknown else "cannot listen for no words"
            raise WordsUnknownError(
                f"the model {model.name} {what}. It has: {', '.join(known[:MOST_WORDS_TOLD])}{more}"
            )
        return tuple(sorted(set(wanted)))
    found = {take.word for take in takes if _has(model, take.word)}
    return tuple(sorted(found)) or tuple(sorted(_digit_words(model)))


def _spelled(model: Model, phrase: str) -> str:
    """The phrase as the model spells it, which is how it is heard; as it is where the model does not know it."""
    return spellings_of(model.vocabulary, model.language or "").phrase(phrase) or phrase


def _has(model: Model, phrase: str) -> bool:
    words = phrase.split()
    return bool(words) and UNKNOWN_WORD not in words and all(word in model.vocabulary for word in words)


def _digit_words(model: Model) -> list[str]:
    """The model's words for single digits."""
    return [word for word in DIGIT_WORDS.get(base_language(model.language or ""), {}) if word in model.vocabulary]
