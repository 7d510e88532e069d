"""What the ledger says of requests and of promises, through the lifecycle itself."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbacks import lifecycle
from callbacks import lifecycle_events as events
from callbacks.audit import compare
from callbacks.errors import IllegalEventError
from callbacks.ledger_entries import (
    EVENT_FIELDS,
    PUT_BACK,
    RECORD_FIELDS,
    decode,
    diff,
    encode,
    entry,
    late,
    mark,
    merge,
    replay,
)
from callbacks.ledger_fold import Fold, Verdict, rebuild, table_of, verdicts
from callbacks.model import CallbackRequest
from tests.ledger_rig import AT, Rig, dialled, minutes, plain, request, talked, unreached

TABLE = table_of(lifecycle.TABLE)
ALL = 10**6


@pytest.fixture
def rig() -> Rig:
    return Rig()


def judged(rig: Rig, now: float = 60) -> list[tuple[str, float]]:
    return [(one.outcome, one.seconds) for one in verdicts(rig.ledger.unsealed(ALL), TABLE, minutes(now))]


def problems(raws: list[str]) -> list[str]:
    fold = Fold(TABLE, lambda _: None)
    for raw in raws:
        fold.add(raw, 1)
    return [problem.words for problem in fold.problems]


# ------------------------------------------------------------ entries


def test_no_number_name_or_word_of_anybody_is_on_the_ledger(rig: Rig) -> None:
    rig.promise(request("cb1"))
    rig.apply("cb1", *talked(5))
    text = "\n".join(rig.ledger.unsealed(ALL))
    for private in ("+44", "parcel", "amber", "salt of"):
        assert private not in text
    assert "desk" in text
    assert "CAcustomer1" in text


def test_every_field_of_the_record_and_of_the_events_is_public_or_private_by_decision() -> None:
    private = {"id", "number", "caller_number", "dossier", "words", "salt", "looked_at", "review_at", "format"}
    assert set(CallbackRequest.__struct_fields__) == private | set(RECORD_FIELDS)
    fields = {field for kind in events.EVENTS.values() for field in kind.__struct_fields__}
    assert fields - set(EVENT_FIELDS) == {"at", "agent_number", "rank_at", "expires_at", "due_at"}


def test_the_number_is_marked_so_that_only_the_record_can_prove_it(rig: Rig) -> None:
    rig.promise(request("cb1"))
    rig.promise(request("cb2", number="+442079460124"))
    first, second = (decode(raw) for raw in rig.ledger.unsealed(ALL))
    assert first.who == mark(msgspec.to_builtins(request("cb1")))
    assert first.who != mark(msgspec.to_builtins(msgspec.structs.replace(request("cb1"), salt="other")))
    assert first.who != second.who
    assert mark({"number": "+442079460123", "salt": ""}) is None


def test_a_sign_of_life_is_not_on_the_ledger() -> None:
    assert entry(request("cb1"), request("cb1"), events.SeenAlive(at=AT, fence=1), at=AT, version=2) is None


json_values = st.recursive(
    st.integers(0, 2) | st.booleans(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)
json_objects = st.dictionaries(st.sampled_from("abc"), json_values, max_size=3)


@given(json_objects, json_objects)
def test_a_patch_makes_the_later_value_of_the_earlier_one(old: dict[str, object], new: dict[str, object]) -> None:
    assert merge(old, diff(old, new)) == new


# ------------------------------------------------------------ requests


any_event = st.one_of(
    st.builds(events.CameDue, at=st.just(AT)),
    st.builds(events.Claimed, at=st.just(AT), agent_id=st.just("desk"), agent_number=st.just("+442079460100")),
    st.builds(events.LegCreated, at=st.just(AT), fence=st.integers(1, 3), leg=st.sampled_from(["agent", "customer"]),
              sid=st.sampled_from(["CA1", "CA2"])),
    st.builds(events.AgentAccepted, at=st.just(AT), fence=st.integers(1, 3), sid=st.just("CA1")),
    st.builds(events.AgentDeclined, at=st.just(AT), fence=st.integers(1, 3), carrier_down=st.booleans()),
    st.builds(events.CustomerDialled, at=st.just(AT), fence=st.integers(1, 3)),
    st.builds(events.CustomerAnswered, at=st.just(AT), fence=st.integers(1, 3), sid=st.just("CA2")),
    st.builds(events.CustomerProved, at=st.just(AT), fence=st.integers(1, 3)),
    st.builds(events.CustomerUnreached, at=st.just(AT), fence=st.integers(1, 3),
              reason=st.sampled_from(["busy", "no-answer", "failed", "machine"])),
    st.builds(events.AgentAssigned, at=st.just(AT), fence=st.integers(1, 3), agent_id=st.just("till")),
    st.builds(events.SeenAlive, at=st.just(AT), fence=st.integers(1, 3)),
    st.builds(events.CustomerLeft, at=st.just(AT), fence=st.integers(1, 3), dropped=st.booleans()),
    st.builds(events.PutOff, at=st.just(AT), until=st.just(minutes(5)), by_call=st.sampled_from([None, "CAx"])),
    st.builds(events.Resumed, at=st.just(AT)),
    st.builds(events.Moved, at=st.just(AT), starts=st.just(minutes(60)), ends=st.just(minutes(120)),
              rank_at=st.just(AT), expires_at=st.just(minutes(999))),
    st.builds(events.Repromised, at=st.just(AT), ends=st.just(minutes(30)), told_by=st.just("text")),
    st.builds(events.Hastened, at=st.just(AT), rank_at=st.just(AT), widened=st.booleans()),
    st.builds(events.Disposed, at=st.just(AT), fence=st.integers(1, 3), code=st.just("solved")),
    st.builds(events.Cancelled, at=st.just(AT)),
)  # fmt: skip


@given(st.sampled_from(["agent_first", "customer_first"]), st.lists(any_event, max_size=40), st.data())
def test_whatever_happens_the_ledger_rebuilds_the_record(
    order: str, happened: list[events.Event], data: st.DataObject
) -> None:
    """Both ways: for the audit from the entries alone, for a recovery from an earlier copy of the record."""
    rig = Rig()
    rig.promise(msgspec.structs.replace(request("cb1"), order=order))
    copies = [rig.store.request("cb1")]
    for event in happened:
        try:
            rig.apply("cb1", event)
        except IllegalEventError:
            continue
        copies.append(rig.store.request("cb1"))
    raws = rig.ledger.unsealed(ALL)
    record = rig.record("cb1")
    assert compare(rebuild(raws, TABLE)["cb1"], record) == ""
    assert problems(raws) == []
    copied = data.draw(st.sampled_from(copies))
    built, _ = replay(msgspec.to_builtins(copied.record), copied.version, raws)
    numberless = msgspec.json.encode(plain(record)).replace(b"+442079460100", b"")
    again = plain(msgspec.convert(built, CallbackRequest))
    assert msgspec.json.encode(again).replace(b"+442079460100", b"") == numberless


def test_an_event_that_the_lifecycle_does_not_know_there_is_found(rig: Rig) -> None:
    rig.promise(request("cb1"))
    raws = rig.ledger.unsealed(ALL)
    ended = '{"id":"cb1","v":2,"at":"2026-03-02T10:00:00Z","event":"Disposed","state":"ended"}'
    again = '{"id":"cb1","v":3,"at":"2026-03-02T10:00:00Z","event":"CameDue","state":"waiting"}'
    unknown = '{"id":"cb2","v":3,"at":"2026-03-02T10:00:00Z","event":"CameDue","state":"waiting"}'
    assert problems([*raws, ended]) == ["Disposed cannot lead cb1 from scheduled to ended"]
    assert problems([*raws, ended, again])[1:] == ["CameDue of cb1 comes after its end"]
    assert problems([*raws, unknown]) == ["CameDue of cb2, which was never promised"]
    assert problems([*raws, raws[0]]) == ["cb1 was promised a second time"]
    assert problems(["nonsense"])[0].startswith("an entry cannot be read")


def test_an_event_under_an_old_fence_is_found(rig: Rig) -> None:
    rig.promise(request("cb1"))
    rig.apply("cb1", *dialled(1))
    raws = rig.ledger.unsealed(ALL)
    assert problems([*raws[:-1], raws[-1].replace('"fence":1', '"fence":7')])[0].startswith("LegCreated of cb1 acts")


def test_a_record_that_was_put_back_explains_what_was_done_on_the_old_one(rig: Rig) -> None:
    rig.promise(request("cb1"))
    ended = rig.apply("cb1", *talked(5))
    raws = rig.ledger.unsealed(ALL)
    stale = raws[1]
    put_back = encode(entry(None, ended, PUT_BACK, at=minutes(20), version=3) or {})
    assert len(problems([*raws, stale])) == 1
    fold = Fold(TABLE, lambda _: None)
    for raw in (*raws, stale, put_back):
        fold.add(raw, 1)
    assert fold.problems == []
    assert fold.overruled == 1
    assert compare(rebuild([*raws, stale, put_back], TABLE)["cb1"], ended) == ""


# ------------------------------------------------------------ promises


def test_a_ring_within_the_window_keeps_the_promise(rig: Rig) -> None:
    rig.promise(request("cb1", starts=30, by=90))
    rig.apply("cb1", *talked(35))
    assert judged(rig) == [("kept", 0)]


def test_a_ring_in_time_keeps_the_promise_although_nobody_answers_until_later(rig: Rig) -> None:
    rig.promise(request("cb1", by=15))
    rig.apply("cb1", *dialled(14), unreached(15, "no-answer"), *talked(200, fence=2))
    assert judged(rig) == [("kept", 0)]


def test_a_ring_after_the_window_keeps_the_promise_late_by_so_much(rig: Rig) -> None:
    rig.promise(request("cb1", by=15))
    rig.apply("cb1", *talked(17.5))
    assert judged(rig) == [("late", 150)]


def test_a_ring_before_the_window_is_early_by_so_much(rig: Rig) -> None:
    rig.promise(request("cb1", starts=30, by=90))
    rig.apply("cb1", *talked(29))
    assert judged(rig) == [("early", 60)]


@pytest.mark.parametrize("reason", ["failed", "bad-number"])
def test_a_dial_that_the_carrier_could_not_make_did_not_ring(rig: Rig, reason: str) -> None:
    rig.promise(request("cb1", by=15))
    rig.apply("cb1", *dialled(10), unreached(11, reason))
    assert judged(rig, now=12) == [("open" if reason == "failed" else "broken", 0)]


def test_a_dial_that_the_carrier_refused_did_not_ring_and_the_next_one_counts(rig: Rig) -> None:
    rig.promise(request("cb1", by=15))
    rig.apply("cb1", *dialled(14)[:-1], unreached(14, "failed"), *talked(20, fence=2))
    assert judged(rig) == [("late", 300)]


def test_a_promise_without_a_ring_is_open_then_overdue_then_broken(rig: Rig) -> None:
    rig.promise(request("cb1", by=15))
    assert judged(rig, now=15) == [("open", 0)]
    assert judged(rig, now=20) == [("overdue", 300)]
    rig.apply("cb1", events.Expired(at=minutes(25)))
    assert judged(rig) == [("broken", 600)]


@pytest.mark.parametrize(
    "event", [events.Cancelled(at=minutes(10)), events.AnsweredLive(at=minutes(10), call_sid="CA9")], ids=str
)
def test_a_promise_is_withdrawn_by_its_customer_before_the_end_of_the_window_and_broken_after_it(
    rig: Rig, event: events.Event
) -> None:
    rig.promise(request("cb1", by=15))
    rig.apply("cb1", event)
    rig.promise(request("cb2", by=15))
    rig.apply("cb2", msgspec.structs.replace(event, at=minutes(16)))
    assert judged(rig) == [("withdrawn", 0), ("broken", 60)]


def test_a_customer_who_moves_the_callback_is_given_a_new_promise(rig: Rig) -> None:
    rig.promise(request("cb1", by=15))
    moved = events.Moved(
        at=minutes(10), starts=minutes(60), ends=minutes(120), rank_at=minutes(60), expires_at=minutes(999)
    )
    rig.apply("cb1", moved, *talked(130))
    assert judged(rig) == [("withdrawn", 0), ("late", 600)]


def test_a_customer_who_moves_a_callback_that_is_overdue_does_not_make_it_a_kept_one(rig: Rig) -> None:
    rig.promise(request("cb1", by=15))
    moved = events.Moved(at=minutes(16), starts=None, ends=minutes(30), rank_at=AT, expires_at=minutes(999))
    rig.apply("cb1", moved, *talked(20))
    assert judged(rig) == [("broken", 60), ("kept", 0)]


def test_a_new_time_that_we_tell_is_no_new_promise(rig: Rig) -> None:
    rig.promise(request("cb1", by=15))
    rig.apply("cb1", events.Repromised(at=minutes(12), ends=minutes(30), told_by="text"), *talked(20))
    assert judged(rig) == [("late", 300)]


def test_a_customer_who_is_called_first_is_rung_by_the_claim(rig: Rig) -> None:
    rig.promise(msgspec.structs.replace(request("cb1", by=15), order="customer_first"))
    rig.apply(
        "cb1",
        events.CameDue(at=minutes(14)),
        events.Claimed(at=minutes(14), agent_id="desk"),
        events.LegCreated(at=minutes(16), fence=1, leg="customer", sid="CAc"),
    )
    assert judged(rig) == [("kept", 0)], "it counts from the intent, since the answer of the carrier may be late"


def test_a_request_that_was_forgotten_is_no_broken_promise(rig: Rig) -> None:
    rig.promise(request("cb1", by=15))
    rig.forget("cb1", minutes(5))
    rig.promise(request("cb2", by=15))
    rig.apply("cb2", *talked(5))
    rig.forget("cb2", minutes(5))
    assert judged(rig) == [("withdrawn", 0), ("kept", 0)]


def test_a_late_entry_tells_of_a_ring_and_changes_nothing_else(rig: Rig) -> None:
    rig.promise(request("cb1", by=15))
    promised = rig.ledger.unsealed(ALL)
    rig.apply("cb1", *dialled(5))
    lost = [late(raw) for raw in rig.ledger.unsealed(ALL)[1:]]
    found: list[Verdict] = []
    fold = Fold(TABLE, found.append)
    for raw in (*promised, *lost):
        fold.add(raw, 1)
    fold.judge_open(minutes(60))
    assert [one.outcome for one in found] == ["kept"]
    assert fold.open["cb1"].state == "scheduled"
    assert fold.problems == []


def test_the_figures_of_a_verdict_are_measured_on_instants_not_on_clock_faces(rig: Rig) -> None:
    one = request("cb1", by=15)
    rig.promise(one)
    rig.apply("cb1", *talked(16))
    verdict = verdicts(rig.ledger.unsealed(ALL), TABLE, AT + timedelta(hours=1))[0]
    assert verdict == Verdict("cb1", "late", one.first_promised_by.timestamp(), 60.0)


def test_an_event_on_an_old_copy_of_the_record_is_found_although_it_fits_the_state(rig: Rig) -> None:
    rig.promise(request("cb1"))
    rig.apply("cb1", events.Repromised(at=AT, ends=minutes(30), told_by="text"))
    raws = rig.ledger.unsealed(ALL)
    other = raws[1].replace("10:30:00", "10:45:00")
    assert problems([*raws, other]) == ["Repromised of cb1 was made on a copy of the record that was old by then"]
    assert rebuild([*raws, other], TABLE)["cb1"].promised_by == minutes(30).timestamp()
