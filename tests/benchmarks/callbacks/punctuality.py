"""How late a phone rings: 100 thousand promises, a hundred of them due in each second of a minute, two real workers.

    python -m tests.benchmarks.callbacks.punctuality [--scheduled 100000] [--per-second 100] [--seconds 60]

The carrier is a stand-in that accepts every call at once, and ends it after 0.2 s as the webhook of a hang-up would: so
what is measured is our own. Customers are rung first, so that the dial is theirs and nobody's answer is waited for.
Lateness is the arrival of the request at the carrier minus the due time. CPU is that of the workers alone, for each
dial, from the first due time on.
"""

from __future__ import annotations

import argparse
import heapq
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from callbacks import lifecycle_events as events
from callbacks.errors import CallbackError
from callbacks.model import CallbackRequest
from callbacks.service import Callbacks
from tests.benchmarks.callbacks.figures import percentile, print_figures, say
from tests.benchmarks.callbacks.filling import commit_all, fill
from tests.benchmarks.crash.office import QUEUE, Office, book, customer_number, wait_until

WORKERS: Final = 2
CALL_S: Final = 0.2
WORKERS_START_S: Final = 8.0
# The longest that a run goes on after the last due time.
LONGEST_DELAY_S: Final = 60.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two packets: the second one would wait 40 ms for the other side's acknowledgement.
    disable_nagle_algorithm = True
    server: StandIn

    def do_POST(self) -> None:
        now = time.time()
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())
        creates = urlsplit(self.path).path.endswith("/Calls.json")
        if creates:
            number = form["To"][0]
            answer = {"sid": self.server.accept(number, now), "status": "queued", "to": number}
        else:
            # A leg that is over is hung up: its promise had ended before its SID was on record.
            answer = {"sid": self.path.rpartition("/")[2].removesuffix(".json"), "status": "completed"}
        body = json.dumps(answer).encode()
        self.send_response(201 if creates else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has named it
        """Say nothing."""


class StandIn(ThreadingHTTPServer):
    """Accepts every call at once and notes when; `over` is told of each customer's number a moment later."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, over: Callable[[str], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.dials: list[tuple[str, float]] = []
        self._over = over
        self._ends: list[tuple[float, str]] = []
        self._changed = threading.Condition()
        self._closed = False
        for work in (self.serve_forever, self._end_calls):
            threading.Thread(target=work, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port, with a colon between them."""
        host, port = self.server_address[:2]
        return f"{host!s}:{port}"

    def accept(self, number: str, at: float) -> str:
        """Note a dial; its SID."""
        with self._changed:
            self.dials.append((number, at))
            heapq.heappush(self._ends, (at + CALL_S, number))
            self._changed.notify()
            return f"CA{len(self.dials):032x}"

    def close(self) -> None:
        """Accept nothing more, and tell of no more ends."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self.shutdown()
        self.server_close()

    def _end_calls(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._ends or self._ends[0][0] > time.time()):
                    self._changed.wait(self._ends[0][0] - time.time() if self._ends else None)
                if self._closed:
                    return
                _, number = heapq.heappop(self._ends)
            self._over(number)


def due_requests(template: CallbackRequest, first_due: float, count: int, per_second: int) -> Iterator[CallbackRequest]:
    """Promises that fall due one after the other, evenly."""
    for number in range(count):
        due_at = datetime.fromtimestamp(first_due + number / per_second, UTC)
        phone = f"+44208{number:07}"
        yield msgspec.structs.replace(
            template,
            id=f"cbdue{number:06}",
            number=phone,
            caller_number=phone,
            state="scheduled",
            due_at=due_at,
            rank_at=due_at,
            review_at=due_at + timedelta(hours=1),
        )


class Calls:
    """What the web would do at the end of each call, by number."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._ids: dict[str, str] = {}
        self.faults: list[str] = []

    def know(self, requests: list[CallbackRequest]) -> None:
        """The requests whose calls will end."""
        self._ids = {request.number: request.id for request in requests}

    def over(self, number: str) -> None:
        """The call is over: its promise is, too, and its agent is free."""
        try:
            self._callbacks.apply(self._ids[number], events.Cancelled(at=datetime.now(UTC)))
        except CallbackError as error:
            self.faults.append(str(error))


def measure(scheduled: int, per_second: int, seconds: int, agents: int) -> dict[str, Any]:
    """The figures of one run."""
    with (
        tempfile.TemporaryDirectory(prefix="zh-punctual-") as folder,
        Office(Path(folder), dial="customer_first") as office,
    ):
        callbacks = office.services().callbacks
        template = book(callbacks, "template", customer_number(0), datetime.now(UTC))
        callbacks.promises.cancel(template.id, datetime.now(UTC))
        count = per_second * seconds
        fill(office.redis.url, template, scheduled - count, queues=(QUEUE,), languages=("en",))
        say(f"{scheduled - count} promises scheduled for later")
        # Time enough to write those that fall due, and to start the workers.
        first_due = time.time() + WORKERS_START_S + count * 0.002
        requests = list(due_requests(template, first_due, count, per_second))
        commit_all(office.redis.url, requests)
        office.put_agents(callbacks, agents)
        calls = Calls(callbacks)
        calls.know(requests)
        stand_in = StandIn(calls.over)
        office.set_carrier(stand_in.address)
        workers = [office.start_worker(f"worker{number}") for number in range(WORKERS)]
        time.sleep(max(0.0, first_due - time.time()))
        before_s, redis_before_s = sum(worker.cpu_s for worker in workers), office.redis_cpu_s()
        say(f"{count} are falling due")
        time.sleep(max(0.0, first_due + seconds - time.time()))
        in_time = len(stand_in.dials)
        wait_until(lambda: len(stand_in.dials) >= count, LONGEST_DELAY_S, every_s=0.2)
        spent_s = sum(worker.cpu_s for worker in workers) - before_s
        redis_s = office.redis_cpu_s() - redis_before_s
        stand_in.close()
        due = {request.number: request.due_at.timestamp() for request in requests}
        late = [at - due[number] for number, at in stand_in.dials]
        return {
            "scheduled": scheduled,
            "due_per_second": per_second,
            "seconds": seconds,
            "agents": agents,
            "dialled": len(late),
            "dialled_twice": len(late) - len({number for number, _ in stand_in.dials}),
            "too_early": sum(each < 0 for each in late),
            "dialled_when_the_last_fell_due": in_time,
            "p50_s": round(percentile(late, 0.5), 3),
            "p99_s": round(percentile(late, 0.99), 3),
            "worst_s": round(max(late), 3),
            "worker_cpu_ms_per_dial": round(spent_s / len(late) * 1000, 2),
            "redis_cpu_ms_per_dial": round(redis_s / len(late) * 1000, 2),
            "faults": len(calls.faults),
        }


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheduled", type=int, default=100_000)
    parser.add_argument("--per-second", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--agents", type=int, default=60)
    options = parser.parse_args()
    figures = measure(options.scheduled, options.per_second, options.seconds, options.agents)
    rows = [[name.replace("_", " "), str(value)] for name, value in figures.items()]
    print_figures("dial minus due", ("", ""), rows, figures)


if __name__ == "__main__":
    main()
