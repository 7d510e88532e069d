"""How much memory may still be taken, on this machine and in this container."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path("/")


def available_bytes(root: Path = ROOT) -> int | None:
    """What can be taken without swapping, in bytes; None where the system does not say (it is no Linux).

    Source: proc(5), MemAvailable; the kernel's cgroup-v2.rst (memory.max, memory.current) and cgroup-v1/memory.rst.
    """
    rooms = [_machine(root), _container(root, "memory.max", "memory.current")]
    rooms.append(_container(root, "memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))
    known = [room for room in rooms if room is not None]
    return min(known, default=None)


def _machine(root: Path) -> int | None:
    for line in _text(root / "proc" / "meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return None


def _container(root: Path, limit: str, usage: str) -> int | None:
    folder = root / "sys" / "fs" / "cgroup"
    most, used = _text(folder / limit).strip(), _text(folder / usage).strip()
    if not (most.isdigit() and used.isdigit()):  # "max" is no limit
        return None
    return max(0, int(most) - int(used))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
