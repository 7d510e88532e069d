"""The texts of prompts that we speak ourselves, so that whichever process is asked for the sound can make it.

zh:prompt:NAME   string  JSON: text, language; as long as a call may last, from when it was last part of a document
"""

from __future__ import annotations

from typing import Final, cast

import msgspec
import redis

# A call lasts a day at most.
PROMPT_TTL_S: Final = 24 * 3600


class PromptText(msgspec.Struct, frozen=True):
    """What is to be spoken."""

    text: str
    language: str


class PromptTexts:
    """Every method raises `redis.RedisError` where the server does not answer."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def keep(self, texts: dict[str, PromptText]) -> None:
        """Keep texts under their names."""
        pipe = self._redis.pipeline(transaction=False)
        for name, text in texts.items():
            pipe.set(_key(name), msgspec.json.encode(text), ex=PROMPT_TTL_S)
        pipe.execute()

    def find(self, name: str) -> PromptText | None:
        """The text of a name; None for one that was never part of a document."""
        raw = cast("str | None", self._redis.get(_key(name)))
        return None if raw is None else msgspec.json.decode(raw, type=PromptText)


def _key(name: str) -> str:
    return f"zh:prompt:{name}"
