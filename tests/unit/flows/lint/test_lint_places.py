"""Problems inside of texts are shown at their character, however the text is written in YAML."""

from __future__ import annotations

import pytest

from flows.lint import lint
from tests.unit.flows.lint.reading import document_of


@pytest.mark.parametrize(
    "prompt",
    [
        "Order {BAD}.",
        '"Order {BAD}."',
        "'It''s the order {BAD}.'",
        '"Tab\\t and \\u0041 and \\"quotes\\" {BAD}."',
        "|\n      One line,\n      another {BAD}.",
        ">\n      One line,\n      another {BAD}.",
        ">-\n      One line,\n\n      another {BAD}.",
        "One line,\n      another {BAD}.",
        '"One line,\n      another \\\n      {BAD}."',
        "سلام {BAD}.",
    ],
)
def test_a_field_is_found_where_it_is_written(prompt: str) -> None:
    prompt = prompt.replace("BAD", "order_number|digts")
    document = document_of(f"nodes:\n  main:\n    type: say\n    prompt: {prompt}\n    next: goodbye\n")
    problems = [problem for problem in lint(document) if problem.rule == "bad-template"]
    assert len(problems) == 1
    line = document.lines[problems[0].line - 1]
    assert line[problems[0].column - 1 :].startswith("digts}")


def test_a_name_in_an_expression_is_found_behind_texts_and_longer_names() -> None:
    document = document_of(
        "nodes:\n  main:\n    type: branch\n    cases:\n"
        "      - {when: 'language == \"ord\" and ord_x == 1 and ord == 2', to: goodbye}\n    otherwise: goodbye\n"
    )
    problems = [problem for problem in lint(document) if problem.rule == "variable-before-set"]
    columns = {document.lines[p.line - 1][p.column - 1 : p.end_column - 1] for p in problems}
    assert columns == {"ord", "ord_x"}
    assert len({problem.column for problem in problems}) == 2
