"""Lookups in CSV files, also in the files that people really have."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.effects import dialable
from ivr.lookups import LookupFileError, find_row


def write(folder: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    (folder / "orders.csv").write_bytes(data)
    return folder


def find(folder: Path, number: str, file: str = "orders.csv") -> dict[str, str] | None:
    return find_row(folder, file, {"number": number}, {"order_state": "state"})


def test_a_row_is_found_by_its_column_and_a_missing_one_is_none(tmp_path: Path) -> None:
    folder = write(tmp_path, "number,state\n4821,sent\n")
    assert find(folder, "4821") == {"order_state": "sent"}
    assert find(folder, "0000") is None


def test_a_byte_order_mark_spaces_and_short_rows_do_no_harm(tmp_path: Path) -> None:
    folder = write(tmp_path, b"\xef\xbb\xbfnumber,state\r\n 4821 , sent \r\n77\r\n")
    assert find(folder, "4821") == {"order_state": "sent"}
    assert find(folder, "77") == {"order_state": ""}


@pytest.mark.parametrize(
    ("content", "file", "says"),
    [
        ("number,state\n", "missing.csv", "cannot be read"),
        ("number,state\n", "../outside.csv", "outside the flow's folder"),
        ("number,state\n", "/etc/passwd", "outside the flow's folder"),
        ("id,name\n1,a\n", "orders.csv", "no column number, state"),
        ("", "orders.csv", "no column"),
        (b"number,state\n\xff\xfe,x\n", "orders.csv", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_searched_is_an_error_that_says_why(
    tmp_path: Path, content: str | bytes, file: str, says: str
) -> None:
    with pytest.raises(LookupFileError, match=says):
        find(write(tmp_path, content), "1", file)


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
