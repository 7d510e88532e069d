"""What would be different for one caller."""

from __future__ import annotations

from typing import Final

import msgspec

from flows.replay.following import End, Followed, recorded
from flows.traces.model import Trace

# Below this, a difference in speech is nothing that anybody hears.
LEAST_SECONDS: Final = 0.05


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One call as it was and as it would be.

    `stuck` says why it cannot be followed further than `after`; nothing else is known then but that it was on the
    way to a person by that time. `steps` and `seconds` are what it would have more (or, below zero, less).
    """

    call_sid: str
    before: End
    after: End
    stuck: str | None = None
    steps: int = 0
    seconds: float = 0.0
    person: int = 0
    other_words: bool = False

    @property
    def ends_elsewhere(self) -> bool:
        """Whether the caller would end elsewhere."""
        return self.stuck is None and self.before != self.after

    @property
    def is_nothing(self) -> bool:
        """Whether the caller would notice nothing."""
        return (
            self.stuck is None
            and not self.ends_elsewhere
            and not (self.steps or self.seconds or self.person or self.other_words)
        )


def compare(trace: Trace, would: Followed) -> Change:
    """The difference between a trace and what it would be."""
    was = recorded(trace)
    if would.stuck is not None:
        person = int(would.asked_person and not was.asked_person)
        return Change(call_sid=trace.call_sid, before=was.end, after=would.end, stuck=would.stuck, person=person)
    seconds = would.seconds - was.seconds
    return Change(
        call_sid=trace.call_sid,
        before=was.end,
        after=would.end,
        steps=would.steps - was.steps,
        seconds=round(seconds, 1) if abs(seconds) >= LEAST_SECONDS else 0.0,
        person=would.asked_person - was.asked_person,
        other_words=would.spoken != was.spoken,
    )
