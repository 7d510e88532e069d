"""`ivr prompts`: what callers of a flow hear, who says it, and its sound made before the first call."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from flows.loader import load_flow
from flows.model import Flow
from flows.problems import FlowError
from ivr.commands.common import err, out, print_problems
from ivr.desk.when import count_words
from ivr.flow_prompts import FlowPrompt
from ivr.prompt_files import PromptFiles
from ivr.prompt_folder import LIST_NAME, PromptFolder
from ivr.prompt_making import Made, Planned, different, is_there, key_of, make, plan
from ivr.settings import SoundSettings, load_sound_settings
from ivr.sound import espeak

UNREAD: Final = 2
# What an operator reads of a long text in a list.
MOST_SHOWN: Final = 90
LANGUAGE = Annotated[str | None, typer.Option("--language", metavar="LANGUAGE", help="This language only, such as fa.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

prompts = typer.Typer(no_args_is_help=True, help="What callers hear, and its sound.")


@prompts.command("render")
def render(
    files: Annotated[list[Path], typer.Argument(metavar="FLOW...")],
    language: LANGUAGE = None,
    folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Write every prompt there, in all languages, as named WAV files."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make those again that are there.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Make the sounds of flows before they are called: what our own voice says, and the recordings, equally loud.

    They go to DATA_DIR/prompts, where `ivr web` looks for them. A language that the carrier speaks is made only with
    --language or --out. Exit status 0 where all are there, 1 where one could not be made, 2 for an unreadable file.
    """
    settings = load_sound_settings()
    engine = espeak.find_engine()
    status, told = 0, []
    flows = [(file, _flow(file)) for file in files]
    for _, flow in flows:
        _check_language(flow, language)
    if folder is not None:
        _check_writable(folder)
    for file, flow in flows:
        if isinstance(flow, int):
            status = max(status, flow)
            continue
        planned = plan(flow, file.parent, _voices(flow, settings, language, everything=folder is not None), language)
        made = _made(engine, settings, planned, file.parent, folder=folder, force=force, quiet=as_json)
        status = max(status, int(bool(made.failures)), int(any(one.problem for one in planned)))
        told.append(_summary(flow, file, planned, made, folder or _folder(settings)))
        if not as_json:
            _print_summary(told[-1], planned, made)
    if as_json:
        typer.echo(json.dumps({"flows": told}, ensure_ascii=False))
    raise typer.Exit(status)


@prompts.command("list")
def list_prompts(
    file: Annotated[Path, typer.Argument(metavar="FLOW")],
    missing: Annotated[bool, typer.Option("--missing", help="Those alone whose sound is not there.")] = False,
    language: LANGUAGE = None,
    as_json: AS_JSON = False,
) -> None:
    """Every prompt of a flow: its node, language, who says it, whether its sound is there, and its text.

    With --missing, exit status 1 where something is missing; 2 for an unreadable file.
    """
    settings = load_sound_settings()
    flow = _flow(file)
    _check_language(flow, language)
    if isinstance(flow, int):
        raise typer.Exit(flow)
    kept = PromptFiles(_folder(settings))
    planned = plan(flow, file.parent, _voices(flow, settings, language, everything=False, listing=True), language)
    rows = [(one, _state(one, kept)) for one in planned]
    if missing:
        rows = [row for row in rows if row[1] == "missing"]
    if as_json:
        listed = [_row(one, state) for one, state in rows]
        typer.echo(json.dumps({"file": str(file), "revision": flow.revision, "prompts": listed}, ensure_ascii=False))
    elif rows:
        out.print(_table(rows), soft_wrap=True)
    else:
        out.print("nothing is missing" if missing else "this flow says nothing")
    if missing and rows and not as_json:
        _advise(rows, file)
    raise typer.Exit(int(missing and bool(rows)))


# ---------------------------------------------------------------- what is made


def _flow(file: Path) -> Flow | int:
    """The flow of a file, or the exit status after its problems were printed."""
    try:
        return load_flow(file)
    except FlowError as error:
        print_problems(error.problems)
        return UNREAD if any(problem.rule == "file" for problem in error.problems) else 1


def _check_language(flow: Flow | int, language: str | None) -> None:
    """Ends the command where a flow does not have the language, before anything is made."""
    if isinstance(flow, Flow) and language is not None and language not in flow.languages:
        raise typer.BadParameter(
            f'{flow.name} has no language "{language}" (known: {", ".join(flow.languages)})', param_hint="--language"
        )


