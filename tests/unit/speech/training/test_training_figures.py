"""How figures are counted, and how strings are joined for them."""

import pytest

from speech.training import card
from speech.training.recordings import Recording
from speech.training.vosk_evaluate import Measured, Score, joined_strings

PAUSE_BYTES = (2 * 800, 2 * 3200)  # 100 to 400 ms


def takes():
    return [
        (Recording(f"{word}/{who}_0.wav", word, who), byte * 100)
        for who, byte in (("ann", b"\x01\x01"), ("bob", b"\x02\x02"))
        for word in ("one", "two", "five")
    ]


def test_a_joined_string_has_one_speaker_and_the_pauses_it_says():
    for recording, words, pcm in joined_strings(takes(), 20, seed=3):
        voice = {"ann": 1, "bob": 2}[recording.speaker]
        assert len(words) == 4
        assert set(pcm) == {0, voice}
        assert 4 * PAUSE_BYTES[0] <= len(pcm) - 4 * 200 <= 4 * PAUSE_BYTES[1]


def test_joined_strings_are_the_same_every_time_and_spread_over_the_speakers():
    first, second = joined_strings(takes(), 10, seed=3), joined_strings(takes(), 10, seed=3)
    assert first == second
    assert [r.speaker for r, _, _ in first] == ["ann", "bob"] * 5


def test_a_score_counts_files_words_and_confusions():
    score = Score()
    score.add(Recording("", "five", "ann"), "five", "five", True)
    score.add(Recording("", "five", "bob"), "five", "nine", False)
    score.add(Recording("", "two", "bob"), "two", "", False)
    assert score.share == pytest.approx(1 / 3)
    assert score.per_word == {"five": [1, 2], "two": [0, 1]}
    assert score.confusions == {("five", "nine"): 1, ("two", "nothing"): 1}
    assert score.as_json()["speakers"] == 2


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(0, 10, 0.0, 0.278), (5, 10, 0.237, 0.763), (10, 10, 0.722, 1.0)],
)
def test_intervals_are_wilsons(right, count, low, high):
    assert card.interval(right, count) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


def test_the_card_names_every_word_the_licences_and_who_was_kept_out():
    names = (*card.CONFUSIONS_OF, "commands, crowd speakers")
    text = card.card(
        Measured({name: Score(4, 3) for name in names}, audio_s=100, busy_s=1),
        {"nets": 2, "width": 8, "minutes": 1, "refine": 1, "rounds": 2, "seed": 1},
        2_000_000,
    )
    for expected in (
        "operator",
        "CC BY-SA 4.0",
        "CC BY 4.0",
        "nicolas",
        "en-gb-scotland",
        "75.0 %",
        "2.0 MB",
        "0.010 x",
    ):
        assert expected in text
    assert max(map(len, (line for line in text.splitlines() if not line.startswith("|")))) <= 120
