"""What a store must do for the ledger: in memory and on a real Redis server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from callbacks.audit import RecordSource
from callbacks.ledger import EMPTY, Head, Keyring, LedgerStore, Page, decode_page, seal
from callbacks.memory_ledger import MemoryLedger, MemoryRecords
from callbacks.memory_store import MemoryStore
from callbacks.redis_ledger import HEAD, PAGES, UNSEALED, RedisLedger, RedisRecords
from callbacks.redis_store import RedisStore
from callbacks.rules import Policy
from callbacks.store import Store
from tests.ledger_rig import Rig
from tests.ledger_rig import request as requested

KEYRING = Keyring.of(b"a secret")
AT = "2026-03-02T10:00:00Z"


@pytest.fixture(params=["memory", "redis"])
def stores(request: pytest.FixtureRequest) -> tuple[Store, LedgerStore, RecordSource]:
    if request.param == "memory":
        memory = MemoryStore(Policy())
        return memory, MemoryLedger(memory.entries), MemoryRecords(memory)
    client = request.getfixturevalue("redis_client")
    return RedisStore(client, Policy()), RedisLedger(client), RedisRecords(client)


@pytest.fixture
def store(stores: tuple[Store, LedgerStore, RecordSource]) -> LedgerStore:
    return stores[1]


def page_of(store: LedgerStore, count: int = 500) -> Page:
    return seal(store.head(), store.unsealed(count), KEYRING, AT)


def test_an_empty_ledger_has_no_pages(store: LedgerStore) -> None:
    assert store.head() == EMPTY
    assert store.pages(0, 10) == []
    assert store.unsealed(10) == []


def test_what_the_store_commits_waits_to_be_sealed(stores: tuple[Store, LedgerStore, RecordSource]) -> None:
    store, ledger, records = stores
    rig = Rig(store, ledger)
    rig.promise(requested("cb1"))
    rig.promise(requested("cb2", number="+442079460124"))
    assert [entry[:18] for entry in ledger.unsealed(10)] == ['{"id":"cb1","v":1,', '{"id":"cb2","v":1,']
    assert ledger.append_page(page_of(ledger), EMPTY)
    assert ledger.unsealed(10) == []
    assert sorted(records.record_ids()) == ["cb1", "cb2"]
    assert records.records_of(["cb2", "cb3", "cb1"]) == [rig.record("cb2"), None, rig.record("cb1")]


def test_entries_wait_in_order_and_each_once(store: LedgerStore) -> None:
    assert store.add_entries(["1", "2"]) == 2
    assert store.add_entries(["2", "3", "3"]) == 1
    assert store.add_entries([]) == 0
    assert store.unsealed(10) == ["1", "2", "3"]
    assert store.unsealed(2) == ["1", "2"]


def test_a_page_takes_its_entries_off_the_list_and_no_others(store: LedgerStore) -> None:
    store.add_entries(["1", "2", '{"id":"لطفا"}', "4"])
    page = page_of(store, 3)
    store.add_entries(["5"])
    assert store.append_page(page, EMPTY)
    assert store.head() == page.head
    assert store.unsealed(10) == ["4", "5"]
    assert [(seq, decode_page(text)) for seq, text in store.pages(0, 10)] == [(1, page)]


def test_the_same_page_twice_answers_alike_and_happens_once(store: LedgerStore) -> None:
    """The client sends a script again when the answer to the first was lost."""
    store.add_entries(["1", "2"])
    page = page_of(store, 1)
    assert store.append_page(page, EMPTY)
    assert store.append_page(page, EMPTY)
    assert store.unsealed(10) == ["2"]
    assert len(store.pages(0, 10)) == 1


def test_a_page_on_an_old_head_changes_nothing(store: LedgerStore) -> None:
    store.add_entries(["1", "2", "3"])
    slow = page_of(store, 3)
    assert store.append_page(page_of(store, 1), EMPTY)
    head = store.head()
    assert not store.append_page(slow, EMPTY)
    forged = seal(Head(head.seq, "f" * 64), ["2"], KEYRING, AT)
    assert not store.append_page(forged, Head(head.seq, "f" * 64))
    assert store.head() == head
    assert store.unsealed(10) == ["2", "3"]


def test_a_page_whose_entries_do_not_stand_in_front_changes_nothing(store: LedgerStore) -> None:
    store.add_entries(["1", "2"])
    for entries in (["2"], ["1", "3"], ["1", "2", "3"]):
        assert not store.append_page(seal(EMPTY, entries, KEYRING, AT), EMPTY)
    assert store.head() == EMPTY
    assert store.unsealed(10) == ["1", "2"]


def test_of_clerks_at_the_same_time_one_appends_and_nothing_is_lost_or_doubled(store: LedgerStore) -> None:
    entries = [str(number) for number in range(200)]
    store.add_entries(entries)

    def clerk(_: int) -> int:
        done = 0
        while store.unsealed(1):
            head = store.head()
            page = seal(head, store.unsealed(7), KEYRING, AT)
            done += bool(page.entries) and store.append_page(page, head)
        return done

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(clerk, range(4)))
    pages = [decode_page(text) for _, text in store.pages(0, 1000)]
    assert [entry for page in pages for entry in page.entries] == entries
    assert store.head() == pages[-1].head
    assert done >= len(pages)


def test_a_page_that_was_lost_is_restored_and_its_entries_leave_the_list(store: LedgerStore) -> None:
    store.add_entries(["0", "1", "2"])
    lost = seal(EMPTY, ["1", "2", "gone"], KEYRING, AT)
    assert store.restore_page(lost, EMPTY)
    assert store.restore_page(lost, EMPTY)
    assert store.head() == lost.head
    assert store.unsealed(10) == ["0"]
    other = seal(EMPTY, ["0"], KEYRING, AT)
    assert not store.restore_page(other, EMPTY)
    assert store.unsealed(10) == ["0"]


def test_pages_are_read_in_pieces_and_missing_ones_are_left_out(store: LedgerStore) -> None:
    for number in range(5):
        store.add_entries([str(number)])
        assert store.append_page(page_of(store), store.head())
    assert [seq for seq, _ in store.pages(1, 2)] == [2, 3]
    assert [seq for seq, _ in store.pages(3, 10)] == [4, 5]
    assert store.pages(5, 10) == []


def test_a_page_that_somebody_deleted_leaves_a_gap(redis_client: redis.Redis) -> None:
    store = RedisLedger(redis_client)
    for number in range(3):
        store.add_entries([str(number)])
        assert store.append_page(page_of(store), store.head())
    redis_client.hdel(PAGES, "2")
    assert [seq for seq, _ in store.pages(0, 10)] == [1, 3]


def test_all_keys_lie_in_one_slot_of_a_cluster() -> None:
    assert all("{cb}" in key for key in (UNSEALED, PAGES, HEAD))
