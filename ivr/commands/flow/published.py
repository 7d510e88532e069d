"""`ivr flow list`, `history` and `show`: what is and was published."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from ivr.commands.common import out, settings_with_redis
from ivr.redis_client import connect
from ivr.redis_publications import NotPublishedError, Publications
from ivr.settings import Settings

TIME: Final = "%Y-%m-%d %H:%M"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("list")(show_all)
    app.command()(history)
    app.command()(show)


def open_publications() -> tuple[Publications, Settings]:
    """The published flows of this installation; needs Redis, and no flow."""
    settings = settings_with_redis()
    return Publications(connect(settings.redis_url or "")), settings


def the_one_flow(publications: Publications, name: str | None, settings: Settings) -> str:
    """The flow that is meant: the one named, that of FLOW_NAME, the only one; raises `NotPublishedError`."""
    published = sorted(publications.heads())
    meant = name or settings.flow_name
    if meant in published:
        return meant
    if meant is None and len(published) == 1:
        return published[0]
    if not published:
        raise NotPublishedError('nothing has been published: `ivr flow publish FILE --message "..."`')
    names = ", ".join(published)
    raise NotPublishedError(f"say which flow is meant: {names}" if meant is None else f"no flow {meant}, but {names}")


def show_all() -> None:
    """List the published flows."""
    publications, settings = open_publications()
    table = Table("flow", "revision", "since (UTC)", "by", "message")
    for name, revision in publications.heads().items():
        answers = " (answers calls)" if name == settings.flow_name else ""
        entries = publications.history(name)
        last = (f"{entries[-1].at:{TIME}}", Text(entries[-1].by), Text(entries[-1].message)) if entries else ()
        table.add_row(name + answers, revision, *last)
    out.print(table if table.row_count else 'nothing yet: `ivr flow publish FILE --message "..."`')
    if settings.flow_name is None:
        out.print(f"FLOW_NAME is not set: calls are answered by {settings.flow_file}", markup=False, soft_wrap=True)


def history(name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None) -> None:
    """Show who published what, when and why; the newest first."""
    publications, settings = open_publications()
    name = the_one_flow(publications, name, settings)
    current = publications.current_revision(name)
    table = Table("", "revision", "when (UTC)", "by", "what", "message", title=name)
    entries = publications.history(name)
    for number, entry in reversed(list(enumerate(entries, start=1))):
        mark = " *" if entry.revision == current and number == len(entries) else ""
        who, why = Text(entry.by), Text(entry.message)
        table.add_row(str(number), entry.revision + mark, f"{entry.at:{TIME}}", who, entry.kind, why)
    out.print(table)


def show(revision: Annotated[str, typer.Argument(metavar="REVISION")]) -> None:
    """Print the YAML of a published revision, byte for byte."""
    publications, _ = open_publications()
    sys.stdout.buffer.write(publications.source(*publications.find(revision)))
    sys.stdout.flush()
