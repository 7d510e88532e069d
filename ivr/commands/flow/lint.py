"""`ivr flow lint`: check flow files."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.document import Document
from flows.lint import lint
from flows.lint.formats import as_github, as_json, as_text, summary
from flows.lint.reference import explained, lint_reference, rule_names
from flows.loader import read_bytes, read_document
from flows.problems import FlowError, Problem, known_words
from flows.prove import prove
from flows.prove.problems import problems_of
from ivr.commands.common import err, out
from ivr.flow_audio import audio_problem

UNREAD = 2


class Format(StrEnum):
    """How problems are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("lint")(lint_files)


def lint_files(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", show_default=False)] = None,
    output: Annotated[Format, typer.Option("--format", help="For people, for programs, or for GitHub.")] = Format.TEXT,
    rule: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Check this rule only; may be repeated.")
    ] = None,
    explain: Annotated[str | None, typer.Option(metavar="RULE", help="Say what a rule is for; `all` for all.")] = None,
    prove_too: Annotated[bool, typer.Option("--prove/--no-prove", help="Prove flows that have no errors.")] = True,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings count as errors.")] = False,
) -> None:
    """Check flow files; each mistake with its line and column.

    Exit status 0 without errors, 1 with errors, 2 where a file cannot be read. The rules are described in docs/lint.md.
    """
    if explain is not None:
        _explain(explain)
    for name in rule or ():
        _known(name)
    if not files:
        raise typer.BadParameter("name a flow file, or a rule to --explain")
    found: list[Problem] = []
    sources: dict[str, Sequence[str]] = {}
    for file in files:
        problems, sources[str(file)] = _check(file, rule, prove_too=prove_too and not rule)
        found += problems
        if output is Format.TEXT and not problems:
            out.print(f"{file}: no problems", soft_wrap=True, markup=False)
    _print(found, sources, output, len(files))
    if any(problem.rule == "file" for problem in found):
        raise typer.Exit(UNREAD)
    raise typer.Exit(int(any(strict or problem.level == "error" for problem in found)))


def _check(file: Path, rules: list[str] | None, *, prove_too: bool) -> tuple[list[Problem], Sequence[str]]:
    """Every problem of one file, and its lines."""
    content = b""
    try:
        content = read_bytes(file)
        document = read_document(content, str(file))
    except FlowError as error:
        return error.problems, content.decode("utf-8-sig", "replace").splitlines()
    folder = file.parent
    problems = lint(
        document,
        rules=rules,
        file_exists=lambda path: (folder / path).is_file(),
        audio_problem=lambda path: audio_problem(folder, path),
    )
    if prove_too and all(problem.level == "warning" for problem in problems):
        problems += _proved(document)
    return problems, document.lines


def _proved(document: Document) -> list[Problem]:
    """What the rules cannot see: the promises, in every state that a call can reach."""
    return problems_of(document, prove(document.flow))


def _print(found: list[Problem], sources: dict[str, Sequence[str]], output: Format, files: int) -> None:
    match output:
        case Format.JSON:
            typer.echo(as_json(found))
        case Format.GITHUB:
            if found:
                typer.echo(as_github(found))
        case Format.TEXT if found:
            err.print(as_text(found, sources), soft_wrap=True, markup=False, emoji=False)
            err.print(summary(found, files), soft_wrap=True, markup=False)
        case Format.TEXT:
            pass


def _explain(name: str) -> None:
    text = lint_reference() if name == "all" else explained(name)
    if text is None:
        _known(name)
    typer.echo(text, nl=False)
    raise typer.Exit


def _known(name: str) -> None:
    names = rule_names()
    if name not in names:
        raise typer.BadParameter(f'there is no rule "{name}"{known_words(name, names)}')
