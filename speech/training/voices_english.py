"""English for synthetic speakers. espeak-ng reads English right, so its American voice gives the phones."""

from __future__ import annotations

import subprocess

from speech.training.other_words import HELD_OUT, TRAINED
from speech.training.voices_language import Language, Word

DIGITS = "zero one two three four five six seven eight nine oh".split()  # noqa: SIM905
REPEATERS = ("double", "triple")
CORE = [*DIGITS, "yes", "no", "agent", "operator", "person", "help", "repeat", "back"]
MENU = [
    *REPEATERS,
    *"""
    language call cancel wait stay later now soon keep change move time times day days another other today tomorrow
    morning afternoon evening night monday tuesday wednesday thursday friday saturday sunday order orders hours opening
    appointment appointments prescription billing payment sales support results refund message reception doctor nurse
    english go speak return address open delivery
    """.split(),  # noqa: SIM905
]
PHRASES = (
    *("call back", "call back", "call me back", "call me back", "go back", "another time", "opening hours"),
    *("other time", "other times", "other days", "speak now", "yes yes", "no no", "yes no", "other language"),
)
# What espeak-ng's `--ipa` writes, in the phones of `voices_accents`.
_IPA = {
    "ɹ": "r",
    "ɡ": "g",
    "ɚ": "ə r",
    "ᵻ": "ɪ",
    "ɐ": "ə",
    "iə": "i",
    "əl": "ə l",
    "ɾ": "t",
    "oːɹ": "ɔː r",
    "ɔːɹ": "ɔː r",
    "ɑːɹ": "ɑː r",
    "ɪɹ": "i r",
    "ʊɹ": "uː r",
    "ɛɹ": "ɛ r",
    "aɪɚ": "aɪ ə r",
    "aɪə": "aɪ ə",
    "oː": "ɔː",
    "ɔ": "ɔː",
    "ɜː": "ɜː r",
    "n̩": "ə n",
}


def phones_of(espeak_ipa: str) -> tuple[str, ...]:
    """Turn one word of `espeak-ng --ipa --sep=_` into phones; a stress mark stays with its vowel."""
    phones: list[str] = []
    for token in espeak_ipa.strip().split("_"):
        stress = "ˈ" if "ˈ" in token else ""
        plain = token.replace("ˈ", "").replace("ˌ", "")
        if plain:
            first, *rest = _IPA.get(plain, plain).split()
            phones += [stress + first, *rest]
    return tuple(p for p, before in zip(phones, ["", *phones], strict=False) if p != "r" or before != "r")


def language() -> Language:
    """Return the table of English.

    Raises:
        subprocess.CalledProcessError: espeak-ng fails.
    """
    others = [w for w in (*TRAINED, *HELD_OUT) if w not in {*CORE, *MENU}]
    every = [*CORE, *MENU, *others, "me"]
    command = ["espeak-ng", "-v", "en-us", "-q", "--ipa", "--sep=_"]
    said = subprocess.run(command, input="\n".join(every), capture_output=True, text=True, check=True).stdout
    words = {
        text: Word(text, text, phones_of(line)) for text, line in zip(every, said.strip().splitlines(), strict=True)
    }
    return Language(
        code="en",
        core=tuple(words[w] for w in CORE),
        menu=tuple(words[w] for w in MENU),
        trained=tuple(words[w] for w in others if w in TRAINED),
        held_out=tuple(words[w] for w in others if w in HELD_OUT),
        digits=tuple(words[w] for w in DIGITS),
        repeaters=tuple(words[w] for w in REPEATERS),
        phrases=tuple(tuple(words[w] for w in phrase.split()) for phrase in PHRASES),
        natives=("en-us", "en-gb", "en-029", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-us-nyc"),
        foreign=(
            "de",
            "fr",
            "es",
            "it",
            "nl",
            "pl",
            "ru",
            "el",
            "hi",
            "pt-br",
            "tr",
            "sv",
            "fi",
            "ar",
            "fa",
            "hu",
            "ro",
        ),
        festival=(
            *("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts", "italian_lp", "italian_pc", "czech_dita"),
            *(
                "czech_krb",
                "czech_machac",
                "czech_ph",
                "suopuhe_lj",
                "suopuhe_mv",
                "hindi_nsk",
                "russian",
                "catalan_ona",
            ),
        ),
        variants=45,
        foreign_variants=2,
        amounts={
            "native": (3, 1, 20, 7, 4),
            "foreign": (3, 1, 12, 8, 3),
            "flite": (2, 1, 10, 6, 3),
            "festival": (8, 2, 40, 30, 12),
        },
    )
