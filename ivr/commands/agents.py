"""`ivr agents`: the people who talk with callers."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ivr.commands.common import at_desk, err, out, services_here, told
from ivr.desk import people
from ivr.desk.calendar import calendar_url
from ivr.desk.inputs import AgentId as KnownId
from ivr.desk.inputs import AgentInput, ShiftInput, StateInput, read, read_value
from ivr.desk.when import count_words

agents = typer.Typer(no_args_is_help=True, help="The people who talk with callers.")

AgentId = Annotated[str, typer.Argument(metavar="ID")]
COLOUR_OF = {"free": "green", "busy": "yellow"}


@agents.command("list")
def show_all(
    *, full_numbers: Annotated[bool, typer.Option("--full-numbers", help="Show whole numbers.")] = False
) -> None:
    """List them: who is free, who talks, who is away."""
    table = Table("id", "name", "number", "queues", "languages", "shifts", "now")
    for agent in people.list_agents(at_desk(), full_numbers=full_numbers).agents:
        colour = COLOUR_OF.get(agent.status)
        table.add_row(
            agent.id,
            escape(agent.name),
            agent.number,
            ", ".join(agent.queues),
            ", ".join(agent.languages) or "all",
            f"{agent.shifts} ({agent.zone})" if agent.shifts else "whenever available",
            f"[{colour}]{agent.status_words}[/]" if colour else agent.status_words,
        )
    out.print(table if table.row_count else "nobody yet: `ivr agents add ID --name NAME --number NUMBER --queue QUEUE`")


@agents.command()
def add(
    agent_id: AgentId,
    *,
    name: Annotated[str | None, typer.Option()] = None,
    number: Annotated[str | None, typer.Option(help="The phone that rings, such as +442079460100.")] = None,
    queue: Annotated[list[str] | None, typer.Option(help="A skill; may be given more than once.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="May be given more than once; all unless given.")] = None,
    zone: Annotated[str | None, typer.Option(help="Such as Europe/Berlin; the office's unless given.")] = None,
    per_hour: Annotated[int | None, typer.Option(help="How many calls within an hour; 0 for any number.")] = None,
) -> None:
    """Add somebody, or change what is given."""
    given: dict[str, Any] = {"name": name, "number": number, "queues": queue, "languages": language, "zone": zone}
    given = {field: value for field, value in {**given, "per_hour": per_hour}.items() if value is not None}
    with told():
        read_value(KnownId, agent_id, "the id of an agent")
        changed = people.put_agent(at_desk(), agent_id, read(AgentInput, given))
    _warn(changed)
    languages = f" in {', '.join(changed.agent.languages)}" if changed.agent.languages else ""
    out.print(f"{changed.agent.name} takes calls of {', '.join(changed.agent.queues)}{languages}", markup=False)


@agents.command()
def state(agent_id: AgentId, new_state: Annotated[str, typer.Argument(metavar="available|break|away")]) -> None:
    """Say that somebody is available, on a break or away."""
    with told():
        changed = people.set_state(at_desk(), agent_id, read(StateInput, {"state": new_state}))
    _warn(changed)
    out.print(f"{changed.agent.name} is {'on a break' if new_state == 'break' else new_state}", markup=False)


@agents.command()
def shift(
    agent_id: AgentId,
    shifts: Annotated[
        str | None, typer.Argument(metavar="[SHIFTS]", help='"mon-fri 09:00-17:00"; "" for none.')
    ] = None,
    *,
    off: Annotated[list[str] | None, typer.Option(help="A day off, such as 2026-12-24; more than once.")] = None,
    back: Annotated[list[str] | None, typer.Option(help="A day that is none any more.")] = None,
) -> None:
    """Show when somebody works; with SHIFTS or days off, change it, and say which promises that puts at risk."""
    given: dict[str, Any] = {"add_days_off": off or [], "remove_days_off": back or []}
    with told():
        desk = at_desk()
        if shifts is None and not off and not back:
            agent = people.show_agent(desk, agent_id)
        else:
            wanted = read(ShiftInput, given if shifts is None else {**given, "shifts": shifts})
            changed = people.set_shifts(desk, agent_id, wanted)
            agent = changed.agent
            _warn(changed)
    out.print(f"{agent.name} works {agent.shifts or 'whenever they are available'} ({agent.zone})", markup=False)
    if agent.days_off:
        out.print(f"days off: {', '.join(agent.days_off)}")


@agents.command()
def calendar(agent_id: AgentId) -> None:
    """Print the address of somebody's calendar; whoever has it can read it."""
    with told():
        people.show_agent(at_desk(), agent_id)
    out.print(calendar_url(services_here().settings, agent_id), soft_wrap=True, markup=False)


@agents.command()
def remove(agent_id: AgentId) -> None:
    """Remove somebody who is in no call."""
    with told():
        changed = people.remove_agent(at_desk(), agent_id)
    _warn(changed)
    out.print(f"{agent_id} is removed")


def _warn(changed: people.Changed) -> None:
    """Say which promises the agents who are left cannot keep."""
    if not changed.at_risk:
        return
    over = sum(each.promises - each.can_keep for each in changed.at_risk)
    are = "is" if over == 1 else "are"
    err.print(f"[red]{count_words(over, 'booked callback')} {are} at risk[/]; who can take these windows?")
    for each in changed.at_risk:
        err.print(f"  {each.words} in {each.line}: {each.promises} promised, {each.can_keep} can be kept")
