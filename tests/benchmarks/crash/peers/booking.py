"""What every peer's module does as a program: read the due times, and book each callback at its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime


def book_all(book: Callable[[str, datetime], object]) -> None:
    """Call `book` with the id and the due time (aware) of each callback on standard input, a JSON object of seconds."""
    for callback_id, due in json.load(sys.stdin).items():
        book(callback_id, datetime.fromtimestamp(due, UTC))
