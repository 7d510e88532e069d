"""What goes wrong with callbacks."""

from __future__ import annotations


class CallbackError(Exception):
    """Base of this package's errors."""

    code = "callback"
    retryable = False


class IllegalEventError(CallbackError):
    """The event does not fit the request's state or its fence. Nothing has happened."""

    code = "illegal_event"


class ConflictError(CallbackError):
    """Others kept changing the record; nothing has happened."""

    code = "conflict"
    retryable = True


class FormatError(CallbackError):
    """A stored record was written by a later release; nothing is done with it."""

    code = "format"


class DialError(CallbackError):
    """The carrier did not take a dial. With `unknown_outcome` it may have; with `bad_number` it never will."""

    code = "dial"

    def __init__(self, message: str, *, unknown_outcome: bool, bad_number: bool = False) -> None:
        super().__init__(message)
        self.unknown_outcome = unknown_outcome
        self.bad_number = bad_number
