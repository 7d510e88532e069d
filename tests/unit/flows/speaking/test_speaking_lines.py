"""A place in line, a wait, a window, a number in full, and what callers say for days and times."""

from __future__ import annotations

import datetime as dt

import pytest

from flows import speaking
from flows.messages import ar as arabic
from flows.messages import en as english
from flows.messages import fa as persian
from flows.messages import phrases_of
from flows.phrases import normalised
from flows.speaking import LANGUAGES, UnspeakableError
from flows.speaking.heard import day_phrases, part_of_day, window_phrases

MONDAY = dt.date(2026, 3, 2)


@pytest.mark.parametrize(
    ("position", "english", "arabic", "persian"),
    [
        (1, "first", "الأول", "نفر اول"),
        (2, "second", "الثاني", "نفر دوم"),
        (3, "third", "الثالث", "نفر سوم"),
        (11, "eleventh", "الحادي عشر", "نفر یازدهم"),
        (12, "twelfth", "الثاني عشر", "نفر دوازدهم"),
        (20, "20th", "العشرون", "نفر بیستم"),
        (21, "21st", "الحادي والعشرون", "نفر بیست و یکم"),
        (33, "33rd", "الثالث والثلاثون", "نفر سی و سوم"),
        (30, "30th", "الثلاثون", "نفر سی‌ام"),
        (112, "112th", "رقم مئة واثني عشر", "نفر صد و دوازدهم"),
    ],
)
def test_a_place_in_line(position: int, english: str, arabic: str, persian: str) -> None:
    assert [speaking.place(language, position) for language in LANGUAGES] == [english, arabic, persian]


@pytest.mark.parametrize(
    ("minutes", "english", "arabic", "persian"),
    [
        ((0, 0), "less than a minute", "أقل من دقيقة", "کمتر از یک دقیقه"),
        ((0, 5), "less than five minutes", "أقل من خمس دقائق", "کمتر از پنج دقیقه"),
        ((1, 2), "between one and two minutes", "بين دقيقة ودقيقتين", "بین یک تا دو دقیقه"),
        ((5, 10), "between five and ten minutes", "بين خمس دقائق وعشر دقائق", "بین پنج تا ده دقیقه"),
        ((10, 15), "between ten and fifteen minutes", "بين عشر دقائق وخمس عشرة دقيقة", "بین ده تا پانزده دقیقه"),
        ((20, 20), "about twenty minutes", "نحو عشرين دقيقة", "حدود بیست دقیقه"),
        ((1, 1), "about a minute", "نحو دقيقة", "حدود یک دقیقه"),
        ((90, 150), "between one and three hours", "بين ساعة وثلاث ساعات", "بین یک تا سه ساعت"),
        ((120, 240), "between two and four hours", "بين ساعتين وأربع ساعات", "بین دو تا چهار ساعت"),
        ((15, 10), "about ten minutes", "نحو عشر دقائق", "حدود ده دقیقه"),
    ],
)
def test_a_wait_is_a_window(minutes: tuple[int, int], english: str, arabic: str, persian: str) -> None:
    assert [speaking.waiting(language, *minutes) for language in LANGUAGES] == [english, arabic, persian]


@pytest.mark.parametrize(
    ("hours", "english", "arabic", "persian"),
    [
        ((14, 15), ("2", "3 PM"), ("الساعة الثانية", "الثالثة بعد الظهر"), ("ساعت دو", "سه بعد از ظهر")),
        (
            (11, 12),
            ("11 AM", "12 PM"),
            ("الساعة الحادية عشرة صباحًا", "الثانية عشرة ظهرًا"),
            ("ساعت یازده صبح", "دوازده ظهر"),
        ),
        (
            (12, 13),
            ("12", "1 PM"),
            ("الساعة الثانية عشرة ظهرًا", "الواحدة بعد الظهر"),
            ("ساعت دوازده ظهر", "یک بعد از ظهر"),
        ),
    ],
)
def test_the_two_ends_of_a_window_say_once_what_they_have_in_common(
    hours: tuple[int, int], english: tuple[str, str], arabic: tuple[str, str], persian: tuple[str, str]
) -> None:
    starts, ends = (dt.time(hour) for hour in hours)
    assert [speaking.between(language, starts, ends) for language in LANGUAGES] == [english, arabic, persian]


@pytest.mark.parametrize(
    ("number", "groups"),
    [("02079460199", [3, 4, 4]), ("+442079460199", [4, 4, 4]), ("0794601", [3, 4]), ("079460", [3, 3]), ("123", [3])],
)
def test_a_number_in_full_has_a_pause_after_three_or_four_digits(number: str, groups: list[int]) -> None:
    spoken = speaking.phone("en", number).removeprefix("the number ")
    assert [len(group.split()) for group in spoken.split(",")] == groups
    assert spoken.replace(",", "").replace(" ", "") == number.removeprefix("+")
    assert speaking.phone("ar", "123456") == "الرقم واحد اثنان ثلاثة، أربعة خمسة ستة"
    assert speaking.phone("fa", "123456") == "شماره یک دو سه، چهار پنج شش"


