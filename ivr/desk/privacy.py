"""A person's data, by their number: handed out, or deleted; and what is deleted by itself in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import phonenumbers

from callbacks.errors import IllegalEventError
from callbacks.model import CallbackRequest
from callbacks.redis_ledger import RedisLedger
from ivr.desk.desk import Desk
from ivr.desk.errors import DeskError
from ivr.desk.ledger import entries, forget, journal_of
from ivr.desk.promises import e164_of
from ivr.desk.when import count_words
from ivr.redis_person import FEWEST_DIGITS, Call, PersonData
from ivr.services import Services

# In one go of the housekeeping; the next comes in ten minutes.
MOST_BATCHES: Final = 50
BATCH: Final = 200
MOST_NAMED: Final = 20

STAYS: Final = (
    "the ledger's entries: they name no number, and the salt of the marks in them is gone with the record, so that "
    "nobody can tell any more whose they were; without them the ledger could not prove what was kept",
    "backups of Redis, and other machines' journals up to a second after their worker's next copy: a backup that is "
    "brought back is told by the ledger to forget this again (`ivr callbacks recover`)",
    "the carrier's own records of calls and texts, which are deleted there",
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that this installation knows of a number."""

    number: str
    callbacks: tuple[CallbackRequest, ...]
    context: dict[str, Any]
    calls: tuple[Call, ...]
    texts: dict[str, str]
    prompts: tuple[str, ...]
    quotas: dict[str, int]
    do_not_call: bool
    journal: tuple[CallbackRequest, ...]
    # Callbacks of others in whose words or values the number is.
    mentioned_in: tuple[str, ...]
    agents: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        kept = (self.callbacks, self.context, self.calls, self.texts, self.prompts, self.quotas, self.journal)
        return not any(kept) and not self.do_not_call and not self.agents and not self.mentioned_in

    @property
    def open_ids(self) -> tuple[str, ...]:
        """The callbacks that are promised and not over."""
        return tuple(request.id for request in self.callbacks if request.is_open)

    @property
    def ids(self) -> list[str]:
        """The ids of all callbacks, of the store's and of the journal's."""
        return list(dict.fromkeys(request.id for request in (*self.callbacks, *self.journal)))


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted, and what stays and why."""

    cancelled: tuple[str, ...]
    callbacks: int
    calls: int
    stays: tuple[str, ...]


def find(desk: Desk, services: Services, number: str) -> Found:
    """Everything about a number. Raises `DeskError` for what is none."""
    e164 = e164_of(desk, number)
    requests = tuple(known.record for known in desk.store.requests_of(e164))
    data = PersonData(services.redis)
    digits = _digits(e164)
    own = {request.id for request in requests}
    calls = tuple(data.calls(digits, _sids(requests)))
    with journal_of(services.settings) as journal:
        copies = [] if journal is None else [journal.record(name) for name in journal.record_ids()]
    copied = [known.record for known in copies if known is not None]
    return Found(
        number=e164,
        callbacks=requests,
        context=services.contexts.export(e164),
        calls=calls,
        texts=data.texts([*(call.call_sid for call in calls), *(request.id for request in requests)]),
        prompts=tuple(data.prompts(digits)),
        quotas=desk.reads.quotas(e164),
        do_not_call=desk.store.on_do_not_call(e164),
        journal=tuple(record for record in copied if e164 in {record.number, record.caller_number}),
        mentioned_in=tuple(name for name in desk.reads.mentions(digits) if name not in own),
        agents=tuple(known.record.id for known in desk.store.agents() if known.record.number == e164),
    )


def export(desk: Desk, services: Services, number: str) -> dict[str, Any]:
    """Everything about a number as plain values, with what the ledger says of its callbacks. Raises `DeskError`."""
    found = find(desk, services, number)
    ids = set(found.ids)
    ledger = (msgspec.json.decode(raw) for raw in entries(RedisLedger(services.redis)))
    plain: dict[str, Any] = msgspec.to_builtins(found)
    return {"at": desk.now(), **plain, "ledger": [entry for entry in ledger if entry.get("id") in ids]}


def delete(desk: Desk, services: Services, number: str) -> Deleted:
    """Delete everything about a number; what is promised is cancelled first.

    Raises `DeskError`, and nothing was deleted, while somebody talks with them in a callback. Doing it again is safe.
    """
    now, found = desk.now(), find(desk, services, number)
    cancelled = _cancel_all(desk, found)
    forget(services, found.ids, "asked", now)
    with journal_of(services.settings) as journal:
        if journal is not None:
            journal.forget(number=found.number, ids=found.ids)
    services.contexts.forget(found.number)
    desk.reads.forget_quotas(found.number)
    over = [call for call in found.calls if not call.goes_on(now)]
    data = PersonData(services.redis)
    data.forget([call.call_sid for call in over], found.ids, found.prompts)
    for name in found.prompts:
        _prompt_file(services, name).unlink(missing_ok=True)
    rewritten = data.rewrite_file()
    return Deleted(
        cancelled=cancelled,
        callbacks=len(found.ids),
        calls=len(over),
        stays=(*STAYS, *_stays(found, going_on=len(found.calls) - len(over), rewritten=rewritten)),
    )


def forget_old(services: Services, now: datetime) -> int:
    """Delete the callbacks that ended longer ago than RETENTION_DAYS; how many."""
    store, until = services.callbacks.store, now - timedelta(days=services.settings.retention_days)
    gone = 0
    for _ in range(MOST_BATCHES):
        old = store.ended_before(until, BATCH)
        if not old:
            break
        forget(services, old, "retention", now)
        gone += len(old)
    return gone


def _cancel_all(desk: Desk, found: Found) -> tuple[str, ...]:
    cancelled = []
    for request_id in found.open_ids:
        try:
            request = desk.callbacks.promises.cancel(request_id, desk.now())
        except IllegalEventError:
            known = desk.store.request(request_id)
            if known is None or not known.record.is_open:
                continue
            raise DeskError(
                "gone", f"they are talking with somebody in {request_id}: run this again after it"
            ) from None
        desk.end_legs(request)
        cancelled.append(request_id)
    return tuple(cancelled)


def _stays(found: Found, *, going_on: int, rewritten: bool) -> list[str]:
    """What this number leaves behind in particular."""
    stays = []
    if found.do_not_call:
        stays.append(
            "the number itself, on the do-not-call list: it is there so that nobody calls them; "
            "`ivr callbacks do-not-call remove NUMBER` takes it off"
        )
    if going_on:
        stays.append("a call that seems to go on just now: run this again after it; its record lasts a day at most")
    stays += [f"the agent {name}, whose phone it is: `ivr agents remove {name}`" for name in found.agents]
    if found.mentioned_in:
        names = ", ".join(found.mentioned_in[:MOST_NAMED])
        size = count_words(len(found.mentioned_in), "callback")
        stays.append(f"what others have said of it in {size} of theirs: {names}")
    if not rewritten:
        stays.append("what Redis has in its append-only file, until that is written anew (BGREWRITEAOF)")
    stays.append(
        "kept traces of calls longer than a day ago that led to no callback: they name no number, and cannot be found "
        "by one; they last 30 days"
    )
    return stays


def _sids(requests: tuple[CallbackRequest, ...]) -> list[str]:
    """The calls in which these were asked for, and the one that holds them just now."""
    sids = (sid for request in requests for sid in (request.dossier.get("call_sid"), request.held_by_call))
    return [str(sid) for sid in sids if sid]


def _digits(e164: str) -> str:
    """The digits by which a number is found however it was keyed in: without country and leading zero.

    Of one that is too short for that, all of them.
    """
    national = str(phonenumbers.national_significant_number(phonenumbers.parse(e164)))
    return national if len(national) >= FEWEST_DIGITS else e164.removeprefix("+")


def _prompt_file(services: Services, name: str) -> Path:
    return services.settings.data_dir / "prompts" / f"{name}.wav"
