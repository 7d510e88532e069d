"""A real worker that kills itself with -9 at one point of its first dial: `claimed`, before it, or `dialled`, after it.

At `claimed` the claim and the intent are on record and the carrier has not been asked; at `dialled` the carrier has
accepted, and nobody has noted its answer. It writes the instant into the file that it is given.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from callbacks.model import CallbackRequest
from ivr import worker
from ivr.dialler import CarrierDialler
from ivr.settings import load_settings

_ring_agent = CarrierDialler.ring_agent


def die(note: Path) -> NoReturn:
    """End as a power cut would."""
    note.write_text(repr(time.time()))
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("killed")


def main(point: str, note: Path) -> None:
    """Work until the first dial."""

    def ring_agent(self: CarrierDialler, request: CallbackRequest) -> str:
        if point == "dialled":
            _ring_agent(self, request)
        die(note)

    CarrierDialler.ring_agent = ring_agent  # type: ignore[method-assign]
    worker.run(load_settings())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
