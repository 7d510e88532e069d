"""What the callbacks of an installation promise, whatever they are stored in.

One long file: the rooms of the service on both stores, from booking to the end.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from callbacks import lifecycle_events as events
from callbacks.booking import Promise, Refusal
from callbacks.errors import IllegalEventError
from callbacks.model import Agent, CallbackRequest, Shift
from callbacks.rules import NumberRules, Policy, QueueRules, Quotas, SlotRules
from callbacks.service import Callbacks
from callbacks.shifts import is_free
from callbacks.store import Change, Outcome, Store, Talk, Versioned
from tests.wishes import CUSTOMER, NOW, book, london, person, wish

POLICY = Policy()
OTHER = "+442079460124"
# A window of London's office, three hours ahead.
WINDOW = NOW.replace(hour=14, minute=0)


def later(**delta: float) -> datetime:
    return NOW + timedelta(**delta)


def agent(callbacks: Callbacks, name: str = "desk") -> Agent:
    known = callbacks.store.agent(name)
    assert known is not None
    return known.record


def request(callbacks: Callbacks, request_id: str) -> CallbackRequest:
    known = callbacks.store.request(request_id)
    assert known is not None
    return known.record


def reserve(callbacks: Callbacks, call_sid: str = "CA9", **changes: object) -> Agent | None:
    asked = {"queue": "shop", "language": "en", "rank_at": NOW, "waiting": False, "lease_s": 60, "now": NOW} | changes
    return callbacks.agents.reserve(call_sid=call_sid, **asked)


# ---------------------------------------------------------------- booking


def test_the_same_key_books_once(callbacks: Callbacks) -> None:
    first = book(callbacks)
    assert book(callbacks) == first
    assert callbacks.store.requests(10) == [first]
    callbacks.promises.cancel(first.id, NOW)
    assert book(callbacks).state == "ended", "a webhook that comes again after the end promises nothing anew"


def test_one_open_promise_per_number_and_topic(callbacks: Callbacks) -> None:
    first = book(callbacks)
    again = callbacks.promises.book(wish("CA2:5:0"), NOW)
    assert again == Promise(request=first, already_booked=True)
    assert book(callbacks, "CA2:6:0", topic="bill").id != first.id
    callbacks.promises.cancel(first.id, NOW)
    assert book(callbacks, "CA2:7:0").id != first.id


def test_a_second_arrival_of_the_same_key_that_comes_in_between_is_no_older_booking(
    callbacks: Callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look finds nothing, the second one what the other arrival has booked meanwhile."""
    look = callbacks.store.request
    looks: list[str] = []

    def slow_look(request_id: str) -> Versioned[CallbackRequest] | None:
        found = look(request_id)
        looks.append(request_id)
        if len(looks) == 1:
            book(callbacks)
        return found

    monkeypatch.setattr(callbacks.store, "request", slow_look)
    promised = callbacks.promises.book(wish(), NOW)
    assert isinstance(promised, Promise)
    assert not promised.already_booked
    assert len(callbacks.store.requests(10)) == 1


def test_two_keys_of_two_people_never_share_a_promise(callbacks: Callbacks) -> None:
    assert len(book(callbacks).id) == 18, "64 bits: with 40, two of a million would meet"


def test_who_books_ten_times_is_refused_by_the_quota(store: Store) -> None:
    def strict(queue: str) -> QueueRules:
        return QueueRules(name=queue, zone="Europe/London", quotas=Quotas(per_caller=3, per_number=2))

    callbacks = Callbacks(store, POLICY, strict)
    answers = [callbacks.promises.book(wish(f"k{n}", topic=str(n)), NOW) for n in range(10)]
    assert [type(each) for each in answers[:2]] == [Promise, Promise]
    assert {each.reason for each in answers[2:] if isinstance(each, Refusal)} == {"quota"}
    others = [
        callbacks.promises.book(wish(f"o{n}", f"+4420794602{n:02}", caller_number=CUSTOMER), NOW) for n in range(3)
    ]
    assert [isinstance(each, Promise) for each in others] == [True, False, False], "the caller's own quota"
    assert isinstance(callbacks.promises.book(wish("m", topic="m"), later(days=1)), Promise)


@pytest.mark.parametrize(
    ("number", "reason"),
    [("", "number"), ("12", "number"), ("+12025550123", "not_allowed"), ("+449098790000", "not_allowed")],
)
def test_a_number_that_is_withheld_too_short_foreign_or_premium_is_refused(
    callbacks: Callbacks, number: str, reason: str
) -> None:
    answer = callbacks.promises.book(wish(number=number), NOW)
    assert isinstance(answer, Refusal)
    assert answer.reason == reason
    assert callbacks.store.requests(5) == []


