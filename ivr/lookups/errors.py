"""What goes wrong with lookups."""

from __future__ import annotations

from typing import Literal

# timeout: no answer in time. busy: its threads are all taken. resting: it failed too often just now. unreachable: no
# connection, or the source has a fault. answer: it answered what cannot be used. setup: the flow, a file or a variable
# is wrong. fault: ours.
Code = Literal["timeout", "busy", "resting", "unreachable", "answer", "setup", "fault"]


class LookupFailedError(Exception):
    """The lookup cannot be done. The message names the source, columns, paths and variables, never a caller's value.

    `retryable`: the same lookup may work soon. `took_ms` is how long the caller waited for this.
    """

    def __init__(self, message: str, *, code: Code, retryable: bool = False) -> None:
        super().__init__(message)
        self.code: Code = code
        self.retryable = retryable
        self.took_ms = 0
        # Which source, for a person; `Lookups` knows it.
        self.source = ""

    def __str__(self) -> str:
        message = super().__str__()
        return f"{self.source}: {message}" if self.source else message
