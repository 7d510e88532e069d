"""What a caller hears instead of a prompt that could not be made: that a person can be had, and how.

The sounds come with the package, so that neither a voice nor a disk is needed for them. They were made by
`python -m ivr.sound.way_on`, which makes them again.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from flows.messages import message
from flows.parts import LANGUAGES

FOLDER: Final = Path(__file__).parent / "way_on_sounds"
# "For a person, press 0": true at every question.
SENTENCE: Final = "exit"


@lru_cache(maxsize=8)
def way_on(language: str) -> bytes:
    """The sound in a language of ours, as a WAV file."""
    return (FOLDER / f"{language}.wav").read_bytes()


def main() -> None:
    """Make the files again."""
    from ivr.sound import espeak, rendering

    engine = espeak.find_engine()
    if engine is None:
        raise SystemExit(espeak.MISSING)
    for language in LANGUAGES:
        (FOLDER / f"{language}.wav").write_bytes(rendering.spoken(engine, message(language, SENTENCE), language))


if __name__ == "__main__":
    main()
