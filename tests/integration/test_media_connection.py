"""Messages of a media socket are taken as they come, in order, however they come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from ivr.media.connection import MediaConnection


@contextlib.asynccontextmanager
async def pair() -> AsyncIterator[tuple[MediaConnection, ClientConnection]]:
    """Both ends of one socket."""
    made: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()

    async def handle(connection: ServerConnection) -> None:
        made.set_result(connection)
        await connection.wait_closed()

    async with serve(handle, "127.0.0.1", 0, create_connection=MediaConnection, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", compression=None, proxy=None) as client:
            yield cast("MediaConnection", await made), client


async def test_messages_are_taken_in_order_those_from_before_first() -> None:
    async with pair() as (connection, client):
        for number in range(5):
            await client.send(str(number))
        assert await connection.recv() == "0"
        taken: list[str] = []

        def take(message: str | bytes) -> bool:
            taken.append(message if isinstance(message, str) else message.decode())
            return taken[-1] != "99"

        delivering = asyncio.create_task(connection.deliver(take, 10))
        for number in range(5, 50):
            await client.send(str(number))
        await client.send(["5", "0"])  # in two pieces
        for number in range(51, 100):
            await client.send(str(number))
        async with asyncio.timeout(10):
            await delivering
        assert taken == [str(number) for number in range(1, 100)]


async def test_nothing_more_is_taken_when_enough_has_been() -> None:
    async with pair() as (connection, client):
        taken: list[str | bytes] = []

        def take(message: str | bytes) -> bool:
            taken.append(message)
            return False

        delivering = asyncio.create_task(connection.deliver(take, 10))
        for _ in range(5):
            await client.send("more")
        async with asyncio.timeout(10):
            await delivering
        assert len(taken) == 1


async def test_silence_is_an_end() -> None:
    async with pair() as (connection, client):
        taken: list[str | bytes] = []
        delivering = asyncio.create_task(connection.deliver(lambda message: not taken.append(message), 0.2))
        await client.send("one")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await delivering
        assert taken


async def test_a_socket_that_closes_is_an_end() -> None:
    async with pair() as (connection, client):
        delivering = asyncio.create_task(connection.deliver(lambda _message: True, 10))
        await client.send("one")
        await client.close()
        with pytest.raises(ConnectionClosed):
            await delivering


async def test_what_goes_wrong_in_taking_is_raised() -> None:
    async with pair() as (connection, client):

        def take(_message: str | bytes) -> bool:
            raise ValueError("too much")

        delivering = asyncio.create_task(connection.deliver(take, 10))
        await client.send("one")
        await client.send("two")
        with pytest.raises(ValueError, match="too much"):
            await delivering
