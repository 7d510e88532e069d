"""The words of each language, the numbering of outputs, and the decoder's forms of the phones."""

import pytest

from speech.digits import DIGIT_WORDS
from speech.lexicon.decoder_phones import decoder_phones
from speech.lexicon.phones import PHONES
from speech.lexicon.units import ROWS, WORD_TABLES, build_units, phones_of
from speech.training import other_words

LANGUAGES = sorted(WORD_TABLES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phone_of_every_word_is_in_the_inventory(language):
    table = WORD_TABLES[language]
    used = {p for words in (table.CORE, table.MENU) for said in words.values() for p in " ".join(said).split()}
    assert used <= set(PHONES)
    assert used <= set(phones_of(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_in_the_core_and_in_the_menu(language):
    assert not set(WORD_TABLES[language].CORE) & set(WORD_TABLES[language].MENU)


def test_the_english_words_a_call_cannot_do_without_are_core_words():
    needed = "zero one two three four five six seven eight nine oh double yes no agent operator person help repeat back"
    assert set(needed.split()) <= set(WORD_TABLES["en"].CORE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_digit_can_be_said(language):
    table = WORD_TABLES[language]
    sayable = {d for word, d in DIGIT_WORDS[language].items() if word in table.CORE or word in table.MENU}
    assert sayable == set("0123456789")


@pytest.mark.parametrize("language", LANGUAGES)
def test_outputs_are_numbered_without_gaps_and_each_belongs_to_one_unit(language):
    units = build_units(language)
    assert [state for unit in units.units for state in unit.states] == list(range(units.state_count))
    assert all(0 <= row < len(ROWS) for unit in units.units for row in unit.rows)


def test_the_same_phone_shares_its_rows_between_words_and_languages():
    english, arabic = build_units("en"), build_units("ar")
    assert english.by_name["no"].rows[1:] == english.by_name["/OW/"].rows
    assert english.by_name["/N/"].rows == arabic.by_name["/N/"].rows


def test_a_word_that_is_no_core_word_is_a_row_of_phone_units():
    units = build_units("en")
    assert [unit.name for unit in units.phones("K AO L")] == ["/K/", "/AO/", "/L/"]
    with pytest.raises(KeyError):
        units.phones("K QQ L")


def test_a_word_with_two_pronunciations_has_a_unit_for_each():
    units = build_units("fa")
    assert [unit.name for unit in units.words["نه"]] == ["نه", "نه(2)"]


def test_phones_have_four_forms_that_share_their_outputs():
    units = build_units("en")
    phones = decoder_phones(units)
    unit = units.by_name["/K/"]
    forms = [form for form in phones.forms if form.name == unit.name]
    assert [form.kind for form in forms] == ["begin", "internal", "end", "singleton"]
    assert len({form.states for form in forms}) == 4
    kinds = [form.kind for form in phones.spelled(units.phones("S T EY"))]
    assert kinds == ["begin", "internal", "end"]
    assert [form.kind for form in phones.spelled(units.phones("AH"))] == ["singleton"]
    assert phones.whole(units.by_name["SIL"]).kind == "nonword"


def test_words_outside_the_vocabulary_are_outside_it_and_the_held_out_ones_are_never_trained():
    table = WORD_TABLES["en"]
    assert not set(other_words.HELD_OUT) & {*table.CORE, *table.MENU}
    assert not set(other_words.HELD_OUT) & set(other_words.TRAINED)
