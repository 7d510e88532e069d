"""Installed models: where they are, whether we can use them, and which of them fit in memory."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from speech.errors import SpeechError
from speech.model_card import Card, ModelUnusableError, read_card

__all__ = ["Card", "Model", "ModelNotFoundError", "ModelUnusableError", "find_model", "find_models", "read_model"]

SHIPPED_DIR: Final = Path(__file__).resolve().parent / "models"
# Source: Kaldi's own default for `--sample-frequency`.
DEFAULT_RATE_HZ: Final = 16000
# Telephone audio is 8 kHz: models of a lower rate would need it resampled down, and there are none.
RATES_HZ: Final = range(8000, 48001)
# What is looked for in the names of models without a card.
LANGUAGES: Final = ("en", "ar", "fa")
# Resident bytes for a byte of files. Source: alphacephei.com/vosk/models: a small model (65 MB of files unpacked) takes
# about 300 MB; measured: telephone-en, 2.8 MB of files, takes 8 MB.
RESIDENT_PER_FILE_BYTE: Final = 4
# How files of these kinds begin: an OpenFst binary (the number 2125659606), and a binary file of Kaldi.
FST_MAGIC: Final = (2125659606).to_bytes(4, "little")
KALDI_MAGIC: Final = b"\0B"
NEEDED: Final = {
    "am/final.mdl": KALDI_MAGIC,
    "conf/mfcc.conf": b"",
    "conf/model.conf": b"",
    "graph/HCLr.fst": FST_MAGIC,
    "graph/Gr.fst": FST_MAGIC,
    "graph/words.txt": b"",
}


class ModelNotFoundError(SpeechError):
    """No model of this name is installed; the message says where it was looked for and what to do."""

    code = "speech.model_not_found"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model that can be used as it is: its files are there, and it takes phrase lists.

    `language` is what it hears, as flows name it ("en"); None where neither its card nor its name says so. `rate_hz` is
    the rate that it was made for; `speech.vosk_models` has telephone audio resampled. `resident_bytes` is an estimate
    of what it takes in a process that loads it.
    """

    name: str
    language: str | None
    path: Path
    rate_hz: int
    vocabulary: frozenset[str]
    card: Card = Card()
    resident_bytes: int = 0

    @property
    def words(self) -> list[str]:
        """What somebody can say, sorted: the vocabulary without symbols such as `[unk]`."""
        return sorted(word for word in self.vocabulary if word.strip("[]") == word)


def find_model(name: str, data_dir: Path) -> Model:
    """The model that is shipped under this name, or installed in the data folder, or lies at this path.

    Raises `ModelNotFoundError` and `ModelUnusableError`.
    """
    if not name.strip():
        raise ModelNotFoundError("no speech model is named; set SPEECH_MODEL, for instance to telephone-en")
    places = [Path(name)]
    if os.path.basename(name) == name and name not in (os.curdir, os.pardir):
        places = [SHIPPED_DIR / name, models_dir(data_dir) / name, *places]
    for place in places:
        if os.path.isdir(place):  # unlike Path.is_dir, it takes every name
            return read_model(place)
    looked = ", ".join(str(place) for place in dict.fromkeys(places))
    raise ModelNotFoundError(
        f"there is no speech model {name!r} (looked for {looked}); "
        f"shipped are: {', '.join(shipped_names()) or 'none'}. Set SPEECH_MODEL to one of them, or to the folder of a "
        "Vosk model, or install one (see `ivr speech models`)."
    )


def find_models(names: Sequence[str], data_dir: Path) -> tuple[Model, ...]:
    """The models of these names, one a language: the first of a language wins. None named is none found.

    Raises `SpeechError` with every problem at once; `ModelNotFoundError` where all of them are missing models.
    """
    found: dict[str | None, Model] = {}
    problems: list[SpeechError] = []
    for name in names:
        try:
            model = find_model(name, data_dir)
        except SpeechError as error:
            problems.append(error)
            continue
        found.setdefault(model.language, model)
    if problems:
        missing = all(isinstance(problem, ModelNotFoundError) for problem in problems)
        kind = ModelNotFoundError if missing else ModelUnusableError
        raise kind("\n".join(str(problem) for problem in problems))
    return tuple(found.values())


def models_dir(data_dir: Path) -> Path:
    """Where installed models lie."""
    return data_dir / "models"


def shipped_names() -> list[str]:
    """The models that came with this installation, sorted."""
    return sorted(conf.parent.parent.name for conf in SHIPPED_DIR.glob("*/conf/mfcc.conf"))


