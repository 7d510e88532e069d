"""`ivr flow graph`: a flow as a picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.graph import dot, mermaid, svg
from flows.loader import load_flow
from flows.problems import FlowError
from ivr.commands.common import err, print_problems


class Format(StrEnum):
    """The formats of a picture."""

    mermaid = "mermaid"
    dot = "dot"
    svg = "svg"


_DRAWN = {Format.mermaid: mermaid, Format.dot: dot, Format.svg: svg}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(graph)


def graph(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    format_: Annotated[
        Format | None, typer.Option("--format", help="By default what --out ends in, else mermaid.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write there, not to the terminal.")] = None,
) -> None:
    """Draw a flow: mermaid for Markdown pages, dot for Graphviz, SVG for browsers. Exit status 2 where it is unread."""
    try:
        flow = load_flow(file)
    except FlowError as error:
        print_problems(error.problems)
        raise typer.Exit(2) from None
    drawn = _DRAWN[format_ or _format_of(to)](flow)
    if to is None:
        typer.echo(drawn, nl=False)
        return
    try:
        to.write_text(drawn, encoding="utf-8")
    except OSError as error:
        err.print(f"{to} cannot be written: {error.strerror}", soft_wrap=True)
        raise typer.Exit(2) from None


def _format_of(path: Path | None) -> Format:
    endings = {".svg": Format.svg, ".dot": Format.dot, ".gv": Format.dot}
    return endings.get(path.suffix, Format.mermaid) if path is not None else Format.mermaid
