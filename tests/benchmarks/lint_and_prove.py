"""How lint and proof grow with a flow: seconds of CPU and memory for about 10, 100 and 1,000 nodes.

Run by hand: `python -m tests.benchmarks.lint_and_prove`. Each size runs in a process of its own; the median of three.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time

from flows.lint import lint
from flows.loader import read_document
from flows.prove import prove
from tests.benchmarks.generated_flow import flow_yaml

SIZES = (10, 100, 1000)
RUNS = 3


def measure(nodes: int) -> dict[str, float]:
    """Read, lint and prove one flow; CPU seconds of each, and the peak memory of the process."""
    content = flow_yaml(nodes).encode()
    began = time.process_time()
    document = read_document(content, "generated.yaml")
    read = time.process_time()
    problems = lint(document)
    linted = time.process_time()
    assert not [problem for problem in problems if problem.level == "error"], problems[:3]
    proof = prove(document.flow)
    proved = time.process_time()
    assert proof.holds, proof.failures[:1]
    return {
        "nodes": len(document.flow.all_nodes),
        "read_s": read - began,
        "lint_s": linted - read,
        "prove_s": proved - linted,
        "states": proof.states,
        "transitions": proof.transitions,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Print a line for each size."""
    say("nodes   read s   lint s  prove s     states    events   us/event  peak MiB")
    for nodes in SIZES:
        command = [sys.executable, "-m", "tests.benchmarks.lint_and_prove", str(nodes)]
        runs = [json.loads(subprocess.check_output(command)) for _ in range(RUNS)]
        row = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        seconds = " ".join(f"{row[name]:8.2f}" for name in ("read_s", "lint_s", "prove_s"))
        each = row["prove_s"] / row["transitions"] * 1e6
        counts = f"{row['states']:10.0f} {row['transitions']:9.0f}"
        say(f"{row['nodes']:5.0f} {seconds} {counts} {each:10.1f} {row['peak_mib']:9.0f}")


def say(line: str) -> None:
    """Print."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        say(json.dumps(measure(int(sys.argv[1]))))
    else:
        main()
