"""The model card: `README.md` and `model.json` in the model folder, written from measured figures only."""

from __future__ import annotations

import json
import math
import textwrap
from pathlib import Path

from speech.training.graph import Costs
from speech.training.lexicon import COMMANDS, DIGITS, UNKNOWN_WORD, WORDS
from speech.training.speakers import (
    DEVELOPMENT_DIGIT_SPEAKERS,
    HELD_OUT_ESPEAK_ACCENTS,
    HELD_OUT_ESPEAK_VARIANTS,
    HELD_OUT_FLITE_VOICES,
)
from speech.training.splices import RIGHT_CONTEXT
from speech.training.vosk_evaluate import DIGIT_LIST, MENU_LIST, YES_NO_LIST, Measured, Score

SAID_BY_PEOPLE = (*DIGITS, *COMMANDS)
NEVER_SAID_BY_PEOPLE = tuple(word for word in WORDS if word not in SAID_BY_PEOPLE)
MODEL_FILES = (
    *("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst", "graph/words.txt"),
    *("graph/disambig_tid.int", "graph/phones/word_boundary.int"),
)
CONFUSIONS_OF = (
    "digits, studio speaker",
    "digits, crowd speakers",
    "synthetic: digits",
    "synthetic: menu words",
    "synthetic: yes and no",
    "rejection: digits, yes/no list",
    "rejection: English commands, digit list",
)
DATA = """\
| data | used for | licence |
|---|---|---|
| Free Spoken Digit Dataset (Jakobovski), 3 of the 4 speakers at hand | digits | CC BY-SA 4.0 |
| Speech Commands (Warden, Google), a subset, 339 of 404 speakers | zero, one, five, eight, commands | CC BY 4.0 |
| Arabic Speech Commands (Ghandoura, Hjabo, Al Dakkak), 20 of 24 speakers | other speech | CC BY 4.0 |
| espeak-ng, flite, festival | all words, other English words, strings of digits | made for this model |
"""


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


def _names(words: tuple[str, ...]) -> str:
    return ", ".join(words)


def _paragraph(text: str, bullet: str = "") -> str:
    indent = " " * len(bullet)
    return textwrap.fill(" ".join(text.split()), 118, initial_indent=bullet, subsequent_indent=indent) + "\n"


def _bullets(*texts: str) -> str:
    return "".join(_paragraph(text, "- ") for text in texts)


def _summary(scores: dict[str, Score]) -> str:
    lines = ["| what | speakers | files | right | 95 % interval | accepted |", "|---|---|---|---|---|---|"]
    for name, score in scores.items():
        low, high = interval(score.right, score.files)
        accepted = "" if score.accepted is None else percent(score.accepted, score.files)
        right = f"{percent(score.right, score.files)} | {100 * low:.0f}-{100 * high:.0f}"
        lines.append(f"| {name} | {len(score.per_speaker)} | {score.files} | {right} | {accepted} |")
    return "\n".join(lines) + "\n"


def _cell(score: Score | None, word: str) -> str:
    right, count = score.per_word.get(word, (0, 0)) if score else (0, 0)
    return f"{percent(right, count)} ({right}/{count})" if count else ""


