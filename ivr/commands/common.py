"""What several commands need."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from flows.lint.formats import as_text
from flows.problems import Problem
from ivr.redis_server import private_url
from ivr.settings import Settings, SettingsError, load_settings

# What goes to a file or to another program has no screen to be folded for.
WIDTH_OF_A_PIPE: Final = 200


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_OF_A_PIPE
    return console


out = _console()
err = _console(stderr=True)


def settings_with_redis(**overrides: Any) -> Settings:
    """The settings; without REDIS_URL, those of the private server that `ivr serve` runs on this data folder."""
    settings = load_settings(**overrides)
    if settings.redis_url is not None:
        return settings
    url = private_url(settings.data_dir)
    if url is None:
        raise SettingsError(
            ["REDIS_URL: is not set, and no `ivr serve` runs on the data folder " + str(settings.data_dir)]
        )
    return settings.model_copy(update={"redis_url": url})


def print_problems(problems: Sequence[Problem]) -> None:
    """The problems of files, each under the line that it stands in."""
    sources = {file: _lines(file) for file in {problem.file for problem in problems}}
    err.print(as_text(problems, sources), soft_wrap=True, markup=False, emoji=False)


def _lines(file: str) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(file).read_text(encoding="utf-8-sig", errors="replace").splitlines()
    return []  # what cannot be read is what the problem says
