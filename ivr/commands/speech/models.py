"""`ivr speech models`: what is installed."""

from __future__ import annotations

import typer

from ivr.commands.common import out
from speech.models import shipped_names


def register(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command()(models)


def models() -> None:
    """List the speech models that came with this installation."""
    out.print("\n".join(shipped_names()) or "no speech model is here", markup=False)
