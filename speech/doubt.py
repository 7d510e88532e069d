"""How sure one may be of what was heard: a calibrated confidence, and accept, confirm or reject.

A recogniser that may only choose from a list is sure of its choice whatever was said. What it cannot hide is how close
the next best explanation came: another phrase, or other speech (`[unk]`). Those margins, how long the words took
against what is usual for them, and how much loud sound they leave unexplained become two probabilities by logistic
regression: that something listed was said at all, and that it was this and nothing else of the list. Confidence is
their product. Both are fitted for each model on speakers that it was never trained on (`speech.training.doubt_fit`).

What was probably no answer at all is rejected; between two phrases of the list a question is worth while.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from speech.digits import UNKNOWN_WORD
from speech.grammar import Grammar
from speech.hypotheses import MOST_HYPOTHESES
from speech.meaning import meant
from speech.mulaw import LEVEL_MS
from speech.recognition import Hypothesis, Word

Band = Literal["accept", "confirm", "reject"]

# Source: `speech.endpointing`: what is speech on a telephone line, and how quiet its noise is.
LOUD_ABOVE_FLOOR_DB: Final = 10.0
LOWEST_LOUD_DBFS: Final = -55.0
HIGHEST_LOUD_DBFS: Final = -32.0
LOWEST_FLOOR_DBFS: Final = -65.0
NO_LINE_DBFS: Final = -80.0
# Beyond these, more of the same says nothing more. Source: ours.
MOST_EXTRAS: Final = 2.0
MOST_UNEXPLAINED_S: Final = 1.0
MOST_UNUSUAL: Final = 4.0
# The recogniser's words end a little before their sound does, and begin a little after it. Source: measured.
BESIDE_MS: Final = 120


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """How loud a stretch of audio was: the level of each part of 20 ms, in dB below full scale, from `start_ms` on."""

    start_ms: int
    levels_dbfs: tuple[float, ...]


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """How long a word takes: mean and standard deviation of the natural logarithm of its milliseconds."""

    mean: float
    deviation: float


class Regression(msgspec.Struct, frozen=True, kw_only=True):
    """Log odds: the intercept, and for fields of `Evidence` a number to multiply each with."""

    intercept: float
    weights: dict[str, float]


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """What was fitted for one model.

    `margin_cap` is how far margins are known (the recogniser's lattice beam); `listed` and `chosen` say how likely
    something of the list was said, and this of it; `usual` how long the words take, and under the empty word how long
    any other does. A confidence of `accept_from` is acted on; below `reject_below` (of `listed` alone) it is not even
    worth a question.
    """

    margin_cap: float
    listed: Regression
    chosen: Regression
    usual: dict[str, Usual]
    accept_from: float
    reject_below: float


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for and against one phrase, or one word of a number.

    Margins are differences of log likelihoods (natural logarithm), negative where the rival is the likelier one. A
    larger margin never lowers confidence: the fit lets no weight of `over_*` become negative.
    """

    # Over the best explanation with other speech, or with nothing, at this place; and the same, of weight near a tie.
    over_unknown: float
    over_unknown_near: float
    # Over the best explanation with other listed words at this place.
    over_other: float
    over_other_near: float
    # Standard deviations from the word's usual length, of the word for which that is most.
    shorter: float
    longer: float
    # Loud sound outside all words, in seconds.
    unexplained_s: float
    # How often the phrase is said again ("yes, yes"), and short unknown sounds beside it: what is in no list is often
    # heard as two things.
    extras: float


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """How likely the meaning is right, 0 to 1, and what to do; for a number both are those of its weakest digit.

    `listed` is how likely anything of the list was said.
    """

    confidence: float
    listed: float
    band: Band


REJECTED: Final = Assessment(confidence=0.0, listed=0.0, band="reject")


def doubt_of(fitted: Mapping[str, Any]) -> Doubt | None:
    """What a model's card says under "doubt"; None where it says nothing or nothing that can be used."""
    try:
        doubt = msgspec.convert(dict(fitted), Doubt)
    except (msgspec.ValidationError, TypeError, ValueError):
        return None
    known = set(Evidence.__struct_fields__)
    usable = set(doubt.listed.weights) | set(doubt.chosen.weights) <= known and doubt.margin_cap > 0
    return doubt if usable else None


def assess(
    doubt: Doubt, grammar: Grammar, hypotheses: Sequence[Hypothesis], index: int = 0, sound: Sound | None = None
) -> Assessment:
    """How far to trust that the caller meant what one of the hypotheses says; never raises, whatever was heard.

    Args:
        doubt: what was fitted for the model that heard this.
        grammar: what could be said.
        hypotheses: what may have been said, the likeliest first.
        index: which of them is meant.
        sound: how loud it was, from before the first word to after the last; None where that is not known.
    """
    found = evidence(doubt, grammar, hypotheses, index, sound)
    if not found:
        return REJECTED
    listed = min(probability(doubt.listed, each) for each in found)
    confidence = min(probability(doubt.listed, each) * probability(doubt.chosen, each) for each in found)
    return Assessment(confidence=confidence, listed=listed, band=band_of(doubt, confidence, listed))


def band_of(doubt: Doubt, confidence: float, listed: float) -> Band:
    """What to do at this confidence, and this probability that anything of the list was said."""
    if listed < doubt.reject_below:
        return "reject"
    return "accept" if confidence >= doubt.accept_from else "confirm"


def probability(regression: Regression, evidence: Evidence) -> float:
    """What a fitted regression makes of the evidence. Source: logistic regression."""
    log_odds = regression.intercept
    for name, weight in regression.weights.items():
        log_odds += weight * getattr(evidence, name)
    # exp() overflows far beyond where a probability differs from 0 or 1.
    return 1.0 / (1.0 + math.exp(-min(max(log_odds, -50.0), 50.0)))


def evidence(
    doubt: Doubt, grammar: Grammar, hypotheses: Sequence[Hypothesis], index: int = 0, sound: Sound | None = None
) -> list[Evidence]:
    """The evidence for the phrase that a hypothesis says, or for each word of its number; none where it means nothing.

    Arguments as of `assess`.
    """
    said = meant(grammar, hypotheses[index].words) if 0 <= index < len(hypotheses) else None
    if said is None:
        return []
    words, own, cap = said.words, hypotheses[index].score, doubt.margin_cap
    # What is not among the hypotheses is no likelier than the last of them; and where the list was not cut short, it
    # lies beyond the beam.
    unseen = own - (hypotheses[0].score - cap)
    if len(hypotheses) >= MOST_HYPOTHESES:
        unseen = min(unseen, own - hypotheses[-1].score)
    unknown, other = [_within(unseen, cap)] * len(words), [_within(unseen, cap)] * len(words)
    for rival in hypotheses:
        theirs = meant(grammar, rival.words)
        if theirs is not None and (theirs.intent, theirs.value) == (said.intent, said.value):
            continue
        margin = _within(own - rival.score, cap)
        for place, instead in differences(words, rival.words).items():
            is_unknown = not instead or any(word.text == UNKNOWN_WORD for word in instead)
            margins = unknown if is_unknown else other
            margins[place] = min(margins[place], margin)
    size = len(words) if said.value is None else 1
    return [
        _evidence(
            doubt,
            words[place : place + size],
            min(unknown[place : place + size]),
            min(other[place : place + size]),
            unexplained_s=_unexplained_s(words, sound),
            extras=said.times - 1 + len(hypotheses[index].words) - len(words),
        )
        for place in range(0, len(words), size)
    ]


def differences(words: Sequence[Word], rival: Sequence[Word]) -> dict[int, list[Word]]:
    """Where another hypothesis differs: index of a word, and what is there instead (nothing, one or several words).

    The words are laid side by side with as few changes as possible, and among equals so that their times fit. A word
    too many counts for the word beside it.
    """
    rows, columns = len(words), len(rival)
    costs = [[float(row + column) for column in range(columns + 1)] for row in range(rows + 1)]
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            costs[row][column] = min(
                costs[row - 1][column - 1] + _change(words[row - 1], rival[column - 1]),
                costs[row - 1][column] + 1.0,
                costs[row][column - 1] + 1.0,
            )
    found: dict[int, list[Word]] = {}
    row, column = rows, columns
    while row or column:
        here = costs[row][column]
        if row and column and here == costs[row - 1][column - 1] + _change(words[row - 1], rival[column - 1]):
            row, column = row - 1, column - 1
            if words[row].text != rival[column].text:
                found.setdefault(row, []).append(rival[column])
        elif row and here == costs[row - 1][column] + 1.0:
            row -= 1
            found.setdefault(row, [])
        else:
            column -= 1
            if words:
                found.setdefault(min(row, rows - 1), []).append(rival[column])
    return found


def _change(word: Word, other: Word) -> float:
    """What it costs to lay one word beside another: below a hundredth for the time between them, one for the text."""
    apart_ms = abs(word.start_ms + word.end_ms - other.start_ms - other.end_ms) / 2
    return (word.text != other.text) + 0.01 * apart_ms / (apart_ms + 1000.0)


def _within(margin: float, cap: float) -> float:
    return min(max(-cap, margin), cap)


def _evidence(
    doubt: Doubt, words: Sequence[Word], unknown: float, other: float, *, unexplained_s: float, extras: int
) -> Evidence:
    unusual = [_unusual(doubt, word) for word in words]
    return Evidence(
        over_unknown=unknown,
        over_unknown_near=math.tanh(unknown),
        over_other=other,
        over_other_near=math.tanh(other),
        shorter=max((max(0.0, -each) for each in unusual), default=0.0),
        longer=max((max(0.0, each) for each in unusual), default=0.0),
        unexplained_s=unexplained_s,
        extras=min(float(extras), MOST_EXTRAS),
    )


def _unusual(doubt: Doubt, word: Word) -> float:
    """How many standard deviations longer than usual a word is."""
    usual = doubt.usual.get(word.text) or doubt.usual.get("")
    if usual is None or usual.deviation <= 0:
        return 0.0
    longer = (math.log(max(1, word.end_ms - word.start_ms)) - usual.mean) / usual.deviation
    return min(max(longer, -MOST_UNUSUAL), MOST_UNUSUAL)


def _floor_dbfs(sound: Sound | None) -> float:
    """How loud the line is where nobody speaks: its quietest part, but for digital silence, which no line has."""
    levels = (level for level in sound.levels_dbfs if level > NO_LINE_DBFS) if sound is not None else ()
    return max(min(levels, default=LOWEST_FLOOR_DBFS), LOWEST_FLOOR_DBFS)


def _unexplained_s(words: Sequence[Word], sound: Sound | None) -> float:
    """How much loud sound there is outside all words."""
    if sound is None:
        return 0.0
    threshold = min(max(_floor_dbfs(sound) + LOUD_ABOVE_FLOOR_DB, LOWEST_LOUD_DBFS), HIGHEST_LOUD_DBFS)
    parts = 0
    for index, level in enumerate(sound.levels_dbfs):
        middle_ms = sound.start_ms + index * LEVEL_MS + LEVEL_MS // 2
        if level > threshold and not any(
            word.start_ms - BESIDE_MS <= middle_ms <= word.end_ms + BESIDE_MS for word in words
        ):
            parts += 1
    return min(parts * LEVEL_MS / 1000, MOST_UNEXPLAINED_S)
