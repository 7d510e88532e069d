"""How long a caller waits for an answer: ten calls by voice on a whole installation.

    python -m tests.benchmarks.turn_latency [--calls 10]

From the end of the caller's last sound to the arrival of the next document, and to the first sound of its prompt. The
local carrier adds what real ones were measured to add: 300 ms from the REST request to the fetch of the document.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from ivr.demo import scenario
from ivr.demo.installation import OFFICE_NUMBER, Installation
from ivr.localcarrier.measure import turn_latencies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10)
    calls = parser.parse_args().calls
    to_document: list[float] = []
    to_prompt: list[float] = []
    understood = 0
    with tempfile.TemporaryDirectory() as folder, Installation(Path(folder)) as installation:
        carrier = installation.carrier
        for number in range(calls):
            # Somebody else each time: who calls again is asked whether it is about the same.
            caller = f"+44207946{200 + number:04d}"
            sid = carrier.place_call(from_number=caller, to_number=OFFICE_NUMBER, steps=scenario.BY_VOICE.steps)
            error = carrier.wait_for_end(sid).script_error
            if error is not None:
                sys.stderr.write(f"\nthe caller could not follow the script: {error}\n")
            understood += error is None
            waits = turn_latencies(carrier.events(), sid)
            to_document += [wait.to_document_s * 1000 for wait in waits if wait.to_document_s is not None]
            to_prompt += [wait.to_prompt_s * 1000 for wait in waits if wait.to_prompt_s is not None]
            sys.stderr.write(f"\rcall {number + 1} of {calls}")
    sys.stderr.write("\n")
    sys.stdout.write(f"{calls} calls, {understood} understood to the end, {len(to_document)} spoken turns\n")
    for what, values in (("next document", to_document), ("next prompt", to_prompt)):
        sys.stdout.write(
            f"end of speech to {what}: median {statistics.median(values):.0f} ms, "
            f"90 % within {statistics.quantiles(values, n=10)[-1]:.0f} ms, worst {max(values):.0f} ms\n"
        )
    if understood < calls:
        sys.exit(1)


if __name__ == "__main__":
    main()
