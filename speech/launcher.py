"""The fork server seen from the event loop: it is started, and asked for children."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from speech.errors import SpeechError
from speech.protocol import LENGTH_BYTES, MAX_FRAME_BYTES, Exited, Fork, Forked, Loaded, Notice, frame, notice_decoder

# Source: ours. Official models take seconds to load from a cold disk.
LOAD_WITHIN_S: Final = 60.0
# Source: ours. A fork takes milliseconds, on a machine that is overloaded a hundred times that.
FORK_WITHIN_S: Final = 5.0
STOP_WITHIN_S: Final = 2.0
# How long a process may take to end by itself when it has closed its socket; what it says of itself is worth the wait.
EXIT_WITHIN_S: Final = 10.0
PACKAGE_PARENT_DIR: Final = Path(__file__).resolve().parent.parent
# libvosk allocates much and everywhere; with huge pages its many streams miss fewer addresses in the processor's table.
# Source: measured, docs/speech/benchmarks.md; glibc 2.35 and later (malloc tunables), nothing elsewhere.
ALLOCATION: Final = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


class LaunchError(SpeechError):
    """The process with the models did not start, died, or made no child."""

    code = "speech.launch"
    retryable = True


class ForkServer:
    """One process with the models, from its start to its end; `on_exit` is told of each child that ends, and how.

    `command` is started with a socket as its standard input.
    """

    def __init__(self, command: Sequence[str], on_exit: Callable[[int, int], None]) -> None:
        self._command = command
        self._on_exit = on_exit
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._reading: asyncio.Task[None] | None = None
        self._loaded: asyncio.Future[Loaded] = asyncio.get_running_loop().create_future()
        self._forked: asyncio.Future[int] | None = None
        self._one_at_a_time = asyncio.Lock()
        self.ended: Final = asyncio.Event()
        self.detail = ""

    @property
    def pid(self) -> int | None:
        """The process, once it is started."""
        return self._process.pid if self._process else None

    async def start(self) -> Loaded:
        """Start it and wait for its models; raises `LaunchError`."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=theirs.fileno(),
                    # `-m` looks in the working folder first: let it find this package and no other of its name.
                    cwd=PACKAGE_PARENT_DIR,
                    # An operator's own choice goes before ours.
                    env={**ALLOCATION, **os.environ},
                )
        except OSError as error:
            ours.close()
            self.ended.set()
            raise LaunchError(str(error)) from error
        self._control = ours.dup()
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        self._reading = asyncio.create_task(self._read(reader, writer))
        try:
            async with asyncio.timeout(LOAD_WITHIN_S):
                return await asyncio.shield(self._loaded)
        except TimeoutError:
            await self.stop()
            raise LaunchError(f"the models were not loaded within {LOAD_WITHIN_S:g} s") from None

    async def fork(self, room_bytes: int) -> tuple[int, socket.socket]:
        """A new child and our end of its socket; raises `LaunchError`."""
        async with self._one_at_a_time:
            if self.ended.is_set() or self._control is None:
                raise LaunchError(f"the process with the models is gone: {self.detail}")
            self._forked = asyncio.get_running_loop().create_future()
            ours, theirs = socket.socketpair()
            try:
                with theirs:
                    socket.send_fds(self._control, [frame(Fork(room_bytes))], [theirs.fileno()])
                async with asyncio.timeout(FORK_WITHIN_S):
                    pid = await self._forked
            except (OSError, TimeoutError) as error:
                ours.close()
                # One that does not answer in time would answer the next request with this child.
                self._kill()
                raise LaunchError(f"no child was made: {error or type(error).__name__}") from error
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)
        return pid, ours

    async def stop(self) -> None:
        """End it, and the children that it still has."""
        if not self._loaded.done():
            self._kill()
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_RDWR)
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await self.ended.wait()
        except TimeoutError:
            self._kill()
            await self.ended.wait()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        process = self._process
        if process is None:
            raise RuntimeError("it was not started")
        try:
            while True:
                self._take(await _notice(reader))
        except asyncio.IncompleteReadError:
            pass
        except (msgspec.DecodeError, OSError) as error:
            self.detail = str(error)
            self._kill()
        finally:
            writer.close()
            if self._control is not None:
                self._control.close()
            status = await _wait(process)
            self.detail = self.detail or told(status)
            self.ended.set()
            for future in (self._loaded, self._forked):
                if future is not None and not future.done():
                    future.set_exception(LaunchError(f"the process with the models ended: {self.detail}"))
                    future.exception()  # looked at: nobody may be waiting for it

    def _take(self, notice: Notice) -> None:
        if isinstance(notice, Loaded):
            if not self._loaded.done():
                self._loaded.set_result(notice)
        elif isinstance(notice, Exited):
            self._on_exit(notice.pid, notice.status)
        elif isinstance(notice, Forked) and self._forked is not None and not self._forked.done():
            self._forked.set_result(notice.pid)

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()


async def _notice(reader: asyncio.StreamReader) -> Notice:
    length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
    if length > MAX_FRAME_BYTES:
        raise msgspec.DecodeError(f"a frame of {length} bytes")
    notice: Notice = notice_decoder.decode(await reader.readexactly(length))
    return notice


async def _wait(process: asyncio.subprocess.Process) -> int:
    """The exit status of a process that has closed its socket; it is killed where it goes on."""
    try:
        async with asyncio.timeout(EXIT_WITHIN_S):
            return await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


def told(status: int) -> str:
    """How a process ended, in words."""
    return f"exit status {status}" if status >= 0 else f"signal {-status}"
