"""What the schema does not allow: one problem for each mistake, where it stands, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.loader import read_document
from flows.problems import FlowError, Problem

SOURCE = (Path(__file__).resolve().parents[3] / "flows" / "examples" / "orders.yaml").read_text()
PROMPT = "prompt: How can we help?"
ANSWER = "{type: digits, min: 4, max: 4}"
START = "start: welcome"
TRANSFER = "type: transfer"


def problems_of(source: str) -> list[Problem]:
    with pytest.raises(FlowError) as caught:
        read_document(source.encode(), "orders.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    ("right", "wrong", "marked", "says"),
    [
        # words
        ("type: ask", "type: aks", "type: aks", 'has the type "aks" (did you mean ask? known: ask, branch,'),
        ("type: ask", "tpye: ask", "order_number:", "has no `type` (known: ask, branch,"),
        (PROMPT, "promt: How can we help?", "promt", "(did you mean prompt? known: choices, clocks, help,"),
        ("label: a callback", "lable: a callback", "lable", "(did you mean label? known: key, label, phrases, to)"),
        ("start: welcome", "strat: welcome", "strat", "did you mean start?"),
        ('- key: "1"', '- press: "1"', "press", "(did you mean key? known: key, label, phrases, to)"),
        (PROMPT, "text: How can we help?", "text", "(did you mean prompt? known: choices, clocks, help,"),
        ("start: welcome", "start: welcome\nrevision: abc", "revision", "is made from the content of the file"),
        (ANSWER, "{type: digit, min: 4, max: 4}", "type: digit", "(did you mean digits? known: date, digits, money,"),
        (ANSWER, "{type: digits, min: 4, max: 4, mix: 2}", "mix", "known: max, min, type)"),
        (ANSWER, "{min: 4, max: 4}", "answer", "has no `type` (known: date, digits, money,"),
        ("    " + "outcome: solved", "    outcome: sloved", "outcome", 'is "sloved" (did you mean solved?'),
        ("zerohold: 1", "zerohold: 2", "zerohold", 'is "2" (known: 1)'),
        ("zerohold: 1", 'zerohold: "1"', "zerohold", "must be the number 1, without quotes"),
        ("languages: [en]", "languages: [en, de]", "de]", 'is "de" (known: ar, en, fa)'),
        ("  main:\n", "  Main Menu:\n", "Main Menu", "must be a name: small letters"),
        # missing and empty
        ("save_as: order_number\n    ", "", "order_number:", "save_as: is missing"),
        ("    " + PROMPT, "    prompt:", "prompt:\n    choices", "is empty"),
        # kinds
        (PROMPT, "prompt: [How]", "prompt", "must be text"),
        ("phrases: [order]", "phrases: order", "phrases", "must be a list: `- value`"),
        ("languages: [en]", "languages: en", "languages", "must be a list"),
        (ANSWER, "{type: digits, min: four, max: 4}", "min: four", "must be a whole number"),
        (ANSWER, "{type: digits, min: 1, max: 4}", "min: 1", "must be greater than or equal to 2"),
        ('key: "2"', 'key: "0"', 'key: "0"', 'must be one key from "1" to "9" (0 always leads to a person)'),
        ("country: GB", "country: gb", "country", 'such as "GB"'),
        ("time_zone: Europe/London", "time_zone: Europe/Lundon", "time_zone", "is not a time zone"),
        # numbers and the like that should be text
        ('key: "2"', "key: 2", "2\n", 'put it in quotes, "2"'),
        (PROMPT, "prompt: 0x", "", ""),
        (PROMPT, "prompt: true", "true", 'put it in quotes, "true"'),
        (PROMPT, "prompt: 007", "007", 'put it in quotes, "007"'),
        (PROMPT, "prompt: 1.50", "1.50", 'put it in quotes, "1.50"'),
        (TRANSFER, "type: transfer\n    to: {number: +15551234}", "+15551234", 'in quotes, "+15551234"'),
        ("phrases: [order]", "phrases: [1, order]", "1, order", 'put it in quotes, "1"'),
        # braces without quotes
        (PROMPT, "prompt: {order_number}", "order_number}", "in quotes, '{order_number}'"),
        ("where: {number: order_number}", "where: {number: {order: }}", "number: {", "in quotes, '{order: }'"),
        # prompts and labels are one of several shapes
        (PROMPT, "prompt: {en: Hello., de: Hallo.}", "de: Hallo", "is no language (known: ar, en, fa)"),
        (PROMPT, "prompt: {en: Hello., fa: 3}", "3}", 'put it in quotes, "3"'),
        (PROMPT, "prompt: {audio: a.wav}", "prompt", "text: is missing"),
        (PROMPT, "prompt: {audio: a.wav, text: Hello., loop: 2}", "loop", "known: audio, text)"),
        (PROMPT, "prompt: {en: {audio: a.wav}}", "en: {", "text: is missing"),
        ("phrases: [order]", "phrases: {en: [order], x: [y]}", "x: [", "is no language"),
        # unions without a tag
        (TRANSFER, "type: transfer\n    to: {nummer: 3}", "to: {n", "with one of these words: number, person, queue"),
        (TRANSFER, "type: transfer\n    to: shop", "to: shop", "with one of these words: number, person, queue"),
        (TRANSFER, 'type: transfer\n    to: {number: "12"}', 'number: "12"', 'such as "+442079460000"'),
        # hours and holidays
        (START, START + "\nhours: {shop: {mon: 9-5}}", "mon", 'such as ["09:00-17:30"]'),
        (START, START + '\nhours: {shop: {mon: "09:00-12:00"}}', "mon", 'such as ["09:00-12:00"]'),
        (START, START + "\nhours: {shop: {tus: []}}", "tus", "did you mean tue?"),
        (START, START + '\nhours: {shop: {mon: ["9-5"]}}', '"9-5"', 'write one such as "09:00-17:30"'),
        (START, START + "\nholidays: {dates: {24.12.: x}}", "24.12.", "write one such as 2026-12-24"),
        (START, START + "\nholidays: {calendar: XX}", "calendar", "there is no calendar of public holidays for XX"),
    ],
)
def test_a_mistake_is_one_problem_where_it_stands(right: str, wrong: str, marked: str, says: str) -> None:
    assert right in SOURCE
    source = SOURCE.replace(right, wrong, 1)
    if not says:
        read_document(source.encode(), "orders.yaml")
        return
    problems = problems_of(source)
    assert len(problems) == 1, [str(problem) for problem in problems]
    problem = problems[0]
    assert says in problem.message
    at = source.index(wrong)
    offset = source.index(marked, at if marked in wrong or marked in source[at:] else 0)
    if marked.endswith(":") and marked not in wrong:
        offset = source.index(marked)  # what is missing is reported at what it is missing from
    line = source.count("\n", 0, offset) + 1
    assert (problem.line, problem.column) == (line, offset - source.rfind("\n", 0, offset))


@pytest.mark.parametrize(
    "text", ["yes", "09:30", "0o7", ".inf", "1_000", "2026-12-24", "0x1F", "~x", "1e", "No", "1e999"]
)
def test_what_yaml_once_took_for_something_else_is_text(text: str) -> None:
    document = read_document(SOURCE.replace(PROMPT, f"prompt: {text}").encode(), "x")
    assert document.flow.nodes["main"].prompt == text  # type: ignore[union-attr]


def test_a_set_takes_numbers_and_truth_values_and_nothing_deeper() -> None:
    added = (
        "  extra:\n    type: set\n    values: {a: 1, b: true, c: 1.5, d: a + 1, e: [2], f: {x: 1}}\n    next: main\n"
    )
    problems = problems_of(SOURCE + "\n" + added)
    assert [problem.message for problem in problems] == [
        "nodes.extra.values.e: must be an expression, a number, true or false",
        "nodes.extra.values.f: must be an expression, a number, true or false",
    ]


def test_a_slot_without_an_answer_is_told_which_there_are() -> None:
    added = """
  open:
    type: open_question
    prompt: What is it?
    intents:
      a:
        key: "1"
        label: a
        examples: [a]
        to: main
        slots:
          order: {prompt: Which order?}
"""
    problems = problems_of(SOURCE + added)
    assert len(problems) == 1
    assert "answer: is missing; it has a `type` (known: date, digits," in problems[0].message


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    source = SOURCE.replace("country: GB", "country: x").replace("type: ask", "type: aks").replace('key: "2"', "key: 2")
    lines = [problem.line for problem in problems_of(source)]
    assert len(lines) >= 3
    assert lines == sorted(lines)
