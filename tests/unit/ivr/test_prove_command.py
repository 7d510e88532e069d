"""`ivr flow prove`, as it is typed: what it prints of a promise that does not hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.yaml_text import read_conversations
from ivr.cli import app

EXAMPLE = Path(__file__).resolve().parents[3] / "flows" / "examples" / "orders.yaml"
LONG = "We are open on every day of the week, and the shop is near the station. " * 20


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    source = EXAMPLE.read_text(encoding="utf-8")
    prompt = "prompt: How can we help?"
    assert source.count(prompt) == 1
    (tmp_path / "orders.yaml").write_text(source.replace(prompt, f"prompt: {LONG}"), encoding="utf-8")
    return tmp_path / "orders.yaml"


def ivr(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["flow", *arguments])


def test_the_test_that_is_printed_can_be_copied_as_it_stands(broken: Path) -> None:
    result = ivr("prove", str(broken))
    assert result.exit_code == 1
    assert "FAILS  exit-offered-soon" in result.output
    printed = result.output.split("as a test:\n")[1].split("\n\nexit-offered-soon")[0]
    file = read_conversations(printed.encode(), "x.test.yaml")
    assert file.flow == "orders.yaml"
    assert file.conversations[0].name.startswith("exit-offered-soon: ")


def test_the_tests_that_are_written_find_their_flow_wherever_both_are_moved(broken: Path) -> None:
    folder = broken.parent / "failures"
    ivr("prove", str(broken), "--tests", str(folder))
    written = sorted(folder.iterdir())
    assert written
    assert "flow: ../orders.yaml" in written[0].read_text(encoding="utf-8").replace('"', "")
    moved = broken.parent.rename(broken.parent.with_name("moved"))
    assert ivr("test", str(moved / "failures")).exit_code == 0


def test_a_file_that_is_not_there_is_exit_status_2(tmp_path: Path) -> None:
    assert ivr("prove", str(tmp_path / "none.yaml")).exit_code == 2
