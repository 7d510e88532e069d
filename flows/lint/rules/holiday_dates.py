"""Holidays that contradict each other, or that nothing asks for."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "holiday-dates"


def _check(document: Document) -> Iterator[Problem]:
    holidays = document.flow.holidays
    seen: set[str] = set()
    for index, day in enumerate(holidays.working_days):
        path = ("holidays", "working_days", index)
        if day in holidays.dates:
            message = f"{day} is a working day here and a holiday under `dates`; the working day counts"
            yield found(ID, document, path, message, level="warning")
        elif holidays.calendar is None:
            message = f"{day} is a working day anyway: this flow has no `calendar` of holidays"
            yield found(ID, document, path, message, level="warning")
        elif str(day) in seen:
            yield found(ID, document, path, f"{day} stands here twice", level="warning")
        seen.add(str(day))


RULE = Rule(
    id=ID,
    level="warning",
    title="Holidays that contradict each other",
    why="`working_days` are the days of the public calendar on which you work all the same. One that is listed under "
    "`dates` too, or without a calendar, is a slip.",
    fails=(
        "holidays:\n  calendar: GB\n  dates: {2026-12-24: closed early}\n  working_days: [2026-12-24]",
        "holidays:\n  working_days: [2026-12-26]",
    ),
    passes=("holidays:\n  calendar: GB\n  dates: {2026-12-24: closed early}\n  working_days: [2026-12-26]",),
    check=_check,
)
