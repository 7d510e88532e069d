"""`ivr privacy`: what is known of a number, handed out or deleted."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer

from ivr.commands.common import at_desk, err, out, services_here, told
from ivr.desk import privacy as desk_privacy
from ivr.desk.when import count_words

privacy = typer.Typer(no_args_is_help=True, help="What is known of a number: hand it out, or delete it.")

Number = Annotated[str, typer.Argument(metavar="NUMBER")]


@privacy.command()
def export(number: Number) -> None:
    """Print everything about a number as JSON."""
    with told():
        found = desk_privacy.export(at_desk(), services_here(), number)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")


@privacy.command()
def delete(
    number: Number, *, yes: Annotated[bool, typer.Option("--yes", help="Do it; an open callback is cancelled.")] = False
) -> None:
    """Delete everything about a number, for good; say what stays, and why."""
    with told():
        desk, services = at_desk(), services_here()
        found = desk_privacy.find(desk, services, number)
        if found.is_empty:
            out.print("nothing is known of that number")
            return
        if not yes:
            size = f"{count_words(len(found.ids), 'callback')} ({len(found.open_ids)} promised and not over)"
            calls = count_words(len(found.calls), "call")
            err.print(f"this would delete {size}, {calls}, and whatever else is known of that number.")
            err.print("It cannot be undone, and cancels what is promised. Say --yes to do it.")
            raise typer.Exit(1)
        done = desk_privacy.delete(desk, services, number)
    if done.cancelled:
        out.print(f"cancelled: {', '.join(done.cancelled)}", soft_wrap=True)
    size = f"{count_words(done.callbacks, 'callback')}, {count_words(done.calls, 'call')}"
    out.print(f"deleted: {size}, and what else there was")
    out.print("what stays, and why:")
    for words in done.stays:
        out.print(f"- {words}", soft_wrap=True, markup=False)
