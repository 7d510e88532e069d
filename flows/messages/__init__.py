"""What the engine itself says, one module for each language. Prompts of a flow are the operator's; these are ours."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from flows.messages import ar, en, fa

_MODULES: Final[dict[str, ModuleType]] = {"en": en, "ar": ar, "fa": fa}


def message(language: str, name: str, **values: str) -> str:
    """The engine's own sentence `name` in a language."""
    return str(_MODULES[language].MESSAGES[name]).format(**values)


def universal_words(language: str) -> dict[str, tuple[str, ...]]:
    """The universal words of a language: person, repeat, back, help, language -> the phrases for it."""
    return dict(_MODULES[language].UNIVERSAL)


def yes_no_phrases(language: str) -> dict[str, str]:
    """Yes and no, and the key that each stands for."""
    module = _MODULES[language]
    return {**dict.fromkeys(module.YES, "1"), **dict.fromkeys(module.NO, "2")}


def key_name(language: str, key: str) -> str:
    """What a digit's key is called."""
    return str(_MODULES[language].KEY_NAMES[int(key)])


def language_name(language: str) -> str:
    """What a language's own speakers call it."""
    return str(_MODULES[language].LANGUAGE_NAME)
