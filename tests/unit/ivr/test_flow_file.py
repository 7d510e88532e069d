"""A saved flow counts for the next call; a bad, half-written or lost file counts for none."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from flows.loader import load_flow
from flows.model import Flow
from flows.problems import FlowError
from ivr.flow_file import FlowFile
from tests.small_flow import line_yaml

FLOW = line_yaml("Nine to six.")
LATER = FLOW.replace("Nine to six", "Ten to six")
BAD = FLOW.replace("next: bye", "next: by")


class Clock:
    """The file system's own clock, far after every save unless a test says otherwise."""

    def __init__(self) -> None:
        self.after_save_ns = 10**10
        self.path: Path | None = None

    def __call__(self) -> int:
        saved = self.path.stat().st_mtime_ns if self.path is not None and self.path.exists() else 0
        return saved + self.after_save_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path, clock: Clock) -> Path:
    clock.path = tmp_path / "line.yaml"
    clock.path.write_text(FLOW)
    return clock.path


@pytest.fixture
def file(path: Path, clock: Clock) -> FlowFile:
    return FlowFile(path, clock)


def prompt(file: FlowFile) -> object:
    node = file.latest().nodes["hours"]
    assert node.type == "say"
    return node.prompt


def save(path: Path, text: str) -> None:
    """As most editors do: write beside it, then rename."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)


def test_a_saved_file_counts_at_once(file: FlowFile, path: Path) -> None:
    save(path, LATER)
    assert prompt(file) == "Ten to six."


def test_a_file_that_did_not_change_is_not_read_again(
    file: FlowFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = file.latest()
    monkeypatch.setattr("ivr.flow_file.load_flow", lambda _: pytest.fail("read again"))
    assert file.latest() is first


def test_a_bad_save_changes_nothing_and_is_said_once(file: FlowFile, path: Path) -> None:
    save(path, BAD)
    with capture_logs() as logged:
        assert [prompt(file) for _ in range(3)] == ["Nine to six."] * 3
    assert len(logged) == 1
    assert "line.yaml:10:" in logged[0]["problems"]
    save(path, LATER)
    assert prompt(file) == "Ten to six."


def test_each_bad_save_is_said_again_if_something_else_is_wrong(file: FlowFile, path: Path) -> None:
    with capture_logs() as logged:
        for text in (BAD, BAD + "# more\n", BAD.replace("start: hours", "start: our"), FLOW, BAD):
            save(path, text)
            assert prompt(file) == "Nine to six."
    assert [record["log_level"] for record in logged] == ["error"] * 3


@pytest.mark.parametrize("length", range(0, len(LATER), 37))
def test_half_a_save_is_neither_served_nor_worth_a_word_and_the_whole_one_counts(
    file: FlowFile, path: Path, clock: Clock, length: int
) -> None:
    clock.after_save_ns = 1_000_000
    with path.open("w") as writing, capture_logs() as logged:
        writing.write(LATER[:length])
        writing.flush()
        assert prompt(file) == "Nine to six."
        assert logged == []
        writing.write(LATER[length:])
    assert prompt(file) == "Ten to six."


def test_a_save_within_the_same_tick_of_the_file_systems_clock_is_seen(
    file: FlowFile, path: Path, clock: Clock
) -> None:
    """Same inode, same size, same time: only what is in the file tells."""
    clock.after_save_ns = 1_000_000
    path.write_text(LATER)
    assert prompt(file) == "Ten to six."
    seen = path.stat()
    path.write_text(FLOW.replace("Nine to six", "Six to ten"))
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert prompt(file) == "Six to ten."


def test_a_file_that_is_gone_leaves_the_last_good_flow_and_may_come_back(file: FlowFile, path: Path) -> None:
    path.unlink()
    with capture_logs() as logged:
        assert [prompt(file), prompt(file)] == ["Nine to six."] * 2
    assert len(logged) == 1
    save(path, LATER)
    assert prompt(file) == "Ten to six."


def test_something_else_in_the_place_of_the_file_leaves_the_last_good_flow(file: FlowFile, path: Path) -> None:
    path.unlink()
    path.mkdir()
    assert prompt(file) == "Nine to six."


def test_a_file_that_is_bad_from_the_beginning_is_refused(path: Path, clock: Clock) -> None:
    save(path, BAD)
    with pytest.raises(FlowError):
        FlowFile(path, clock)


def test_while_one_call_waits_for_a_new_file_the_others_begin_with_the_last_flow(
    file: FlowFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts: list[object] = []

    def slow(read: Path) -> Flow:
        other = threading.Thread(target=lambda: prompts.append(prompt(file)))
        other.start()
        other.join(10)
        return load_flow(read)

    monkeypatch.setattr("ivr.flow_file.load_flow", slow)
    save(path, LATER)
    assert prompt(file) == "Ten to six."
    assert prompts == ["Nine to six."]
