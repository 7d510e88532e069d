"""The job that every peer runs: dial, wait for the end of the conversation, say that it is done.

Peers look it up by its name in their own worker processes, where only the environment says where things are.
"""

from __future__ import annotations

import http.client
import os
import time
from typing import Final

CONVERSATION_S: Final = 0.2
# More than the carrier ever takes; a peer that is stopped half-way must not hang for ever.
TIMEOUT_S: Final = 5.0


def redis_socket() -> str:
    """The path of the Redis server's socket."""
    return os.environ["CRASH_REDIS"]


def keep_promise(callback_id: str) -> None:
    """Call one customer; raises where the carrier does not accept it."""
    _post(f"/calls/{callback_id}")
    time.sleep(CONVERSATION_S)
    _post(f"/done/{callback_id}")


def _post(path: str) -> None:
    connection = http.client.HTTPConnection(os.environ["CRASH_CARRIER"], timeout=TIMEOUT_S)
    try:
        connection.request("POST", path)
        response = connection.getresponse()
        body = response.read().decode()
        if response.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{path}: {response.status} {body}")
    finally:
        connection.close()
