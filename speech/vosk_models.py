"""Loading a model with libvosk, so that it takes telephone audio whatever rate it was made for."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vosk

from speech.models import sample_rate_hz
from speech.upsampling import TELEPHONE_RATE_HZ, allowing_upsampling


def load_model(path: Path) -> Any:
    """Load a model once per process; its recognisers take audio of 8 kHz. Raises `Exception` where libvosk refuses it.

    Nothing in the model's folder is changed.
    """
    vosk.SetLogLevel(-1)
    with folder_for_telephone_audio(path) as folder:
        return vosk.Model(str(folder))


@contextlib.contextmanager
def folder_for_telephone_audio(path: Path) -> Iterator[Path]:
    """The folder that libvosk is to load: the model's own, or one of links to it with a configuration of ours.

    libvosk reads everything while it loads, so that the links may go afterwards.
    """
    if sample_rate_hz(path) == TELEPHONE_RATE_HZ:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="zerohold-model-") as made:
        folder = Path(made)
        for entry in path.resolve().iterdir():
            if entry.name != "conf":
                (folder / entry.name).symlink_to(entry)
        (folder / "conf").mkdir()
        for entry in (path.resolve() / "conf").iterdir():
            if entry.name != "mfcc.conf":
                (folder / "conf" / entry.name).symlink_to(entry)
        text = (path / "conf" / "mfcc.conf").read_text(encoding="utf-8")
        (folder / "conf" / "mfcc.conf").write_text(allowing_upsampling(text), encoding="utf-8")
        yield folder
