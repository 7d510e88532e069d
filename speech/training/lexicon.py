"""The words the model knows, as phones, and how phones become network outputs.

A phone is a row of states; the decoder stays in each state for at least one output frame (30 ms), so the number of
states is the least duration. Every word has an output of its own for every state ("five", state 3), and all outputs of
the same phone state share a row of weights: that is how a word that only synthetic voices have said ("yes") borrows
from words that people said ("left", "seven", "six").
"""

from __future__ import annotations

from dataclasses import dataclass

SILENCE = "SIL"
GARBAGE = "GBG"
UNKNOWN_WORD = "[unk]"

# States per phone: stops and flaps 1 (30 ms), fricatives and nasals 1-2, vowels 2-3.
PHONE_STATES = {
    **dict.fromkeys(["B", "D", "G", "K", "P", "T", "V", "DH", "HH", "M", "N", "L", "R", "W", "Y", "Z", "NG"], 1),
    **dict.fromkeys(["F", "S", "TH", "JH", "AH", "EH", "IH", "IY", "ER", "AE", "AA"], 2),
    **dict.fromkeys(["UW", "AO", "OW", "AW", "AY", "EY"], 3),
}

DIGITS = {
    "zero": "Z IH R OW",
    "one": "W AH N",
    "two": "T UW",
    "three": "TH R IY",
    "four": "F AO",
    "five": "F AY V",
    "six": "S IH K S",
    "seven": "S EH V AH N",
    "eight": "EY T",
    "nine": "N AY N",
}
YES_NO = {"yes": "Y EH S", "no": "N OW"}
MENU = {
    "oh": "OW",
    "agent": "EY JH AH N T",
    "operator": "AA P R EY T ER",
    "person": "P ER S AH N",
    "help": "HH EH L P",
    "repeat": "R IH P IY T",
    "back": "B AE K",
    "order": "AO D ER",
    "hours": "AW ER Z",
    "call": "K AO L",
    "cancel": "K AE N S AH L",
    "wait": "W EY T",
    "stay": "S T EY",
}
# People said these in the command recordings. Useful as menu words, and as speech that is not a digit.
COMMANDS = {"up": "AH P", "down": "D AW N", "left": "L EH F T", "right": "R AY T", "go": "G OW"}

LEXICON: dict[str, tuple[str, ...]] = {
    word: tuple(phones.split()) for words in (DIGITS, YES_NO, MENU, COMMANDS) for word, phones in words.items()
}
WORDS = tuple(LEXICON)
GARBAGE_STATES = 4


@dataclass(frozen=True)
class Units:
    """Numbering of the units (silence, garbage, words) and of their states, which are the network's outputs.

    names: the units; unit k has the states `first[k]` to `first[k] + lengths[k] - 1`.
    phone_of_state: for each output, the index into `phones` of the row that it shares.
    """

    names: tuple[str, ...]
    lengths: tuple[int, ...]
    first: tuple[int, ...]
    phones: tuple[str, ...]
    phone_of_state: tuple[int, ...]

    @property
    def state_count(self) -> int:
        """Number of network outputs."""
        return sum(self.lengths)

    def states(self, name: str) -> list[int]:
        """Return the outputs of a unit, in the order in which they are spoken."""
        k = self.names.index(name)
        return list(range(self.first[k], self.first[k] + self.lengths[k]))


def build_units(lexicon: dict[str, tuple[str, ...]] | None = None) -> Units:
    """Number silence, garbage and every word of the lexicon, and find the phone row of each state."""
    lexicon = LEXICON if lexicon is None else lexicon
    tags: list[list[str]] = [[SILENCE], [f"{GARBAGE}_{i}" for i in range(GARBAGE_STATES)]]
    tags += [[f"{p}_{i}" for p in phones for i in range(PHONE_STATES[p])] for phones in lexicon.values()]
    lengths = [len(t) for t in tags]
    phones = list(dict.fromkeys(tag for unit in tags for tag in unit))
    return Units(
        names=(SILENCE, GARBAGE, *lexicon),
        lengths=tuple(lengths),
        first=tuple(sum(lengths[:k]) for k in range(len(lengths))),
        phones=tuple(phones),
        phone_of_state=tuple(phones.index(tag) for unit in tags for tag in unit),
    )
