"""Typed answers: how each is keyed in, what value it becomes, how it is read back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Final

import msgspec

from flows import parts, speaking
from flows.events import Value
from flows.messages import message
from flows.speaking.values import MINOR_DIGITS

# Source: E.164, at most 15 digits; the shortest that a caller may key in without a country code.
PHONE_DIGITS_MIN: Final = 6
PHONE_DIGITS_MAX: Final = 15
# A caller who keys in a day without a year means the next one, or, where the past counts, the one nearest to today.
NEAREST_YEARS: Final = (-1, 0, 1)
MOST_MINOR_DIGITS: Final = max(MINOR_DIGITS.values())


class Keying(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is keyed in: how many keys, the message that explains it, the one that says what was wrong."""

    min_keys: int
    max_keys: int
    hint: str | None
    complaint: str
    complaint_values: dict[str, str] = {}
    spoken_digits: bool = True


def keying(answer: parts.Answer) -> Keying:
    """How an answer of this type is keyed in."""
    match answer:
        case parts.DigitsAnswer(min=fewest, max=most) if fewest == most:
            return Keying(
                min_keys=fewest,
                max_keys=most,
                hint=None,
                complaint="digit_count",
                complaint_values={"count": str(most)},
            )
        case parts.DigitsAnswer(min=fewest, max=most):
            limits = {"min": str(fewest), "max": str(most)}
            return Keying(min_keys=fewest, max_keys=most, hint=None, complaint="digit_range", complaint_values=limits)
        case parts.NumberAnswer(min=low, max=high):
            limits = {"min": str(low), "max": str(high)}
            # At least two keys: where one ended the input, 0 could not stand for a person and 05 for five.
            most = max(2, len(str(high)))
            return Keying(min_keys=1, max_keys=most, hint=None, complaint="number_range", complaint_values=limits)
        case parts.MoneyAnswer(max=high):
            limits = {"min": "0", "max": str(high)}
            return Keying(
                min_keys=1,
                max_keys=len(str(high)) + len("*") + MOST_MINOR_DIGITS,
                hint="hint_money",
                complaint="number_range",
                complaint_values=limits,
                spoken_digits=False,
            )
        case parts.DateAnswer(year=True):
            return Keying(min_keys=8, max_keys=8, hint="hint_date_year", complaint="bad_date", spoken_digits=False)
        case parts.DateAnswer():
            return Keying(min_keys=4, max_keys=8, hint="hint_date", complaint="bad_date", spoken_digits=False)
        case parts.TimeAnswer():
            return Keying(min_keys=4, max_keys=4, hint="hint_time", complaint="bad_time")
        case parts.YesNoAnswer():
            return Keying(min_keys=1, max_keys=1, hint="hint_yes_no", complaint="no_match", spoken_digits=False)
        case parts.PhoneAnswer():
            return Keying(
                min_keys=PHONE_DIGITS_MIN,
                max_keys=PHONE_DIGITS_MAX,
                hint=None,
                complaint="bad_phone",
                spoken_digits=False,  # one misheard digit would ring a stranger
            )


def value_of(answer: parts.Answer, keys: str, language: str, today: dt.date) -> Value:
    """The value that the keys mean; raises `ValueError` where they mean none."""
    how = keying(answer)
    digits = keys.replace("*", "", 1) if isinstance(answer, parts.MoneyAnswer) else keys
    if not (digits.isascii() and digits.isdecimal()) or not how.min_keys <= len(keys) <= how.max_keys:
        raise ValueError(keys)
    match answer:
        case parts.NumberAnswer(min=low, max=high):
            return _within(int(keys), low, high)
        case parts.MoneyAnswer(max=high, currency=currency):
            if len(keys.partition("*")[2]) > MINOR_DIGITS.get(currency, MOST_MINOR_DIGITS):
                raise ValueError(keys)
            return _within(float(Decimal(keys.replace("*", "."))), 0, high)
        case parts.DateAnswer(past=past):
            return _date(keys, language, today, past=past).isoformat()
        case parts.TimeAnswer():
            return dt.time(int(keys[:2]), int(keys[2:])).isoformat("minutes")
        case parts.YesNoAnswer():
            return {"1": True, "2": False}[keys] if keys in "12" else _refuse(keys)
        case _:
            return keys


def _refuse(keys: str) -> bool:
    raise ValueError(keys)


def _within(value: float, low: int, high: int) -> int | float:
    if not low <= value <= high:
        raise ValueError(value)
    return value


def _date(keys: str, language: str, today: dt.date, *, past: bool) -> dt.date:
    day, month = int(keys[:2]), int(keys[2:4])
    this_year = speaking.to_jalali(today)[0] if language == "fa" else today.year
    if len(keys) not in (4, 8):
        raise ValueError(keys)
    years = [int(keys[4:])] if len(keys) == 8 else [this_year + offset for offset in NEAREST_YEARS]
    days = [found for year in years if (found := _day(language, year, month, day)) is not None]
    days = [found for found in days if past or found >= today]
    if not days:
        raise ValueError(keys)
    return min(days, key=lambda found: abs((found - today).days))


def _day(language: str, year: int, month: int, day: int) -> dt.date | None:
    try:
        return speaking.from_jalali(year, month, day) if language == "fa" else dt.date(year, month, day)
    except ValueError:
        return None


def read_back(answer: parts.Answer, value: Value, language: str, today: dt.date) -> str:
    """An answer's value as it is read back to the caller."""
    match answer:
        case parts.NumberAnswer() if isinstance(value, int | float):
            return speaking.number(language, value)
        case parts.MoneyAnswer(currency=currency) if isinstance(value, int | float):
            return speaking.money(language, Decimal(str(value)), currency)
        case parts.DateAnswer():
            return speaking.date(language, dt.date.fromisoformat(str(value)), today=today)
        case parts.TimeAnswer():
            return speaking.time(language, dt.time.fromisoformat(str(value)))
        case parts.YesNoAnswer():
            return message(language, "yes" if value else "no")
        case _:
            return speaking.digits(language, str(value))
