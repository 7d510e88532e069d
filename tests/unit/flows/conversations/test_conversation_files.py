"""Finding, reading and adding to files of conversations."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.conversations.files import find_suites, load_suite, save_conversation
from flows.conversations.model import Conversation
from flows.problems import FlowError

ORDERS = Path(__file__).resolve().parents[4] / "flows" / "examples" / "orders.yaml"
SUITE = "# mine\nflow: {flow}\nconversations:\n  - name: one\n    steps: [{{hangs_up: true}}]  # at once\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orders.yaml").write_bytes(ORDERS.read_bytes())
    (tmp_path / "orders.csv").write_bytes(ORDERS.with_suffix(".csv").read_bytes())
    (tmp_path / "orders.test.yaml").write_text(SUITE.format(flow="orders.yaml"))
    (tmp_path / "more.test.yaml").write_text(SUITE.format(flow="orders.yaml"))
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "far.test.yaml").write_text(SUITE.format(flow="../orders.yaml"))
    (tmp_path / "other.test.yaml").write_text(SUITE.format(flow="other.yaml"))
    return tmp_path


def made(name: str) -> Conversation:
    return Conversation.model_validate({"name": name, "steps": [{"presses": "2"}, {"expect": {"prompt": "nine"}}]})


def test_a_flow_means_the_conversations_beside_it_that_are_about_it(folder: Path) -> None:
    assert [path.name for path in find_suites([folder / "orders.yaml"])] == ["more.test.yaml", "orders.test.yaml"]


def test_a_folder_means_all_inside_and_nothing_is_found_twice(folder: Path) -> None:
    names = [path.name for path in find_suites([folder, folder / "more.test.yaml"])]
    assert names == ["far.test.yaml", "more.test.yaml", "orders.test.yaml", "other.test.yaml"]


def test_in_a_folder_the_files_of_other_tools_and_hidden_folders_are_left_alone(folder: Path) -> None:
    (folder / "tool.test.yaml").write_text("tests: [a]\n")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "theirs.test.yaml").write_text(SUITE.format(flow="orders.yaml"))
    assert len(find_suites([folder])) == 4


def test_conversations_that_cannot_be_read_belong_to_the_flow_that_they_are_called_like(folder: Path) -> None:
    (folder / "orders.test.yaml").write_text("flow: [")
    assert folder / "orders.test.yaml" in find_suites([folder / "orders.yaml"])


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere", "no such file"), ("empty", "holds no conversations"), ("lonely.yaml", "write lonely.test.yaml")],
)
def test_a_path_without_conversations_is_a_problem(folder: Path, name: str, message: str) -> None:
    (folder / "empty").mkdir()
    (folder / "lonely.yaml").write_bytes(ORDERS.read_bytes())
    with pytest.raises(FlowError, match=message):
        find_suites([folder / name])


def test_a_suite_has_its_flow(folder: Path) -> None:
    suite = load_suite(folder / "inside" / "far.test.yaml")
    assert suite.flow.name == "orders"
    assert suite.flow_path == folder / "orders.yaml"
    with pytest.raises(FlowError, match=r"other\.yaml"):
        load_suite(folder / "other.test.yaml")


def test_a_new_conversation_is_written_behind_the_others_and_their_comments_stay(folder: Path) -> None:
    path = folder / "orders.test.yaml"
    assert save_conversation(path, "orders.yaml", made) == "talk 1"
    assert save_conversation(path, "orders.yaml", made) == "talk 2"
    text = path.read_text()
    assert text.startswith("# mine\n")
    assert "# at once" in text
    assert [conversation.name for conversation in load_suite(path).conversations] == ["one", "talk 1", "talk 2"]


def test_a_new_file_is_made_where_there_is_none(folder: Path) -> None:
    save_conversation(folder / "new.test.yaml", "orders.yaml", made)
    assert load_suite(folder / "new.test.yaml").conversations == (made("talk 1"),)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("talk.yaml", None, r"must be called NAME\.test\.yaml"),
        ("other.test.yaml", None, "is about other.yaml, not about orders.yaml"),
        ("inline.test.yaml", "{flow: orders.yaml, conversations: [{name: a, steps: [{hangs_up: true}]}]}", "."),
        ("wide.test.yaml", "conversations:\n- name: a\n  steps: [{hangs_up: true}]\nflow: orders.yaml\n", "."),
    ],
)
def test_a_file_that_nothing_can_be_added_to_stays_as_it_is(
    folder: Path, name: str, content: str | None, message: str
) -> None:
    path = folder / name
    if content is not None:
        path.write_text(content)
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(FlowError, match=message):
        save_conversation(path, "orders.yaml", made)
    assert (path.read_bytes() if path.exists() else None) == before
