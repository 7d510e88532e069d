"""Sounds that have been made, on disk: shared by the processes of a machine, bounded, whole or not there at all.

Names are hashes of what the sound is made from, so that whoever makes one makes the same. A file appears by a rename;
where the folder cannot be written to, the last few sounds are kept in memory instead.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Final

import structlog

from speech import wav

log = structlog.get_logger()

# About 60 kB each.
MOST_FILES: Final = 4000
MOST_BYTES: Final = 250_000_000
MOST_IN_MEMORY: Final = 32
# A sound that is used has its file's time set anew so often, so that it is not among the oldest.
TOUCH_AFTER_S: Final = 3600
# What a process that died has left behind.
ABANDONED_AFTER_S: Final = 3600


class PromptFiles:
    """The sounds in a folder, by key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._memory: OrderedDict[str, bytes] = OrderedDict()

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self._folder

    def path(self, key: str) -> Path:
        """Where a sound lies, or would."""
        return self._folder / f"{key}.wav"

    def has(self, key: str) -> bool:
        """Whether a sound is there and whole; it counts as used."""
        return self.read(key) is not None

    def read(self, key: str) -> bytes | None:
        """A sound; None where it is not there, or not whole."""
        path = self.path(key)
        try:
            content = path.read_bytes()
            if wav.is_whole(content):
                if time.time() - path.stat().st_mtime > TOUCH_AFTER_S:
                    os.utime(path)
                return content
            log.warning("a kept sound is not whole: it is made again", file=path.name)
        except FileNotFoundError:
            pass
        except OSError as error:
            log.warning("a kept sound cannot be read", file=path.name, error=str(error))
        return self._memory.get(key)

    def keep(self, key: str, content: bytes) -> bool:
        """Keep a sound; False where it is in memory only, as the folder cannot be written to."""
        path = self.path(key)
        part = path.with_suffix(f".{os.getpid()}-{time.monotonic_ns()}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(content)
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        except OSError as error:
            log.error("a sound cannot be kept on disk", folder=str(self._folder), error=str(error))
            with self._lock:
                self._memory[key] = content
                while len(self._memory) > MOST_IN_MEMORY:
                    self._memory.popitem(last=False)
            return False
        try:
            self._keep_few()
        except OSError as error:
            log.warning("old sounds were not thrown away", folder=str(self._folder), error=str(error))
        return True

    def _keep_few(self) -> None:
        """Texts hold times and numbers, so that there is no end of them: beyond the bounds, the older half goes."""
        kept: list[tuple[float, int, str]] = []
        now = time.time()
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    stat = entry.stat()
                except FileNotFoundError:  # another process was faster
                    continue
                if entry.name.endswith(".wav"):
                    kept.append((stat.st_mtime, stat.st_size, entry.path))
                elif entry.name.endswith(".part") and now - stat.st_mtime > ABANDONED_AFTER_S:
                    Path(entry.path).unlink(missing_ok=True)
        if len(kept) <= MOST_FILES and sum(size for _, size, _ in kept) <= MOST_BYTES:
            return
        for _, _, path in sorted(kept)[: len(kept) // 2]:
            Path(path).unlink(missing_ok=True)
