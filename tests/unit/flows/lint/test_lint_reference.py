"""docs/lint.md is what the rules say."""

from __future__ import annotations

from pathlib import Path

from flows.lint.reference import explained, lint_reference, rule_names

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "lint.md"


def test_the_reference_in_docs_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == lint_reference(), "run `ivr flow lint --explain all > docs/lint.md`"


def test_every_rule_can_be_explained_and_an_unknown_one_cannot() -> None:
    assert all(str(explained(name)).startswith(f"## {name}\n") for name in rule_names())
    assert explained("no-such-rule") is None
