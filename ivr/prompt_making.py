"""Makes the prompts of a flow before they are needed: for `ivr prompts`, and beside the calls of a new revision."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec
import structlog

from flows.model import Flow
from ivr.documents import spoken_by_us
from ivr.flow_audio import WEB, audio_problem
from ivr.flow_prompts import FlowPrompt, prompts_of
from ivr.prompt_files import PromptFiles
from ivr.sound import espeak, rendering
from speech import wav

log = structlog.get_logger()

Speaker = Literal["carrier", "own voice", "recording", "web recording"]
# Of one flow, beside calls; what is beyond is made when it is needed.
MOST_AHEAD: Final = 1000
# Beside calls: after each sound, so long a rest as the making took, times this.
REST: Final = 2.0
# Speaking is a program of its own, beside which the last prompt's samples are worked on.
THREADS: Final = 2


class Sounds(Protocol):
    """Where sounds are kept by key: `PromptFiles`, or a folder with names of its own."""

    @property
    def folder(self) -> Path: ...

    def read(self, key: str) -> bytes | None: ...

    def keep(self, key: str, content: bytes) -> bool: ...


class Planned(msgspec.Struct, frozen=True):
    """A prompt, who says it, and what stands in the way: of a recording, or "" where nothing does."""

    prompt: FlowPrompt
    speaker: Speaker
    problem: str = ""

    @property
    def is_made(self) -> bool:
        """Whether there is a sound of ours to make before the call."""
        return self.speaker == "recording" or (self.speaker == "own voice" and not self.prompt.has_values)


class Failure(msgspec.Struct, frozen=True):
    """A prompt that could not be made, and why."""

    prompt: FlowPrompt
    why: str


class Made(msgspec.Struct, frozen=True):
    """What came of making prompts; those of equal sound count once."""

    made: int
    there: int
    failures: tuple[Failure, ...]


def plan(flow: Flow, folder: Path, own_voices: Collection[str], language: str | None = None) -> list[Planned]:
    """Who says each prompt of a flow whose recordings lie in `folder`."""
    return [_planned(prompt, folder, own_voices) for prompt in prompts_of(flow, language)]


def _planned(prompt: FlowPrompt, folder: Path, own_voices: Collection[str]) -> Planned:
    problem = ""
    if prompt.audio.startswith(WEB):
        return Planned(prompt, "web recording")
    if prompt.audio:
        problem = audio_problem(folder, prompt.audio) or ""
        if not problem:
            return Planned(prompt, "recording")
    return Planned(prompt, "own voice" if spoken_by_us(prompt.language, own_voices) else "carrier", problem)


def is_there(planned: Planned, files: PromptFiles) -> bool:
    """Whether the sound of a prompt is ready, or needs no making; a recording that cannot be played is not."""
    if planned.problem:
        return False
    if planned.speaker == "own voice" and not planned.prompt.has_values:
        return files.has(rendering.key_of(planned.prompt.text, planned.prompt.language))
    return True


def key_of(planned: Planned, folder: Path) -> str:
    """Under which the sound of a prompt is kept; raises `OSError` for a recording that cannot be read."""
    prompt = planned.prompt
    if planned.speaker == "recording":
        return rendering.key_of_recording((folder / prompt.audio).read_bytes())
    return rendering.key_of(prompt.text, prompt.language)


def make(
    engine: espeak.Engine | None,
    files: Sounds,
    planned: Iterable[Planned],
    folder: Path,
    *,
    force: bool = False,
    rest: float = 0.0,
    told: Callable[[], None] = lambda: None,
) -> Made:
    """Make what is missing, or with `force` all; `told` is called after each.

    Recordings that go out as they are (MP3) have nothing to be made.
    """
    counts = {"made": 0, "there": 0}
    failures: list[Failure] = []
    lock = threading.Lock()

    def work(one: Planned) -> None:
        began = time.monotonic()
        try:
            fresh = _make_one(engine, files, one, folder, force=force)
        except (espeak.VoiceError, wav.WavError, OSError) as error:
            with lock:
                failures.append(Failure(one.prompt, str(error)))
        else:
            with lock:
                counts["made" if fresh else "there"] += 1
            if fresh and rest:
                time.sleep(rest * (time.monotonic() - began))
        told()

    sounds = different(planned)
    if rest:
        for one in sounds:
            work(one)
    else:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, sounds))
    return Made(**counts, failures=tuple(failures))


def different(planned: Iterable[Planned]) -> list[Planned]:
    """One prompt for each sound."""
    return list({(one.prompt.language, one.prompt.audio, one.prompt.text): one for one in planned}.values())


def _make_one(engine: espeak.Engine | None, files: Sounds, planned: Planned, folder: Path, *, force: bool) -> bool:
    """Whether a sound has been made now."""
    if planned.speaker == "recording" and not planned.prompt.audio.lower().endswith(".wav"):
        return False
    key = key_of(planned, folder)
    if not force and files.read(key) is not None:
        return False
    if planned.speaker == "recording":
        content = rendering.recorded((folder / planned.prompt.audio).read_bytes())
    elif engine is None:
        raise espeak.VoiceError(espeak.MISSING)
    else:
        content = rendering.spoken(engine, planned.prompt.text, planned.prompt.language)
    if not files.keep(key, content):
        raise OSError(f"{files.folder} cannot be written to")
    return True


class Ahead:
    """Makes the prompts of each new revision beside the calls, in one process of a machine at a time."""

    def __init__(
        self, engine: espeak.Engine | None, files: PromptFiles, folder: Path, own_voices: Collection[str]
    ) -> None:
        self._engine = engine
        self._files = files
        self._folder = folder
        self._own_voices = own_voices
        self._seen: set[str] = set()

    def of(self, flow: Flow) -> None:
        """Begin with a revision's prompts, unless that was done before; returns at once."""
        if self._engine is None or flow.revision in self._seen:
            return
        self._seen.add(flow.revision)
        # A daemon: a process that is to end does not wait for it.
        threading.Thread(target=self._make, args=(flow,), name="prompts-ahead", daemon=True).start()

    def _make(self, flow: Flow) -> None:
        try:
            planned = [one for one in plan(flow, self._folder, self._own_voices) if one.is_made][:MOST_AHEAD]
            if not planned:
                return
            self._files.folder.mkdir(parents=True, exist_ok=True)
            with (self._files.folder / ".ahead").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second finds all of them made
                made = make(self._engine, self._files, planned, self._folder, rest=REST)
            log.info("prompts made ahead", revision=flow.revision, made=made.made, failed=len(made.failures))
        except Exception:
            log.exception("prompts were not made ahead", revision=flow.revision)
