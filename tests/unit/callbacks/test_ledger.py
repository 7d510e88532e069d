"""The ledger's pages: whatever is changed in them shows, and says where and what it means."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbacks.ledger import (
    EMPTY,
    FORMAT,
    Head,
    Keyring,
    Page,
    PageError,
    StoredPage,
    canonical,
    decode_page,
    derive_key,
    encode_page,
    seal,
)
from callbacks.ledger_verify import Noted, difference, verify

KEYRING = Keyring.of(b"a secret")
STRANGER = Keyring.of(b"someone else's secret")
AT = "2026-03-02T10:00:00Z"


def chain(count: int = 5, keyring: Keyring = KEYRING) -> list[Page]:
    pages: list[Page] = []
    for seq in range(1, count + 1):
        head = pages[-1].head if pages else EMPTY
        pages.append(seal(head, [f'{{"id":"cb{seq}","event":"Promised"}}', f'{{"id":"cb{seq}"}}'], keyring, AT))
    return pages


def stored(pages: list[Page]) -> list[StoredPage]:
    return [(page.seq, encode_page(page)) for page in pages]


def kinds(pages: list[StoredPage], head: Head, noted: tuple[Noted, ...] = ()) -> list[tuple[int, str]]:
    return [(finding.page, finding.kind) for finding in verify(pages, KEYRING, head, noted)]


def resealed(page: Page, keyring: Keyring, entries: tuple[str, ...]) -> Page:
    return seal(Head(page.seq - 1, page.prev), entries, keyring, page.at)


def test_a_whole_ledger_has_no_findings() -> None:
    pages = chain()
    assert verify(stored(pages), KEYRING, pages[-1].head, [Noted(pages[2].head, "you")]) == []
    assert verify([], KEYRING, EMPTY) == []


def test_a_page_survives_its_text() -> None:
    for page in (*chain(), seal(EMPTY, [], KEYRING, AT), seal(EMPTY, ['{"id":"لطفا"}'], KEYRING, AT)):
        assert decode_page(encode_page(page)) == page


def test_a_hash_can_be_computed_without_our_code() -> None:
    page = chain(1)[0]
    lines = [FORMAT, "1", "0" * 64, AT, page.key, "2", *page.entries]
    assert page.hash == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_an_entry_of_two_lines_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="one line"):
        seal(EMPTY, ["{\n}"], KEYRING, AT)


def test_the_key_follows_the_secret_and_is_not_the_secret() -> None:
    assert derive_key(b"a secret") != derive_key(b"another secret")
    assert b"a secret" not in derive_key(b"a secret")
    assert len(derive_key(b"a secret")) == 32


def test_an_edited_page_is_found() -> None:
    pages = chain()
    edited = msgspec.structs.replace(pages[2], entries=(pages[2].entries[0], '{"id":"cb9"}'))
    assert kinds(stored([*pages[:2], edited, *pages[3:]]), pages[-1].head) == [(3, "edited")]


def test_a_page_that_was_edited_and_hashed_anew_is_found_twice() -> None:
    pages = chain()
    anew = resealed(pages[2], KEYRING, ('{"id":"cb9"}',))
    anew = msgspec.structs.replace(anew, mac=pages[2].mac)
    assert kinds(stored([*pages[:2], anew, *pages[3:]]), pages[-1].head) == [(3, "forged"), (4, "does_not_continue")]


def test_history_that_was_written_anew_without_the_key_is_found() -> None:
    pages = chain()
    forged = chain(5, STRANGER)
    claimed = [msgspec.structs.replace(page, key=KEYRING.current) for page in forged]
    assert kinds(stored(forged), forged[-1].head) == [(seq, "unknown_key") for seq in range(1, 6)]
    assert (1, "edited") in kinds(stored(claimed), claimed[-1].head)
    assert pages[-1].head != forged[-1].head


def test_history_that_was_written_anew_with_the_key_is_found_by_a_head_that_was_noted() -> None:
    pages = chain()
    anew = [pages[0]]
    for _ in range(4):
        anew.append(seal(anew[-1].head, ['{"id":"cb9"}'], KEYRING, AT))
    found = verify(stored(anew), KEYRING, anew[-1].head, [Noted(pages[3].head, "the journal")])
    assert [(finding.page, finding.kind) for finding in found] == [(4, "another_history")]
    assert "the journal" in found[0].words


def test_a_page_that_was_taken_out_is_found() -> None:
    pages = chain()
    assert kinds(stored([*pages[:2], *pages[3:]]), pages[-1].head) == [(3, "missing")]
    assert kinds(stored(pages[2:]), pages[-1].head) == [(1, "missing")]


def test_a_page_that_was_taken_out_with_the_others_moved_up_is_found() -> None:
    pages = chain()
    moved = [(seq, text) for seq, (_, text) in enumerate(stored([*pages[:2], *pages[3:]]), start=1)]
    assert kinds(moved, Head(4, pages[-1].hash)) == [(3, "does_not_continue"), (3, "misplaced"), (4, "misplaced")]


def test_pages_that_were_swapped_are_found() -> None:
    pages = chain()
    swapped = stored(pages)
    swapped[1], swapped[2] = (2, swapped[2][1]), (3, swapped[1][1])
    found = kinds(swapped, pages[-1].head)
    assert {(2, "misplaced"), (3, "misplaced"), (4, "does_not_continue")} <= set(found)


def test_a_page_that_was_put_in_is_found() -> None:
    pages = chain()
    extra = seal(pages[1].head, ['{"id":"cb9"}'], STRANGER, AT)
    assert (3, "extra") in kinds(stored([*pages[:3], extra, *pages[3:]]), pages[-1].head)
    behind = seal(pages[-1].head, ['{"id":"cb9"}'], STRANGER, AT)
    assert {kind for _, kind in kinds(stored([*pages, behind]), pages[-1].head)} == {"unknown_key", "head_is_wrong"}


def test_pages_that_were_cut_off_are_found_by_the_stores_head_or_by_a_noted_one() -> None:
    pages = chain()
    assert kinds(stored(pages[:3]), pages[-1].head) == [(4, "missing")]
    assert kinds(stored(pages[:3]), pages[2].head) == []
    assert kinds(stored(pages[:3]), pages[2].head, (Noted(pages[4].head, "you"),)) == [(3, "cut_off")]


def test_a_page_that_cannot_be_read_is_found_and_the_next_ones_are_looked_at() -> None:
    pages = chain()
    texts = stored(pages)
    edited = msgspec.structs.replace(pages[4], entries=())
    texts[1] = (2, "{")
    texts[4] = (5, encode_page(edited))
    assert kinds(texts, pages[-1].head) == [(2, "unreadable"), (5, "edited")]


def test_a_page_that_unpacks_without_end_is_not_unpacked() -> None:
    bomb = encode_page(seal(EMPTY, ["0" * (17 * 2**20)], KEYRING, AT))
    assert len(bomb) < 2**16
    with pytest.raises(PageError):
        decode_page(bomb)


def test_a_secret_that_was_changed_leaves_its_pages_valid_where_the_old_one_is_known() -> None:
    old = chain(2)
    both = Keyring.of(b"a new secret", b"a secret")
    new = seal(old[-1].head, ['{"id":"cb3"}'], both, AT)
    assert verify(stored([*old, new]), both, new.head) == []
    only_new = Keyring.of(b"a new secret")
    found = verify(stored([*old, new]), only_new, new.head)
    assert [(finding.page, finding.kind) for finding in found] == [(1, "unknown_key"), (2, "unknown_key")]
    assert "the old one is not configured" in found[0].words


def test_the_difference_between_a_page_and_its_copy_names_the_entries() -> None:
    page = chain(1)[0]
    edited = msgspec.structs.replace(page, entries=(page.entries[0], '{"id":"cb9"}'))
    assert difference(edited, page) == 'now: {"id":"cb9"}; before: {"id":"cb1"}'


@given(st.integers(0, 4), st.data())
def test_no_byte_of_any_page_can_be_changed_unnoticed(which: int, data: st.DataObject) -> None:
    pages = chain()
    field = data.draw(st.sampled_from(["seq", "prev", "at", "key", "entries", "hash", "mac"]))
    page = pages[which]
    value = getattr(page, field)
    if field == "seq":
        changed = data.draw(st.integers(0, 9))
    elif field == "entries":
        changed = tuple(data.draw(st.lists(st.sampled_from([*value, "{}"]), max_size=3)))
    else:
        at = data.draw(st.integers(0, len(value) - 1))
        changed = value[:at] + data.draw(st.characters(codec="ascii", exclude_characters="\n")) + value[at + 1 :]
    if changed == value:
        return
    pages[which] = msgspec.structs.replace(page, **{field: changed})
    texts = [(seq, encode_page(each)) for seq, each in enumerate(pages, start=1)]
    assert kinds(texts, chain()[-1].head)


def test_canonical_bytes_of_different_pages_differ_even_where_their_text_looks_alike() -> None:
    one = seal(EMPTY, ["1", "2"], KEYRING, AT)
    other = seal(EMPTY, ["2"], KEYRING, AT)
    assert canonical(one) != canonical(other)
