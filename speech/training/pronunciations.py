"""Pronunciations of English words that are not in the vocabulary, from the CMU dictionary that festival brings.

They teach the phone units what people and voices sound like; none of them becomes part of the model.
Source: Debian's festlex-cmu, `("water" nil (((w ao) 1) ((t er) 0)))`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from speech.lexicon.building import MissingToolError
from speech.lexicon.phones import PHONES

DICTIONARY = Path("/usr/share/festival/dicts/cmu/cmudict-0.4.out")
_OURS = {"AX": "AH"}


def pronunciations(words: Iterable[str], dictionary: Path = DICTIONARY) -> dict[str, str]:
    """Return word -> pronunciation ("W AO T ER") for those of the words that the dictionary has.

    Raises:
        MissingToolError: the dictionary is not installed.
    """
    if not dictionary.is_file():
        raise MissingToolError(f"not installed: {dictionary} (on Debian or Ubuntu: apt-get install festlex-cmu)")
    wanted, found = set(words), dict[str, str]()
    for line in dictionary.read_text(encoding="latin-1").splitlines():
        entry = re.match(r'\("([^"]+)" \S+ (.*)\)$', line)
        if entry is None or entry[1] not in wanted or entry[1] in found:
            continue
        phones = [_OURS.get(p, p) for p in (phone.upper() for phone in re.findall(r"[a-z]+", entry[2]))]
        if all(phone in PHONES for phone in phones):
            found[entry[1]] = " ".join(phones)
    return found
