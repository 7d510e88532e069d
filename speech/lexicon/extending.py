"""A model with more words: the same networks, and a new graph."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from speech.errors import SpeechError
from speech.install import InstallError, check_name, try_out
from speech.lexicon.building import Costs, write_graphs
from speech.lexicon.spelling import Spellings
from speech.lexicon.units import Units, units_of
from speech.model_card import CARD_NAME, Card, ModelUnusableError
from speech.models import SHIPPED_DIR, Model, folder_bytes, models_dir, read_model

# Copied, not linked: they are a megabyte, and training again writes them in their place.
SHARED: Final = ("am", "conf")
# What tells that a graph and networks belong together: the numbers of phones and of their states.
NUMBERING: Final = ("graph/phones/word_boundary.int", "graph/disambig_tid.int")
BUILT_FROM: Final = "built_from"


class NotExtendableError(SpeechError):
    """Words cannot be added to this model; the message says why, and what to do."""

    code = "speech.not_extendable"


def pronunciations_of(card: Card) -> dict[str, tuple[str, ...]]:
    """Every word that the card spells, core words first."""
    return {**card.core, **{word: (*card.core.get(word, ()), *said) for word, said in card.lexicon.items()}}


def model_units(model: Model) -> Units:
    """The units that a model was trained with; raises `NotExtendableError` where its card does not tell them."""
    card = model.card
    if not card.core or not card.phones or card.language is None:
        raise NotExtendableError(
            f"the model {model.name} does not say what it was trained with ({CARD_NAME} has no core and phones): "
            "words cannot be added to it. Official models know many words as they are; telephone-en takes more"
        )
    try:
        return units_of(card.core, card.phones, card.language)
    except KeyError as error:
        raise NotExtendableError(
            f"the model {model.name} was trained with the phone {error}, which this version does not know; "
            "take the version that the model came with"
        ) from None


def extended(model: Model, words: Mapping[str, Sequence[str]]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The model's words that are spelled with phones and those of a file, and which words are new or said anew.

    A word that the model has in another spelling keeps the model's.
    """
    lexicon, added = dict(model.card.lexicon), []
    known = pronunciations_of(model.card)
    spellings = Spellings(known, model.language or "")
    for word, said in words.items():
        own = spellings.find(word) or word
        more = tuple(one for one in said if one not in known.get(own, ()))
        if more:
            lexicon[own] = (*lexicon.get(own, ()), *more)
            added.append(own)
    return lexicon, added


def build(
    model: Model,
    words: Mapping[str, Sequence[str]],
    name: str,
    data_dir: Path,
    *,
    force: bool = False,
    trial: Callable[[str, Path], None] = try_out,
) -> Model:
    """Write a model with more words into the data folder; all of it, tried by libvosk, or nothing.

    Args:
        model: whose networks it has.
        words: the words to add: word -> pronunciations.
        name: what the new model is called.
        data_dir: the data folder.
        force: take the place of a model of this name, if it was built in this way.
        trial: has libvosk hear with the new folder.

    Raises `NotExtendableError`, `InstallError` and `speech.lexicon.building`'s errors.
    """
    units = model_units(model)
    place = models_dir(data_dir) / name
    _check_place(name, place, force=force)
    lexicon, added = extended(model, words)
    if not added:
        raise NotExtendableError(f"the model {model.name} has all of these words already, pronounced so")
    try:
        models_dir(data_dir).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".building-{name}-", dir=models_dir(data_dir)) as work:
            folder = Path(work) / name
            _write(folder, model, units, lexicon, added)
            trial(name, folder)
            _put(folder, place, Path(work) / "before")
    except OSError as error:
        raise InstallError(f"{name} is not built: {error.strerror}: {error.filename or place}") from None
    return read_model(place)


def _check_place(name: str, place: Path, *, force: bool) -> None:
    check_name(name)
    if (SHIPPED_DIR / name).is_dir():
        raise InstallError(f"{name} is the name of a model that came with this installation; choose another one")
    if not place.exists():
        return
    if not force:
        raise InstallError(f"{place} is there already; choose another name, or replace it with --force")
    if not _was_built(place):
        raise InstallError(
            f"{place} was not made by `ivr speech lexicon build`, and is left alone; choose another name"
        )


def _was_built(place: Path) -> bool:
    try:
        card = msgspec.json.decode((place / CARD_NAME).read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(card, dict) and BUILT_FROM in card


def _write(
    folder: Path, model: Model, units: Units, lexicon: Mapping[str, Sequence[str]], added: Sequence[str]
) -> None:
    folder.mkdir()
    for part in SHARED:
        shutil.copytree(model.path / part, folder / part)
    write_graphs(folder / "graph", units, lexicon, _costs(model))
    for file in NUMBERING:
        if (folder / file).read_bytes() != (model.path / file).read_bytes():
            raise ModelUnusableError(
                f"the card of {model.name} does not fit its networks ({file} would differ); install the model again"
            )
    card: dict[str, Any] = msgspec.json.decode((model.path / CARD_NAME).read_bytes())
    new = {word: lexicon[word] for word in added}
    card.update(name=folder.name, lexicon=lexicon, size_bytes=folder_bytes(folder))
    card[BUILT_FROM] = {"model": model.name, "added": new}
    encoded = msgspec.json.format(msgspec.json.encode(card), indent=1)
    (folder / CARD_NAME).write_bytes(encoded + b"\n")
    with contextlib.suppress(FileNotFoundError):
        _write_readme(folder, model, (model.path / "README.md").read_text(encoding="utf-8"), added)


def _write_readme(folder: Path, model: Model, card: str, added: Sequence[str]) -> None:
    head = (
        f"# {folder.name}\n\nThe networks of {model.name}, and words that `ivr speech lexicon build` added: "
        f"{', '.join(added)}. Nobody measured how well these are heard. What follows is the card of {model.name}.\n\n"
    )
    (folder / "README.md").write_text(head + card, encoding="utf-8")


def _costs(model: Model) -> Costs:
    try:
        return Costs(**model.card.costs)
    except TypeError as error:
        raise NotExtendableError(f"the costs in the card of {model.name} are of another version: {error}") from None


def _put(folder: Path, place: Path, before: Path) -> None:
    """Move a folder to its place in one step; what was there comes back where that fails."""
    if place.exists():
        place.rename(before)
    try:
        folder.rename(place)
    except OSError:
        if before.exists():
            before.rename(place)
        raise
