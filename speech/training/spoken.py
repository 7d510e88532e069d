"""How training names what was said: a core word, garbage, or a pronunciation between slashes ("/K AO L/")."""

from __future__ import annotations

from functools import cache, lru_cache

from speech.lexicon.units import GARBAGE, WORD_TABLES, Units, build_units

_build = cache(build_units)


@lru_cache(maxsize=10_000)
def _states(language: str, key: str) -> tuple[int, ...]:
    units = _build(language)
    if key.startswith("/"):
        return tuple(s for unit in units.phones(key.strip("/")) for s in unit.states)
    return tuple(units.by_name[key].states)


def states_of(units: Units, key: str) -> tuple[int, ...]:
    """Return the outputs that something spoken passes through; raises `KeyError` for what the units do not have."""
    return _states(units.language, key)


def key_of(language: str, word: str) -> str | None:
    """Return the name of a word of the lexicon: itself for a core word, its pronunciation for another; else None."""
    table = WORD_TABLES[language]
    if word in table.CORE:
        return word
    if word in table.MENU:
        return f"/{table.MENU[word][0]}/"
    return None


def by_phones(language: str, key: str) -> str:
    """Return a core word spelled with phones, and anything else unchanged."""
    said = WORD_TABLES[language].CORE.get(key)
    return key if said is None or key == GARBAGE else f"/{said[0]}/"
