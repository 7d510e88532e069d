"""Plays the schedule of one seed and tells what happened."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from ivr import logs
from tests.benchmarks.crash.schedules import play
from tests.benchmarks.crash.schedules.installation import installation

TOLD = ("state", "disposition", "order", "fence", "offers", "dials", "connects", "rescues", "unreached")


def main() -> None:
    """`python -m tests.benchmarks.crash.schedules SEED [SEED]`: one, or a range of them."""
    logs.configure("schedules", "critical" if len(sys.argv) > 2 else "info")
    first, last = int(sys.argv[1]), int(sys.argv[-1])
    with tempfile.TemporaryDirectory(prefix="zh-schedules-") as folder, installation(Path(folder)) as office:
        began = time.process_time()
        for seed in range(first, last + 1):
            verdict, world = play(seed, office)
            wrong = (*verdict.lost, *verdict.double, *verdict.outside_hours)
            if wrong or first == last:
                sys.stdout.write(f"schedule {seed}: {wrong or 'all is well'}; {world.schedule.workers} workers\n")
                sys.stdout.writelines(f"  {line}\n" for line in world.log)
                for request_id in world.promised.values():
                    known = office.store.request(request_id)
                    if known is not None:
                        record = known.record
                        told = {name: getattr(record, name) for name in TOLD}
                        sys.stdout.write(f"  {record.id}: {told}\n")
        sys.stdout.write(f"{(time.process_time() - began) / (last - first + 1) * 1000:.0f} ms of CPU each\n")


if __name__ == "__main__":
    main()
