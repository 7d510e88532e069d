"""`ivr speech`: models, and how well they hear. Each command is a module with `register(app)`."""

from __future__ import annotations

import typer

from ivr.commands.speech import eval as eval_
from ivr.commands.speech import install, lexicon, listen, models, transcribe

app = typer.Typer(no_args_is_help=True, help="Speech models: what there is, installing them, and how well they hear.")

models.register(app)
install.register(app)
eval_.register(app)
lexicon.register(app)
transcribe.register(app)
listen.register(app)


@app.callback()
def _group() -> None:
    """Keep `speech` a group, however few commands it has."""
