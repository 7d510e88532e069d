"""`ivr flow`: the files that operators write. Each command is a module with `register(app)`."""

from __future__ import annotations

import typer

from ivr.commands.flow import diff, graph, lint, new, prove, publish, published, reference, replay, schema, shell, test

flow = typer.Typer(no_args_is_help=True, help="The call flows that operators write.")

lint.register(flow)
prove.register(flow)
publish.register(flow)
published.register(flow)
diff.register(flow)
replay.register(flow)
test.register(flow)
shell.register(flow)
schema.register(flow)
reference.register(flow)
graph.register(flow)
new.register(flow)


@flow.callback()
def _group() -> None:
    """Keep `flow` a group, however few commands it has."""
