"""Messages of a media socket are taken as they come, in order, however they come."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from ivr.media.connection import MediaConnection
from tests.benchmarks.serving import wire


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


class RawClient:
    """A peer that sends bytes as it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()

    async def received(self, count: int) -> bytes:
        async with asyncio.timeout(10):
            return await self._reader.readexactly(count)


@contextlib.asynccontextmanager
async def raw_pair(**options: Any) -> AsyncIterator[tuple[MediaConnection, RawClient]]:
    """Our end of one socket, and a peer that has shaken hands."""
    made: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()

    async def handle(connection: ServerConnection) -> None:
        made.set_result(connection)
        await connection.wait_closed()

    create: Any = {"create_connection": MediaConnection, "compression": None, **options}
    async with serve(handle, "127.0.0.1", 0, **create) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(wire.handshake("127.0.0.1", port, "/", {}))
            await reader.readuntil(b"\r\n\r\n")
            yield cast("MediaConnection", await made), RawClient(reader, writer)
        finally:
            writer.close()


def masked(first: int, body: bytes) -> bytes:
    """A frame of a client, with another first byte than that of a whole text."""
    return bytes([first]) + wire.text_frame(body.decode())[1:]


PING, PONG, CLOSE, BEGIN, CONTINUE, END = 0x89, 0x8A, 0x88, 0x01, 0x00, 0x80


async def test_frames_may_come_in_any_pieces_of_bytes() -> None:
    async with raw_pair() as (connection, peer):
        taken: list[str | bytes] = []
        texts = ["", "a", "b" * 125, "c" * 126, "d" * 400, "e" * 65_535, "é", "last"]

        def take(message: str | bytes) -> bool:
            taken.append(message)
            return message != b"last"

        delivering = asyncio.create_task(connection.deliver(take, 10))
        sent = b"".join(map(wire.text_frame, texts))
        draw = random.Random(1)  # noqa: S311
        while sent:
            size = draw.choice([1, 2, 3, 5, 700, 30_000])
            await peer.send(sent[:size])
            sent = sent[size:]
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await delivering
        assert [message if isinstance(message, bytes) else message.encode() for message in taken] == [
            text.encode() for text in texts
        ]


async def test_a_ping_between_the_pieces_of_a_message_is_answered_and_the_message_is_whole() -> None:
    async with raw_pair() as (connection, peer):
        taken: list[str | bytes] = []

        def take(message: str | bytes) -> bool:
            taken.append(message)
            return len(taken) < 2

        delivering = asyncio.create_task(connection.deliver(take, 10))
        await peer.send(wire.text_frame("one") + masked(BEGIN, b"t") + masked(PING, b"?") + masked(CONTINUE, b"w"))
        assert await peer.received(3) == bytes([PONG, 1]) + b"?"
        await peer.send(masked(END, b"o"))
        async with asyncio.timeout(10):
            await delivering
        assert [str(message, "utf-8") if isinstance(message, bytes) else message for message in taken] == ["one", "two"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x03one", 1002),
        (bytes([0x81 | 0x40]) + wire.text_frame("one")[1:], 1002),
        (masked(CONTINUE, b"of nothing"), 1002),
        (bytes([0x81, 0x80 | 127]) + (1 << 30).to_bytes(8, "big"), 1009),
    ],
)
async def test_what_breaks_the_rules_closes_the_socket_with_its_code(sent: bytes, code: int) -> None:
    async with raw_pair(max_size=64 * 1024) as (connection, peer):
        delivering = asyncio.create_task(connection.deliver(lambda _message: True, 10))
        await peer.send(wire.text_frame("good") + sent)
        first, _, *number = await peer.received(4)
        assert (first, int.from_bytes(bytes(number), "big")) == (CLOSE, code)
        peer.close()
        with pytest.raises(ConnectionClosed):
            await delivering
