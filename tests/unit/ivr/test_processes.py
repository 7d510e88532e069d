"""The supervisor: what ends is started again, and what was started is stopped."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from ivr import processes
from ivr.processes import PortInUseError, Supervisor, check_port_free, free_port
from tests.patience import until


def test_a_port_that_somebody_listens_on_is_an_error_that_names_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortInUseError, match="WEB_PORT"):
            check_port_free("127.0.0.1", taken.getsockname()[1], "WEB_PORT")
    check_port_free("127.0.0.1", free_port(), "WEB_PORT")


def test_what_a_process_prints_goes_to_its_log_and_a_dead_one_is_revived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "RESTART_FIRST_S", 0.0)
    supervisor = Supervisor({}, log_dir=tmp_path)
    child = supervisor.start("teller", ["version"])
    first = child.pid

    def is_revived() -> bool:
        supervisor.watch()
        return child.pid != first

    until(is_revived)
    supervisor.stop()
    assert not child.alive
    assert "zerohold" in (tmp_path / "teller.log").read_text()


def test_stopping_ends_a_process_that_ignores_the_polite_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_TIMEOUT_S", 0.2)
    supervisor = Supervisor({}, log_dir=tmp_path)
    child = supervisor.start("stubborn", ["version"])
    child.send(signal.SIGSTOP)  # a stopped process handles no signal but the last one
    supervisor.stop()
    assert not child.alive
