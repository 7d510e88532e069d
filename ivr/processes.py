"""Starts, watches and stops the processes of one installation: what a Procfile runner does elsewhere."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger()

# The same lines as in the Procfile; a test holds the two together.
PROCESSES: Final[dict[str, list[str]]] = {"web": ["web"], "media": ["media"], "worker": ["worker"]}
STOP_TIMEOUT_S: Final = 10.0
RESTART_FIRST_S: Final = 0.5
RESTART_LAST_S: Final = 15.0
# A process that lived this long started well: its next end is a new story.
SETTLED_S: Final = 30.0


class PortInUseError(Exception):
    """Somebody else listens there; the message says which variable chooses another port."""

    code = "port_in_use"
    retryable = False

    def __init__(self, host: str, port: int, variable: str) -> None:
        super().__init__(f"port {port} on {host} is in use: stop what listens there, or set {variable}")


def check_port_free(host: str, port: int, variable: str) -> None:
    """Raises `PortInUseError` where we could not listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise PortInUseError(host, port, variable) from None


def free_port() -> int:
    """A port of the loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """One process of ours."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        environment: dict[str, str],
        folder: Path | None,
        log_file: Path | None,
    ) -> None:
        self.name = name
        self._folder = folder
        self._arguments = arguments
        self._environment = environment
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._restart_at: float | None = None
        self._wait_s = RESTART_FIRST_S

    def start(self) -> None:
        """Start it as `python -m ivr ARGUMENTS`, in a process group of its own."""
        self._started_at = time.monotonic()
        self._restart_at = None
        with self._log_file.open("ab") if self._log_file is not None else nullcontext() as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ivr", *self._arguments],
                env={**os.environ, **self._environment},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        return self._process.poll() if self._process is not None else None

    def revive(self) -> None:
        """Start it again where it has ended, later each time it ends soon."""
        if self.alive:
            return
        now = time.monotonic()
        if self._restart_at is None:
            if now - self._started_at > SETTLED_S:
                self._wait_s = RESTART_FIRST_S
            self._restart_at = now + self._wait_s
            self._wait_s = min(2 * self._wait_s, RESTART_LAST_S)
            log.error("process ended", name=self.name, exit_status=self.exit_status)
        elif now >= self._restart_at:
            self.start()

    def send(self, number: signal.Signals) -> None:
        """Signal the process alone, not its children."""
        if self.alive:
            os.kill(self.pid, number)

    def stop(self) -> None:
        """End it, gently first; its whole group in the end."""
        if self._process is None:
            return
        self.send(signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Supervisor:
    """The processes of one installation, in the order in which they start.

    `folder` is where they run (and look for `.env`); with `log_dir`, what each prints goes to NAME.log there.
    """

    def __init__(self, environment: dict[str, str], *, folder: Path | None = None, log_dir: Path | None = None) -> None:
        self._environment = environment
        self._folder = folder
        self._log_dir = log_dir
        self.children: dict[str, Child] = {}

    def start(self, name: str, arguments: list[str]) -> Child:
        """Start one more."""
        log_file = None
        if self._log_dir is not None:
            self._log_dir.mkdir(parents=True, exist_ok=True)
            log_file = self._log_dir / f"{name}.log"
        child = Child(name, arguments, self._environment, self._folder, log_file)
        self.children[name] = child
        child.start()
        return child

    def watch(self) -> None:
        """Revive what has ended; to be called about once a second."""
        for child in self.children.values():
            child.revive()

    def stop(self) -> None:
        """Stop all, the last one first."""
        for child in reversed(self.children.values()):
            child.stop()
        self.children.clear()
