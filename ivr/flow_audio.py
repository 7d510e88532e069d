"""The recorded prompts of flows: which files may be served, where they lie, and how they sound on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import BaseModel

from flows.model import Flow
from flows.parts import Recording
from ivr.prompt_files import PromptFiles
from ivr.sound import rendering
from speech import wav

log = structlog.get_logger()

# Source: https://www.twilio.com/docs/voice/twiml/play (formats); files of more than 40 minutes may fail there.
CONTENT_TYPES: Final = {".wav": "audio/wav", ".mp3": "audio/mpeg"}
MAX_FILE_BYTES: Final = 20_000_000
WEB: Final = "https://"
# Of each of these frames, an MP3 file has one at its beginning, or a tag before it.
_MP3_BEGINS: Final = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")
MOST_REMEMBERED: Final = 1000


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


def audio_problem(folder: Path, audio: str) -> str | None:
    """Why a recording beside a flow in `folder` cannot be played; None for one that can."""
    path = (folder / audio).resolve()
    if not path.is_relative_to(folder.resolve()):
        return "it is not in the flow's folder"
    if path.suffix.lower() not in CONTENT_TYPES:
        return f"it is neither a WAV nor an MP3 file (known: {', '.join(CONTENT_TYPES)})"
    try:
        if not path.is_file():
            return "there is no such file"
        if path.stat().st_size > MAX_FILE_BYTES:
            return f"it is larger than {MAX_FILE_BYTES // 1_000_000} MB"
        content = path.read_bytes()
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if not content:
        return "it is empty"
    if path.suffix.lower() == ".mp3":
        return None if content.startswith(_MP3_BEGINS) else "it is not an MP3 file"
    return rendering.recording_problem(content)


class FlowAudio:
    """The files beside a flow, in `folder`; their telephone forms are kept in `sounds`."""

    def __init__(self, folder: Path, sounds: PromptFiles) -> None:
        self._folder = folder.resolve()
        self._sounds = sounds
        self._known: dict[str, frozenset[str]] = {}
        # What a file was found to be, as long as its time and size are the same.
        self._problems: dict[tuple[str, int, int], str | None] = {}

    def path(self, audio: str) -> Path | None:
        """Where a recording lies; None for one that cannot be played: missing, elsewhere, too large, broken.

        Its words are spoken then.
        """
        return self._folder / audio if self.problem(audio) is None else None

    def problem(self, audio: str) -> str | None:
        """Why a recording cannot be played; None for one that can."""
        try:
            stat = (self._folder / audio).stat()
        except (OSError, ValueError):
            return "there is no such file"
        known = (audio, stat.st_mtime_ns, stat.st_size)
        if known not in self._problems:
            if len(self._problems) > MOST_REMEMBERED:
                self._problems.clear()
            self._problems[known] = audio_problem(self._folder, audio)
        return self._problems[known]

    def telephone(self, audio: str) -> tuple[bytes, str] | None:
        """A recording as it is played, and its content type; None for one that cannot be played.

        WAV files are brought to 8 kHz and to the level of all prompts; MP3 files go out as they are.
        """
        path = self.path(audio)
        if path is None:
            return None
        kind = CONTENT_TYPES[path.suffix.lower()]
        content = path.read_bytes()
        if kind != CONTENT_TYPES[".wav"]:
            return content, kind
        key = rendering.key_of_recording(content)
        made = self._sounds.read(key)
        if made is None:
            try:
                made = rendering.recorded(content)
            except wav.WavError as error:  # since the document was made
                log.error("a recording cannot be played", file=audio, error=str(error))
                return None
            self._sounds.keep(key, made)
        return made, kind

    def is_named_by(self, flow: Flow, audio: str) -> bool:
        """Whether a prompt of this revision names the file."""
        if flow.revision not in self._known:
            if len(self._known) > 100:
                self._known.clear()
            self._known[flow.revision] = audio_files_of(flow)
        return audio in self._known[flow.revision]
