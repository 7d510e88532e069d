"""The model card: `README.md` and `model.json` in the model folder, written from measured figures only."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from speech.evaluation import Count, Evaluation
from speech.lexicon.building import Costs
from speech.lexicon.units import UNKNOWN_WORD, WORD_TABLES, phones_of
from speech.training.groups import HELD_OUT_ENGLISH
from speech.training.recordings import HELD_OUT_ARABIC
from speech.training.speakers import (
    DEVELOPMENT_DIGIT_SPEAKERS,
    HELD_OUT_ESPEAK_ACCENTS,
    HELD_OUT_ESPEAK_VARIANTS,
    HELD_OUT_FESTIVAL_VOICES,
    HELD_OUT_FLITE_VOICES,
)
from speech.training.splices import RIGHT_CONTEXT

NAMES = {"en": "English", "ar": "Arabic", "fa": "Persian"}
SAID_BY_PEOPLE = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "go"),
    "ar": tuple(WORD_TABLES["ar"].LABELS.values()),
    "fa": (),
}
MODEL_FILES = (
    *("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst", "graph/words.txt"),
    *("graph/disambig_tid.int", "graph/phones/word_boundary.int"),
)
DATA = """\
| data | used for | licence |
|---|---|---|
| Free Spoken Digit Dataset (Jakobovski), 4 speakers | English digits | CC BY-SA 4.0 |
| Speech Commands (Warden, Google), a subset, 404 speakers | zero, one, five, eight; other English words | CC BY 4.0 |
| Arabic Speech Commands (Ghandoura, Hjabo, Al Dakkak), 24 speakers | Arabic words | CC BY 4.0 |
| espeak-ng, flite, festival | all words, other words, strings of digits | made for these models |
"""


def _percent(count: Count) -> str:
    return "" if count.share is None else f"{100 * count.share:.1f} %"


def _paragraph(text: str, bullet: str = "") -> str:
    indent = " " * len(bullet)
    return textwrap.fill(" ".join(text.split()), 118, initial_indent=bullet, subsequent_indent=indent) + "\n"


def _bullets(*texts: str) -> str:
    return "".join(_paragraph(text, "- ") for text in texts if text)


def _summary(rows: Mapping[str, Evaluation]) -> str:
    lines = [
        "| what | files | right | 95 % interval | right, rejected | other words | rejected | strings | all right |",
        "|---" * 9 + "|",
    ]
    for name, row in rows.items():
        low, high = row.words.interval
        between = f"{100 * low:.0f}-{100 * high:.0f}" if row.words.of else ""
        cells = [str(row.words.of or ""), _percent(row.words), between, _percent(row.right_rejected)]
        cells += [str(row.other_words.of or ""), _percent(row.other_words)]
        cells += [str(row.strings.of or ""), _percent(row.strings)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _per_word(rows: Mapping[str, Evaluation]) -> str:
    people = [row for name, row in rows.items() if not name.startswith("synthetic") and "10 dB" not in name]
    voices = [row for name, row in rows.items() if name.startswith("synthetic: core")]
    lines = ["| word | people never trained on | voices never trained on |", "|---|---|---|"]
    for word in sorted({word for row in (*people, *voices) for word in row.per_word}):
        cells = []
        for group in (people, voices):
            counts = [row.per_word[word] for row in group if word in row.per_word]
            best = max(counts, key=lambda count: count.of, default=Count())
            cells.append(f"{_percent(best)} ({best.right}/{best.of})" if best.of else "")
        lines.append(f"| {word} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _confusions(rows: Mapping[str, Evaluation]) -> str:
    texts = []
    for name, row in rows.items():
        found = [f"{a} heard as {b} ({n})" for (a, b), n in row.confusions.most_common(8)]
        taken = [f"{a} taken for {b} ({n})" for (a, b), n in row.taken_for.most_common(5)]
        if found or taken:
            texts.append(f"{name}: {', '.join([*found, *taken])}")
    return _bullets(*texts)


def _readme(language: str, rows: Mapping[str, Evaluation], made: Mapping[str, object], size_bytes: int) -> str:
    table, costs = WORD_TABLES[language], Costs()
    never = [word for word in (*table.CORE, *table.MENU) if word not in SAID_BY_PEOPLE[language]]
    audio_s, busy_s = sum(row.audio_s for row in rows.values()), sum(row.busy_s for row in rows.values())
    sections = [
        f"# telephone-{language}\n",
        _paragraph(
            f"""A small {NAMES[language]} model for telephone calls in Vosk's format: 8 kHz, no download. Made by
            `python -m speech.training` (see `speech/training/README.md`), which also wrote this card."""
        ),
        _bullets(
            f"Core words, with outputs of their own: {', '.join(table.CORE)}.",
            f"Words spelled with phones: {', '.join(table.MENU)}. More can be added (`ivr speech lexicon --help`).",
            f"Anything else is `{UNKNOWN_WORD}`. Give every turn a phrase list.",
            f"""**Never said by a person**, in training or in any test: {", ".join(never)}. The figures for these words
            come from synthetic voices; people may well be heard worse."""
            if SAID_BY_PEOPLE[language]
            else """**No person was ever recorded for this model.** Every figure comes from synthetic voices of one kind
            and says little about people.""",
            f"""Size {size_bytes / 1e6:.1f} MB; {busy_s / max(audio_s, 1e-9):.3f} x real time on one core; the network
            looks {10 * RIGHT_CONTEXT} ms ahead and is run every 120 ms.""",
        ),
        "## Figures\n",
        _paragraph(
            """Measured on a twin of this model: made in the same way with the same numbers, but without the development
            speakers, so that no speaker or voice below was in its training. The shipped model was trained on those
            speakers too, and should be no worse. Costs and the fit of the doubt were chosen on the same speakers, so
            strangers may do somewhat worse; *studio speaker* is one man, and a figure from one speaker says little
            about the next. *Right*: the whole text is right. *Rejected*: a call would have asked again (a fitted
            threshold). Fed as calls feed it: mu-law, chunks of 100 ms. Strings are four takes of one speaker with
            100 to 400 ms between."""
        ),
        _summary(rows),
        "### By word\n",
        _per_word(rows),
        "### Main confusions\n",
        _confusions(rows),
        "## Data and licences\n",
        DATA,
        _paragraph(
            """All as 8 kHz mu-law. No recording is part of the model or of the project. The model is the project's own,
            under the project's licence: Apache-2.0."""
        ),
        "## Kept out of the twin's training\n",
        _bullets(
            f"""English digits: {", ".join(DEVELOPMENT_DIGIT_SPEAKERS)}. Crowd and Arabic speakers: 15 %, by a hash of
            their names (`speech/training/speakers.py`).""",
            f"""Kept out of both: espeak-ng's {", ".join(HELD_OUT_ESPEAK_ACCENTS)} with any variant and the variants
            {", ".join(HELD_OUT_ESPEAK_VARIANTS)} with any accent; flite's {", ".join(HELD_OUT_FLITE_VOICES)};
            festival's {", ".join(HELD_OUT_FESTIVAL_VOICES)}. As other speech: Arabic {", ".join(HELD_OUT_ARABIC)} for
            English, English {", ".join(HELD_OUT_ENGLISH)} for the others.""",
        ),
        "## How it was made\n",
        _paragraph(
            f"""One network for English, Arabic and Persian, {made["width"]} channels, {made["updates"]} updates,
            weights averaged; words start at even cuts, then maximum mutual information over whole paths; two rounds of
            refining, the second one in noise. Costs: {asdict(costs)}."""
        ),
        "Never tried: real telephone calls, children, two people at once.\n",
    ]
    return "\n".join(sections)


def write_card(out: Path, language: str, rows: Mapping[str, Evaluation], made: Mapping[str, object]) -> None:
    """Write `README.md` and `model.json` into a complete model folder.

    Args:
        out: the model folder.
        language: what it hears.
        rows: what was measured, by the names of `measures`.
        made: "width", "updates" and "seed" of the training.
    """
    size_bytes = sum((out / name).stat().st_size for name in MODEL_FILES)
    table = WORD_TABLES[language]
    (out / "README.md").write_text(_readme(language, rows, made, size_bytes), encoding="utf-8")
    content = {
        "name": out.resolve().name,
        "language": language,
        "rate_hz": 8000,
        "labels": table.LABELS,
        "core": table.CORE,
        "phones": phones_of(language),
        "lexicon": table.MENU,
        "costs": asdict(Costs()),
        "size_bytes": size_bytes,
        "made": dict(made),
        "figures": {name: row.as_json() for name, row in rows.items()},
    }
    (out / "model.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
