"""Programs that training runs: are they installed, and which package has them."""

from __future__ import annotations

import shutil


class MissingToolError(RuntimeError):
    """A program that training needs is not installed; the message says what to install."""


def require(tools: dict[str, str]) -> None:
    """Check that programs are on the PATH.

    Args:
        tools: program name -> Debian package that has it.

    Raises:
        MissingToolError: at least one is absent; all are named at once.
    """
    missing = [program for program in tools if shutil.which(program) is None]
    if missing:
        packages = " ".join(dict.fromkeys(tools[program] for program in missing))
        raise MissingToolError(f"not installed: {', '.join(missing)} (on Debian or Ubuntu: apt-get install {packages})")
