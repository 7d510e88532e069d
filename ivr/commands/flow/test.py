"""`ivr flow test`: play the conversations of flows, and say how far they reach."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from flows.conversations.coverage import Coverage, coverage_json, coverage_of, coverage_text
from flows.conversations.files import Suite, find_suites, load_suite
from flows.conversations.model import Conversation
from flows.conversations.player import Played, play
from flows.conversations.report import explain, nearest_text
from flows.problems import FlowError, Problem
from ivr.commands.common import err, out, print_problems

FAILED: Final = 1
UNREAD: Final = 2


class _Result(msgspec.Struct, frozen=True):
    suite: Suite
    conversation: Conversation
    played: Played


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="test")(run)


def run(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[FILE|FOLDER]...")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    min_coverage: Annotated[
        int, typer.Option(min=0, max=100, metavar="PERCENT", help="Fail where a flow is covered less.")
    ] = 0,
    chosen: Annotated[str, typer.Option("-k", metavar="TEXT", help="Only conversations with TEXT in their name.")] = "",
) -> None:
    """Play the conversations (*.test.yaml) beside flows. Exit status 0 if all pass, 1 if one fails, 2 unread."""
    if chosen and min_coverage:
        raise typer.BadParameter("coverage is of all conversations; leave out -k or --min-coverage")
    suites, problems = _load(paths or [Path()])
    results = [
        _Result(suite, conversation, play(suite.flow, conversation))
        for suite in suites
        for conversation in suite.conversations
        if chosen.casefold() in conversation.name.casefold()
    ]
    if chosen and not results and not problems:
        problems = [Problem(str(suites[0].path), 1, 1, "file", f'no conversation has "{chosen}" in its name')]
    coverages = [] if chosen else _coverages(results)
    too_low = [coverage for coverage in coverages if coverage.percent < min_coverage]
    if as_json:
        document = {
            "conversations": [_as_json(result) for result in results],
            "coverage": [coverage_json(coverage) for coverage in coverages],
            "problems": [msgspec.to_builtins(problem) for problem in problems],
        }
        out.file.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        _print(results, coverages, problems)
        for coverage in too_low:
            _say(err, f"{coverage.flow}: {coverage.percent:.1f} % covered; at least {min_coverage} % were asked for")
    failed = any(not result.played.passed for result in results) or bool(too_low)
    raise typer.Exit(UNREAD if problems else FAILED if failed else 0)


def _load(paths: list[Path]) -> tuple[list[Suite], list[Problem]]:
    """Every suite that can be read, and the problems of the others."""
    suites: list[Suite] = []
    problems: list[Problem] = []
    try:
        found = find_suites(paths)
    except FlowError as error:
        return [], error.problems
    for path in found:
        try:
            suites.append(load_suite(path))
        except FlowError as error:
            problems += error.problems
    return suites, problems


def _coverages(results: list[_Result]) -> list[Coverage]:
    """One for each flow, over all files of conversations about it."""
    by_flow: dict[Path, list[_Result]] = {}
    for result in results:
        by_flow.setdefault(result.suite.flow_path.resolve(), []).append(result)
    return [
        coverage_of(ours[0].suite.flow, [one.played for one in ours], name=str(ours[0].suite.flow_path))
        for ours in by_flow.values()
    ]


def _print(results: list[_Result], coverages: list[Coverage], problems: list[Problem]) -> None:
    path: Path | None = None
    for result in results:
        if result.suite.path != path:
            path = result.suite.path
            _say(out, str(path))
        _say(out, f"  {'ok    ' if result.played.passed else 'FAILED'}  {result.conversation.name}")
        for line in explain(result.conversation, result.played):
            _say(out, f"          {line}")
    for coverage in coverages:
        for line in coverage_text(coverage):
            _say(out, line)
    if problems:
        print_problems(problems)
    failed = sum(not result.played.passed for result in results)
    played = f"{len(results)} conversation{'' if len(results) == 1 else 's'}"
    if results or not problems:
        _say(out, f"{played}, {failed} failed" if failed else f"{played}, all pass")


def _say(console: Any, text: str) -> None:
    console.print(text, soft_wrap=True, markup=False)


def _as_json(result: _Result) -> dict[str, Any]:
    failure = result.played.failure
    return {
        "file": str(result.suite.path),
        "name": result.conversation.name,
        "passed": result.played.passed,
        "failure": None
        if failure is None
        else {
            **msgspec.to_builtins(failure),
            "nearest": None if failure.expected is None else nearest_text(failure.expected, failure.heard),
        },
        "transcript": [{**msgspec.to_builtins(line), "at": line.at.isoformat()} for line in result.played.transcript],
    }
