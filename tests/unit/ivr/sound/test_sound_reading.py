"""Texts as they are given to the voice: nothing is said that is no speech, and nothing is lost that is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.parts import LANGUAGES
from ivr.sound.reading import Reading, cleaned, readings

PAUSE = " [[_:]] "


def read(text: str, language: str) -> str:
    return " ".join(part.text for part in readings(text, language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", "   ", "\n", "😀👍🏽", "\x00\x07\x1b", "…—", "\u200b\ufeff", "<br/>", "\ud800"])
def test_what_says_nothing_is_read_as_nothing(text: str, language: str) -> None:
    assert readings(text, language) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Hello 😀 there", "Hello there"),
        ("Hello\x00\x1b\nthere", "Hello there"),
        ("<speak>Wait <break time='9s'/> here</speak>", "Wait here"),
        ("<!-- no --> yes", "yes"),
        ("say [[h@'loU]] now", "say h@'loU now"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
        ("می\u200cتوانید", "می\u200cتوانید"),
        ("a\u202eb\u2066c", "abc"),
        ("half \ud83d a pair", "half a pair"),
        ("❤️ 1️⃣", "1"),
    ],
)
def test_controls_emoji_markup_and_phonemes_are_left_out(written: str, said: str) -> None:
    assert cleaned(written) == said


@given(st.text(max_size=300), st.sampled_from(LANGUAGES))
def test_no_text_makes_the_reader_fail_or_lets_phonemes_or_controls_through(text: str, language: str) -> None:
    for part in readings(text, language):
        without_ours = part.text.replace("[[_:]]", "").replace("[[eI]]", "")
        assert "[[" not in without_ours
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ue000]", part.text)
        part.text.encode()


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("en", "4 8 2 1", PAUSE.join("4821")),
        ("en", "1 2 3 4 5 6", f"{PAUSE.join('123')}, {PAUSE.join('456')}"),
        ("en", "the number 4 4 2 0, 7 9 4 6", f"the number {PAUSE.join('4420')}, {PAUSE.join('7946')}"),
        ("en", "A B 1 2", f"[[eI]]{PAUSE}B{PAUSE}1{PAUSE}2"),
        ("en", "Code AB12.", f"Code [[eI]]{PAUSE}B{PAUSE}1{PAUSE}2."),
        ("en", "a 1 in 4 chance", "a 1 in 4 chance"),
        ("en", "Call 02079460123", f"Call {PAUSE.join('020')}, {PAUSE.join('7946')}, {PAUSE.join('0123')}"),
        ("en", "123456 people", "123456 people"),
        ("en", "£12.50", "twelve pounds and fifty pence"),
        ("en", "from 2026-11-23", "from Monday the 23rd of November 2026"),
        ("en", "from 2026-13-45", "from 2026-13-45"),
        ("en", "at 9 05 AM", "at 9 oh 5 AM"),
        ("en", "the 23rd at 9AM", "the 23rd at 9AM"),
        ("en", "at 9:05 AM", "at 9 oh 5 AM"),
        ("en", "at 12:30 a.m. and 1:15 P.M.", "at 12 30 AM and 1 15 PM"),
        ("en", "from 07:30 to 17:00", "from 7 30 AM to 5 PM"),
        ("en", "at 7:30, or at 8:05", "at 7 30, or at 8 oh 5"),
        ("en", "07:30 in the evening", "7 30 in the evening"),
        ("en", "16:9, 1:23:45", "16:9, 1:23:45"),
        (
            "en",
            "$1,000.50 or £2,345",
            "one thousand dollars and fifty cents or two thousand three hundred and forty five pounds",
        ),
        ("en", "£1.5 million, $12.345", "£1.5 million, $12.345"),
        ("en", "Call 020 7946 0958.", f"Call {PAUSE.join('020')}, {PAUSE.join('7946')}, {PAUSE.join('0958')}."),
        ("en", "+44 20 7946-0958", f"4 4, 2 0, {PAUSE.join('7946')}, {PAUSE.join('0958')}"),
        ("en", "on 01-12-2026", "on 0 1-12-2026"),
        ("en", "rooms 100 200 300", "rooms 100 200 300"),
        ("fa", "چهار هشت دو یک", PAUSE.join(("چَهار", "هشت", "دو", "یک"))),
        ("fa", "عدد 5 را فشار دهید", "عددِ پنج را فشار دهید"),
        ("fa", "۱۲ و ٣", "دوازدهُ سه"),
        ("fa", "ساعت ۹:۳۰", "ساعتِ نُهُ نیمِ صبح"),
        ("fa", "ساعت ۵:۳۰ بعد از ظهر", "ساعتِ پنجُ نیمِ بعد از ظهر"),
        ("fa", "۵:۳۰ ب.ظ", "پنجُ نیمِ بعد از ظهر"),
        ("ar", "الساعة 5:30 مساءً", "الساعَ الخامِسَ والنصف مساءً"),
        ("ar", "الساعة 5:30 م", "الساعَ الخامِسَ والنصف بَعْد الظُهْر"),
        ("ar", "اضغط ٥", "اِضْغَط خَمْسَ"),
        ("ar", "100 درهم", "مِئَة دِرْهَم"),
    ],
)
def test_digits_dates_and_money_are_written_out(language: str, written: str, said: str) -> None:
    assert read(written, language) == said


def test_arabic_and_persian_in_an_english_text_have_their_own_voices() -> None:
    assert readings("Press 2 for فارسی or 3 for بيت, please.", "en") == [
        Reading("Press 2 for ", "en"),
        Reading("فارسی", "fa"),
        Reading(" or 3 for ", "en"),
        Reading("بيت", "ar"),
        Reading(", please.", "en"),
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("بگویید نه، یا عدد نُه را فشار دهید.", "بگویید نه، یا عددِ نُه را فشار دهید."),
        ("اگر نه، عدد دو را فشار دهید.", "اگر نه، عددِ دو را فشار دهید."),
        ("از نه تا دوازده", "از نُه تا دوازده"),
        ("نه نه نه را بگیرید", f"{PAUSE.join(('نُه', 'نُه', 'نُه'))} را بگیرید"),
    ],
)
def test_persian_nine_and_no_are_told_apart(written: str, said: str) -> None:
    assert read(written, "fa") == said


def test_a_very_long_text_is_read_in_a_moment() -> None:
    assert len(read("چهار هشت دو یک " * 2000, "fa")) > 20_000
    assert read("a" * 10_000, "en") == "a" * 10_000
    assert read("<" * 10_000 + "1 " * 10_000, "en")
