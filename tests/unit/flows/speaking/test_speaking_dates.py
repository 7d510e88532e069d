"""Days, times of day and the Jalali calendar: known-good forms, and round trips."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import speaking
from flows.speaking import LANGUAGES, UnspeakableError

TODAY = datetime.date(2026, 11, 22)


# Nowruz (1 Farvardin) as proclaimed in Iran.
@pytest.mark.parametrize(
    ("year", "nowruz"),
    [
        (1375, (1996, 3, 20)),
        (1379, (2000, 3, 20)),
        (1380, (2001, 3, 21)),
        (1399, (2020, 3, 20)),
        (1400, (2021, 3, 21)),
        (1403, (2024, 3, 20)),
        (1404, (2025, 3, 21)),
        (1405, (2026, 3, 21)),
        (1406, (2027, 3, 21)),
    ],
)
def test_the_jalali_year_begins_at_nowruz(year: int, nowruz: tuple[int, int, int]) -> None:
    assert speaking.to_jalali(datetime.date(*nowruz)) == (year, 1, 1)
    assert speaking.from_jalali(year, 1, 1) == datetime.date(*nowruz)


@pytest.mark.parametrize("year", [1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1408])
def test_esfand_has_thirty_days_in_leap_years(year: int) -> None:
    last = speaking.from_jalali(year, 12, 30)
    assert speaking.to_jalali(last + datetime.timedelta(days=1)) == (year + 1, 1, 1)


def test_the_last_day_of_1403_was_the_twentieth_of_march() -> None:
    assert speaking.from_jalali(1403, 12, 30) == datetime.date(2025, 3, 20)


@pytest.mark.parametrize(
    "jalali", [(1404, 12, 30), (1402, 12, 30), (1404, 7, 31), (1404, 13, 1), (1404, 0, 1), (0, 1, 1)]
)
def test_a_jalali_date_that_does_not_exist_is_refused(jalali: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="must be in"):
        speaking.from_jalali(*jalali)


@given(st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2100, 12, 31)))
def test_every_day_of_two_centuries_comes_back_from_the_jalali_calendar(day: datetime.date) -> None:
    assert speaking.from_jalali(*speaking.to_jalali(day)) == day


def test_the_days_of_a_century_follow_each_other_in_the_jalali_calendar() -> None:
    day = datetime.date(1980, 1, 1)
    before = speaking.to_jalali(day)
    for _ in range(36_525):
        day += datetime.timedelta(days=1)
        after = speaking.to_jalali(day)
        year, month, month_day = before
        followers = {(year, month, month_day + 1)} if month_day < 29 else set()
        if month_day >= 29:
            next_month = (year + 1, 1, 1) if month == 12 else (year, month + 1, 1)
            followers = {(year, month, month_day + 1), next_month}
        assert after in followers
        before = after


def test_a_day_before_the_jalali_calendar_has_no_persian_words() -> None:
    with pytest.raises(UnspeakableError):
        speaking.date("fa", datetime.date(600, 1, 1))


@pytest.mark.parametrize(
    ("day", "english", "arabic", "persian"),
    [
        ((2026, 11, 22), "today", "اليوم", "امروز"),
        ((2026, 11, 23), "tomorrow", "غدًا", "فردا"),
        ((2026, 11, 24), "Tuesday the 24th of November", "الثلاثاء الرابع والعشرين من نوفمبر", "سه‌شنبه سوم آذر"),
        ((2026, 11, 21), "Saturday the 21st of November", "السبت الحادي والعشرين من نوفمبر", "شنبه سی‌ام آبان"),
        ((2026, 12, 1), "Tuesday the 1st of December", "الثلاثاء الأول من ديسمبر", "سه‌شنبه دهم آذر"),
        ((2026, 12, 2), "Wednesday the 2nd of December", "الأربعاء الثاني من ديسمبر", "چهارشنبه یازدهم آذر"),
        ((2026, 12, 11), "Friday the 11th of December", "الجمعة الحادي عشر من ديسمبر", "جمعه بیستم آذر"),
        ((2026, 12, 12), "Saturday the 12th of December", "السبت الثاني عشر من ديسمبر", "شنبه بیست و یکم آذر"),
        ((2026, 12, 13), "Sunday the 13th of December", "الأحد الثالث عشر من ديسمبر", "یکشنبه بیست و دوم آذر"),
        ((2026, 12, 14), "Monday the 14th of December", "الاثنين الرابع عشر من ديسمبر", "دوشنبه بیست و سوم آذر"),
        ((2026, 5, 30), "Saturday the 30th of May", "السبت الثلاثين من مايو", "شنبه نهم خرداد"),
        (
            # A new Gregorian year, and still the same Jalali one.
            (2027, 1, 21),
            "Thursday the 21st of January 2027",
            "الخميس الحادي والعشرين من يناير عام ألفين وسبعة وعشرين",
            "پنج‌شنبه اول بهمن",
        ),
        (
            (2027, 3, 21),
            "Sunday the 21st of March 2027",
            "الأحد الحادي والعشرين من مارس عام ألفين وسبعة وعشرين",
            "یکشنبه اول فروردین هزار و چهارصد و شش",
        ),
        (
            (2026, 2, 20),
            "Friday the 20th of February",
            "الجمعة العشرين من فبراير",
            "جمعه اول اسفند هزار و چهارصد و چهار",
        ),
    ],
)
def test_days_have_their_known_words(day: tuple[int, int, int], english: str, arabic: str, persian: str) -> None:
    words = [speaking.date(language, datetime.date(*day), today=TODAY) for language in LANGUAGES]
    assert words == [english, arabic, persian]


def test_without_a_present_day_the_year_is_always_said() -> None:
    assert [speaking.date(language, TODAY) for language in LANGUAGES] == [
        "Sunday the 22nd of November 2026",
        "الأحد الثاني والعشرين من نوفمبر عام ألفين وستة وعشرين",
        "یکشنبه اول آذر هزار و چهارصد و پنج",
    ]


def test_tomorrow_on_the_last_day_of_a_year_is_tomorrow() -> None:
    last = datetime.date(2026, 12, 31)
    assert speaking.date("en", datetime.date(2027, 1, 1), today=last) == "tomorrow"


@given(st.sampled_from(LANGUAGES), st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 12, 31)))
def test_arabic_and_persian_days_have_no_digits(language: str, day: datetime.date) -> None:
    words = speaking.date(language, day)
    assert language == "en" or not any(sign.isdigit() for sign in words)


@pytest.mark.parametrize(
    ("moment", "english", "arabic", "persian"),
    [
        ((0, 0), "12 AM", "الساعة الثانية عشرة منتصف الليل", "ساعت دوازده بامداد"),
        ((0, 30), "12 30 AM", "الساعة الثانية عشرة والنصف بعد منتصف الليل", "ساعت دوازده و نیم بامداد"),
        ((1, 1), "1 01 AM", "الساعة الواحدة ودقيقة واحدة ليلًا", "ساعت یک و یک دقیقه بامداد"),
        ((4, 2), "4 02 AM", "الساعة الرابعة ودقيقتين فجرًا", "ساعت چهار و دو دقیقه صبح"),
        ((9, 0), "9 AM", "الساعة التاسعة صباحًا", "ساعت نُه صبح"),
        ((9, 5), "9 05 AM", "الساعة التاسعة وخمس دقائق صباحًا", "ساعت نُه و پنج دقیقه صبح"),
        ((9, 30), "9 30 AM", "الساعة التاسعة والنصف صباحًا", "ساعت نُه و نیم صبح"),
        ((11, 15), "11 15 AM", "الساعة الحادية عشرة والربع صباحًا", "ساعت یازده و ربع صبح"),
        ((12, 0), "12 PM", "الساعة الثانية عشرة ظهرًا", "ساعت دوازده ظهر"),
        ((12, 20), "12 20 PM", "الساعة الثانية عشرة والثلث ظهرًا", "ساعت دوازده و بیست دقیقه ظهر"),
        ((13, 12), "1 12 PM", "الساعة الواحدة واثنتي عشرة دقيقة بعد الظهر", "ساعت یک و دوازده دقیقه بعد از ظهر"),
        ((16, 45), "4 45 PM", "الساعة الرابعة وخمس وأربعين دقيقة بعد الظهر", "ساعت چهار و چهل و پنج دقیقه بعد از ظهر"),
        ((18, 0), "6 PM", "الساعة السادسة مساءً", "ساعت شش بعد از ظهر"),
        ((20, 0), "8 PM", "الساعة الثامنة مساءً", "ساعت هشت شب"),
        ((23, 59), "11 59 PM", "الساعة الحادية عشرة وتسع وخمسين دقيقة مساءً", "ساعت یازده و پنجاه و نُه دقیقه شب"),
    ],
)
def test_times_of_day_have_their_known_words(moment: tuple[int, int], english: str, arabic: str, persian: str) -> None:
    assert [speaking.time(language, datetime.time(*moment)) for language in LANGUAGES] == [english, arabic, persian]


def test_each_hour_is_in_the_part_of_the_day_that_people_say() -> None:
    arabic = [speaking.time("ar", datetime.time(hour, 59)) for hour in range(24)]
    parts = ["بعد منتصف الليل", *["ليلًا"] * 2, *["فجرًا"] * 3, *["صباحًا"] * 6, "ظهرًا", *["بعد الظهر"] * 5, *["مساءً"] * 6]
    assert all(words.endswith(f"دقيقة {part}") for words, part in zip(arabic, parts, strict=True))
    persian = [speaking.time("fa", datetime.time(hour, 59)) for hour in range(24)]
    parts = [*["بامداد"] * 4, *["صبح"] * 8, "ظهر", *["بعد از ظهر"] * 6, *["شب"] * 5]
    assert all(words.endswith(f"دقیقه {part}") for words, part in zip(persian, parts, strict=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_minutes_of_a_day_sound_alike(language: str) -> None:
    moments = [datetime.time(hour, minute) for hour in range(24) for minute in range(60)]
    assert len({speaking.time(language, moment) for moment in moments}) == 24 * 60
