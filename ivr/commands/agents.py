"""`ivr agents`: the people who talk with callers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import typer
from rich.table import Table

from callbacks.model import Agent
from callbacks.shifts import is_free
from ivr.commands.common import err, out, settings_with_redis
from ivr.effects import dialable
from ivr.masking import mask_number
from ivr.services import build, utc_now

agents = typer.Typer(no_args_is_help=True, help="The people who talk with callers.")


@agents.command("list")
def show() -> None:
    """List them: who is free, who talks, who is away."""
    services = build(settings_with_redis())
    now = utc_now()
    table = Table("id", "name", "number", "queues", "state")
    for known in services.callbacks.store.agents():
        agent = known.record
        state: str = "free" if is_free(agent, now) else "busy" if agent.holder else agent.state
        if agent.state == "available" and agent.holder is None and agent.not_before and now < agent.not_before:
            state = f"left alone for {(agent.not_before - now).seconds} s after a missed call"
        table.add_row(agent.id, agent.name, mask_number(agent.number), ", ".join(agent.queues), state)
    out.print(table if table.row_count else "nobody yet: `ivr agents add ID --name NAME --number NUMBER --queue QUEUE`")


@agents.command()
def add(
    agent_id: Annotated[str, typer.Argument(metavar="ID")],
    name: Annotated[str, typer.Option()],
    number: Annotated[str, typer.Option(help="The phone that rings, such as +442079460100.")],
    queue: Annotated[list[str] | None, typer.Option(help="May be given more than once.")] = None,
) -> None:
    """Add somebody, or change their name, number and queues."""
    services = build(settings_with_redis())
    flow = services.flows.current
    e164 = dialable(number, flow.country)
    if e164 is None:
        err.print(f"{number} is not a number that can be dialled; write it as +442079460100")
        raise typer.Exit(1)
    agent = Agent(id=agent_id, name=name, number=e164, queues=tuple(queue or [flow.queue]), idle_since=utc_now())
    services.callbacks.agents.put(agent)
    out.print(f"{name} takes calls of {', '.join(agent.queues)}")


@agents.command()
def state(
    agent_id: Annotated[str, typer.Argument(metavar="ID")],
    new_state: Annotated[Literal["available", "away"], typer.Argument(metavar="available|away")],
) -> None:
    """Say that somebody is available or away."""
    services = build(settings_with_redis())
    known = services.callbacks.store.agent(agent_id)
    if known is None:
        err.print(f"there is no agent {agent_id}; see `ivr agents list`")
        raise typer.Exit(1)
    services.callbacks.agents.put(msgspec.structs.replace(known.record, state=new_state, not_before=None))
    out.print(f"{known.record.name} is {new_state}")


@agents.command()
def remove(agent_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Remove somebody."""
    if not build(settings_with_redis()).callbacks.store.remove_agent(agent_id):
        err.print(f"there is no agent {agent_id}; see `ivr agents list`")
        raise typer.Exit(1)
    out.print(f"{agent_id} is removed")
