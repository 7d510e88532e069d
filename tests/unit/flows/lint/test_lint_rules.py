"""Every rule is held to the examples in its own documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

import flows.lint.rules
from flows.lint import lint
from flows.lint.examples import completed
from flows.lint.registry import RULES
from flows.lint.rule import Rule
from flows.loader import read_document
from flows.problems import Problem

EXAMPLES = [(rule, number) for rule in RULES.values() for number in range(max(len(rule.fails), len(rule.passes)))]
FAILS = [(rule, source) for rule in RULES.values() for source in rule.fails]
PASSES = [(rule, source) for rule in RULES.values() for source in rule.passes]


def names(examples: list[tuple[Rule, str]]) -> list[str]:
    return [rule.id for rule, _ in examples]


def problems_of(source: str) -> list[Problem]:
    document = read_document(completed(source).encode(), "example.yaml")
    return lint(
        document,
        file_exists=lambda path: "missing" not in path,
        audio_problem=lambda path: "it is empty" if "broken" in path else None,
    )


@pytest.mark.parametrize(("rule", "source"), FAILS, ids=names(FAILS))
def test_an_example_that_fails_has_this_problem_and_no_other_error(rule: Rule, source: str) -> None:
    problems = problems_of(source)
    assert rule.id in {problem.rule for problem in problems}
    assert {problem.rule for problem in problems if problem.level == "error"} <= {rule.id}, problems
    assert all(problem.level == "warning" or rule.level == "error" for problem in problems if problem.rule == rule.id)


@pytest.mark.parametrize(("rule", "source"), PASSES, ids=names(PASSES))
def test_an_example_that_passes_has_no_problem_at_all(rule: Rule, source: str) -> None:
    assert problems_of(source) == []


def test_every_module_of_the_rules_is_in_the_registry_and_named_like_its_rule() -> None:
    folder = Path(flows.lint.rules.__path__[0])
    modules = {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {"--init--"}
    assert modules == set(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_says_what_it_is_about_and_shows_it(rule: Rule) -> None:
    assert rule.fails
    assert rule.passes
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