def _check_writable(folder: Path) -> None:
    """Makes the folder of `--out`; ends the command where there can be none, before anything is spoken for it."""
    option = "--out"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise typer.BadParameter(
            f"{folder} is a file, or lies below one; name a folder for the WAV files", param_hint=option
        ) from None
    except OSError as error:
        raise typer.BadParameter(
            f"{folder} cannot be made ({error.strerror}); name a folder that you may write to", param_hint=option
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise typer.BadParameter(f"you may not write to {folder}; name another folder", param_hint=option)


def _folder(settings: SoundSettings) -> Path:
    return settings.data_dir / "prompts"


def _voices(
    flow: Flow, settings: SoundSettings, language: str | None, *, everything: bool, listing: bool = False
) -> frozenset[str]:
    """The languages for which our own voice is to speak."""
    if listing:
        return settings.own_voices
    if language is not None:
        return settings.own_voices | {language}
    return frozenset(flow.languages) if everything else settings.own_voices


def _made(
    engine: espeak.Engine | None,
    settings: SoundSettings,
    planned: list[Planned],
    beside: Path,
    *,
    folder: Path | None,
    force: bool,
    quiet: bool,
) -> Made:
    wanted = [one for one in planned if one.is_made]
    named = None
    if folder is not None:
        named = PromptFolder(folder, [(one.prompt, key_of(one, beside)) for one in wanted])
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=quiet or not err.is_terminal,
    ) as progress:
        task = progress.add_task("speaking", total=len(different(wanted)))
        made = make(
            engine,
            named or PromptFiles(_folder(settings)),
            wanted,
            beside,
            force=force,
            told=lambda: progress.advance(task),
        )
    if named is not None:
        try:
            named.close()
        except OSError as error:
            err.print(f"{named.folder / LIST_NAME} cannot be written: {error.strerror}", soft_wrap=True, markup=False)
            raise typer.Exit(1) from None
    return made


# ---------------------------------------------------------------- what is printed


def _summary(flow: Flow, file: Path, planned: list[Planned], made: Made, folder: Path) -> dict[str, Any]:
    speakers = Counter(one.speaker for one in planned if not one.prompt.has_values)
    return {
        "file": str(file),
        "flow": flow.name,
        "revision": flow.revision,
        "folder": str(folder),
        "prompts": len(planned),
        "by": dict(sorted(speakers.items())),
        "with_values": sum(one.prompt.has_values for one in planned),
        "made": made.made,
        "there": made.there,
        "failed": [{**_row(Planned(one.prompt, "own voice"), "missing"), "why": one.why} for one in made.failures],
        "recording_problems": [
            {"node": one.prompt.node, "language": one.prompt.language, "audio": one.prompt.audio, "why": one.problem}
            for one in planned
            if one.problem
        ],
    }


def _print_summary(told: dict[str, Any], planned: list[Planned], made: Made) -> None:
    by = told["by"]
    out.print(f"{told['file']}: {told['prompts']} prompts, revision {told['revision']}", soft_wrap=True, markup=False)
    out.print(f"  {made.made} made, {made.there} were there already; in {told['folder']}", soft_wrap=True, markup=False)
    if by.get("carrier"):
        out.print(f"  {by['carrier']} are spoken by the carrier's voice")
    if by.get("recording") or by.get("web recording"):
        out.print(f"  {by.get('recording', 0) + by.get('web recording', 0)} are recordings")
    if told["with_values"]:
        out.print(f"  {told['with_values']} have values of the call in them, and are made during it")
    for one in planned:
        if one.problem:
            err.print(
                f"  {_place(one.prompt)}: {one.prompt.audio} cannot be played: {one.problem}; its words are spoken",
                soft_wrap=True,
                markup=False,
            )
    reasons = Counter(failure.why for failure in made.failures)
    for why, count in reasons.items():
        first = next(failure.prompt for failure in made.failures if failure.why == why)
        err.print(f"  {count} not made, the first one at {_place(first)}: {why}", soft_wrap=True, markup=False)


def _place(prompt: FlowPrompt) -> str:
    return f"{prompt.node or '(engine)'} {prompt.role} [{prompt.language}]"


def _state(one: Planned, kept: PromptFiles) -> str:
    """Whether the sound is there: "ready", "missing", "in the call" where it has values, or "-" for the carrier's."""
    if one.problem:
        return "missing"
    if one.speaker == "carrier":
        return "-"
    if one.speaker == "own voice" and one.prompt.has_values:
        return "in the call"
    return "ready" if is_there(one, kept) else "missing"


def _row(one: Planned, state: str) -> dict[str, Any]:
    prompt = one.prompt
    row = {
        "node": prompt.node,
        "role": prompt.role,
        "language": prompt.language,
        "by": one.speaker,
        "sound": state,
        "has_values": prompt.has_values,
        "text": prompt.text,
    }
    if prompt.audio:
        row |= {"audio": prompt.audio, "problem": one.problem}
    return row


def _table(rows: list[tuple[Planned, str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("node", "what", "language", "by", "sound", "text"):
        table.add_column(name, no_wrap=name != "text", overflow="fold")
    for one, state in rows:
        prompt = one.prompt
        text = prompt.text if len(prompt.text) <= MOST_SHOWN else f"{prompt.text[: MOST_SHOWN - 1]}…"
        if prompt.audio:
            text = f"{prompt.audio}: {one.problem or text}"
        cells = (prompt.node or "(engine)", prompt.role, prompt.language, one.speaker, state, text)
        table.add_row(*map(Text, cells))
    return table


def _advise(rows: list[tuple[Planned, str]], file: Path) -> None:
    # Texts that are equal have one sound.
    sounds = {key_of(one, file.parent) for one, _ in rows if one.is_made}
    many = count_words(len(sounds), "sound")
    if sounds and espeak.find_engine() is None:
        err.print(f"{many} to make by our own voice, which is not here: {espeak.MISSING}", soft_wrap=True, markup=False)
    elif sounds:
        err.print(f"{many} can be made now: ivr prompts render {file}", soft_wrap=True, markup=False)
    if any(one.problem for one, _ in rows):
        err.print("the words of recordings that cannot be played are spoken instead", markup=False)
