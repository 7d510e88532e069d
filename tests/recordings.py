"""Where the recordings of people are that tests and measurements hear; without them, those are skipped or say so.

The folder is the variable RECORDINGS, else `../shared/speech` beside the repository.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

RECORDINGS: Final = Path(
    os.environ.get("RECORDINGS") or Path(__file__).resolve().parents[2] / "shared" / "speech"
).absolute()
DIGITS: Final = RECORDINGS / "english_digits_8k.zip"
