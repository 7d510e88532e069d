"""The media sockets: who may speak to us, which stream is a call's, and where results go."""

from __future__ import annotations

import asyncio
import gc
import hmac
import http
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import msgspec
import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from ivr.media.connection import MediaConnection
from ivr.media.frames import Frame, FrameError, Media, Start, Stop, parse
from ivr.media.results import RETRY_AFTER_S, Results, retry
from ivr.media.session import BacklogError, Session, Utterance
from ivr.media.tasks import end
from ivr.redis_client import RedisError
from ivr.redis_listen import AsyncListenStore, ListenRecord, SpeechStatus
from speech.doubt import doubt_of
from speech.errors import SpeechError
from speech.listening import interpreter
from speech.models import Model
from speech.pool import RecogniserPool
from speech.stream import Stream

PATHS: Final = frozenset({"/media", "/media/"})
LIVE_PATH: Final = "/livez"
# Source: a frame of 20 ms is about 400 bytes; any size is allowed, a megabyte is not speech.
MAX_MESSAGE_BYTES: Final = 64 * 1024
START_WITHIN_S: Final = 10.0
# Source: frames keep coming during silence, prompts and dialling; a stream without any for this long is dead.
SILENT_FOR_S: Final = 20.0
LOOK_EVERY_S: Final = 0.05

NORMAL, UNSUPPORTED, INVALID, POLICY, INTERNAL, TRY_LATER = 1000, 1003, 1007, 1008, 1011, 1013

log = structlog.get_logger("ivr.media")


