"""The entries of the ledger: one event of one request, and what it changed. Pure.

An entry says what happened (`event` and its fields) and what came of it (`then`: a merge patch, RFC 7386, from the
record before to the record after). What came of an event depends on rules that an operator may change tomorrow; with
the patch, a rebuild next year comes to the same record as the day itself did.

Nobody's number, name or words are in an entry: only the fields below get there, so that a new field of the record is
private until somebody decides otherwise. Instead of the number stands `who`, a hash that is salted by a field of the
record: whoever deletes the record makes its entries anonymous.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

# What the record may show to the ledger. `looked_at` and `review_at` are left out: looks change nothing that was
# promised.
RECORD_FIELDS: Final = (
    *("queue", "language", "topic", "order", "created_at", "arrived_at", "rank_at", "starts_at", "promised_by"),
    *("first_promised_by", "due_at", "expires_at", "number_zones", "preferred_agent", "priority", "state", "fence"),
    *("attempt", "offers", "dials", "connects", "rescues", "unreached", "tellings", "widened", "held_by_call"),
    *("first_dialled_at", "connected_at", "ended_at", "disposition"),
)
# What an event may show.
EVENT_FIELDS: Final = (
    *("fence", "offer", "leg", "sid", "agent_id", "carrier_down", "never_made", "dropped", "reason", "code"),
    *("again_at", "rescue", "machine", "until", "by_call", "why", "starts", "ends", "told_by", "widened", "call_sid"),
)
# Events that change nothing that was promised.
UNRECORDED: Final = frozenset({"SeenAlive"})

PROMISED: Final = "Promised"
# The record was deleted: because somebody asked for it, because its time was over, or because a backup lacks it.
FORGOTTEN: Final = "Forgotten"
# The record was brought back to what it was before the store was restored from a backup.
PUT_BACK: Final = "PutBack"
# The pages of the ledger were; it belongs to no request.
RECOVERED: Final = "Recovered"


class Leg(msgspec.Struct):
    """What a patch says of a leg."""

    intended_at: datetime | msgspec.UnsetType = msgspec.UNSET
    sid: str | msgspec.UnsetType | None = msgspec.UNSET


class Attempt(msgspec.Struct):
    """What a patch says of an attempt."""

    customer_leg: Leg | msgspec.UnsetType | None = msgspec.UNSET


class Then(msgspec.Struct):
    """The part of a patch that a rebuild for the audit needs; what is not set has not changed."""

    fence: int | msgspec.UnsetType | None = msgspec.UNSET
    offers: int | msgspec.UnsetType | None = msgspec.UNSET
    dials: int | msgspec.UnsetType | None = msgspec.UNSET
    connects: int | msgspec.UnsetType | None = msgspec.UNSET
    rescues: int | msgspec.UnsetType | None = msgspec.UNSET
    disposition: str | msgspec.UnsetType | None = msgspec.UNSET
    starts_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    promised_by: datetime | msgspec.UnsetType = msgspec.UNSET
    first_promised_by: datetime | msgspec.UnsetType = msgspec.UNSET
    attempt: Attempt | msgspec.UnsetType | None = msgspec.UNSET


class Entry(msgspec.Struct):
    """An entry as the audit reads it. `v` is the record's version after it; `late` marks one that came too late
    to change the record: another history of the store was faster (see `recovery`)."""

    at: datetime
    event: str
    id: str = ""
    v: int = 0
    state: str = ""
    who: str | None = None
    fence: int | None = None
    reason: str | None = None
    late: bool = False
    then: Then = msgspec.field(default_factory=Then)


_decoder: Final = msgspec.json.Decoder(Entry)


def decode(raw: str) -> Entry:
    """An entry from its JSON; raises `msgspec.MsgspecError`."""
    return _decoder.decode(raw)


def decoded(entries: Iterable[str]) -> Iterator[Entry]:
    """The entries that can be read; it is for the audit to find those that cannot."""
    for raw in entries:
        with contextlib.suppress(msgspec.MsgspecError):
            yield decode(raw)


def entry(
    before: msgspec.Struct | None, after: msgspec.Struct, event: msgspec.Struct | str, *, at: datetime, version: int
) -> dict[str, Any] | None:
    """The entry for a change of a request, whose record has `version` afterwards; None where there is none to make.

    `event` is an event of the lifecycle, or the name of one that is not (`PROMISED`, `PUT_BACK`).
    """
    name = event if isinstance(event, str) else type(event).__name__
    if name in UNRECORDED:
        return None
    old = {} if before is None else msgspec.to_builtins(before)
    new = msgspec.to_builtins(after)
    fields = {} if isinstance(event, str) else msgspec.to_builtins(event)
    then = diff(_public(old), _public(new))
    then.pop("state", None)
    made: dict[str, Any] = {"id": new["id"], "v": version, "at": msgspec.to_builtins(at), "event": name}
    made |= {"state": getattr(after, "state", "")}
    made |= {field: fields[field] for field in EVENT_FIELDS if field in fields}
    who = mark(new)
    if who is not None and who != mark(old):
        made["who"] = who
    return made | ({"then": then} if then else {})


def forgotten(request_id: str, why: str, at: datetime) -> dict[str, Any]:
    """The entry for the deletion of a record: `why` is "asked", "retention" or "restored"."""
    return {"id": request_id, "at": msgspec.to_builtins(at), "event": FORGOTTEN, "why": why}


def mark(record: dict[str, Any]) -> str | None:
    """The mark of a record's number, which only who has the record can compute; None without a salt."""
    salt = record.get("salt")
    return hashlib.sha256(f"{salt}{record['number']}".encode()).hexdigest() if salt else None


