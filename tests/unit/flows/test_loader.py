"""A bad flow file is reported with the line and column of each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.loader import load_flow, parse_flow
from flows.problems import FlowError

EXAMPLE = Path(__file__).resolve().parents[3] / "flows" / "examples" / "orders.yaml"
SOURCE = EXAMPLE.read_text()


def problems_of(source: str) -> list[str]:
    with pytest.raises(FlowError) as caught:
        parse_flow(source.encode(), "orders.yaml")
    return [str(problem) for problem in caught.value.problems]


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(SOURCE.splitlines(), 1) if text in line)


def test_the_example_loads_and_its_revision_is_the_hash_of_its_content() -> None:
    flow = load_flow(EXAMPLE)
    assert len(flow.revision) == 12
    assert flow.revision != parse_flow((SOURCE + "\n").encode(), "x").revision


@pytest.mark.parametrize(
    ("right", "wrong", "place", "says"),
    [
        ("to: hours", "to: huors", 9, 'exits to the unknown node "huors" (did you mean hours?'),
        ("start: welcome", "start: wellcome", 1, 'unknown node "wellcome" (did you mean welcome?'),
        ("type: ask", "type: aks", 5, 'has the type "aks" (did you mean ask?'),
        ("prompt: How can", "promt: How can", 5, "promt: is not a word of the flow language (did you mean prompt?"),
        ('key: "2"\n        phrases: [hours]', "key: 2\n        phrases: [hours]", 9, 'put it in quotes, "2"'),
        ("phrases: [hours]", "phrases: [agent]", 9, '"agent" always works and cannot be a phrase'),
        ("phrases: [hours]", "phrases: [order]", 9, '"order" stands for two choices'),
        ("{order_state}", "{order_stat}", 5, "is not a value that this flow saves (did you mean order_state?"),
        ("time_zone: Europe/London", "time_zone: Europe/Lundon", 1, "is not a time zone"),
    ],
)
def test_a_mistake_is_reported_where_it_stands(right: str, wrong: str, place: int, says: str) -> None:
    found = problems_of(SOURCE.replace(right, wrong, 1))
    matching = [problem for problem in found if says in problem]
    assert matching, found
    line, column = matching[0].split(":")[1:3]
    changed = wrong.split("\n")[0]
    lines = SOURCE.replace(right, wrong, 1).splitlines()
    # A phrase is reported at its choice, which begins up to two lines above.
    assert changed in "\n".join(lines[int(line) - 1 : int(line) + 2])
    assert int(column) == place


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "begin with `zerohold: 1`"),
        ("- a\n- b\n", "begin with `zerohold: 1`"),
        ("nodes: [\n", "[yaml]"),
        ("zerohold: 1\nzerohold: 1\n", "duplicate key"),
        ("zerohold: 1\n", "nodes: is missing"),
    ],
)
def test_what_is_no_flow_at_all_is_said_plainly(source: str, says: str) -> None:
    assert any(says in problem for problem in problems_of(source))


def test_a_file_that_is_not_text_or_not_there_is_a_problem_too(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"zerohold: 1\n\xff\xfe")
    for name in ("binary.yaml", "missing.yaml", "."):
        with pytest.raises(FlowError):
            load_flow(tmp_path / name)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "huge.yaml").write_bytes(b"#" * 2_000_000)
    with pytest.raises(FlowError, match="larger than"):
        load_flow(tmp_path / "huge.yaml")


def test_all_mistakes_are_reported_at_once_in_their_order() -> None:
    found = problems_of(SOURCE.replace("to: hours", "to: a1").replace("next: main", "next: b2"))
    assert len(found) == 2
    assert found == sorted(found, key=lambda problem: int(problem.split(":")[1]))
