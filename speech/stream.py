"""One call's place among the recognisers: what a session asks, and what is kept so that a child may die meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from speech import mulaw
from speech.errors import SpeechError
from speech.protocol import Asked, Done, Failed, Feed, Finish, Partial, Reply, Reset, Result
from speech.recognition import Heard, Hypothesis

# How long after its audio has arrived a chunk should be answered. Source: ours. Who is speaking waits for the answer;
# before that, it only has to be known soon that they began.
SPEAKING_LAG_S: Final = 0.1
QUIET_LAG_S: Final = 0.3
# What is kept of an utterance, to be said again to another child; and of the time in which no word was heard yet.
KEPT_MS: Final = 10_000
KEPT_BEFORE_WORDS_MS: Final = 2_000
# How often a stream may lose its child in one turn without a fault of its own.
MOST_MOVES: Final = 3


class StreamLostError(SpeechError):
    """The stream's child died twice, or refused, or there is none; the stream is of no more use."""

    code = "speech.stream_lost"


# Asked when a chunk is about to be sent: the audio that has come since, which follows on it.
More = Callable[[], bytes]


class Job(msgspec.Struct, eq=False):
    """A request with its deadline on the loop's clock; `answer` is None where nobody waits for it: audio said again."""

    request: Asked
    due_s: float
    answer: asyncio.Future[Reply] | None = None
    more: More | None = None

    def sealed(self) -> Asked:
        """The request, to be sent now."""
        if self.more is not None and isinstance(self.request, Feed) and (more := self.more()):
            self.request = msgspec.structs.replace(self.request, mulaw=self.request.mulaw + more)
        return self.request

    @property
    def audio_s(self) -> float:
        """The seconds of audio in it."""
        return len(self.request.mulaw) / mulaw.RATE_HZ if isinstance(self.request, Feed) else 0.0


class Carrier(Protocol):
    """What a stream needs of the child that it is on."""

    def submit(self, stream: Stream) -> None:
        """The stream has work."""

    def prepare(self, language: str, phrases: list[str]) -> None:
        """Have an engine ready."""

    def leave(self, stream: Stream) -> None:
        """The stream goes away."""


class Home(Protocol):
    """What a stream needs of its pool."""

    def place(self, stream: Stream, *, anew: bool) -> None:
        """Give it a child, another one where it begins `anew` and that is better; raises `StreamLostError`."""

    def closed(self, stream: Stream) -> None:
        """The stream is over."""


