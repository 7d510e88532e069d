"""Lookups in CSV files that lie beside the flow."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

MAX_FILE_BYTES: Final = 50_000_000


class LookupFileError(Exception):
    """The file cannot be searched; the message says why."""

    code = "lookup"
    retryable = True


def find_row(folder: Path, file: str, where: dict[str, str], save: dict[str, str]) -> dict[str, str] | None:
    """The columns `save` (value name -> column) of the first row whose columns equal `where`; None without one.

    Raises `LookupFileError` for a file that is missing, lies elsewhere, or lacks a column.
    """
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise LookupFileError(f"{file} lies outside the flow's folder")
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise LookupFileError(f"{file} is larger than {MAX_FILE_BYTES} bytes")
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = {*where, *save.values()} - set(rows.fieldnames or ())
            if missing:
                raise LookupFileError(f"{file} has no column {', '.join(sorted(missing))}")
            for row in rows:
                if all((row[column] or "").strip() == text for column, text in where.items()):
                    return {name: (row[column] or "").strip() for name, column in save.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LookupFileError(f"{file} cannot be read: {error}") from error
    return None
