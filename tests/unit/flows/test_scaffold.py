"""New flows from the templates; and the templates themselves, which operators take as they are."""

from __future__ import annotations

import csv
import io
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from flows import actions
from flows.conversations.coverage import coverage_of
from flows.conversations.player import play
from flows.events import Value
from flows.expressions import templates
from flows.lint import lint
from flows.loader import parse_flow, read_document
from flows.model import Flow
from flows.nodes import Ask, CallSubflow, Lookup, Node, OpenQuestion
from flows.parts import Answer
from flows.prove import prove
from flows.scaffold import TEMPLATES, Scaffold, ScaffoldError, scaffold
from flows.sources import CsvSource
from flows.yaml_text import read_conversations
from ivr.commands.flow import flow as flow_commands
from ivr.commands.flow.new import template_files
from ivr.lookups import look_up

CHOICES = [("ar",), ("fa", "en")]
COMBINATIONS = [(template, languages) for template in TEMPLATES for languages in CHOICES]


@lru_cache
def flow_of(template: str) -> Flow:
    return parse_flow(template_files(template)[f"{template}.yaml"], f"{template}.yaml")


@lru_cache
def made(template: str, languages: tuple[str, ...] = ()) -> Scaffold:
    return scaffold(template, template_files(template), "front_desk", languages)


def new_flow(template: str, languages: tuple[str, ...]) -> Flow:
    return parse_flow(made(template, languages).files["front_desk.yaml"], "front_desk.yaml")