class Refused(Exception):  # noqa: N818
    """This socket is closed with a code and a reason that tells the peer nothing it may not know."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Live(msgspec.Struct):
    """The stream that a call has now."""

    session: Session
    connection: MediaConnection
    # Set when the call's record may have changed.
    woken: asyncio.Event
    # The turn in which the caller has begun to speak, until there is a result.
    speaking_turn: int | None = None

    @property
    def is_speaking(self) -> bool:
        """Whether a result of the present turn is on its way."""
        record = self.session.record
        return record is not None and record.grammar is not None and record.turn == self.speaking_turn


class MediaServer:
    """Serves media sockets with the recognisers of a pool.

    `is_signed` answers whether a signature header is the carrier's for our socket URL.
    """

    def __init__(
        self,
        *,
        store: AsyncListenStore,
        pool: RecogniserPool,
        models: Sequence[Model],
        is_signed: Callable[[str | None], bool],
        results: Results,
    ) -> None:
        self._store = store
        self._pool = pool
        self._vocabularies = {model.language or "": model.vocabulary for model in models}
        self._interpreters = {model.language or "": interpreter(doubt_of(model.card.doubt)) for model in models}
        self._is_signed = is_signed
        self._results = results
        self._live: dict[str, _Live] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._arrived: set[str] = set()
        self.draining = False

    @property
    def streams(self) -> int:
        """How many calls are listened to."""
        return len(self._live)

    @property
    def recogniser_pids(self) -> list[int]:
        """The recogniser processes that are ready."""
        return self._pool.pids

    def arrived(self) -> set[str]:
        """The calls whose streams have come since this was last asked."""
        arrived, self._arrived = self._arrived, set()
        return arrived

    async def drain(self, within_s: float) -> None:
        """Take no more calls, and wait for what callers are just saying; not for longer than `within_s`."""
        self.draining = True
        self._pool.close_admission()
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        while loop.time() < until_s and any(live.is_speaking for live in self._live.values()):
            await asyncio.sleep(LOOK_EVERY_S)

    async def start(self, host: str, port: int) -> Server:
        """Bind and serve; raises `OSError` where the port is taken."""
        quiet = logging.getLogger("ivr.media.websockets")
        # A port scan is no fault of ours; what concerns a call is logged here with the call.
        quiet.setLevel(logging.CRITICAL)
        # What is loaded by now stays for as long as the process does. A collector that looked at all of it would hold
        # the sockets up for tens of milliseconds each time.
        gc.collect()
        gc.freeze()
        return await serve(
            self._handle,
            host,
            port,
            process_request=self._admit,
            # Source: Twilio offers none, and proxies have been seen to break it.
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            # Frames themselves tell that the peer is alive.
            ping_interval=None,
            open_timeout=START_WITHIN_S,
            close_timeout=1.0,
            server_header=None,
            create_connection=MediaConnection,
            logger=quiet,
        )

    def wake(self, call_sid: str | None) -> None:
        """A call's record changed; None: any of them may have."""
        wanted = list(self._live) if call_sid is None else [call_sid]
        for sid in wanted:
            if sid in self._live:
                self._live[sid].woken.set()

    # ------------------------------------------------------------------ before the upgrade

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == LIVE_PATH:
            return connection.respond(http.HTTPStatus.OK, "ok\n")
        if request.path not in PATHS:
            return connection.respond(http.HTTPStatus.NOT_FOUND, "there is nothing here\n")
        signatures = request.headers.get_all("X-Twilio-Signature")
        if len(signatures) != 1 or not self._is_signed(signatures[0]):
            log.warning("media.signature_refused", present=bool(signatures))
            return connection.respond(http.HTTPStatus.FORBIDDEN, "the signature is not valid\n")
        return None

    # ------------------------------------------------------------------ one socket

    async def _handle(self, made: ServerConnection) -> None:
        connection = cast("MediaConnection", made)
        call_sid = None
        try:
            start = await self._wait_for_start(connection)
            call_sid = start.call_sid
            record = await self._check(start)
            await self._serve_call(connection, start, record)
        except Refused as refused:
            log.warning("media.refused", call_sid=call_sid, code=refused.code, reason=refused.reason)
            await connection.close(refused.code, refused.reason)
        except ConnectionClosed:
            pass
        except Exception:
            log.exception("media.failed", call_sid=call_sid)
            await connection.close(INTERNAL, "failed")

    async def _wait_for_start(self, connection: ServerConnection) -> Start:
        try:
            async with asyncio.timeout(START_WITHIN_S):
                while True:
                    frame = parse(await connection.recv())
                    if isinstance(frame, Start):
                        return frame
        except TimeoutError:
            raise Refused(POLICY, "no start") from None
        except FrameError as error:
            raise Refused(INVALID, str(error)) from error

    async def _check(self, start: Start) -> ListenRecord:
        """The call's record, if the stream carries its token."""
        try:
            record = await retry(lambda: self._store.record(start.call_sid))
        except RedisError as error:
            raise Refused(INTERNAL, "the token cannot be checked now") from error
        token = start.parameters.get("token", "")
        if record is None or not hmac.compare_digest(token.encode(), record.token.encode()):
            raise Refused(POLICY, "the token is not valid")
        if not start.is_telephone_audio:
            await self._set_speech(start.call_sid, "down")
            raise Refused(UNSUPPORTED, "mu-law audio at 8000 Hz of the inbound track is needed")
        return record

    async def _serve_call(self, connection: MediaConnection, start: Start, record: ListenRecord) -> None:
        call_sid = start.call_sid
        self._arrived.add(call_sid)
        try:
            recogniser = await self._pool.open(replacing=call_sid in self._live)
        except SpeechError as error:
            if call_sid not in self._live:
                await self._set_speech(call_sid, "down")
            raise Refused(TRY_LATER, str(error)) from error

        def report(of: ListenRecord, utterance: Utterance) -> None:
            live.speaking_turn = None
            self._results.report(call_sid, of, utterance, lambda: self.turn_now(call_sid))

        def report_start(of: ListenRecord) -> None:
            live.speaking_turn = of.turn
            self._results.report_start(call_sid, of)

        session = Session(
            call_sid, recogniser, self._vocabularies, report, report_start, interpreters=self._interpreters
        )
        session.turn(record)
        live = _Live(session, connection, asyncio.Event())
        # The record may have changed between the check and now.
        live.woken.set()
        older = self._live.get(call_sid)
        self._live[call_sid] = live
        if older is not None:
            log.info("media.superseded", call_sid=call_sid)
            closing = asyncio.create_task(older.connection.close(NORMAL, "a newer stream took over"))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        log.info("media.stream_accepted", call_sid=call_sid, stream_sid=start.stream_sid, turn=record.turn)
        ended = "dropped"
        try:
            await self._set_speech(call_sid, "up")
            ended = await self._run(live, recogniser)
        finally:
            recogniser.close()
            if self._live.get(call_sid) is live:
                del self._live[call_sid]
                await self._set_speech(call_sid, "down")
            log.info("media.stream_ended", call_sid=call_sid, stream_sid=start.stream_sid, why=ended)
        if ended in ("recogniser_lost", "backlog"):
            raise Refused(TRY_LATER, ended)

    def turn_now(self, call_sid: str) -> int | None:
        """The turn that this call's stream listens in, where it has a stream here."""
        live = self._live.get(call_sid)
        return live.session.record.turn if live is not None and live.session.record is not None else None

    async def _run(self, live: _Live, recogniser: Stream) -> str:
        """Serve until something ends the stream; answers what it was."""
        tasks: dict[asyncio.Task[Any], str] = {
            asyncio.create_task(self._receive(live.connection, live.session)): "stopped",
            asyncio.create_task(live.session.listen()): "recogniser_lost",
            asyncio.create_task(self._follow_turns(live.session, live.woken)): "failed",
            asyncio.create_task(recogniser.lost.wait()): "recogniser_lost",
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(tasks)
        for task in done:
            error = None if task.cancelled() else task.exception()
            if error is None:
                return tasks[task]
            if isinstance(error, BacklogError):
                return "backlog"
            if isinstance(error, SpeechError):
                return "recogniser_lost"
            if isinstance(error, ConnectionClosed):
                return "dropped"
            if isinstance(error, TimeoutError):
                return "silent"
            raise error
        return "failed"

    async def _receive(self, connection: MediaConnection, session: Session) -> None:
        bad = 0

        def take(message: str | bytes) -> bool:
            nonlocal bad
            try:
                frame: Frame = parse(message)
            except FrameError as error:
                if not bad:
                    log.warning("media.bad_frame", call_sid=session.call_sid, problem=str(error))
                bad += 1
                return True
            if isinstance(frame, Media):
                session.take(frame)
            return not isinstance(frame, Stop)

        await connection.deliver(take, SILENT_FOR_S)

    async def _follow_turns(self, session: Session, woken: asyncio.Event) -> None:
        while True:
            await woken.wait()
            woken.clear()
            try:
                session.turn(await self._store.record(session.call_sid))
            except RedisError:
                # The feed and the heartbeat say so in the log. What matters here is to look again.
                woken.set()
                await asyncio.sleep(RETRY_AFTER_S)

    async def _set_speech(self, call_sid: str, status: SpeechStatus) -> None:
        try:
            await retry(lambda: self._store.set_speech(call_sid, status))
        except RedisError as error:
            log.warning("media.status_lost", call_sid=call_sid, status=status, error=type(error).__name__)
