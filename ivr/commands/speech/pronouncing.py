"""How eSpeak NG would say a word that a model does not know: a suggestion for a word file."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection
from typing import Final

from speech.lexicon.ipa import phones_of_ipa

VOICES: Final = {"en": "en-us", "ar": "ar", "fa": "fa"}
LONGEST_S: Final = 5.0


def suggestion(word: str, language: str, phones: Collection[str]) -> str | None:
    """A pronunciation in these phones; None where eSpeak NG is not installed, or says what cannot be spelled."""
    command, voice = shutil.which("espeak-ng"), VOICES.get(language)
    if command is None or voice is None:
        return None
    try:
        done = subprocess.run(
            [command, "-q", "--ipa", "--sep=_", "-v", voice, "--", word],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = phones_of_ipa(done.stdout.decode(errors="replace"), language) if done.returncode == 0 else None
    return said if said is not None and all(phone in phones for phone in said.split()) else None
