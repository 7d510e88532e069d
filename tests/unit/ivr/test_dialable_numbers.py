"""What a caller keys in as a number, and what is dialled for it."""

from __future__ import annotations

import pytest

from ivr.effects import dialable


@pytest.mark.parametrize(
    ("keyed", "number"),
    [
        ("02079460123", "+442079460123"),
        ("+442079460123", "+442079460123"),
        ("0033123456789", "+33123456789"),
        ("12", None),
        ("9" * 30, None),
        ("", None),
    ],
)
def test_a_number_is_dialled_as_it_would_be_from_where_the_office_is(keyed: str, number: str | None) -> None:
    assert dialable(keyed, "GB") == number
