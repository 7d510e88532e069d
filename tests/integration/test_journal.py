"""The journal on a real disk, the clerk that writes it, and a store that is filled up from it.

One long file: every test restores the same few histories.
"""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
import redis

from callbacks import lifecycle_events as events
from callbacks.audit import audit
from callbacks.audit_report import Audit
from callbacks.clerk import Clerk, compare
from callbacks.errors import ConflictError
from callbacks.journal import Journal, JournalError
from callbacks.ledger import EMPTY, Keyring, decode_page, encode_page, seal
from callbacks.ledger_entries import encode, forgotten
from callbacks.memory_ledger import MemoryRecords
from callbacks.model import CallbackRequest
from callbacks.recovery import Recovery, recover
from callbacks.redis_ledger import RedisLedger, RedisRecords
from callbacks.redis_store import RedisStore
from callbacks.store import Versioned
from ivr.redis_server import PrivateRedis
from tests.ledger_rig import AT, KEYRING, POLICY, Rig, dialled, minutes, plain, request, talked

NUMBER = "+442079460123"


class Installation:
    """A store, a worker's journal and its clerk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rig = Rig()
        self.ledger = self.rig.ledger
        self.journal = Journal(path)
        self.clerk = Clerk(self.ledger, self.rig.store, KEYRING, self.journal)
        self.backup, self.restore = self.rig.backup, self.rig.restore

    def tick(self) -> str:
        return self.clerk.tick(AT)

    def recover(self) -> Recovery:
        return recover(self.ledger, self.rig.store, self.journal, self.rig.forget, minutes(90))

    def audit(self) -> Audit:
        return audit(self.ledger, MemoryRecords(self.rig.memory), KEYRING, minutes(100), journal=self.journal)


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "journal.sqlite")


# ------------------------------------------------------------ the file


def test_nobody_else_on_the_machine_may_read_the_journal(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    files = list(place.path.parent.iterdir())
    assert len(files) >= 2, "the write-ahead log is there, too"
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_what_was_appended_is_there_after_the_process_is_gone(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    again = Journal(place.path)
    assert again.head() == place.ledger.head()
    assert again.pages(0, 10) == place.ledger.pages(0, 10)
    assert again.record("cb1") == place.rig.store.request("cb1")
    assert sqlite3.connect(place.path).execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(JournalError, match="newer version"):
        Journal(path)


def test_a_page_that_does_not_continue_the_journal_is_not_taken(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    stranger = seal(EMPTY, ["{}"], KEYRING, "2026-03-02T10:00:00Z")
    later = seal(stranger.head, ["{}"], KEYRING, "2026-03-02T10:00:00Z")
    for page in (stranger, later):
        with pytest.raises(JournalError, match="does not continue"):
            place.journal.append([(page.seq, encode_page(page))])
    assert place.journal.head() == place.ledger.head()


def test_what_another_process_has_added_meanwhile_is_left_as_it_is(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    stale = Versioned(msgspec.structs.replace(request("cb1"), queue="old"), 1)
    assert not place.journal.append(place.ledger.pages(0, 1), [stale])
    kept = place.journal.record("cb1")
    assert kept is not None
    assert kept.record.queue == "shop"


def test_records_are_there_while_their_promise_is_open_and_gone_after_it(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    assert place.journal.record_ids() == ["cb1"]
    place.rig.apply("cb1", *dialled(5))
    place.tick()
    kept = place.journal.record("cb1")
    assert kept is not None
    assert kept.record.state == "customer_dialling"
    place.rig.apply("cb1", *talked(5)[len(dialled(5)) :])
    place.tick()
    assert place.journal.record_ids() == []


def test_a_customer_who_is_forgotten_is_in_no_file_any_more(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.rig.promise(request("cb2", number="+442079460124"))
    place.tick()
    assert place.journal.forget(number=NUMBER) == 1
    assert place.journal.record_ids() == ["cb2"]
    assert place.journal.forget(ids=["cb2", "cb3"]) == 1
    text = b"".join(file.read_bytes() for file in place.path.parent.iterdir())
    assert b"+442079460123" not in text
    assert b"+442079460124" not in text
    assert place.journal.head().seq == 1, "the pages name nobody, and stay"


def test_a_customer_who_was_forgotten_elsewhere_is_forgotten_here_by_the_ledger(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    place.rig.forget("cb1")
    place.tick()
    assert place.journal.record_ids() == []


# ------------------------------------------------------------ the clerk


def test_the_clerk_seals_what_there_is_in_pages_of_at_most_five_hundred(place: Installation) -> None:
    place.ledger.add_entries([f'{{"id":"cb{n}","at":"2026-03-02T10:00:00Z","event":"x"}}' for n in range(1201)])
    assert place.tick() == "whole"
    sizes = [len(decode_page(text).entries) for _, text in place.ledger.pages(0, 10)]
    assert sizes == [500, 500, 201]
    assert place.journal.head() == place.ledger.head()
    place.tick()
    assert place.ledger.head().seq == 3, "without entries there is no page"


def test_a_clerk_that_died_between_sealing_and_copying_is_followed_by_the_next(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.clerk.seal(AT)
    assert place.journal.head() == EMPTY
    assert Clerk(place.ledger, place.rig.store, KEYRING, place.journal).tick(AT) == "whole"
    assert place.journal.head() == place.ledger.head()
    assert place.journal.record_ids() == ["cb1"]


def test_clerks_of_eight_processes_share_one_journal(place: Installation) -> None:
    for number in range(40):
        place.rig.promise(request(f"cb{number}", number=f"+4420794600{number:02}"))
    clerks = [Clerk(place.ledger, place.rig.store, KEYRING, Journal(place.path)) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        standings = list(pool.map(lambda clerk: [clerk.tick(AT) for _ in range(5)], clerks))
    assert {one for some in standings for one in some} == {"whole"}
    assert place.journal.head() == place.ledger.head()
    assert len(place.journal.record_ids()) == 40


def test_the_journal_takes_no_page_that_our_key_has_not_sealed(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    page = seal(EMPTY, place.ledger.unsealed(10), Keyring.of(b"somebody else's"), "2026-03-02T10:00:00Z")
    assert place.ledger.append_page(page, EMPTY)
    with pytest.raises(JournalError, match="a key that is not ours"):
        place.tick()
    assert place.journal.head() == EMPTY


def test_what_cannot_be_read_as_an_entry_does_not_stop_the_clerk(place: Installation) -> None:
    place.ledger.add_entries(["nonsense", '{"event": 7}'])
    place.rig.promise(request("cb1"))
    assert place.tick() == "whole"
    assert place.journal.record_ids() == ["cb1"]
    assert len(place.audit().problems) == 2
    place.restore(Rig().backup())
    assert place.recover().records == ("cb1",)


# ------------------------------------------------------------ recovery


def test_a_store_from_an_hour_ago_is_noticed_and_nothing_is_sealed_on_it(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    backup = place.backup()
    place.rig.apply("cb1", *talked(5))
    place.tick()
    place.restore(backup)
    place.rig.apply("cb1", events.CameDue(at=AT))
    assert place.tick() == "behind"
    assert place.ledger.head().seq == 1


def test_a_kept_promise_is_not_dialled_again_and_a_lost_one_is_back(place: Installation) -> None:
    place.rig.promise(request("kept"))
    place.rig.promise(request("rung", number="+442079460124"))
    place.tick()
    backup = place.backup()
    ended = place.rig.apply("kept", *talked(5))
    rung = place.rig.apply("rung", *dialled(6))
    place.rig.promise(request("lost", number="+442079460125"))
    place.tick()
    pages = place.ledger.pages(0, 10)
    place.restore(backup)
    done = place.recover()
    assert (done.found, done.pages, sorted(done.records)) == ("behind", 1, ["kept", "lost", "rung"])
    assert place.ledger.pages(0, 10) == pages, "under the hashes that somebody may have noted"
    assert plain(place.rig.record("kept")).disposition == "solved"
    assert place.rig.record("kept").state == ended.state == "ended"
    assert place.rig.record("rung") == rung
    assert place.rig.record("lost") == request("lost", number="+442079460125")
    assert place.tick() == "whole"
    result = place.audit()
    assert result.is_clean, (result.findings, result.problems, result.differences)
    assert (result.promises, result.kept, result.overdue.count) == (3, 2, 1)


def test_recovering_twice_changes_nothing(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    backup = place.backup()
    place.rig.apply("cb1", *talked(5))
    place.tick()
    place.restore(backup)
    place.recover()
    after = place.backup()
    assert place.recover().found == "whole"
    assert place.backup() == after


def test_a_recovery_that_died_in_the_middle_is_finished_by_the_next(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    backup = place.backup()
    place.rig.apply("cb1", *dialled(5))
    place.tick()
    place.restore(backup)
    with monkeypatch.context() as patch:
        patch.setattr(place.ledger, "restore_page", lambda page, after: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            place.recover()
    assert place.tick() == "behind"
    cancelled = place.rig.apply("cb1", events.CustomerUnreached(at=minutes(6), fence=1, reason="bad-number"))
    assert place.recover().records == ()
    assert place.rig.record("cb1") == cancelled, "what happened after it was put back, holds"
    assert place.tick() == "whole"
    result = place.audit()
    assert result.is_clean, (result.findings, result.problems, result.differences)


def test_what_another_recovery_has_put_back_and_dialled_is_not_put_back_again(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two workers one was slow: it has looked at the ledger, and then slept."""
    empty = place.backup()
    place.rig.promise(request("cb1"))
    place.tick()
    place.restore(empty)
    read = place.journal.record

    def slowly(request_id: str) -> Versioned[CallbackRequest] | None:
        monkeypatch.setattr(place.journal, "record", read)
        place.recover()
        place.rig.apply("cb1", *dialled(5))
        return read(request_id)

    monkeypatch.setattr(place.journal, "record", slowly)
    with pytest.raises(ConflictError):
        place.recover()
    assert place.rig.record("cb1").state == "customer_dialling"
    assert place.recover().found == "whole"