def installed_names(data_dir: Path) -> list[str]:
    """The folders among the installed models, usable or not, sorted; hidden ones are installations under way."""
    folder = models_dir(data_dir)
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def read_model(path: Path) -> Model:
    """Check a model's folder; raises `ModelUnusableError`, which says all that is wrong with it, and what to do."""
    try:
        _check_files(path)
        rate_hz = sample_rate_hz(path)
        if rate_hz not in RATES_HZ:
            raise ModelUnusableError(
                f"the speech model at {path} is made for {rate_hz} Hz; telephone audio has 8000 Hz, and what can be "
                f"used is {RATES_HZ[0]} to {RATES_HZ[-1]} Hz. Take another model, such as telephone-en."
            )
        card = read_card(path)
        name = path.resolve().name
        return Model(
            name=name,
            language=card.language or language_in(name),
            path=path,
            rate_hz=rate_hz,
            vocabulary=read_vocabulary(path),
            card=card,
            resident_bytes=RESIDENT_PER_FILE_BYTE * folder_bytes(path),
        )
    except OSError as error:
        raise ModelUnusableError(f"the speech model at {path} cannot be read: {error}") from None


def _check_files(path: Path) -> None:
    entries = sorted(entry.name for entry in path.iterdir())
    if not entries:
        raise ModelUnusableError(f"the folder {path} is empty; take it away, or install the model again")
    graph = path / "graph"
    if not any((path / name).is_file() for name in (*NEEDED, "graph/HCLG.fst")):
        older = " (the oldest layout of models is not supported)" if "final.mdl" in entries else ""
        holds = entries[0] if len(entries) == 1 else f"{entries[0]} and more"
        raise ModelUnusableError(
            f"the folder {path} is no speech model{older}: it holds {holds}, but no file that a Vosk model has. Set "
            "SPEECH_MODEL to a model's own folder, or install one (see `ivr speech models`)"
        )
    # Source: Vosk's adaptation guide. With a static graph it ignores the phrase list without a word.
    if (graph / "HCLG.fst").is_file() and not (graph / "HCLr.fst").is_file():
        raise ModelUnusableError(
            f"the speech model at {path} has a static graph (graph/HCLG.fst) and no look-ahead graph (graph/HCLr.fst "
            "and graph/Gr.fst): it cannot be told what callers may say. Take a model with a dynamic graph, a small one "
            "or one with lgraph in its name (see `ivr speech models`)"
        )
    wrong = [f"{name} {fault}" for name, magic in NEEDED.items() if (fault := _fault(path / name, magic))]
    if wrong:
        raise ModelUnusableError(f"the speech model at {path} is not whole: {', '.join(wrong)}; install it again")


def _fault(file: Path, magic: bytes) -> str:
    if not file.is_file():
        return "is missing"
    if file.stat().st_size == 0:
        return "is empty"
    with file.open("rb") as opened:
        return "" if opened.read(len(magic)) == magic else "is not what its name says"


def language_in(name: str) -> str | None:
    """The language that a model's own name tells, as in vosk-model-fa-0.5."""
    return next((part for part in re.split(r"[-_.]", name.lower()) if part in LANGUAGES), None)


def sample_rate_hz(path: Path) -> int:
    """The rate that the features are computed at; raises `ModelUnusableError` where it is no number."""
    rate = str(DEFAULT_RATE_HZ)
    for line in (path / "conf" / "mfcc.conf").read_text(encoding="utf-8", errors="replace").splitlines():
        option, _, value = line.partition("#")[0].strip().partition("=")
        if option.strip() == "--sample-frequency":
            rate = value.strip()
    try:
        return round(float(rate))
    except (ValueError, OverflowError):
        raise ModelUnusableError(
            f"the speech model at {path}: --sample-frequency is {rate!r} in conf/mfcc.conf"
        ) from None


def read_vocabulary(path: Path) -> frozenset[str]:
    """The words that the model knows; raises `ModelUnusableError` where graph/words.txt has none."""
    lines = (path / "graph" / "words.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    # "<eps>" and "#0" are symbols of the graph, not words.
    words = frozenset(word for line in lines if (word := line.partition(" ")[0]) and word[0] not in "<#")
    if not words:
        raise ModelUnusableError(f"the speech model at {path} knows no words: graph/words.txt lists none")
    return words


def folder_bytes(path: Path) -> int:
    """The size of all files in a folder, in bytes."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def models_that_fit(
    models: Sequence[Model], available_bytes: int | None
) -> tuple[tuple[Model, ...], tuple[Model, ...]]:
    """The models that can be loaded together, and those that cannot; the first named come first. None: no limit."""
    kept: list[Model] = []
    left_out: list[Model] = []
    room = available_bytes
    for model in models:
        if room is not None and model.resident_bytes > room:
            left_out.append(model)
            continue
        kept.append(model)
        room = None if room is None else room - model.resident_bytes
    return tuple(kept), tuple(left_out)


def fits_in_memory(model: Model, available_bytes: int | None) -> bool:
    """Whether a process may load this model."""
    return bool(models_that_fit([model], available_bytes)[0])
