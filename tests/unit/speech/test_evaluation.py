"""What `ivr speech eval` counts, and how recordings are put together; the recogniser is played."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from speech import evaluation, mulaw
from speech.evaluation import Count, WordsUnknownError, evaluate, strings_of
from speech.model_card import Card
from speech.models import Model
from speech.recognition import Hypothesis, Word
from speech.recorded import Take
from speech.trials import Outcome, Trial, loud_level_dbfs, with_white_noise

MODEL = Model(
    name="small",
    language="en",
    path=Path("nowhere"),
    rate_hz=8000,
    vocabulary=frozenset({"zero", "one", "two", "yes", "call", "back", "[unk]"}),
    card=Card(labels={"null": "zero"}),
)
KEYS = ["model", "files", "accuracy", "per_word", "oov_files", "oov_rejected", "strings", "strings_exact", "rtf"]


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, b"")
    return path


@pytest.fixture
def hears(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, ...]]]:
    """Let the recogniser hear what is said, but for some files; tells the phrase lists that it was given."""

    def play(instead: dict[str, str] | None = None, broken: Sequence[str] = ()) -> list[tuple[str, ...]]:
        lists: list[tuple[str, ...]] = []

        def hear_all(_model: Path, phrases: Sequence[str], trials: Sequence[Trial], **_: Any) -> Iterator[Outcome]:
            lists.append(tuple(phrases))
            for trial in trials:
                name = trial.parts[0][1]
                if name in broken:
                    yield Outcome(trial=trial, problem=f"{name}: is broken")
                    continue
                text = (instead or {}).get(name, " ".join(trial.said))
                text = " ".join(word if word in " ".join(phrases).split() else "[unk]" for word in text.split())
                words = tuple(Word(word, 1.0, 300 * n, 300 * n + 290) for n, word in enumerate(text.split()))
                yield Outcome(trial=trial, hypotheses=(Hypothesis(words, 1.0),), audio_s=2.0, busy_s=0.1)

        monkeypatch.setattr(evaluation, "hear_all", hear_all)
        return lists

    return play


def test_the_object_has_exactly_the_keys_that_were_agreed_on(tmp_path: Path, hears: Any) -> None:
    hears()
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", "one/a_1.wav", "cow/a_1.wav")], strings=3).as_json()
    assert list(found) == KEYS
    assert found == {
        "model": "small",
        "files": 1,
        "accuracy": 1.0,
        "per_word": {"one": 1.0},
        "oov_files": 1,
        "oov_rejected": 1.0,
        "strings": 3,
        "strings_exact": 1.0,
        "rtf": 0.05,
    }


def test_the_list_is_the_words_of_the_zips_that_the_model_has_by_the_labels_of_its_card(
    tmp_path: Path, hears: Any
) -> None:
    lists = hears()
    names = ("null/a_1.wav", "two/a_1.wav", "call_back/a_1.wav", "house/a_1.wav", "call_house/a_1.wav")
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", *names)], strings=2)
    assert lists == [("call back", "two", "zero", "[unk]"), ("zero", "two", "[unk]")]
    assert (found.words.of, found.other_words.of) == (3, 2)


def test_a_file_is_right_only_where_the_whole_text_is_its_word(tmp_path: Path, hears: Any) -> None:
    hears({"one/a_1.wav": "one one", "one/a_2.wav": "", "two/a_1.wav": "one"})
    names = ("one/a_1.wav", "one/a_2.wav", "one/a_3.wav", "two/a_1.wav")
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", *names)])
    assert found.as_json()["accuracy"] == 0.25
    assert found.as_json()["per_word"] == {"one": 0.3333, "two": 0.0}
    assert found.confusions == {("one", "one one"): 1, ("one", "nothing"): 1, ("two", "one"): 1}


def test_another_word_that_is_taken_for_a_listed_one_is_not_rejected(tmp_path: Path, hears: Any) -> None:
    hears({"cow/a_1.wav": "one"})
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", "one/a_1.wav", "cow/a_1.wav", "cow/a_2.wav")])
    assert found.as_json()["oov_rejected"] == 0.5
    assert found.taken_for == {("cow", "one"): 1}


def test_words_that_are_not_asked_for_are_out_of_vocabulary(tmp_path: Path, hears: Any) -> None:
    lists = hears()
    names = ("null/a_1.wav", "one/a_1.wav", "two/a_1.wav")
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", *names)], words=["null", "one"])
    assert lists == [("one", "zero", "[unk]")]
    assert (found.words.of, found.other_words.of, found.other_words.share) == (2, 1, 1.0)


def test_words_that_the_model_does_not_have_are_named_with_those_that_it_has(tmp_path: Path, hears: Any) -> None:
    hears()
    path = zipped(tmp_path / "a.zip", "one/a_1.wav")
    with pytest.raises(WordsUnknownError, match=r"does not have: cow\. It has: back, call, one, two, yes, zero"):
        evaluate(MODEL, [path], words=["one", "cow"])
    with pytest.raises(WordsUnknownError, match=r"cannot listen for no words\. It has: back, call"):
        evaluate(MODEL, [path], words=[])


def test_of_a_model_with_very_many_words_some_are_named(tmp_path: Path, hears: Any) -> None:
    hears()
    large = structs.replace(MODEL, vocabulary=frozenset(f"word{number:05}" for number in range(20_000)))
    with pytest.raises(WordsUnknownError, match=r"word00199 and 19800 more$"):
        evaluate(large, [zipped(tmp_path / "a.zip", "one/a_1.wav")], words=["cow"])


def test_folders_and_words_may_be_spelled_in_another_way_than_the_model_spells_them(tmp_path: Path, hears: Any) -> None:
    lists = hears()
    names = ("ONE/a_1.wav", "Call_Back/a_1.wav", "Null/a_1.wav")
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", *names)])
    assert (found.words.of, found.other_words.of, set(found.per_word)) == (3, 0, {"one", "call back", "zero"})
    arabic = structs.replace(MODEL, language="ar", vocabulary=frozenset({"أربعة", "إلغاء", "[unk]"}))
    found = evaluate(arabic, [zipped(tmp_path / "b.zip", "اربعه/a_1.wav", "الغاء/a_1.wav")], words=["أربعه", "إلغاء"])
    assert (found.words.of, found.other_words.of) == (2, 0)
    assert lists == [("call back", "one", "zero", "[unk]"), ("أربعة", "إلغاء", "[unk]")]


def test_a_folder_called_unk_is_no_word(tmp_path: Path, hears: Any) -> None:
    hears()
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", "[unk]/a_1.wav", "one/a_1.wav")])
    assert (found.words.of, found.other_words.of) == (1, 1)


def test_zips_without_any_word_of_the_model_are_heard_with_its_digits(tmp_path: Path, hears: Any) -> None:
    lists = hears()
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", "cow/a_1.wav")], strings=5)
    assert lists == [("one", "two", "zero", "[unk]")]
    as_json = found.as_json()
    assert (as_json["files"], as_json["accuracy"], as_json["per_word"]) == (0, None, {})
    assert (as_json["oov_rejected"], as_json["strings"], as_json["strings_exact"]) == (1.0, 0, None)


def test_files_that_are_broken_are_named_and_count_for_nothing(tmp_path: Path, hears: Any) -> None:
    hears(broken=["one/a_1.wav", "one/a_2.wav"])
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", "one/a_1.wav", "one/a_2.wav", "one/a_3.wav")])
    assert found.problems == ["one/a_1.wav: is broken", "one/a_2.wav: is broken"]
    assert (found.words.right, found.words.of) == (1, 1)


def test_a_string_is_right_only_where_every_digit_is(tmp_path: Path, hears: Any) -> None:
    hears({"one/a_1.wav": "one one one"})
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", "one/a_1.wav")], strings=4, length=2)
    assert (found.strings.right, found.strings.of) == (0, 4)


def test_a_string_of_known_length_may_be_the_second_that_was_heard(tmp_path: Path, monkeypatch: Any) -> None:
    def hear_all(_model: Path, _phrases: Sequence[str], trials: Sequence[Trial], **_: Any) -> Iterator[Outcome]:
        for trial in trials:
            texts = (trial.said * 2, trial.said) if len(trial.said) > 1 else (trial.said,)
            likely = (tuple(Word(word, 1.0, 0, 200) for word in text) for text in texts)
            yield Outcome(trial=trial, hypotheses=tuple(Hypothesis(words, 1.0) for words in likely))

    monkeypatch.setattr(evaluation, "hear_all", hear_all)
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", "one/a_1.wav", "two/a_1.wav")], strings=5, length=3)
    assert (found.strings.right, found.strings_of_length.right, found.strings.of) == (0, 5, 5)


def test_files_that_are_broken_are_in_no_string(tmp_path: Path, hears: Any) -> None:
    hears(broken=["one/a_1.wav"])
    found = evaluate(MODEL, [zipped(tmp_path / "a.zip", "one/a_1.wav", "two/a_1.wav")], strings=5)
    assert (found.strings.right, found.strings.of, len(found.problems)) == (5, 5, 1)


def test_progress_is_told_to_its_end(tmp_path: Path, hears: Any) -> None:
    hears()
    told: list[tuple[int, int]] = []
    path = zipped(tmp_path / "a.zip", "one/a_1.wav", "cow/a_1.wav")
    evaluate(MODEL, [path], strings=1, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def takes(*speakers: str) -> list[Take]:
    return [
        Take(archive="a.zip", name=f"{word}/{speaker}_{n}.wav", word=word, speaker=speaker)
        for speaker in speakers
        for word in ("one", "two")
        for n in range(3)
    ]


def test_a_string_is_one_speakers_and_the_speakers_take_turns() -> None:
    strings = strings_of(takes("a", "b", "c"), 7, 4, seed=1)
    assert [string.speaker for string in strings] == [*"abcabca"]
    for string in strings:
        assert all(f"/{string.speaker}_" in name for _, name in string.parts)
        assert string.said == tuple(name.partition("/")[0] for _, name in string.parts)
        assert len(string.parts) == 4
        assert len(string.pauses_ms) == 3
        assert all(100 <= pause <= 400 for pause in string.pauses_ms)


def test_the_same_seed_gives_the_same_strings_and_another_seed_others() -> None:
    assert strings_of(takes("a"), 9, 4, seed=1) == strings_of(takes("a"), 9, 4, seed=1)
    assert strings_of(takes("a"), 9, 4, seed=1) != strings_of(takes("a"), 9, 4, seed=2)
    assert strings_of([], 9, 4, seed=1) == []


def test_shares_have_intervals_and_nothing_has_none() -> None:
    assert Count().share is None
    assert Count().interval == (0.0, 1.0)
    low, high = Count(right=95, of=100).interval
    assert (round(low, 3), round(high, 3)) == (0.888, 0.978)


def test_noise_has_the_power_that_was_asked_for() -> None:
    draw = random.Random(1)  # noqa: S311
    speech = bytes(mulaw.CODES[round(draw.gauss(0, 3000)) & 0xFFFF] for _ in range(8000))
    silence = mulaw.SILENCE * 4000
    noise = [draw.gauss(0, 1) for _ in range(5000)]
    noisy = with_white_noise(silence + speech + silence, noise, snr_db=20.0)
    assert len(noisy) == 16000
    assert loud_level_dbfs(silence + speech) == pytest.approx(-20.8, abs=0.3)
    assert mulaw.level_dbfs(noisy[:4000]) == pytest.approx(-40.8, abs=0.5)


def test_silence_stays_silent_whatever_noise_is_asked_for() -> None:
    silence = mulaw.SILENCE * 800
    assert mulaw.level_dbfs(with_white_noise(silence, [1.0, -1.0], snr_db=10.0)) < -90
