"""`ivr flow diff`: what one flow has otherwise than another, line by line and in sentences."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from flows.diff import sentences, unified
from flows.loader import read_bytes, read_document
from ivr.commands.common import out
from ivr.commands.flow.published import open_publications
from ivr.redis_publications import NotPublishedError

_REVISION: Final = re.compile(r"[0-9a-f]{4,64}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(diff)


def diff(
    before: Annotated[str, typer.Argument(metavar="REVISION|FILE")],
    after: Annotated[str | None, typer.Argument(metavar="[REVISION|FILE]")] = None,
) -> None:
    """Show what AFTER changes against BEFORE. With a file alone: what publishing it would change.

    A revision may be given by its first digits. Exit status 0 whether they differ or not, 1 where one has mistakes.
    """
    old, new = (_published(before), before) if after is None else (_read(before), after)
    contents = old, _read(new)
    names = (before if after is not None else "published", new)
    lines = unified(contents[0].decode(errors="replace"), contents[1].decode(errors="replace"), *names)
    for line in lines:
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        out.print(Text(line, style=colour), soft_wrap=True)
    if not lines:
        out.print("no difference")
        return
    flows = [read_document(content, name).flow for content, name in zip(contents, names, strict=True)]
    changes = sentences(*flows)
    out.print("\nWhat callers notice:" if changes else "\nCallers notice nothing: comments, blanks or order alone.")
    for change in changes:
        out.print(Text(f"  {change}"), soft_wrap=True)


def _read(given: str) -> bytes:
    """The YAML of a file or of a published revision."""
    path = Path(given)
    if path.is_file() or not _REVISION.fullmatch(given):
        return read_bytes(path)
    return _source(given)


def _source(beginning: str) -> bytes:
    publications, _ = open_publications()
    return publications.source(*publications.find(beginning))


def _published(given: str) -> bytes:
    """The YAML of the current revision of the flow that a file holds."""
    name = read_document(_read(given), given).flow.name
    publications, _ = open_publications()
    revision = publications.current_revision(name)
    if revision is None:
        raise NotPublishedError(f"{name} has not been published: there is nothing to compare {given} with")
    return publications.source(name, revision)
