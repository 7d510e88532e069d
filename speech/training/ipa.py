"""From the IPA of the synthetic voices' tables to the phones of the models."""

from __future__ import annotations

from collections.abc import Iterable

_PHONES = {
    "ʔ": "GS",
    "b": "B",
    "p": "P",
    "t": "T",
    "θ": "TH",
    "dʒ": "JH",
    "tʃ": "CH",
    "ħ": "HP",
    "x": "X",
    "χ": "X",
    "d": "D",
    "ð": "DH",
    "r": "R",
    "ɾ": "R",
    "z": "Z",
    "s": "S",
    "ʃ": "SH",
    "ʒ": "ZH",
    "sˤ": "SE",
    "dˤ": "DE",
    "tˤ": "TE",
    "ðˤ": "ZE",
    "zˤ": "ZE",
    "ʕ": "AYN",
    "ɣ": "GH",
    "f": "F",
    "v": "V",
    "q": "Q",
    "k": "K",
    "ɡ": "G",
    "g": "G",
    "l": "L",
    "m": "M",
    "n": "N",
    "ŋ": "N",
    "h": "HH",
    "w": "W",
    "j": "Y",
}
_VOWELS = {
    "ar": {
        "a": "A",
        "i": "I",
        "u": "U",
        "aː": "AE",
        "iː": "IY",
        "uː": "UW",
        "e": "EH",
        "eː": "EY",
        "o": "OW",
        "oː": "OW",
    },
    "fa": {"æ": "AE", "ɒː": "AA", "ɒ": "AA", "e": "EH", "o": "OW", "i": "IY", "iː": "IY", "u": "UW", "uː": "UW"},
}


def phones_of_ipa(language: str, ipa: Iterable[str]) -> str:
    """Return a pronunciation in our phones; raises `KeyError` for a sign that is not in the tables."""
    table = _PHONES | _VOWELS[language]
    return " ".join(table[sign.lstrip("ˈ")] for sign in ipa)
