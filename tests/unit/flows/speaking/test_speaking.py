"""Numbers, digits, plural categories and the interface: known-good forms, and what must hold for every value."""

from __future__ import annotations

import csv
import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import speaking
from flows.speaking import LANGUAGES, UnspeakableError
from flows.speaking.ar_counting import Case, Gender, Noun, cardinal, counted

PHRASES = Path(__file__).resolve().parents[5] / "shared" / "nlu" / "builtin_phrases_dev.csv"
TANWIN = "ً"

# value: English, Arabic, Persian
NUMBERS: dict[int, tuple[str, str, str]] = {
    0: ("zero", "صفر", "صفر"),
    1: ("one", "واحد", "یک"),
    2: ("two", "اثنان", "دو"),
    3: ("three", "ثلاثة", "سه"),
    4: ("four", "أربعة", "چهار"),
    5: ("five", "خمسة", "پنج"),
    6: ("six", "ستة", "شش"),
    7: ("seven", "سبعة", "هفت"),
    8: ("eight", "ثمانية", "هشت"),
    9: ("nine", "تسعة", "نُه"),
    10: ("ten", "عشرة", "ده"),
    11: ("eleven", "أحد عشر", "یازده"),
    12: ("twelve", "اثنا عشر", "دوازده"),
    13: ("thirteen", "ثلاثة عشر", "سیزده"),
    14: ("fourteen", "أربعة عشر", "چهارده"),
    15: ("fifteen", "خمسة عشر", "پانزده"),
    16: ("sixteen", "ستة عشر", "شانزده"),
    17: ("seventeen", "سبعة عشر", "هفده"),
    18: ("eighteen", "ثمانية عشر", "هجده"),
    19: ("nineteen", "تسعة عشر", "نوزده"),
    20: ("twenty", "عشرون", "بیست"),
    21: ("twenty one", "واحد وعشرون", "بیست و یک"),
    30: ("thirty", "ثلاثون", "سی"),
    99: ("ninety nine", "تسعة وتسعون", "نود و نُه"),
    100: ("one hundred", "مئة", "صد"),
    101: ("one hundred and one", "مئة وواحد", "صد و یک"),
    111: ("one hundred and eleven", "مئة وأحد عشر", "صد و یازده"),
    200: ("two hundred", "مئتان", "دویست"),
    345: ("three hundred and forty five", "ثلاثمئة وخمسة وأربعون", "سیصد و چهل و پنج"),
    516: ("five hundred and sixteen", "خمسمئة وستة عشر", "پانصد و شانزده"),
    1000: ("one thousand", "ألف", "هزار"),
    1001: ("one thousand and one", "ألف وواحد", "هزار و یک"),
    1100: ("one thousand one hundred", "ألف ومئة", "هزار و صد"),
    2000: ("two thousand", "ألفان", "دو هزار"),
    2026: ("two thousand and twenty six", "ألفان وستة وعشرون", "دو هزار و بیست و شش"),
    3000: ("three thousand", "ثلاثة آلاف", "سه هزار"),
    10000: ("ten thousand", "عشرة آلاف", "ده هزار"),
    11000: ("eleven thousand", "أحد عشر ألفًا", "یازده هزار"),
    100_000: ("one hundred thousand", "مئة ألف", "صد هزار"),
    101_000: ("one hundred and one thousand", "مئة ألف وألف", "صد و یک هزار"),
    103_000: ("one hundred and three thousand", "مئة وثلاثة آلاف", "صد و سه هزار"),
    150_000: ("one hundred and fifty thousand", "مئة وخمسون ألفًا", "صد و پنجاه هزار"),
    200_000: ("two hundred thousand", "مئتا ألف", "دویست هزار"),
    1_000_000: ("one million", "مليون", "یک میلیون"),
    1_001_000: ("one million one thousand", "مليون وألف", "یک میلیون و یک هزار"),
    2_000_000: ("two million", "مليونان", "دو میلیون"),
    3_000_000: ("three million", "ثلاثة ملايين", "سه میلیون"),
    12_000_000: ("twelve million", "اثنا عشر مليونًا", "دوازده میلیون"),
    2_000_000_000: ("two billion", "ملياران", "دو میلیارد"),
    5_000_000_000_000: ("five trillion", "خمسة تريليونات", "پنج تریلیون"),
    -7: ("minus seven", "ناقص سبعة", "منفی هفت"),
}
DECIMALS: list[tuple[int | float | Decimal, str, str, str]] = [
    (3.5, "three point five", "ثلاثة فاصلة خمسة", "سه ممیز پنج"),
    (-0.5, "minus zero point five", "ناقص صفر فاصلة خمسة", "منفی صفر ممیز پنج"),
    (Decimal("10.25"), "ten point two five", "عشرة فاصلة خمسة وعشرون", "ده ممیز بیست و پنج"),
    (Decimal("1.03"), "one point zero three", "واحد فاصلة صفر ثلاثة", "یک ممیز صفر سه"),
    (Decimal("2.50"), "two point five", "اثنان فاصلة خمسة", "دو ممیز پنج"),
    (Decimal("1E+3"), "one thousand", "ألف", "هزار"),
    (4.0, "four", "أربعة", "چهار"),
    (0.1 + 0.2, "zero point three", "صفر فاصلة ثلاثة", "صفر ممیز سه"),
    (
        Decimal("3.1415"),
        "three point one four one five",
        "ثلاثة فاصلة واحد أربعة واحد خمسة",
        "سه ممیز یک چهار یک پنج",
    ),
    (Decimal("-0.0000001"), "zero", "صفر", "صفر"),
]
languages = st.sampled_from(LANGUAGES)
integers = st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1)


