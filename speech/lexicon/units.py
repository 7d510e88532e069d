"""What the acoustic model tells apart: silence, garbage, the core words of a language, and phones.

A unit is a row of states; the decoder stays in each state for at least one output (30 ms). A core word has an output of
its own for each of its states; every other word is a row of phone units, so that words can be added without training.
All outputs of one phone state, in core words and in phone units, in every language, share a row of weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import ModuleType
from typing import Final, Literal

import msgspec

from speech.lexicon import arabic, english, persian
from speech.lexicon.phones import PHONES

SILENCE: Final = "SIL"
GARBAGE: Final = "GBG"
UNKNOWN_WORD: Final = "[unk]"
GARBAGE_STATES: Final = 4
WORD_TABLES: Final[dict[str, ModuleType]] = {"en": english, "ar": arabic, "fa": persian}
# The rows of weights that units share.
ROWS: Final = (
    SILENCE,
    *(f"{GARBAGE}_{i}" for i in range(GARBAGE_STATES)),
    *(f"{name}_{i}" for name, phone in PHONES.items() for i in range(phone.states)),
)


class Unit(msgspec.Struct, frozen=True):
    """`first` is its first output; `rows` has, for each of its states, the index into `ROWS`."""

    name: str
    kind: Literal["silence", "garbage", "word", "phone"]
    first: int
    rows: tuple[int, ...]

    @property
    def states(self) -> range:
        """Its outputs, in the order in which they are spoken."""
        return range(self.first, self.first + len(self.rows))


class Units(msgspec.Struct, frozen=True, dict=True):
    """All units of one language, in the order of their outputs."""

    language: str
    units: tuple[Unit, ...]

    @property
    def state_count(self) -> int:
        """Number of outputs."""
        return self.units[-1].states.stop

    @cached_property
    def by_name(self) -> dict[str, Unit]:
        """Units by name: `SIL`, `GBG`, a core word, a phone as `/B/`."""
        return {unit.name: unit for unit in self.units}

    @cached_property
    def words(self) -> dict[str, list[Unit]]:
        """The units of each core word, one for each pronunciation."""
        found: dict[str, list[Unit]] = {}
        for unit in self.units:
            if unit.kind == "word":
                found.setdefault(unit.name.split("(")[0], []).append(unit)
        return found

    def phones(self, pronunciation: str) -> list[Unit]:
        """The phone units of a pronunciation ("K AO L"); raises `KeyError` for a phone that does not exist."""
        return [self.by_name[f"/{phone}/"] for phone in pronunciation.split()]


def build_units(language: str) -> Units:
    """The units of a language by its tables; raises `KeyError` for another one."""
    return units_of(WORD_TABLES[language].CORE, phones_of(language), language)


def units_of(core: Mapping[str, Sequence[str]], phones: Sequence[str], language: str) -> Units:
    """Number silence, garbage, the core words (word -> pronunciations) and the phones, in this order.

    A model's graph fits its networks only with the core words and phones that it was trained with: those of its card.
    Raises `KeyError` for a phone that does not exist.
    """
    row = {name: index for index, name in enumerate(ROWS)}
    made: list[Unit] = []

    def add(name: str, kind: Literal["silence", "garbage", "word", "phone"], rows: list[str]) -> None:
        first = made[-1].states.stop if made else 0
        made.append(Unit(name, kind, first, tuple(row[r] for r in rows)))

    add(SILENCE, "silence", [SILENCE])
    add(GARBAGE, "garbage", [f"{GARBAGE}_{i}" for i in range(GARBAGE_STATES)])
    for word, pronunciations in core.items():
        for number, pronunciation in enumerate(pronunciations, 1):
            name = word if number == 1 else f"{word}({number})"
            add(name, "word", [f"{p}_{i}" for p in pronunciation.split() for i in range(PHONES[p].states)])
    for name in phones:
        add(f"/{name}/", "phone", [f"{name}_{i}" for i in range(PHONES[name].states)])
    return Units(language, tuple(made))


def phones_of(language: str) -> list[str]:
    """The phones that words of a language may be spelled with, in the order of the inventory."""
    table = WORD_TABLES[language]
    used = {p for words in (table.CORE, table.MENU) for said in words.values() for p in " ".join(said).split()}
    return [name for name in PHONES if name in used or name in table.MORE_PHONES]
