"""Naming a model in SPEECH_MODEL, where the settings are read: the file `.env` of the working folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from ivr.commands.speech.common import VARIABLE, SpeechSettings
from speech.errors import SpeechError
from speech.models import Model, find_model

ENV_FILE: Final = Path(".env")


def names_with(model: Model, settings: SpeechSettings) -> str:
    """The value of SPEECH_MODEL with this model in it: it takes the place of the one of its language, or comes last."""
    names = list(settings.speech_models)
    if model.name in names:
        return settings.speech_model
    for place, name in enumerate(names):
        if _language(name, settings.data_dir) == model.language:
            return ",".join([*names[:place], model.name, *names[place + 1 :]])
    return ",".join([*names, model.name])


def activate(value: str, env_file: Path = ENV_FILE) -> None:
    """Write the variable into the file, in the place that it has there, and nothing else; the file keeps its mode."""
    lines = env_file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not _sets_it(line)]
    place = next((at for at, line in enumerate(lines) if _sets_it(line)), len(lines))
    if kept and not kept[-1].endswith("\n"):
        kept[-1] += "\n"
    kept.insert(place, f"{VARIABLE}={value}\n")
    real = env_file.resolve()
    with tempfile.NamedTemporaryFile("w", dir=real.parent, encoding="utf-8", delete=False) as made:
        made.writelines(kept)
    shutil.copymode(real, made.name)
    os.replace(made.name, real)


def _sets_it(line: str) -> bool:
    name, equals, _ = line.partition("=")
    return bool(equals) and name.strip().removeprefix("export ").strip().upper() == VARIABLE


def _language(name: str, data_dir: Path) -> str | None:
    try:
        return find_model(name, data_dir).language
    except SpeechError:
        return "unknown"  # it stays where it is: it may be put right
