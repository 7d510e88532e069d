"""The moments at which the world can get between a program and what it asks of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class KilledError(BaseException):
    """The process is gone, as with kill -9: whoever called does not go on, and nothing is caught on the way."""


class Hooked:
    """Stands before a store or a carrier: before and after each call, `point` may do something, or raise.

    After the call its effect is there, and the program has not read the reply.
    """

    def __init__(self, target: Any, point: Callable[[str], None]) -> None:
        self._target = target
        self._point = point

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self._point(name)
            answer = found(*arguments, **named)
            self._point(f"{name}, before its reply")
            return answer

        self.__dict__[name] = call
        return call
