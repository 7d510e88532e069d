"""Connection overrides: the `key=value` pairs in a webhook URL's fragment.

Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

RetryOn = Literal["4xx", "5xx", "ct", "rt"]
_ALL: Final[frozenset[RetryOn]] = frozenset({"4xx", "5xx", "ct", "rt"})
_RANGES: Final = {"ct": (100, 10_000), "rt": (100, 15_000), "tt": (100, 15_000), "rc": (0, 5)}


class Overrides(msgspec.Struct, frozen=True):
    """How one webhook is delivered: time limits in seconds, number of retries and what is retried."""

    connect_timeout_s: float = 5.0
    read_timeout_s: float = 15.0
    total_timeout_s: float = 15.0
    retries: int = 1
    retry_on: frozenset[RetryOn] = frozenset({"ct"})


@lru_cache(1024)
def parse_overrides(url: str) -> Overrides:
    """Read the fragment of `url`; unknown keys and values out of range are ignored."""
    pairs = dict(pair.partition("=")[::2] for pair in urlsplit(url).fragment.split("&") if "=" in pair)
    numbers = {key: _within(pairs.get(key), *limits) for key, limits in _RANGES.items()}
    default = Overrides()
    retry_on = default.retry_on
    if "rp" in pairs:
        named = set(pairs["rp"].split(","))
        retry_on = _ALL if "all" in named else frozenset(kind for kind in _ALL if kind in named)
    connect_ms, read_ms, total_ms, retries = (numbers[key] for key in ("ct", "rt", "tt", "rc"))
    return Overrides(
        connect_timeout_s=default.connect_timeout_s if connect_ms is None else connect_ms / 1000,
        read_timeout_s=default.read_timeout_s if read_ms is None else read_ms / 1000,
        total_timeout_s=default.total_timeout_s if total_ms is None else total_ms / 1000,
        retries=default.retries if retries is None else retries,
        retry_on=retry_on,
    )


def _within(text: str | None, lowest: int, highest: int) -> int | None:
    if text is None or not text.isdecimal():
        return None
    number = int(text)
    return number if lowest <= number <= highest else None
