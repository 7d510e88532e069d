"""What the commands of `ivr speech` need: settings that do not ask for a carrier, and errors as one message."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from ivr.commands.common import err
from ivr.settings import Settings, model_names
from speech.errors import SpeechError
from speech.models import Model, find_model

# The setting that names the models in use.
VARIABLE: Final = "SPEECH_MODEL"


class SpeechSettings(BaseSettings):
    """Where models lie and which are used: what `Settings` says of it, for machines where nothing else is set yet."""

    model_config = Settings.model_config

    data_dir: Path = Settings.model_fields["data_dir"].default
    speech_model: str = Settings.model_fields["speech_model"].default

    @property
    def speech_models(self) -> tuple[str, ...]:
        """The names of the models in use, the first of a language wins; none where speech is switched off."""
        return model_names(self.speech_model)


def speech_settings() -> SpeechSettings:
    """The settings of this folder; ends the command with a message where they cannot be read."""
    try:
        return SpeechSettings()
    except ValidationError as error:
        err.print(f"the settings have problems: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


def model_named(name: str | None, language: str | None = None) -> Model:
    """The model of this name; else the first one in use, or the first that hears a language. Raises `SpeechError`."""
    settings = speech_settings()
    if name is not None:
        return find_model(name, settings.data_dir)
    if not settings.speech_models:
        raise SpeechError(f"speech is switched off ({VARIABLE}={settings.speech_model}); name a model with --model")
    for one in settings.speech_models:
        model = find_model(one, settings.data_dir)
        if language in (None, model.language):
            return model
    raise SpeechError(f"no model in use hears {language}; name one with --model, or in {VARIABLE}")


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What speech does not do becomes one message and exit status 1."""
    try:
        yield
    except SpeechError as error:
        err.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
