"""Where models are found, and which are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from speech.errors import SpeechError
from speech.models import (
    FST_MAGIC,
    KALDI_MAGIC,
    SHIPPED_DIR,
    Model,
    ModelNotFoundError,
    ModelUnusableError,
    find_model,
    find_models,
    fits_in_memory,
    installed_names,
    models_that_fit,
)


def make_model(
    path: Path, *, rate: str = "8000", lookahead: bool = True, words: str = "<eps> 0\nyes 1\n#0 2\n", card: str = ""
) -> Path:
    for folder in ("am", "conf", "graph"):
        (path / folder).mkdir(parents=True)
    (path / "am" / "final.mdl").write_bytes(KALDI_MAGIC + b"a network")
    (path / "conf" / "mfcc.conf").write_text(f"# features\n--use-energy=false\n--sample-frequency={rate}  # Hz\n")
    (path / "conf" / "model.conf").write_text("--beam=13\n")
    for name in ("HCLr.fst", "Gr.fst") if lookahead else ("HCLG.fst",):
        (path / "graph" / name).write_bytes(FST_MAGIC + b"a graph")
    (path / "graph" / "words.txt").write_text(words)
    if card:
        (path / "model.json").write_text(card)
    return path


def test_a_model_is_found_in_the_data_folder_and_by_path(tmp_path: Path) -> None:
    made = make_model(tmp_path / "models" / "mine")
    by_name, by_path = find_model("mine", tmp_path), find_model(str(made), tmp_path / "elsewhere")
    assert by_name == by_path
    assert (by_name.name, by_name.rate_hz, by_name.vocabulary) == ("mine", 8000, frozenset({"yes"}))
    assert installed_names(tmp_path) == ["mine"]


def test_symbols_are_no_words_that_somebody_says(tmp_path: Path) -> None:
    make_model(tmp_path / "models" / "mine", words="<eps> 0\nyes 1\n[unk] 2\na 3\n#0 4\n")
    model = find_model("mine", tmp_path)
    assert (model.vocabulary, model.words) == ({"yes", "a", "[unk]"}, ["a", "yes"])


def test_a_missing_model_says_where_it_was_looked_for_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no speech model 'nope'") as caught:
        find_model("nope", tmp_path)
    assert str(tmp_path / "models" / "nope") in str(caught.value)
    assert "SPEECH_MODEL" in str(caught.value)


@pytest.mark.parametrize("name", [".", "..", "../lexicon", "telephone-en/graph"])
def test_a_path_is_not_looked_for_among_the_shipped_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ModelNotFoundError, ModelUnusableError)) as caught:
        find_model(name, tmp_path / "data")
    assert str(SHIPPED_DIR) not in str(caught.value)


@pytest.mark.parametrize("name", ["x" * 5000, "nul\0byte"])
def test_a_name_that_no_file_can_have_is_no_model(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelNotFoundError):
        find_model(name, tmp_path)


def test_no_name_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="SPEECH_MODEL"):
        find_model(" ", tmp_path)


def test_a_static_graph_is_refused_since_it_would_ignore_the_phrase_list(tmp_path: Path) -> None:
    make_model(tmp_path / "models" / "static", lookahead=False)
    with pytest.raises(ModelUnusableError, match=r"static graph .*HCLr\.fst.*lgraph"):
        find_model("static", tmp_path)


def test_a_folder_that_is_no_model_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    album = tmp_path / "models" / "album"
    album.mkdir(parents=True)
    with pytest.raises(ModelUnusableError, match="is empty"):
        find_model("album", tmp_path)
    (album / "beach.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ModelUnusableError, match=r"is no speech model: .*beach\.jpg"):
        find_model("album", tmp_path)


def test_the_oldest_layout_is_named_as_such(tmp_path: Path) -> None:
    old = tmp_path / "models" / "old"
    old.mkdir(parents=True)
    (old / "final.mdl").write_bytes(KALDI_MAGIC)
    with pytest.raises(ModelUnusableError, match="oldest layout"):
        find_model("old", tmp_path)


def test_all_that_is_broken_in_a_model_is_told_at_once(tmp_path: Path) -> None:
    made = make_model(tmp_path / "models" / "broken")
    (made / "am" / "final.mdl").write_bytes(b"")
    (made / "graph" / "Gr.fst").write_bytes(b"<html>")
    (made / "graph" / "words.txt").unlink()
    with pytest.raises(ModelUnusableError) as caught:
        find_model("broken", tmp_path)
    message = str(caught.value)
    for said in ("am/final.mdl is empty", "graph/Gr.fst is not what its name says", "graph/words.txt is missing"):
        assert said in message
    assert "HCLr" not in message


@pytest.mark.parametrize(("rate", "rate_hz"), [("16000", 16000), ("16000.0", 16000), ("8000", 8000)])
def test_the_rate_is_read_from_the_model(tmp_path: Path, rate: str, rate_hz: int) -> None:
    make_model(tmp_path / "models" / "wide", rate=rate)
    assert find_model("wide", tmp_path).rate_hz == rate_hz


def test_without_a_rate_it_is_the_default_of_kaldi(tmp_path: Path) -> None:
    made = make_model(tmp_path / "models" / "plain")
    (made / "conf" / "mfcc.conf").write_text("--use-energy=false\n")
    assert find_model("plain", tmp_path).rate_hz == 16000


@pytest.mark.parametrize(("rate", "said"), [("fast", "'fast'"), ("inf", "'inf'"), ("4000", "4000 Hz")])
def test_a_rate_that_cannot_be_used_is_named(tmp_path: Path, rate: str, said: str) -> None:
    make_model(tmp_path / "models" / "odd", rate=rate)
    with pytest.raises(ModelUnusableError, match=said):
        find_model("odd", tmp_path)


def test_a_model_without_words_is_refused(tmp_path: Path) -> None:
    make_model(tmp_path / "models" / "mute", words="<eps> 0\n#0 1\n")
    with pytest.raises(ModelUnusableError, match="knows no words"):
        find_model("mute", tmp_path)


def test_the_language_is_in_the_card_or_in_the_name_or_unknown(tmp_path: Path) -> None:
    make_model(tmp_path / "models" / "mine-en", card='{"language": "ar"}')
    make_model(tmp_path / "models" / "vosk-model-small-fa-0.5")
    make_model(tmp_path / "models" / "mine")
    names = ("mine-en", "vosk-model-small-fa-0.5", "mine", "telephone-en")
    assert [find_model(name, tmp_path).language for name in names] == ["ar", "fa", None, "en"]


def test_a_card_is_read_and_keys_that_are_not_known_are_passed_over(tmp_path: Path) -> None:
    card = '{"labels": {"zero": "صفر"}, "lexicon": {"صفر": ["S I F R"]}, "doubt": {"slope": 2.5}, "colour": "blue"}'
    make_model(tmp_path / "models" / "mine", card=card)
    read = find_model("mine", tmp_path).card
    assert (read.labels, read.lexicon, read.doubt) == ({"zero": "صفر"}, {"صفر": ("S I F R",)}, {"slope": 2.5})


@pytest.mark.parametrize(
    ("card", "said"),
    [("{", "no JSON object"), ("[]", r"model\.json is no card"), ('{"labels": {"zero": 0}}', r"str.*int.*labels")],
)
def test_a_card_that_cannot_be_read_is_refused(tmp_path: Path, card: str, said: str) -> None:
    make_model(tmp_path / "models" / "mine", card=card)
    with pytest.raises(ModelUnusableError, match=said):
        find_model("mine", tmp_path)


def test_of_several_models_the_first_of_a_language_wins(tmp_path: Path) -> None:
    make_model(tmp_path / "models" / "first-ar")
    make_model(tmp_path / "models" / "second-ar")
    found = find_models(["first-ar", "telephone-en", "second-ar"], tmp_path)
    assert [model.name for model in found] == ["first-ar", "telephone-en"]
    assert find_models([], tmp_path) == ()


def test_what_is_wrong_with_several_models_is_told_at_once(tmp_path: Path) -> None:
    make_model(tmp_path / "models" / "static", lookahead=False)
    with pytest.raises(SpeechError) as caught:
        find_models(["nope", "telephone-en", "static"], tmp_path)
    assert "'nope'" in str(caught.value)
    assert "static graph" in str(caught.value)
    with pytest.raises(ModelNotFoundError):
        find_models(["nope", "neither"], tmp_path)


def sized(name: str, resident_bytes: int) -> Model:
    path = Path(name)
    return Model(
        name=name, language="en", path=path, rate_hz=8000, vocabulary=frozenset(), resident_bytes=resident_bytes
    )


def test_models_are_loaded_as_memory_allows_and_the_first_named_come_first() -> None:
    first, large, last = sized("first", 60), sized("large", 50), sized("last", 40)
    assert models_that_fit([first, large, last], 100) == ((first, last), (large,))
    assert models_that_fit([first, large, last], 59) == ((large,), (first, last))
    assert models_that_fit([first, large, last], None) == ((first, large, last), ())
    assert fits_in_memory(first, 60)
    assert not fits_in_memory(first, 59)


def test_a_larger_model_is_thought_to_take_more_memory(tmp_path: Path) -> None:
    small, large = make_model(tmp_path / "models" / "small"), make_model(tmp_path / "models" / "large")
    (large / "am" / "final.mdl").write_bytes(KALDI_MAGIC + bytes(1000))
    resident = [find_model(path.name, tmp_path).resident_bytes for path in (small, large)]
    assert resident[1] - resident[0] >= 1000 - len(b"a network")
