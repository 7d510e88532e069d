"""Sounds on disk: whole or not there, bounded, shared by processes, and no loss where the disk is."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ivr import prompt_files
from ivr.prompt_files import PromptFiles
from speech.wav import mono_wav

SOUND = mono_wav(b"\x01\x02" * 400)
OTHER = mono_wav(b"\x03\x04" * 400)


def test_what_is_kept_is_there_for_every_process(tmp_path: Path) -> None:
    one, other = PromptFiles(tmp_path / "sounds"), PromptFiles(tmp_path / "sounds")
    assert not one.has("a")
    assert one.keep("a", SOUND)
    assert other.read("a") == SOUND
    assert [path.name for path in (tmp_path / "sounds").iterdir()] == ["a.wav"], "nothing else is left behind"


@pytest.mark.parametrize("content", [b"", SOUND[:100], b"someone's photo album", SOUND + b"more"])
def test_a_file_that_is_not_whole_counts_as_missing_and_is_made_again(tmp_path: Path, content: bytes) -> None:
    files = PromptFiles(tmp_path)
    (tmp_path / "a.wav").write_bytes(content)
    assert files.read("a") is None
    files.keep("a", SOUND)
    assert files.read("a") == SOUND


def test_a_folder_that_cannot_be_written_to_costs_no_sound(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    files = PromptFiles(tmp_path / "file" / "sounds")
    assert not files.keep("a", SOUND)
    assert files.read("a") == SOUND


def test_a_full_disk_costs_no_sound_and_leaves_no_half_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = PromptFiles(tmp_path)
    files.keep("before", OTHER)

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert not files.keep("a", SOUND)
    assert files.read("a") == SOUND
    assert files.read("before") == OTHER
    assert [path.name for path in tmp_path.iterdir()] == ["before.wav"]


def test_memory_takes_the_place_of_the_disk_for_the_last_few_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt_files, "MOST_IN_MEMORY", 2)
    (tmp_path / "file").write_bytes(b"")
    files = PromptFiles(tmp_path / "file")
    for key in "abc":
        files.keep(key, SOUND)
    assert [files.has(key) for key in "abc"] == [False, True, True]


@pytest.mark.parametrize("bound", ["MOST_FILES", "MOST_BYTES"])
def test_beyond_the_bounds_the_half_that_was_not_used_lately_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(prompt_files, bound, 4 if bound == "MOST_FILES" else 4 * len(SOUND))
    files = PromptFiles(tmp_path)
    for age, key in enumerate("abcd"):
        files.keep(key, SOUND)
        os.utime(files.path(key), (100_000 - age, 100_000 - age))
    assert files.has("d"), "the oldest is used, and is young again"
    files.keep("e", SOUND)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["a", "d", "e"]


def test_what_a_dead_process_left_behind_is_thrown_away_and_what_one_writes_now_is_not(tmp_path: Path) -> None:
    abandoned, fresh = tmp_path / "x.1-2.part", tmp_path / "y.3-4.part"
    for path in (abandoned, fresh):
        path.write_bytes(b"half")
    os.utime(abandoned, (1000, 1000))
    PromptFiles(tmp_path).keep("a", SOUND)
    assert not abandoned.exists()
    assert fresh.exists()


def test_many_who_keep_the_same_sound_at_once_get_in_nobodys_way(tmp_path: Path) -> None:
    files = [PromptFiles(tmp_path) for _ in range(8)]
    found: list[bytes | None] = []

    def work(one: PromptFiles) -> None:
        for _ in range(25):
            one.keep("a", SOUND)
            found.append(one.read("a"))

    threads = [threading.Thread(target=work, args=(one,)) for one in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [SOUND] * 200
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
