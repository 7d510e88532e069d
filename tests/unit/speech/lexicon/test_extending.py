"""Which words a model gets, and which models take none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from speech.install import InstallError
from speech.lexicon.extending import NotExtendableError, build, extended, model_units, pronunciations_of
from speech.lexicon.units import build_units, phones_of, units_of
from speech.model_card import Card
from speech.models import Model

CARD = Card(
    language="en",
    core={"yes": ("Y EH S",), "no": ("N OW",)},
    phones=tuple(phones_of("en")),
    lexicon={"sales": ("S EY L Z",)},
)


def model(card: Card = CARD, path: Path = Path("nowhere")) -> Model:
    return Model(
        name="base", language="en", path=path, rate_hz=8000, vocabulary=frozenset({"yes", "no", "sales"}), card=card
    )


def test_units_are_those_of_the_card_and_not_of_the_present_tables() -> None:
    units = model_units(model())
    assert list(units.words) == ["yes", "no"]
    assert units.state_count < build_units("en").state_count
    assert units == units_of(CARD.core, CARD.phones, "en")


@pytest.mark.parametrize("card", [Card(language="en"), Card(core=CARD.core, phones=CARD.phones)])
def test_a_model_that_does_not_say_what_it_was_trained_with_takes_no_words(card: Card) -> None:
    with pytest.raises(NotExtendableError, match="words cannot be added"):
        model_units(model(card))


def test_a_phone_that_this_version_does_not_have_is_named() -> None:
    with pytest.raises(NotExtendableError, match="'XX'"):
        model_units(model(Card(language="en", core=CARD.core, phones=("XX",))))


def test_words_are_added_and_known_ones_get_another_pronunciation() -> None:
    lexicon, added = extended(
        model(), {"invoice": ("IH N V OY S",), "sales": ("S EY L Z", "S EY L S"), "yes": ("Y EH S",), "no": ("N AO",)}
    )
    assert lexicon == {"sales": ("S EY L Z", "S EY L S"), "invoice": ("IH N V OY S",), "no": ("N AO",)}
    assert added == ["invoice", "sales", "no"]


def test_a_word_keeps_the_models_own_spelling() -> None:
    card = Card(language="ar", core={"أربعة": ("GS A R B A AYN A",)}, phones=tuple(phones_of("ar")))
    arabic = Model(name="ar", language="ar", path=Path(), rate_hz=8000, vocabulary=frozenset(), card=card)
    lexicon, added = extended(arabic, {"اربعه": ("A R B A AYN A",)})
    assert (list(lexicon), added) == (["أربعة"], ["أربعة"])
    assert pronunciations_of(card)["أربعة"] == ("GS A R B A AYN A",)


def test_nothing_new_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(NotExtendableError, match="all of these words already"):
        build(model(), {"sales": ("S EY L Z",)}, "mine", tmp_path)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden"])
def test_what_is_no_name_of_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="no name of a model"):
        build(model(), {"invoice": ("IH N V OY S",)}, name, tmp_path)


def test_the_name_of_a_shipped_model_is_refused_as_nobody_would_find_the_new_one(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="came with this installation"):
        build(model(), {"invoice": ("IH N V OY S",)}, "telephone-en", tmp_path, force=True)


def test_a_model_that_was_not_built_in_this_way_is_never_replaced(tmp_path: Path) -> None:
    there = tmp_path / "models" / "mine"
    there.mkdir(parents=True)
    (there / "model.json").write_text(json.dumps({"language": "en"}))
    with pytest.raises(InstallError, match="there already"):
        build(model(), {"invoice": ("IH N V OY S",)}, "mine", tmp_path)
    with pytest.raises(InstallError, match="left alone"):
        build(model(), {"invoice": ("IH N V OY S",)}, "mine", tmp_path, force=True)
    assert (there / "model.json").is_file()
