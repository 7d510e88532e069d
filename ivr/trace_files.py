"""Traces in files: one JSON document a line, to be replayed where there is no Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from flows.traces.model import TRACE_VERSION, Trace


class TraceFileError(Exception):
    """A file of traces cannot be used; the message says where and why."""

    code = "trace_file"
    retryable = False


def line_of(trace: Trace) -> str:
    """A trace as one line."""
    return msgspec.json.encode(trace).decode()


def read_traces(path: Path) -> Iterator[Trace]:
    """The traces of a file, in order; empty lines count for nothing. Raises `TraceFileError` with the line."""
    try:
        with path.open(encoding="utf-8") as opened:
            for number, line in enumerate(opened, start=1):
                if line.strip():
                    yield _trace(line, f"{path}:{number}")
    except OSError as error:
        raise TraceFileError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TraceFileError(f"{path}: is not UTF-8 text") from None


def _trace(line: str, where: str) -> Trace:
    try:
        trace = msgspec.json.decode(line, type=Trace)
    except (msgspec.DecodeError, ValueError) as error:
        raise TraceFileError(f"{where}: is no trace: {error}") from None
    if trace.version != TRACE_VERSION:
        raise TraceFileError(f"{where}: is a trace of version {trace.version}; this is version {TRACE_VERSION}")
    if not trace.turns:
        raise TraceFileError(f"{where}: is a trace without turns")
    return trace
