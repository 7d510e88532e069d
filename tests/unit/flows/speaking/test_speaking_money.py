"""Money: known-good forms for each currency, plural agreement, minor units."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import speaking
from flows.speaking import LANGUAGES, UnspeakableError, ar, en, fa
from flows.speaking.values import MINOR_DIGITS

CURRENCIES = sorted(MINOR_DIGITS)


@pytest.mark.parametrize(
    ("amount", "currency", "english", "arabic", "persian"),
    [
        ("0", "USD", "zero dollars", "صفر دولار", "صفر دلار"),
        ("1", "GBP", "one pound", "جنيه إسترليني واحد", "یک پوند"),
        ("2", "GBP", "two pounds", "جنيهان إسترلينيان", "دو پوند"),
        ("1.01", "GBP", "one pound and one penny", "جنيه إسترليني واحد وبنس واحد", "یک پوند و یک پنی"),
        ("0.02", "GBP", "two pence", "بنسان", "دو پنی"),
        (
            "25.50",
            "USD",
            "twenty five dollars and fifty cents",
            "خمسة وعشرون دولارًا وخمسون سنتًا",
            "بیست و پنج دلار و پنجاه سنت",
        ),
        ("3", "EUR", "three euros", "ثلاثة يورو", "سه یورو"),
        ("1", "AED", "one dirham", "درهم واحد", "یک درهم"),
        ("2", "AED", "two dirhams", "درهمان", "دو درهم"),
        ("3", "AED", "three dirhams", "ثلاثة دراهم", "سه درهم"),
        ("10", "AED", "ten dirhams", "عشرة دراهم", "ده درهم"),
        ("11", "AED", "eleven dirhams", "أحد عشر درهمًا", "یازده درهم"),
        ("99", "AED", "ninety nine dirhams", "تسعة وتسعون درهمًا", "نود و نُه درهم"),
        ("100", "AED", "one hundred dirhams", "مئة درهم", "صد درهم"),
        ("101", "AED", "one hundred and one dirhams", "مئة درهم ودرهم واحد", "صد و یک درهم"),
        ("103", "AED", "one hundred and three dirhams", "مئة وثلاثة دراهم", "صد و سه درهم"),
        ("200", "AED", "two hundred dirhams", "مئتا درهم", "دویست درهم"),
        ("1000", "AED", "one thousand dirhams", "ألف درهم", "هزار درهم"),
        ("0.05", "SAR", "five halalas", "خمس هللات", "پنج هلله"),
        (
            "3.11",
            "SAR",
            "three Saudi riyals and eleven halalas",
            "ثلاثة ريالات سعودية وإحدى عشرة هللة",
            "سه ریال سعودی و یازده هلله",
        ),
        (
            "5.25",
            "EGP",
            "five Egyptian pounds and twenty five piastres",
            "خمسة جنيهات مصرية وخمسة وعشرون قرشًا",
            "پنج پوند مصر و بیست و پنج قرش",
        ),
        ("2000", "JOD", "two thousand Jordanian dinars", "ألفا دينار أردني", "دو هزار دینار اردن"),
        (
            "1.250",
            "KWD",
            "one Kuwaiti dinar and two hundred and fifty fils",
            "دينار كويتي واحد ومئتان وخمسون فلسًا",
            "یک دینار کویت و دویست و پنجاه فلس",
        ),
        ("0.005", "KWD", "five fils", "خمسة فلوس", "پنج فلس"),
        (
            "250000",
            "IRR",
            "two hundred and fifty thousand Iranian rials",
            "مئتان وخمسون ألف ريال إيراني",
            "دویست و پنجاه هزار ریال",
        ),
        ("25000", "IRT", "twenty five thousand tomans", "خمسة وعشرون ألف تومان", "بیست و پنج هزار تومان"),
        (
            "-3.50",
            "USD",
            "minus three dollars and fifty cents",
            "ناقص ثلاثة دولارات وخمسون سنتًا",
            "منفی سه دلار و پنجاه سنت",
        ),
    ],
)
def test_amounts_have_their_known_words(amount: str, currency: str, english: str, arabic: str, persian: str) -> None:
    words = [speaking.money(language, Decimal(amount), currency) for language in LANGUAGES]
    assert words == [english, arabic, persian]


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0.005", "one cent"),
        ("0.004", "zero dollars"),
        ("-0.004", "zero dollars"),
        ("0.995", "one dollar"),
        ("1.5E+1", "fifteen dollars"),
    ],
)
def test_the_minor_unit_is_rounded_half_up(amount: str, words: str) -> None:
    assert speaking.money("en", Decimal(amount), "USD") == words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("currency", ["XYZ", "", "gbp"])
def test_an_unknown_currency_is_refused(language: str, currency: str) -> None:
    with pytest.raises(UnspeakableError, match="unknown currency"):
        speaking.money(language, 1, currency)


@pytest.mark.parametrize(
    "amount", [Decimal(10**15), Decimal("999999999999999.999"), Decimal("NaN"), Decimal("-Infinity")]
)
def test_an_amount_that_is_too_large_or_none_is_refused(amount: Decimal) -> None:
    with pytest.raises(UnspeakableError):
        speaking.money("ar", amount, "USD")


@pytest.mark.parametrize("module", [en, ar, fa])
def test_every_language_names_every_currency(module: object) -> None:
    assert sorted(module._CURRENCIES) == CURRENCIES  # type: ignore[attr-defined]


@given(
    st.sampled_from(LANGUAGES),
    st.sampled_from(CURRENCIES),
    st.sampled_from(CURRENCIES),
    st.decimals(min_value=-(10**9), max_value=10**9, places=3),
)
def test_amounts_have_no_digits_and_currencies_never_sound_alike(
    language: str, currency: str, other: str, amount: Decimal
) -> None:
    words = speaking.money(language, amount, currency)
    assert not any(sign.isdigit() for sign in words)
    # Cents alone are those of the dollar and the euro alike; whole units never are.
    whole = int(amount)
    assert (speaking.money(language, whole, currency) == speaking.money(language, whole, other)) == (currency == other)


@given(st.sampled_from(LANGUAGES), st.sampled_from(CURRENCIES), st.integers(0, 10**7), st.integers(0, 10**7))
def test_distinct_amounts_have_distinct_words(language: str, currency: str, one: int, other: int) -> None:
    amounts = [Decimal(units).scaleb(-MINOR_DIGITS[currency]) for units in (one, other)]
    words = [speaking.money(language, amount, currency) for amount in amounts]
    assert (words[0] == words[1]) == (one == other)
