"""Units as the decoder numbers them: a phone in four forms, by its place in a word.

libvosk finds where words begin and end by these forms. All four share the outputs of their unit; a core word, silence
and garbage have one form.

What is no word of the list may be any row of phones. To the decoder these are one phone of one state, again in forms by
place, whose output may be any phone's: told apart, the ways to say nothing in particular would swamp its lattices.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import msgspec

from speech.lexicon.units import Unit, Units

BEGIN, INSIDE, END, ALONE = "begin", "internal", "end", "singleton"
ANY_PHONE: Final = "any phone"
_FORMS: Final = (BEGIN, INSIDE, END, ALONE)


class Form(msgspec.Struct, frozen=True):
    """One of the decoder's phones: the outputs of each of its states, and the number of its first state among all.

    `name` is its unit's; a state that may have one of several outputs counts once for each.
    """

    name: str
    kind: str
    outputs: tuple[tuple[int, ...], ...]
    first_state: int

    @property
    def states(self) -> range:
        """Its states, numbered over all forms; transition ids follow from these."""
        return range(self.first_state, self.first_state + sum(map(len, self.outputs)))


class DecoderPhones(msgspec.Struct, frozen=True, dict=True):
    """All forms in the order of their numbers, which count from 1."""

    forms: tuple[Form, ...]

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Form]:
        return {(form.name, form.kind): form for form in self.forms}

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

    def any_phone(self, unit: Unit, kind: str) -> list[int]:
        """The states of the phone that may be any, while it is this one, at a place in a word."""
        made = []
        for output in unit.states:
            first, last = output == unit.states[0], output == unit.states[-1]
            at_edge = (kind == BEGIN and first) or (kind == END and last)
            form = self._by_name[ANY_PHONE, kind if at_edge else INSIDE]
            made.append(form.first_state + form.outputs[0].index(output))
        return made

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
            forms.append(Form(unit.name, kind, tuple((s,) for s in unit.states), _next(forms)))
    every = tuple(state for unit in units.units if unit.kind == "phone" for state in unit.states)
    for kind in (BEGIN, INSIDE, END):
        forms.append(Form(ANY_PHONE, kind, (every,), _next(forms)))
    return DecoderPhones(tuple(forms))


def _next(forms: list[Form]) -> int:
    return forms[-1].states.stop if forms else 0
