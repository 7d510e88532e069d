"""`ivr callbacks lifecycle`: the picture of what may follow what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ivr.commands.common import out
from ivr.lifecycle_picture import lifecycle_svg


def lifecycle(
    to: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there.")] = None,
) -> None:
    """Draw the lifecycle of a callback, as SVG, from the table that decides it."""
    picture = lifecycle_svg()
    if to is None:
        out.print(picture, markup=False, highlight=False, soft_wrap=True, end="")
    else:
        to.write_text(picture, encoding="utf-8")