def test_a_number_on_the_do_not_call_list_is_refused(callbacks: Callbacks) -> None:
    callbacks.store.do_not_call(CUSTOMER, listed=True)
    answer = callbacks.promises.book(wish(), NOW)
    assert isinstance(answer, Refusal)
    assert answer.reason == "not_allowed"


def test_a_backlog_at_its_cap_takes_no_more(store: Store) -> None:
    callbacks = Callbacks(store, POLICY, lambda queue: QueueRules(name=queue, most_promises=1))
    book(callbacks)
    answer = callbacks.promises.book(wish("k2", OTHER), NOW)
    assert isinstance(answer, Refusal)
    assert answer.reason == "full"


def test_nothing_is_promised_for_a_time_at_which_nobody_works(callbacks: Callbacks) -> None:
    days = tuple(Shift(weekday=day, from_minute=9 * 60, to_minute=17 * 60) for day in range(5))
    callbacks.agents.put(person(zone="Europe/London", shifts=days))
    at = NOW.replace(hour=17, minute=10)
    assert book(callbacks, arrived_at=at).promised_by == (at + timedelta(days=1)).replace(hour=9, minute=15)
    before_the_end = NOW.replace(hour=16, minute=50)
    late = book(callbacks, "k2", OTHER, arrived_at=before_the_end)
    assert late.promised_by.date() == NOW.date() + timedelta(days=1), "the shift ends before the wait does"
    assert late.state == "waiting", "who has time earlier calls earlier"


def test_who_has_gone_home_is_counted_on_tomorrow_and_a_break_is_short(callbacks: Callbacks) -> None:
    callbacks.agents.put(person(state="away"))
    assert book(callbacks).promised_by.date() == NOW.date() + timedelta(days=1)
    callbacks.agents.put(person("till", state="break"))
    assert book(callbacks, "k2", OTHER).promised_by == NOW + timedelta(minutes=15)


def test_where_all_are_on_leave_for_weeks_nothing_is_promised(callbacks: Callbacks) -> None:
    leave = tuple((NOW.date() + timedelta(days=day)).isoformat() for day in range(30))
    callbacks.agents.put(person(zone="Europe/London", days_off=leave))
    answer = callbacks.promises.book(wish(), NOW)
    assert isinstance(answer, Refusal)
    assert answer.reason == "closed"


def test_a_line_that_nobody_serves_is_promised_nothing(callbacks: Callbacks) -> None:
    callbacks.agents.put(person(languages=("en",)))
    answer = callbacks.promises.book(wish(language="fa"), NOW)
    assert isinstance(answer, Refusal)
    assert answer.reason == "closed", "nobody speaks Persian"
    assert book(callbacks).language == "en"


@pytest.mark.parametrize(("wait_minutes", "offers"), [(480, True), (20, False)])
def test_the_offer_stops_where_the_wait_or_the_promises_pass_their_cap(
    store: Store, wait_minutes: int, offers: bool
) -> None:
    rules = QueueRules(name="shop", zone="Europe/London", most_wait_minutes=wait_minutes, most_promises=12)
    callbacks = Callbacks(store, POLICY, lambda _: rules)
    callbacks.agents.put(person())
    for number in range(10):
        store.commit(Change(commit_id=f"talk{number}", talk=Talk(queue="shop", seconds=300.0)))
        book(callbacks, f"k{number}", f"+4420794601{number:02}")
    place = callbacks.standing.place("shop", "en", NOW + timedelta(seconds=1), NOW)
    assert (place.position, place.offers_callback) == (11, offers)
    for number in range(10, 12):
        book(callbacks, f"k{number}", f"+4420794601{number:02}")
    assert not callbacks.standing.place("shop", "en", NOW + timedelta(seconds=1), NOW).offers_callback


# ---------------------------------------------------------------- windows


