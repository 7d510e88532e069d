"""The guide is true: its flows are checked, proved and played as they stand there."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from typer.main import get_command

from flows.conversations.model import Circumstances, ConversationFile, Step
from flows.conversations.player import Call, play
from flows.loader import parse_flow, read_tree
from flows.model import Flow
from flows.prove import prove
from ivr.cli import app
from ivr.settings import Settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = DOCS / "flows.md"
DOCUMENTS = (*sorted(DOCS.rglob("*.md")), DOCS.parent / "README.md", DOCS.parent / "CHANGELOG.md")
# Variables that are not ours.
NO_SETTINGS = ("SSL_CERT_FILE", "GLIBC_TUNABLES")
# Words of a flow whose entries are added one by one; a block that has others replaces them.
GROWING = ("nodes", "subflows", "hours")
# The order that the guide asks for, as its orders.csv has it.
STATE, DAY = re.findall(r"^    1234,(.+),(.+)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)[0]
LOOKUPS = {"find_order": {"found": {"order_state": STATE, "order_day": DAY}}}
DOINGS: dict[str, Callable[[re.Match[str]], dict[str, Any]]] = {
    r"press ([0-9*#]+)": lambda found: {"presses": found[1]},
    r"say (.+)": lambda found: {"says": found[1]},
    r"stay silent": lambda _: {"stays_silent": True},
}


def blocks() -> Iterator[tuple[int, str, str]]:
    """Each fenced block of the guide: its line, its language, its content."""
    source = GUIDE.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", source, re.MULTILINE | re.DOTALL):
        yield source.count("\n", 0, found.start()) + 1, found[1], found[2]


def stages() -> Iterator[tuple[int, str, dict[str, Any], str]]:
    """Each block with the whole flow as it is by then: a block without `zerohold` is added to the one before."""
    tree: dict[str, Any] = {}
    for line, language, content in blocks():
        if language == "yaml":
            given = read_tree(content.encode(), f"{GUIDE.name}:{line}")[1]
            if "zerohold" in given:
                tree = given
            elif "flow" not in given:
                grown = {word: {**tree.get(word, {}), **given[word]} for word in GROWING if word in given}
                tree = {**tree, **given, **grown}
        yield line, language, tree, content


def flow_of(tree: dict[str, Any]) -> Flow:
    return parse_flow(json.dumps(tree).encode(), GUIDE.name)


STAGES = list(stages())
FLOWS = [pytest.param(tree, id=f"line {line}") for line, language, tree, text in STAGES if language == "yaml"]
CALLS = [pytest.param(tree, text, id=f"line {line}") for line, language, tree, text in STAGES if language == "text"]
TESTS = [pytest.param(tree, text, id=f"line {line}") for line, _, tree, text in STAGES if "\nconversations:" in text]


def heard_in(tree: dict[str, Any], text: str) -> tuple[list[str], list[str]]:
    """What the guide says that the line says, and what it says."""
    written, heard = [], []
    at = re.search(r"^CALL: (.+)$", text, re.MULTILINE)
    given = Circumstances.model_validate(
        {"lookups": LOOKUPS, **({"at": dt.datetime.fromisoformat(at[1])} if at else {})}
    )
    call = Call(flow_of(tree), given)
    for who, words in re.findall(r"^(LINE|YOU): (.+(?:\n  .+)*)", text, re.MULTILINE):
        if who == "LINE":
            written.append(" ".join(words.split()))
            heard.append(" ".join(" ".join(call.heard).split()))
        else:
            (step,) = [make(found) for pattern, make in DOINGS.items() if (found := re.fullmatch(pattern, words))]
            call.do(Step.model_validate(step))
    return written, heard


@pytest.mark.parametrize("tree", FLOWS)
def test_each_flow_of_the_guide_is_without_errors_and_proved(tree: dict[str, Any]) -> None:
    assert prove(flow_of(tree)).failures == ()


@pytest.mark.parametrize(("tree", "text"), CALLS)
def test_each_call_of_the_guide_is_heard_as_it_is_written(tree: dict[str, Any], text: str) -> None:
    written, heard = heard_in(tree, text)
    assert written
    assert written == heard


@pytest.mark.parametrize(("tree", "text"), TESTS)
def test_each_conversation_of_the_guide_passes(tree: dict[str, Any], text: str) -> None:
    file = TypeAdapter(ConversationFile).validate_python(read_tree(text.encode(), GUIDE.name)[1])
    for conversation in file.conversations:
        assert play(flow_of(tree), conversation).failure is None


def test_the_guide_has_flows_calls_and_conversations() -> None:
    assert len(FLOWS) > 10
    assert len(CALLS) > 5
    assert len(TESTS) == 1


def test_every_link_of_the_documents_leads_to_a_file_and_a_heading() -> None:
    broken = []
    for path in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text(encoding="utf-8")):
            name, _, anchor = target.partition("#")
            file = (path.parent / name).resolve() if name else path
            headings = _headings(file) if file.suffix == ".md" and file.exists() else set()
            if not file.exists() or (anchor and anchor not in headings):
                broken.append(f"{path.name}: {target}")
    assert broken == []


def test_every_command_in_the_documents_exists_with_its_options() -> None:
    wrong = []
    for path in DOCUMENTS:
        told = ((named, _wrong_with(named)) for named in _commands_in(path))
        wrong += [f"{path.name}: {named}: {why}" for named, why in told if why]
    assert wrong == []


def test_a_command_or_an_option_that_does_not_exist_is_found() -> None:
    assert _wrong_with("ivr callbacks list --open") is None
    assert _wrong_with("ivr callbacks forget ID") == "no command forget"
    assert _wrong_with("ivr agents add desk --phone +442079460100") == "no option --phone"


def test_every_setting_in_the_documents_exists_and_every_setting_is_in_the_example() -> None:
    known = {name.upper() for name in Settings.model_fields}
    named = {
        (path.name, word)
        for path in DOCUMENTS
        for word in re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b", path.read_text(encoding="utf-8"))
    }
    assert {(name, word) for name, word in named if word not in {*known, *NO_SETTINGS}} == set()
    example = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (DOCS.parent / ".env.example").read_text(encoding="utf-8"), re.M)
    # That one is set by whoever puts another carrier in the vendor's place.
    assert sorted(example) == sorted(known - {"TWILIO_API_URL"})


def test_the_queue_that_the_guide_to_callbacks_shows_is_that_of_the_shop() -> None:
    (shown,) = re.findall(r"^```yaml\n(.*?)^```$", (DOCS / "callbacks.md").read_text(encoding="utf-8"), re.M | re.S)
    assert shown in (DOCS.parent / "flows" / "examples" / "shop" / "shop.yaml").read_text(encoding="utf-8")


def _commands_in(path: Path) -> Iterator[str]:
    """Each `ivr ...` in backticks or in a block, without comments and what is in brackets."""
    text = path.read_text(encoding="utf-8")
    for quoted, line in re.findall(r"`(ivr [^`]+)`|^ {4}(?:\.venv/bin/)?(ivr .+)$", text, re.MULTILINE):
        yield " ".join(re.split(r"\s#", quoted or line)[0].replace("[", " ").replace("]", " ").split())


@cache
def _ivr() -> Any:
    return get_command(app)


def _wrong_with(named: str) -> str | None:
    """What of a command line there is not."""
    command = _ivr()
    words = named.split()[1:]
    while words and hasattr(command, "commands"):
        names = words.pop(0).rstrip(",;:.").split("|")
        unknown = [name for name in names if name not in command.commands]
        if unknown:
            return f"no command {', '.join(unknown)}"
        command = command.commands[names[0]]
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    wanted = (word.partition("=")[0] for word in words if word.startswith("--"))
    return next((f"no option {name}" for name in wanted if name not in options), None)


def _headings(path: Path) -> set[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in lines if line.startswith("#")
    }