def test_what_a_full_disk_refuses_is_written_once_there_is_room(place: Installation) -> None:
    place.journal._db.execute("PRAGMA max_page_count = 1")  # what is there already, and no more
    for number in range(40):
        place.rig.promise(request(f"cb{number}", number=f"+4420794600{number:02}"))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        place.tick()
    assert place.journal.head() == EMPTY
    assert place.ledger.head().seq == 1, "sealed it is, all the same"
    place.journal._db.execute("PRAGMA max_page_count = 100000")
    assert place.tick() == "whole"
    assert place.journal.head() == place.ledger.head()
    assert len(place.journal.record_ids()) == 40


def test_an_empty_store_is_filled_up_with_every_open_promise(place: Installation) -> None:
    empty = place.backup()
    for number in range(30):
        place.rig.promise(request(f"cb{number}", number=f"+4420794600{number:02}"))
        place.tick()
    place.rig.apply("cb7", *talked(5))
    place.tick()
    place.restore(empty)
    done = place.recover()
    assert len(done.records) == 29
    assert done.without_record == ("cb7",)
    assert place.tick() == "whole"
    result = place.audit()
    assert result.is_clean, (result.findings, result.problems, result.differences)
    assert (result.kept, result.open + result.overdue.count) == (1, 29)


def test_a_real_redis_that_was_restored_is_filled_up(
    redis_server: PrivateRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    ledger, journal = RedisLedger(redis_client), Journal(tmp_path / "journal.sqlite")
    rig = Rig(RedisStore(redis_client, POLICY), ledger)
    clerk = Clerk(ledger, rig.store, KEYRING, journal)
    rig.promise(request("kept"))
    rig.promise(request("rung", number="+442079460124"))
    assert clerk.tick(AT) == "whole"
    raw = redis.Redis.from_url(redis_server.url)
    backup = {key: raw.dump(key) for key in raw.scan_iter()}
    rig.apply("kept", *talked(5))
    rung = rig.apply("rung", *dialled(6))
    rig.promise(request("lost", number="+442079460125"))
    clerk.tick(AT)
    redis_client.flushall()
    for key, dump in backup.items():
        raw.restore(key, 0, dump)
    assert clerk.tick(AT) == "behind"
    recover(ledger, rig.store, journal, rig.forget, minutes(90))
    assert rig.record("kept").disposition == "solved"
    assert rig.record("rung") == rung
    assert [known.record.id for known in rig.store.came_due(minutes(90), 10)] == ["lost"]
    assert [known.record.id for known in rig.store.overdue_leases(minutes(90), 10)] == ["rung"]
    assert clerk.tick(AT) == "whole"
    result = audit(ledger, RedisRecords(redis_client), KEYRING, minutes(91), journal=journal)
    assert result.is_clean, (result.findings, result.problems, result.differences)


def test_what_was_done_on_the_old_record_is_overruled(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    backup = place.backup()
    place.rig.apply("cb1", *talked(5))
    place.tick()
    place.restore(backup)
    place.rig.apply("cb1", events.CameDue(at=minutes(70)), events.Claimed(at=minutes(70), agent_id="till"))
    place.recover()
    record = place.rig.record("cb1")
    assert (record.state, record.disposition) == ("ended", "solved")
    place.tick()
    result = place.audit()
    assert result.is_clean, (result.findings, result.problems, result.differences)
    assert result.overruled == 2
    assert (result.promises, result.kept) == (1, 1)


def test_a_promise_that_its_customer_cancelled_on_the_old_record_stays_cancelled(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    backup = place.backup()
    place.rig.apply("cb1", *dialled(5))
    place.tick()
    place.restore(backup)
    place.rig.apply("cb1", events.Cancelled(at=minutes(6)))
    place.recover()
    assert place.rig.record("cb1").disposition == "cancelled"
    place.tick()
    result = place.audit()
    assert result.is_clean, (result.findings, result.problems, result.differences)


def test_a_customer_who_has_booked_again_meanwhile_keeps_the_new_promise(place: Installation) -> None:
    empty = place.backup()
    place.rig.promise(request("cb1"))
    place.tick()
    place.restore(empty)
    place.rig.promise(request("cb2"))
    done = place.recover()
    assert done.booked_again == ("cb1",)
    assert place.rig.record("cb1").disposition == "booked_again"
    assert place.rig.record("cb2").is_open
    place.tick()
    result = place.audit()
    assert result.is_clean, (result.findings, result.problems, result.differences)


def test_who_was_forgotten_is_forgotten_again_in_a_store_from_before(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    backup = place.backup()
    place.rig.forget("cb1")
    place.tick()
    place.restore(backup)
    assert place.recover().forgotten == ("cb1",)
    assert place.rig.store.request("cb1") is None
    place.tick()
    assert place.audit().is_clean


def fork(place: Installation) -> None:
    """The store loses its last page, and another machine's clerk seals one before this one looks."""
    elsewhere = Journal(":memory:")
    assert Clerk(place.ledger, place.rig.store, KEYRING, elsewhere).tick(minutes(80)) == "whole"
    assert compare(place.ledger, place.journal) == "forked"


def test_entries_that_another_history_lacks_are_sealed_anew(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    backup = place.backup()
    place.rig.apply("cb1", *talked(5))
    place.rig.promise(request("cb2", number="+442079460124"))
    place.tick()
    place.restore(backup)
    place.rig.promise(request("cb3", number="+442079460125"))
    fork(place)
    assert place.tick() == "forked"
    done = place.recover()
    assert (done.found, sorted(done.records)) == ("forked", ["cb1", "cb2"])
    assert place.tick() == "whole"
    assert place.journal.head() == place.ledger.head()
    assert place.journal.aside_since() == 2
    result = place.audit()
    assert result.is_clean, (result.findings, result.problems, result.differences)
    assert (result.promises, result.kept) == (3, 1)
    assert place.recover().found == "whole"


def test_of_two_histories_of_one_request_the_one_in_which_it_was_rung_holds(place: Installation) -> None:
    place.rig.promise(request("cb1"))
    place.tick()
    backup = place.backup()
    place.rig.apply("cb1", *talked(5))
    place.tick()
    place.restore(backup)
    place.rig.apply("cb1", events.CameDue(at=minutes(70)))
    fork(place)
    place.recover()
    assert place.rig.record("cb1").disposition == "solved"
    assert place.tick() == "whole"
    result = place.audit()
    assert result.is_clean, (result.findings, result.problems, result.differences)
    assert (result.promises, result.kept) == (1, 1)


def test_a_page_that_was_only_packed_otherwise_costs_nothing(place: Installation) -> None:
    """The store lost its last second: the page, but not the records."""
    place.rig.promise(request("cb1"))
    backup = place.backup()
    place.tick()
    place.restore(backup)
    fork(place)
    record = place.rig.store.request("cb1")
    assert place.recover().records == ()
    assert place.rig.store.request("cb1") == record
    assert place.tick() == "whole"
    assert place.audit().is_clean


def test_an_entry_for_a_deleted_record_says_why() -> None:
    assert encode(forgotten("cb1", "asked", AT)) == (
        '{"id":"cb1","at":"2026-03-02T10:00:00Z","event":"Forgotten","why":"asked"}'
    )