@pytest.mark.parametrize("value", NUMBERS)
def test_whole_numbers_have_their_known_words(value: int) -> None:
    assert tuple(speaking.number(language, value) for language in LANGUAGES) == NUMBERS[value]


@pytest.mark.parametrize(("value", "english", "arabic", "persian"), DECIMALS)
def test_decimals_have_their_known_words(value: int | float | Decimal, english: str, arabic: str, persian: str) -> None:
    assert [speaking.number(language, value) for language in LANGUAGES] == [english, arabic, persian]


@given(languages, integers)
def test_every_integer_has_words_without_digits_or_stray_spaces(language: str, value: int) -> None:
    words = speaking.number(language, value)
    assert words
    assert not any(sign.isdigit() for sign in words)
    assert words == " ".join(words.split(" "))
    assert "" not in words.split(" ")


@given(languages, integers, integers, st.integers(min_value=0, max_value=14))
def test_distinct_numbers_have_distinct_words(language: str, value: int, other: int, power: int) -> None:
    if value != other:
        assert speaking.number(language, value) != speaking.number(language, other)
    # Neighbours in one digit are where two sums could sound alike ("a hundred thousand and three").
    neighbour = value - 10**power if value > 0 else value + 10**power
    assert speaking.number(language, value) != speaking.number(language, neighbour)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_small_or_round_numbers_sound_alike(language: str) -> None:
    values = [*range(20_000), *range(20_000, 1_000_000, 1000), *range(100_000, 130_000, 7)]
    assert len({speaking.number(language, value) for value in values}) == len(set(values))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "value", [10**15, -(10**15), Decimal("999999999999999.9999999"), float("inf"), float("nan"), Decimal("sNaN"), 1e300]
)
def test_what_is_too_large_or_no_number_is_refused(language: str, value: int | float | Decimal) -> None:
    with pytest.raises(UnspeakableError) as refused:
        speaking.number(language, value)
    assert (refused.value.code, refused.value.retryable) == ("unspeakable", False)


@given(languages, st.one_of(st.floats(), st.decimals()))
def test_any_other_number_is_spoken_without_digits_or_refused(language: str, value: float | Decimal) -> None:
    try:
        words = speaking.number(language, value)
    except UnspeakableError:
        assert not Decimal(value).is_finite() or abs(Decimal(value)) > 10**15 - 1
    else:
        assert words
        assert not any(sign.isdigit() for sign in words)


def test_a_refusal_does_not_repeat_what_may_be_sensitive() -> None:
    with pytest.raises(UnspeakableError) as refused:
        speaking.number("en", 4_000_000_000_000_002)
    assert "4000" not in str(refused.value)


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(UnspeakableError, match=r"'xx' \(known: en, ar, fa\)"):
        speaking.number("xx", 1)
    with pytest.raises(UnspeakableError, match="'xx'"):
        speaking.plural_category("xx", 1)


