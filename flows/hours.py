"""Opening hours and holidays: what an operator writes, and what follows from it for an instant.

Every instant here is an aware datetime in the flow's zone. A local time that the clocks skip moves to the first valid
minute; one that comes twice means the first. An opening across midnight belongs to the day on which it begins.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any, Final

import holidays as public_holidays
import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HORIZON_DAYS: Final = 60
DAY_MINUTES: Final = 24 * 60
_MINUTE: Final = dt.timedelta(minutes=1)

_OPENING_PATTERN: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_RANGE_PATTERN: Final = rf"^({'|'.join(DAYS)})-({'|'.join(DAYS)})$"
_CALENDAR_PATTERN: Final = r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Span(msgspec.Struct, frozen=True, order=True):
    """One opening of a day, in minutes after its midnight; it ends on the next day where `end` is above 1,440."""

    start: int
    end: int


def _span_of(opening: str) -> Span:
    first, last = opening.split("-")
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (first, last))
    return Span(start, end if end > start else end + DAY_MINUTES)


def _checked_opening(opening: str) -> str:
    if re.fullmatch(_OPENING_PATTERN, opening) is None:
        raise ValueError(f'"{opening}" is not an opening; write one such as "09:00-17:30"')
    if opening[:5] == opening[6:]:
        raise ValueError(f'"{opening}" opens and closes at the same time; for the whole day write "00:00-24:00"')
    return opening


def _checked_list(given: object) -> object:
    if isinstance(given, str):
        example = given if re.fullmatch(_OPENING_PATTERN, given) else "09:00-17:30"
        raise ValueError(f'must be a list of openings, such as ["{example}"]')
    if not isinstance(given, list | tuple):
        raise ValueError('must be a list of openings, such as ["09:00-17:30"]; write [] for a day that is closed')
    return given


def _checked_date(given: object) -> object:
    if isinstance(given, str) and _ISO_DATE.fullmatch(given):
        return given
    if isinstance(given, dt.date) and not isinstance(given, dt.datetime):
        return given
    raise ValueError(f'"{given}" is not a date; write one such as 2026-12-24')


def _checked_calendar(calendar: str) -> str:
    if re.fullmatch(_CALENDAR_PATTERN, calendar) is None:
        raise ValueError(f'"{calendar}" is not a calendar; write a country such as GB, or a region such as GB-ENG')
    country, _, region = calendar.partition("-")
    regions = public_holidays.list_supported_countries().get(country)
    if regions is None:
        raise ValueError(f"there is no calendar of public holidays for {country}; list the days under `dates`")
    if region and region not in regions:
        known = ", ".join(f"{country}-{name}" for name in regions) or f"{country} alone"
        raise ValueError(f"there is no calendar of public holidays for {calendar} (known: {known})")
    return calendar


Opening = Annotated[
    str,
    AfterValidator(_checked_opening),
    WithJsonSchema({"type": "string", "pattern": _OPENING_PATTERN, "examples": ["09:00-17:30", "22:00-06:00"]}),
]
Openings = Annotated[tuple[Opening, ...], BeforeValidator(_checked_list)]
Day = Annotated[dt.date, BeforeValidator(_checked_date)]
Calendar = Annotated[
    str,
    AfterValidator(_checked_calendar),
    WithJsonSchema({"type": "string", "pattern": _CALENDAR_PATTERN, "examples": ["GB", "GB-ENG", "IR"]}),
]


def _day(description: str, alias: str | None = None) -> Any:
    return Field(default=(), alias=alias, description=f"Openings {description}.", examples=[["09:00-17:30"]])


def _allow_ranges(schema: dict[str, Any]) -> None:
    """Say in JSON Schema that any range of days is a key, besides the usual ones that are listed."""
    monday = schema["properties"]["mon"]
    schema["patternProperties"] = {
        _RANGE_PATTERN: {"description": "Openings on a range of days.", "type": "array", "items": monday["items"]}
    }
    for name, field in schema["properties"].items():
        if name != "closed_on_holidays":
            del field["default"]  # a day that is left out follows the wider key, an empty list closes it
    schema["additionalProperties"] = False


class Hours(BaseModel):
    """Opening hours by day or range of days; where two keys name the same day, the narrower one counts."""

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra=_allow_ranges)
    __pydantic_extra__: dict[str, Openings]

    mon: Openings = _day("on Monday")
    tue: Openings = _day("on Tuesday")
    wed: Openings = _day("on Wednesday")
    thu: Openings = _day("on Thursday")
    fri: Openings = _day("on Friday")
    sat: Openings = _day("on Saturday")
    sun: Openings = _day("on Sunday")
    mon_thu: Openings = _day("from Monday to Thursday", "mon-thu")
    mon_fri: Openings = _day("from Monday to Friday", "mon-fri")
    mon_sat: Openings = _day("from Monday to Saturday", "mon-sat")
    sat_sun: Openings = _day("on Saturday and Sunday", "sat-sun")
    sun_thu: Openings = _day("from Sunday to Thursday", "sun-thu")
    sat_wed: Openings = _day("from Saturday to Wednesday", "sat-wed")
    sat_thu: Openings = _day("from Saturday to Thursday", "sat-thu")
    every_day: Openings = _day("on every day of the week")
    closed_on_holidays: bool = Field(
        default=True, description="Whether this table is closed on holidays.", examples=[False]
    )

    _week: tuple[tuple[Span, ...], ...] = PrivateAttr(default=((),) * 7)

    @model_validator(mode="before")
    @classmethod
    def _only_days(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        known = {field.alias or name for name, field in cls.model_fields.items()}
        errors = [
            InitErrorDetails(type="extra_forbidden", loc=(str(key),), input=value)
            for key, value in given.items()
            if key not in known and not (isinstance(key, str) and _days_of(key))
        ]
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return given

    @model_validator(mode="after")
    def _build_week(self) -> Hours:
        given = self._as_written()
        given.pop("closed_on_holidays", None)
        chosen: dict[int, str] = {}
        for key in given:
            for day in _days_of(key):
                other = chosen.get(day)
                if other is not None and len(_days_of(other)) == len(_days_of(key)):
                    raise ValueError(f"{other} and {key} both say when {DAYS[day]} opens; keep one of them")
                if other is None or len(_days_of(key)) < len(_days_of(other)):
                    chosen[day] = key
        self._week = tuple(
            tuple(sorted(map(_span_of, given[chosen[day]]))) if day in chosen else () for day in range(7)
        )
        return self

    @model_serializer
    def _as_written(self) -> dict[str, Any]:
        """A day that was left out must not come back as an empty one: that would close it."""
        fields = type(self).model_fields
        own = {fields[name].alias or name: getattr(self, name) for name in fields if name in self.model_fields_set}
        return {**own, **(self.__pydantic_extra__ or {})}

    def spans(self, weekday: int) -> tuple[Span, ...]:
        """The openings of a weekday (Monday is 0) that is not a holiday."""
        return self._week[weekday]


class Holidays(BaseModel):
    """Which days are holidays: those of a public calendar and the flow's own, less the working days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calendar: Calendar | None = Field(
        default=None, description="Country, or country and region, whose public holidays count.", examples=["GB-ENG"]
    )
    dates: dict[Day, Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=dict, description="More days that count as holidays, with what each is.",
        examples=[{"2026-12-24": "Christmas Eve closing"}],
    )  # fmt: skip
    working_days: tuple[Day, ...] = Field(
        default=(), description="Days that are no holidays, whatever the calendar says.", examples=[["2026-12-26"]]
    )


