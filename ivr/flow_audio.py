"""The recorded prompts of flows: which files may be served, and where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from flows.model import Flow
from flows.parts import Recording

# Source: https://www.twilio.com/docs/voice/twiml/play (formats); files of more than 40 minutes may fail there.
CONTENT_TYPES: Final = {".wav": "audio/wav", ".mp3": "audio/mpeg"}
MAX_FILE_BYTES: Final = 20_000_000
WEB: Final = "https://"


def audio_files_of(flow: Flow) -> frozenset[str]:
    """The files that the prompts of a flow name, relative to its folder."""
    return frozenset(audio for audio in _recordings(flow) if not audio.startswith(WEB))


def _recordings(value: Any) -> Iterator[str]:
    match value:
        case Recording(audio=audio):
            yield audio
        case BaseModel():
            for name in type(value).model_fields:
                yield from _recordings(getattr(value, name))
        case dict():
            for item in value.values():
                yield from _recordings(item)
        case tuple() | list():
            for item in value:
                yield from _recordings(item)


class FlowAudio:
    """The files beside a flow, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._known: dict[str, frozenset[str]] = {}

    def path(self, audio: str) -> Path | None:
        """Where a recording lies; None for one that cannot be played: missing, elsewhere, too large, of no known kind.

        Its words are spoken then.
        """
        path = (self._folder / audio).resolve()
        if not path.is_relative_to(self._folder) or path.suffix.lower() not in CONTENT_TYPES:
            return None
        try:
            fits = path.is_file() and 0 < path.stat().st_size <= MAX_FILE_BYTES
        except OSError:
            return None
        return path if fits else None

    def is_named_by(self, flow: Flow, audio: str) -> bool:
        """Whether a prompt of this revision names the file."""
        if flow.revision not in self._known:
            if len(self._known) > 100:
                self._known.clear()
            self._known[flow.revision] = audio_files_of(flow)
        return audio in self._known[flow.revision]
