"""The audit: what it finds where somebody wrote to the store behind our back, and what it counts."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from callbacks import lifecycle_events as events
from callbacks.audit import audit
from callbacks.audit_report import Audit
from callbacks.clerk import Clerk
from callbacks.journal import Journal
from callbacks.ledger import Head, Keyring, decode_page, encode_page, seal
from callbacks.memory_ledger import MemoryRecords
from callbacks.model import CallbackRequest
from callbacks.store import Versioned
from tests.ledger_rig import AT, KEYRING, Rig, dialled, minutes, request, talked, unreached


class Place:
    """A store with a few promises, sealed page by page and copied into a journal."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.ledger = self.rig.ledger
        self.journal = Journal(":memory:")
        self.clerk = Clerk(self.ledger, self.rig.store, KEYRING, self.journal)
        for number in range(4):
            self.rig.promise(request(f"cb{number}", number=f"+4420794600{number:02}"))
            self.rig.apply(f"cb{number}", *talked(5 + 5 * number))
            self.clerk.tick(AT)
        self.rig.promise(request("cb4", number="+442079460104"))
        self.clerk.tick(AT)

    def audit(self, *, journal: bool = False, expect: Head | None = None, keyring: Keyring = KEYRING) -> Audit:
        records = MemoryRecords(self.rig.memory)
        with_journal = self.journal if journal else None
        return audit(self.ledger, records, keyring, minutes(60), journal=with_journal, expect=expect)

    def rewrite(self, seq: int, old: str, new: str) -> None:
        """Change an entry in the store's text of a page."""
        page = decode_page(self.ledger._pages[seq])
        entries = tuple(entry.replace(old, new) for entry in page.entries)
        assert entries != page.entries
        self.ledger._pages[seq] = encode_page(msgspec.structs.replace(page, entries=entries))

    def tamper(self, name: str, **changes: object) -> None:
        """Change a record in the store."""
        known = self.rig.store.request(name)
        assert known is not None
        changed = msgspec.structs.replace(known.record, **changes)
        self.rig.memory._requests[name] = Versioned(changed, known.version)


@pytest.fixture
def place() -> Place:
    return Place()


def differences(result: Audit) -> list[str]:
    assert not result.findings
    assert not result.problems
    return [difference.words for difference in result.differences]


def test_where_nobody_has_tampered_the_audit_is_clean_and_counts(place: Place) -> None:
    result = place.audit(journal=True, expect=place.ledger.head())
    assert result.is_clean
    assert (result.pages, result.requests, result.promises) == (5, 5, 5)
    assert result.kept == 3
    assert (result.late.count, result.late.median_s, result.late.worst_s, result.late.worst_id) == (1, 300, 300, "cb3")
    assert (result.overdue.count, result.overdue.worst_s) == (1, 45 * 60)
    assert (result.open, result.withdrawn, result.broken.count, result.early.count) == (0, 0, 0, 0)
    assert result.head == place.ledger.head()


def test_the_median_the_99th_and_the_worst_are_told(place: Place) -> None:
    for number in range(100):
        name, phone = f"late{number}", f"+44207946{number + 500:04}"
        place.rig.promise(request(name, number=phone))
        place.rig.apply(name, *dialled(15 + number), unreached(15 + number, "bad-number"))
    place.clerk.tick(AT)
    broken = place.audit().broken
    assert (broken.count, broken.median_s, broken.p99_s, broken.worst_s) == (100, 49.5 * 60, 98 * 60, 99 * 60)


def test_what_is_not_sealed_yet_counts_too(place: Place) -> None:
    place.rig.apply("cb4", *talked(10))
    result = place.audit()
    assert result.is_clean
    assert (result.unsealed, result.kept) == (9, 4)


def test_an_edited_page_is_named_with_what_was_there_before(place: Place) -> None:
    place.rewrite(4, '"code":"solved"', '"code":"no_call"')
    result = place.audit(journal=True)
    (finding,) = result.findings
    assert (finding.page, finding.kind) == (4, "edited")
    assert "page 4 is not what was sealed at 2026-03-02T10:00:00Z" in finding.words
    assert "no_call" in finding.words.split("before: ")[0]
    assert "solved" in finding.words.split("before: ")[1]


def test_a_page_that_was_taken_out_is_named_and_the_journal_has_a_copy(place: Place) -> None:
    del place.ledger._pages[2]
    (finding,) = place.audit(journal=True).findings
    assert finding.words.startswith("page 2 is missing")
    assert finding.words.endswith("the journal has a copy")


def test_a_thousand_pages_that_were_taken_out_do_not_hide_those_behind_them(place: Place) -> None:
    for seq in range(6, 1006):
        place.rig.promise(request(f"more{seq}", number=f"+44207947{seq:04}"))
        place.clerk.seal(AT)
    place.rig.promise(request("last", number="+442079480000"))
    place.clerk.seal(AT)
    for seq in range(5, 1006):
        del place.ledger._pages[seq]
    result = place.audit()
    assert [(finding.page, finding.words[:32]) for finding in result.findings] == [
        (5, "pages 5 to 1005 are missing: wha")
    ]
    assert result.pages == 5


def test_an_end_that_was_cut_off_shows_against_the_journal_or_a_head_that_you_noted(place: Place) -> None:
    noted = place.ledger.head()
    before = decode_page(place.ledger._pages[3]).head
    del place.ledger._pages[4], place.ledger._pages[5]
    place.ledger._head = before
    for name in ("cb3", "cb4"):
        place.rig.store.forget([name])
    assert place.audit().is_clean, "the store alone cannot tell"
    assert "the journal had page 5" in place.audit(journal=True).findings[0].words
    assert "you had page 5" in place.audit(expect=noted).findings[0].words


