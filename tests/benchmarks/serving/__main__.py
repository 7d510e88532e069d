"""All four parts of the serving benchmark, one after the other: about fifteen minutes on two idle cores.

    python -m tests.benchmarks.serving [--quick] [--only capacity]

Each part prints its table and, with JSON=1 in the environment, a line of JSON behind it; each runs alone, too, as
`python -m tests.benchmarks.serving.PART`. Linux only, as it reads /proc. Everything happens on the loopback.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from typing import Final

from tests.benchmarks.callbacks.figures import say

PARTS: Final = ("capacity", "ingest", "overload", "drift")
# A part stops by itself long before.
LONGEST_S: Final = 600


def run(command: list[str]) -> int:
    """The exit status of a part, which is told to end where it does not, or we are."""
    with subprocess.Popen(command) as process:
        try:
            return process.wait(LONGEST_S)
        except BaseException:
            process.terminate()
            raise


def main() -> None:
    """Run the parts; the exit status is that of the first that failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, action="append", help="run this one; may be repeated")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes; the figures mean little")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    statuses = []
    for part in options.only or PARTS:
        began = time.monotonic()
        command = [sys.executable, "-m", f"tests.benchmarks.serving.{part}", *(["--quick"] if options.quick else [])]
        statuses.append(run(command))
        say(f"{part}: {time.monotonic() - began:.0f} s")
    sys.exit(next((status for status in statuses if status), 0))


if __name__ == "__main__":
    main()
