"""`ivr flow replay`: what would change for the callers if an edited flow were published."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from flows.loader import load_flow
from flows.problems import FlowError
from flows.replay import replay
from flows.replay.report import Report
from flows.traces.model import Trace
from ivr.commands.common import err, out, print_problems
from ivr.commands.trace import open_traces
from ivr.trace_files import TraceFileError, read_traces

MOST: Final = 200


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="replay")(run)


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The edited flow.")],
    most: Annotated[int, typer.Option("--traces", min=1, metavar="N", help="How many calls, the newest.")] = MOST,
    name: Annotated[
        str | None, typer.Option("--flow", metavar="NAME", help="Whose calls; without it, those of the file's flow.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE.jsonl", help="Calls from `ivr trace export`, not Redis.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run recorded calls through an edited flow, and say what would change. Exit status 1 for a flow with problems."""
    try:
        flow = load_flow(file)
        traces = _traces(name or flow.name, source, most, only=name)
    except FlowError as error:
        print_problems(error.problems)
        raise typer.Exit(1) from None
    except TraceFileError as error:
        err.print(str(error), soft_wrap=True, markup=False)
        raise typer.Exit(1) from None
    if not traces:
        whose = f"of {name or flow.name}" if source is None else f"in {source}"
        err.print(f"there are no calls {whose} to replay; see `ivr trace list`", markup=False)
        raise typer.Exit(1)
    report = replay(flow, traces)
    if as_json:
        out.print(_json(flow.name, flow.revision, report), markup=False, soft_wrap=True)
        return
    for line in report.sentences():
        out.print(line, markup=False, soft_wrap=True)


def _traces(name: str, source: Path | None, most: int, *, only: str | None) -> list[Trace]:
    if source is None:
        return list(open_traces()[0].of_flow(name, most=most))
    found = (trace for trace in read_traces(source) if only in (None, trace.flow))
    return list(islice(found, most))


def _json(name: str, revision: str, report: Report) -> str:
    document = {
        "flow": name,
        "revision": revision,
        "calls": report.calls,
        "changes": report.changes,
        "sentences": list(report.sentences()),
    }
    return msgspec.json.encode(document).decode()
