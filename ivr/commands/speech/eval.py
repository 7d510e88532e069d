"""`ivr speech eval`: how well a model hears the recordings in zips."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ivr.commands.common import err, out
from ivr.commands.speech.common import speech_settings, told
from speech.evaluation import Count, Evaluation, evaluate
from speech.models import find_model

MOST_CONFUSIONS: Final = 10
MOST_PROBLEMS: Final = 10


def register(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command("eval")(evaluate_model)


def evaluate_model(
    archives: Annotated[list[Path], typer.Argument(metavar="ZIP...", help="Zips of WORD/SPEAKER_TAKE.wav files.")],
    model: Annotated[str, typer.Option(help="The model: its name, or its folder.")],
    strings: Annotated[int, typer.Option(min=0, help="How many strings of digits to join from the recordings.")] = 0,
    length: Annotated[int, typer.Option(min=1, max=32, help="How many digits a string has.")] = 4,
    snr: Annotated[float | None, typer.Option(metavar="DB", help="Add white noise at this signal to noise.")] = None,
    words: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="Listen for these only; all other words are then others.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a model on recorded words: right words, other words rejected, strings of digits, and its cost.

    The zips hold telephone audio (8 kHz, mu-law or 16-bit WAV) as WORD/SPEAKER_TAKE.wav. Words that the model does not
    have, and those that --words leaves out, are to be rejected. Exit status 1 where nothing could be measured.
    """
    listed = None if words is None else [word.strip() for word in words.split(",") if word.strip()]
    if snr is not None and not math.isfinite(snr):
        raise typer.BadParameter("a number of decibels is wanted, such as 10", param_hint="--snr")
    settings = speech_settings()
    with told(), _progress() as progress:
        found = evaluate(
            find_model(model, settings.data_dir),
            archives,
            words=listed,
            strings=strings,
            length=length,
            snr_db=snr,
            progress=progress,
        )
    _tell_problems(found)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        _print(found, snr)
    raise typer.Exit(0 if found.audio_s else 1)


@contextmanager
def _progress() -> Iterator[_Told]:
    """A bar on the terminal's standard error; nothing where that goes to a file."""
    columns = (TextColumn("listening"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        yield _Told(bar)


class _Told:
    """How far the work is, told to a bar."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("listening", total=None)

    def __call__(self, done: int, of: int) -> None:
        self._bar.update(self._task, completed=done, total=of)


def _tell_problems(found: Evaluation) -> None:
    for problem in found.problems[:MOST_PROBLEMS]:
        err.print(f"left out: {problem}", markup=False, soft_wrap=True)
    if len(found.problems) > MOST_PROBLEMS:
        err.print(f"left out: {len(found.problems) - MOST_PROBLEMS} more files", markup=False)


def _print(found: Evaluation, snr: float | None) -> None:
    noise = "" if snr is None else f", white noise at {snr:g} dB"
    out.print(f"{found.model}, listening for {len(found.phrases)} phrases{noise}", markup=False)
    summary = Table("measure", "share", "95 % interval", "count", box=None)
    for name, count in (
        ("words of the list, right", found.words),
        ("right ones rejected all the same", found.right_rejected),
        ("other words, rejected", found.other_words),
        ("strings of digits, all right", found.strings),
        ("the same where the number of digits is known", found.strings_of_length),
    ):
        summary.add_row(name, *_cells(count))
    out.print(summary)
    bands = Table("what would become of them", "accepted", "asked back", "rejected", box=None)
    for name, counted in (
        ("words of the list", found.bands),
        ("other words", found.other_bands),
        ("strings of digits", found.string_bands),
    ):
        if counted:
            bands.add_row(name, *(_percent(counted[band], counted.total()) for band in ("accept", "confirm", "reject")))
    out.print(bands)
    if not found.fitted:
        out.print("The model's card has no fitted doubt: the bands are those of plain rules.")
    if found.per_word:
        table = Table("word", "right", "95 % interval", "count", box=None)
        for word, count in sorted(found.per_word.items()):
            table.add_row(escape(word), *_cells(count))
        out.print(table)
    _print_confusions("most often heard wrong", found.confusions)
    _print_confusions("other words that were not rejected", found.taken_for)
    if found.real_time_factor is not None:
        factor = f"{found.real_time_factor:.4f} s of one core for a second of audio"
        out.print(f"{factor}; {found.audio_s:.0f} s of audio were heard, {len(found.problems)} files left out")


def _print_confusions(title: str, confusions: Counter[tuple[str, str]]) -> None:
    if confusions:
        out.print(f"{title}:", markup=False)
        for (said, heard), times in confusions.most_common(MOST_CONFUSIONS):
            out.print(f"  {times:4d}  {said} -> {heard}", markup=False)


def _cells(count: Count) -> tuple[str, str, str]:
    if not count.of:
        return "-", "", "nothing to measure"
    low, high = count.interval
    return _percent(count.right, count.of), f"{100 * low:.1f} to {100 * high:.1f}", f"{count.right} of {count.of}"


def _percent(part: int, of: int) -> str:
    return f"{100 * part / of:.1f} %"
