"""Worker processes as a supervisor sees them: start, kill -9 with all that they have forked, count their CPU time.

Each leads a session of its own. A peer's child may leave the process group (RQ's work horse does), but none leaves the
session, so that a kill takes the whole of it, as the loss of a container or of a machine would.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).resolve().parents[3]
KILL_TIMEOUT_S: Final = 5.0
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


class _Member(msgspec.Struct, frozen=True):
    pid: int
    dead: bool
    cpu_s: float


class Worker:
    """One process with its descendants; what it writes goes to `log`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=dict(environment),
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether its first process runs. It is left unreaped, so that its number cannot become another's."""
        member = _read(self._process.pid, self._process.pid)
        return member is not None and not member.dead

    @property
    def cpu_s(self) -> float:
        """The CPU seconds of its life until now, with its descendants'."""
        return sum(member.cpu_s for member in _members(self._process.pid))

    @property
    def pid(self) -> int:
        """The number of its first process."""
        return self._process.pid

    def kill(self) -> tuple[int, float]:
        """Kill -9 all of it; returns how many processes died and the CPU seconds of its whole life."""
        deadline = time.monotonic() + KILL_TIMEOUT_S
        cpu_s = self.cpu_s
        killed: set[int] = set()
        # More than once: what was just being forked joins the session later than the list was read.
        while living := [member for member in _members(self._process.pid) if not member.dead]:
            for member in living:
                try:
                    os.kill(member.pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                killed.add(member.pid)
            if time.monotonic() > deadline:
                raise RuntimeError(f"processes {sorted(member.pid for member in living)} outlive SIGKILL")
        self._process.wait(KILL_TIMEOUT_S)
        return len(killed), cpu_s

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self._log.read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "no word in its log")


def _members(session: int) -> list[_Member]:
    """The processes of a session, its leader first: a supervisor must not see its children die before itself."""
    pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    members = [member for pid in pids if (member := _read(pid, session)) is not None]
    return sorted(members, key=lambda member: member.pid != session)


def _read(pid: int, session: int) -> _Member | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # Source: proc(5), /proc/pid/stat; the fields behind the name in brackets begin with the third, "state".
    fields = stat.rpartition(")")[2].split()
    if int(fields[3]) != session:
        return None
    # utime, stime, and those of the children that have been waited for.
    return _Member(pid, fields[0] in "ZX", sum(map(int, fields[11:15])) / _TICKS_PER_S)
