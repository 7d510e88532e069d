"""A text as eSpeak NG reads it right: what it would misread is written out, what is no speech is left out.

Pure. What the flows' filters give is words already (`flows.speaking`); here, digits are parted by pauses, vowels that
Arabic script leaves out are put in where we know them, and what operators type as digits becomes words.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final, cast

import msgspec

from flows import speaking
from flows.speaking import UnspeakableError
from flows.speaking.ar_vowels import pronounced as pronounced_arabic
from flows.speaking.fa_vowels import NINE
from flows.speaking.fa_vowels import pronounced as pronounced_persian
from flows.speaking.values import MOST_IN_A_GROUP, ascii_digits, words_of

# More than any prompt of a flow may have; a voice would speak for five minutes.
MAX_CHARACTERS: Final = 4_000
# From so many digits on, nobody means a quantity.
_LONG_NUMBER: Final = 7
# Stands for the short pause while the text is worked on; no text has it (private use is left out).
_PAUSE: Final = "\ue000"
# 80 ms at the default speed, and only between words. Source: eSpeak NG, docs/markup.md and phonemes.md ("_:").
_PAUSE_PHONEME: Final = " [[_:]] "

# What joins letters or says nothing: kept are the letters' own marks and the two joiners that Persian spelling needs.
_KEPT_FORMATS: Final = "\u200c"
_MARKUP: Final = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<!--.*?-->", re.DOTALL)
_PHONEME_BRACKETS: Final = re.compile(r"\[{2,}|\]{2,}")
_PERSIAN_LETTERS: Final = re.compile("[پچژگکی]")
_ARABIC_RUN: Final = re.compile(
    r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]"
    r"(?:[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff\u200c\s]*"
    r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff])?"
)
_CURRENCY_SIGNS: Final = {"£": "GBP", "$": "USD", "€": "EUR"}
# "£1.5 million" is left to the voice, which knows the sign.
_MONEY: Final = re.compile(
    r"([£$€])\s?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.[0-9]{1,2})?)"
    r"(?![0-9]|[.,][0-9]|\s(?:thousand|million|billion)\b)"
)
_ISO_DATE: Final = re.compile(r"(?<![0-9-])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9-])")
_CLOCK: Final = re.compile(
    r"(?<![0-9:])([01]?[0-9]|2[0-3]):([0-5][0-9])(?![0-9:])"
    r"(?:\s?(?P<half>[AaPp](?:[Mm]\b|\.[Mm]\.)|[صم](?!\w)|[قب]\.ظ))?"
)
_HALVES: Final = {"a": 0, "p": 12, "ص": 0, "م": 12, "ق": 0, "ب": 12}
# Where it follows the time, the part of the day is said already.
_DAY_PART: Final = {
    "en": re.compile(r"\s+(?:in the (?:morning|afternoon|evening)|at night)\b"),
    "ar": re.compile(r"\s*(?:صباح|مساء|ظهر|بعد|عصر|ليل|فجر|منتصف)"),
    "fa": re.compile(r"\s*(?:صبح|ظهر|بعد|عصر|شب|بامداد|نیمه)"),
}
# A telephone number in groups, as people write it: from a plus sign or a leading zero on.
_PHONE: Final = re.compile(r"(?<![\w.,:-])(?:\+[0-9]{1,3}|0[0-9]{1,5})(?:[ -][0-9]{2,8}){1,4}(?![\w:]|[.,-][0-9])")
_SHORTEST_PHONE: Final = 7
_DAY_MONTH_YEAR: Final = re.compile(r"[0-9]{2}[ -][0-9]{2}[ -][0-9]{4}")
# Capitals and digits run together, but for times such as 9AM.
_CODE: Final = re.compile(r"(?<![\w-])(?![0-9]{1,2}[AP]M\b)(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{2,20}(?![\w])")
_NUMBER: Final = re.compile(r"\+?[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")
# "9 05 AM", as `flows.speaking` writes it.
_MINUTES: Final = re.compile(r"(?<![0-9])([0-9]{1,2}) 0([1-9])(?= [AP]M\b)")

_DIGIT_WORDS: Final = {
    "en": "[0-9]",
    "ar": "صفر|واحد|اثنان|اثنين|ثلاثة|أربعة|خمسة|ستة|سبعة|ثمانية|تسعة",
    "fa": "صفر|یک|دو|سه|چهار|پنج|شش|هفت|هشت|ن\u064f?ه",
}
_LETTER_NAMES: Final = {
    "ar": words_of("إيه بي سي دي إي إف جي إتش آي جيه كيه إل إم إن أو بي كيو آر إس تي يو في دَبْلْيو إكس واي زِد"),
    "fa": words_of("اِی بی سی دی ای اِف جی اِچ آی جِی کِی اِل اِم اِن اُ پی کیو آر اِس تی یو وی دابِلیو ایکس وای زِد"),
}


class Reading(msgspec.Struct, frozen=True):
    """A text to be given to the voice of a language."""

    text: str
    language: str


def readings(text: str, language: str) -> list[Reading]:
    """What to speak, in order, each part with its own voice; empty where there is nothing to say.

    English reads Arabic letters by their names, so those parts get a voice of their own; the other way round the voices
    of Arabic and Persian change to English by themselves.
    """
    text = cleaned(text)
    parts = _by_script(text, language) if language == "en" else [(text, language)]
    return [Reading(_read(part, own), own) for part, own in parts if _says_something(part)]


def cleaned(text: str) -> str:
    """The text without what no voice can say: control and format characters, emoji, markup, phonemes in brackets."""
    text = unicodedata.normalize("NFC", text.replace("\u00a0", " "))
    text = _PHONEME_BRACKETS.sub(" ", _MARKUP.sub(" ", text))
    return " ".join("".join(map(_said, text)).split())


def _said(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Cc", "Zl", "Zp", "So", "Sk"):
        return " "
    if kind in ("Cs", "Co", "Cn", "Me") or (kind == "Cf" and character not in _KEPT_FORMATS):
        return ""
    return "" if "\ufe00" <= character <= "\ufe0f" else character


def _says_something(text: str) -> bool:
    return any(character.isalnum() or character in _CURRENCY_SIGNS for character in text)


def _by_script(text: str, language: str) -> Iterator[tuple[str, str]]:
    position = 0
    for run in _ARABIC_RUN.finditer(text):
        yield text[position : run.start()], language
        yield run.group(), "fa" if _PERSIAN_LETTERS.search(run.group()) else "ar"
        position = run.end()
    yield text[position:], language


def _read(text: str, language: str) -> str:
    text = _values(ascii_digits(text), language)
    text = _DIGIT_RUNS[language].sub(lambda run: _grouped(run.group().split(" "), language), text)
    match language:
        case "ar":
            text = pronounced_arabic(text)
        case "fa":
            text = pronounced_persian(text)
    return text.replace(_PAUSE, _PAUSE_PHONEME.strip())


def _values(text: str, language: str) -> str:
    """Dates, money and long numbers in words; in Arabic and Persian every number, which their voices misread."""
    text = _MONEY.sub(lambda found: _said_or(found, _money, language), text)
    text = _ISO_DATE.sub(lambda found: _said_or(found, _date, language), text)
    text = _PHONE.sub(lambda found: _phone(found.group(), language), text)
    text = _CODE.sub(lambda found: speaking.digits(language, found.group()), text)
    text = _CLOCK.sub(lambda found: _said_or(found, _clock, language), text)
    if language == "en":
        text = _MINUTES.sub(r"\1 oh \2", text)
        return _NUMBER.sub(
            lambda found: _number(found.group(), language) if _is_long(found.group()) else found[0], text
        )
    return _NUMBER.sub(lambda found: _number(found.group(), language), text)


def _said_or(found: re.Match[str], say: object, language: str) -> str:
    """The words for what was found; as it is written where it has none."""
    try:
        return cast("str", say(found, language))  # type: ignore[operator]
    except (ValueError, InvalidOperation):
        return found.group()


def _money(found: re.Match[str], language: str) -> str:
    return speaking.money(language, Decimal(found[2].replace(",", "")), _CURRENCY_SIGNS[found[1]])


def _date(found: re.Match[str], language: str) -> str:
    return speaking.date(language, datetime.date(int(found[1]), int(found[2]), int(found[3])))


def _clock(found: re.Match[str], language: str) -> str:
    """Without the word for "o'clock", which stands before it where there is one.

    The part of the day is left out where it follows, and in English where "7:30" may be in either half of the day.
    """
    hour, half = int(found[1]), found["half"]
    if half and hour <= 12:
        hour = hour % 12 + _HALVES[half[0].lower()]
    moment = datetime.time(hour, int(found[2]))
    either = language == "en" and not half and 1 <= hour <= 12 and found[1][0] != "0"
    if either or _DAY_PART[language].match(found.string, found.end()):
        words, _ = speaking.between(language, moment, moment)
    else:
        words = speaking.time(language, moment)
    if language == "en":
        return words.replace(" 0", " oh ")
    return words.removeprefix("الساعة ").removeprefix("ساعت ")


def _phone(number: str, language: str) -> str:
    """Its groups digit by digit; as it is written where it is too short for a telephone number, or may be a date."""
    groups = re.findall("[0-9]+", number)
    if sum(map(len, groups)) < _SHORTEST_PHONE or _DAY_MONTH_YEAR.fullmatch(number):
        return number
    return (", " if language == "en" else "، ").join(speaking.digits(language, group) for group in groups)


def _is_long(number: str) -> bool:
    digits = number.lstrip("+").replace(",", "")
    whole = digits.partition(".")[0]
    return number[0] == "+" or len(whole) >= _LONG_NUMBER or (len(whole) > 1 and whole[0] == "0")


def _number(number: str, language: str) -> str:
    if "," not in number and "." not in number and _is_long(number):
        return speaking.digits(language, number)
    try:
        return speaking.number(language, Decimal(number.replace(",", "").lstrip("+")))
    except UnspeakableError:
        return speaking.digits(language, number)


def _grouped(signs: list[str], language: str) -> str:
    """Digits and letters with a short pause after each, and a longer one after every few."""
    names = [_name(sign, language) for sign in signs]
    count = -(-len(names) // MOST_IN_A_GROUP)
    cuts = [len(names) * index // count for index in range(count + 1)]
    groups = [names[cuts[index] : cuts[index + 1]] for index in range(count)]
    return (", " if language == "en" else "، ").join(f" {_PAUSE} ".join(group) for group in groups)


def _name(sign: str, language: str) -> str:
    if sign == "نه":
        return NINE
    if not (len(sign) == 1 and sign.isascii() and sign.isalpha()):
        return sign
    if language == "en":
        # Alone, it would be the article.
        return "[[eI]]" if sign in "aA" else sign
    return _LETTER_NAMES[language][ord(sign.lower()) - ord("a")]


def _runs(language: str) -> re.Pattern[str]:
    """Three or more digits or letters one by one, at least one of them a digit."""
    sign = f"(?:{_DIGIT_WORDS[language]}|[A-Za-z])"
    edge = r"(?<![\w\u064b-\u0652])", r"(?![\w\u064b-\u0652])"
    return re.compile(rf"{edge[0]}(?=(?:[A-Za-z] )*(?:{_DIGIT_WORDS[language]})){sign}(?: {sign}){{2,}}{edge[1]}")


_DIGIT_RUNS: Final = {language: _runs(language) for language in _DIGIT_WORDS}
