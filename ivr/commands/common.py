"""What several commands need."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console

from callbacks.errors import ConflictError, DialError
from callbacks.model import CallbackRequest
from flows.lint.formats import as_text
from flows.problems import Problem
from ivr.desk.desk import Desk, desk_of
from ivr.desk.errors import DeskError
from ivr.redis_server import private_url
from ivr.services import Services, build
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


def services_here() -> Services:
    """The services of this installation."""
    return build(settings_with_redis())


def at_desk() -> Desk:
    """The desk of this installation; what an attempt has on the line ends before the command does."""
    services = services_here()

    def end_legs(request: CallbackRequest) -> None:
        try:
            services.dispatcher.end_legs(request)
        except DialError as error:
            err.print(f"the carrier did not end the call that is under way: {error}", markup=False)

    return desk_of(services, end_legs=end_legs)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What the desk does not do becomes one message and exit status 1."""
    try:
        yield
    except DeskError as error:
        err.print(str(error), markup=False, soft_wrap=True)
    except ConflictError as error:
        err.print(f"nothing was done, as others are at it: {error}; try again", markup=False)
    else:
        return
    raise typer.Exit(1)


def print_problems(problems: Sequence[Problem]) -> None:
    """The problems of files, each under the line that it stands in."""
    sources = {file: _lines(file) for file in {problem.file for problem in problems}}
    err.print(as_text(problems, sources), soft_wrap=True, markup=False, emoji=False)


def _lines(file: str) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(file).read_text(encoding="utf-8-sig", errors="replace").splitlines()
    return []  # what cannot be read is what the problem says
