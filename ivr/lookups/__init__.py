"""Performs a flow's lookups: `look_up(lookup, folder=...)` answers in time, whatever the source does.

    try:
        result = look_up(effect, folder=folder_of_the_flow)
    except LookupFailedError as error:   # -> events.LookupFailed; log error.code, str(error), error.took_ms
    if result.values is None:            # -> events.LookupMissed
    else:                                # -> events.LookupFound(values=result.values); result.took_ms for the trace

Nothing here logs, and no message holds a value of the caller's: it can be logged as it is.
"""

from __future__ import annotations

from ivr.lookups.errors import LookupFailedError
from ivr.lookups.service import LookupResult, Lookups, look_up

__all__ = ["LookupFailedError", "LookupResult", "Lookups", "look_up"]
