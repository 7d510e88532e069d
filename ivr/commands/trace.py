"""`ivr trace`: what happened in calls."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from rich.table import Table

from flows.conversations import SUFFIX
from flows.conversations.files import save_conversation
from flows.conversations.model import Conversation
from flows.loader import load_flow, parse_flow
from flows.model import Flow
from flows.problems import FlowError
from flows.traces.model import Trace
from flows.traces.telling import tell
from flows.traces.to_test import NotATestError, conversation_of
from flows.yaml_text import conversation_yaml
from ivr.commands.common import err, out, settings_with_redis
from ivr.redis_client import Redis, connect
from ivr.redis_flows import copy_of
from ivr.redis_publications import NotPublishedError, Publications
from ivr.redis_traces import TraceStore
from ivr.services import utc_now
from ivr.trace_files import line_of

trace = typer.Typer(no_args_is_help=True, help="What happened in calls, turn by turn.")

LISTED: Final = 50
FlowName = Annotated[str | None, typer.Option("--flow", metavar="NAME", help="Only calls of this flow.")]
Sid = Annotated[str, typer.Argument(metavar="SID", help="The call, as `ivr trace list` names it.")]


def open_traces() -> tuple[TraceStore, Redis]:
    """The traces of this installation, those of calls that just stopped among them."""
    client = connect(settings_with_redis().redis_url or "")
    traces = TraceStore(client)
    traces.gather(utc_now())
    return traces, client


@trace.command("list")
def show_all(
    flow: FlowName = None,
    failures: Annotated[bool, typer.Option("--failures", help="Only calls in which something went wrong.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = LISTED,
) -> None:
    """List the calls whose traces are kept."""
    store, _ = open_traces()
    names = [flow] if flow is not None else store.flows()
    found = [kept for name in names for kept in store.of_flow(name, failures=failures, most=limit)]
    found.sort(key=lambda kept: (kept.ended_at, kept.call_sid), reverse=True)
    table = Table("call", "flow", "revision", "began (UTC)", "turns", "ended", "failures")
    for kept in found[:limit]:
        began = f"{kept.started_at:%Y-%m-%d %H:%M:%S}"
        ended = f"{kept.outcome or 'cut off'} at {kept.turns[-1].to_node}"
        row = (kept.call_sid, kept.flow, kept.revision, began, str(len(kept.turns) - 1), ended)
        table.add_row(*row, ", ".join(kept.failures))
    out.print(table if table.row_count else _nothing(flow, failures=failures))


@trace.command()
def show(sid: Sid, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Show one call, a block for each turn; of a call that still goes on, as far as it has come."""
    kept = _the_one(open_traces()[0], sid)
    if as_json:
        out.print(line_of(kept), markup=False, soft_wrap=True)
        return
    for line in tell(kept):
        out.print(line, markup=False, soft_wrap=True)


@trace.command("to-test")
def to_test(
    sid: Sid,
    into: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help=f"The file, NAME{SUFFIX}; without it, print.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="FLOW", help="The flow's file; without it, from Redis.")
    ] = None,
) -> None:
    """Write a call as a conversation for `ivr flow test`: it passes against the revision of the call."""
    store, client = open_traces()
    kept = _the_one(store, sid)
    try:
        flow = load_flow(against) if against is not None else _flow_of(client, kept)
        if flow.revision != kept.revision:
            err.print(f"the call was in revision {kept.revision}; this is {flow.revision}", soft_wrap=True)
        written = conversation_of(flow, kept)
        flow_file = _beside(against, into) if against is not None else f"{kept.flow}.yaml"
        if into is None:
            out.print(conversation_yaml([written], flow_file), markup=False, soft_wrap=True, end="")
        else:
            _save(into, flow_file, written)
    except (FlowError, NotATestError, NotPublishedError) as error:
        err.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except OSError as error:
        err.print(f"{into}: cannot be written: {error.strerror}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


@trace.command()
def export(
    flow: Annotated[str, typer.Option("--flow", metavar="NAME", help="The flow whose calls are meant.")],
    failures: Annotated[bool, typer.Option("--failures", help="Only calls in which something went wrong.")] = False,
) -> None:
    """Print the traces of a flow, one JSON document a line, for `ivr flow replay --from`."""
    store, _ = open_traces()
    count = 0
    for kept in store.of_flow(flow, failures=failures):
        typer.echo(line_of(kept))
        count += 1
    if not count:
        err.print(_nothing(flow, failures=failures))
        raise typer.Exit(1)


def _save(into: Path, flow_file: str, written: Conversation) -> None:
    try:
        save_conversation(into, flow_file, lambda _: written)
    except ValidationError:  # two of one name
        raise NotATestError(f"{into} has {written.name} already") from None
    out.print(f"{into}: {written.name}", markup=False, soft_wrap=True)


def _the_one(store: TraceStore, sid: str) -> Trace:
    kept = store.read(sid)
    if kept is None:
        err.print(f"there is no trace of a call {sid}; see `ivr trace list`", markup=False)
        raise typer.Exit(1)
    return kept


def _nothing(flow: str | None, *, failures: bool) -> str:
    what = "failures" if failures else "traces"
    return f"no {what} yet" if flow is None else f"no {what} of {flow} yet; see `ivr trace list`"


def _flow_of(client: Redis, kept: Trace) -> Flow:
    """The flow of a trace's revision; raises `NotPublishedError` where it is in Redis no more."""
    stored = copy_of(client, kept.revision)
    if stored is not None:
        return stored
    try:
        return parse_flow(Publications(client).source(kept.flow, kept.revision), kept.revision)
    except NotPublishedError:
        message = f"revision {kept.revision} of {kept.flow} is in Redis no more: give its file, with --against FLOW"
        raise NotPublishedError(message) from None


def _beside(flow_file: Path, into: Path | None) -> str:
    """The path of a flow's file as it is written in a file of conversations."""
    return os.path.relpath(flow_file, into.parent if into is not None else Path())
