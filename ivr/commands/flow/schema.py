"""`ivr flow schema`: the JSON Schemas by which editors complete and check flows and conversations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.schema import schema_files
from ivr.commands.common import err, out


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(schema)


def schema(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where the two files are, or go.")] = Path(),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit status 1 where a file is stale.")] = False,
) -> None:
    """Write flow.schema.json and conversation.schema.json, for the first line of your files:

    # yaml-language-server: $schema=flow.schema.json
    """
    stale = False
    for name, content in schema_files().items():
        path = folder / name
        if check:
            if not path.is_file() or path.read_text(encoding="utf-8") != content:
                err.print(f"{path} is stale; write it anew with `ivr flow schema {folder}`", soft_wrap=True)
                stale = True
            continue
        try:
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            err.print(f"{path} cannot be written: {error.strerror}", soft_wrap=True)
            raise typer.Exit(2) from None
        out.print(f"wrote {path}", soft_wrap=True)
    raise typer.Exit(int(stale))