def test_a_window_of_the_office_in_which_it_is_night_over_there_is_neither_offered_nor_promised(store: Store) -> None:
    numbers = NumberRules(countries=("US",))
    callbacks = Callbacks(store, POLICY, lambda queue: QueueRules(name=queue, zone="America/New_York", numbers=numbers))
    callbacks.agents.put(person(zone="America/New_York"))
    east, west = ("America/New_York",), ("America/Los_Angeles",)
    nine = datetime(2026, 3, 3, 14, tzinfo=UTC)
    assert nine in [slot.starts for slot in callbacks.promises.slots("shop", "en", NOW, east)]
    offered = [slot.starts for slot in callbacks.promises.slots("shop", "en", NOW, west)]
    assert nine not in offered
    assert nine + timedelta(hours=3) in offered
    answer = callbacks.promises.book(wish(number="+13102345678", country="US", starts=nine), NOW)
    assert isinstance(answer, Refusal)
    assert answer.reason == "closed", "nobody else has taken it"


def test_a_callback_at_a_chosen_time_is_due_when_its_window_begins(callbacks: Callbacks) -> None:
    callbacks.agents.put(person())
    promised = book(callbacks, starts=WINDOW)
    ends = WINDOW + timedelta(hours=1)
    assert (promised.starts_at, promised.due_at, promised.promised_by) == (WINDOW, WINDOW, ends)
    early = WINDOW - timedelta(seconds=1)
    assert (callbacks.claims.wake(early), callbacks.claims.claim(early)) == (0, None)
    assert callbacks.claims.wake(WINDOW) == 1
    claimed = callbacks.claims.claim(WINDOW)
    assert claimed is not None
    assert claimed.id == promised.id


def test_a_time_that_is_no_window_or_has_begun_or_has_nobody_is_refused(callbacks: Callbacks) -> None:
    def reason(starts: datetime) -> str:
        answer = callbacks.promises.book(wish(starts=starts), NOW)
        assert isinstance(answer, Refusal)
        return answer.reason

    assert reason(WINDOW) == "closed", "nobody works then"
    callbacks.agents.put(person())
    assert reason(WINDOW + timedelta(minutes=7)) == "closed"
    assert reason(NOW.replace(minute=0)) == "closed"
    assert reason(WINDOW + timedelta(days=30)) == "closed"


def test_two_lines_that_share_their_agents_are_never_oversold_however_many_book_at_once(store: Store) -> None:
    """Eight callers at once, in two languages, and one agent who speaks both."""

    def short(queue: str) -> QueueRules:
        return QueueRules(name=queue, zone="Europe/London", slots=SlotRules(share_percent=50), assumed_talk_s=600)

    callbacks = Callbacks(store, POLICY, short)
    callbacks.agents.put(person())
    answers: list[Promise | Refusal] = []

    def ask(number: int) -> None:
        language = ("en", "fr")[number % 2]
        for each in range(2):
            asked = wish(f"k{number}:{each}", f"+4420794602{number}{each}", language=language, starts=WINDOW)
            answers.append(callbacks.promises.book(asked, NOW))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(each, Promise) for each in answers) == 3, "half an hour of one agent is three conversations"
    assert sum(callbacks.store.booked(WINDOW, later(days=1)).values()) == 3


def test_a_promise_is_moved_to_another_window_and_gives_its_old_one_back(store: Store) -> None:
    callbacks = Callbacks(
        store, POLICY, lambda queue: QueueRules(name=queue, zone="Europe/London", assumed_talk_s=2160)
    )
    callbacks.agents.put(person())
    first = book(callbacks, starts=WINDOW)
    assert isinstance(callbacks.promises.book(wish("k2", OTHER, starts=WINDOW), NOW), Refusal)
    after = WINDOW + timedelta(hours=1)
    moved = callbacks.promises.move(first.id, after, NOW)
    assert isinstance(moved, Promise)
    assert (moved.request.starts_at, moved.request.due_at, moved.request.state) == (after, after, "scheduled")
    assert book(callbacks, "k2", OTHER, starts=WINDOW).starts_at == WINDOW
    back = callbacks.promises.move(first.id, WINDOW, NOW)
    assert isinstance(back, Refusal)
    assert back.reason == "full"
    same = callbacks.promises.move(first.id, after, NOW)
    assert isinstance(same, Promise), "into the window that it has already"


def test_as_soon_as_possible_again_keeps_the_place_of_old(callbacks: Callbacks) -> None:
    callbacks.agents.put(person())
    came = NOW - timedelta(minutes=20)
    first = book(callbacks, arrived_at=came, head_start_s=60, priority="urgent")
    moved = callbacks.promises.move(first.id, None, NOW)
    assert isinstance(moved, Promise)
    assert moved.request.rank_at == came - timedelta(seconds=60)
    there = callbacks.promises.move(first.id, WINDOW, NOW)
    assert isinstance(there, Promise)
    back = callbacks.promises.move(first.id, None, NOW)
    assert isinstance(back, Promise)
    assert (back.request.rank_at, back.request.starts_at) == (came, None)


