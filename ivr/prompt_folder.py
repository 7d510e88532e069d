"""Prompts under names that people can read, in a folder of their choice, with a list of what each one says."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Final

import msgspec

from ivr.flow_prompts import FlowPrompt

LIST_NAME: Final = "prompts.json"


class Listed(msgspec.Struct, frozen=True):
    """An entry of the list; `key` is the hash of what the sound was made from."""

    node: str
    role: str
    language: str
    text: str
    key: str


class PromptFolder:
    """A place for the sounds of `prompts`, each given with its key."""

    def __init__(self, folder: Path, prompts: list[tuple[FlowPrompt, str]]) -> None:
        self._folder = folder
        self._names: dict[str, list[str]] = {}
        self._listed: dict[str, Listed] = {}
        for prompt, key in prompts:
            name = self._free_name(prompt)
            self._names.setdefault(key, []).append(name)
            self._listed[name] = Listed(prompt.node, prompt.role, prompt.language, prompt.text, key)
        self._before = self._read_list()

    @property
    def folder(self) -> Path:
        """Where the sounds lie."""
        return self._folder

    def _free_name(self, prompt: FlowPrompt) -> str:
        words = (prompt.language, prompt.node or "engine", prompt.role)
        stem = "-".join(re.sub(r"[^A-Za-z0-9_.]+", "-", word) for word in words)
        name, number = f"{stem}.wav", 1
        while name in self._listed:
            number += 1
            name = f"{stem}-{number}.wav"
        return name

    def _read_list(self) -> dict[str, Listed]:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode((self._folder / LIST_NAME).read_bytes(), type=dict[str, Listed])
        return {}

    def read(self, key: str) -> bytes | None:
        """The sound of a key, where every file that is to hold it does."""
        content = None
        for name in self._names.get(key, ()):
            before = self._before.get(name)
            if before is None or before.key != key:
                return None
            try:
                content = (self._folder / name).read_bytes()
            except OSError:
                return None
        return content

    def keep(self, key: str, content: bytes) -> bool:
        """Write a sound under each of its names; raises `OSError`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in self._names[key]:
            (self._folder / name).write_bytes(content)
        return True

    def close(self) -> None:
        """Write the list of what is there; raises `OSError`."""
        there = {name: listed for name, listed in sorted(self._listed.items()) if (self._folder / name).is_file()}
        if there:
            kept = json.dumps(msgspec.to_builtins({**self._before, **there}), ensure_ascii=False, indent=1)
            (self._folder / LIST_NAME).write_text(kept + "\n", encoding="utf-8")
