"""The JSON Schemas: fresh, complete, and of one mind with the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from flows.conversations.model import ConversationFile
from flows.loader import read_bytes, read_tree
from flows.model import Flow
from flows.problems import FlowError
from flows.schema import conversation_schema, flow_schema, schema_files
from ivr.cli import app

FLOWS = Path(__file__).resolve().parents[3] / "flows"
BROKEN = FLOWS.parent / "tests" / "flows_broken"
EXAMPLES = sorted((FLOWS / "examples").rglob("*.yaml"))
SCHEMAS = {"flow": flow_schema(), "conversation": conversation_schema()}
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}


def kind_of(path: Path) -> str:
    return "conversation" if path.name.endswith(".test.yaml") else "flow"


def tree_of(path: Path) -> dict[str, Any]:
    tree: dict[str, Any] = read_tree(read_bytes(path), str(path))[1]
    return tree


def orders() -> dict[str, Any]:
    return tree_of(FLOWS / "examples" / "orders.yaml")


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in {"root": schema, **schema["$defs"]}.items():
        for word, field in part["properties"].items():
            yield f"{name}.{word}", field


def below(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside of one; examples and defaults are none."""
    if isinstance(value, dict):
        yield value
        for key, item in value.items():
            if key not in ("examples", "default"):
                yield from below(item)
    elif isinstance(value, list):
        for item in value:
            yield from below(item)


@pytest.mark.parametrize("name", schema_files())
def test_the_committed_schema_is_the_one_that_the_models_make(name: str) -> None:
    committed = (FLOWS / name).read_text(encoding="utf-8")
    assert committed == schema_files()[name], f"{name} is stale; run `ivr flow schema flows`"


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_the_schema_is_valid_json_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    json.dumps(schema)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_every_field_has_a_description_and_an_example(schema: dict[str, Any]) -> None:
    bare = [name for name, field in fields(schema) if not field.get("description") or not field.get("examples")]
    assert bare == []


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_every_example_is_valid_by_the_field_that_it_illustrates(schema: dict[str, Any]) -> None:
    for name, field in fields(schema):
        validator = Draft202012Validator({**field, "$defs": schema["$defs"]})
        for example in field["examples"]:
            assert not list(validator.iter_errors(example)), f"{name}: {example}"


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_every_part_refuses_unknown_words(schema: dict[str, Any]) -> None:
    parts = {"root": schema, **schema["$defs"]}
    assert [name for name, part in parts.items() if part.get("additionalProperties") is not False] == []
    open_maps = [part for part in below(schema) if "patternProperties" in part and "additionalProperties" not in part]
    assert open_maps == []


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_titles_are_words_as_they_are_written_in_a_file(schema: dict[str, Any]) -> None:
    titles = [part["title"] for part in schema["$defs"].values()]
    assert [title for title in titles if title != title.lower()] == []


def test_a_node_is_told_apart_by_its_type_so_that_editors_complete_its_words() -> None:
    schema = SCHEMAS["flow"]
    (node,) = schema["properties"]["nodes"]["patternProperties"].values()
    parts = [schema["$defs"][member["$ref"].rpartition("/")[2]] for member in node["oneOf"]]
    assert len(parts) == 15
    for part in parts:
        assert part["properties"]["type"]["const"] == part["title"]
        assert "type" in part["required"]


def test_the_revision_is_not_a_word_of_the_language() -> None:
    assert "revision" not in SCHEMAS["flow"]["properties"]
    assert not VALIDATORS["flow"].is_valid({**orders(), "revision": "0123456789ab"})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_file_is_valid_by_the_schema(path: Path) -> None:
    errors = [error.message for error in VALIDATORS[kind_of(path)].iter_errors(tree_of(path))]
    assert errors == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_file_names_its_schema_in_the_first_line(path: Path) -> None:
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    marker, _, target = first.partition("=")
    assert marker == "# yaml-language-server: $schema"
    assert (path.parent / target).resolve() == FLOWS / f"{kind_of(path)}.schema.json"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("langauges",), ["en"]),
        (("nodes", "welcome", "type"), "speak"),
        (("nodes", "welcome", "promt"), "Welcome"),
        (("nodes", "Welcome!"), {"type": "say", "prompt": "a", "next": "main"}),
        (("nodes", "main", "choices"), []),
        (("nodes", "order_number", "answer", "type"), "letters"),
        (("hours",), {"shop": {"someday": ["09:00-17:00"]}}),
    ],
)
def test_what_the_loader_refuses_is_marked_in_the_editor_too(path: tuple[str, ...], value: object) -> None:
    tree = orders()
    place = tree
    for word in path[:-1]:
        place = place[word]
    place[path[-1]] = value
    assert not VALIDATORS["flow"].is_valid(tree)
    with pytest.raises(ValueError, match="validation error"):
        Flow.model_validate(tree)


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.name)
def test_the_editor_marks_nothing_that_the_loader_takes(path: Path) -> None:
    try:
        tree = tree_of(path)
    except FlowError:
        return  # no YAML: the editor says so by itself
    if not VALIDATORS["flow"].is_valid(tree):
        with pytest.raises(ValueError, match="validation error"):
            Flow.model_validate(tree)


def test_a_step_of_a_conversation_is_exactly_one_thing() -> None:
    two = {"presses": "1", "stays_silent": True}
    file = {"flow": "orders.yaml", "conversations": [{"name": "two", "steps": [two]}]}
    assert not VALIDATORS["conversation"].is_valid(file)
    with pytest.raises(ValueError, match="exactly one"):
        ConversationFile.model_validate(file)


def test_the_command_writes_both_schemas_and_tells_when_one_is_stale(tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert run(app, ["flow", "schema", "--check", str(tmp_path)]).exit_code == 1
    assert run(app, ["flow", "schema", str(tmp_path)]).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == set(schema_files())
    assert run(app, ["flow", "schema", "--check", str(tmp_path)]).exit_code == 0
    (tmp_path / "flow.schema.json").write_text("{}")
    stale = run(app, ["flow", "schema", "--check", str(tmp_path)])
    assert stale.exit_code == 1
    assert "flow.schema.json is stale" in stale.output
