"""From the IPA that eSpeak NG writes to the phones of the models: a pronunciation to begin with, not one to trust."""

from __future__ import annotations

import re
from typing import Final

# Source: eSpeak NG, `espeak-ng --ipa`, phonemes of en, ar and fa; IPA Handbook 1999.
_SHARED: Final = {
    "p": "P", "b": "B", "t": "T", "t̪": "T", "d": "D", "d̪": "D", "k": "K", "ɡ": "G", "g": "G", "q": "Q", "ʔ": "GS",
    "tʃ": "CH", "dʒ": "JH", "f": "F", "v": "V", "θ": "TH", "ð": "DH", "s": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH",
    "x": "X", "χ": "X", "ɣ": "GH", "ʁ": "GH", "ħ": "HP", "ʕ": "AYN", "h": "HH", "m": "M", "n": "N", "ŋ": "NG",
    "l": "L", "ɫ": "L", "r": "R", "ɹ": "R", "ɾ": "R", "w": "W", "j": "Y", "tˤ": "TE", "dˤ": "DE", "sˤ": "SE",
    "ðˤ": "ZE", "zˤ": "ZE", "ʊ": "UH", "ɪ": "IH", "ɛ": "EH", "ə": "AH",
}  # fmt: skip
_BY_LANGUAGE: Final = {
    "en": {
        "ɾ": "T", "ʔ": "T", "n̩": "AH N", "əl": "AH L", "iː": "IY", "i": "IY", "ᵻ": "IH", "ɐ": "AH", "ʌ": "AH",
        "a": "AE", "æ": "AE", "ɑː": "AA", "ɑ": "AA", "ɒ": "AA", "ɔː": "AO", "ɔ": "AO", "o": "AO", "oː": "AO",
        "uː": "UW", "u": "UW", "ɜː": "ER", "ɜ": "ER", "ɚ": "ER", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "ɔɪ": "OY",
        "oʊ": "OW", "əʊ": "OW", "aɪɚ": "AY ER", "aɪə": "AY AH", "aʊɚ": "AW ER", "ɑːɹ": "AA R", "ɔːɹ": "AO R",
        "oːɹ": "AO R", "ʊɹ": "UH R", "ɪɹ": "IH R", "ɛɹ": "EH R", "iə": "IY AH", "eə": "EH AH", "ʊə": "UH AH",
        "ɪə": "IH AH",
    },
    "ar": {
        "a": "A", "i": "I", "u": "U", "aː": "AE", "iː": "IY", "uː": "UW", "e": "EH", "eː": "EY", "o": "OW", "oː": "OW",
        "ŋ": "N",
    },
    "fa": {
        "a": "AE", "æ": "AE", "ɑ": "AA", "ɒ": "AA", "ɒː": "AA", "ɑː": "AA", "e": "EH", "eː": "EH", "o": "OW",
        "oː": "OW", "i": "IY", "iː": "IY", "u": "UW", "uː": "UW", "ŋ": "N",
    },
}  # fmt: skip
_STRESS: Final = re.compile("[ˈˌ\u200d]")


def phones_of_ipa(ipa: str, language: str) -> str | None:
    """A pronunciation in our phones, from signs with `_` between them; None where one of them has no like here."""
    table = _SHARED | _BY_LANGUAGE.get(language, {})
    signs = [sign for sign in re.split(r"[_\s]+", _STRESS.sub("", ipa)) if sign]
    phones = [table.get(sign) or _pieces(sign, table) for sign in signs]
    return " ".join(str(phone) for phone in phones) if phones and all(phones) else None


def _pieces(sign: str, table: dict[str, str]) -> str | None:
    """Signs that came without a mark between, longest first."""
    found: list[str] = []
    while sign:
        size = next((size for size in range(len(sign), 0, -1) if sign[:size] in table), 0)
        if size == 0:
            return None
        found.append(table[sign[:size]])
        sign = sign[size:]
    return " ".join(found)