def test_a_number_without_digits_has_no_spoken_form() -> None:
    with pytest.raises(UnspeakableError):
        speaking.phone("en", "+")


@pytest.mark.parametrize(
    ("ahead", "english", "arabic", "persian"),
    [
        (0, "today", "اليوم", "امروز"),
        (1, "tomorrow", "غدًا", "فردا"),
        (2, "Wednesday the 4th", "الأربعاء الرابع من مارس", "چهارشنبه سیزدهم"),
        (28, "Monday the 30th of March", "الاثنين الثلاثين من مارس", "دوشنبه دهم فروردین هزار و چهارصد و پنج"),
    ],
)
def test_a_day_is_told_without_its_month_while_that_is_clear(
    ahead: int, english: str, arabic: str, persian: str
) -> None:
    day = MONDAY + dt.timedelta(days=ahead)
    assert [speaking.day(language, day, today=MONDAY) for language in LANGUAGES] == [english, arabic, persian]


# ---------------------------------------------------------------- what callers say


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_is_offered_can_be_said(language: str) -> None:
    for ahead in range(28):
        day = MONDAY + dt.timedelta(days=ahead)
        said = [normalised(phrase) for phrase in day_phrases(language, day, today=MONDAY)]
        offered = normalised(speaking.day(language, day, today=MONDAY))
        assert any(phrase == offered for phrase in said) or language == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_days_of_a_month_have_a_phrase_in_common(language: str) -> None:
    seen: dict[str, int] = {}
    for ahead in range(28):
        for phrase in day_phrases(language, MONDAY + dt.timedelta(days=ahead), today=MONDAY):
            assert seen.setdefault(normalised(phrase), ahead) == ahead


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_windows_of_one_half_of_a_day_have_a_phrase_in_common(language: str) -> None:
    seen: dict[str, int] = {}
    for hour in range(7, 18):
        starts = dt.datetime(2026, 3, 2, hour)  # noqa: DTZ001 - local
        for phrase in window_phrases(language, starts, starts + dt.timedelta(hours=1)):
            assert seen.setdefault(normalised(phrase), hour) == hour


@pytest.mark.parametrize(
    ("minute", "language", "said"),
    [
        (15, "en", "at quarter past two"),
        (30, "en", "at half past two in the afternoon"),
        (45, "en", "at quarter to three"),
        (20, "en", "at two twenty"),
        (15, "ar", "الساعة الثانية والربع"),
        (30, "ar", "الساعة الثانية والنصف بعد الظهر"),
        (45, "ar", "الساعة الثالثة إلا ربعًا"),
        (15, "fa", "ساعت دو و ربع"),
        (30, "fa", "ساعت دو و نیم بعد از ظهر"),
        (45, "fa", "ساعت یک ربع به سه"),
    ],
)
def test_a_time_of_minutes_is_said_as_people_say_it(minute: int, language: str, said: str) -> None:
    starts = dt.datetime(2026, 3, 2, 14, minute)  # noqa: DTZ001 - local
    assert said in window_phrases(language, starts, starts + dt.timedelta(minutes=15))


def test_a_full_hour_inside_a_window_means_the_window() -> None:
    starts = dt.datetime(2026, 3, 2, 14, 30)  # noqa: DTZ001 - local
    assert "at three" in window_phrases("en", starts, starts + dt.timedelta(hours=2))
    assert "at four" in window_phrases("en", starts, starts + dt.timedelta(hours=2))
    assert "at five" not in window_phrases("en", starts, starts + dt.timedelta(hours=2))


def test_the_day_has_four_parts() -> None:
    assert [part_of_day(dt.time(hour)) for hour in (0, 5, 6, 11, 12, 17, 18, 23)] == [
        *("night", "night", "morning", "morning", "afternoon", "afternoon", "evening", "evening")
    ]


# ---------------------------------------------------------------- what callers say for a choice


def test_every_language_has_the_choices_of_english() -> None:
    assert list(arabic.CHOICES) == list(english.CHOICES) == list(persian.CHOICES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "choices",
    [
        ("callback", "stay", "other_time"),
        ("keep", "move", "cancel", "speak"),
        ("night", "morning", "afternoon", "evening", "soon"),
        ("more_days", "soon"),
        ("more_times", "soon"),
    ],
)
def test_choices_that_are_offered_together_have_no_phrase_in_common(language: str, choices: tuple[str, ...]) -> None:
    said = [normalised(phrase) for choice in choices for phrase in phrases_of(language, choice)]
    assert len(said) == len(set(said))


@pytest.mark.parametrize(("language", "module"), [("en", english), ("ar", arabic), ("fa", persian)])
def test_the_words_that_the_offer_names_can_be_said(language: str, module: object) -> None:
    offer = module.MESSAGES["offer"]  # type: ignore[attr-defined]
    for choice in ("callback", "stay"):
        assert phrases_of(language, choice)[0] in offer
