"""Which recordings each language is trained on, and in which shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from speech.training import voices as synthetic
from speech.training.augment import Group
from speech.training.corpus import Takes, foreign, own_names, read_takes
from speech.training.ipa import phones_of_ipa
from speech.training.other_words import TRAINED
from speech.training.pronunciations import pronunciations
from speech.training.recordings import ARABIC_ZIP, COMMANDS_ZIP, DIGITS_ZIP, HELD_OUT_ARABIC
from speech.training.speakers import SYNTHETIC_PREFIXES, is_development

# English words that Arabic and Persian training never hear: the human part of their rejection figures.
HELD_OUT_ENGLISH = ("right", "go", "two", "nine")
# Arabic words that are next to the same in Persian, so that they are no foreign words there.
LIKE_PERSIAN = ("zero",)


def _trained(everyone: bool) -> Callable[[str], bool]:
    """People who may be heard in training: all but the development speakers, or all. Held-out voices never are."""

    def keep(speaker: str) -> bool:
        return not is_development(speaker) or (everyone and not speaker.startswith(SYNTHETIC_PREFIXES))

    return keep


def groups_of(language: str, recordings: Path, voices: Path, everyone: bool) -> list[Group]:
    """Return the groups of one language: people, voices, and people who say something else."""
    keep = _trained(everyone)
    digits, commands, arabic = (recordings / name for name in (DIGITS_ZIP, COMMANDS_ZIP, ARABIC_ZIP))
    said_by_voices = read_takes(voices / f"voices-{language}.zip", keep, own_names(language, _others(language)))
    if language == "en":
        english = own_names("en", _others("en"))
        return [
            Group(0.33, read_takes(digits, keep, english)),
            Group(0.22, read_takes(commands, keep, english)),
            Group(0.33, said_by_voices),
            Group(0.12, read_takes(arabic, keep, foreign(HELD_OUT_ARABIC))),
        ]
    strangers = _merged(read_takes(path, keep, foreign(HELD_OUT_ENGLISH)) for path in (digits, commands))
    if language == "ar":
        return [
            Group(0.66, read_takes(arabic, keep, own_names("ar", {}))),
            Group(0.22, said_by_voices),
            Group(0.12, strangers),
        ]
    return [
        Group(0.8, said_by_voices),
        Group(0.1, strangers),
        Group(0.1, read_takes(arabic, keep, foreign((*HELD_OUT_ARABIC, *LIKE_PERSIAN)))),
    ]


def _others(language: str) -> dict[str, str]:
    """Words outside the vocabulary: their pronunciations, empty for those that training may not hear."""
    if language == "en":
        commands = {"up": "AH P", "down": "D AW N", "left": "L EH F T", "right": "R AY T"}
        return pronunciations(TRAINED) | commands
    table = synthetic.LANGUAGES[language]()
    words = (*table.core, *table.menu, *table.trained)
    return {word.text: phones_of_ipa(language, word.phones) for word in reversed(words)}


def _merged(parts: Iterable[Takes]) -> Takes:
    merged: Takes = {}
    for part in parts:
        for speaker, takes in part.items():
            merged.setdefault(speaker, []).extend(takes)
    return merged
