"""Reading YAML: what is no flow is refused with one problem, where it stands, and with what to do."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from flows.document import Document
from flows.lint import lint
from flows.loader import MAX_FILE_BYTES, load_flow, parse_flow, read_document
from flows.problems import FlowError, Problem
from tests.effort import calls_made

EXAMPLE = Path(__file__).resolve().parents[3] / "flows" / "examples" / "orders.yaml"
SOURCE = EXAMPLE.read_text()


def problems_of(content: str | bytes) -> list[Problem]:
    with pytest.raises(FlowError) as caught:
        read_document(content.encode() if isinstance(content, str) else content, "orders.yaml")
    return caught.value.problems


def only_problem(content: str | bytes) -> Problem:
    problems = problems_of(content)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def read(source: str) -> Document:
    return read_document(source.encode(), "orders.yaml")


def test_the_example_loads_and_its_revision_is_the_hash_of_its_content() -> None:
    flow = load_flow(EXAMPLE)
    assert len(flow.revision) == 12
    assert flow.revision != parse_flow((SOURCE + "\n").encode(), "x").revision


@pytest.mark.parametrize(
    ("content", "line", "column", "says"),
    [
        ("", 1, 1, "is empty; begin with `zerohold: 1`"),
        ("# nothing\n", 1, 1, "is empty"),
        ("- a\n- b\n", 1, 1, "is not a mapping; begin with `zerohold: 1`"),
        ("nodes: [\n", 2, 1, "ends in the middle"),
        ("nodes: [a\nb: 1\n", 1, 8, "opens a bracket here that is never closed"),
        ('a: "x\nb: 2\n', 1, 4, "opens a quote here that is never closed"),
        ("zerohold: 1\nzerohold: 1\n", 2, 1, 'the word "zerohold" twice; the first is in line 1'),
        ("a:\n  b: {c: 1, c: 2}\n", 2, 13, 'the word "c" twice'),
        ("a:\n\t- b\n", 2, 1, "is indented with a tab; use spaces"),
        ("a: 1\n  \tb: 2\n", 2, 3, "is indented with a tab"),
        ("a: b: c\n", 1, 5, "put the text in quotes"),
        ("a: {order} is here\n", 1, 12, "put the whole text in quotes"),
        ("a: @home\n", 1, 4, "put the text in quotes"),
        ("a:\n   b: 1\n  c: 2\n", 3, 3, "check the indentation"),
        ("a: *x\n", 1, 4, "the alias *x, but nothing before it has the anchor &x"),
        ("a: &x [*x]\n", 1, 8, "inside of what it stands for"),
        ("&x a: 1\n", 1, 1, "has an anchor on a word"),
        ("x: &x 1\n*x : 2\n", 2, 1, "has an alias for a word"),
        ("a: !python/object x\n", 1, 4, "the flow language has no tags"),
        ("a: !!str 1\n", 1, 4, "the flow language has no tags"),
        ("a: 1\n---\nb: 1\n", 2, 1, "begins a second document"),
        ("a: |  text\n", 1, 7, "begin it in the next line"),
        ("a: & more\n", 1, 5, "put the text in quotes"),
        ("a: *very* good\n", 1, 4, "put a text in quotes"),
        # a line without a colon: where it is, not where the reader of YAML misses it
        ("a:\n  type say\n  b: 1\n", 2, 3, "is no `word: value`; a colon and a blank are missing"),
        ("a:\n  type say\n\n  b: 1\n", 2, 3, "is no `word: value`"),
        ("a:\n  - b 1\n    c: 1\n", 2, 5, "is no `word: value`"),
        ("a:\n  b: 1\n  c:1\nd: 1\n", 3, 3, "is no `word: value`"),
        ("a: 1\nnodes\n  b: 1\n", 2, 1, "is no `word: value`"),
        ("a:\n  b: 1\n  type say", 3, 3, "is no `word: value`"),
        ("a: text\n  b: 1\n", 2, 3, "check the indentation"),
        ("<<: {a: 1}\n", 1, 1, "has a merge key"),
        ("{a}: x\n", 1, 1, "begins a word with a bracket"),
        ("? [a]\n: b\n", 1, 3, "begins a word with a bracket"),
        ("a: \x00\n", 1, 4, "control character U+0000"),
        ("a: x\u0085y\n", 1, 5, "control character U+0085"),
        ("a: x\u2028y\n", 1, 5, "control character U+2028"),
        ('a: "\\0"\n', 1, 4, "control character U+0000"),
        ('a: "\\ud800"\n', 1, 4, "control character U+D800"),
        (b"\xff\xfea\x00", 1, 1, "save it as UTF-8"),
        (b"a: 1\nb: \xffx", 2, 4, "is not UTF-8 text here"),
        ("# موظف\na: b: c\n", 2, 5, "put the text in quotes"),
        ("a: " + "[" * 100_000, 1, 33, "is nested more than 30 deep"),
        ("[" * 100_000, 1, 31, "is nested more than 30 deep"),
        ("- " * 100_000, 1, 61, "is nested more than 30 deep"),
        ("? " * 1_000, 1, 3, "begins a word with a bracket"),
        ("a: [" + "1, " * 60_000 + "]", 1, 149999, "has more than 50,000 values"),
    ],
)
def test_rude_yaml_is_one_problem_with_its_place_and_what_to_do(
    content: str | bytes, line: int, column: int, says: str
) -> None:
    problem = only_problem(content)
    assert says in problem.message
    assert (problem.line, problem.column) == (line, column)
    assert problem.rule == "yaml"


def test_a_billion_laughs_are_refused_without_being_laughed() -> None:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 40)]
    problems: list[Problem] = []
    assert calls_made(lambda: problems.append(only_problem("\n".join(lines)))) < 5_000_000
    assert "has more than 50,000 values" in problems[0].message


def test_an_alias_means_what_its_anchor_means() -> None:
    shared = SOURCE.replace("clocks", "x").replace(
        "nodes:\n", "nodes:\n  hello: &hello {type: say, prompt: Hello., next: main}\n  again: *hello\n", 1
    )
    flow = read(shared).flow
    assert flow.nodes["again"] == flow.nodes["hello"]


def test_a_mistake_inside_an_alias_is_shown_at_the_alias_or_in_what_it_stands_for() -> None:
    shared = SOURCE.replace(
        "nodes:\n", "nodes:\n  hello: &hello {type: say, promt: Hello., next: main}\n  again: *hello\n", 1
    )
    assert {problem.line for problem in problems_of(shared)} == {shared[: shared.index("promt")].count("\n") + 1}


def test_a_file_that_cannot_be_read_is_a_problem_of_its_own_kind(tmp_path: Path) -> None:
    for name in ("missing.yaml", "."):
        with pytest.raises(FlowError, match="cannot be read") as caught:
            load_flow(tmp_path / name)
        assert caught.value.problems[0].rule == "file"


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "huge.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(FlowError, match="is larger than 1,000,000 bytes"):
        load_flow(tmp_path / "huge.yaml")


@pytest.mark.parametrize("change", ["\n|\r\n", "\n|\r", "^|\ufeff"])
def test_byte_order_marks_and_other_line_ends_change_nothing(change: str) -> None:
    before, after = change.split("|")
    changed = after + SOURCE if before == "^" else SOURCE.replace(before, after)
    with_mistake = changed.replace("type: ask", "type: aks")
    assert read_document(changed.encode(), "x").flow.nodes == read(SOURCE).flow.nodes
    expected = only_problem(SOURCE.replace("type: ask", "type: aks"))
    assert (only_problem(with_mistake).line, only_problem(with_mistake).column) == (expected.line, expected.column)


def test_right_to_left_text_is_read_as_it_is_written() -> None:
    prompt = "چطور می\u200cتوانم کمک کنم؟ {order_number}"
    document = read(SOURCE.replace("How can we help?", prompt))
    assert document.flow.nodes["main"].prompt == prompt  # type: ignore[union-attr]


def test_what_reading_costs_grows_with_the_nodes_and_no_faster() -> None:
    head, nodes = SOURCE.split("nodes:\n", 1)
    copies = [re.sub(r"^  (\w+):$", rf"  \1_{n}:", nodes, flags=re.MULTILINE) for n in range(77)]
    few, many = (head + "nodes:\n" + "".join(copies[:count]) for count in (7, 77))
    assert len(read(many).flow.nodes) > 800
    assert calls_made(lambda: read(many)) < 1.1 * 11 * calls_made(lambda: read(few))


EDITS = [
    "{",
    "}",
    "[",
    "]",
    ": ",
    "\n",
    "  ",
    "- ",
    "'",
    '"',
    "&a ",
    "*a",
    "0",
    "|",
    ">",
    "#",
    "\t",
    "null",
    "سلام",
    "!x",
    "<<: *a",
]


@pytest.mark.parametrize("seed", range(40))
def test_no_edit_makes_the_reader_or_the_rules_fail(seed: int) -> None:
    random = Random(seed)  # noqa: S311 (to repeat a failure, not to keep a secret)
    for _ in range(5):
        source = SOURCE
        for _ in range(random.randint(1, 3)):
            place = random.randrange(len(source))
            source = source[:place] + random.choice(EDITS) + source[place + random.randint(0, 6) :]
        try:
            problems = lint(read(source))
        except FlowError as error:
            problems = error.problems
            assert problems
        lines = source.split("\n")
        assert all(1 <= problem.line <= len(lines) and problem.column >= 1 for problem in problems)
