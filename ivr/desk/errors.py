"""What a desk operation answers instead of doing it: for people in words, for programs by a code."""

from __future__ import annotations

from typing import Final, Literal

from callbacks.booking import Refusal

Code = Literal[
    "invalid",  # what was asked for cannot be read, or is not among what is allowed
    "not_found",
    "gone",  # the promise is over, or is being kept just now
    "full",
    "closed",
    "number",
    "not_allowed",
    "own",
    "quota",
    "changed",  # somebody was faster
    "in_call",
    "busy",
    "key_reused",
    "no_journal",
]

REFUSED: Final[dict[str, str]] = {
    "number": "that is no number that can be called; write it as +442079460100",
    "not_allowed": "that number is not called: by its country, its kind, a denied prefix, or the do-not-call list",
    "own": "that is one of our own numbers",
    "quota": "that number has had as many promises as it may have in a day",
    "full": "all that can be promised for that time is taken",
    "closed": "nothing can be promised for that time: no window begins there, nobody works, the office is closed, "
    "or it is no hour to call that number",
    "gone": "that callback is over, or is being kept just now; it cannot be changed any more",
}


class DeskError(Exception):
    """An operation was not done, and nothing has changed.

    `allowed` are words that would be right, as far as known; `hint` says the same to people where it differs.
    """

    retryable = False

    def __init__(self, code: Code, detail: str, *, allowed: tuple[str, ...] = (), hint: str = "") -> None:
        self.code: Code = code
        self.detail = detail
        self.allowed = allowed
        hint = hint or (f"known: {', '.join(allowed)}" if allowed else "")
        super().__init__(f"{detail} ({hint})" if hint else detail)


def refused(refusal: Refusal, *, allowed: tuple[str, ...] = (), hint: str = "") -> DeskError:
    """The words for a refusal of the callbacks."""
    return DeskError(refusal.reason, REFUSED[refusal.reason], allowed=allowed, hint=hint)
