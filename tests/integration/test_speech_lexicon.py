"""Words added to a shipped model by spelling them: built by OpenFst, heard by libvosk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli import app
from ivr.commands.speech.lexicon_checks import alike_in_file
from ivr.commands.speech.transcribe import heard_in
from ivr.sound.espeak import find_engine, synthesise
from speech.lexicon.building import TOOLS, MissingToolError, plugin_folder, require
from speech.lexicon.extending import build
from speech.models import SHIPPED_DIR, Model, read_model, shipped_names
from speech.mulaw import encode

FILE = "# our own\ninvoice  IH N V OY S\nwarranty  W AO R AH N T IY\n"


def extendable() -> Model:
    """A shipped English model that says what it was trained with."""
    for name in shipped_names():
        model = read_model(SHIPPED_DIR / name)
        if model.language == "en" and model.card.core and model.card.phones:
            return model
    pytest.skip("no shipped English model says which phones it was trained with")


@pytest.fixture
def tools() -> None:
    try:
        require(TOOLS)
        plugin_folder()
    except MissingToolError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("tools")
def test_a_word_that_was_only_spelled_is_heard_and_another_word_is_not_taken_for_it(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None or (engine := find_engine()) is None:
        pytest.skip("espeak-ng is not installed")
    made = build(extendable(), {"warranty": ("W AO R AH N T IY",)}, "mine", tmp_path)
    assert "warranty" in made.vocabulary
    assert made.card.lexicon["warranty"] == ("W AO R AH N T IY",)

    def heard(said: str) -> list[str]:
        texts = []
        for voice in ("en-us", "en-gb", "en-us+m8"):
            pcm = bytes(6400) + synthesise(said, voice, "en", 140, engine=engine) + bytes(9600)
            pieces = heard_in(made.path, ["warranty", "yes", "no", "agent", "[unk]"], encode(pcm))
            texts.append(" ".join(word.text for piece in pieces if piece for word in piece[0].words))
        return texts

    assert heard("warranty").count("warranty") >= 2
    assert "warranty" not in heard("kitchen")
    assert heard("agent").count("agent") >= 2


@pytest.mark.usefixtures("tools")
def test_the_command_builds_a_model_once_and_again_only_when_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = extendable()
    (tmp_path / "words.txt").write_text(FILE)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    command = [
        "speech",
        "lexicon",
        "build",
        "--model",
        model.name,
        "--words",
        str(tmp_path / "words.txt"),
        "--name",
        "mine",
    ]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "2 words more (invoice, warranty)" in done.output
    assert "SPEECH_MODEL=" in done.output
    assert CliRunner().invoke(app, command).exit_code == 1
    assert CliRunner().invoke(app, [*command, "--force"]).exit_code == 0
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["mine"]
    card = json.loads((tmp_path / "models" / "mine" / "model.json").read_text())
    assert set(card["built_from"]["added"]) == {"invoice", "warranty"}


def test_a_file_is_checked_with_all_its_problems(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("invoice  IH N V OI S\nsales\nbuilt  B IH L T\nguilt  G IH L T\n")
    done = CliRunner().invoke(app, ["speech", "lexicon", "check", str(file), "--model", extendable().name, "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [problem["line"] for problem in found["problems"]] == [1, 2]
    assert ("built", "guilt") in {(pair["first"], pair["second"]) for pair in found["alike"]}


def test_a_word_of_the_file_is_compared_with_all_ways_to_say_a_word_of_the_model() -> None:
    found = alike_in_file({"yes": ("Y UW",), "yen": ("Y EH N",)}, {"yes": ("Y EH S",), "no": ("N OW",)})
    assert [(pair.first, pair.second, pair.first_said) for pair in found] == [("yes", "yen", "Y EH S")]
    assert alike_in_file({"umbrella": ("AH M B R EH L AH",)}, {"nine": ("N AY N",), "line": ("L AY N",)}) == []


def test_one_word_is_one_word(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("invoice  IH N V OY S\n")
    done = CliRunner().invoke(app, ["speech", "lexicon", "check", str(file), "--model", extendable().name])
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, f"{file}: 1 word")


def test_a_file_that_is_not_there_is_another_exit_status(tmp_path: Path) -> None:
    command = ["speech", "lexicon", "check", str(tmp_path / "none.txt"), "--model", extendable().name]
    assert CliRunner().invoke(app, command).exit_code == 2


def test_a_flow_that_is_given_as_a_word_file_is_told_how_to_give_it() -> None:
    done = CliRunner().invoke(app, ["speech", "lexicon", "check", "flows/examples/orders.yaml"])
    assert done.exit_code == 2
    assert "--flow flows/examples/orders.yaml" in " ".join(done.output.replace("│", " ").split())


def test_a_flow_is_told_what_sounds_alike_in_one_turn_and_which_words_are_not_known(tmp_path: Path) -> None:
    flow = tmp_path / "flow.yaml"
    source = Path("flows/examples/orders.yaml").read_text()
    flow.write_text(source.replace("call back", "zebra"))
    command = ["speech", "lexicon", "check", "--flow", str(flow), "--model", extendable().name, "--json"]
    found = json.loads(CliRunner().invoke(app, command).stdout)
    assert "zebra" in {unknown["word"] for unknown in found["unknown"]}
    assert "order" not in {unknown["word"] for unknown in found["unknown"]}