@pytest.mark.parametrize(
    ("text", "english", "arabic", "persian"),
    [
        ("4821", "4 8 2 1", "أربعة ثمانية اثنان واحد", "چهار هشت دو یک"),
        ("٤٨٢١", "4 8 2 1", "أربعة ثمانية اثنان واحد", "چهار هشت دو یک"),
        ("۴۸۲۱", "4 8 2 1", "أربعة ثمانية اثنان واحد", "چهار هشت دو یک"),
        ("AB-10", "A B 1 0", "A B واحد صفر", "A B یک صفر"),
        ("  7 / ب ", "7 ب", "سبعة ب", "هفت ب"),
        ("²٪", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_texts_are_read_sign_by_sign(text: str, english: str, arabic: str, persian: str) -> None:
    assert [speaking.digits(language, text) for language in LANGUAGES] == [english, arabic, persian]


@pytest.mark.parametrize(
    ("number", "english", "arabic", "persian"),
    [
        (
            "+442079460123",
            "the number ending in 0 1 2 3",
            "الرقم المنتهي بالأرقام صفر واحد اثنان ثلاثة",
            "شماره منتهی به صفر یک دو سه",
        ),
        (
            "+44 20 7946 09 87",
            "the number ending in 0 9 8 7",
            "الرقم المنتهي بالأرقام صفر تسعة ثمانية سبعة",
            "شماره منتهی به صفر نُه هشت هفت",
        ),
        ("۱۱۲", "the number ending in 1 1 2", "الرقم المنتهي بالأرقام واحد واحد اثنان", "شماره منتهی به یک یک دو"),
    ],
)
def test_phone_numbers_are_named_by_their_last_four_digits(
    number: str, english: str, arabic: str, persian: str
) -> None:
    assert [speaking.phone_ending(language, number) for language in LANGUAGES] == [english, arabic, persian]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_without_digits_has_no_ending(language: str) -> None:
    with pytest.raises(UnspeakableError):
        speaking.phone_ending(language, "anonymous")


@given(st.text())
def test_only_arabic_indic_and_persian_digits_become_ascii(text: str) -> None:
    converted = speaking.ascii_digits(text)
    assert len(converted) == len(text)
    for before, after in zip(text, converted, strict=True):
        foreign = 0x660 <= ord(before) <= 0x669 or 0x6F0 <= ord(before) <= 0x6F9
        assert after == (str(ord(before) % 16) if foreign else before)


# The samples that the CLDR page gives for each category.
@pytest.mark.parametrize(
    ("language", "category", "values"),
    [
        ("en", "one", ["1", "1.0"]),
        ("en", "other", ["0", "2", "16", "100", "1000000", "0.1", "1.5", "0.0"]),
        ("ar", "zero", ["0", "0.0"]),
        ("ar", "one", ["1", "1.0"]),
        ("ar", "two", ["2", "2.00"]),
        ("ar", "few", ["3", "10", "103", "110", "1003", "3.0"]),
        ("ar", "many", ["11", "26", "99", "111", "1011", "11.0"]),
        ("ar", "other", ["100", "102", "200", "202", "1000", "10000", "1000000", "0.1", "3.5", "10.1"]),
        ("fa", "one", ["0", "1", "0.0", "0.04", "0.9", "1.0"]),
        ("fa", "other", ["2", "17", "100", "1000000", "1.1", "2.6"]),
    ],
)
def test_plural_categories_follow_the_cldr(language: str, category: str, values: list[str]) -> None:
    for value in values:
        assert speaking.plural_category(language, Decimal(value)) == category, value
        assert speaking.plural_category(language, -Decimal(value)) == category, value


BOOK = Noun("كتاب", "كتابان", "كتابين", "كتب", "كتابًا")
CAR = Noun("سيارة", "سيارتان", "سيارتين", "سيارات", "سيارة", "feminine")


@pytest.mark.parametrize(
    ("value", "books", "cars"),
    [
        (0, "صفر كتاب", "صفر سيارة"),
        (1, "كتاب واحد", "سيارة واحدة"),
        (2, "كتابان", "سيارتان"),
        (3, "ثلاثة كتب", "ثلاث سيارات"),
        (8, "ثمانية كتب", "ثماني سيارات"),
        (10, "عشرة كتب", "عشر سيارات"),
        (11, "أحد عشر كتابًا", "إحدى عشرة سيارة"),
        (12, "اثنا عشر كتابًا", "اثنتا عشرة سيارة"),
        (18, "ثمانية عشر كتابًا", "ثماني عشرة سيارة"),
        (21, "واحد وعشرون كتابًا", "إحدى وعشرون سيارة"),
        (22, "اثنان وعشرون كتابًا", "اثنتان وعشرون سيارة"),
        (28, "ثمانية وعشرون كتابًا", "ثمان وعشرون سيارة"),
        (100, "مئة كتاب", "مئة سيارة"),
        (101, "مئة كتاب وكتاب واحد", "مئة سيارة وسيارة واحدة"),
        (102, "مئة كتاب وكتابان", "مئة سيارة وسيارتان"),
        (108, "مئة وثمانية كتب", "مئة وثماني سيارات"),
        (200, "مئتا كتاب", "مئتا سيارة"),
        (300, "ثلاثمئة كتاب", "ثلاثمئة سيارة"),
        (1000, "ألف كتاب", "ألف سيارة"),
        (1200, "ألف ومئتا كتاب", "ألف ومئتا سيارة"),
        (2000, "ألفا كتاب", "ألفا سيارة"),
        (3005, "ثلاثة آلاف وخمسة كتب", "ثلاثة آلاف وخمس سيارات"),
        (11_000, "أحد عشر ألف كتاب", "أحد عشر ألف سيارة"),
        (11_500, "أحد عشر ألفًا وخمسمئة كتاب", "أحد عشر ألفًا وخمسمئة سيارة"),
        (102_000, "مئة ألف وألفا كتاب", "مئة ألف وألفا سيارة"),
        (2_000_000, "مليونا كتاب", "مليونا سيارة"),
    ],
)
def test_arabic_numbers_agree_with_what_they_count(value: int, books: str, cars: str) -> None:
    assert counted(value, BOOK) == books
    assert counted(value, CAR) == cars


@pytest.mark.parametrize(
    ("value", "gender", "case", "words"),
    [
        (2, "feminine", "oblique", "اثنتين"),
        (12, "masculine", "oblique", "اثني عشر"),
        (22, "masculine", "oblique", "اثنين وعشرين"),
        (28, "feminine", "nominative", "ثمان وعشرون"),
        (90, "masculine", "oblique", "تسعين"),
        (2026, "masculine", "oblique", "ألفين وستة وعشرين"),
        (202_200, "masculine", "oblique", "مئتي ألف وألفين ومئتين"),
    ],
)
def test_arabic_numbers_know_gender_and_case(value: int, gender: Gender, case: Case, words: str) -> None:
    assert cardinal(value, gender, case) == words


def normalised(phrase: str) -> str:
    return phrase.replace(TANWIN, "")


@pytest.mark.skipif(not PHRASES.is_file(), reason="the development phrases (../shared/nlu) are not on this machine")
def test_our_words_are_among_the_phrases_that_callers_use() -> None:
    with PHRASES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    spoken = {
        ("number", "ar", "23"): speaking.number("ar", 23),
        ("number", "fa", "23"): speaking.number("fa", 23),
        ("number", "en", "23"): speaking.number("en", 23),
        ("number", "fa", "2026"): speaking.number("fa", 2026),
        ("number", "fa", "150000"): speaking.number("fa", 150_000),
        ("number", "ar", "2026"): cardinal(2026, case="oblique"),
        ("digits", "fa", "4071"): speaking.digits("fa", "4071"),
        ("digits", "ar", "4071"): speaking.digits("ar", "4071"),
        ("currency", "en", "25.5 USD"): speaking.money("en", Decimal("25.50"), "USD"),
        ("currency", "ar", "1000 AED"): speaking.money("ar", 1000, "AED"),
        ("currency", "fa", "25000 IRT"): speaking.money("fa", 25_000, "IRT"),
        ("currency", "fa", "100 EUR"): speaking.money("fa", 100, "EUR"),
        ("time", "ar", "07:30"): speaking.time("ar", datetime.time(7, 30)).removesuffix(" صباحًا"),
        ("time", "fa", "15:00"): speaking.time("fa", datetime.time(15)).removeprefix("ساعت "),
        ("time", "fa", "20:00"): speaking.time("fa", datetime.time(20)).removeprefix("ساعت "),
        ("date", "ar", "2026-03-12"): speaking.date("ar", datetime.date(2026, 3, 12), today=datetime.date(2026, 3, 11)),
        ("date", "fa", "2026-03-12"): speaking.date("fa", datetime.date(2026, 3, 12), today=datetime.date(2026, 3, 11)),
    }
    for (kind, language, value), words in spoken.items():
        phrases = {
            row["phrase"]
            for row in rows
            if (row["type"], row["lang"]) == (kind, language) and value in row["expected"].split("|")
        }
        assert normalised(words) in phrases, (kind, language, value, words)
