"""Flows as JSON, the form in which they lie in Redis."""

from __future__ import annotations

import structlog
from pydantic import ValidationError

from flows.model import Flow

log = structlog.get_logger()


def flow_from_json(stored: str) -> Flow | None:
    """The flow; None for one that another version of Zerohold has written and this one cannot read."""
    try:
        return Flow.model_validate_json(stored)
    except ValidationError as error:
        log.warning("stored flow not readable", problems=error.error_count())
        return None
