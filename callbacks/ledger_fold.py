"""What the ledger says became of each request, and of each promise: a fold over its entries. Pure.

A promise is a window that was named to a caller, and is measured on the first ring of the customer's phone in it:

    kept       the phone rang within the window
    early      it rang before the window began
    late       it rang after the window's end: kept late
    broken     it did not ring, and the request ended, or was withdrawn when the window was over already
    withdrawn  cancelled, moved, answered by the customer's own call or forgotten, before the window's end
    open       nothing of this yet
    overdue    nothing of this yet, and the window is over

A customer who moves the callback is given a new promise, and the old one ends there. A new time that we tell the
customer does not make a new promise: the first one then is kept late. The phone has rung where the carrier took the
dial (the leg has a SID) or somebody was busy, away or there; a dial that the carrier refused or could not make rang
nowhere. It counts from the moment at which we meant to dial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, Literal

import msgspec

from callbacks.ledger_entries import FORGOTTEN, PROMISED, PUT_BACK, RECOVERED, Attempt, Entry, Leg, Then, decode

Outcome = Literal["kept", "early", "late", "broken", "withdrawn", "open", "overdue"]
# Where an event may lead, by the state before it: the lifecycle's table by names.
Table = Mapping[tuple[str, str], frozenset[str]]

# The request ends by the customer's will, or with their record.
WITHDRAWALS: Final = frozenset({"Moved", "Cancelled", "AnsweredLive", FORGOTTEN})
WITHDRAWN_AS: Final = frozenset({"cancelled", "answered_live", "booked_again"})
# Somebody was at the customer's phone, or nobody: either way it has rung. A leg with a SID that fails has not.
RANG: Final = frozenset({"CustomerAnswered", "CustomerProved"})
RANG_IN_VAIN: Final = frozenset({"busy", "no-answer", "machine"})
NEVER_RANG: Final = frozenset({"failed", "bad-number"})
ENDED: Final = "ended"


class Verdict(msgspec.Struct, frozen=True):
    """One promise: `seconds` are those by which it was early, late or broken, or is overdue."""

    id: str
    outcome: Outcome
    promised_by: float
    seconds: float = 0.0


class Problem(msgspec.Struct, frozen=True):
    """An entry that cannot have happened as it says."""

    page: int
    id: str
    words: str


class Rebuilt(msgspec.Struct, gc=False):
    """A request as the ledger has it. Instants are seconds since 1970, so that a million of these stay small."""

    id: str
    version: int = 0
    state: str = ""
    fence: int = 0
    offers: int = 0
    dials: int = 0
    connects: int = 0
    rescues: int = 0
    disposition: str | None = None
    who: bytes | None = None
    starts_at: float | None = None
    promised_by: float = 0.0
    first_promised_by: float = 0.0
    # The promise that counts just now: its window, when we meant to ring, and when it rang.
    window_starts: float | None = None
    window_ends: float = 0.0
    dialled_at: float | None = None
    rang_at: float | None = None


def table_of(table: Mapping[tuple[Any, type], Iterable[str]]) -> Table:
    """The lifecycle's table by names."""
    return {(state, kind.__name__): frozenset(targets) for (state, kind), targets in table.items()}


