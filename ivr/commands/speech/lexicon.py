"""`ivr speech lexicon`: the words of a model, and a model with words of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flows.document import Document
from flows.loader import read_bytes, read_document
from flows.problems import FlowError
from ivr.commands.common import err, out, print_problems
from ivr.commands.speech.activation import names_with
from ivr.commands.speech.common import VARIABLE, model_named, speech_settings, told
from ivr.commands.speech.lexicon_checks import Alike, Unknown, alike_in_file, alike_in_flow, as_plain, unknown_in_flow
from ivr.desk.when import count_words
from ivr.flow_turns import turns_of
from speech.lexicon.entries import WordFile, WordProblem, read_words
from speech.lexicon.extending import build, extended, model_units, pronunciations_of
from speech.models import Model

UNREAD = 2
FLOW_SUFFIXES = {".yaml", ".yml"}
MOST_NODES = 3

lexicon = typer.Typer(no_args_is_help=True, help="The words of a model, and a model with words of your own.")

ModelOption = Annotated[str | None, typer.Option(help="The model: its name or folder; else the one in use.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.add_typer(lexicon, name="lexicon")


@lexicon.command()
def words(
    model: ModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: word -> pronunciations.")] = False,
) -> None:
    """List the words that a model knows, with their pronunciations, and the phones that words are spelled with."""
    with told():
        found = model_named(model)
    said = pronunciations_of(found.card)
    known = {word: list(said.get(word, ())) for word in found.words}
    if as_json:
        typer.echo(json.dumps(known, ensure_ascii=False))
        return
    widest = max(map(len, known), default=0)
    for word, pronunciations in known.items():
        typer.echo(f"{word:<{widest}}  {' / '.join(pronunciations)}".rstrip())
    err.print(f"{found.name}: {len(known)} words", markup=False)
    if found.card.phones:
        err.print(f"phones: {' '.join(found.card.phones)}", markup=False, soft_wrap=True)


@lexicon.command()
def check(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A word file.", show_default=False)] = None,
    *,
    flow: Annotated[Path | None, typer.Option(metavar="FLOW", help="A flow: what sounds alike in each turn?")] = None,
    language: Annotated[str | None, typer.Option(help="Which language of the flow; else the model's.")] = None,
    model: ModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check a word file, and with --flow what callers may say: phrases that sound alike, words that nobody knows.

    Exit status 0 without errors (warnings are none), 1 with errors, 2 where a file cannot be read.
    """
    if file is None and flow is None:
        raise typer.BadParameter("name a word file, or a flow with --flow, or both")
    if file is not None and file.suffix in FLOW_SUFFIXES:
        raise typer.BadParameter(f"{file} is a flow and no word file: write --flow {file}")
    with told():
        found = model_named(model, language)
        read = WordFile({}, (), {}) if file is None else _read(file, found)
    spoken = language or found.language or ""
    said = pronunciations_of(found.card)
    alike = alike_in_file(read.lexicon, found.card.core)
    unknown: list[Unknown] = []
    if flow is not None:
        document = _document(flow)
        if spoken not in document.flow.languages:
            err.print(f"{flow} has no language {spoken}; it has {', '.join(document.flow.languages)}", markup=False)
            raise typer.Exit(UNREAD)
        turns = turns_of(document.flow, spoken)
        everything = {word: (*said.get(word, ()), *read.lexicon.get(word, ())) for word in {**said, **read.lexicon}}
        alike = alike_in_flow(document.flow, turns, everything, spoken)
        unknown = unknown_in_flow(turns, {*found.vocabulary, *read.lexicon}, spoken, found.card.phones)
    if as_json:
        problems = [{"line": p.line, "level": p.level, "message": p.message} for p in read.problems]
        whole = {"model": found.name, "language": spoken, "words": len(read.lexicon), "problems": problems}
        whole |= {"alike": as_plain(alike), "unknown": as_plain(unknown)}
        typer.echo(json.dumps(whole, ensure_ascii=False))
    else:
        _print(file, read, alike, unknown)
    raise typer.Exit(int(bool(read.errors)))


@lexicon.command("build")
def build_model(
    name: Annotated[str, typer.Option(metavar="NAME", help="What the new model is called.")],
    words_file: Annotated[Path, typer.Option("--words", metavar="FILE", help="A word file.")],
    model: ModelOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model that was built before.")] = False,
) -> None:
    """Make a model that knows the words of a file besides its own, in DATA_DIR/models, and have libvosk try it.

    Needs OpenFst's programs; no training, and seconds of time.
    """
    settings = speech_settings()
    with told():
        base = model_named(model)
        read = _read(words_file, base)
        if read.problems:
            _print_file_problems(words_file, read.problems)
        if read.errors:
            raise typer.Exit(1)
        _, added = extended(base, read.lexicon)
        made = build(base, read.lexicon, name, settings.data_dir, force=force)
    out.print(
        f"{made.name} is in {made.path}: {base.name} and {count_words(len(added), 'word')} more ({', '.join(added)})",
        markup=False,
        soft_wrap=True,
    )
    out.print(f"to use it, set this where `ivr` is started:\n{VARIABLE}={names_with(made, settings)}", soft_wrap=True)


def _read(file: Path, model: Model) -> WordFile:
    """Raises `NotExtendableError` where the model takes no words; ends the command where the file cannot be read."""
    model_units(model)
    try:
        return read_words(file.read_bytes(), model.language or "", model.card.phones)
    except OSError as error:
        _unread(f"{file} cannot be read: {error.strerror}")


def _document(flow: Path) -> Document:
    try:
        return read_document(read_bytes(flow), str(flow))
    except FlowError as error:
        print_problems(error.problems)
        raise typer.Exit(UNREAD) from None


def _unread(message: str) -> NoReturn:
    err.print(message, markup=False, soft_wrap=True)
    raise typer.Exit(UNREAD)


def _print_file_problems(file: Path, problems: tuple[WordProblem, ...]) -> None:
    for problem in problems:
        err.print(f"{file}:{problem.line}: {problem.level}: {problem.message}", markup=False, soft_wrap=True)


def _print(file: Path | None, read: WordFile, alike: list[Alike], unknown: list[Unknown]) -> None:
    if file is not None:
        _print_file_problems(file, read.problems)
        out.print(f"{file}: {count_words(len(read.lexicon), 'word')}", markup=False, soft_wrap=True)
    for pair in alike:
        where = f" ({_listed(pair.nodes)})" if pair.nodes else ""
        out.print(f'"{pair.first}" sounds like "{pair.second}"{where}', markup=False, soft_wrap=True)
        out.print(f"    {pair.first_said}\n    {pair.second_said}", markup=False, soft_wrap=True)
    if unknown:
        out.print("the model does not know these words; phrases with them are answered by key:", markup=False)
    for each in unknown:
        out.print(f'  {each.word}: in "{_listed(each.phrases, quoted=True)}" ({_listed(each.nodes)})', markup=False)
    suggested = [each for each in unknown if each.suggestion]
    if suggested:
        out.print("# suggestions of eSpeak NG for a word file: say them aloud and put them right", markup=False)
        for each in suggested:
            typer.echo(f"{each.word}  {each.suggestion}")


def _listed(names: tuple[str, ...], *, quoted: bool = False) -> str:
    shown = ('", "' if quoted else ", ").join(names[:MOST_NODES])
    return f"{shown} and {len(names) - MOST_NODES} more" if len(names) > MOST_NODES and not quoted else shown