@lru_cache(maxsize=64)
def _days_of(key: str) -> tuple[int, ...]:
    """The weekdays that a key names (Monday is 0); none where it names none."""
    if key == "every_day":
        return tuple(range(7))
    if key in DAYS:
        return (DAYS.index(key),)
    if re.fullmatch(_RANGE_PATTERN, key) is None or key[:3] == key[4:]:
        return ()
    first, last = DAYS.index(key[:3]), DAYS.index(key[4:])
    return tuple((first + step) % 7 for step in range((last - first) % 7 + 1))


@lru_cache(maxsize=256)
def _public_holidays(calendar: str, year: int) -> frozenset[dt.date]:
    country, _, region = calendar.partition("-")
    return frozenset(public_holidays.country_holidays(country, subdiv=region or None, years=year))


def is_holiday(holidays: Holidays, day: dt.date) -> bool:
    """Whether a local day is a holiday."""
    if day in holidays.working_days:
        return False
    return day in holidays.dates or (
        holidays.calendar is not None and day in _public_holidays(holidays.calendar, day.year)
    )


def never_opens(hours: Hours) -> bool:
    """Whether a table has no opening on any day of the week."""
    return not any(hours.spans(day) for day in range(7))


def is_open(hours: Hours, holidays: Holidays, at_local: dt.datetime) -> bool:
    """Whether a table is open at an instant."""
    return any(
        opens.timestamp() <= at_local.timestamp() < closes.timestamp()
        for opens, closes in (_instants(wall, at_local) for wall in _openings(hours, holidays, at_local, days=1))
    )


def opens_on(hours: Hours, holidays: Holidays, day: dt.date) -> bool:
    """Whether a table has an opening that begins on a local day."""
    return bool(hours.spans(day.weekday())) and not (hours.closed_on_holidays and is_holiday(holidays, day))


