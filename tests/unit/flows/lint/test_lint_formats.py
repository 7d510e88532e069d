"""How problems are printed: for people, for programs, for GitHub."""

from __future__ import annotations

import json

import pytest

from flows.lint.formats import as_github, as_json, as_text, summary
from flows.problems import Problem, known_words


def problem(
    column: int, end_column: int = 0, *, line: int = 1, message: str = "is wrong", level: str = "error"
) -> Problem:
    return Problem("a.yaml", line, column, "some-rule", message, level=level, end_column=end_column)  # type: ignore[arg-type]


def shown(source: str, column: int, end_column: int = 0) -> list[str]:
    return as_text([problem(column, end_column)], {"a.yaml": source.split("\n")}).split("\n")


def test_a_problem_is_one_line_with_the_source_and_a_caret_below_it() -> None:
    assert shown("to: huors", 5, 10) == [
        "a.yaml:1:5: error: is wrong [some-rule]",
        "    to: huors",
        "        ^^^^^",
    ]


def test_without_an_end_one_character_is_marked() -> None:
    assert shown("to: huors", 5)[2] == "        ^"


def test_a_tab_is_as_wide_in_the_source_as_below_it() -> None:
    assert shown("a:\tb", 4, 5)[1:] == ["    a:    b", "          ^"]


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert shown("日本 x", 4, 5)[2] == "         ^"
    assert shown("e\u0301 x", 4, 5)[2] == "      ^"


def test_a_line_that_runs_right_to_left_shows_the_mistake_itself_instead_of_a_caret() -> None:
    assert shown("prompt: سلام {foo}", 15, 18)[1:] == ["    prompt: سلام {foo}", "    here: foo"]


def test_a_long_line_is_cut_around_the_mistake() -> None:
    source = "x" * 500 + "BAD" + "y" * 500
    _, line, carets = shown(source, 501, 504)
    assert len(line) <= 110
    assert line[carets.index("^") : carets.rindex("^") + 1] == "BAD"


def test_characters_that_would_move_the_cursor_are_replaced() -> None:
    assert "\x1b" not in "".join(shown("a: \x1b[31mred", 4))
    assert "\u202e" not in "".join(shown("a: \u202ered", 4))


@pytest.mark.parametrize(("line", "column"), [(0, 1), (9, 1), (1, 99)])
def test_a_place_outside_of_the_file_does_no_harm(line: int, column: int) -> None:
    assert "is wrong" in as_text([problem(column, line=line)], {"a.yaml": ["to: x"]})
    assert "is wrong" in as_text([problem(column, line=line)], {})


def test_problems_come_in_the_order_of_the_file() -> None:
    text = as_text([problem(1, line=2, message="second"), problem(1, message="first")], {})
    assert text.index("first") < text.index("second")


def test_json_has_every_field() -> None:
    assert json.loads(as_json([problem(5, 10)])) == [
        {
            "file": "a.yaml",
            "line": 1,
            "column": 5,
            "end_column": 10,
            "level": "error",
            "rule": "some-rule",
            "message": "is wrong",
            "known": [],
        }
    ]


def test_a_github_annotation_cannot_be_broken_out_of() -> None:
    odd = Problem("a,b:c.yaml", 1, 2, "some-rule", "100%\n::error::x", level="warning")
    assert as_github([odd]) == ("::warning file=a%2Cb%3Ac.yaml,line=1,col=2,title=some-rule::100%25%0A::error::x")


def test_the_summary_counts_errors_and_warnings() -> None:
    assert summary([problem(1), problem(2, level="warning")], 1) == "1 error, 1 warning in 1 file"
    assert summary([], 2) == "0 errors, 0 warnings in 2 files"


def test_of_many_known_words_the_nearest_are_named() -> None:
    text = known_words("node_5x", [f"node_{number}" for number in range(500)])
    assert "did you mean node_5?" in text
    assert text.endswith("and 492 more)")
    assert known_words("x", []) == ""