class Stream:
    """One call's place in a child. Requests must come one after another.

    A child that dies under it costs nothing but time: what was said in this utterance is said again to another one,
    once. The second time the stream is lost, and `lost` is set.
    """

    def __init__(self, home: Home, number: int) -> None:
        self.number: Final = number
        self.lost: Final = asyncio.Event()
        self.child: Carrier | None = None
        self._loop = asyncio.get_running_loop()
        self.fed_s = self._loop.time()
        self._home = home
        self._language = ""
        self._phrases: list[str] = []
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self._speaking = False
        # What is to be said again, and whether another child is on its way that it will be said to.
        self._again: deque[Asked] = deque()
        self.moving = False
        self._job: Job | None = None
        self._suspected = False
        self._moves = 0
        self._closed = False

    # ------------------------------------------------------------------ for a session

    async def reset(self, language: str, phrases: Sequence[str], before: bytes = b"") -> tuple[float, ...]:
        """Forget what was said and listen for these phrases; raises `StreamLostError`, as all of these do.

        Answers the levels of the mu-law audio `before`, which is not recognised: who only waits for a turn keeps the
        last seconds, and learns the line's noise from them when there is something to listen for.
        """
        self._usable()
        if not self.moving:
            self._home.place(self, anew=True)
        reply = await self._ask(Reset(self.number, language, list(phrases), before), self._loop.time())
        return reply.levels_dbfs if isinstance(reply, Done) else ()

    async def feed(
        self, media_ms: int, mulaw: bytes, arrived_s: float | None = None, more: More | None = None
    ) -> Heard:
        """Recognise the next audio, which arrived at `arrived_s` of the loop's clock (now, where it is not said).

        Where the child is busy, the audio waits; what has come meanwhile, `more` answers, is heard in one go with it.
        Answers the words of the utterance so far, and the levels of all this audio.
        """
        now_s = self.fed_s = self._loop.time()
        due_s = (now_s if arrived_s is None else arrived_s) + (SPEAKING_LAG_S if self._speaking else QUIET_LAG_S)
        reply = await self._ask(Feed(self.number, media_ms, mulaw), due_s, more)
        if not isinstance(reply, Partial):
            raise StreamLostError(f"a {type(reply).__name__} is no answer to audio")
        return Heard(reply.words, reply.levels_dbfs)

    async def finish(self) -> list[Hypothesis]:
        """End the utterance and answer what it may have been; what is fed next belongs to another one."""
        reply = await self._ask(Finish(self.number), self._loop.time())
        if not isinstance(reply, Result):
            raise StreamLostError(f"a {type(reply).__name__} is no answer to the end of an utterance")
        return reply.hypotheses

    def prepare(self, language: str, phrases: Sequence[str]) -> None:
        """Say that these phrases will be listened for soon; harmless when the stream is lost."""
        if self.child is not None:
            self.child.prepare(language, list(phrases))

    def close(self) -> None:
        """Give the place back; harmless when it is lost or closed already."""
        if not self._closed:
            self._closed = True
            self._leave()
            self._home.closed(self)

    # ------------------------------------------------------------------ for the child that it is on

    def joined(self, child: Carrier) -> None:
        """It is on this child now."""
        self.child = child
        self.moving = False

    def work(self) -> Job | None:
        """What is to be asked next."""
        if self._again:
            # It is late already, as late as the oldest of it.
            return Job(self._again[0], self._loop.time())
        return self._job

    def settle(self, job: Job, reply: Reply) -> None:
        """Take the answer to a job."""
        if isinstance(reply, Failed):
            self.lose(reply.message)
            return
        if job.answer is None:
            self._again.popleft()
            return
        self._job = None
        self._remember(job.request, reply)
        if not job.answer.done():
            job.answer.set_result(reply)

    def leave_child(self, blame: float) -> bool:
        """The child is gone; answers whether the stream wants another one, and is lost where it may have none.

        `blame` is 0 where the child was not at this stream's work, 1 where it was at no other's. Who was suspected
        once, and is certainly to blame now, is not tried again.
        """
        self.child = None
        self._again.clear()
        if not self._phrases and self._job is None:
            return False
        guilty = self._suspected and blame == 1.0
        self._suspected = self._suspected or blame > 0
        self._moves += 1
        if guilty or self._moves > MOST_MOVES:
            self.lose("the recogniser of this stream is gone, and so was the one before")
            return False
        if self._phrases and not (self._job is not None and isinstance(self._job.request, Reset)):
            self._again.append(Reset(self.number, self._language, self._phrases))
            self._again.extend(Feed(self.number, at_ms, audio) for at_ms, audio in self._kept)
        self.moving = True
        return True

    @property
    def is_saying_again(self) -> bool:
        """Whether its child has not yet been told all that the one before was told."""
        return bool(self._again) or self._job is not None

    @property
    def is_idle(self) -> bool:
        """Whether a child may lose it without a word: it listens for nothing, and asks nothing."""
        return not self._phrases and self._job is None

    def lose(self, why: str) -> None:
        """The stream is of no more use."""
        self.lost.set()
        job, self._job = self._job, None
        self._leave()
        self._home.closed(self)
        if job is not None and job.answer is not None and not job.answer.done():
            job.answer.set_exception(StreamLostError(why))

    # ------------------------------------------------------------------ inside

    def _usable(self) -> None:
        if self._closed or self.lost.is_set():
            raise StreamLostError("the recogniser of this stream is gone")
        if self._job is not None:
            raise RuntimeError("a stream has one request on its way at a time")

    async def _ask(self, request: Asked, due_s: float, more: More | None = None) -> Reply:
        self._usable()
        if self.child is None and not self.moving:
            self._home.place(self, anew=False)
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self._job = Job(request, due_s, answer, more)
        if self.child is not None:
            self.child.submit(self)
        try:
            return await answer
        except asyncio.CancelledError:
            # Whoever asked has gone; what the child thinks of this utterance is not known any more.
            self.close()
            raise

    def _remember(self, request: Asked, reply: Reply) -> None:
        """Keep what another child would have to be told."""
        if isinstance(request, Feed) and isinstance(reply, Partial):
            self._speaking = bool(reply.words)
            if self._phrases:
                self._kept.append((request.media_ms, request.mulaw))
                self._kept_bytes += len(request.mulaw)
            most = (KEPT_MS if self._speaking else KEPT_BEFORE_WORDS_MS) * mulaw.BYTES_PER_MS
            while self._kept_bytes > most:
                self._kept_bytes -= len(self._kept.popleft()[1])
            return
        if isinstance(request, Reset):
            self._language, self._phrases = request.language, request.phrases
            self._moves = 0
        self._kept.clear()
        self._kept_bytes, self._speaking = 0, False

    def _leave(self) -> None:
        if self.child is not None:
            self.child.leave(self)
            self.child = None
        self._again.clear()
        self._kept.clear()
        self._kept_bytes = 0
