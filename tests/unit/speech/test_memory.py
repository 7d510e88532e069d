"""How much memory may still be taken."""

from __future__ import annotations

from pathlib import Path

from speech.memory import available_bytes


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_the_kernel_says_what_is_available(tmp_path: Path) -> None:
    write(tmp_path, "proc/meminfo", "MemTotal:  900 kB\nMemAvailable:   500 kB\n")
    assert available_bytes(tmp_path) == 500 * 1024


def test_a_container_may_have_less_than_the_machine(tmp_path: Path) -> None:
    write(tmp_path, "proc/meminfo", "MemAvailable: 500 kB\n")
    write(tmp_path, "sys/fs/cgroup/memory.max", "100000\n")
    write(tmp_path, "sys/fs/cgroup/memory.current", "40000\n")
    assert available_bytes(tmp_path) == 60_000
    write(tmp_path, "sys/fs/cgroup/memory.current", "100001\n")
    assert available_bytes(tmp_path) == 0


def test_a_container_without_a_limit_has_the_whole_machine(tmp_path: Path) -> None:
    write(tmp_path, "proc/meminfo", "MemAvailable: 500 kB\n")
    write(tmp_path, "sys/fs/cgroup/memory.max", "max\n")
    write(tmp_path, "sys/fs/cgroup/memory.current", "40000\n")
    write(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    write(tmp_path, "sys/fs/cgroup/memory/memory.usage_in_bytes", "40000\n")
    assert available_bytes(tmp_path) == 500 * 1024


def test_where_the_system_does_not_say_it_is_not_known(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) is None