def test_what_has_ended_can_neither_be_moved_nor_taken_back(callbacks: Callbacks) -> None:
    first = book(callbacks)
    callbacks.promises.cancel(first.id, NOW)
    with pytest.raises(IllegalEventError):
        callbacks.promises.cancel(first.id, NOW)
    assert callbacks.promises.move(first.id, None, NOW) == Refusal(reason="gone")
    assert callbacks.promises.move("cbnone", None, NOW) == Refusal(reason="gone")


# ---------------------------------------------------------------- who calls again first


def test_a_dial_is_put_off_while_its_customer_calls_us_and_goes_on_after_that_call(callbacks: Callbacks) -> None:
    callbacks.agents.put(person())
    first = book(callbacks)
    (held,) = callbacks.promises.recognise(CUSTOMER, "CA5", later(seconds=5))
    assert (held.state, held.held_by_call, held.rank_at) == ("scheduled", "CA5", first.rank_at)
    callbacks.claims.wake(later(seconds=10))
    assert callbacks.claims.claim(later(seconds=10)) is None
    callbacks.promises.call_over(CUSTOMER, "CAother", later(seconds=20))
    assert callbacks.claims.wake(later(seconds=20)) == 0, "it was put off for another call"
    callbacks.promises.call_over(CUSTOMER, "CA5", later(seconds=30))
    assert callbacks.claims.wake(later(seconds=30)) == 1
    assert callbacks.claims.claim(later(seconds=30)) is not None


def test_a_call_whose_end_nobody_reported_holds_a_promise_for_a_while_and_a_later_one_not_at_all(
    callbacks: Callbacks,
) -> None:
    callbacks.agents.put(person())
    soon, far = book(callbacks), book(callbacks, "k2", topic="bill", starts=WINDOW)
    callbacks.promises.recognise(CUSTOMER, "CA5", NOW)
    over = later(seconds=POLICY.put_off_s)
    assert callbacks.claims.wake(over - timedelta(seconds=1)) == 0
    assert callbacks.claims.wake(over) == 1
    assert request(callbacks, soon.id).state == "waiting"
    assert request(callbacks, far.id).due_at == WINDOW, "never before its window"
    callbacks.promises.call_over(CUSTOMER, "CA5", over)
    assert request(callbacks, far.id).due_at == WINDOW


def test_a_promise_that_is_moved_in_a_call_is_not_dialled_into_that_call(callbacks: Callbacks) -> None:
    callbacks.agents.put(person())
    first = book(callbacks, starts=WINDOW)
    callbacks.promises.recognise(CUSTOMER, "CA5", NOW)
    moved = callbacks.promises.move(first.id, None, later(seconds=9), by_call="CA5")
    assert isinstance(moved, Promise)
    assert callbacks.claims.wake(later(seconds=60)) == 0
    callbacks.promises.call_over(CUSTOMER, "CA5", later(seconds=61))
    assert callbacks.claims.wake(later(seconds=61)) == 1


def test_who_was_recognised_by_the_number_that_they_called_from_is_told_too(callbacks: Callbacks) -> None:
    first = book(callbacks, number=OTHER, caller_number=CUSTOMER, own_number=False)
    assert [each.id for each in callbacks.promises.recognise(CUSTOMER, "CA5", NOW)] == [first.id]
    assert callbacks.promises.recognise("+442079460199", "CA6", NOW) == []


def test_who_has_talked_with_a_person_in_a_call_of_their_own_is_not_called_back(callbacks: Callbacks) -> None:
    callbacks.agents.put(person())
    first = book(callbacks)
    assert callbacks.claims.claim(NOW) is not None, "the dial is under way"
    ended = callbacks.promises.answered_live(first.id, "CA5", NOW)
    assert ended is not None
    assert (ended.state, ended.disposition) == ("ended", "answered_live")
    assert ended.attempt is not None, "its legs are to be ended"
    assert callbacks.promises.answered_live(first.id, "CA5", NOW) is None


# ---------------------------------------------------------------- claims and agents


def test_a_claim_takes_the_oldest_request_and_holds_its_agent(callbacks: Callbacks) -> None:
    book(callbacks, "CA2:3:0", OTHER)
    older = book(callbacks, arrived_at=NOW - timedelta(seconds=30))
    callbacks.agents.put(person())
    claimed = callbacks.claims.claim(NOW)
    assert claimed is not None
    assert (claimed.id, claimed.fence) == (older.id, 1)
    assert agent(callbacks).holder == f"request:{older.id}:1"
    assert callbacks.claims.claim(NOW) is None, "there is no second agent"


