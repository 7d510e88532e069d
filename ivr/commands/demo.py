"""`ivr demo`: real calls, end to end, on this machine."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ivr.commands.common import err, out
from ivr.demo.installation import Installation, NotReadyError
from ivr.demo.narrator import Line
from ivr.demo.play import CallDidNotEndError, Play
from ivr.demo.printer import Printer
from ivr.localcarrier.client import LocalCarrierError
from ivr.redis_client import RedisError
from ivr.redis_server import RedisServerError


def demo(
    record: Annotated[Path | None, typer.Option(metavar="DIR", help="Write each leg of each call as a WAV.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines; the last is the summary.")] = False,
) -> None:
    """Place real calls from end to end: no account, no configuration, nothing outside this machine.

    Exit status 0 only if all of it really happened.
    """
    began_at = time.monotonic()
    # Told to stop, or its terminal closed, it stops what it started: an exit unwinds, a signal's default does not.
    for told in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, lambda number, _frame: sys.exit(128 + number))
    folder = Path(tempfile.mkdtemp(prefix="zerohold-"))
    progress = err.status("starting") if sys.stderr.isatty() else None

    def report(step: str) -> None:
        if progress is not None:
            progress.update(step)
        elif not step.startswith("waiting"):
            err.print(step)

    def emit_json(line: Line) -> None:
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()

    printer = Printer(out)
    try:
        if progress is not None:
            progress.start()
        with Installation(folder, record_dir=record, report=report) as installation:
            if progress is not None:
                progress.stop()
            if not json:
                out.print(f"everything runs, {time.monotonic() - began_at:.1f} s after the start; the calls begin")
            result = Play(installation, emit_json if json else printer, began_at).run()
    except (NotReadyError, RedisServerError, RedisError, CallDidNotEndError, LocalCarrierError, OSError) as error:
        if json:
            sys.stdout.write(msgspec.json.encode({"ok": False, "calls": 0, "error": str(error)}).decode() + "\n")
        err.print(
            f"the demo could not be played: {error}\nwhat the processes said is in {folder / 'logs'}", markup=False
        )
        raise typer.Exit(1) from None
    finally:
        if progress is not None:
            progress.stop()
    if json:
        sys.stdout.write(msgspec.json.encode(result.summary()).decode() + "\n")
    else:
        printer.close(result)
    if not result.ok:
        err.print("calls take their real time; a machine that stands still for seconds loses words: then run it again")
        err.print(f"what the processes said is in {folder / 'logs'}, the carrier's log in {folder / 'events.jsonl'}")
        raise typer.Exit(1)
    shutil.rmtree(folder, ignore_errors=True)
    if not json and sys.stdout.isatty():
        out.print("To keep it running for your own number: copy .env.example to .env, fill it in, then `ivr serve`.")
    if record is not None and not json:
        out.print(f"The recordings are in {record}: left is who speaks, right is what they hear.")