class Fold:
    """Takes entries in the order of the ledger; holds the open requests, and of ended ones a mark of eight bytes."""

    def __init__(self, table: Table, judge: Callable[[Verdict], None]) -> None:
        self.open: dict[str, Rebuilt] = {}
        self.entries = 0
        self.requests = 0
        self.overruled = 0
        self._table = table
        self._judge = judge
        self._ended: set[int] = set()
        # Problems of requests that were put back afterwards are explained by that.
        self._problems: dict[str, list[Problem]] = {}

    @property
    def problems(self) -> list[Problem]:
        """What did not fit, page by page."""
        return sorted((one for found in self._problems.values() for one in found), key=lambda one: (one.page, one.id))

    def knows(self, request_id: str) -> bool:
        """Whether the ledger has ever named this request."""
        return request_id in self.open or _short(request_id) in self._ended

    def add(self, raw: str, page: int) -> Rebuilt | None:
        """Take the next entry; the request, where this entry ended it (or had it forgotten: its state says so)."""
        self.entries += 1
        try:
            entry = decode(raw)
        except msgspec.MsgspecError as error:
            self._problem(page, "", f"an entry cannot be read: {error}")
            return None
        if entry.event == RECOVERED:
            return None
        known = self.open.get(entry.id)
        if entry.late:
            self.overruled += 1
            if known is not None:
                _note_ring(known, entry)
            return None
        if known is None and (entry.event == FORGOTTEN or _short(entry.id) in self._ended):
            return self._after_end(entry, page)
        if known is None:
            if entry.event not in {PROMISED, PUT_BACK}:
                self._problem(page, entry.id, f"{entry.event} of {entry.id}, which was never promised")
            self.requests += 1
            self.open[entry.id] = known = Rebuilt(id=entry.id)
        elif not self._fits(known, entry, page):
            return None
        self._follow(known, entry)
        if known.state not in {ENDED, FORGOTTEN}:
            return None
        del self.open[entry.id]
        self._ended.add(_short(entry.id))
        return known

    def judge_open(self, now: datetime) -> None:
        """Say of each promise that is open how it stands."""
        for known in self.open.values():
            self._judge(judged(known, now.timestamp(), closing=None))

    def _after_end(self, entry: Entry, page: int) -> Rebuilt | None:
        if entry.event == FORGOTTEN:
            self._problems.pop(entry.id, None)
            return Rebuilt(id=entry.id, state=FORGOTTEN)
        if entry.event == PUT_BACK and entry.state == ENDED:
            self.overruled += len(self._problems.pop(entry.id, ()))
            return _apply(Rebuilt(id=entry.id), entry)
        self._problem(page, entry.id, f"{entry.event} of {entry.id} comes after its end")
        return None

    def _fits(self, known: Rebuilt, entry: Entry, page: int) -> bool:
        if entry.event == PUT_BACK:
            # What was done on an old record meanwhile is explained by this.
            self.overruled += len(self._problems.pop(entry.id, ()))
        elif entry.event == PROMISED:
            self._problem(page, entry.id, f"{entry.id} was promised a second time")
            return False
        elif entry.event != FORGOTTEN and entry.v <= known.version:
            words = f"{entry.event} of {entry.id} was made on a copy of the record that was old by then"
            self._problem(page, entry.id, words)
            return False
        elif entry.event != FORGOTTEN and entry.state not in self._table.get((known.state, entry.event), ()):
            words = f"{entry.event} cannot lead {entry.id} from {known.state or 'nothing'} to {entry.state}"
            self._problem(page, entry.id, words)
        elif entry.fence is not None and entry.fence != known.fence:
            words = f"{entry.event} of {entry.id} acts under fence {entry.fence}; {known.fence} is the current one"
            self._problem(page, entry.id, words)
        return True

    def _follow(self, known: Rebuilt, entry: Entry) -> None:
        at = entry.at.timestamp()
        if entry.event in {"Moved", FORGOTTEN}:
            self._judge(judged(known, at, closing=entry.event))
        _note_ring(known, entry)
        if entry.event == FORGOTTEN:
            known.state = FORGOTTEN
            return
        first = not known.state
        _apply(known, entry)
        if first or entry.event == "Moved":
            known.window_starts, known.window_ends = known.starts_at, known.first_promised_by
            known.dialled_at = known.rang_at = None
        if known.state == ENDED:
            self._judge(judged(known, at, closing=entry.event))

    def _problem(self, page: int, request_id: str, words: str) -> None:
        self._problems.setdefault(request_id, []).append(Problem(page, request_id, words))