def _per_word(scores: dict[str, Score]) -> str:
    people, crowd = scores["digits, studio speaker"], scores["digits, crowd speakers"]
    commands = scores["commands, crowd speakers"]
    lines = ["| word | one studio speaker | crowd | synthetic, held-out voices |", "|---|---|---|---|"]
    for word in (*WORDS, "call back"):
        synthetic = next((s for n, s in scores.items() if n.startswith("synthetic") and word in s.per_word), None)
        cells = _cell(people, word), _cell(crowd if word in DIGITS else commands, word), _cell(synthetic, word)
        lines.append(f"| {word} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _per_voice(scores: dict[str, Score]) -> str:
    columns = [name for name in scores if name.startswith("synthetic")]
    titles = [name.removeprefix("synthetic: ") for name in columns]
    lines = [f"| voice | {' | '.join(titles)} |", "|---" * (len(columns) + 1) + "|"]
    for voice in sorted({voice for name in columns for voice in scores[name].per_speaker}):
        cells = ["/".join(map(str, scores[name].per_speaker.get(voice, ("", "")))) for name in columns]
        lines.append(f"| {voice} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _confusions(scores: dict[str, Score]) -> str:
    texts = []
    for name in CONFUSIONS_OF:
        if name in scores:
            found = [f"{a} heard as {b} ({n})" for (a, b), n in scores[name].confusions.most_common(8)]
            texts.append(f"{name}: {', '.join(found) or 'none'}")
    return _bullets(*texts)


def card(measured: Measured, made: dict[str, float], size_bytes: int) -> str:
    """Return the model card as Markdown; arguments as for `write_card`, and the size of the model's files."""
    costs, scores = Costs(), measured.scores
    extra = "".join(f", {cost:+g} for {word}" for word, cost in costs.extra.items())
    sections = [
        "# telephone-en\n",
        _paragraph(
            """A small English model for telephone calls in Vosk's format: 8 kHz, closed vocabulary, no download.
            Made by `python -m speech.training` (see `speech/training/README.md`), which also wrote this card."""
        ),
        _bullets(
            f"Words: {_names(WORDS)}. Anything else is `{UNKNOWN_WORD}`. Give every turn a phrase list.",
            f"**Never said by a person**, in training or in any test: {_names(NEVER_SAID_BY_PEOPLE)}. The figures for "
            "these words come from synthetic voices; people may well be heard worse.",
            f"Size {size_bytes / 1e6:.1f} MB; {measured.busy_s / measured.audio_s:.3f} x real time on one core; the "
            f"network looks {10 * RIGHT_CONTEXT} ms ahead and is run every 120 ms.",
        ),
        "## Figures\n",
        _paragraph(
            """Through libvosk, fed as a call feeds it: decoded 8 kHz mu-law in chunks of 200 ms, a quarter of a second
            of digital silence before and half a second after. No speaker or voice below was in training. But the costs
            named at the end and the choice between trained models were made on these same speakers, so strangers may do
            somewhat worse. *Studio speaker* is one man: a figure from one speaker says little about the next, and the
            intervals know nothing of that. *Right*: the whole text is right; for rejection, nothing but `[unk]` was
            heard. *Accepted*: heard as listed words without any `[unk]`. Joined strings are four takes of one speaker
            with 100 to 400 ms between them; crowd speakers only said zero, one, five and eight."""
        ),
        _summary(scores),
        _paragraph(
            f"""Lists: ten digits and `[unk]` unless the row says otherwise. Digit list (also for synthetic digits):
            {_names(DIGIT_LIST)}. Yes/no list: {_names(YES_NO_LIST)}. Menu list: {_names(MENU_LIST)}."""
        ),
        "### By word\n",
        _per_word(scores),
        "### By synthetic voice, none of them trained on\n",
        _per_voice(scores),
        "### Main confusions\n",
        _confusions(scores),
        "## Data and licences\n",
        DATA,
        "All as 8 kHz mu-law. No recording is part of the model or of the project.\n",
        "## Kept out of training\n",
        _bullets(
            f"""Digits: the speaker {_names(DEVELOPMENT_DIGIT_SPEAKERS)}. Crowd and Arabic speakers: 15 %, by a hash of
            their names (`speech/training/speakers.py`). A model trained on them too would be better, and no figure
            above would be honest.""",
            f"""espeak-ng: the accent {_names(HELD_OUT_ESPEAK_ACCENTS)} with any variant; the variants
            {_names(HELD_OUT_ESPEAK_VARIANTS)} with any accent. flite: {_names(HELD_OUT_FLITE_VOICES)}.""",
        ),
        "## How it was made\n",
        _paragraph(
            f"""{made["nets"]:.0f} networks side by side (seeds from {made["seed"]:.0f}, {made["width"]:.0f} channels,
            {made["minutes"]:g} minutes each on one core, then {made["rounds"]:.0f} rounds of {made["refine"]:g} on
            milder distortions), scores averaged. Words start at even cuts, then maximum mutual information over whole
            paths. Training stops by the clock: the same seed gives a slightly different model each time. Costs, tuned
            on the speakers above:
            {costs.word:g} for every word, {costs.garbage:g} for other speech as `[unk]`, {costs.unlisted:g} for a known
            but unlisted word as `[unk]`{extra}."""
        ),
        "## What to expect\n",
        _bullets(
            "Two, three, four, six, seven and nine were learnt from three men and from synthetic voices.",
            "Confidence is not calibrated: it says little. Read digits back; offer the keypad.",
            """Never tried: real telephone calls, children, women saying the digits just named, shouting, two people at
            once.""",
        ),
    ]
    return "\n".join(sections)


def write_card(out: Path, measured: Measured, made: dict[str, float]) -> None:
    """Write `README.md` and `model.json` into a model folder.

    Args:
        out: the model folder, complete.
        measured: from `vosk_evaluate.evaluate`.
        made: "nets", "width", "minutes", "refine", "rounds" and "seed" of the training.
    """
    size_bytes = sum((out / name).stat().st_size for name in MODEL_FILES)
    (out / "README.md").write_text(card(measured, made, size_bytes), encoding="utf-8")
    figures = {
        "name": out.resolve().name,
        "language": "en",
        "sample_rate_hz": 8000,
        "words": list(WORDS),
        "never_said_by_people": list(NEVER_SAID_BY_PEOPLE),
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
