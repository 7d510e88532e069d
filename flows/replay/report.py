"""What would change, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

import msgspec

from flows.replay.comparing import Change
from flows.replay.following import End


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What would change for some calls; `changes` are those for which anything would."""

    calls: int
    changes: tuple[Change, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether nobody would notice anything."""
        return not self.changes

    def sentences(self) -> Iterator[str]:
        """The report for people, most important first."""
        if not self.changes:
            yield f"Nothing would change for any of the {_calls(self.calls)}."
            return
        yield f"Something would change for {len(self.changes)} of {_calls(self.calls)}."
        followed = [change for change in self.changes if change.stuck is None]
        yield from _ends(followed)
        yield from _people(self.changes)
        yield from _steps(followed)
        yield from _seconds(followed)
        words = sum(change.other_words and not _else_changes(change) for change in followed)
        if words:
            yield f"{_callers(words)} would hear other words, and nothing else would change for them."
        yield from _stuck([change for change in self.changes if change.stuck is not None])


def report_of(changes: Sequence[Change]) -> Report:
    """The report about all calls that were replayed, in their order."""
    return Report(calls=len(changes), changes=tuple(change for change in changes if not change.is_nothing))


def _ends(changes: Sequence[Change]) -> Iterator[str]:
    moved = Counter((change.before, change.after) for change in changes if change.ends_elsewhere)
    if moved:
        yield f"{_callers(moved.total())} would end elsewhere:"
        for (before, after), count in sorted(moved.items(), key=lambda item: (-item[1], item[0])):
            yield f"  {count}: {_end(before)} -> {_end(after)}"


def _people(changes: Sequence[Change]) -> Iterator[str]:
    gained, lost = (sum(change.person == sign for change in changes) for sign in (1, -1))
    if gained:
        yield f"{_callers(gained)} would now be on the way to a person."
    if lost:
        yield f"{_callers(lost)} would no longer be on the way to a person."


def _steps(changes: Sequence[Change]) -> Iterator[str]:
    for sign, word in ((-1, "fewer"), (1, "more")):
        steps = sorted(abs(change.steps) for change in changes if change.steps * sign > 0)
        if steps:
            middle = median(steps)
            yield f"{_callers(len(steps))} would have {word} steps (median {middle:g} {word})."


def _seconds(changes: Sequence[Change]) -> Iterator[str]:
    for sign, word in ((-1, "less"), (1, "more")):
        seconds = sorted(abs(change.seconds) for change in changes if change.seconds * sign > 0)
        if seconds:
            yield (
                f"{_callers(len(seconds))} would be spoken to for {word} time: median {median(seconds):.1f} s, "
                f"{sum(seconds):.0f} s in all."
            )


def _stuck(changes: Sequence[Change]) -> Iterator[str]:
    if changes:
        yield f"{_calls(len(changes))} cannot be followed further:"
        where = Counter((change.after.node, change.stuck or "") for change in changes)
        for (node, why), count in sorted(where.items(), key=lambda item: (-item[1], item[0])):
            yield f"  {count}: at {node}, {why}"


def _else_changes(change: Change) -> bool:
    return bool(change.ends_elsewhere or change.steps or change.seconds or change.person)


def _end(end: End) -> str:
    return f"{end.outcome or 'cut off'} at {end.node}"


def _calls(count: int) -> str:
    return f"{count} call" + ("" if count == 1 else "s")


def _callers(count: int) -> str:
    return f"{count} caller" + ("" if count == 1 else "s")
