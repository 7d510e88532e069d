"""The process with the models, kept running: started anew where it fails or dies, and asked for children."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Final

from speech.launcher import ForkServer, LaunchError

RESTART_FIRST_S: Final = 0.2
RESTART_LAST_S: Final = 30.0
# How long the exit status of a child may come after the end of its socket.
STATUS_WITHIN_S: Final = 0.5


class ModelProcess:
    """Loads the models once, by `command`, for all children that are forked from them.

    `on_loaded` gets what a second of audio costs with them, in seconds; `on_failed` the process that failed or died,
    where there was one, and how.
    """

    def __init__(
        self,
        command: Sequence[str],
        on_loaded: Callable[[float], None],
        on_failed: Callable[[int | None, str], None],
    ) -> None:
        self._command = command
        self._on_loaded = on_loaded
        self._on_failed = on_failed
        self._server: ForkServer | None = None
        # One that cannot fork has a single child, and lives as long.
        self._servers: set[ForkServer] = set()
        self._watches: set[asyncio.Task[None]] = set()
        self._loading = asyncio.Lock()
        self._statuses: dict[int, int] = {}
        self._status_came = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process that has loaded the models, where it can fork."""
        return self._server.pid if self._server is not None else None

    async def fork(self, room_bytes: int) -> tuple[int, socket.socket]:
        """A new child and our end of its socket; waits for the models, raises `LaunchError` where no child is made."""
        server = await self._running()
        return await server.fork(room_bytes)

    async def status_of(self, pid: int) -> int | None:
        """How a child has ended, where its parent tells in time; told once."""
        try:
            async with asyncio.timeout(STATUS_WITHIN_S):
                while pid not in self._statuses:
                    self._status_came.clear()
                    await self._status_came.wait()
        except TimeoutError:
            pass
        return self._statuses.pop(pid, None)

    async def stop(self) -> None:
        """End it, and the children that it still has."""
        watches = list(self._watches)
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in self._servers))
        self._servers.clear()

    async def _running(self) -> ForkServer:
        """The process, loaded; started where there is none, again and again where it fails."""
        wait_s = RESTART_FIRST_S
        async with self._loading:
            while self._server is None or self._server.ended.is_set():
                server = ForkServer(self._command, self._exited)
                self._servers.add(server)
                try:
                    loaded = await server.start()
                except LaunchError as error:
                    self._servers.discard(server)
                    self._on_failed(server.pid, str(error))
                    await asyncio.sleep(wait_s)
                    wait_s = min(2 * wait_s, RESTART_LAST_S)
                    continue
                self._on_loaded(loaded.cost)
                watch = asyncio.create_task(self._watch(server))
                self._watches.add(watch)
                watch.add_done_callback(self._watches.discard)
                if not loaded.forks:
                    return server
                self._server = server
            return self._server

    async def _watch(self, server: ForkServer) -> None:
        """Load the models again when their process has died, before a child needs it; its children go on."""
        await server.ended.wait()
        self._servers.discard(server)
        if server is self._server:
            self._on_failed(server.pid, server.detail)
            await self._running()

    def _exited(self, pid: int, status: int) -> None:
        self._statuses[pid] = status
        self._status_came.set()
