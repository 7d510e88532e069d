"""Counters of another process, in a small file that both have mapped: read at any moment, whatever becomes of it."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import Final

import msgspec

CLOCK_TICKS: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
# The histogram: so many steps of so many milliseconds; what is later counts as the last one.
STEPS: Final = 8000
STEP_MS: Final = 0.5
_SUMS: Final = struct.Struct("=ddQQ")
_COUNT: Final = struct.Struct("=I")


class Seen(msgspec.Struct, frozen=True):
    """What was counted: seconds and pieces of work, and how late they were, by histogram."""

    seconds: float
    seconds_other: float
    frames: int
    chunks: int
    late: tuple[int, ...]

    def since(self, before: Seen) -> Seen:
        """What has been counted after `before`."""
        return Seen(
            self.seconds - before.seconds,
            self.seconds_other - before.seconds_other,
            self.frames - before.frames,
            self.chunks - before.chunks,
            tuple(now - then for now, then in zip(self.late, before.late, strict=True)),
        )

    def late_ms(self, share: float) -> float:
        """The lateness that at least `share` of them do not exceed; NaN where nothing was counted."""
        wanted, total = share * sum(self.late), 0
        for step, count in enumerate(self.late):
            total += count
            if count and total >= wanted:
                return (step + 1) * STEP_MS
        return float("nan")


class Counters:
    """The counters of this process, or of another one. Two threads may lose a count, once in many thousands."""

    def __init__(self, path: Path) -> None:
        size = _SUMS.size + STEPS * _COUNT.size
        with path.open("a+b") as file:
            if file.seek(0, os.SEEK_END) < size:
                file.truncate(size)
            self._map = mmap.mmap(file.fileno(), size)
        self._late = memoryview(self._map)[_SUMS.size :].cast("I")
        self.seconds, self.seconds_other, self.frames, self.chunks = 0.0, 0.0, 0, 0

    def store(self) -> None:
        """Let others see the sums."""
        _SUMS.pack_into(self._map, 0, self.seconds, self.seconds_other, self.frames, self.chunks)

    def late(self, ms: float) -> None:
        """Note how late something was."""
        self._late[min(max(int(ms / STEP_MS), 0), STEPS - 1)] += 1

    def read(self) -> Seen:
        """What its owner has stored last."""
        return Seen(*_SUMS.unpack_from(self._map, 0), tuple(self._late))


def cpu_s(pid: int) -> float:
    """User and system CPU seconds of a process, in steps of a hundredth; 0 where it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def descendants(pid: int) -> list[int]:
    """The processes below this one."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    found = [int(child) for child in text.split()]
    return [*found, *(lower for child in found for lower in descendants(child))]


def memory_kb(pid: int) -> tuple[int, int]:
    """Resident set and proportional set of a process, in KiB. Source: Linux, /proc/PID/smaps_rollup."""
    rss = pss = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            rss = int(line.split()[1])
        elif line.startswith("Pss:"):
            pss = int(line.split()[1])
    return rss, pss
