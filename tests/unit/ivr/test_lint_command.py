"""`ivr flow lint`, as people and programs run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.lint.examples import completed
from ivr.commands.flow import flow
from speech.wav import mono_wav

GOOD = completed("nodes:\n  main: {type: say, prompt: Hello., next: goodbye}")
WARNED = completed("nodes:\n  main: {type: set, values: {tries: 1}, next: goodbye}")
WRONG = completed("nodes:\n  main: {type: say, prompt: '[bold]Hello {nam}.', next: goodbye}")
STUCK = completed(
    "nodes:\n  main: {type: menu, prompt: Well?, choices: [{key: '1', phrases: [on], label: x, to: goodbye}]}"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, source in (("good", GOOD), ("warned", WARNED), ("wrong", WRONG), ("stuck", STUCK)):
        (tmp_path / f"{name}.yaml").write_text(source, encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("nodes: [\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lint(*arguments: str, prove: bool = False) -> Result:
    return CliRunner().invoke(flow, ["lint", *arguments, *([] if prove else ["--no-prove"])])


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["good.yaml"], 0),
        (["warned.yaml"], 0),
        (["warned.yaml", "--strict"], 1),
        (["good.yaml", "--strict"], 0),
        (["wrong.yaml"], 1),
        (["good.yaml", "wrong.yaml"], 1),
        (["broken.yaml"], 1),
        (["absent.yaml"], 2),
        (["wrong.yaml", "absent.yaml", "good.yaml"], 2),
        (["wrong.yaml", "--rule", "bad-template"], 0),
        (["wrong.yaml", "--rule", "bad-template", "--rule", "variable-before-set"], 1),
        ([], 2),
        (["good.yaml", "--rule", "no-such-rule"], 2),
        (["good.yaml", "--format", "xml"], 2),
    ],
)
def test_the_exit_status_tells_how_it_went(folder: Path, arguments: list[str], status: int) -> None:
    assert lint(*arguments).exit_code == status


def test_a_flow_that_is_proved_has_the_same_exit_status(folder: Path) -> None:
    assert lint("good.yaml", prove=True).exit_code == 0


def test_people_see_the_line_and_what_is_wrong_on_the_error_stream(folder: Path) -> None:
    done = lint("wrong.yaml", "good.yaml")
    line = WRONG[: WRONG.index("Hello")].count("\n") + 1
    assert f"wrong.yaml:{line}:" in done.stderr
    assert 'error: the value "nam" is set nowhere in this flow [variable-before-set]' in done.stderr
    assert "[bold]Hello {nam}." in done.stderr
    assert "^^^" in done.stderr
    assert "1 error, 0 warnings in 2 files" in done.stderr
    assert done.stdout == "good.yaml: no problems\n"


def test_programs_get_json_and_nothing_else_on_the_output(folder: Path) -> None:
    problems = json.loads(lint("wrong.yaml", "warned.yaml", "good.yaml", "--format", "json").stdout)
    assert [(problem["file"], problem["rule"], problem["level"]) for problem in problems] == [
        ("warned.yaml", "unused-value", "warning"),
        ("wrong.yaml", "variable-before-set", "error"),
    ]
    assert json.loads(lint("good.yaml", "--format", "json").stdout) == []


def test_github_gets_annotations(folder: Path) -> None:
    done = lint("wrong.yaml", "--format", "github")
    assert done.stdout.startswith("::error file=wrong.yaml,line=")
    assert lint("good.yaml", "--format", "github").stdout == ""


def test_a_flow_without_errors_is_proved_unless_told_otherwise(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proved: list[str] = []
    monkeypatch.setattr("ivr.commands.flow.lint._proved", lambda document: proved.append(document.file) or [])
    lint("good.yaml", "warned.yaml", "wrong.yaml", prove=True)
    assert proved == ["good.yaml", "warned.yaml"]
    lint("good.yaml", "--no-prove")
    lint("good.yaml", "--rule", "bad-template", prove=True)
    assert proved == ["good.yaml", "warned.yaml"]


def test_a_promise_that_does_not_hold_is_a_problem_of_the_flow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = completed("nodes:\n  main: {type: say, prompt: '" + "Please wait. " * 80 + "', next: ask}\n"
                        "  ask: {type: menu, prompt: Well?, choices: "
                        "[{key: '1', phrases: [on], label: x, to: goodbye}]}")  # fmt: skip
    (folder / "endless.yaml").write_text(endless)
    done = lint("endless.yaml", prove=True)
    assert done.exit_code == 1
    assert "[proof:exit-offered-soon]" in done.stderr


def test_recordings_are_looked_for_beside_the_flow(folder: Path) -> None:
    source = GOOD.replace("prompt: Hello.", "prompt: {audio: hello.wav, text: Hello.}")
    (folder / "inner").mkdir()
    (folder / "inner" / "spoken.yaml").write_text(source)
    assert "[audio-file-missing]" in lint("inner/spoken.yaml").stderr
    (folder / "inner" / "hello.wav").write_bytes(mono_wav(b"\x00\x20\x00\xe0" * 2000))
    assert lint("inner/spoken.yaml").stdout == "inner/spoken.yaml: no problems\n"


def test_a_rule_can_be_explained() -> None:
    done = lint("--explain", "phrase-clash")
    assert done.exit_code == 0
    assert done.stdout.startswith("## phrase-clash\n")
    assert lint("--explain", "all").stdout.startswith("# Lint rules\n")
    assert lint("--explain", "phrase-crash").exit_code == 2
