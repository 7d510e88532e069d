"""Deliberately broken flows are caught by the check that they name, at the line that they mark; good ones by none."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.lint import lint
from flows.lint.reference import rule_names
from flows.loader import read_document
from flows.problems import FlowError, Problem
from flows.prove import PROMISES, prove
from flows.prove.problems import problems_of

ROOT = Path(__file__).resolve().parents[3]
BROKEN = sorted((ROOT / "tests" / "flows_broken").glob("*.yaml"))
GOOD = sorted(path for path in (ROOT / "flows" / "examples").rglob("*.yaml") if not path.name.endswith(".test.yaml"))
CAUGHT_BY = "# caught-by: "
PROOF = "proof:"
MARK = "# here"


def caught_by(path: Path) -> str:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(CAUGHT_BY), f"{path.name} does not begin with `{CAUGHT_BY}RULE`"
    return first.removeprefix(CAUGHT_BY)


def problems_in(path: Path, *, proved: bool = True) -> list[Problem]:
    """Everything that `ivr flow lint` would say, the proof included where it is asked for."""
    try:
        document = read_document(path.read_bytes(), path.name)
    except FlowError as error:
        return error.problems
    folder = path.parent
    found = lint(
        document,
        file_exists=lambda name: "missing" not in name if folder.name == "flows_broken" else (folder / name).is_file(),
        audio_problem=lambda name: "it is empty" if "damaged" in name else None,
    )
    if not proved or any(problem.level == "error" for problem in found):
        return found
    return [*found, *problems_of(document, prove(document.flow))]


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_flow_is_caught_by_its_rule_at_its_line(path: Path) -> None:
    rule = caught_by(path)
    problems = problems_in(path, proved=rule.startswith(PROOF))
    lines = path.read_text(encoding="utf-8").splitlines()
    by_rule = [problem for problem in problems if problem.rule == rule]
    assert by_rule, [str(problem) for problem in problems]
    assert all(1 <= problem.line <= len(lines) and problem.column >= 1 for problem in by_rule)
    marked = [number for number, line in enumerate(lines, 1) if MARK in line]
    assert [problem.line for problem in by_rule] == marked, [str(problem) for problem in by_rule]
    assert {problem.rule for problem in problems if problem.level == "error"} <= {rule}, "one mistake is one problem"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_flow_is_flagged_with_nothing(path: Path) -> None:
    """Each is proved, too: in `prove/test_*_walks.py`, where the explored states are needed."""
    assert [str(problem) for problem in problems_in(path, proved=False)] == []


def test_the_corpus_has_a_broken_flow_for_every_rule() -> None:
    named = {caught_by(path) for path in BROKEN}
    unseen = set(rule_names()) - {"file"}  # a file that cannot be read is no file of this corpus
    assert unseen <= named, unseen - named
    assert {rule.removeprefix(PROOF) for rule in named if rule.startswith(PROOF)} <= set(PROMISES)
    assert {rule for rule in named if not rule.startswith(PROOF)} <= unseen
    assert len(BROKEN) >= 60


def test_every_broken_flow_says_what_is_wrong_with_it() -> None:
    for path in BROKEN:
        second = path.read_text(encoding="utf-8").splitlines()[1]
        assert second.startswith("# "), path.name
        assert second.rstrip().endswith("."), path.name
