"""The Jalali (solar Hijri) calendar of Iran, by the `persiantools` library (MIT); the only file that knows it."""

from __future__ import annotations

import datetime

from persiantools.jdatetime import JalaliDate

from flows.speaking.values import UnspeakableError


def to_jalali(day: datetime.date) -> tuple[int, int, int]:
    """Year, month and day in the Jalali calendar; raises `UnspeakableError` outside its years (1 to 9377)."""
    try:
        jalali = JalaliDate.to_jalali(day.year, day.month, day.day)  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise UnspeakableError("a day outside the Jalali calendar") from error
    return jalali.year, jalali.month, jalali.day


def from_jalali(year: int, month: int, day: int) -> datetime.date:
    """The Gregorian date of a Jalali one; raises `ValueError` for one that does not exist (30 Esfand, common year)."""
    return JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]
