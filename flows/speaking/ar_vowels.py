"""Vowel marks on the Arabic words of numbers, times and money, for voices that cannot supply them.

Arabic is written without short vowels. A cloud voice restores them; eSpeak NG does so for few words and reads "خمسة" as
"khmst", "ستة" as "stt". The letters stay as they are, so whoever compares texts strips the marks. Case endings are left
out, as people do when they speak, and "عشر" is marked as in "thirteen". Words that eSpeak NG reads right without marks
(months, days of the week) are not here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from flows.speaking.ar_words import WORDS
from flows.speaking.values import words_of

# The tanwin (U+064B) is written in plain text too and tells "ألفًا" (a thousand) from "ألفا" (two thousand).
_MARKS: Final = re.compile("[\u064c-\u0652]")
_WORD: Final = re.compile("[\u0621-\u0652]+")
_PREFIXES: Final = (("وال", "وَال"), ("بال", "بِال"), ("ال", "ال"), ("و", "وَ"))
_TA_MARBUTA: Final = re.compile("(?<=\u064e)ة$")
_SUKUN: Final = "\u0652"

_VOWELLED: Final = words_of(
    """
    صِفْر وَاحِد واحِدَة أَحَد إِحْدى اِثْنان اِثْنَيْن اِثْنا اِثْنَيْ اِثْنَتان اِثْنَتَيْن اِثْنَتا اِثْنَتَيْ
    ثَلاثَة أَرْبَعَة خَمْسَة سِتَّة سَبْعَة ثَمانِيَة تِسْعَة عَشَرَة ثَلاث أَرْبَع خَمْس سِتّ سَبْع ثَمان ثَماني تِسْع عَشَر
    عِشْرون ثَلاثون أَرْبَعون خَمْسون سِتّون سَبْعون ثَمانون تِسْعون
    عِشْرين ثَلاثين أَرْبَعين خَمْسين سِتّين سَبْعين ثَمانين تِسْعين
    مِئَة مِئَتان مِئَتَيْن مِئَتا مِئَتَيْ
    ثَلاثُمِئَة أَرْبَعُمِئَة خَمْسُمِئَة سِتُّمِئَة سَبْعُمِئَة ثَمانُمِئَة تِسْعُمِئَة
    أَلْف أَلْفان أَلْفَيْن أَلْفا أَلْفَيْ أَلْفًا آلاف
    مِلْيون مِلْيُونان مِلْيُونَيْن مِلْيُونا مِلْيُونَيْ مِلْيُونًا مَلايين
    مِلْيار مِلْياران مِلْيارَيْن مِلْيارا مِلْيارَيْ مِلْيارًا مِلْيارات
    تِرِيلْيون تِرِيلْيُونان تِرِيلْيُونَيْن تِرِيلْيُونا تِرِيلْيُونَيْ تِرِيلْيُونًا تِرِيلْيُونات
    فاصِلَة ناقِص ثانِيَة ثالِثَة رابِعَة خامِسَة سادِسَة سابِعَة ثامِنَة تاسِعَة عاشِرَة حادِيَة
    دَقيقَة دَقيقَتان دَقيقَتَيْن دَقائِق ساعَة
    جُنَيْه جُنَيْهان جُنَيْهَيْن جُنَيْهات جُنَيْهًا مِصْرِيّ مِصْرِيَّة مِصْرِيّان دينار دَنانير أُرْدُنِيّ أُرْدُنِيَّة أُرْدُنِيّان
    دُولار دُولاران دُولارات دُولارًا دِرْهَم دِرْهَمان دِرْهَمَيْن دَراهِم دِرْهَمًا فِلْس فِلْسان فُلوس فِلْسًا
    قِرْش قِرْشان قُروش قِرْشًا هَلَلَة هَلَلَتان هَلَلات سِنْت سِنْتان سِنْتات سِنْتًا بِنْس بِنْسان بِنْسات بِنْسًا
    """
)
_BY_PLAIN: Final = {_MARKS.sub("", word): word for word in _VOWELLED}


# Words that it misreads with their vowels, too: as they sound, without the letters that are not heard.
_MORE: Final = {
    "بالأرقام": "بالأَرْقام",
    "فاضغط": "فَضْغَط",
    "وانتظر": "وَنْتَظِر",
    "للانتظار": "لِلِنْتِظار",
    "لانتظارك": "لِنْتِظارِك",
    "لاختيار": "لِخْتِيار",
    "للاكتفاء": "لِلِكْتِفاء",
    "لاتصالك": "لِتْتِصالِك",
    "يوجد": "يُوجَد",
    "تقول": "تَقُول",
    "تحويل": "تَحْوِيل",
}


def _vowelled_word(match: re.Match[str]) -> str:
    word = match.group()
    if word in _BY_PLAIN:
        return _BY_PLAIN[word]
    for prefix, vowelled_prefix in _PREFIXES:
        stem = word.removeprefix(prefix)
        if stem != word and stem in _BY_PLAIN:
            return vowelled_prefix + _BY_PLAIN[stem]
    return word


_KNOWN: Final = frozenset((*_BY_PLAIN, *_MORE, *WORDS))


def vowelled(text: str) -> str:
    """An Arabic text whose words of numbers, times and money carry vowel marks; every other word stays as it is.

    It goes by spelling alone: a homograph of a number's word ("ست", also "lady") is marked as the number.
    """
    return _WORD.sub(_vowelled_word, text)


# Before these, the ة of a number is heard as t: it is in the construct state.
_COUNTED: Final = frozenset(
    words_of(
        """
        عشر دقائق دقيقة ساعات ساعة ألف ألفًا آلاف مليون مليونًا ملايين مليار مليارًا مليارات تريليون تريليونًا تريليونات
        جنيه جنيهات جنيهًا دولار دولارات دولارًا يورو درهم دراهم درهمًا ريال ريالات ريالًا دينار دنانير دينارًا تومان تومانات
        تومانًا فلس فلوس فلسًا سنت سنتات سنتًا بنس بنسات بنسًا هللة هللات قرش قروش قرشًا
        """
    )
)
# After these, "عشر" and "عشرة" are the end of eleven to nineteen; elsewhere they are ten.
_UNITS: Final = frozenset(
    words_of(
        """
        أحد إحدى اثنا اثني اثنتا اثنتي ثلاثة ثلاث أربعة أربع خمسة خمس ستة ست سبعة سبع ثمانية ثماني تسعة تسع
        الحادي الحادية الثاني الثانية الثالث الثالثة الرابع الرابعة الخامس الخامسة السادس السادسة السابع السابعة
        الثامن الثامنة التاسع التاسعة
        """
    )
)
_TEEN: Final = {"عشر": "عَشَر", "عشرة": "عَشْرَة"}
_TEN: Final = {"عشر": "عَشْر", "عشرة": "عَشَرَة"}


# It forgets the vowel of a doubled letter, but not that of a letter after the same one without.
_DOUBLED: Final = re.compile("([\u0621-\u064a])([\u064b-\u0650]?)\u0651")
# After the article it doubles the letter by itself.
_DOUBLED_FIRST: Final = re.compile("^(و?ال[\u0621-\u064a][\u064b-\u0650]?)\u0651")


def pronounced(text: str) -> str:
    """An Arabic text as it is to be given to eSpeak NG: vowelled, and in the pausal forms in which people speak.

    It reads every ة after a vowel mark as t; so that letter stays only where t is heard, and goes elsewhere.
    """
    text = unicodedata.normalize("NFC", text)
    words = list(_WORD.finditer(text))
    pieces: list[str] = []
    end = 0
    for index, match in enumerate(words):
        before = words[index - 1].group() if index and text[words[index - 1].end() : match.start()] == " " else ""
        after = words[index + 1] if index + 1 < len(words) else None
        next_word = after.group() if after is not None and text[match.end() : after.start()] == " " else ""
        pieces += [text[end : match.start()], _pronounced_word(match.group(), before, next_word)]
        end = match.end()
    return "".join([*pieces, text[end:]])


def _pronounced_word(word: str, before: str, after: str) -> str:
    joined = word.startswith("و") and word not in _KNOWN and word[1:] in _KNOWN
    stem = word[1:] if joined else word
    if stem in _TEN:
        marked = (_TEEN if before.removeprefix("و") in _UNITS else _TEN)[stem]
    else:
        marked = _MORE.get(stem) or WORDS.get(stem) or vowelled(stem)
    if marked.startswith("وَال"):
        marked = "وال" + marked[4:]  # the article is joined to "and", and its l to the next sound
    marked = _without_doubling(marked)
    if not (after in _COUNTED or (after.startswith("ال") and not stem.startswith(("ال", "لل")))):
        marked = _TA_MARBUTA.sub("", marked)
    # As a word of its own, "and" does not run into the vowel after it.
    return f"وَ {marked}" if joined else marked


def _without_doubling(word: str) -> str:
    word = _DOUBLED_FIRST.sub(r"\1", unicodedata.normalize("NFC", word))
    return _DOUBLED.sub(lambda found: f"{found[1]}{_SUKUN}{found[1]}{found[2]}", word)
