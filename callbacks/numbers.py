"""Which numbers we dial for callers: a number as it was keyed in or signalled, judged before it costs anything.

Whoever can make us call can make us pay, so the default is narrow: an ordinary line that the numbering plan knows, in
the office's own country. What a caller can reach beyond that, an operator has named. What comes first counts:

1. What no rule makes right: text that is no number, withheld numbers, emergency numbers, short codes, wrong lengths.
2. Facts about the one number: it is one of our own, or whoever has it does not want to be called.
3. A prefix in `deny`, then a prefix in `allow`.
4. The plan: a number it does not know, a country that is not listed, a kind that costs more than a call.

Source: revenue share fraud uses premium ranges, expensive countries and ranges that nobody was given;
https://www.twilio.com/docs/voice/api/dialing-permissions-resources (high-risk special and toll-fraud numbers).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

import msgspec
import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo, timezone

from callbacks.rules import NumberRules

# What carriers signal in place of a number that is withheld: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE
# as the keys of a telephone. Source: https://www.twilio.com/docs/voice/twiml ("From").
WITHHELD: Final = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
# Source: 3GPP TS 22.101 section 10.1.1 has 112 and 911 as emergency numbers everywhere; 999 is Britain's and others'.
EMERGENCY: Final = frozenset({"112", "911", "999"})
UNKNOWN_ZONE: Final = "Etc/Unknown"

# Where a person can be at the other end for the price of a call. Freephone and company-wide numbers (such as +44 3)
# are left out with the premium ones: they are switchboards, not someone who waits to be called back.
ORDINARY_KINDS: Final = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
    }
)
# Exchanges in any area of calling code 1 that are no subscriber's, though the plan's data takes them for ordinary
# lines: x11 services, 976 (pay per call), and directory assistance.
# Source: https://www.twilio.com/docs/api/errors/21202, and the carrier's list of refused numbers beside it (any x11).
_NORTH_AMERICAN_SERVICE: Final = re.compile(r"\+1\d{3}([2-9]11\d{4}|976\d{4}|5551212)")

_SEPARATORS: Final = frozenset("().-/")
# Spaces, dashes, and the marks of direction that come with numbers out of Arabic and Persian text.
_SEPARATOR_CATEGORIES: Final = frozenset({"Zs", "Pd", "Cf"})

# Where the zone data knows only the zones of a whole calling code, and these countries say more: codes 1 and 7 are many
# countries, whose zones have hardly an hour of the day in common; of Chile, Greenland and Papua New Guinea it knows
# too few. Source: zone.tab of the IANA time zone database.
_ZONES_OF_COUNTRY: Final = {
    "AG": ("America/Antigua",),
    "AI": ("America/Anguilla",),
    "AS": ("Pacific/Pago_Pago",),
    "BB": ("America/Barbados",),
    "BM": ("Atlantic/Bermuda",),
    "BS": ("America/Nassau",),
    "CA": (
        *("America/St_Johns", "America/Halifax", "America/Toronto", "America/Winnipeg", "America/Regina"),
        *("America/Edmonton", "America/Fort_Nelson", "America/Vancouver"),
    ),
    "CL": ("America/Santiago", "America/Coyhaique", "America/Punta_Arenas", "Pacific/Easter"),
    "DM": ("America/Dominica",),
    "DO": ("America/Santo_Domingo",),
    "GD": ("America/Grenada",),
    "GL": ("America/Nuuk", "America/Danmarkshavn", "America/Scoresbysund", "America/Thule"),
    "GU": ("Pacific/Guam",),
    "JM": ("America/Jamaica",),
    "KN": ("America/St_Kitts",),
    "KY": ("America/Cayman",),
    "KZ": ("Asia/Almaty", "Asia/Aqtobe"),
    "LC": ("America/St_Lucia",),
    "MP": ("Pacific/Saipan",),
    "MS": ("America/Montserrat",),
    "PG": ("Pacific/Port_Moresby", "Pacific/Bougainville"),
    "PR": ("America/Puerto_Rico",),
    "SX": ("America/Lower_Princes",),
    "TC": ("America/Grand_Turk",),
    "TT": ("America/Port_of_Spain",),
    "US": (
        *("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles"),
        *("America/Anchorage", "America/Adak", "Pacific/Honolulu"),
    ),
    "VC": ("America/St_Vincent",),
    "VG": ("America/Tortola",),
    "VI": ("America/St_Thomas",),
}
# Zones of neighbours that the zone data gives to these calling codes, whose clocks change otherwise.
_CORRECTED: Final = {
    (7, "Europe/Bucharest"): "Europe/Kaliningrad",
    (211, "Africa/Nairobi"): "Africa/Juba",
    (212, "Atlantic/Canary"): "Africa/Casablanca",
    (213, "Europe/Paris"): "Africa/Algiers",
    (218, "Europe/Bucharest"): "Africa/Tripoli",
    (505, "America/Chicago"): "America/Managua",
}

Reason = Literal["number", "not_allowed", "own"]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A number that may be dialled, in E.164 form, and every zone (IANA name) where its phone may be; at least one."""

    number: str
    zones: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A number that is not dialled: what the caller is told, and what the log says, which has no digit of it.

    `number`: it cannot be a number; `not_allowed`: it can, and is not called; `own`: it is one of ours.
    """

    reason: Reason
    detail: str


def judge(number: str, country: str, rules: NumberRules, *, do_not_call: bool) -> Judged | Refused:
    """Whether `number`, as it would be dialled from `country` (such as "GB"), may be called back.

    Without `rules.countries` only the office's own `country` is called; with them, only these. The prefixes of
    `rules` and its own numbers are E.164. `do_not_call` says whether the list holds this number: ask again with the
    E.164 number of the answer where the list is kept by that.
    """
    text = _plain(number)
    if text is None:
        return Refused(reason="number", detail="other than digits")
    if text.removeprefix("+").removeprefix("00") in EMERGENCY:
        return Refused(reason="not_allowed", detail="an emergency number")
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return Refused(reason="number", detail="not a number that can be dialled from here")
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return (
        _no_number(parsed, e164)
        or _about_this_one(e164, rules, do_not_call=do_not_call)
        or _by_rule(parsed, e164, country, rules)
        or Judged(number=e164, zones=_zones_of(parsed, country))
    )


def _plain(number: str) -> str | None:
    """ASCII digits, behind a "+" where there was one; None for what has anything else in it than separators.

    The parser would find a number in almost any text and read letters, extensions and further digits to send; all of
    them are ways to have something else dialled than what was judged.
    """
    text = ""
    for character in number:
        if character.isdecimal():
            text += str(unicodedata.decimal(character))
        elif character in "+＋" and not text:
            text = "+"
        elif character not in _SEPARATORS and unicodedata.category(character) not in _SEPARATOR_CATEGORIES:
            return None
    return text


def _no_number(parsed: phonenumbers.PhoneNumber, e164: str) -> Refused | None:
    if e164 in WITHHELD:
        return Refused(reason="number", detail="withheld")
    national = phonenumbers.national_significant_number(parsed)
    # The parser keeps a leading 0 of what is too short for a number.
    dialled = {national, national.lstrip("0")}
    if dialled & EMERGENCY or any(
        shortnumberinfo.is_emergency_number(digits, region) for digits in dialled for region in _regions(parsed)
    ):
        return Refused(reason="not_allowed", detail="an emergency number")
    if shortnumberinfo.is_valid_short_number(parsed) and not phonenumbers.is_valid_number(parsed):
        return Refused(reason="number", detail="a short code")
    match phonenumbers.is_possible_number_with_reason(parsed):
        case phonenumbers.ValidationResult.IS_POSSIBLE:
            return None
        case phonenumbers.ValidationResult.TOO_LONG:
            return Refused(reason="number", detail="too long")
        case phonenumbers.ValidationResult.TOO_SHORT | phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return Refused(reason="number", detail="too short")
        case _:
            return Refused(reason="number", detail="of a length that no number there has")


def _about_this_one(e164: str, rules: NumberRules, *, do_not_call: bool) -> Refused | None:
    if e164 in rules.own:
        return Refused(reason="own", detail="one of our own")
    if do_not_call:
        return Refused(reason="not_allowed", detail="on the do-not-call list")
    return None


def _by_rule(parsed: phonenumbers.PhoneNumber, e164: str, country: str, rules: NumberRules) -> Refused | None:
    if e164.startswith(rules.deny):
        return Refused(reason="not_allowed", detail="denied by a prefix")
    if e164.startswith(rules.allow):
        return None
    region = phonenumbers.region_code_for_number(parsed)
    allowed = rules.countries or (country,)
    if not phonenumbers.is_valid_number(parsed):
        if set(_regions(parsed)).isdisjoint(allowed):
            return Refused(reason="not_allowed", detail="a country that is not called")
        return Refused(reason="number", detail="in no range that the numbering plan has given out")
    if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        return Refused(reason="not_allowed", detail="an international service")
    if region not in allowed:
        return Refused(reason="not_allowed", detail=f"a country that is not called: {region}")
    kind = phonenumbers.number_type(parsed)
    if kind not in ORDINARY_KINDS:
        return Refused(reason="not_allowed", detail=f"a kind that is not called: {PhoneNumberType.to_string(kind)}")
    if _NORTH_AMERICAN_SERVICE.fullmatch(e164):
        return Refused(reason="not_allowed", detail="a service's exchange")
    return None


def _regions(parsed: phonenumbers.PhoneNumber) -> tuple[str, ...]:
    """The countries that share this number's calling code; "001" for one that is nobody's."""
    return tuple(phonenumbers.region_codes_for_country_code(parsed.country_code or 0))


def _zones_of(parsed: phonenumbers.PhoneNumber, country: str) -> tuple[str, ...]:
    """Every zone where the number may be; where nothing is known (a satellite phone), those of the office's country."""
    code = parsed.country_code or 0
    zones = tuple(timezone.time_zones_for_number(parsed))
    if UNKNOWN_ZONE in zones:
        # Allowed by its prefix, and not known to the plan.
        zones = tuple(timezone.time_zones_for_geographical_number(parsed))
    if UNKNOWN_ZONE in zones:
        return _zones_of_country(country, phonenumbers.country_code_for_region(country))
    if zones == _zones_of_calling_code(code):
        return _zones_of_country(phonenumbers.region_code_for_number(parsed) or "", code)
    return _corrected(zones, code)


def _zones_of_country(country: str, calling_code: int) -> tuple[str, ...]:
    return _ZONES_OF_COUNTRY.get(country) or _corrected(_zones_of_calling_code(calling_code), calling_code)


def _zones_of_calling_code(calling_code: int) -> tuple[str, ...]:
    anywhere = phonenumbers.PhoneNumber(country_code=calling_code, national_number=0)
    return tuple(timezone.time_zones_for_geographical_number(anywhere))


def _corrected(zones: tuple[str, ...], calling_code: int) -> tuple[str, ...]:
    return tuple(_CORRECTED.get((calling_code, zone), zone) for zone in zones)
