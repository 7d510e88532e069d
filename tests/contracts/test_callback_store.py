"""What a store of callbacks must do: the one in memory and the one on a real Redis server.

One long file: each method of the store in turn, on the same few records.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import msgspec
import pytest
import redis

from callbacks.indexes import quota_keys
from callbacks.memory_store import MemoryStore
from callbacks.model import Agent, Attempt, CallbackRequest, Leg, Waiter
from callbacks.redis_store import PREFIX, UNSEALED, RedisStore
from callbacks.rules import Policy
from callbacks.store import TALKS_KEPT, Change, Outcome, QuotaUse, Store, Talk, Versioned
from tests.wishes import CUSTOMER, NOW, person, record

POLICY = Policy()
MINUTE = timedelta(minutes=1)
OTHER = "+442079460124"


def add(store: Store, request: CallbackRequest, **change: object) -> Outcome:
    """Write a request that is not there yet."""
    made = Change(commit_id=f"new {request.id}", request=Versioned(request, 0))
    return store.commit(msgspec.structs.replace(made, **change))


def turn(store: Store, request: CallbackRequest, commit_id: str = "turn", **change: object) -> Outcome:
    """Write a request as it is to be now."""
    known = store.request(request.id)
    assert known is not None
    made = Change(commit_id=commit_id, request=Versioned(request, known.version), before=known.record)
    return store.commit(msgspec.structs.replace(made, **change))


def put(store: Store, agent: Agent) -> Outcome:
    known = store.agent(agent.id)
    version = 0 if known is None else known.version
    return store.commit(Change(commit_id=f"{agent.id} {version}", agent=Versioned(agent, version)))


def entries(store: Store) -> list[str]:
    if isinstance(store, MemoryStore):
        return store.entries
    assert isinstance(store, RedisStore)
    return list(store._redis.lrange(UNSEALED, 0, -1))


def ids(known: list[Versioned[CallbackRequest]]) -> list[str]:
    return [each.record.id for each in known]


def ended(request: CallbackRequest, at: datetime = NOW) -> CallbackRequest:
    return msgspec.structs.replace(request, state="ended", disposition="solved", ended_at=at)


# ---------------------------------------------------------------- changes


def test_every_record_is_read_back_as_it_was_written(store: Store) -> None:
    made = record(words=("amber", "boat"), caller_number=OTHER, unreached={"busy": 2}, preferred_agent="desk")
    assert add(store, made) == "done"
    assert store.request("cb1") == Versioned(made, 1)
    assert store.requests(10) == [made]
    assert store.request("cb2") is None


def test_a_change_on_a_stale_version_writes_nothing(store: Store) -> None:
    add(store, record(), entries=("promised",))
    put(store, person())
    fresh, stale = Versioned(record(topic="bill"), 1), Versioned(record(topic="bill"), 0)
    assert store.commit(Change(commit_id="x", request=stale, before=record(), entries=("never",))) == "conflict"
    agent = Versioned(person(state="break"), 7)
    both = Change(commit_id="y", request=fresh, before=record(), agent=agent, entries=("never",))
    assert store.commit(both) == "conflict", "all or nothing: the request's version did hold"
    assert store.request("cb1") == Versioned(record(), 1)
    assert store.agent("desk") == Versioned(person(), 1)
    assert store.open_request_id("bill", CUSTOMER) is None
    assert entries(store) == ["promised"]


def test_the_same_commit_twice_answers_alike_and_happens_once(store: Store) -> None:
    """The client sends a script again when the answer to the first was lost."""
    quota = QuotaUse(key="caller", limit=2, kept_s=60)
    change = Change(
        commit_id="once",
        request=Versioned(record(starts_at=NOW), 0),
        agent=Versioned(person(), 0),
        entries=("once",),
        slot_limit=1,
        quotas=(quota,),
        talk=Talk(queue="shop", seconds=60),
    )
    assert [store.commit(change), store.commit(change)] == ["done", "done"]
    assert store.request("cb1") == Versioned(record(starts_at=NOW), 1)
    assert (entries(store), store.talks("shop")) == (["once"], (60.0,))
    assert store.booked(NOW, NOW + MINUTE) == {("shop/en", NOW): 1}
    again = Change(commit_id="two", request=Versioned(record("cb2", topic="bill"), 0), quotas=(quota,))
    assert store.commit(again) == "done", "the quota was used once"


def test_of_an_agent_alone_the_same_commit_happens_once_too(store: Store) -> None:
    change = Change(commit_id="once", agent=Versioned(person(), 0), talk=Talk(queue="shop", seconds=9))
    assert [store.commit(change), store.commit(change)] == ["done", "done"]
    assert (store.agent("desk"), store.talks("shop")) == (Versioned(person(), 1), (9.0,))


def new(number: int) -> Change:
    made = record(f"cb{number}", topic=f"t{number}", number=f"+44207946020{number}")
    return Change(commit_id=f"new {number}", request=Versioned(made, 0), entries=(f"promised {number}",))


def test_changes_in_order_end_with_the_first_that_cannot_be(store: Store) -> None:
    add(store, record("cb1"))
    assert store.commit_in_order([new(0), new(1), new(2)]) == ["done", "conflict"]
    assert entries(store) == ["promised 0"]
    assert store.request("cb2") is None
    assert store.commit_in_order([new(0), new(2)]) == ["done", "done"], "what was done before is not done twice"
    assert entries(store) == ["promised 0", "promised 2"]
    assert store.commit_in_order([]) == []


def test_a_change_in_order_sees_what_the_one_before_it_did(store: Store) -> None:
    """Both are dialled for the first time: the number is taken by the first of them."""
    for number in range(2):
        add(store, record(f"cb{number}", topic=f"t{number}", state="waiting"))
    known = [store.request(f"cb{number}") for number in range(2)]
    claims = [
        Change(
            commit_id=f"claim {each.record.id}",
            request=Versioned(ringing(each.record), each.version),
            before=each.record,
            alone=True,
        )
        for each in known
        if each is not None
    ]
    assert store.commit_in_order(claims) == ["done", "conflict"]


def ringing(request: CallbackRequest) -> CallbackRequest:
    leg = Leg(to_number=request.number, intended_at=NOW)
    attempt = Attempt(fence=1, agent_id="desk", customer_leg=leg)
    return msgspec.structs.replace(request, state="customer_dialling", attempt=attempt)


def test_each_change_is_written_whatever_became_of_the_others(store: Store) -> None:
    add(store, record("cb1"))
    assert store.commit_each([new(0), new(1), new(2)]) == ["done", "conflict", "done"]
    assert store.commit_each([]) == []


def test_which_numbers_are_not_to_be_rung_is_known_of_several_at_once(store: Store) -> None:
    numbers = ["+442079460201", "+442079460202", "+442079460203"]
    add(store, ringing(record(number=numbers[0])))
    store.do_not_call(numbers[1], listed=True)
    assert store.not_to_ring(numbers) == {numbers[0]: "dialling", numbers[1]: "do_not_call"}
    store.do_not_call(numbers[0], listed=True)
    assert store.not_to_ring(numbers[:1]) == {numbers[0]: "do_not_call"}
    assert store.not_to_ring([]) == {}


def test_one_promise_is_open_for_a_number_and_a_topic(store: Store) -> None:
    assert add(store, record()) == "done"
    assert add(store, record("cb2")) == "conflict"
    assert add(store, record("cb3", topic="bill")) == "done"
    assert add(store, record("cb4", number=OTHER)) == "done"
    assert store.open_request_id("shop", CUSTOMER) == "cb1"
    assert turn(store, ended(record())) == "done"
    assert store.open_request_id("shop", CUSTOMER) is None
    assert add(store, record("cb2")) == "done"
    assert store.open_request_id("shop", CUSTOMER) == "cb2"


def test_of_two_requests_to_one_number_one_is_in_progress_at_a_time(store: Store) -> None:
    add(store, record())
    add(store, record("cb2", topic="bill"))
    assert store.dialling(CUSTOMER) == 0
    assert turn(store, record(state="talking"), alone=True) == "done"
    assert store.dialling(CUSTOMER) == 1
    bill = record("cb2", topic="bill", state="agent_dialling")
    assert turn(store, bill, alone=True) == "conflict"
    assert turn(store, ended(record()), "end") == "done"
    assert store.dialling(CUSTOMER) == 0
    assert turn(store, bill, alone=True) == "done"


def test_a_quota_is_for_so_many_and_refuses_the_whole_change(store: Store) -> None:
    uses = [QuotaUse(key=name, limit=limit, kept_s=60) for name, limit in (("a", 2), ("b", 3))]
    outcomes = [add(store, record(f"cb{n}", topic=str(n)), quotas=tuple(uses)) for n in range(3)]
    assert outcomes == ["done", "done", "quota"]
    assert store.request("cb2") is None
    assert add(store, record("cb3", topic="3"), quotas=(uses[1],)) == "done", "what was refused has used up nothing"


# ---------------------------------------------------------------- slots


def test_a_slot_holds_its_limit_and_a_promise_that_is_in_it_already_may_change(store: Store) -> None:
    first = record(starts_at=NOW, state="scheduled")
    assert add(store, first, slot_limit=1) == "done"
    second = record("cb2", topic="bill", starts_at=NOW)
    assert add(store, second, slot_limit=1) == "full"
    assert turn(store, msgspec.structs.replace(first, tellings=1), slot_limit=0) == "done"
    assert turn(store, record(starts_at=NOW + MINUTE), "moved", slot_limit=1) == "done"
    assert store.booked(NOW, NOW + 2 * MINUTE) == {("shop/en", NOW + MINUTE): 1}
    assert add(store, second, slot_limit=1) == "done"
    assert add(store, record("cb3", number=OTHER, starts_at=NOW + MINUTE), slot_limit=0) == "full"


def test_booked_is_of_a_time_and_counts_what_is_open(store: Store) -> None:
    for number, minutes in enumerate((0, 1, 1, 2)):
        add(store, record(f"cb{number}", topic=str(number), starts_at=NOW + minutes * MINUTE))
    add(store, record("cb9", language="fr", topic="fr", starts_at=NOW + MINUTE))
    assert store.booked(NOW, NOW + 2 * MINUTE) == {
        ("shop/en", NOW): 1,
        ("shop/en", NOW + MINUTE): 2,
        ("shop/fr", NOW + MINUTE): 1,
    }
    turn(store, ended(record("cb1", topic="1", starts_at=NOW + MINUTE)))
    assert store.booked(NOW + MINUTE, NOW + 2 * MINUTE)["shop/en", NOW + MINUTE] == 1


def test_a_limit_that_was_worked_out_from_what_other_lines_held_does_not_outlive_that(store: Store) -> None:
    seen = store.booked(NOW - MINUTE, NOW + MINUTE)
    french = record("cb1", language="fr", starts_at=NOW)
    assert add(store, french, slot_limit=1, slots_seen=seen) == "done"
    english = record("cb2", topic="bill", starts_at=NOW + MINUTE)
    assert add(store, english, slot_limit=1, slots_seen=seen) == "conflict"
    seen = store.booked(NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert add(store, english, slot_limit=1, slots_seen=seen) == "done"
    third = record("cb3", topic="3", starts_at=NOW)
    assert add(store, third, slot_limit=1, slots_seen=seen) == "conflict", "its own line has promised more, too"
    turn(store, ended(french))
    assert add(store, third, slot_limit=1, slots_seen=seen) == "done", "what others took back only makes room"


def test_in_one_line_promises_in_other_windows_are_in_nobodys_way(store: Store) -> None:
    for number in range(3):
        starts_at = NOW + number * MINUTE
        outcome = add(store, record(f"cb{number}", topic=str(number), starts_at=starts_at), slot_limit=1, slots_seen={})
        assert outcome == "done"


def test_a_slot_is_never_oversold_however_many_book_at_once(store: Store) -> None:
    outcomes: list[Outcome] = []

    def book(number: int) -> None:
        for each in range(6):
            name = f"cb{number}:{each}"
            outcomes.append(add(store, record(name, topic=name, starts_at=NOW), slot_limit=20))

    together(book)
    assert (outcomes.count("done"), outcomes.count("full")) == (20, 28)
    assert store.booked(NOW, NOW + MINUTE) == {("shop/en", NOW): 20}


def test_of_changes_on_one_version_one_is_done(store: Store) -> None:
    add(store, record())
    known = store.request("cb1")
    assert known is not None
    outcomes: list[Outcome] = []

    def change(number: int) -> None:
        after = Versioned(record(tellings=number), known.version)
        outcomes.append(store.commit(Change(commit_id=str(number), request=after, before=known.record)))

    together(change)
    assert sorted(outcomes) == ["conflict"] * 7 + ["done"]


def together(work: object) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# ---------------------------------------------------------------- reading requests


def test_requests_are_listed_newest_first_and_those_that_are_open_alone(store: Store) -> None:
    for number in range(5):
        add(store, record(f"cb{number}", topic=str(number), arrived_at=NOW + number * MINUTE))
    turn(store, ended(record("cb4", topic="4", arrived_at=NOW + 4 * MINUTE)))
    assert [each.id for each in store.requests(3)] == ["cb4", "cb3", "cb2"]
    assert [each.id for each in store.requests(3, open_only=True)] == ["cb3", "cb2", "cb1"]
    assert store.requests(0) == []


def test_the_requests_of_a_number_are_those_to_it_and_from_it_oldest_first(store: Store) -> None:
    add(store, record("cb1", arrived_at=NOW + MINUTE))
    add(store, record("cb2", number=OTHER, caller_number=CUSTOMER))
    add(store, record("cb3", number=OTHER, topic="bill"))
    assert ids(store.requests_of(CUSTOMER)) == ["cb2", "cb1"]
    turn(store, ended(record("cb1", arrived_at=NOW + MINUTE)))
    assert ids(store.requests_of(CUSTOMER)) == ["cb2", "cb1"]


def test_what_is_due_comes_earliest_first_and_only_while_it_is_scheduled(store: Store) -> None:
    for number, seconds in enumerate((30, 10, 20, 61)):
        due_at = NOW + timedelta(seconds=seconds)
        add(store, record(f"cb{number}", topic=str(number), state="scheduled", due_at=due_at))
    assert ids(store.came_due(NOW + MINUTE, 10)) == ["cb1", "cb2", "cb0"]
    assert ids(store.came_due(NOW + MINUTE, 2)) == ["cb1", "cb2"]
    turn(store, record("cb1", topic="1"))
    assert ids(store.came_due(NOW + MINUTE, 10)) == ["cb2", "cb0"]


def test_a_lease_is_looked_at_when_it_is_over(store: Store) -> None:
    add(store, record(state="wrap_up", attempt=attempt()))
    add(store, record("cb2", topic="bill"))
    over = NOW + timedelta(seconds=POLICY.wrap_up_s)
    assert store.overdue_leases(over - timedelta(seconds=1), 10) == []
    assert ids(store.overdue_leases(over, 10)) == ["cb1"]


def test_after_a_clock_was_set_back_leases_of_before_are_looked_at_now(store: Store) -> None:
    add(store, record(state="wrap_up", attempt=attempt()))
    assert ids(store.overdue_leases(NOW - timedelta(hours=1), 10)) == ["cb1"]
    assert store.overdue_leases(NOW - timedelta(seconds=20), 10) == [], "clocks of two machines differ a little"


def test_only_promises_that_nobody_is_being_rung_for_are_reviewed(store: Store) -> None:
    add(store, record(review_at=NOW))
    add(store, record("cb2", topic="2", review_at=NOW - MINUTE, state="scheduled"))
    add(store, record("cb3", topic="3", review_at=NOW, state="talking", attempt=attempt()))
    add(store, record("cb4", topic="4", review_at=NOW + MINUTE))
    assert ids(store.to_review(NOW, 10)) == ["cb2", "cb1"]
    assert ids(store.to_review(NOW, 1)) == ["cb2"]


def test_the_backlog_is_of_open_promises_without_a_window(store: Store) -> None:
    add(store, record())
    add(store, record("cb2", topic="2", language="fr"))
    add(store, record("cb3", topic="3", starts_at=NOW))
    add(store, record("cb4", topic="4", queue="clinic"))
    assert (store.backlog("shop"), store.backlog("clinic"), store.backlog("desk")) == (2, 1, 0)
    turn(store, record(starts_at=NOW))
    turn(store, ended(record("cb2", topic="2", language="fr")))
    assert store.backlog("shop") == 0


def attempt() -> Attempt:
    leg = Leg(to_number=CUSTOMER, intended_at=NOW, sid="CA1")
    return Attempt(fence=1, agent_id="desk", agent_leg=leg, customer_leg=leg)


# ---------------------------------------------------------------- the lines


def test_a_line_stands_in_the_order_of_rank(store: Store) -> None:
    for number, seconds in enumerate((3, 1, 2)):
        at = NOW + timedelta(seconds=seconds)
        add(store, record(f"cb{number}", topic=str(number), rank_at=at))
        store.keep_place("shop/en", Waiter(call_sid=f"CA{number}", rank_at=at), NOW)
    add(store, record("cb9", topic="9", language="fr"))
    english, french = store.fronts(2, NOW)
    assert (english.line, french.line) == ("shop/en", "shop/fr")
    assert ids(list(english.requests)) == ["cb1", "cb2"]
    assert [each.call_sid for each in english.waiters] == ["CA1", "CA2"]
    assert (ids(list(french.requests)), french.waiters) == (["cb9"], ())
    assert store.ahead("shop/en", NOW + timedelta(seconds=2), NOW) == 2
    assert store.ahead("shop/en", NOW + timedelta(seconds=9), NOW) == 6
    assert store.ahead("shop/ar", NOW, NOW) == 0


def test_a_line_in_which_nobody_stands_has_no_front(store: Store) -> None:
    add(store, record())
    store.keep_place("clinic/en", Waiter(call_sid="CA1", rank_at=NOW), NOW)
    turn(store, record(state="agent_dialling", attempt=attempt()))
    store.leave_line("clinic/en", "CA1")
    assert store.fronts(5, NOW) == []


def test_a_caller_without_a_sign_of_life_has_hung_up_whatever_the_clock_does(store: Store) -> None:
    waiter = Waiter(call_sid="CA1", rank_at=NOW)
    store.keep_place("shop/en", waiter, NOW)
    patience = timedelta(seconds=POLICY.line_patience_s)
    for seconds, is_there in ((30, True), (31, False), (-30, True), (-31, False)):
        now = NOW + timedelta(seconds=seconds)
        assert (store.ahead("shop/en", NOW + MINUTE, now) == 1) is is_there, seconds
        assert bool(store.fronts(5, now)) is is_there, seconds
    store.keep_place("shop/en", waiter, NOW + patience)
    assert store.ahead("shop/en", NOW + MINUTE, NOW + MINUTE) == 1


def test_a_caller_who_asks_again_keeps_one_place(store: Store) -> None:
    for _ in range(3):
        store.keep_place("shop/en", Waiter(call_sid="CA1", rank_at=NOW), NOW)
    assert store.ahead("shop/en", NOW + MINUTE, NOW) == 1
    store.leave_line("shop/en", "CA1")
    store.leave_line("shop/en", "CA1")
    assert store.ahead("shop/en", NOW + MINUTE, NOW) == 0


# ---------------------------------------------------------------- agents, wishes


def test_agents_are_listed_by_id_and_may_go_and_come_back(store: Store) -> None:
    for name in ("till", "desk"):
        assert put(store, person(name)) == "done"
    assert put(store, person("desk", state="away")) == "done"
    assert [(each.record.id, each.version) for each in store.agents()] == [("desk", 2), ("till", 1)]
    assert (store.remove_agent("desk"), store.remove_agent("desk")) == (True, False)
    assert store.agent("desk") is None
    assert put(store, person("desk")) == "done"
    assert [each.record.id for each in store.agents()] == ["desk", "till"]


def test_the_last_conversations_are_kept_newest_first(store: Store) -> None:
    for number in range(TALKS_KEPT + 5):
        store.commit(Change(commit_id=str(number), talk=Talk(queue="shop", seconds=number)))
    talks = store.talks("shop")
    assert (len(talks), talks[:2], store.talks("clinic")) == (TALKS_KEPT, (204.0, 203.0), ())


def test_a_number_is_on_the_do_not_call_list_until_it_is_taken_off(store: Store) -> None:
    for number in (OTHER, CUSTOMER, CUSTOMER):
        store.do_not_call(number, listed=True)
    assert store.do_not_call_list() == [CUSTOMER, OTHER]
    assert store.on_do_not_call(OTHER)
    store.do_not_call(OTHER, listed=False)
    assert not store.on_do_not_call(OTHER)
    assert store.do_not_call_list() == [CUSTOMER]


# ---------------------------------------------------------------- forgetting


def test_what_ended_before_a_time_is_known_the_oldest_first(store: Store) -> None:
    for number, minutes in enumerate((3, 1, 2)):
        add(store, record(f"cb{number}", topic=str(number)))
        turn(store, ended(record(f"cb{number}", topic=str(number)), NOW + minutes * MINUTE))
    add(store, record("cb9", topic="9"))
    assert store.ended_before(NOW + 3 * MINUTE, 10) == ["cb1", "cb2"]
    assert store.ended_before(NOW + 4 * MINUTE, 2) == ["cb1", "cb2"]


@pytest.mark.parametrize("state", ["scheduled", "waiting", "talking", "ended"])
def test_a_request_that_is_forgotten_leaves_nothing_behind(store: Store, state: str) -> None:
    made = record(state=state, starts_at=NOW, caller_number=OTHER, attempt=attempt())
    made = ended(made) if state == "ended" else made
    add(store, made)
    store.forget(["cb1", "cb2"])
    assert store.request("cb1") is None
    assert store.requests(5) == store.requests_of(CUSTOMER) == store.requests_of(OTHER) == []
    assert store.open_request_id("shop", CUSTOMER) is None
    far = NOW + timedelta(days=9)
    assert store.came_due(far, 5) == store.overdue_leases(far, 5) == store.to_review(far, 5) == []
    assert (store.booked(NOW, far), store.dialling(CUSTOMER), store.ended_before(far, 5)) == ({}, 0, [])
    assert store.fronts(5, NOW) == []
    assert add(store, made) == "done", "its id is free again"


def test_what_a_number_has_used_up_is_forgotten_with_its_request(store: Store) -> None:
    made = record(caller_number=OTHER)
    quotas = tuple(QuotaUse(key=key, limit=1, kept_s=60) for key in quota_keys(made))
    assert len(quotas) == 2
    add(store, made, quotas=quotas)
    store.forget(["cb1"])
    assert add(store, made, quotas=quotas) == "done"


def test_who_is_forgotten_while_somebody_changes_them_is_forgotten_all_the_same(store: Store) -> None:
    """A change may come between the look at the record and its deletion: nothing may point to it then."""
    for number in range(30):
        add(store, record(f"cb{number}", topic=str(number), state="scheduled", starts_at=NOW))

    def work(number: int) -> None:
        for each in range(30):
            name = f"cb{each}"
            if number % 2:
                store.forget([name])
            elif store.request(name) is not None:
                now = record(name, topic=str(each), state=("waiting", "scheduled")[number // 2 % 2])
                known = store.request(name)
                if known is not None:
                    change = Change(commit_id=f"{number}", request=Versioned(now, known.version), before=known.record)
                    store.commit(change)

    together(work)
    far = NOW + timedelta(days=9)
    assert store.requests(50) == []
    assert store.came_due(far, 50) == []
    assert store.to_review(far, 50) == []
    assert (store.fronts(50, NOW), store.booked(NOW, far), store.backlog("shop")) == ([], {}, 0)


def test_after_a_full_life_redis_holds_no_key_of_the_request_or_its_numbers(redis_client: redis.Redis) -> None:
    store = RedisStore(redis_client, POLICY)
    made = record(starts_at=NOW + MINUTE, state="scheduled", caller_number=OTHER)
    life = [
        made,
        msgspec.structs.replace(made, state="waiting"),
        msgspec.structs.replace(made, state="talking", attempt=attempt()),
        ended(made),
    ]
    quotas = tuple(QuotaUse(key=key, limit=1, kept_s=60) for key in quota_keys(made))
    add(store, made, slot_limit=1, slots_seen={}, quotas=quotas)
    for number, each in enumerate(life):
        assert turn(store, each, str(number)) == "done"
    store.forget(["cb1"])
    assert set(redis_client.keys("*")) == {f"{PREFIX}:lines"}, "the name of its line is nobody's"
