"""What the voice says: the phonemes that eSpeak NG makes of the words of values, in each language.

The expected ones are what people say, in the engine's IPA without stress; a reading that it gets wrong fails here.
"""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
from decimal import Decimal

import pytest

from flows import speaking
from flows.messages import ar as arabic
from flows.messages import message
from flows.speaking.ar_vowels import pronounced
from flows.speaking.ar_words import WORDS
from ivr.sound.reading import readings
from ivr.sound.rendering import VOICES

COMMAND = shutil.which("espeak-ng")
pytestmark = pytest.mark.skipif(COMMAND is None, reason="no voice: apt-get install espeak-ng")
MONDAY = datetime.date(2026, 11, 23)


def phonemes(text: str, language: str) -> str:
    """In IPA without stress and length, "/" between clauses."""
    clauses = []
    for part in readings(text, language):
        done = subprocess.run(
            [str(COMMAND), "-v", VOICES[part.language], "-q", "--ipa", "--stdin"],
            input=part.text.encode(),
            capture_output=True,
            check=True,
        )
        clauses += done.stdout.decode().splitlines()
    return " / ".join(re.sub(r"\s+", " ", re.sub(r"[ˈˌː.\u032a1]", "", clause)).strip() for clause in clauses)


DIGITS = {
    "en": "ziəɹəʊ wɒn tu θɹi fɔ faɪv sɪks sɛvən eɪt naɪn",
    "ar": "sifr waħid ʔiθnan θalaθa ʔarbaʕa χamsa sitta sabʕa θamania tisʕa",
    "fa": "sefr jek do se tʃahɑr pandʒ ʃeʃ haft haʃt noh",
}


@pytest.mark.parametrize("language", DIGITS)
def test_digits_are_said_one_by_one_in_groups(language: str) -> None:
    said = phonemes(speaking.digits(language, "0123456789"), language)
    assert said.replace(" /", "").replace("θamanijja", "θamania") == DIGITS[language]
    assert said.count("/") == 2, "a longer pause after every three or four"


@pytest.mark.parametrize("language", DIGITS)
def test_a_phone_number_is_said_in_groups(language: str) -> None:
    said = phonemes(speaking.phone(language, "+442079460123"), language)
    assert [len(group.split()) for group in said.split(" / ")][1:] == [4, 4]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "mʌndeɪ ðə twɛnti θɜd ɒv nəʊvɛmbə tu θaʊzənd ən twɛnti sɪks"),
        ("ar", "alʔiθnain ʔaθθaliθ walʕiʃrina min nufimbir ʕam ʔalfain wa sitta wa ʕiʃrina"),
        ("fa", "doʃanbe dovvome ɑzare hezɑro tʃɑhɑrsado pandʒ"),
    ],
)
def test_a_date_is_said_with_its_year(language: str, said: str) -> None:
    assert phonemes(speaking.date(language, MONDAY), language) == said


JALALI = "farvardin ordibeheʃt xordɑd tir mordɑd ʃahrivar mehr ɑbɑn ɑzar dej bahman esfand".split()  # noqa: SIM905
GREGORIAN = (
    "janajir fibrajir maris ʔabril maju juniu juliu ʔaɣustus sibtambar ʔuktubar nufimbir disambir".split()  # noqa: SIM905
)


@pytest.mark.parametrize("month", range(12))
def test_every_month_has_its_name(month: int) -> None:
    persian = speaking.from_jalali(1405, month + 1, 2)
    assert f" {JALALI[month]}" in phonemes(speaking.date("fa", persian, today=persian - datetime.timedelta(9)), "fa")
    arabic = datetime.date(2026, month + 1, 2)
    assert f" min {GREGORIAN[month]} " in phonemes(speaking.date("ar", arabic), "ar")


@pytest.mark.parametrize(
    ("language", "hour", "minute", "said"),
    [
        ("en", 9, 0, "naɪn eɪɛm"),
        ("en", 9, 5, "naɪn əʊ faɪv eɪɛm"),
        ("en", 14, 30, "tu θɜti piɛm"),
        ("ar", 9, 5, "ʔassaʕa ʔattasiʕa wa χams daqaʔiq sabaħan"),
        ("ar", 14, 30, "ʔassaʕa ʔaθθania wannisf baʕd ʔaððuhr"),
        ("ar", 0, 0, "ʔassaʕa ʔaθθania ʕaʃra muntasaf ʔallajl"),
        ("fa", 9, 5, "sɑʔate noho pandʒ daqiqeje sobh"),
        ("fa", 14, 30, "sɑʔate do vo nime baʔd az zohr"),
        ("fa", 0, 33, "sɑʔate davɑzdaho si jo se daqiqeje bɑmdɑd"),
    ],
)
def test_times_are_said_as_people_say_them(language: str, hour: int, minute: int, said: str) -> None:
    assert phonemes(speaking.time(language, datetime.time(hour, minute)), language) == said


