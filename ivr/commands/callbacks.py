"""`ivr callbacks`: the promises, and how they ended."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.table import Table

from callbacks.errors import IllegalEventError
from ivr.commands.common import err, out, settings_with_redis
from ivr.masking import mask_number
from ivr.services import build, utc_now

callbacks = typer.Typer(no_args_is_help=True, help="The promises, and how they ended.")

LISTED = 100
TIME = "%Y-%m-%d %H:%M"


@callbacks.command("list")
def show_all() -> None:
    """List the newest promises."""
    services = build(settings_with_redis())
    table = Table("id", "number", "queue", "not before (UTC)", "promised by (UTC)", "state", "dials", "disposition")
    for request in services.callbacks.store.requests(LISTED):
        starts = "" if request.starts_at is None else request.starts_at.strftime(TIME)
        times = (starts, request.promised_by.strftime(TIME))
        who = (request.id, mask_number(request.number), request.queue)
        table.add_row(*who, *times, request.state, str(request.dials), request.disposition or "")
    out.print(table if table.row_count else "no callbacks yet")


@callbacks.command()
def show(request_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show one promise with its dossier: all that the caller has said."""
    known = build(settings_with_redis()).callbacks.store.request(request_id)
    if known is None:
        err.print(f"there is no callback {request_id}; see `ivr callbacks list`")
        raise typer.Exit(1)
    out.print_json(msgspec.json.encode(known.record).decode())


@callbacks.command()
def cancel(request_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Cancel a promise that nobody is being rung for."""
    try:
        build(settings_with_redis()).callbacks.promises.cancel(request_id, utc_now())
    except IllegalEventError as error:
        err.print(f"not cancelled: {error}")
        raise typer.Exit(1) from None
    out.print(f"{request_id} is cancelled")
