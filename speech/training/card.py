"""The model card: `README.md` and `model.json` in the model folder, written from measured figures only."""

from __future__ import annotations

import json
import math
from pathlib import Path

from speech.training.graph import Costs
from speech.training.lexicon import COMMANDS, DIGITS, UNKNOWN_WORD, WORDS
from speech.training.network import RIGHT_CONTEXT
from speech.training.speakers import (
    DEVELOPMENT_DIGIT_SPEAKERS,
    HELD_OUT_ESPEAK_ACCENTS,
    HELD_OUT_ESPEAK_VARIANTS,
    HELD_OUT_FLITE_VOICES,
)
from speech.training.vosk_evaluate import DIGIT_LIST, MENU_LIST, YES_NO_LIST, Measured, Score

SAID_BY_PEOPLE = (*DIGITS, *COMMANDS)
MODEL_FILES = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf")
GRAPH_FILES = ("graph/HCLr.fst", "graph/Gr.fst", "graph/words.txt", "graph/disambig_tid.int", "graph/phones/word_boundary.int")


def percent(right: int, count: int) -> str:
    """Return a share as text with one decimal."""
    return f"{100 * right / count:.1f} %" if count else "-"


def interval(right: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share. Source: Wilson 1927, score interval with z = 1.96."""
    if not count:
        return 0.0, 1.0
    z, p = 1.96, right / count
    centre = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    return centre - half, centre + half


def _summary(scores: dict[str, Score]) -> list[str]:
    lines = ["| what | speakers | files | right | 95 % interval |", "|---|---|---|---|---|"]
    for name, score in scores.items():
        low, high = interval(score.right, score.files)
        lines.append(
            f"| {name} | {len(score.speakers)} | {score.files} | {percent(score.right, score.files)} "
            f"| {100 * low:.0f}-{100 * high:.0f} |"
        )
    return lines


def _cell(score: Score | None, word: str) -> str:
    right, count = score.per_word.get(word, (0, 0)) if score else (0, 0)
    return f"{percent(right, count)} ({right}/{count})" if count else ""


def _per_word(scores: dict[str, Score]) -> list[str]:
    people, crowd = scores["digits, studio speaker"], scores["digits, crowd speakers"]
    commands = scores["commands, crowd speakers"]
    lines = ["| word | one studio speaker | crowd | synthetic, held-out voices |", "|---|---|---|---|"]
    for word in (*WORDS, "call back"):
        synthetic = next((s for n, s in scores.items() if n.startswith("synthetic") and word in s.per_word), None)
        said = crowd if word in DIGITS else commands
        cells = _cell(people, word), _cell(said, word), _cell(synthetic, word)
        lines.append(f"| {word} | {' | '.join(cells)} |")
    return lines


def _confusions(scores: dict[str, Score], names: tuple[str, ...], most: int = 8) -> list[str]:
    lines = []
    for name in names:
        found = [f"{a} heard as {b} ({n})" for (a, b), n in scores[name].confusions.most_common(most)]
        lines.append(f"- {name}: {', '.join(found) or 'none'}")
    return lines


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(words)


def card(measured: Measured, made: dict[str, float], size_bytes: int) -> str:
    """Return the model card as Markdown."""
    scores = measured.scores
    never = [w for w in WORDS if w not in SAID_BY_PEOPLE]
    costs = Costs()
    lines = [
        "# telephone-en",
        "",
        "A small English model for telephone calls in Vosk's format: 8 kHz, closed vocabulary, no download. Made by",
        "`python -m speech.training` (see `speech/training/README.md`); this card is written by the same command.",
        "",
        f"- Words: {_quoted(WORDS)}; anything else is `{UNKNOWN_WORD}`. Give every turn a phrase list.",
        f"- Size: {size_bytes / 1e6:.1f} MB. Speed: {measured.busy_s / measured.audio_s:.3f} x real time on one core.",
        f"- Look-ahead of the network: {10 * RIGHT_CONTEXT} ms; scores come every 120 ms.",
        f"- Never said by a person, in training or in any test: {_quoted(tuple(never))}. The figures for these words are",
        "  from synthetic voices only. People may be heard worse.",
        "",
        "## Figures",
        "",
        "Through libvosk, fed as a call feeds it: decoded 8 kHz mu-law in chunks of 200 ms, a quarter of a second of",
        "digital silence before and half a second after. No speaker or voice below was in training. The costs of words",
        f"and `{UNKNOWN_WORD}` and the choice between models were made on these same speakers, so new speakers may do a",
        "little worse. *Studio speaker* is one man; a figure from one speaker says little about the next. *Right* means the",
        f"whole text is right; for rejection, that nothing but `{UNKNOWN_WORD}` was heard. Strings are joined from one",
        "speaker's takes with 100 to 400 ms between; crowd speakers only said zero, one, five and eight. The list is of",
        "the ten digits unless it is named.",
        "",
        *_summary(scores),
        "",
        "Lists: digits and universal words: " + _quoted(DIGIT_LIST) + ". Yes/no: " + _quoted(YES_NO_LIST) + ". Menu: "
        "" + _quoted(MENU_LIST) + ".",
        "",
        "### By word",
        "",
        *_per_word(scores),
        "",
        "### Main confusions",
        "",
        *_confusions(
            scores,
            (
                "digits, studio speaker",
                "digits, crowd speakers",
                "synthetic: digits",
                "synthetic: menu words",
                "synthetic: yes and no",
                "rejection: digits, yes/no list",
                "rejection: English commands, digit list",
            ),
        ),
        "",
        "## Data and licences",
        "",
        "| data | used for | licence |",
        "|---|---|---|",
        "| Free Spoken Digit Dataset (Jakobovski), 3 of the 4 speakers at hand | digits | CC BY-SA 4.0 |",
        "| Speech Commands (Warden, Google), a subset: 339 of 404 speakers | zero, one, five, eight, up, down, left, right, "
        "go | CC BY 4.0 |",
        "| Arabic Speech Commands (Ghandoura, Hjabo, Al Dakkak), 20 of 24 speakers | speech that is not in the "
        "vocabulary | CC BY 4.0 |",
        "| espeak-ng, flite, festival | all words, other English words, strings of digits | made for this model |",
        "",
        "All as 8 kHz mu-law. No recording is part of the model or of the project.",
        "",
        "## Kept out of training",
        "",
        f"- Digits: the speaker {_quoted(DEVELOPMENT_DIGIT_SPEAKERS)}. Crowd and Arabic speakers: 15 %, by a hash of",
        "  their names (`speech/training/speakers.py`). A model for use could train on them too; then no figure would be",
        "  honest, so this one did not.",
        f"- espeak-ng: the accents {_quoted(HELD_OUT_ESPEAK_ACCENTS)}; the variants {_quoted(HELD_OUT_ESPEAK_VARIANTS)}",
        f"  under every accent. flite: {_quoted(HELD_OUT_FLITE_VOICES)}.",
        "",
        "## How it was made",
        "",
        f"{made['nets']:.0f} networks side by side (seeds from {made['seed']:.0f}; {made['width']:.0f} channels;",
        f"{made['minutes']:.0f} minutes each on one core), scores averaged. Maximum mutual information over whole paths;",
        "words start at even cuts. Training stops by the clock: the same seed gives a slightly different model on another",
        f"machine. Costs when a word begins: {costs.word} for words, {costs.garbage} for other speech as",
        f"`{UNKNOWN_WORD}`, {costs.unlisted} for a known word that is not in the list as `{UNKNOWN_WORD}`"
        + (f", and {costs.extra}." if costs.extra else "."),
        "",
        "## What to expect",
        "",
        "- Two, three, four, six, seven and nine were learnt from three men and synthetic voices.",
        "- Confidence is not calibrated. Read digits back; offer the keypad.",
        "- Never tried: real telephone calls, children, women saying the digits above, shouting, two people at once.",
        "",
    ]
    return "\n".join(lines)


def write_card(out: Path, measured: Measured, made: dict[str, float]) -> None:
    """Write `README.md` and `model.json` into a model folder.

    Args:
        out: the model folder, complete.
        measured: from `vosk_evaluate.evaluate`.
        made: "nets", "width", "minutes" and "seed" of the training.
    """
    size_bytes = sum((out / name).stat().st_size for name in (*MODEL_FILES, *GRAPH_FILES))
    (out / "README.md").write_text(card(measured, made, size_bytes), encoding="utf-8")
    figures = {
        "name": "telephone-en",
        "sample_rate_hz": 8000,
        "words": list(WORDS),
        "never_said_by_a_person": [w for w in WORDS if w not in SAID_BY_PEOPLE],
        "size_bytes": size_bytes,
        "real_time_factor": round(measured.busy_s / measured.audio_s, 4),
        "made": made,
        "held_out_voices": {
            "espeak_accents": list(HELD_OUT_ESPEAK_ACCENTS),
            "espeak_variants": list(HELD_OUT_ESPEAK_VARIANTS),
            "flite": list(HELD_OUT_FLITE_VOICES),
        },
        "scores": {name: score.as_json() for name, score in measured.scores.items()},
    }
    (out / "model.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
