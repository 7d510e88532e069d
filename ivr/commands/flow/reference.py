"""`ivr flow reference`: every word of the flow language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.reference import reference as text_of_reference
from ivr.commands.common import err


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reference)


def reference(
    to: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write there, not to the terminal.")] = None,
) -> None:
    """Print every word of the flow language, as Markdown."""
    text = text_of_reference()
    if to is None:
        typer.echo(text, nl=False)
        return
    try:
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        err.print(f"{to} cannot be written: {error.strerror}", soft_wrap=True)
        raise typer.Exit(2) from None
