"""What synthetic speakers say, and how a voice of another language is made to say it."""

import random

import pytest

from flows.messages import ar, fa
from speech.lexicon import arabic
from speech.training import speakers, voices_accents, voices_arabic, voices_persian
from speech.training.voices_language import Language, Word, digit_string, parse_words, texts

TABLES = {"ar": voices_arabic.language(), "fa": voices_persian.language()}


def draws(seed: int) -> random.Random:
    """Return reproducible draws."""
    return random.Random(seed)  # noqa: S311 - not secrets


def letters_of(word: str) -> str:
    """Leave out the marks that writers leave out."""
    return "".join(c for c in word if c not in "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652")


@pytest.mark.parametrize(("code", "messages"), [("ar", ar), ("fa", fa)])
def test_every_word_that_callers_may_say_to_the_engine_is_in_the_table(code, messages):
    said = {*messages.YES, *messages.NO, *messages.KEY_NAMES, *messages.KEY_VARIANTS.get("2", ())}
    said |= {p for table in (messages.UNIVERSAL, messages.CHOICES) for phrases in table.values() for p in phrases}
    said |= {p for phrases in messages.KEY_VARIANTS.values() for p in phrases} | {messages.LANGUAGE_NAME}
    table = TABLES[code]
    known = {word.text for word in (*table.core, *table.menu)}
    assert {letters_of(word) for phrase in said for word in phrase.split()} <= known


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_every_phone_of_every_word_can_be_said_by_every_voice(table):
    phones = {
        p.removeprefix("ˈ") for w in (*table.core, *table.menu, *table.trained, *table.held_out) for p in w.phones
    }
    assert phones <= set(voices_accents.ESPEAK)
    for name in table.festival:
        assert phones <= set(voices_accents.FESTIVAL[name].phones), name


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_each_word_has_one_stressed_vowel(table):
    for word in (*table.core, *table.menu, *table.trained, *table.held_out):
        marked = [p.removeprefix("ˈ") for p in word.phones if p.startswith("ˈ")]
        assert len(marked) == 1, word
        assert marked[0] in voices_accents.VOWELS, word


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_words_kept_for_rejection_are_said_by_held_out_voices_only(table):
    kept = {word.text for word in table.held_out}
    known = {word.text for word in (*table.core, *table.menu, *table.trained)}
    assert not kept & known

    def said(*, held_out: bool) -> set[str]:
        drawn = texts(draws(0), table, "native", held_out=held_out)
        return {text[0].text for text, _ in drawn if len(text) == 1}

    assert not said(held_out=False) & kept
    assert said(held_out=True) >= kept


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_no_two_takes_of_a_voice_have_one_name(table):
    for kind in table.amounts:
        names = [("_".join(w.text for w in text), take) for text, take in texts(draws(1), table, kind, held_out=False)]
        assert len(names) == len(set(names))


def test_each_kind_of_foreign_voice_has_one_that_is_held_out():
    for table in TABLES.values():
        assert any(speakers.is_development(f"espeak-{code}+m1") for code in table.foreign)
        assert not all(speakers.is_development(f"espeak-{code}+m1") for code in table.foreign)
        assert any(speakers.is_development(f"festival-{name}") for name in table.festival)


def test_the_labels_of_the_arabic_recordings_are_words_of_the_table():
    known = {word.text for word in (*TABLES["ar"].core, *TABLES["ar"].menu)}
    assert len(arabic.LABELS) == 40
    assert set(arabic.LABELS.values()) <= known


def test_a_text_with_two_pronunciations_gets_two_tags():
    first, second = parse_words("نه | n o h\nنه | n æ", voices_persian.stressed)
    assert (first.tag, second.tag) == ("", "v1")
    assert second.phones == ("n", "ˈæ")


def test_a_line_without_phones_is_refused():
    with pytest.raises(ValueError, match="نه"):
        parse_words("نه |", voices_persian.stressed)


@pytest.mark.parametrize(
    ("phones", "stressed"),
    [
        ("k i t aː b", "k i t ˈaː b"),
        ("x a m s a", "x ˈa m s a"),
        ("m a d r a s a", "m ˈa d r a s a"),
        ("m u w a ðˤ ðˤ a f", "m u w ˈa ðˤ ðˤ a f"),
        ("l aː", "l ˈaː"),
    ],
)
def test_arabic_stress_follows_the_weight_of_syllables(phones, stressed):
    assert " ".join(voices_arabic.stressed(tuple(phones.split()))) == stressed


def test_strings_repeat_digits_and_put_double_before_a_digit():
    one, two, double = (Word(text, text, ("ˈa",)) for text in ("one", "two", "double"))
    language = Language(
        *("en", (), (), (), (), (one, two), (), (), (), {}, 1, 1),
        repeaters=(double,),
        string_lengths=(4,),
    )
    rng = draws(0)
    drawn = [digit_string(rng, language) for _ in range(200)]
    assert {len(s) for s in drawn} == {4, 5}
    assert any(double in s for s in drawn)
    assert all(s[-1] is not double for s in drawn)


def test_mnemonics_mark_stress_and_hold_long_consonants():
    spelling = voices_accents.accent({"s": ("s",), "i": ("i",), "t": ("t",), "a": ("a",)}, draws(0))
    assert voices_accents.mnemonics([("s", "ˈi", "t", "t", "a")], spelling) == "[[s|'i|t:|a]]"


def test_an_r_without_a_vowel_after_it_is_dropped():
    assert voices_accents.without_final_r(("f", "ˈɔː", "r")) == ("f", "ˈɔː")
    assert voices_accents.without_final_r(("z", "ˈi", "r", "oʊ")) == ("z", "ˈi", "r", "oʊ")


def test_segments_are_framed_by_silence_and_hold_every_phone():
    spelling = {"n": ("n",), "aɪ": ("a", "i")}
    said = voices_accents.segments([("n", "ˈaɪ", "n")], spelling, "#", draws(0), pitch_hz=100, speed=1.0)
    names = [part.split()[0] for part in said.strip("()").replace("((", "(").split(" (") if not part[0].isdigit()]
    assert names == ["#", "n", "a", "i", "n", "#"]


def test_letters_of_another_language_carry_its_stress_and_spelling():
    voice = voices_accents.FESTIVAL["catalan_ona"]
    spelling = {"k": ("c",), "iː": ("i",), "p": ("p",)}
    assert voices_accents.letters([("k", "ˈiː", "p")], spelling, voice) == "quíp"