def test_claimed_requests_are_not_due_and_come_back_when_their_lease_is_over(callbacks: Callbacks) -> None:
    book(callbacks)
    callbacks.agents.put(person())
    assert callbacks.claims.claim(NOW) is not None
    assert callbacks.store.came_due(NOW, 10) == []
    assert callbacks.store.overdue_leases(NOW, 10) == []
    assert len(callbacks.store.overdue_leases(later(seconds=POLICY.unknown_outcome_s), 10)) == 1


def test_an_agent_who_declines_is_left_alone_for_a_while_and_the_next_one_is_rung(callbacks: Callbacks) -> None:
    promised = book(callbacks)
    callbacks.agents.put(person("desk", idle_since=NOW - timedelta(hours=1)))
    callbacks.agents.put(person("till"))
    rung = []
    for fence in (1, 2):
        claimed = callbacks.claims.claim(NOW)
        assert claimed is not None
        assert claimed.attempt is not None
        rung.append(claimed.attempt.agent_id)
        callbacks.apply(promised.id, events.AgentDeclined(at=NOW, fence=fence))
    assert rung == ["desk", "till"]
    assert (request(callbacks, promised.id).offers, request(callbacks, promised.id).dials) == (2, 0)
    cool = later(seconds=POLICY.decline_cool_off_s)
    assert [is_free(agent(callbacks), at) for at in (NOW, cool)] == [False, True]


def test_a_caller_who_waits_is_served_before_a_later_callback_and_after_an_earlier_one(callbacks: Callbacks) -> None:
    callbacks.agents.put(person())
    book(callbacks, arrived_at=NOW - timedelta(seconds=60))
    assert reserve(callbacks, waiting=True, rank_at=NOW - timedelta(seconds=10)) is None
    assert reserve(callbacks, waiting=True, rank_at=NOW - timedelta(seconds=61)) is not None


def test_a_callback_waits_while_an_earlier_caller_is_in_line_and_not_after_they_are_gone(callbacks: Callbacks) -> None:
    book(callbacks)
    assert reserve(callbacks, waiting=True, rank_at=NOW - timedelta(seconds=60)) is None
    callbacks.agents.put(person())
    assert callbacks.claims.claim(NOW) is None
    assert callbacks.claims.claim(later(seconds=POLICY.line_patience_s + 1)) is not None


def test_an_agent_is_released_by_their_holder_alone(callbacks: Callbacks) -> None:
    callbacks.agents.put(person())
    assert reserve(callbacks) is not None
    callbacks.agents.release("desk", "call:CAother", NOW)
    assert agent(callbacks).holder == "call:CA9"
    callbacks.agents.release("desk", "call:CA9", NOW)
    assert is_free(agent(callbacks), NOW)


def test_a_person_asked_for_by_name_is_reserved_and_nobody_else(callbacks: Callbacks) -> None:
    for name in ("desk", "till"):
        callbacks.agents.put(person(name))
    for call_sid, expected in (("CA1", "till"), ("CA2", None)):
        found = reserve(callbacks, call_sid, agent_id="till")
        assert (found.id if found is not None else None) == expected


def test_a_person_asked_for_by_name_is_not_taken_from_those_who_came_earlier(callbacks: Callbacks) -> None:
    callbacks.agents.put(person("till"))
    callbacks.agents.put(person("boss", queues=("board",)))
    book(callbacks, arrived_at=NOW - timedelta(minutes=1))
    assert reserve(callbacks, agent_id="till") is None
    found = reserve(callbacks, agent_id="boss")
    assert found is not None, "nobody in this line waits for them"
    assert found.id == "boss"


def test_what_agents_say_of_themselves_leaves_their_reservation_as_it_is(callbacks: Callbacks) -> None:
    callbacks.agents.put(person())
    reserve(callbacks)
    callbacks.agents.put(person(state="break", languages=("fr",)))
    assert (agent(callbacks).holder, agent(callbacks).state, agent(callbacks).languages) == (
        "call:CA9",
        "break",
        ("fr",),
    )


