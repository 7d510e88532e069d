"""Numbers and other personal values, as logs and traces may show them."""

from __future__ import annotations

import re
from typing import Any, Final

VISIBLE_DIGITS: Final = 4
_NUMBER: Final = re.compile(r"\+?\d{7,15}")


def mask_number(number: str | None) -> str | None:
    """A phone number by its last four digits."""
    return None if number is None else f"…{number[-VISIBLE_DIGITS:]}"


def mask_numbers(value: Any) -> Any:
    """The same for every phone number inside plain values: strings, lists and mappings."""
    match value:
        case str():
            return _NUMBER.sub(lambda found: f"…{found.group()[-VISIBLE_DIGITS:]}", value)
        case dict():
            return {key: mask_numbers(item) for key, item in value.items()}
        case list() | tuple():
            return [mask_numbers(item) for item in value]
        case _:
            return value
