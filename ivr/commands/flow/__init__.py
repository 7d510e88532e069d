"""`ivr flow`: the files that operators write. Each command is a module with `register(app)`."""

from __future__ import annotations

import typer

from ivr.commands.flow import lint

flow = typer.Typer(no_args_is_help=True, help="The call flows that operators write.")

lint.register(flow)


@flow.callback()
def _group() -> None:
    """Keep `flow` a group, however few commands it has."""