def next_opening(hours: Hours, holidays: Holidays, at_local: dt.datetime) -> dt.datetime | None:
    """When a table opens next after an instant, within 60 days; None where it does not."""
    for wall in _openings(hours, holidays, at_local, days=HORIZON_DAYS):
        opens, closes = _instants(wall, at_local)
        if opens.timestamp() > at_local.timestamp() and closes.timestamp() > opens.timestamp():
            return opens
    return None


def windows(
    hours: Hours,
    holidays: Holidays,
    at_local: dt.datetime,
    *,
    count: int,
    length_minutes: int = 60,
    notice_minutes: int = 60,
) -> list[tuple[dt.datetime, dt.datetime]]:
    """The next windows that can be promised, each beginning on a full hour and lying inside one opening.

    The first begins at least `notice_minutes` ahead. Windows do not overlap; there are fewer than `count` where 60 days
    have no more.
    """
    earliest = at_local.timestamp() + notice_minutes * 60
    fitting = (
        window
        for wall in _openings(hours, holidays, at_local, days=HORIZON_DAYS)
        for window in _windows_in(wall, at_local, earliest, length_minutes)
    )
    return list(islice(fitting, count))


def openings_between(
    hours: Hours, holidays: Holidays, zone: dt.tzinfo, since: dt.datetime, until: dt.datetime
) -> list[tuple[dt.datetime, dt.datetime]]:
    """When a table is open between two instants, in order: openings cut to the two, none touching the next, in UTC."""
    first, last = since.astimezone(zone), until.astimezone(zone)
    begin, end = since.astimezone(dt.UTC), until.astimezone(dt.UTC)
    found: list[tuple[dt.datetime, dt.datetime]] = []
    for wall in _openings(hours, holidays, first, days=(last.date() - first.date()).days):
        opens, closes = (instant.astimezone(dt.UTC) for instant in _instants(wall, first))
        opens, closes = max(opens, begin), min(closes, end)
        if opens >= closes:
            continue
        if found and opens <= found[-1][1]:  # what lies between them is an hour that the clocks skip
            found[-1] = found[-1][0], closes
        else:
            found.append((opens, closes))
    return found


def _windows_in(
    opening: tuple[dt.datetime, dt.datetime], at_local: dt.datetime, earliest: float, length_minutes: int
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The windows inside one opening by the clock on the wall; `earliest` is a timestamp."""
    length, step = dt.timedelta(minutes=length_minutes), dt.timedelta(hours=-(-length_minutes // 60))
    wall = opening[0] if opening[0].minute == 0 else opening[0].replace(minute=0) + dt.timedelta(hours=1)
    while wall + length <= opening[1]:
        start, end = _instants((wall, wall + length), at_local)
        skipped = start.replace(tzinfo=None) != wall  # the clocks jump over this hour
        if skipped or start.timestamp() < earliest:
            wall += dt.timedelta(hours=1)
        else:
            yield start, end
            wall += step


def _openings(
    hours: Hours, holidays: Holidays, at_local: dt.datetime, *, days: int
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Openings by the clock on the wall, from the day before to `days` after, in order; those that touch are one."""
    present: tuple[dt.datetime, dt.datetime] | None = None
    for ahead in range(-1, days + 1):
        day = at_local.date() + dt.timedelta(days=ahead)
        if hours.closed_on_holidays and is_holiday(holidays, day):
            continue
        midnight = dt.datetime.combine(day, dt.time())
        for span in hours.spans(day.weekday()):
            opens, closes = (midnight + dt.timedelta(minutes=minute) for minute in (span.start, span.end))
            if present is not None and opens <= present[1]:
                present = present[0], max(present[1], closes)
                continue
            if present is not None:
                yield present
            present = opens, closes
    if present is not None:
        yield present


def _instants(wall: tuple[dt.datetime, dt.datetime], at_local: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    return _instant(wall[0], at_local.tzinfo), _instant(wall[1], at_local.tzinfo)


def _instant(wall: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    """The instant of a time on the wall: the first of two, and the first valid minute where the clocks skip it."""
    before, after = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    jump = (after.utcoffset() or dt.timedelta()) - (before.utcoffset() or dt.timedelta())
    if jump <= dt.timedelta():
        return before
    # Inside a gap: halve the time back to before the gap until the minute is left at which the clocks jump.
    outside, first = wall - jump, wall
    while first - outside > _MINUTE:
        middle = outside + (first - outside) // (2 * _MINUTE) * _MINUTE
        outside, first = (outside, middle) if _in_gap(middle, zone) else (middle, first)
    return (first + jump).replace(tzinfo=zone)


def _in_gap(wall: dt.datetime, zone: dt.tzinfo | None) -> bool:
    before, after = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    return (after.utcoffset() or dt.timedelta()) > (before.utcoffset() or dt.timedelta())
