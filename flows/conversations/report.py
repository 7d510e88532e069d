"""Why a conversation failed, in lines for a person."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from flows.conversations.model import Conversation
from flows.conversations.player import Played


def explain(conversation: Conversation, played: Played) -> Iterator[str]:
    """The step that failed, what was expected, and what was heard; nothing for a conversation that passed."""
    failure = played.failure
    if failure is None:
        return
    if failure.step:
        step = conversation.steps[failure.step - 1].model_dump(mode="json", exclude_defaults=True)
        yield f"step {failure.step} of {len(conversation.steps)}: {', '.join(step)}"
    else:
        yield "before the first step"
    if failure.expected is None:
        yield from (f"  {line}" for line in failure.message.splitlines())
    else:
        yield f"  this {failure.message}:"
        yield f"    - {failure.expected}"
        nearest = nearest_text(failure.expected, failure.heard)
        if nearest is not None:
            yield "  the nearest that was heard:"
            yield f"    + {nearest}"
    if failure.heard:
        yield "  heard just before:"
        yield from (f"    {text}" for text in failure.heard)


def nearest_text(expected: str, heard: tuple[str, ...]) -> str | None:
    """The text that is most like the expected one; None where none is at all like it."""
    near = difflib.get_close_matches(expected, heard, n=1, cutoff=0.5)
    return near[0] if near else None
