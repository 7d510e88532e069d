"""What callers say in these measurements: digits of one speaker after the other, as a telephone carries them."""

from __future__ import annotations

import random
import shutil
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Final

from speech import mulaw
from tests import recordings

DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# What every turn of these calls listens for.
PHRASES: Final = (*DIGITS, "oh", "[unk]")
LANGUAGE: Final = "en"
CHUNK_MS: Final = 100
CHUNK_BYTES: Final = CHUNK_MS * mulaw.BYTES_PER_MS
FRAME_MS: Final = 20
FRAME_BYTES: Final = FRAME_MS * mulaw.BYTES_PER_MS
BEFORE_MS, AFTER_MS = 500, 700
# The quietest codes: a line that is quiet is not digital silence.
_QUIET: Final = b"\xff\x7f\xfe\x7e"
SEED: Final = 5


def utterances(
    count: int, words: int = 4, after_ms: int = AFTER_MS, archive: Path = recordings.DIGITS
) -> tuple[list[bytes], str]:
    """Mu-law utterances of `words` digits each, whole chunks long, and where they are from; the same ones every time.

    Each ends with a quiet line for `after_ms`. Ends the process with the reason where there are neither recordings nor
    a synthetic voice.
    """
    rng = random.Random(SEED)  # noqa: S311 - which digits are said is no secret
    if archive.is_file():
        takes, source = _recorded(archive), f"recordings of people ({archive.name})"
    elif shutil.which("espeak-ng"):
        takes, source = _synthetic(), f"a synthetic voice: {archive} is not there"
    else:
        raise SystemExit(f"neither {archive} nor espeak-ng is there: nothing to listen to")
    made = []
    for _ in range(count):
        own = takes[rng.choice(sorted(takes))]
        said = [rng.choice(own)]
        for _ in range(words - 1):
            said += [quiet(rng.randrange(100, 300), rng), rng.choice(own)]
        made.append(whole_chunks(b"".join([quiet(BEFORE_MS, rng), *said, quiet(after_ms, rng)]), rng))
    return made, source


def quiet(ms: int, rng: random.Random) -> bytes:
    """A quiet line."""
    return bytes(rng.choices(_QUIET, k=ms * mulaw.BYTES_PER_MS))


def whole_chunks(audio: bytes, rng: random.Random) -> bytes:
    """The audio after so much of a quiet line that it is whole chunks."""
    return bytes(rng.choices(_QUIET, k=-len(audio) % CHUNK_BYTES)) + audio


def chunks(audio: bytes, size_bytes: int = CHUNK_BYTES) -> list[bytes]:
    """The audio in pieces of one size."""
    return [audio[at : at + size_bytes] for at in range(0, len(audio), size_bytes)]


def _recorded(archive: Path) -> dict[str, list[bytes]]:
    takes: dict[str, list[bytes]] = defaultdict(list)
    with zipfile.ZipFile(archive) as reader:
        for name in sorted(reader.namelist()):
            if name.endswith(".wav"):
                wav = reader.read(name)
                speaker = name.rpartition("/")[2].partition("_")[0]
                takes[speaker].append(wav[wav.index(b"data") + 8 :])
    return takes


def _synthetic() -> dict[str, list[bytes]]:
    from tests.integration.media_fixtures import spoken

    return {voice: [spoken(word, voice=voice) for word in DIGITS] for voice in ("en-us", "en-gb")}
