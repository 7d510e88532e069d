"""`ivr flow prove`: visit every state that a call can reach, and check each promise in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.loader import load_flow
from flows.model import Flow
from flows.problems import FlowError
from flows.prove import PROMISES, Failure, Proof, prove
from flows.prove.as_test import conversation_of, decided_by
from flows.prove.problems import told_step
from flows.yaml_text import conversation_yaml
from ivr.commands.common import err, out, print_problems


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("prove")(prove_files)


def prove_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each file.")] = False,
    tests: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the shortest call to each failure there, as a test.")
    ] = None,
) -> None:
    """Prove the promises of flows. Exit status 0 where all hold, 1 where one does not, 2 for an unreadable file."""
    status = 0
    for file in files:
        try:
            flow = load_flow(file)
        except FlowError as error:
            print_problems(error.problems)
            status = max(status, 2 if any(problem.rule == "file" for problem in error.problems) else 1)
            continue
        proof = prove(flow)
        status = max(status, int(not proof.holds))
        if as_json:
            typer.echo(json.dumps(_as_json(flow, file, proof), ensure_ascii=False))
        else:
            _print(flow, file, proof)
        if tests is not None:
            _write_tests(flow, file, proof, tests)
    raise typer.Exit(status)


def _print(flow: Flow, file: Path, proof: Proof) -> None:
    out.print(f"{file}: revision {flow.revision}", soft_wrap=True, markup=False)
    out.print(f"  {proof.states:,} states, {proof.transitions:,} events in them, {proof.questions:,} questions")
    broken = {failure.promise for failure in proof.failures}
    for name, promise in PROMISES.items():
        out.print(f"  {'FAILS' if name in broken else 'holds'}  {name}: {promise}", soft_wrap=True, markup=False)
    out.print(
        f"  at most {proof.seconds_to_exit:.0f} s of speech before the exit is offered (at {proof.slowest_node})",
        soft_wrap=True,
    )
    for failure in proof.failures:
        out.print(f"\n{failure.promise} at {failure.node}: {failure.message}", soft_wrap=True, markup=False)
        for note in _lines(flow, failure):
            out.print(f"  {note}", soft_wrap=True, markup=False)
        out.print("as a test:\n", markup=False)
        out.print(conversation_yaml([conversation_of(flow, failure)], file.name), soft_wrap=True, markup=False)


def _lines(flow: Flow, failure: Failure) -> list[str]:
    told = [f"at {step.node}: {said}" for step in failure.call if (said := told_step(step.event)) is not None]
    return [*told, *(f"where {note}" for note in decided_by(flow, failure))]


def _as_json(flow: Flow, file: Path, proof: Proof) -> dict[str, Any]:
    return {
        "file": str(file),
        "revision": flow.revision,
        "holds": proof.holds,
        "states": proof.states,
        "transitions": proof.transitions,
        "questions": proof.questions,
        "seconds_to_exit": proof.seconds_to_exit,
        "slowest_node": proof.slowest_node,
        "failures": [
            {
                "promise": failure.promise,
                "node": failure.node,
                "message": failure.message,
                "call": _lines(flow, failure),
            }
            for failure in proof.failures
        ],
    }


def _write_tests(flow: Flow, file: Path, proof: Proof, folder: Path) -> None:
    for number, failure in enumerate(proof.failures, start=1):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{file.stem}-{failure.promise}-{number}.test.yaml"
        beside = os.path.relpath(file.resolve(), folder.resolve())
        path.write_text(conversation_yaml([conversation_of(flow, failure)], beside), encoding="utf-8")
        err.print(f"wrote {path}", soft_wrap=True)
