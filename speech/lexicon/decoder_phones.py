"""Units as the decoder numbers them: a phone in four forms, by its place in a word.

libvosk finds where words begin and end by these forms. All four share the outputs of their unit; a core word, silence
and garbage have one form.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import msgspec

from speech.lexicon.units import Unit, Units

BEGIN, INSIDE, END, ALONE = "begin", "internal", "end", "singleton"
_FORMS: Final = (BEGIN, INSIDE, END, ALONE)


class Form(msgspec.Struct, frozen=True):
    """One of the decoder's phones: its unit, its form, and the number of its first state among all states of all."""

    unit: Unit
    kind: str
    first_state: int

    @property
    def states(self) -> range:
        """Its states, numbered over all forms; transition ids follow from these."""
        return range(self.first_state, self.first_state + len(self.unit.rows))


class DecoderPhones(msgspec.Struct, frozen=True, dict=True):
    """All forms in the order of their numbers, which count from 1."""

    forms: tuple[Form, ...]

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Form]:
        return {(form.unit.name, form.kind): form for form in self.forms}

    @property
    def state_count(self) -> int:
        """Number of states of all forms."""
        return self.forms[-1].states.stop

    def whole(self, unit: Unit) -> Form:
        """The form of a unit that is a word of its own, or no word at all."""
        return self._by_name[unit.name, "nonword" if unit.kind == "silence" else ALONE]

    def phone(self, unit: Unit, kind: str) -> Form:
        """A phone in one of its forms."""
        return self._by_name[unit.name, kind]

    def spelled(self, phones: list[Unit]) -> list[Form]:
        """The forms of a word's phones, in order."""
        if len(phones) == 1:
            return [self.phone(phones[0], ALONE)]
        kinds = [BEGIN, *[INSIDE] * (len(phones) - 2), END]
        return [self.phone(unit, kind) for unit, kind in zip(phones, kinds, strict=True)]


def decoder_phones(units: Units) -> DecoderPhones:
    """Number the forms of every unit."""
    forms: list[Form] = []
    for unit in units.units:
        kinds = _FORMS if unit.kind == "phone" else ("nonword" if unit.kind == "silence" else ALONE,)
        for kind in kinds:
            forms.append(Form(unit, kind, forms[-1].states.stop if forms else 0))
    return DecoderPhones(tuple(forms))
