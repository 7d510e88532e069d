"""How long the engine takes for a turn: microseconds of CPU for `advance`, the state written and read apart from it.

Run by hand: `python -m tests.benchmarks.advance`. The median of several runs over many calls each.
"""

from __future__ import annotations

import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from flows import engine, events
from flows.loader import load_flow, parse_flow
from flows.model import Flow
from flows.state import CallState, Ended
from tests.benchmarks.generated_flow import flow_yaml

AT = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
CALLER = "+442079460123"
ORDERS = Path(__file__).resolve().parents[2] / "flows" / "examples" / "orders.yaml"
NODES = 1_000
RUNS = 7
CALLS = 300


def calls_of_orders() -> list[events.Event]:
    """A wrong key, an order number, its lookup, repeat, a person, nobody free, a callback."""
    found = events.LookupFound(at=AT, values={"order_state": "was sent", "order_day": "2026-03-01"})
    calls = [*_keys("9", "1", "4821"), found, *_keys("*", "0"), events.NobodyFree(at=AT), *_keys("1", "1"), _promised()]
    return [events.CallerRecognised(at=AT), *calls]


def calls_of_generated() -> list[events.Event]:
    """From menu to menu, then a number, its lookup, a branch, a callback."""
    found = events.LookupFound(at=AT, values={"state_20": "closed"})
    return [events.CallerRecognised(at=AT), *_keys(*"3" * 20, "9", "1", "4821"), found, *_keys("1"), _promised()]


def _keys(*answers: str) -> list[events.Event]:
    return [events.KeysPressed(at=AT, keys=keys) for keys in answers]


def _promised() -> events.Event:
    return events.CallbackPromised(at=AT, request_id="1", by=AT, already_booked=False)


def measure(flow: Flow, happened: list[events.Event]) -> tuple[float, float, int]:
    """Microseconds for a turn, the same for writing and reading its state, and the bytes of the largest state."""
    started = events.CallStarted(at=AT, call_sid="CA1", caller_number=CALLER, office_number=CALLER, speech=("en",))
    advancing = storing = largest = 0
    for _ in range(CALLS):
        state, _did = engine.start(flow, started)
        for event in happened:
            began = time.process_time_ns()
            state, _did = engine.advance(flow, state, event)
            advanced = time.process_time_ns()
            content = msgspec.json.encode(state)
            state = msgspec.json.decode(content, type=CallState)
            storing += time.process_time_ns() - advanced
            advancing += advanced - began
            largest = max(largest, len(content))
        assert state.stage == Ended(outcome="callback"), state.stage
    turns = CALLS * len(happened) * 1000
    return advancing / turns, storing / turns, largest


def main() -> None:
    """Print a line for each flow."""
    generated = parse_flow(flow_yaml(NODES).encode(), "generated.yaml")
    say("flow        nodes  us/turn  (slowest run)  us to write and read  bytes")
    for name, flow, happened in (
        ("orders", load_flow(ORDERS), calls_of_orders()),
        ("generated", generated, calls_of_generated()),
    ):
        measure(flow, happened)  # tables that are made once
        runs = [measure(flow, happened) for _ in range(RUNS)]
        turn = statistics.median(run[0] for run in runs)
        store = statistics.median(run[1] for run in runs)
        slowest = max(run[0] for run in runs)
        say(f"{name:10} {len(flow.all_nodes):6} {turn:8.1f} {slowest:14.1f} {store:21.1f} {runs[0][2]:6}")


def say(line: str) -> None:
    """Print."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
