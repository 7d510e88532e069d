"""Lookups in CSV files, also in the files that people really have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows import actions
from flows.events import Value
from flows.sources import CsvSource
from ivr.lookups import csv_files
from ivr.lookups.csv_files import CsvFiles
from ivr.lookups.deadline import Deadline
from ivr.lookups.errors import LookupFailedError


def write(folder: Path, content: str | bytes, name: str = "orders.csv") -> Path:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return folder


def find(
    folder: Path, number: Value, file: str = "orders.csv", files: CsvFiles | None = None, save: str = "state"
) -> dict[str, Value] | None:
    source = CsvSource(type="csv", file=file)
    lookup = actions.Lookup(source=source, where={"number": number}, save={"order_state": save}, timeout_s=1.0)
    return (files or CsvFiles()).find(lookup, source, folder, Deadline.after(60.0))


def test_a_row_is_found_by_its_column_and_a_missing_one_is_none(tmp_path: Path) -> None:
    folder = write(tmp_path, "number,state\n4821,sent\n")
    assert find(folder, "4821") == {"order_state": "sent"}
    assert find(folder, "0000") is None


def test_the_first_of_several_rows_counts(tmp_path: Path) -> None:
    assert find(write(tmp_path, "number,state\n7,first\n7,second\n"), "7") == {"order_state": "first"}


def test_all_columns_must_fit(tmp_path: Path) -> None:
    write(tmp_path, "number,year,state\n7,2025,old\n7,2026,new\n")
    source = CsvSource(type="csv", file="orders.csv")
    where: dict[str, Value] = {"year": 2026, "number": "7"}
    lookup = actions.Lookup(source=source, where=where, save={"state": "state"}, timeout_s=1.0)
    assert CsvFiles().find(lookup, source, tmp_path, Deadline.after(60.0)) == {"state": "new"}


def test_a_number_and_a_text_ask_the_same_file_differently(tmp_path: Path) -> None:
    folder, files = write(tmp_path, "number,state\n007,a code\n7.0,a number\n"), CsvFiles()
    assert find(folder, 7, files=files) == {"order_state": "a number"}
    assert find(folder, "007", files=files) == {"order_state": "a code"}
    assert find(folder, "7", files=files) is None


def test_a_byte_order_mark_spaces_and_short_rows_do_no_harm(tmp_path: Path) -> None:
    folder = write(tmp_path, b"\xef\xbb\xbfnumber,state\r\n 4821 , sent \r\n\r\n77\r\n")
    assert find(folder, "4821") == {"order_state": "sent"}
    assert find(folder, "77") == {"order_state": ""}


@pytest.mark.parametrize(
    "content", ["number;state\n7;1,5 kg\n", 'number\tstate\n7\t"1,5 kg"\n', 'number,state\n7,"1,5 kg"']
)
def test_the_separators_of_spreadsheets_are_known(tmp_path: Path, content: str) -> None:
    assert find(write(tmp_path, content), "7") == {"order_state": "1,5 kg"}


def test_a_line_break_or_an_odd_separator_of_lines_within_a_cell_stays_there(tmp_path: Path) -> None:
    folder = write(tmp_path, 'number,state\n6,"sent\nyesterday"\n7,sent\u2028today\n')
    assert find(folder, "6") == {"order_state": "sent\nyesterday"}
    assert find(folder, "7") == {"order_state": "sent\u2028today"}


@pytest.mark.parametrize(
    ("content", "file", "says"),
    [
        ("number,state\n", "missing.csv", "it cannot be read: No such file"),
        ("number,state\n", "../outside.csv", "outside the flow's folder"),
        ("number,state\n", "sub/../../outside.csv", "outside the flow's folder"),
        ("number,state\n", "/etc/passwd", "outside the flow's folder"),
        ("number,state\n", ".", "it is no file"),
        ("number,state\n", "orders.csv/x", "cannot be read"),
        ("number,state\n", "orders\0.csv", "cannot be read"),
        ("id,name\n1,a\n", "orders.csv", "no column number, state"),
        ("number,state,state\n1,a,b\n", "orders.csv", "two columns state"),
        ("", "orders.csv", "no column"),
        (b"number,state\n\xff\xfe,x\n", "orders.csv", "not in UTF-8"),
        ("number,state\n1," + "x" * 200_000, "orders.csv", "it is no CSV: field larger"),
        ("number,state\n1," + "x" * 2001, "orders.csv", "column state: a text would have more"),
    ],
)
def test_a_file_that_cannot_be_searched_is_an_error_that_says_why(
    tmp_path: Path, content: str | bytes, file: str, says: str
) -> None:
    with pytest.raises(LookupFailedError, match=says) as failed:
        find(write(tmp_path, content), "1", file)
    assert str(tmp_path) not in str(failed.value)


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "flow"
    folder.mkdir()
    write(tmp_path, "number,state\n7,secret\n", "outside.csv")
    write(folder, "number,state\n7,sent\n")
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "latest.csv").symlink_to("orders.csv")
    (folder / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(LookupFailedError, match="outside the flow's folder"):
        find(folder, "7", "link.csv")
    with pytest.raises(LookupFailedError, match="cannot be read"):
        find(folder, "7", "loop.csv")
    assert find(folder, "7", "latest.csv") == {"order_state": "sent"}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "orders.csv")
    with pytest.raises(LookupFailedError, match="it is no file"):
        find(tmp_path, "7")


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "orders.csv").open("wb") as file:
        file.truncate(csv_files.MAX_FILE_BYTES + 1)
    with pytest.raises(LookupFailedError, match="larger than"):
        find(tmp_path, "7")


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    reads: list[str] = []
    read = csv_files._read

    def counted(path: Path) -> tuple[csv_files.Version, csv_files.CsvTable]:
        reads.append(path.name)
        return read(path)

    monkeypatch.setattr(csv_files, "_read", counted)
    return reads


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, files = count_reads(monkeypatch), CsvFiles()
    write(tmp_path, "number,state\n7,sent\n")
    for number in ("7", "8", "9"):
        find(tmp_path, number, files=files)
    assert len(reads) == 1
    # As those do who edit with care: another file is put in its place, of the same size.
    write(tmp_path, "number,state\n7,lost\n", "new.csv")
    (tmp_path / "new.csv").replace(tmp_path / "orders.csv")
    assert find(tmp_path, "7", files=files) == {"order_state": "lost"}
    assert len(reads) == 2


def test_what_is_kept_is_bounded_by_files_and_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, files = count_reads(monkeypatch), CsvFiles()
    monkeypatch.setattr(csv_files, "MAX_CACHED_FILES", 2)
    for name in ("a.csv", "b.csv", "c.csv"):
        find(write(tmp_path, "number,state\n7,sent\n", name), "7", name, files)
    find(tmp_path, "7", "c.csv", files)
    assert len(reads) == 3
    find(tmp_path, "7", "a.csv", files)
    assert len(reads) == 4
    monkeypatch.setattr(csv_files, "MAX_CACHED_BYTES", 10)
    find(write(tmp_path, "number,state\n7,sent\n", "d.csv"), "7", "d.csv", files)
    find(tmp_path, "7", "d.csv", files)
    assert len(reads) == 6


def test_a_file_that_went_away_is_not_answered_from_memory(tmp_path: Path) -> None:
    files = CsvFiles()
    assert find(write(tmp_path, "number,state\n7,sent\n"), "7", files=files)
    (tmp_path / "orders.csv").unlink()
    with pytest.raises(LookupFailedError, match="cannot be read"):
        find(tmp_path, "7", files=files)
