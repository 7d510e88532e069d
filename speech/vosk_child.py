"""The recogniser processes: `python -m speech.vosk_child LANGUAGE=MODEL_DIR...`, many streams, all models.

Started by `speech.launcher`, over a socket as its standard input; see `speech.fork_server`.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from speech import fork_server, mulaw
from speech.models import read_vocabulary
from speech.protocol import Close, Done, Failed, Feed, Finish, Partial, Prepare, Reply, Request, Reset, Result
from speech.vosk_recogniser import Engines, Recogniser, load_model

# Enough to tell what a model costs, in audio that it has to work for.
TRIED_MS: Final = 2000
TRIED_WORDS: Final = 12
# Source: measured. Many streams by turns cost 1.3 times what one does alone, whose data stay in the processor's cache.
BY_TURNS: Final = 1.3
CHUNK_MS: Final = 100


class Models:
    """The models that are loaded, by language, and what a second of audio costs with the dearest of them."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._models = {language: load_model(folder) for language, folder in folders.items()}
        self.cost = BY_TURNS * max(
            measured_cost(self._models[language], sorted(read_vocabulary(folder))[:TRIED_WORDS])
            for language, folder in folders.items()
        )

    def work(self) -> Streams:
        """The streams of one child."""
        return Streams(self._models)


def measured_cost(model: Any, words: Sequence[str]) -> float:
    """What a second of audio takes of this machine's time, in seconds."""
    recogniser = Recogniser(model, [*words, "[unk]"])
    noise = hashlib.shake_128().digest(TRIED_MS * mulaw.BYTES_PER_MS)
    began_s = time.process_time()
    for at_ms in range(0, TRIED_MS, CHUNK_MS):
        recogniser.feed(at_ms, noise[at_ms * mulaw.BYTES_PER_MS :][: CHUNK_MS * mulaw.BYTES_PER_MS])
    recogniser.finish()
    return 1000 * (time.process_time() - began_s) / TRIED_MS


class Streams:
    """The streams of this process, and what a request does to them."""

    def __init__(self, models: Mapping[str, Any]) -> None:
        self.engines = {language: Engines(model) for language, model in models.items()}
        self._recognisers: dict[int, Recogniser] = {}

    def answer(self, request: Request) -> Reply | None:
        """Do what is asked; a request that fails costs its stream and no other."""
        if isinstance(request, Prepare):
            if request.language in self.engines:
                self.engines[request.language].prepare(request.phrases)
            return None
        try:
            return self._answer(request)
        except Exception as error:
            self._recognisers.pop(request.stream, None)
            return Failed(request.stream, f"{type(error).__name__}: {error}")

    def _answer(self, request: Reset | Feed | Finish | Close) -> Reply | None:
        if isinstance(request, Close):
            self._drop(request.stream)
            return None
        if isinstance(request, Reset):
            self._drop(request.stream)
            if request.phrases:
                self._recognisers[request.stream] = self._new(request.language, request.phrases)
            return Done(request.stream, mulaw.levels_dbfs(request.before))
        recogniser = self._recognisers.get(request.stream)
        if isinstance(request, Feed):
            if recogniser is None:
                return Partial(request.stream, [], mulaw.levels_dbfs(request.mulaw))
            heard = recogniser.feed(request.media_ms, request.mulaw)
            return Partial(request.stream, heard.words, heard.levels_dbfs)
        return Result(request.stream, recogniser.finish() if recogniser else [])

    def _new(self, language: str, phrases: list[str]) -> Recogniser:
        if language not in self.engines:
            raise LookupError(f"there is no model for {language!r}")
        return self.engines[language].recogniser(phrases)

    def _drop(self, stream: int) -> None:
        recogniser = self._recognisers.pop(stream, None)
        if recogniser is not None:
            recogniser.close()


def main() -> None:
    """Load the models that the command line names, and serve."""
    folders = {language: Path(folder) for language, _, folder in (item.partition("=") for item in sys.argv[1:])}
    fork_server.run(lambda: Models(folders))


if __name__ == "__main__":
    main()
