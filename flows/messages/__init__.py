"""What the engine itself says, one module for each language. Prompts of a flow are the operator's; these are ours.

The few sentences that the edge adds for callers and customers are here, too, so that a translator has one room to
look through, and one test holds every sentence to the same names, placeholders and letters.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Final

from flows import speaking
from flows.messages import ar, en, fa
from flows.speaking import ar_counting

_MODULES: Final[dict[str, ModuleType]] = {"en": en, "ar": ar, "fa": fa}
# Placeholders that hold a key or a count. English voices read digits right; others read them in the wrong language, or
# in Arabic in the wrong case: "press two" and "from two to six" are oblique.
_NUMERALS: Final = frozenset({"key", "count", "min", "max"})
_SPOKEN: Final[dict[str, Callable[[int], str]]] = {
    "en": str,
    "ar": lambda value: ar_counting.cardinal(value, case="oblique"),
    "fa": lambda value: speaking.number("fa", value),
}


def message(language: str, name: str, **values: str) -> str:
    """The engine's own sentence `name` in a language; keys and counts come in as digits and are spoken as words."""
    spoken = {
        placeholder: _SPOKEN[language](int(value)) if placeholder in _NUMERALS else value
        for placeholder, value in values.items()
    }
    return template(language, name).format(**spoken)


def template(language: str, name: str) -> str:
    """The same sentence as it is written, its values' names in braces."""
    return str(_MODULES[language].MESSAGES[name])


def universal_words(language: str) -> dict[str, tuple[str, ...]]:
    """The universal words of a language: person, repeat, back, help, language -> the phrases for it."""
    return dict(_MODULES[language].UNIVERSAL)


def yes_no_phrases(language: str) -> dict[str, str]:
    """Yes and no, and the key that each stands for."""
    module = _MODULES[language]
    return {**dict.fromkeys(module.YES, "1"), **dict.fromkeys(module.NO, "2")}


def phrases_of(language: str, choice: str) -> tuple[str, ...]:
    """What callers say for a choice of the engine's own, such as `keep` or `morning`."""
    return tuple(_MODULES[language].CHOICES[choice])


def key_name(language: str, key: str) -> str:
    """What a digit's key is called."""
    return str(_MODULES[language].KEY_NAMES[int(key)])


def key_phrases(language: str, key: str) -> tuple[str, ...]:
    """What callers say for a digit's key: its name first."""
    return key_name(language, key), *_MODULES[language].KEY_VARIANTS.get(key, ())


def language_name(language: str) -> str:
    """What a language's own speakers call it."""
    return str(_MODULES[language].LANGUAGE_NAME)