def test_a_history_that_was_written_anew_shows_against_a_head_that_you_noted(place: Place) -> None:
    noted = decode_page(place.ledger._pages[4]).head
    head = decode_page(place.ledger._pages[3]).head
    del place.ledger._pages[4], place.ledger._pages[5]
    place.ledger._head = head
    page = seal(head, ["{}"], KEYRING, "2026-03-02T10:00:00Z")
    place.ledger.add_entries(["{}"])
    assert place.ledger.append_page(page, head)
    kinds = {finding.kind for finding in place.audit(expect=noted).findings}
    assert kinds == {"another_history"}


def test_pages_under_a_key_that_we_do_not_have_are_named(place: Place) -> None:
    result = place.audit(keyring=Keyring.of(b"a changed secret"))
    assert {finding.kind for finding in result.findings} == {"unknown_key"}
    assert place.audit(keyring=Keyring.of(b"a changed secret", b"a secret")).is_clean


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("cb1", {"disposition": "no_call"}, "cb1: disposition is no_call, the ledger says solved"),
        ("cb1", {"dials": 0}, "cb1: dials is 0, the ledger says 1"),
        ("cb4", {"state": "ended"}, "cb4: state is ended, the ledger says scheduled"),
        ("cb4", {"fence": 7}, "cb4: fence is 7, the ledger says 0"),
        ("cb4", {"number": "+442079469999"}, "cb4: its number is not the one that the callback was promised to"),
        ("cb4", {"salt": "other"}, "cb4: its number is not the one that the callback was promised to"),
        (
            "cb4",
            {"first_promised_by": minutes(50)},
            "cb4: first_promised_by is 2026-03-02T10:50:00+00:00, the ledger says 2026-03-02T10:15:00+00:00",
        ),
        (
            "cb4",
            {"starts_at": minutes(5)},
            "cb4: starts_at is 2026-03-02T10:05:00+00:00, the ledger says nothing",
        ),
    ],
)
def test_a_record_that_was_changed_behind_our_back_is_named(
    place: Place, name: str, changes: dict[str, object], words: str
) -> None:
    place.tamper(name, **changes)
    assert differences(place.audit()) == [words]


@pytest.mark.parametrize("name", ["cb1", "cb4"])
def test_a_record_that_was_deleted_is_named_unless_somebody_noted_why(place: Place, name: str) -> None:
    place.rig.store.forget([name])
    (words,) = differences(place.audit())
    assert words.startswith(f"the record of {name} is gone, and nobody noted why")
    place.ledger.add_entries([f'{{"id":"{name}","at":"2026-03-02T10:00:00Z","event":"Forgotten","why":"asked"}}'])
    assert place.audit().is_clean
    place.clerk.tick(AT)
    assert place.audit().is_clean


@pytest.mark.parametrize("name", ["cb1", "cb4"])
def test_a_record_that_should_be_forgotten_and_is_there_is_named(place: Place, name: str) -> None:
    place.ledger.add_entries([f'{{"id":"{name}","at":"2026-03-02T10:00:00Z","event":"Forgotten","why":"asked"}}'])
    place.clerk.tick(AT)
    assert differences(place.audit()) == [f"{name} was to be forgotten, but its record is there"]


def test_a_record_that_nobody_promised_is_named(place: Place) -> None:
    place.rig.memory._requests["cb9"] = Versioned(request("cb9", number="+442079460109"), 1)
    assert differences(place.audit()) == ["cb9 is in the store, but the ledger never heard of it"]


def test_an_entry_that_cannot_have_happened_is_named_with_its_page(place: Place) -> None:
    entry = '{"id":"cb4","v":2,"at":"2026-03-02T10:00:00Z","event":"CustomerAnswered","state":"talking"}'
    place.ledger.add_entries([entry])
    place.clerk.tick(AT)
    problem = place.audit().problems[0]
    assert (problem.page, problem.words) == (6, "CustomerAnswered cannot lead cb4 from scheduled to talking")


class Busy(MemoryRecords):
    """Records that somebody changes while the audit reads them."""

    def __init__(self, place: Place, steps: list[Callable[[], object]]) -> None:
        super().__init__(place.rig.memory)
        self.steps = steps

    def records_of(self, ids: list[str]) -> list[CallbackRequest | None]:
        if self.steps:
            self.steps.pop(0)()
        return super().records_of(ids)


def test_what_changes_while_we_read_is_no_difference(place: Place) -> None:
    happened = list(dialled(10))
    steps: list[Callable[[], object]] = []
    for event in happened:
        steps += [lambda event=event: place.rig.apply("cb4", event), lambda: place.clerk.tick(AT)]
    steps.insert(1, lambda: place.rig.promise(request("cb5", number="+442079460105")))
    steps.insert(3, lambda: place.rig.apply("cb5", events.Cancelled(at=minutes(1))))
    while steps:
        left = len(steps)
        result = audit(place.ledger, Busy(place, steps), KEYRING, minutes(60), journal=place.journal)
        assert result.is_clean, (result.findings, result.problems, result.differences)
        assert len(steps) < left


def test_an_audit_is_plain_values(place: Place) -> None:
    place.tamper("cb4", fence=7)
    plain = msgspec.to_builtins(place.audit(journal=True))
    assert plain["late"]["worst_s"] == 300
    assert plain["differences"][0]["id"] == "cb4"