def judged(known: Rebuilt, at: float, *, closing: str | None) -> Verdict:
    """How a promise stands at an instant, or when the event `closing` ended it."""
    ends = known.window_ends
    if known.rang_at is not None:
        if known.window_starts is not None and known.rang_at < known.window_starts:
            return Verdict(known.id, "early", ends, known.window_starts - known.rang_at)
        if known.rang_at > ends:
            return Verdict(known.id, "late", ends, known.rang_at - ends)
        return Verdict(known.id, "kept", ends)
    if closing is None:
        return Verdict(known.id, "overdue", ends, at - ends) if at > ends else Verdict(known.id, "open", ends)
    if (closing in WITHDRAWALS or known.disposition in WITHDRAWN_AS) and at <= ends:
        return Verdict(known.id, "withdrawn", ends)
    return Verdict(known.id, "broken", ends, max(0.0, at - ends))


def rebuild(entries: Iterable[str], table: Table) -> dict[str, Rebuilt]:
    """Every request that the entries name, ended ones too, as the ledger has it."""
    fold = Fold(table, lambda _: None)
    rebuilt: dict[str, Rebuilt] = {}
    for raw in entries:
        ended = fold.add(raw, 0)
        if ended is not None:
            rebuilt[ended.id] = ended
    return rebuilt | fold.open


def verdicts(entries: Iterable[str], table: Table, now: datetime) -> list[Verdict]:
    """Every promise that the entries name and how it stands at `now`, those that are over first."""
    found: list[Verdict] = []
    fold = Fold(table, found.append)
    for raw in entries:
        fold.add(raw, 0)
    fold.judge_open(now)
    return found


def _short(request_id: str) -> int:
    return int.from_bytes(blake2b(request_id.encode(), digest_size=8).digest(), "big")


def _apply(known: Rebuilt, entry: Entry) -> Rebuilt:
    then = entry.then
    if entry.event == PUT_BACK:
        # The whole record follows; what it leaves out has its default.
        plain = Rebuilt(id=known.id)
        for name in (*_NUMBERS, "disposition", "starts_at"):
            setattr(known, name, getattr(plain, name))
    known.version, known.state = entry.v, entry.state
    if entry.who is not None:
        known.who = bytes.fromhex(entry.who)
    for name in _NUMBERS:
        value = getattr(then, name)
        if value is not msgspec.UNSET:
            setattr(known, name, value or 0)
    if then.disposition is not msgspec.UNSET:
        known.disposition = then.disposition
    if then.starts_at is not msgspec.UNSET:
        known.starts_at = None if then.starts_at is None else then.starts_at.timestamp()
    if then.promised_by is not msgspec.UNSET:
        known.promised_by = then.promised_by.timestamp()
        if not known.first_promised_by:
            known.first_promised_by = known.promised_by
    if then.first_promised_by is not msgspec.UNSET:
        known.first_promised_by = then.first_promised_by.timestamp()
    return known


_NUMBERS: Final = ("fence", "offers", "dials", "connects", "rescues")


def _note_ring(known: Rebuilt, entry: Entry) -> None:
    if known.rang_at is not None:
        if entry.reason in NEVER_RANG and known.rang_at == known.dialled_at:
            known.rang_at = None  # the carrier took this very dial, and could not make it
        return
    leg = _customer_leg(entry.then)
    if leg is not None and leg.intended_at is not msgspec.UNSET:
        known.dialled_at = leg.intended_at.timestamp()
    has_sid = leg is not None and isinstance(leg.sid, str)
    if has_sid or entry.event in RANG or (entry.event == "CustomerUnreached" and entry.reason in RANG_IN_VAIN):
        known.rang_at = known.dialled_at if known.dialled_at is not None else entry.at.timestamp()


def _customer_leg(then: Then) -> Leg | None:
    attempt = then.attempt
    if not isinstance(attempt, Attempt) or not isinstance(attempt.customer_leg, Leg):
        return None
    return attempt.customer_leg
