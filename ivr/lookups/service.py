"""One lookup, from the flow's words to values: in time, timed, and not at all where the source just failed."""

from __future__ import annotations

import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from flows import actions
from flows.events import Value
from flows.sources import CsvSource, HttpSource, PythonSource, Source, SqliteSource
from ivr.lookups import python_functions, sqlite_files
from ivr.lookups.breaker import Breaker, admit, settled
from ivr.lookups.crew import Crew
from ivr.lookups.csv_files import CsvFiles
from ivr.lookups.cuttable import Cut
from ivr.lookups.deadline import Deadline
from ivr.lookups.errors import LookupFailedError
from ivr.lookups.http_sources import HttpLookups
from ivr.lookups.values import asks_for_nothing

# A webhook must answer within two seconds.
MAX_TIMEOUT_S: Final = 1.5
MAX_SOURCES: Final = 256

Key = tuple[str, ...]


class LookupResult(msgspec.Struct, frozen=True):
    """What a lookup that worked found: the values to save, None where it found nothing; and how long it took."""

    values: dict[str, Value] | None
    took_ms: int


class _Known(msgspec.Struct):
    """What this process knows of one source."""

    crew: Crew
    breaker: Breaker = Breaker()


class Lookups:
    """The lookups of one process; safe to use from many threads. `now_s` is a monotonic clock, in seconds."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._sources: OrderedDict[Key, _Known] = OrderedDict()
        self._csv = CsvFiles()
        self._http = HttpLookups()

    def look_up(self, lookup: actions.Lookup, *, folder: Path) -> LookupResult:
        """Perform a lookup within its `timeout_s`; `folder` is where the flow's file lies.

        Raises `LookupFailedError` where it cannot be done.
        """
        started_s = time.monotonic()
        try:
            values = None if asks_for_nothing(lookup.where) else self._ask(lookup, folder)
        except LookupFailedError as error:
            error.took_ms = _ms_since(started_s)
            error.source = name_of(lookup.source)
            raise
        return LookupResult(values=values, took_ms=_ms_since(started_s))

    def _ask(self, lookup: actions.Lookup, folder: Path) -> dict[str, Value] | None:
        deadline = Deadline.after(min(lookup.timeout_s, MAX_TIMEOUT_S))
        known = self._known(key_of(lookup.source, folder))
        with self._lock:
            admitted = admit(known.breaker, self._now_s())
            if admitted is None:
                raise LookupFailedError("it failed too often just now, and rests", code="resting", retryable=True)
            known.breaker = admitted
        answered = False
        try:
            values = self._guarded(lookup, folder, deadline, known.crew)
            answered = True
            return values
        except LookupFailedError as error:
            # What is not worth a retry is an answer, too: the source is there, and costs nobody time.
            answered = not error.retryable
            raise
        finally:
            with self._lock:
                known.breaker = settled(known.breaker, answered=answered, now_s=self._now_s())

    def _guarded(self, lookup: actions.Lookup, folder: Path, deadline: Deadline, crew: Crew) -> dict[str, Value] | None:
        try:
            return self._perform(lookup, folder, deadline, crew)
        except LookupFailedError:
            raise
        # A fault of ours. Its text may hold a value; where it happened does not.
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            raise LookupFailedError(
                f"{type(error).__name__} in {place.name}, line {place.lineno}", code="fault"
            ) from None

    def _perform(self, lookup: actions.Lookup, folder: Path, deadline: Deadline, crew: Crew) -> dict[str, Value] | None:
        match lookup.source:
            case CsvSource() as source:
                return crew.run(partial(self._csv.find, lookup, source, folder, deadline), deadline)
            case SqliteSource() as source:
                return crew.run(partial(sqlite_files.find, lookup, source, folder, deadline), deadline)
            case HttpSource() as source:
                cut = Cut()
                return crew.run(partial(self._http.find, lookup, source, deadline, cut), deadline, cut.now)
            case PythonSource() as source:
                return crew.run(partial(python_functions.find, lookup, source, folder), deadline)

    def _known(self, key: Key) -> _Known:
        with self._lock:
            known = self._sources.get(key)
            if known is None:
                known = self._sources[key] = _Known(crew=Crew())
                if len(self._sources) > MAX_SOURCES:
                    idle = next((old for old, of in self._sources.items() if of.crew.idle() and old != key), None)
                    self._sources.pop(idle if idle is not None else next(iter(self._sources)))
            self._sources.move_to_end(key)
            return known


def key_of(source: Source, folder: Path) -> Key:
    """What makes two sources one, for who counts their failures."""
    match source:
        case HttpSource(url=url, method=method):
            return "http", method, url
        case PythonSource(function=function):
            return "python", str(folder), function
        case CsvSource(file=file) | SqliteSource(file=file):
            return source.type, str(folder), file


def name_of(source: Source) -> str:
    """A source in a message; an address without its query, which may hold a key."""
    match source:
        case HttpSource(url=url):
            parts = urlsplit(url)
            return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        case PythonSource(function=function):
            return function
        case CsvSource(file=file) | SqliteSource(file=file):
            return file


def _ms_since(started_s: float) -> int:
    return round((time.monotonic() - started_s) * 1000)


# One for the process: connections, cached files and what is known of sources are shared by all of its threads.
_process = Lookups()


def look_up(lookup: actions.Lookup, *, folder: Path) -> LookupResult:
    """Perform a lookup within its `timeout_s` (at most 1.5 s); `folder` is where the flow's file lies.

    `values` are those to save, None where nothing was found. Raises `LookupFailedError` where it cannot be done.
    """
    return _process.look_up(lookup, folder=folder)