def encode(made: dict[str, Any]) -> str:
    """An entry as it is stored: one line of JSON."""
    return msgspec.json.encode(made).decode()


def late(raw: str) -> str:
    """The same entry, marked as one that came too late to change the record."""
    return encode(msgspec.json.decode(raw) | {"late": True})


def diff(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The merge patch that makes `new` of `old`. Source: RFC 7386."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        known = old.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            inner = diff(known, value)
            patch |= {name: inner} if inner else {}
        elif name not in old or known != value:
            patch[name] = value
    return patch


def merge(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A patch applied. Source: RFC 7386 section 2."""
    merged = {name: value for name, value in target.items() if name not in patch or patch[name] is not None}
    for name, value in patch.items():
        if isinstance(value, dict):
            known = merged.get(name)
            merged[name] = merge(known if isinstance(known, dict) else {}, value)
        elif value is not None:
            merged[name] = value
    return merged


def replay(record: dict[str, Any], version: int, entries: Iterable[str]) -> tuple[dict[str, Any], int]:
    """A record brought up to its later entries, and its version then. What the ledger does not hold stays as it is."""
    for raw in entries:
        made = msgspec.json.decode(raw)
        if made.get("id") != record["id"] or made.get("late"):
            continue
        if made["event"] == PUT_BACK:
            record = {name: value for name, value in record.items() if name not in RECORD_FIELDS}
        elif made.get("v", 0) <= version:
            continue
        version = made["v"]
        record = merge(record, made.get("then", {})) | {"state": made["state"], "looked_at": made["at"]}
    attempt = record.get("attempt") or {}
    for name, number in (("agent_leg", ""), ("customer_leg", record["number"])):
        if attempt.get(name):
            attempt = attempt | {name: {"to_number": number, **attempt[name]}}
    return record | ({"attempt": attempt} if attempt else {}), version


def _public(record: dict[str, Any]) -> dict[str, Any]:
    public: dict[str, Any] = {name: record[name] for name in RECORD_FIELDS if name in record}
    attempt = public.get("attempt")
    if attempt:
        legs = {
            name: {key: value for key, value in attempt[name].items() if key != "to_number"}
            for name in ("agent_leg", "customer_leg")
            if attempt.get(name)
        }
        public["attempt"] = attempt | legs
    return public