def in_languages(value: Any, languages: tuple[str, ...]) -> Any:
    """A flow as plain values, with the texts of some languages alone."""
    if isinstance(value, dict):
        if value and set(value) <= {"en", "ar", "fa"}:
            value = {language: text for language, text in value.items() if language in languages}
        return {name: in_languages(inner, languages) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [in_languages(inner, languages) for inner in value]
    return value


def comments(content: bytes) -> list[str]:
    return [line.strip() for line in content.decode().split("\n") if line.strip().startswith("# ")][1:]


# ---------------------------------------------------------------- new flows


@pytest.mark.parametrize(("template", "languages"), COMBINATIONS)
def test_a_new_flow_is_the_template_in_the_languages_that_were_chosen(
    template: str, languages: tuple[str, ...]
) -> None:
    expected = in_languages(flow_of(template).model_dump(), languages)
    expected |= {"name": "front_desk", "languages": list(languages), "revision": ""}
    found = in_languages(new_flow(template, languages).model_dump() | {"revision": ""}, languages)
    assert found == expected


@pytest.mark.parametrize(("template", "languages"), COMBINATIONS)
def test_a_new_flow_keeps_every_comment_of_the_template(template: str, languages: tuple[str, ...]) -> None:
    content = made(template, languages).files["front_desk.yaml"]
    assert comments(content) == comments(template_files(template)[f"{template}.yaml"])


@pytest.mark.parametrize(("template", "languages"), COMBINATIONS)
def test_nothing_is_wrong_with_a_new_flow(template: str, languages: tuple[str, ...]) -> None:
    files = made(template, languages).files
    document = read_document(files["front_desk.yaml"], "front_desk.yaml")
    assert lint(document, file_exists=lambda path: path in files) == []


@pytest.mark.parametrize(("template", "languages"), COMBINATIONS)
def test_the_conversations_of_a_new_flow_pass_and_cover_it(template: str, languages: tuple[str, ...]) -> None:
    flow = new_flow(template, languages)
    read = read_conversations(made(template, languages).files["front_desk.test.yaml"], "front_desk.test.yaml")
    assert read.flow == "front_desk.yaml"
    played = [play(flow, conversation) for conversation in read.conversations]
    assert [one.name for one in played if not one.passed] == []
    coverage = coverage_of(flow, played, name="front_desk.yaml")
    assert coverage == made(template, languages).coverage
    assert coverage.percent == 100


@pytest.mark.parametrize("template", TEMPLATES)
def test_conversations_in_words_stay_in_their_language_and_none_is_left_of_the_others(template: str) -> None:
    text = made(template, ("fa",)).files["front_desk.test.yaml"].decode()
    assert re.search("[پچژگ]", text)
    assert "ة" not in text
    assert not re.search(r"says: [a-z]", text)


def test_a_flow_in_one_language_begins_without_the_question_for_it() -> None:
    read = read_conversations(made("shop", ("en",)).files["front_desk.test.yaml"], "front_desk.test.yaml")
    flow = new_flow("shop", ("en",))
    order = next(one for one in read.conversations if one.name == "an order that was sent")
    assert [step.presses for step in order.steps if step.presses][:2] == ["1", "4821#"]
    assert play(flow, order).passed


def test_in_all_languages_a_new_flow_is_the_template_under_another_name() -> None:
    whole = made("shop").files
    original = template_files("shop")
    assert whole["orders.csv"] == original["orders.csv"]
    changed = [
        (old, new)
        for old, new in zip(
            original["shop.yaml"].decode().split("\n"), whole["front_desk.yaml"].decode().split("\n"), strict=True
        )
        if old != new
    ]
    assert changed == [
        ("# yaml-language-server: $schema=../../flow.schema.json", "# yaml-language-server: $schema=flow.schema.json"),
        ("name: shop", "name: front_desk"),
    ]


def test_editors_find_the_schemas_that_the_first_lines_name() -> None:
    files = made("clinic", ("en",)).files
    for name in ("front_desk.yaml", "front_desk.test.yaml"):
        first = files[name].decode().split("\n")[0]
        assert first.removeprefix("# yaml-language-server: $schema=") in files


@pytest.mark.parametrize("name", ["", "Clinic", "my clinic", "../clinic", "1clinic", "a" * 61])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(ScaffoldError, match="cannot be the name of a flow"):
        scaffold("clinic", template_files("clinic"), name)


@pytest.mark.parametrize("languages", [["de"], ["en", "de"], ["en,ar"], [""]])
def test_a_language_that_the_template_lacks_is_refused_with_those_it_has(languages: list[str]) -> None:
    with pytest.raises(ScaffoldError, match="known: en, ar, fa"):
        scaffold("clinic", template_files("clinic"), "mine", languages)


def test_a_language_given_twice_is_refused() -> None:
    with pytest.raises(ScaffoldError, match="twice"):
        scaffold("clinic", template_files("clinic"), "mine", ["en", "en"])


# ---------------------------------------------------------------- the templates


def all_nodes() -> list[Node]:
    return [node for template in TEMPLATES for node in flow_of(template).all_nodes.values()]


def answers(node: Node) -> list[Answer]:
    match node:
        case Ask(answer=answer):
            return [answer]
        case OpenQuestion(intents=intents):
            return [slot.answer for intent in intents.values() for slot in intent.slots.values()]
        case _:
            return []


def kinds_of(union: Any) -> set[str]:
    """The values of `type` in a union of parts."""
    return {part.model_fields["type"].annotation.__args__[0] for part in union.__args__[0].__args__}


def test_the_templates_use_every_type_of_node_answer_and_survey() -> None:
    assert {node.type for node in all_nodes()} == kinds_of(Node)
    assert {answer.type for node in all_nodes() for answer in answers(node)} == kinds_of(Answer)
    assert {node.scale for node in all_nodes() if node.type == "survey"} == {"csat", "ces", "nps"}


def test_the_templates_use_every_filter() -> None:
    text = "".join(template_files(template)[f"{template}.yaml"].decode() for template in TEMPLATES)
    assert [name for name in templates.FILTERS if not re.search(rf"\|{name}\b", text)] == []


def test_a_subflow_is_used_twice_with_other_parameters() -> None:
    calls = [node for node in flow_of("city_office").nodes.values() if isinstance(node, CallSubflow)]
    assert len({str(call.parameters) for call in calls if call.subflow == "find_case"}) == 2


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_is_wrong_with_a_template(template: str) -> None:
    files = template_files(template)
    document = read_document(files[f"{template}.yaml"], f"{template}.yaml")
    assert lint(document, file_exists=lambda path: path in files) == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_promise_of_a_template_is_proved(template: str) -> None:
    """In one language: three make the same graph three times as long to walk."""
    assert prove(new_flow(template, ("ar",))).failures == ()


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_conversations_of_a_template_pass_and_cover_it(template: str) -> None:
    flow = flow_of(template)
    content = template_files(template)[f"{template}.test.yaml"]
    played = [play(flow, conversation) for conversation in read_conversations(content, template).conversations]
    assert [one.name for one in played if not one.passed] == []
    assert coverage_of(flow, played, name=template).percent == 100


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_rows_of_the_sample_files_are_found_and_filled_in(template: str, tmp_path: Path) -> None:
    files = template_files(template)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    for node in flow_of(template).all_nodes.values():
        if not isinstance(node, Lookup):
            continue
        assert isinstance(node.source, CsvSource)
        rows = list(csv.DictReader(io.StringIO(files[node.source.file].decode())))
        assert rows
        for row in rows:
            where: dict[str, Value] = {column: row[column] for column in node.where}
            wanted = actions.Lookup(source=node.source, where=where, save=node.save, timeout_s=node.timeout_s)
            assert look_up(wanted, folder=tmp_path).values == {
                value: row[column] for value, column in node.save.items()
            }


# ---------------------------------------------------------------- the command


def ivr_flow_new(*arguments: str) -> Result:
    return CliRunner().invoke(flow_commands, ["new", *arguments])


def test_the_command_writes_a_folder_and_says_what_to_do_next(tmp_path: Path) -> None:
    result = ivr_flow_new("front_desk", "--template", "shop", "--languages", "en, fa", "--into", str(tmp_path))
    assert result.exit_code == 0
    folder = tmp_path / "front_desk"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == dict(made("shop", ("en", "fa")).files)
    commands = [line.strip() for line in result.output.split("\n") if line.startswith("  ivr flow ")]
    assert commands == [
        f"ivr flow shell {folder / 'front_desk.yaml'}",
        f"ivr flow test {folder}",
        f'ivr flow publish {folder / "front_desk.yaml"} --message "First version"',
    ]


def test_the_command_overwrites_nothing_and_then_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "front_desk"
    folder.mkdir()
    (folder / "orders.csv").write_text("mine")
    result = ivr_flow_new("front_desk", "--template", "shop", "--into", str(tmp_path))
    assert result.exit_code == 1
    assert [path.name for path in folder.iterdir()] == ["orders.csv"]
    assert (folder / "orders.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine", "--template", "shp"), "did you mean shop?"),
        (("mine", "--template", "shop", "--languages", "de"), "known: en, ar, fa"),
        (("../mine", "--template", "shop"), "cannot be the name of a flow"),
    ],
)
def test_the_command_refuses_in_one_sentence_what_cannot_be(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    result = ivr_flow_new(*arguments, "--into", str(tmp_path))
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []
