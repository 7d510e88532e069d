"""Files of a lookup: inside the flow's folder, and files indeed."""

from __future__ import annotations

import stat
from pathlib import Path

from ivr.lookups.errors import LookupFailedError


def inside(folder: Path, file: str) -> Path:
    """The real path of `file` below `folder`; raises `LookupFailedError` for one elsewhere, also by a link."""
    try:
        path = (folder / file).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise LookupFailedError("it lies outside the flow's folder", code="setup")
        mode = path.stat().st_mode
    # A loop of links, a name with a null in it.
    except (OSError, RuntimeError, ValueError) as error:
        raise LookupFailedError(f"it cannot be read: {reason(error)}", code="setup") from None
    # Opening a pipe waits for who writes to it.
    if not stat.S_ISREG(mode):
        raise LookupFailedError("it is no file", code="setup")
    return path


def reason(error: Exception) -> str:
    """What the system says about a file, without the path of this machine."""
    said = error.strerror if isinstance(error, OSError) else None
    return said or type(error).__name__
