"""`ivr flow new`: a flow from a template, with its conversations and its files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from flows.problems import known_words
from flows.scaffold import TEMPLATES, ScaffoldError, scaffold
from ivr.commands.common import err, out


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=_help())(new)


def _help() -> str:
    lines = "".join(f"\n\n{name}: {about}" for name, about in TEMPLATES.items())
    return f"Make a folder with a new flow, its conversations and sample files. It overwrites nothing.{lines}"


def new(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    template: Annotated[str, typer.Option(metavar="TEMPLATE", help=f"What to begin with: {', '.join(TEMPLATES)}.")],
    languages: Annotated[
        str, typer.Option(help="In this order: a call begins in the first one. Without it, in all of the template.")
    ] = "",
    into: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the new folder NAME goes.")] = Path(),
) -> None:
    if template not in TEMPLATES:
        err.print(f'there is no template "{template}"{known_words(template, TEMPLATES)}', soft_wrap=True, markup=False)
        raise typer.Exit(1)
    chosen = [language.strip() for language in languages.split(",")] if languages.strip() else []
    try:
        made = scaffold(template, template_files(template), name, chosen)
    except ScaffoldError as error:
        err.print(str(error), soft_wrap=True, markup=False)
        raise typer.Exit(1) from None
    folder = into / name
    _write(folder, made.files)
    covered = made.coverage
    out.print(f"wrote {folder}, with {covered.conversations} conversations: {covered.percent:.0f} % of it is tested")
    out.print(
        f"Next, after you have changed what the first lines of {folder / name}.yaml name:\n"
        f"  ivr flow shell {folder / name}.yaml\n"
        f"  ivr flow test {folder}\n"
        f'  ivr flow publish {folder / name}.yaml --message "First version"',
        soft_wrap=True,
        markup=False,
    )


def template_files(template: str) -> dict[str, bytes]:
    """The files of a template, as they were installed."""
    folder = resources.files("flows") / "examples" / template
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write every file, or none where one is there already."""
    there = [name for name in files if (folder / name).exists()]
    if there:
        err.print(f"{folder} has {', '.join(there)} already: nothing was written", soft_wrap=True, markup=False)
        raise typer.Exit(1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            with (folder / name).open("xb") as file:
                file.write(content)
    except OSError as error:
        err.print(f"{folder} cannot be written: {error.strerror}", soft_wrap=True, markup=False)
        raise typer.Exit(2) from None
