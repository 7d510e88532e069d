"""A model's card, `model.json`: what its training wrote down for those who use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from speech.errors import SpeechError

CARD_NAME: Final = "model.json"


class ModelUnusableError(SpeechError):
    """The model is there, and would give wrong results or none; the message says why and what to do."""

    code = "speech.model_unusable"


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What a card says; a model without one has an empty card, and keys that are not known here are passed over.

    `labels` maps the folder labels of recordings to the model's words. `core` are the words with outputs of their own,
    `lexicon` those that are spelled with phones: word -> pronunciations, phones with spaces between. `phones` are those
    that it was trained with, in the order of their outputs; `costs` are those of its graph. `doubt` holds the fitted
    numbers of `speech.doubt`, `figures` what was measured.
    """

    language: str | None = None
    labels: dict[str, str] = {}
    core: dict[str, tuple[str, ...]] = {}
    phones: tuple[str, ...] = ()
    lexicon: dict[str, tuple[str, ...]] = {}
    costs: dict[str, float] = {}
    doubt: dict[str, Any] = {}
    figures: dict[str, Any] = {}


def read_card(folder: Path) -> Card:
    """The card in a model's folder; raises `ModelUnusableError` where it is there and cannot be used."""
    path = folder / CARD_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Card)
    except FileNotFoundError:
        return Card()
    except OSError as error:
        raise ModelUnusableError(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.ValidationError as error:
        raise ModelUnusableError(f"{path} is no card of a model: {error}. {_ADVICE}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ModelUnusableError(f"{path} is no JSON object. {_ADVICE}") from None


_ADVICE: Final = "Install the model again, or take the file away (the model then runs without what it says)."
