"""The vocabulary and the numbering of states."""

from speech.training import lexicon, other_words


def test_every_phone_of_every_word_has_a_number_of_states():
    used = {phone for phones in lexicon.LEXICON.values() for phone in phones}
    assert used <= set(lexicon.PHONE_STATES)


def test_the_words_a_call_cannot_do_without_are_there():
    needed = "zero one two three four five six seven eight nine yes no agent operator person help repeat back"
    assert set(needed.split()) <= set(lexicon.WORDS)


def test_no_two_words_sound_the_same():
    assert len(set(lexicon.LEXICON.values())) == len(lexicon.LEXICON)


def test_outputs_are_numbered_without_gaps_and_each_belongs_to_one_unit():
    units = lexicon.build_units()
    numbered = [state for name in units.names for state in units.states(name)]
    assert numbered == list(range(units.state_count))


def test_the_same_phone_shares_its_rows_between_words():
    units = lexicon.build_units()
    no, go = units.states("no"), units.states("go")
    assert [units.phone_of_state[s] for s in no[1:]] == [units.phone_of_state[s] for s in go[1:]]
    assert units.phone_of_state[no[0]] != units.phone_of_state[go[0]]


def test_a_word_with_the_same_phone_twice_uses_its_row_twice():
    units = lexicon.build_units({"nine": ("N", "AY", "N")})
    first, *_, last = units.states("nine")
    assert units.phone_of_state[first] == units.phone_of_state[last]


def test_words_outside_the_vocabulary_are_outside_it_and_the_held_out_ones_are_never_trained():
    assert not set(other_words.TRAINED) & set(lexicon.WORDS)
    assert not set(other_words.HELD_OUT) & set(lexicon.WORDS)
    assert not set(other_words.HELD_OUT) & set(other_words.TRAINED)
