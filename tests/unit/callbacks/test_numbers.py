"""Which numbers may be called back. The numbers are the plan's own examples, or of ranges that nobody is given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType, timezone
from phonenumbers.tzdata import TIMEZONE_DATA

from callbacks.calling_hours import callable_intervals, may_ring
from callbacks.model import Interval
from callbacks.numbers import ORDINARY_KINDS, WITHHELD, Judged, Refused, judge
from callbacks.rules import CallingHours, NumberRules

NUMBER = "+442079460123"
LONDON = Judged(number=NUMBER, zones=("Europe/London",))
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def judged(number: str, country: str = "GB", rules: NumberRules | None = None) -> Judged | Refused:
    return judge(number, country, rules or NumberRules(), do_not_call=False)


def reason_of(number: str, country: str = "GB", rules: NumberRules | None = None) -> str | None:
    answer = judged(number, country, rules)
    return answer.reason if isinstance(answer, Refused) else None


@lru_cache(None)
def examples(kinds: frozenset[int]) -> list[tuple[str, str]]:
    """Numbers of these kinds, each with the country to which the plan gives it."""
    found = []
    for region in REGIONS:
        for kind in sorted(kinds):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None or phonenumbers.number_type(example) not in kinds:
                continue
            at = phonenumbers.region_code_for_number(example)
            if at is not None:
                found.append((phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164), at))
    return found


@pytest.mark.parametrize(
    "keyed",
    [
        "02079460123",
        "+442079460123",
        "00442079460123",
        "442079460123",
        "020 7946 0123",
        " (020) 7946-0123 ",
        "+44 (0)20 7946 0123",
        "020.7946/0123",
        "020–7946–0123",
        "٠٢٠٧٩٤٦٠١٢٣",
        "۰۲۰۷۹۴۶۰۱۲۳",
        "+۴۴۲۰۷۹۴۶۰۱۲۳",
        "\u200e+44 20 7946 0123\u200f",
        "＋442079460123",
    ],
)
def test_a_number_is_read_as_it_would_be_dialled_from_the_office_whatever_its_digits_and_spaces(keyed: str) -> None:
    assert judged(keyed) == LONDON


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "+", "()", "anonymous", "unknown", "restricted", "client:desk", "sip:020@example.org"),
        *("12", "020794", "0" * 11, "0" * 12, "9" * 20, "1" * 200, "+" + "9" * 41),
        *("020 7946 0123x5", "02079460123 ext. 5", "02079460123#5", "02079460123,,5", "02079460123;5", "02079460123w5"),
        *("02079460123p5", "tel:+442079460123", "7946 0123;phone-context=+4420", "call 020 7946 0123", "0800 FLOWERS"),
        *("++442079460123", "+44+2079460123", "44+2079460123", "02079460123+"),
        *("*67 02079460123", "*2102079460123#", "##21#", "**61*02079460123#", "02079460123*", "02079460123#"),
        *("020\n79460123", "020\x0079460123", "²²²²²²²²²²²", "½2079460123", "Ⅷ2079460123"),
    ],
)
def test_what_is_no_number_is_refused_as_none(text: str) -> None:
    assert reason_of(text) == "number"


@pytest.mark.parametrize(
    ("keyed", "detail"),
    [
        ("7946 0123", "too short"),
        ("020 794", "too short"),
        ("020 7946 0123 4", "too long"),
        ("020 7946 0123 #", "other than digits"),
        ("118118", "a short code"),
        ("+266696687", "withheld"),
    ],
)
def test_the_log_says_what_is_wrong_with_it(keyed: str, detail: str) -> None:
    assert judged(keyed) == Refused(reason="number", detail=detail)


@pytest.mark.parametrize("stand_in", sorted(WITHHELD))
@pytest.mark.parametrize("country", ["GB", "US", "CN", "RU", "LS"])
def test_a_withheld_number_is_none_even_where_a_prefix_allows_its_country(stand_in: str, country: str) -> None:
    everything = NumberRules(allow=tuple(f"+{digit}" for digit in range(1, 10)))
    assert reason_of(stand_in, country, everything) == "number"


@pytest.mark.parametrize("emergency", ["112", "911", "999"])
@pytest.mark.parametrize("disguise", ["{}", "+{}", "00{}", "0{}", "+44{}", "0044{}", "+1{}", "001{}", "+49{}", "+33{}"])
@pytest.mark.parametrize("country", ["GB", "US", "DE", "FR", "IR", "SA"])
def test_an_emergency_number_is_refused_in_every_disguise(emergency: str, disguise: str, country: str) -> None:
    everything = NumberRules(allow=tuple(f"+{digit}" for digit in range(1, 10)))
    keyed = disguise.format(emergency)
    assert isinstance(judged(keyed, country), Refused)
    assert isinstance(judged(keyed, country, everything), Refused)


@pytest.mark.parametrize(
    ("keyed", "country"),
    [("112", "GB"), ("+999", "GB"), ("00999", "GB"), ("+44999", "GB"), ("+1911", "US"), ("+49110", "DE")],
)
def test_an_emergency_number_is_one_that_is_not_called_rather_than_a_slip_of_the_keys(keyed: str, country: str) -> None:
    assert judged(keyed, country) == Refused(reason="not_allowed", detail="an emergency number")


@pytest.mark.parametrize(
    ("keyed", "country"),
    [("118118", "GB"), ("+44118118", "GB"), ("+4911833", "DE"), ("3900", "FR"), ("+333900", "FR"), ("411", "US")],
)
def test_a_short_code_is_no_number_even_where_a_prefix_allows_its_country(keyed: str, country: str) -> None:
    assert reason_of(keyed, country) == "number"
    assert reason_of(keyed, country, NumberRules(allow=("+44", "+49", "+33", "+1"))) == "number"


@pytest.mark.parametrize(
    ("keyed", "kind"),
    [
        ("0909 879 0123", "PREMIUM_RATE"),
        ("0871 234 5678", "PREMIUM_RATE"),
        ("0845 234 5678", "PREMIUM_RATE"),
        ("070 1234 5678", "PERSONAL_NUMBER"),
        ("+44 7640 123456", "PAGER"),
        ("0300 123 4567", "UAN"),
        ("0800 123 4567", "TOLL_FREE"),
    ],
)
def test_a_kind_that_is_no_ordinary_line_is_refused_however_it_was_keyed(keyed: str, kind: str) -> None:
    assert judged(keyed) == Refused(reason="not_allowed", detail=f"a kind that is not called: {kind}")


def test_no_country_calls_its_own_premium_numbers_and_their_kin() -> None:
    costly = examples(frozenset(PhoneNumberType.values()) - ORDINARY_KINDS - {PhoneNumberType.UNKNOWN})
    assert len(costly) > 300
    assert [(number, region) for number, region in costly if reason_of(number, region) is None] == []


def test_every_country_calls_its_own_ordinary_lines_and_no_other_country_does() -> None:
    ordinary = examples(ORDINARY_KINDS)
    assert len({region for _, region in ordinary}) > 240
    assert [(number, region) for number, region in ordinary if reason_of(number, region) is not None] == []
    abroad = [(number, "GB" if region != "GB" else "IE") for number, region in ordinary]
    assert {reason_of(number, country) for number, country in abroad} == {"not_allowed"}


@pytest.mark.parametrize(
    "number",
    [
        "+881612345678",
        "+882161234567",
        "+883510012345",
        "+979123456789",
        "+870773111632",
        "+80012345678",
        "+80812345678",
    ],
)
def test_satellites_and_international_services_are_no_countrys(number: str) -> None:
    refused = Refused(reason="not_allowed", detail="an international service")
    assert judged(number) == refused
    assert judged(number, rules=NumberRules(countries=tuple(REGIONS))) == refused


def test_without_listed_countries_only_the_offices_own_is_called() -> None:
    assert reason_of(NUMBER, "IE") == "not_allowed"
    assert judged(NUMBER, "IE", NumberRules(countries=("IE", "GB"))) == LONDON


def test_listed_countries_replace_the_offices_own() -> None:
    assert reason_of(NUMBER, "GB", NumberRules(countries=("IE",))) == "not_allowed"


@pytest.mark.parametrize(
    ("number", "region"),
    [("+18765550123", "JM"), ("+18095550123", "DO"), ("+12842291234", "VG"), ("+12505550123", "CA")],
)
def test_one_calling_code_is_many_countries_and_each_is_judged_for_itself(number: str, region: str) -> None:
    refused = Refused(reason="not_allowed", detail=f"a country that is not called: {region}")
    assert judged(number, "US") == refused
    assert judged(number[2:], "US") == refused
    assert reason_of(number, "US", NumberRules(countries=("US", region))) is None


def test_the_islands_off_britain_are_not_britain_though_they_share_its_code() -> None:
    assert reason_of("07781 123456") == "not_allowed"
    assert reason_of("07781 123456", rules=NumberRules(countries=("GB", "GG"))) is None


@pytest.mark.parametrize("number", ["+12129760123", "+12129110123", "+12124110123", "+12125551212"])
def test_the_services_of_north_american_exchanges_are_refused(number: str) -> None:
    assert judged(number, "US") == Refused(reason="not_allowed", detail="a service's exchange")


def test_premium_numbers_behind_an_international_prefix_are_seen() -> None:
    assert reason_of("011 44 871 234 5678", "US", NumberRules(countries=("US", "GB"))) == "not_allowed"
    assert reason_of("00 1 900 555 0123", "GB", NumberRules(countries=("US", "GB"))) == "not_allowed"


@pytest.mark.parametrize("number", ["07700 900123", "+44 7700 900123", "0100 456 7890"])
def test_a_range_that_nobody_was_given_is_no_number_until_a_prefix_allows_it(number: str) -> None:
    assert reason_of(number) == "number"
    assert reason_of(number, rules=NumberRules(allow=("+447700900", "+44100"))) is None


def test_an_unknown_range_abroad_is_not_called_rather_than_no_number() -> None:
    assert reason_of("+1 200 555 0123", "GB") == "not_allowed"
    assert reason_of("+1 200 555 0123", "US") == "number"


def test_an_allowed_prefix_beats_country_and_kind() -> None:
    assert reason_of("+44871 2345678", "GB", NumberRules(allow=("+44871",))) is None
    assert reason_of("+881612345678", "GB", NumberRules(allow=("+8816",))) is None
    assert reason_of(NUMBER, "US", NumberRules(allow=("+4420",))) is None


def test_a_denied_prefix_beats_an_allowed_one_that_is_longer() -> None:
    assert reason_of(NUMBER, rules=NumberRules(deny=("+44",), allow=("+442079460",))) == "not_allowed"


@pytest.mark.parametrize("keyed", ["+442079460999", "020 7946 0999", "0044 20 7946 0999", "۰۲۰۷۹۴۶۰۹۹۹"])
def test_our_own_number_is_refused_in_every_form_and_no_prefix_helps(keyed: str) -> None:
    rules = NumberRules(own=("+442079460999",), allow=("+44",), deny=("+44",))
    assert reason_of(keyed, rules=rules) == "own"


def test_a_number_on_the_do_not_call_list_is_refused_and_no_prefix_helps() -> None:
    answer = judge(NUMBER, "GB", NumberRules(allow=("+44",)), do_not_call=True)
    assert answer == Refused(reason="not_allowed", detail="on the do-not-call list")


def test_what_is_no_number_is_that_first_whatever_the_lists_say() -> None:
    answer = judge("12", "GB", NumberRules(deny=("+44",)), do_not_call=True)
    assert isinstance(answer, Refused)
    assert answer.reason == "number"


def test_nothing_is_called_from_a_country_that_does_not_exist() -> None:
    assert reason_of(NUMBER, "XX") == "not_allowed"
    assert reason_of("020 7946 0123", "XX") == "number"


KEYED = st.text(alphabet="0123456789+ ()-*#٠١٢۳۴xw,;\u200f", max_size=24)
RULES = st.sampled_from(
    [
        NumberRules(),
        NumberRules(countries=tuple(REGIONS)),
        NumberRules(allow=tuple(f"+{digit}" for digit in range(1, 10))),
        NumberRules(deny=("+4",), own=(NUMBER,)),
    ]
)


@given(number=st.one_of(KEYED, st.text(max_size=60)), country=st.sampled_from(REGIONS), rules=RULES)
def test_any_text_gets_an_answer_whose_detail_has_no_digit_of_it(number: str, country: str, rules: NumberRules) -> None:
    answer = judged(number, country, rules)
    if isinstance(answer, Refused):
        assert not any(character.isdigit() for character in answer.detail)
    else:
        assert answer.zones
        assert set(answer.zones) <= available_timezones()
        assert answer.number.startswith("+")
        assert answer.number[1:].isascii()
        assert answer.number[1:].isdecimal()


@given(number=KEYED, country=st.sampled_from(REGIONS), rules=RULES)
def test_a_number_that_may_be_called_is_judged_alike_in_its_e164_form(
    number: str, country: str, rules: NumberRules
) -> None:
    answer = judged(number, country, rules)
    if isinstance(answer, Judged):
        assert judged(answer.number, country, rules) == answer


@pytest.mark.parametrize(
    ("number", "country", "zones"),
    [
        ("+12125550123", "US", ("America/New_York",)),
        ("+18085550123", "US", ("Pacific/Honolulu",)),
        ("+17875550123", "PR", ("America/Puerto_Rico",)),
        ("+18765550123", "JM", ("America/Jamaica",)),
        ("+12464123456", "BB", ("America/Barbados",)),
        ("+77010123456", "KZ", ("Asia/Almaty", "Asia/Aqtobe")),
        ("+61291920123", "AU", ("Australia/Sydney",)),
        ("+74012123456", "RU", ("Europe/Kaliningrad",)),
        ("+212650123456", "MA", ("Africa/Casablanca",)),
        ("+989121234567", "IR", ("Asia/Tehran",)),
        ("+966512345678", "SA", ("Asia/Riyadh",)),
    ],
)
def test_the_zones_are_those_where_the_phone_may_be(number: str, country: str, zones: tuple[str, ...]) -> None:
    assert judged(number, country) == Judged(number=number, zones=zones)


def test_a_mobile_of_a_wide_country_has_all_of_its_zones() -> None:
    answer = judged("+61412345678", "AU")
    assert isinstance(answer, Judged)
    assert {"Australia/Perth", "Australia/Adelaide", "Australia/Sydney"} <= set(answer.zones)


def test_a_satellite_phone_is_taken_to_be_where_the_office_is() -> None:
    satellite = NumberRules(allow=("+881",))
    assert judged("+881612345678", "NI", satellite) == Judged(number="+881612345678", zones=("America/Managua",))
    answer = judged("+881612345678", "US", satellite)
    assert isinstance(answer, Judged)
    assert {"America/New_York", "Pacific/Honolulu"} <= set(answer.zones)


def zones_of_countries() -> dict[str, list[str]]:
    table = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text()
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row[2])
    return found


def knows_no_more_than_the_calling_code(number: str) -> bool:
    parsed = phonenumbers.parse(number)
    return TIMEZONE_DATA.get(str(parsed.country_code)) == tuple(timezone.time_zones_for_number(parsed))


# China's legal time is Peking's; Ukrainian numbers no longer reach the Crimea.
NOT_KEPT = {"Asia/Urumqi", "Europe/Simferopol"}


def test_a_number_that_may_be_anywhere_in_its_country_is_in_hours_everywhere_there() -> None:
    hours = CallingHours()
    instants = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=9 * week, hours=5 * week) for week in range(100)]
    where = zones_of_countries()
    mobiles = {
        region: number
        for number, region in examples(frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}))
        if region in where and knows_no_more_than_the_calling_code(number)
    }
    checked = 0
    for region, number in mobiles.items():
        answer = judged(number, region)
        assert isinstance(answer, Judged)
        elsewhere = [zone for zone in where[region] if zone not in NOT_KEPT]
        for at in instants:
            if may_ring(at, answer.zones, hours):
                assert may_ring(at, elsewhere, hours), (region, at)
                checked += 1
    assert checked > 5000


def test_every_number_that_may_be_called_can_be_called_for_an_hour_of_each_day_at_least() -> None:
    hours = CallingHours()
    starts = datetime(2027, 1, 1, tzinfo=UTC)
    by_zones = {}
    for number, region in examples(ORDINARY_KINDS):
        answer = judged(number, region)
        assert isinstance(answer, Judged)
        by_zones[answer.zones] = number
    for zones, number in by_zones.items():
        assert all(ZoneInfo(zone) for zone in zones)
        for month in (0, 90, 180, 270):
            day = starts + timedelta(days=month)
            opening = Interval(starts=day, ends=day + timedelta(days=1))
            spans = callable_intervals([opening], zones, hours, opening.starts, opening.ends)
            assert sum((span.ends - span.starts for span in spans), timedelta()) >= timedelta(hours=1), number
