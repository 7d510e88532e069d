"""`ivr speech install`: get a model, check it, try it, and put it to use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ivr.commands.common import err, out
from ivr.commands.speech.activation import ENV_FILE, activate, names_with
from ivr.commands.speech.common import VARIABLE, SpeechSettings, speech_settings, told
from speech.catalogue import OFFICIAL_URL, offered
from speech.install import AlreadyInstalledError, Order
from speech.install import install as install_model
from speech.model_card import CARD_NAME
from speech.models import Model, find_model

STAGES = {"download": "downloading", "check": "checking", "unpack": "unpacking", "try": "trying it with libvosk"}


def register(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command()(install)


def install(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="Its name, as `ivr speech models` lists it.")],
    *,
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A zip file that is here already.")
    ] = None,
    mirror: Annotated[str, typer.Option(metavar="URL", help="Where MODEL.zip and model-list.json lie.")] = OFFICIAL_URL,
    checksum: Annotated[str | None, typer.Option(metavar="HEX", help="MD5 or SHA-2 of the zip file.")] = None,
    put_to_use: Annotated[bool, typer.Option("--activate/--no-activate", help="Name it in SPEECH_MODEL.")] = True,
) -> None:
    """Install a speech model: download it (or go on with a download), check, unpack and try it, and put it to use.

    Nothing is installed by halves. Other languages keep their models.
    """
    settings = speech_settings()
    order = Order(name=name, file=file, base_url=mirror, checksum=checksum)
    try:
        with told(), _Bars() as bars:
            model = _install(order, settings, bars)
    except KeyboardInterrupt:
        err.print("stopped; nothing was installed. What was downloaded is kept: the same command goes on from there")
        raise typer.Exit(130) from None
    _put_to_use(model, settings, write=put_to_use)


def _install(order: Order, settings: SpeechSettings, bars: _Bars) -> Model:
    try:
        model = install_model(order, settings.data_dir, bars.show)
    except AlreadyInstalledError as error:
        bars.stop()
        out.print(str(error), markup=False, soft_wrap=True)
        return find_model(order.name, settings.data_dir)
    bars.stop()
    licence = known.licence if (known := offered(order.name)) else "see its own folder"
    facts = f"{model.language or 'language unknown'}, {model.rate_hz} Hz, {len(model.words)} words"
    out.print(f"{model.name} is installed in {model.path} ({facts}; licence: {licence})", markup=False, soft_wrap=True)
    return model


def _put_to_use(model: Model, settings: SpeechSettings, *, write: bool) -> None:
    if model.language is None:
        advice = f'write {{"language": "en"}}, or what it hears, into {model.path / CARD_NAME}'
        out.print(
            f"it is not put to use, as nothing says which language it hears: {advice}", markup=False, soft_wrap=True
        )
        return
    value = names_with(model, settings)
    if value == settings.speech_model:
        out.print(f"in use: {VARIABLE}={value}", markup=False, soft_wrap=True)
    elif not settings.speech_models:
        out.print(f"speech is switched off; to use it, set {VARIABLE}={value}", markup=False, soft_wrap=True)
    elif VARIABLE not in os.environ and write and ENV_FILE.is_file() and _is_written(value):
        out.print(f"{ENV_FILE} now says {VARIABLE}={value}; start `ivr` again for it to count", soft_wrap=True)
    else:
        out.print(f"to use it, set this where `ivr` is started:\n{VARIABLE}={value}", markup=False, soft_wrap=True)


def _is_written(value: str) -> bool:
    try:
        activate(value)
    except OSError as error:
        err.print(f"{ENV_FILE} cannot be written: {error.strerror}", markup=False)
        return False
    return True


class _Bars(Progress):
    """A bar for each stage, on the standard error."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._bars: dict[str, TaskID] = {}

    def show(self, stage: str, done: int, total: int | None) -> None:
        """Move the bar of a stage."""
        if stage not in self._bars:
            self._bars[stage] = self.add_task(STAGES[stage], total=None)
        self.update(self._bars[stage], completed=done, total=total)