def test_the_pace_counts_one_call_for_one_callback_in_either_order(store: Store) -> None:
    def first_the_customer(queue: str) -> QueueRules:
        return msgspec.structs.replace(london(queue), order="customer_first")

    callbacks = Callbacks(store, POLICY, first_the_customer)
    callbacks.agents.put(person(per_hour=2))
    promised = book(callbacks)
    assert callbacks.claims.claim(NOW) is not None
    callbacks.apply(promised.id, events.CustomerAnswered(at=NOW, fence=1, sid="CA1"))
    ready = callbacks.apply(promised.id, events.CustomerProved(at=NOW, fence=1))
    assert callbacks.claims.assign_ready(ready, NOW) is not None
    assert agent(callbacks).given_at == (NOW,)


def test_a_number_is_dialled_for_one_of_its_promises_at_a_time(callbacks: Callbacks) -> None:
    for name in ("desk", "till"):
        callbacks.agents.put(person(name))
    first, second = book(callbacks), book(callbacks, "k2", topic="bill", arrived_at=later(seconds=1))
    claimed = callbacks.claims.claim(later(seconds=2))
    assert claimed is not None
    assert claimed.id == first.id
    assert callbacks.claims.claim(later(seconds=2)) is None
    put_off = request(callbacks, second.id)
    assert (put_off.state, put_off.rank_at) == ("scheduled", second.rank_at)
    callbacks.promises.cancel(first.id, later(seconds=3))
    assert callbacks.claims.wake(put_off.due_at) == 1
    assert callbacks.claims.claim(put_off.due_at) is not None


def test_two_workers_never_dial_one_number_for_two_promises(
    callbacks: Callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked before either has claimed."""
    for name in ("desk", "till"):
        callbacks.agents.put(person(name))
    book(callbacks)
    book(callbacks, "k2", topic="bill")
    commit, looked = callbacks.store.commit, []

    def late_commit(change: Change) -> Outcome:
        if change.alone and not looked:
            looked.append(change)
            assert callbacks.claims.claim(NOW) is not None
        return commit(change)

    monkeypatch.setattr(callbacks.store, "commit", late_commit)
    assert callbacks.claims.claim(NOW) is None
    assert callbacks.store.dialling(CUSTOMER) == 1


def test_who_is_on_the_do_not_call_list_since_booking_is_not_dialled(callbacks: Callbacks) -> None:
    callbacks.agents.put(person())
    promised = book(callbacks)
    callbacks.store.do_not_call(CUSTOMER, listed=True)
    assert callbacks.claims.claim(NOW) is None
    assert request(callbacks, promised.id).disposition == "cancelled"
    assert is_free(agent(callbacks), NOW)


def test_an_event_that_does_not_fit_leaves_no_trace(callbacks: Callbacks) -> None:
    promised = book(callbacks)
    known = callbacks.store.request(promised.id)
    with pytest.raises(IllegalEventError):
        callbacks.apply(promised.id, events.CustomerAnswered(at=NOW, fence=0, sid="CA1"))
    with pytest.raises(IllegalEventError):
        callbacks.apply("cbnone", events.Cancelled(at=NOW))
    assert callbacks.store.request(promised.id) == known


# ---------------------------------------------------------------- how it stands


def test_a_queue_stands_as_its_waiters_promises_and_agents_do(callbacks: Callbacks) -> None:
    assert msgspec.to_builtins(callbacks.standing.of_queue("shop", NOW)) == {
        "waiting": 0,
        "free_agents": 0,
        "wait_minutes": 5,
    }
    callbacks.agents.put(person())
    assert callbacks.standing.of_queue("shop", NOW).wait_minutes == 0
    book(callbacks, arrived_at=NOW - timedelta(seconds=2))
    reserve(callbacks, waiting=True, rank_at=NOW - timedelta(seconds=1))
    assert msgspec.to_builtins(callbacks.standing.of_queue("shop", NOW)) == {
        "waiting": 2,
        "free_agents": 1,
        "wait_minutes": 10,
    }


def test_a_place_is_a_position_alone_until_there_is_a_history(callbacks: Callbacks) -> None:
    callbacks.agents.put(person())
    book(callbacks, arrived_at=NOW - timedelta(seconds=2))
    place = callbacks.standing.place("shop", "en", NOW, NOW)
    assert (place.position, place.wait_minutes, place.offers_callback) == (2, None, True)
    for number in range(30):
        with_talk(callbacks, number)
    soonest, latest = callbacks.standing.place("shop", "en", NOW, NOW).wait_minutes or (0, 0)
    assert 0 < soonest < latest <= 30


def with_talk(callbacks: Callbacks, number: int) -> None:
    callbacks.store.commit(Change(commit_id=str(number), talk=Talk(queue="shop", seconds=300 + number)))
