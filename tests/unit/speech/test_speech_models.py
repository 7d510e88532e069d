"""Where models are found, and which are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from speech.models import ModelNotFoundError, ModelUnusableError, find_model


def make_model(
    path: Path, *, rate: str = "8000", lookahead: bool = True, words: str = "<eps> 0\nyes 1\n#0 2\n"
) -> Path:
    (path / "conf").mkdir(parents=True)
    (path / "graph").mkdir()
    (path / "conf" / "mfcc.conf").write_text(f"# features\n--use-energy=false\n--sample-frequency={rate}  # Hz\n")
    for name in ("HCLr.fst", "Gr.fst") if lookahead else ("HCLG.fst",):
        (path / "graph" / name).write_bytes(b"")
    (path / "graph" / "words.txt").write_text(words)
    return path


def test_a_model_is_found_in_the_data_folder_and_by_path(tmp_path: Path) -> None:
    made = make_model(tmp_path / "models" / "mine")
    by_name, by_path = find_model("mine", tmp_path), find_model(str(made), tmp_path / "elsewhere")
    assert by_name == by_path
    assert (by_name.name, by_name.rate_hz, by_name.vocabulary) == ("mine", 8000, frozenset({"yes"}))


def test_a_missing_model_says_where_it_was_looked_for_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no speech model 'nope'") as caught:
        find_model("nope", tmp_path)
    assert str(tmp_path / "models" / "nope") in str(caught.value)
    assert "SPEECH_MODEL" in str(caught.value)


def test_no_name_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="SPEECH_MODEL"):
        find_model(" ", tmp_path)


def test_a_static_graph_is_refused_since_it_would_ignore_the_phrase_list(tmp_path: Path) -> None:
    make_model(tmp_path / "models" / "static", lookahead=False)
    with pytest.raises(ModelUnusableError, match=r"HCLr\.fst"):
        find_model("static", tmp_path)


@pytest.mark.parametrize("rate", ["16000", "16000.0"])
def test_a_16_khz_model_is_refused_until_we_resample(tmp_path: Path, rate: str) -> None:
    make_model(tmp_path / "models" / "wide", rate=rate)
    with pytest.raises(ModelUnusableError, match="not supported yet"):
        find_model("wide", tmp_path)


def test_a_rate_that_is_no_number_is_named(tmp_path: Path) -> None:
    make_model(tmp_path / "models" / "odd", rate="fast")
    with pytest.raises(ModelUnusableError, match="'fast'"):
        find_model("odd", tmp_path)


def test_a_model_without_its_word_list_is_refused(tmp_path: Path) -> None:
    made = make_model(tmp_path / "models" / "bare")
    (made / "graph" / "words.txt").unlink()
    with pytest.raises(ModelUnusableError, match=r"words\.txt"):
        find_model("bare", tmp_path)


def test_the_language_is_in_the_card_or_in_the_name_or_unknown(tmp_path: Path) -> None:
    by_card = make_model(tmp_path / "models" / "mine-en")
    (by_card / "model.json").write_text('{"language": "ar"}')
    make_model(tmp_path / "models" / "vosk-model-small-fa-0.5")
    make_model(tmp_path / "models" / "mine")
    names = ("mine-en", "vosk-model-small-fa-0.5", "mine", "telephone-en")
    assert [find_model(name, tmp_path).language for name in names] == ["ar", "fa", None, "en"]


def test_a_card_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (make_model(tmp_path / "models" / "mine") / "model.json").write_text("[")
    with pytest.raises(ModelUnusableError, match="no JSON object"):
        find_model("mine", tmp_path)
