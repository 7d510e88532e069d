"""The operators' word file, and everything that can be wrong in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.lexicon.entries import WordFile, WordProblem, read_words
from speech.lexicon.phones import PHONES
from speech.lexicon.units import phones_of

ENGLISH = phones_of("en")


def read(text: str, language: str = "en", most: int = 1000) -> WordFile:
    return read_words(text.encode(), language, phones_of(language), most=most)


def messages(text: str, language: str = "en") -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in read(text, language).problems]


def test_a_line_is_a_word_and_its_phones() -> None:
    found = read("# our desk\n\nbilling  B IH L IH NG   # said often\neither\tIY DH ER / AY DH ER\n")
    assert found.lexicon == {"billing": ("B IH L IH NG",), "either": ("IY DH ER", "AY DH ER")}
    assert found.problems == ()
    assert found.lines == {"billing": 3, "either": 4}


def test_a_word_that_stands_twice_has_two_pronunciations() -> None:
    assert read("data D EY T AH\ndata D AE T AH").lexicon == {"data": ("D EY T AH", "D AE T AH")}


def test_capitals_and_the_stress_marks_of_other_lists_count_for_nothing() -> None:
    assert read("Billing b ih1 l ih0 ng").lexicon == {"billing": ("B IH L IH NG",)}


def test_a_file_of_a_windows_editor_is_read_alike() -> None:
    content = b"\xef\xbb\xbfbilling  B IH L IH NG\r\nsales  S EY L Z\r\n"
    assert list(read_words(content, "en", ENGLISH).lexicon) == ["billing", "sales"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("billing", "no pronunciation"),
        ("billing  B IH L / ", "a pronunciation is empty"),
        ("billing  / B IH L", "a pronunciation is empty"),
        ("call back  K AO L B AE K", '"call back" is several words'),
        ("call back K AO L", 'no phone "BACK"'),
        ("[unk]  AH N", "is no word that somebody says"),
        ("<eps>  AH N", "is no word that somebody says"),
        ("--  AH N", "is no word that somebody says"),
        ("bil\x07ling  B IH L", "control characters: U+0007"),
        ("bil\x00ling  B IH L", "control characters: U+0000"),
        ("bird  B ERR D", "did you mean ER"),
        ("water  W AO T AXR", "it is ER here"),
        ("qasr  Q AA S R", "in the model's en (nearest: K"),
        ("word  XYZZY", "there are: A"),
        ("long  " + "AH " * 41, "41 phones; a word has at most 40"),
    ],
)
def test_what_is_wrong_in_a_line_is_said_and_adds_no_word(line: str, says: str) -> None:
    found = read(f"sales  S EY L Z\n{line}\n")
    assert [problem.line for problem in found.errors] == [2]
    assert says in found.errors[0].message
    assert list(found.lexicon) == ["sales"]


def test_all_problems_are_told_at_once_in_the_order_of_the_lines() -> None:
    assert [line for line, _ in messages("a b\nsales\ngood  G UH D\nword  ZZ YY\nword  B\x01")] == [1, 2, 4, 4, 5]


def test_the_same_pronunciation_again_is_a_mistake_and_names_the_first_line() -> None:
    assert messages("sales  S EY L Z\nSales  S EY L Z") == [
        (2, '"sales" has this pronunciation already in line 1: S EY L Z')
    ]


def test_two_spellings_of_one_word_are_a_mistake_since_a_flow_can_mean_only_one() -> None:
    found = read("فاتورة  F AE T UW R A\nفاتوره  F AE T UW R A", "ar")
    assert found.errors == (WordProblem(2, '"فاتوره" is "فاتورة" of line 1 in another spelling; keep one of them'),)


@pytest.mark.parametrize(("line", "language"), [("счёт  S OW", "en"), ("invoice  F AE T UW R A", "ar")])
def test_another_script_is_only_a_warning(line: str, language: str) -> None:
    found = read(line, language)
    assert found.errors == ()
    assert ["is not written with" in problem.message for problem in found.problems] == [True]
    assert len(found.lexicon) == 1


def test_a_word_as_short_as_a_click_is_a_warning() -> None:
    found = read("of  V")
    assert found.errors == ()
    assert "any noise may be it" in found.problems[0].message


def test_too_many_words_are_told_where_they_begin() -> None:
    found = read("one  W AH N\ntwo  T UW\nthree  TH R IY", most=2)
    assert found.problems == (WordProblem(3, "from here on there are more than 2 words"),)


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\n\n"])
def test_an_empty_file_is_a_mistake_that_shows_how_a_line_looks(content: bytes) -> None:
    found = read_words(content, "en", ENGLISH)
    assert "billing  B IH L IH NG" in found.problems[0].message


def test_what_is_no_utf_8_and_what_is_no_word_file_are_told_and_not_read() -> None:
    assert "no UTF-8" in read_words(b"sales  S EY L Z\ncaf\xe9  K AE F\n", "en", ENGLISH).problems[0].message
    assert "no word file" in read_words(b"a" * 2_000_000, "en", ENGLISH).problems[0].message


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_and_every_word_it_gives_can_be_spelled_with_the_models_phones(content: bytes) -> None:
    found = read_words(content, "en", ENGLISH)
    assert found.lexicon or found.problems
    for word, said in found.lexicon.items():
        assert word == word.strip()
        assert said
        assert all(phone in PHONES for row in said for phone in row.split())


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        st.lists(st.lists(st.sampled_from(ENGLISH), min_size=3, max_size=8).map(" ".join), min_size=1, unique=True),
        min_size=1,
        max_size=5,
    )
)
def test_a_file_that_is_written_from_a_lexicon_is_read_as_it(lexicon: dict[str, list[str]]) -> None:
    text = "\n".join(f"{word}  {' / '.join(said)}" for word, said in lexicon.items())
    found = read(text)
    assert found.errors == ()
    assert found.lexicon == {word: tuple(said) for word, said in lexicon.items()}
