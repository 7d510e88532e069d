"""The carrier's identifiers: two letters and 32 hexadecimal digits, random or from a seed."""

from __future__ import annotations

import random
import uuid
from typing import Literal

Kind = Literal["CA", "MZ", "CF", "NO", "PN", "RE", "QU", "SM"]


class Sids:
    """Makes identifiers; with a `seed` the same run makes the same ones in the same order."""

    def __init__(self, seed: int | None = None) -> None:
        # Not for secrets: these are names that the vendor shows to everybody.
        self._random = random.Random(seed) if seed is not None else random.SystemRandom()  # noqa: S311

    def new(self, kind: Kind) -> str:
        """Return a new identifier, e.g. `CA` + 32 lower-case hexadecimal digits for a call."""
        return f"{kind}{self._random.getrandbits(128):032x}"

    def new_uuid(self) -> str:
        """Return a new version 4 UUID, as `I-Twilio-Idempotency-Token` carries it."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
