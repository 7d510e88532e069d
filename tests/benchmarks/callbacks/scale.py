"""What the number of promises costs: rates, bytes, and whether a claim among a million takes longer.

    python -m tests.benchmarks.callbacks.scale [--small 10000] [--large 1000000] [--repeats 1000]

Two private Redis servers, one with few promises and one with many, half of them in line and half with windows; then
the same work on both in turn, one of it here, one there, so that the ratio is about the promises and not about the
machine's mood. Needs about 4 kB of memory and as much disk for each promise, and stops where they are not there.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from callbacks import lifecycle_events as events
from callbacks.booking import Promise, Wish
from callbacks.model import Agent, CallbackRequest
from callbacks.redis_store import UNSEALED, RedisStore
from callbacks.rules import CallingHours, Policy, QueueRules, Quotas, SlotRules
from callbacks.service import Callbacks
from ivr.redis_client import connect
from ivr.redis_server import PrivateRedis
from tests.benchmarks.callbacks.figures import Spread, in_turn, print_figures, say, spread
from tests.benchmarks.callbacks.filling import fill

QUEUES: Final = ("orders", "repairs")
LANGUAGES: Final = ("en", "ar")
AGENTS: Final = 20
BYTES_FOR_EACH: Final = 4_500
WAKES: Final = 10
MOST_RATIO: Final = 1.2
FEWEST: Final = 5_000


def rules_of(queue: str) -> QueueRules:
    """A queue without the caps that would refuse so many promises; short talks, so that no window is ever full."""
    return QueueRules(
        name=queue,
        zone="Europe/London",
        languages=LANGUAGES,
        calling_hours=CallingHours(from_minute=0, to_minute=24 * 60),
        slots=SlotRules(notice_minutes=0),
        most_promises=10**9,
        most_wait_minutes=10**6,
        assumed_talk_s=1,
        quotas=Quotas(per_caller=10**9, per_number=10**9),
    )


class Site:
    """One Redis server with so many promises."""

    def __init__(self, folder: Path, count: int) -> None:
        folder.mkdir()
        self.count = count
        self._folder = folder
        self.server = PrivateRedis(folder)
        self.bytes: dict[str, int] = {}
        self.fill_rate = 0.0
        self._books = 0

    def start(self) -> None:
        """Start the server, hire the agents."""
        self.server.start()
        self._redis = connect(self.server.url)
        # A rewrite would halve the file at some moment, and fork a copy of what is being measured.
        self._redis.config_set("auto-aof-rewrite-percentage", "0")
        self.store = RedisStore(self._redis, Policy())
        self.callbacks = Callbacks(self.store, Policy(), rules_of)
        now = datetime.now(UTC)
        for index in range(AGENTS):
            number = f"+4420794601{index:02}"
            self.callbacks.agents.put(
                Agent(id=f"desk{index:02}", name=f"desk {index}", number=number, queues=QUEUES, idle_since=now)
            )

    def fill(self) -> None:
        """Fill it, and note what that takes."""
        template = self._booked("template", None)
        empty, aof_before = self._used_memory(), self._aof_bytes()
        began = time.perf_counter()
        fill(self.server.url, template, self.count, queues=QUEUES, languages=LANGUAGES, waits=2)
        self.fill_rate = self.count / (time.perf_counter() - began)
        self.bytes = {
            "redis": round((self._used_memory() - empty) / self.count),
            "ledger": round(int(self._redis.memory_usage(UNSEALED, samples=1000) or 0) / self.count),
            "aof": round((self._aof_bytes() - aof_before) / self.count),
        }

    def _used_memory(self) -> int:
        return int(self._redis.info("memory")["used_memory"])

    def _aof_bytes(self) -> int:
        return int(self._redis.info("persistence")["aof_current_size"])

    # ------------------------------------------------------------ what is measured

    def book_soon(self, number: int) -> None:
        """As soon as possible."""
        self._booked(f"soon{number}", None)

    def book_window(self, number: int) -> None:
        """A window some hours ahead."""
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self._booked(f"window{number}", hour + timedelta(hours=3 + number % 100))

    def _booked(self, key: str, starts: datetime | None) -> CallbackRequest:
        now = datetime.now(UTC)
        self._books += 1
        number = f"+442079460{self._books % 1000:03}"
        wish = Wish(
            key=key,
            number=number,
            country="GB",
            queue=QUEUES[0],
            language="en",
            topic=key,
            dossier={"reason": "an order", "values": {"order_number": "4821"}, "path": ["welcome", "order", "person"]},
            arrived_at=now,
            caller_number=number,
            starts=starts,
        )
        promised = self.callbacks.promises.book(wish, now)
        assert isinstance(promised, Promise), promised
        return promised.request

    def claim(self, _: int) -> Callable[[], None]:
        """Claim the next; what comes back ends it, and frees the agent for the next claim."""
        now = datetime.now(UTC)
        claimed = self.callbacks.claims.claim(now)
        assert claimed is not None

        def settle() -> None:
            declined = events.AgentDeclined(at=now, fence=claimed.fence, offer=1, carrier_down=True)
            self.callbacks.apply(claimed.id, declined)
            self.callbacks.apply(claimed.id, events.Cancelled(at=now))

        return settle

    def wake(self, _: int) -> None:
        """Let two hundred into line whose time has come: those of the next week are early enough."""
        woken = self.callbacks.claims.wake(datetime.now(UTC) + timedelta(days=12))
        assert woken == 200


def check_room(folder: Path, promises: int) -> None:
    """Exit where memory or disk is too small."""
    needed = promises * BYTES_FOR_EACH
    available = next(
        int(line.split()[1]) * 1024
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemAvailable")
    )
    for what, there in (("memory", available), ("disk", shutil.disk_usage(folder).free)):
        if there < needed * 1.2:
            sys.exit(f"{promises} promises need {needed * 1.2 / 1e9:.1f} GB of {what}; there are {there / 1e9:.1f} GB")


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=1000, help="claims and bookings measured at each size")
    options = parser.parse_args()
    if options.small < FEWEST:
        parser.error(f"--small must be at least {FEWEST}: else there are too few to claim and to wake")
    with tempfile.TemporaryDirectory(prefix="zh-scale-") as name:
        folder = Path(name)
        check_room(folder, options.small + options.large)
        small, large = Site(folder / "small", options.small), Site(folder / "large", options.large)
        try:
            for site in (small, large):
                site.start()
                site.fill()
                say(f"{site.count} promises: filled at {site.fill_rate:.0f}/s; bytes for each: {site.bytes}")
            report(small, large, measured(small, large, options.repeats))
        finally:
            small.server.stop()
            large.server.stop()


def measured(small: Site, large: Site, repeats: int) -> dict[str, tuple[Spread, Spread]]:
    """What each kind of work takes at both sizes."""
    found: dict[str, tuple[Spread, Spread]] = {}
    for what, times in (("claim", repeats), ("book_soon", repeats), ("book_window", repeats // 4), ("wake", WAKES)):
        taken = in_turn(times, small=getattr(small, what), large=getattr(large, what))
        found[what] = (spread(taken["small"]), spread(taken["large"]))
        say(f"{what}: {found[what]}")
    return found


def report(small: Site, large: Site, found: dict[str, tuple[Spread, Spread]]) -> None:
    """The table, and the line of JSON."""
    ratio = found["claim"][1].median_ms / found["claim"][0].median_ms

    def row(what: str, few: float, many: float, digits: int = 0) -> list[str]:
        return [what, f"{few:.{digits}f}", f"{many:.{digits}f}", f"{many / few:.2f}"]

    claims, soon, window, wakes = (found[what] for what in ("claim", "book_soon", "book_window", "wake"))
    rows = [
        row("claim, median ms", claims[0].median_ms, claims[1].median_ms, 2),
        row("claim, p99 ms", claims[0].p99_ms, claims[1].p99_ms, 2),
        row("claims/s", claims[0].rate, claims[1].rate),
        row("woken/s", wakes[0].rate * 200, wakes[1].rate * 200),
        row("promises/s, as soon as possible", soon[0].rate, soon[1].rate),
        row("promises/s, a window", window[0].rate, window[1].rate),
        *(row(f"bytes for each, {name}", small.bytes[name], large.bytes[name]) for name in small.bytes),
    ]
    figures: dict[str, Any] = {
        "claim_ratio": round(ratio, 3),
        "claim_ratio_at_most": MOST_RATIO,
        **{
            name: {
                "promises": site.count,
                "bytes_per_promise": site.bytes,
                **{what: msgspec.to_builtins(both[side]) for what, both in found.items()},
            }
            for side, (name, site) in enumerate((("small", small), ("large", large)))
        },
    }
    print_figures(
        "one process, one after the other, over a Unix socket",
        ("", f"{small.count}", f"{large.count}", "ratio"),
        rows,
        figures,
    )


if __name__ == "__main__":
    main()
