"""Logging: one JSON or console line a record, on standard error; numbers masked in every field."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from ivr.masking import mask_numbers

log = structlog.get_logger()


def configure(process: str, level: str, stream: TextIO | None = None) -> None:
    """Set up structlog for one process; `level` is debug, info, warning or error."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if sys.stderr.isatty():
        # A plain traceback: the rich one takes seconds, and shows the values of local variables.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            _named(process),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
    )
    # The SDK logs every request with its number; APScheduler every tick.
    for noisy in ("twilio.http_client", "apscheduler", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def where(error: BaseException) -> list[str]:
    """Where an error came from, without its words: they may hold what must not be logged."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)[-5:]]


class LastingFault:
    """A fault that may last over many rounds: logged when it begins and when it is over, not in between."""

    def __init__(self, begins: str, ends: str) -> None:
        self._begins, self._ends = begins, ends
        self._present: str | None = None

    def note(self, fault: str | None) -> None:
        """The outcome of one round; None for a good one."""
        if fault is not None and self._present is None:
            log.error(self._begins, fault=fault)
        elif fault is None and self._present is not None:
            log.info(self._ends)
        self._present = fault


def _named(process: str) -> structlog.typing.Processor:
    """Adds the process to each record, whatever thread it comes from."""

    def add(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"process": process, **fields}

    return add


def _mask(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Times, SIDs and our own ids hold long digits too; they are no numbers of anybody.
    kept = {"timestamp", "call_sid", "sid", "stream_sid", "request_id"}
    return {name: value if name in kept else mask_numbers(value) for name, value in fields.items()}
