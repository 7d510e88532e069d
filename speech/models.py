"""Installed models: where they are, and whether we can use them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import msgspec

from speech.errors import SpeechError

SHIPPED_DIR: Final = Path(__file__).resolve().parent / "models"
SUPPORTED_RATE_HZ: Final = 8000
# Source: Kaldi's own default for `--sample-frequency`.
DEFAULT_RATE_HZ: Final = 16000
# What is looked for in the names of models without a card.
LANGUAGES: Final = ("en", "ar", "fa")


class ModelNotFoundError(SpeechError):
    """No model of this name is installed; the message says where it was looked for and what to do."""

    code = "speech.model_not_found"


class ModelUnusableError(SpeechError):
    """The model is there, and would give wrong results or none; the message says why and what to do."""

    code = "speech.model_unusable"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be used as it is: sample rate and phrase lists are right.

    `language` is what it hears, as flows name it ("en"); None where neither its card nor its name says so.
    """

    name: str
    language: str | None
    path: Path
    rate_hz: int
    vocabulary: frozenset[str]


def find_model(name: str, data_dir: Path) -> Model:
    """The model that is shipped under this name, or installed in the data folder, or lies at this path.

    Raises `ModelNotFoundError` and `ModelUnusableError`.
    """
    if not name.strip():
        raise ModelNotFoundError("no speech model is named; set SPEECH_MODEL, for instance to telephone-en")
    places = [SHIPPED_DIR / name, data_dir / "models" / name, Path(name)]
    for place in places:
        if (place / "conf" / "mfcc.conf").is_file():
            return read_model(place)
    looked = ", ".join(str(place) for place in dict.fromkeys(places))
    raise ModelNotFoundError(
        f"there is no speech model {name!r} (looked for {looked}); "
        f"shipped are: {', '.join(shipped_names()) or 'none'}. Set SPEECH_MODEL to one of them, or to the folder of a "
        "Vosk model."
    )


def shipped_names() -> list[str]:
    """The models that came with this installation, sorted."""
    return sorted(conf.parent.parent.name for conf in SHIPPED_DIR.glob("*/conf/mfcc.conf"))


def read_model(path: Path) -> Model:
    """Check a model's folder; raises `ModelUnusableError` where phrase lists or the sample rate would not work."""
    graph = path / "graph"
    # Source: Vosk's adaptation guide. With a static graph it ignores the phrase list without a word.
    if not ((graph / "HCLr.fst").is_file() and (graph / "Gr.fst").is_file()):
        raise ModelUnusableError(
            f"the speech model at {path} has no look-ahead graph (graph/HCLr.fst and graph/Gr.fst), so that it cannot "
            "be told what callers may say; take a model with a dynamic graph, such as the small ones"
        )
    rate_hz = sample_rate_hz(path)
    if rate_hz != SUPPORTED_RATE_HZ:
        raise ModelUnusableError(
            f"the speech model at {path} is made for {rate_hz} Hz and telephone audio has {SUPPORTED_RATE_HZ} Hz; "
            "resampling is not supported yet. Set SPEECH_MODEL to a telephone model such as telephone-en."
        )
    name = path.resolve().name
    return Model(
        name=name, language=language_of(path, name), path=path, rate_hz=rate_hz, vocabulary=read_vocabulary(path)
    )


def language_of(path: Path, name: str) -> str | None:
    """The language that a model's card (`model.json`) names; else the one in its own name, as in vosk-model-fa-0.5.

    Raises `ModelUnusableError` for a card that cannot be read.
    """
    card = path / "model.json"
    if card.is_file():
        try:
            language = json.loads(card.read_text(encoding="utf-8")).get("language")
        except (ValueError, AttributeError):
            raise ModelUnusableError(f"the speech model at {path} has a model.json that is no JSON object") from None
        if language is not None:
            return str(language)
    return next((part for part in re.split(r"[-_.]", name.lower()) if part in LANGUAGES), None)


def sample_rate_hz(path: Path) -> int:
    """The rate that the features are computed at; raises `ModelUnusableError` where it is no number."""
    rate = str(DEFAULT_RATE_HZ)
    for line in (path / "conf" / "mfcc.conf").read_text(encoding="utf-8").splitlines():
        option, _, value = line.partition("#")[0].strip().partition("=")
        if option.strip() == "--sample-frequency":
            rate = value.strip()
    try:
        return round(float(rate))
    except ValueError:
        raise ModelUnusableError(
            f"the speech model at {path}: --sample-frequency is {rate!r} in conf/mfcc.conf"
        ) from None


def read_vocabulary(path: Path) -> frozenset[str]:
    """The words that the model knows; raises `ModelUnusableError` where graph/words.txt is missing."""
    words_file = path / "graph" / "words.txt"
    try:
        lines = words_file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ModelUnusableError(f"the speech model at {path} has no graph/words.txt") from None
    # "<eps>" and "#0" are symbols of the graph, not words.
    return frozenset(word for line in lines if (word := line.split(" ")[0]) and word[0] not in "<#")
