"""Short vowels of Persian that are spoken and not written, for voices that guess them wrong.

eSpeak NG knows the vowels of most words; it cannot know the ezafe, the "e" that joins a word to the next, nor which of
two words with the same letters is meant. The letters stay as they are.
"""

from __future__ import annotations

import re
from typing import Final

from flows.speaking.values import words_of

_DAMMA: Final = "\u064f"
_KASRA: Final = "\u0650"
_ZWNJ: Final = "\u200c"
_HAMZA_ABOVE: Final = "\u0654"
NINE: Final = f"ن{_DAMMA}ه"

_MARKS: Final = re.compile(f"[\u064b-\u0652{_HAMZA_ABOVE}]")


def _plain(text: str) -> str:
    return _MARKS.sub("", text)


_CARDINALS: Final = (
    *words_of("صفر یک دو سه چهار پنج شش هفت هشت ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده"),
    *words_of("بیست سی چهل پنجاه شصت هفتاد هشتاد نود صد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد نهصد"),
    *words_of("هزار میلیون میلیارد تریلیون"),
    NINE,
)
_MONTHS: Final = words_of("فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند")
_PARTS: Final = (*words_of("بامداد صبح ظهر شب عصر بعدازظهر"), "بعد از ظهر")

_ORDINAL: Final = rf"(?:[\w{_DAMMA}{_KASRA}{_ZWNJ}\u064e]+م|اول)"

# As eSpeak NG needs them to be written; checked against its phonemes by the tests.
_WORDS: Final = {
    "چهار": "چَهار",
    "چهارم": "چَهارُم",
    "سنت": "سِنت",
    "پنی": "پِنی",
    "فلس": "فِلس",
    "قرش": "قِرش",
    "درهم": "دِرهَم",
    "کویت": "کُوِیت",
    "متأسفیم": "متاسفیم",
}
# Where words of our own sentences are joined by an ezafe.
_PHRASES: Final = {
    _plain(marked): marked
    for marked in (
        *("دنبالِ اپراتورِ آزاد", "از طرفِ ما", "همهٔ همکارانِ ما", "همکارِ ما", "زمانِ انتظار", "پشتِ خط"),
        *("بدونِ از دست دادنِ نوبت", "شمارهٔ تلفن", "شمارهٔ دیگر", "شمارهٔ منتهی", "دکمهٔ مربع", "کلیدِ ستاره"),
        *("به معنیِ ممیز", "دفعهٔ قبل", "شنیدنِ دوبارهٔ سؤال", "زبانِ دیگر", "تغییرِ زمانِ آن", "تغییرِ زمان"),
        *("تماسِ ثبت‌شدهٔ شما", "تماسِ شما", "تماسِ ما", "سرِ جایِ خود", "وقتِ روز", "فرصتِ ممکن", "نوعِ شماره‌ها"),
        *("شماره‌هایِ خودِ ما", "تغییر دَهَم", "کارِ دیگری", "دقیقهٔ دیگر", "ریالِ سعودی", "پوندِ مصر", "دینارِ اردن"),
        "دینارِ کویت",
    )
}


def _words(*forms: str) -> str:
    """A pattern for one of several whole words, the longest first."""
    return "(?:" + "|".join(sorted(map(re.escape, forms), key=len, reverse=True)) + ")"


_EDGE: Final = rf"[\w\u064b-\u0655{_ZWNJ}]"
_BEGIN, _END = rf"(?<!{_EDGE})", rf"(?!{_EDGE})"
_NUMBER: Final = _words(*_CARDINALS, *(_WORDS[word] for word in _CARDINALS if word in _WORDS))
_PART: Final = _words(*_PARTS)
_MONTH: Final = _words(*_MONTHS)

_KNOWN: Final = re.compile(_BEGIN + _words(*_WORDS) + _END)
_JOINED: Final = re.compile(_BEGIN + _words(*_PHRASES) + _END)
# "Nine" is written as "no" is; what stands around tells them apart.
_NINE: Final = re.compile(
    rf"{_BEGIN}(?:(?<=ساعت )|(?<=عدد )|(?<=رقم )|(?<=از )|(?<= و ))نه{_END}(?! (?:تنها|فقط))"
    rf"|{_BEGIN}نه(?= (?:تا|دقیقه|هزار|میلیون|{_PART}|و (?:نیم|ربع)){_END})"
)
_AND: Final = re.compile(rf"({_BEGIN}(?:{_NUMBER})) و (?=(?:{_NUMBER}|نیم|ربع|{_ORDINAL}){_END})")
_EZAFE: Final = (
    # at nine, number one, the third in line
    re.compile(rf"{_BEGIN}(ساعت|عدد|شماره|رقم)(?= {_NUMBER}{_DAMMA}?{_END})"),
    re.compile(rf"{_BEGIN}(نفر)(?= (?:{_NUMBER}{_DAMMA}? (?:ی{_DAMMA} )?)*{_ORDINAL}{_END})"),
    # nine in the morning
    re.compile(rf"{_BEGIN}({_NUMBER}|نیم|ربع|دقیقه)(?= {_PART}{_END})"),
    # the second of Azar; Azar of a year
    re.compile(rf"{_BEGIN}({_ORDINAL})(?= {_MONTH}{_END})"),
    re.compile(rf"{_BEGIN}({_MONTH})(?= هزار{_DAMMA}?{_END})"),
)
# Words that end in a vowel take a y before the e; the ه of these is none.
_SILENT_HE: Final = frozenset(("سه", "دقیقه", "شماره"))


def with_nine(words: str) -> str:
    """Spoken numbers with the vowel of "nine", which is written as "no" is without it."""
    return _NINE_ALONE.sub(NINE, words)


_NINE_ALONE: Final = re.compile(f"{_BEGIN}نه{_END}")


def pronounced(text: str) -> str:
    """A Persian text as it is to be given to eSpeak NG."""
    text = _NINE.sub(NINE, text)
    text = _JOINED.sub(lambda found: _PHRASES[found.group()], text)
    text = _KNOWN.sub(lambda word: _WORDS[word.group()], text)
    text = _AND.sub(_and, text)
    for pattern in _EZAFE:
        text = pattern.sub(lambda found: _with_ezafe(found.group()), text)
    return text


def _and(found: re.Match[str]) -> str:
    """Between numbers it is said as "o", at the end of the first."""
    word = found.group(1)
    if word == "سی":
        return f"{word} ی{_DAMMA} "
    return f"{word} و{_DAMMA} " if word in ("دو", "سه") else f"{word}{_DAMMA} "


def _with_ezafe(word: str) -> str:
    if word in _SILENT_HE:
        return word + _HAMZA_ABOVE
    return f"{word}ی{_KASRA}" if word == "دو" else word + _KASRA
