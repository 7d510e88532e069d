"""Prompts that we speak ourselves: named so that nobody can guess, made once, and not kept for ever."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ivr import spoken_prompts
from ivr.prompt_files import PromptFiles
from ivr.redis_prompts import PromptText
from ivr.sound.espeak import Speech, VoiceError
from ivr.spoken_prompts import NoVoiceError, SpokenPrompts
from tests.patience import PATIENCE_S

HELLO = PromptText("سلام", "fa")


class Texts:
    """`PromptTexts` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, PromptText] = {}

    def keep(self, texts: dict[str, PromptText]) -> None:
        self.kept.update(texts)

    def find(self, name: str) -> PromptText | None:
        return self.kept.get(name)


class Voice:
    """Speaks a tenth of a second, when it may."""

    name = "scripted"

    def __init__(self) -> None:
        self.spoken: list[Speech] = []
        self.may_speak = threading.Event()
        self.may_speak.set()
        self.fails = False

    def speak(self, speech: Speech) -> tuple[bytes, int]:
        self.spoken.append(speech)
        assert self.may_speak.wait(PATIENCE_S)
        if self.fails:
            raise VoiceError("hoarse")
        return b"\x00\x10\x00\xf0" * 400, 8000

    def close(self) -> None:
        """Nothing to free."""


class NoTexts:
    """`PromptTexts` without Redis."""

    def keep(self, *_arguments: object) -> None:
        raise ConnectionError

    def find(self, *_arguments: object) -> PromptText | None:
        raise ConnectionError


def prompts(folder: Path, voice: Voice | None, key: str = "ours") -> SpokenPrompts:
    return SpokenPrompts(voice, Texts(), PromptFiles(folder), key)  # type: ignore[arg-type]


def without_redis(folder: Path, voice: Voice | None) -> SpokenPrompts:
    return SpokenPrompts(voice, NoTexts(), PromptFiles(folder), "ours", [HELLO])  # type: ignore[arg-type]


def test_a_name_depends_on_the_secret_and_the_text_and_shows_neither(tmp_path: Path) -> None:
    ours, others = prompts(tmp_path, Voice()), prompts(tmp_path, Voice(), key="other")
    names = {ours.name_of("سلام", "fa"), others.name_of("سلام", "fa"), ours.name_of("درود", "fa")}
    assert len(names) == 3
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)


def test_a_text_is_rendered_once_for_all_who_ask_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken_prompts, "NOTICE_WITHIN_S", 0.0)
    voice = Voice()
    voice.may_speak.clear()
    spoken = prompts(tmp_path, voice)
    name = spoken.announce([HELLO])[HELLO]
    found: list[bytes | None] = []
    askers = [threading.Thread(target=lambda: found.append(spoken.sound(name))) for _ in range(5)]
    for asker in askers:
        asker.start()
    voice.may_speak.set()
    for asker in askers:
        asker.join()
    (kept,) = tmp_path.glob("*.wav")
    assert found == [kept.read_bytes()] * 5
    assert len(voice.spoken) == 1
    spoken.announce([HELLO])
    assert len(voice.spoken) == 1, "what is there is not made again"


def test_a_name_that_no_document_has_used_is_nothing(tmp_path: Path) -> None:
    spoken = prompts(tmp_path, Voice())
    assert spoken.sound(spoken.name_of("سلام", "fa")) is None


def test_a_voice_that_fails_at_once_is_noticed_while_the_document_can_be_another(tmp_path: Path) -> None:
    voice = Voice()
    voice.fails = True
    spoken = prompts(tmp_path, voice)
    with pytest.raises(NoVoiceError, match="the voice fails: hoarse"):
        spoken.announce([HELLO])
    voice.fails = False
    assert spoken.announce([HELLO]), "and the next call may be spoken with"


def test_after_a_failure_the_next_one_who_asks_gets_the_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken_prompts, "NOTICE_WITHIN_S", 0.0)
    voice = Voice()
    voice.may_speak.clear()
    voice.fails = True
    spoken = prompts(tmp_path, voice)
    name = spoken.announce([HELLO])[HELLO]
    voice.may_speak.set()
    with pytest.raises(VoiceError, match="hoarse"):
        spoken.sound(name)
    voice.fails = False
    assert spoken.sound(name)
    assert spoken.language_of(name) == "fa"


def test_without_a_voice_a_prompt_cannot_be_promised(tmp_path: Path) -> None:
    spoken = prompts(tmp_path, None)
    assert spoken.announce([]) == {}
    with pytest.raises(NoVoiceError, match="nothing here speaks fa"):
        spoken.announce([HELLO])


def test_a_standing_prompt_can_be_had_at_once_and_from_any_machine_without_redis(tmp_path: Path) -> None:
    one, other = without_redis(tmp_path / "one", Voice()), without_redis(tmp_path / "other", Voice())
    names = one.at_once([HELLO])
    assert names == {HELLO: one.name_of("سلام", "fa")}
    assert other.sound(names[HELLO]) == one.sound(names[HELLO])


def test_what_has_been_rendered_before_is_there_at_once_though_the_voice_is_gone(tmp_path: Path) -> None:
    before = without_redis(tmp_path, Voice()).at_once([HELLO])
    assert before is not None
    assert without_redis(tmp_path, None).at_once([HELLO]) == before


def test_a_voice_that_is_missing_hoarse_or_slow_has_nothing_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken_prompts, "AT_ONCE_S", 0.0)
    slow, hoarse = Voice(), Voice()
    slow.may_speak.clear()
    hoarse.fails = True
    for voice in (None, hoarse, slow):
        assert without_redis(tmp_path, voice).at_once([HELLO]) is None
    slow.may_speak.set()


def test_what_was_rendered_before_can_be_promised_though_the_voice_is_gone(tmp_path: Path) -> None:
    name = prompts(tmp_path, Voice()).announce([HELLO])[HELLO]
    mute = SpokenPrompts(None, Texts(), PromptFiles(tmp_path), "ours")  # type: ignore[arg-type]
    with pytest.raises(NoVoiceError):
        mute.announce([PromptText("درود", "fa")])
    for path in [*tmp_path.glob("*.wav")]:
        path.read_bytes()
    assert mute.announce([HELLO])[HELLO] == name
    assert mute.sound(name)


def test_where_the_folder_cannot_be_written_to_a_prompt_is_spoken_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "a file"
    folder.write_bytes(b"")
    spoken = prompts(folder, Voice())
    assert spoken.sound(spoken.announce([HELLO])[HELLO])
