"""`ivr flow lint`: check flow files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.loader import load_flow
from flows.problems import FlowError
from ivr.commands.common import err, out


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(lint)


def lint(files: Annotated[list[Path], typer.Argument(metavar="FILE...")]) -> None:
    """Check flow files; each mistake with its line and column. Exit status 0 without mistakes, 1 with, 2 unread."""
    status = 0
    for file in files:
        try:
            checked = load_flow(file)
        except FlowError as error:
            err.print(str(error), soft_wrap=True, markup=False)
            status = max(status, 2 if any(problem.rule == "file" for problem in error.problems) else 1)
        else:
            out.print(f"{file}: {len(checked.nodes)} nodes, no problems, revision {checked.revision}", soft_wrap=True)
    raise typer.Exit(status)