@pytest.mark.parametrize(
    ("language", "amount", "currency", "said"),
    [
        ("en", "12.50", "GBP", "twɛlv paʊndz and fɪfti pɛns"),
        ("ar", "1.01", "USD", "dular waħid wa sint waħid"),
        ("ar", "103", "AED", "miʔa wa θalaθat darahim"),
        ("ar", "11.3", "KWD", "ʔaħad ʕaʃar dinaran kuajtijan wa θalaθumiʔat fils"),
        ("fa", "12.50", "USD", "davɑzdah dolɑr va pandʒɑh sent"),
        ("fa", "3.25", "KWD", "se dinɑre kovejt va devisto pandʒɑh fels"),
        ("fa", "1234567", "IRT", "jek miliuno devisto si jo tʃahɑr hezɑro pɑnsado ʃasto haft tumɑn"),
    ],
)
def test_money_is_said_in_words(language: str, amount: str, currency: str, said: str) -> None:
    heard = phonemes(speaking.money(language, Decimal(amount), currency), language)
    assert heard.replace("milijuno", "miliuno") == said


@pytest.mark.parametrize(
    ("language", "position", "said"),
    [
        ("en", 3, "θɜd"),
        ("en", 21, "twɛnti fɜst"),
        ("ar", 3, "ʔaθθaliθ"),
        ("ar", 21, "ʔalħadi walʕiʃruna"),
        ("fa", 3, "nafare sevvom"),
        ("fa", 9, "nafare nohom"),
        ("fa", 39, "nafare si jo nohom"),
    ],
)
def test_ordinals_are_said_as_ordinals(language: str, position: int, said: str) -> None:
    assert phonemes(speaking.place(language, position), language) == said


@pytest.mark.parametrize(
    ("language", "value", "said"),
    [
        ("en", 1999, "wɒn θaʊzənd naɪn hʌndɹɪd and naɪnti naɪn"),
        ("ar", 15, "χamsat ʕaʃar"),
        ("ar", 101, "miʔa wa waħid"),
        ("ar", 342, "θalaθumiʔa wa ʔiθnan wa ʔarbaʕuna"),
        ("fa", 9, "noh"),
        ("fa", 99, "navado noh"),
        ("fa", 342, "sisado tʃehelo do"),
    ],
)
def test_numbers_are_said_in_words(language: str, value: int, said: str) -> None:
    assert phonemes(speaking.number(language, value), language) == said


def test_a_persian_no_is_no_and_the_key_nine_is_nine() -> None:
    assert phonemes(message("fa", "hint_yes_no"), "fa").split(" / ")[-2] == "jɑ beɡuid na"
    assert " noh " in phonemes(message("fa", "choice_keys", label="کارت", key="9"), "fa")


def test_our_persian_sentences_have_the_vowels_that_join_words() -> None:
    for name, joined in {
        "line_kept": "tamɑse sabtʃodeje ʃomɑ",
        "joining": "alɑn ʃomɑ rɑ vasl",
        "stay_on_line": "poʃte xat",
        "not_changed": "taqir daham",
    }.items():
        assert joined in phonemes(message("fa", name), "fa"), name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exit", "littaħadduθ maʕ muaððaf / ʔidˤɣat sifr"),
        ("in_line", "ʔant alʔan fi qaʔimat alʔintiðar"),
        ("use_keys", "min fadˤlika ʔistaχdim mafatiħ alhatif"),
        ("help_on", "lilmutabaʕa / ʔintaðir"),
        ("hint_help", "lilmusaʕada / ʔidˤɣat miftaħ almurabbaʕ"),
    ],
)
def test_our_arabic_sentences_have_their_vowels(name: str, said: str) -> None:
    heard = phonemes(message("ar", name), "ar")
    assert heard.replace("ʔalhatif", "alhatif").replace("ʔalmurabbaʕ", "almurabbaʕ") == said


def test_every_word_of_our_arabic_sentences_is_vowelled() -> None:
    for name, text in arabic.MESSAGES.items():
        for word in re.findall("[\u0621-\u0652]{3,}", re.sub(r"\{\w+\}", "", text)):
            known = word in WORDS or word in {"رقم", "الرقم"} or re.search("[\u064b-\u0652]", pronounced(word))
            assert known, (name, word)


@pytest.mark.parametrize("language", ["ar", "fa"])
def test_no_digit_that_an_operator_types_is_said_in_english(language: str) -> None:
    for text in ("1", "23", "4,567", "0912", "8.5", "2026-11-23", "14:30", "$5", "+442079460123", "AB12", "X 1 2"):
        assert "(en)" not in phonemes(text, language), text
