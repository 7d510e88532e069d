"""The two stores under the same random operations: every answer and every read is the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from callbacks.memory_store import MemoryStore
from callbacks.model import Attempt, CallbackRequest, Leg, State, Waiter
from callbacks.redis_store import PREFIX, UNSEALED, RedisStore
from callbacks.rules import Policy
from callbacks.store import AROUND, Change, Outcome, QuotaUse, Store, Talk, Versioned
from tests.wishes import NOW, person, record

POLICY = Policy()
MINUTE = timedelta(minutes=1)
NUMBERS = ("+442079460601", "+442079460602")
LINES = (("shop", "en"), ("shop", "fr"), ("clinic", "en"))
STATES: tuple[State, ...] = ("scheduled", "waiting", "agent_dialling", "customer_ready", "talking", "wrap_up", "ended")
TIMES = [NOW + seconds * timedelta(seconds=1) for seconds in (-40, -1, 0, 1, 30, 60, 3600)]
# Lists that have no order of their own beyond their scores are read under one id each, so ties do not matter.
names = st.sampled_from([f"cb{number}" for number in range(6)])
times = st.sampled_from(TIMES)
requests = st.builds(
    lambda state, number, caller, line, topic, window, due, rank, review, sid: record(
        state=state,
        number=number,
        caller_number=caller,
        queue=line[0],
        language=line[1],
        topic=topic,
        starts_at=window,
        due_at=due,
        rank_at=rank,
        review_at=review,
        looked_at=due,
        attempt=Attempt(
            fence=1,
            agent_id="desk",
            agent_leg=Leg(to_number=number, intended_at=due, sid=sid),
            customer_leg=Leg(to_number=number, intended_at=due, sid=sid),
        ),
        ended_at=due if state == "ended" else None,
        disposition="solved" if state == "ended" else None,
    ),
    st.sampled_from(STATES),
    st.sampled_from(NUMBERS),
    st.sampled_from([None, *NUMBERS]),
    st.sampled_from(LINES),
    st.sampled_from(["order", "bill"]),
    st.sampled_from([None, *TIMES]),
    times,
    times,
    times,
    st.sampled_from([None, "CA1"]),
)


class Stores(RuleBasedStateMachine):
    """Both stores, and the operations on them."""

    client: redis.Redis

    @initialize()
    def begin(self) -> None:
        self.client.flushall()
        self.ours: tuple[Store, Store] = (MemoryStore(POLICY), RedisStore(self.client, POLICY))
        self.commits = 0

    def both(self, ask: Callable[[Store], Any]) -> Any:
        one, other = (ask(store) for store in self.ours)
        assert one == other
        return one

    def commit(self, change: Change) -> Outcome:
        answer: Outcome = self.both(lambda store: store.commit(change))
        return answer

    @rule(
        name=names,
        made=requests,
        limit=st.sampled_from([None, 0, 1, 2]),
        alone=st.booleans(),
        staleness=st.sampled_from([0, 0, 0, 0, 1]),
        sees=st.sampled_from(["all", "nothing", "unasked"]),
        quota=st.sampled_from([None, 1, 2]),
        twice=st.booleans(),
    )
    def write(
        self,
        name: str,
        made: CallbackRequest,
        limit: int | None,
        alone: bool,
        staleness: int,
        sees: str,
        quota: int | None,
        twice: bool,
    ) -> None:
        known = self.both(lambda store: store.request(name))
        if known is not None and alone and known.record.state not in {"scheduled", "waiting"}:
            alone = False  # asked at a claim alone
        before = None if known is None else known.record
        # What a request is about stays as it was booked.
        fixed = {"id": name, "created_at": NOW + int(name[2:]) * MINUTE}
        if before is not None:
            fixed |= {each: getattr(before, each) for each in ("number", "caller_number", "queue", "language", "topic")}
        made = msgspec.structs.replace(made, **fixed)
        seen = None
        if sees != "unasked" and made.starts_at is not None:
            around = (made.starts_at - AROUND, made.starts_at + AROUND)
            seen = self.both(lambda store: store.booked(*around)) if sees == "all" else {}
        self.commits += 1
        change = Change(
            commit_id=str(self.commits),
            request=Versioned(made, max(0, (0 if known is None else known.version) - staleness)),
            before=before,
            entries=(f"entry {self.commits}",),
            alone=alone,
            slot_limit=limit,
            slots_seen=seen,
            quotas=() if quota is None else (QuotaUse(key=made.number, limit=quota, kept_s=900),),
        )
        outcome = self.commit(change)
        if twice and outcome == "done":
            assert self.commit(change) == "done"

    @rule(name=names)
    def forget(self, name: str) -> None:
        self.both(lambda store: store.forget([name]))

    @rule(
        name=st.sampled_from(["desk", "till"]),
        stale=st.booleans(),
        seconds=st.integers(0, 9),
        state=st.sampled_from(["available", "break"]),
    )
    def put_agent(self, name: str, stale: bool, seconds: int, state: str) -> None:
        known = self.both(lambda store: store.agent(name))
        self.commits += 1
        version = (0 if known is None else known.version) + stale
        talk = Talk(queue="shop", seconds=seconds)
        agent = Versioned(person(name, state=state), version)
        self.commit(Change(commit_id=str(self.commits), agent=agent, talk=talk))

    @rule(name=st.sampled_from(["desk", "till"]))
    def remove_agent(self, name: str) -> None:
        self.both(lambda store: store.remove_agent(name))

    @rule(line=st.sampled_from(LINES), caller=st.sampled_from(["CA1", "CA2", "CA3"]), rank=times, now=times)
    def stand(self, line: tuple[str, str], caller: str, rank: Any, now: Any) -> None:
        self.both(lambda store: store.keep_place("/".join(line), Waiter(call_sid=caller, rank_at=rank), now))

    @rule(line=st.sampled_from(LINES), caller=st.sampled_from(["CA1", "CA2", "CA3"]))
    def leave(self, line: tuple[str, str], caller: str) -> None:
        self.both(lambda store: store.leave_line("/".join(line), caller))

    @rule(number=st.sampled_from(NUMBERS), listed=st.booleans())
    def list_number(self, number: str, listed: bool) -> None:
        self.both(lambda store: store.do_not_call(number, listed=listed))

    @rule(now=times, limit=st.integers(1, 4))
    def read(self, now: Any, limit: int) -> None:
        """Whatever depends on a time or a limit."""
        self.both(lambda store: store.requests(limit))
        self.both(lambda store: store.requests(limit, open_only=True))
        self.both(lambda store: store.came_due(now, limit))
        self.both(lambda store: store.overdue_leases(now, limit))
        self.both(lambda store: store.to_review(now, limit))
        self.both(lambda store: store.fronts(limit, now))
        self.both(lambda store: store.booked(now - MINUTE, now + MINUTE))
        self.both(lambda store: store.ended_before(now, limit))
        for queue, language in LINES:
            self.both(lambda store, line=f"{queue}/{language}": store.ahead(line, now, now))

    @invariant()
    def everything_else_is_alike(self) -> None:
        if not hasattr(self, "ours"):
            return
        for number in NUMBERS:
            self.both(lambda store, number=number: store.requests_of(number))
            self.both(lambda store, number=number: store.dialling(number))
            self.both(lambda store, number=number: store.on_do_not_call(number))
            for topic in ("order", "bill"):
                self.both(lambda store, number=number, topic=topic: store.open_request_id(topic, number))
        self.both(lambda store: store.not_to_ring(NUMBERS))
        self.both(lambda store: store.do_not_call_list())
        self.both(lambda store: store.agents())
        for queue in ("shop", "clinic"):
            self.both(lambda store, queue=queue: (store.backlog(queue), store.talks(queue)))
        memory, _ = self.ours
        assert isinstance(memory, MemoryStore)
        assert self.client.lrange(UNSEALED, 0, -1) == memory.entries

    def teardown(self) -> None:
        """When all is over and forgotten, nothing points to anybody any more."""
        if not hasattr(self, "ours"):
            return
        self.both(lambda store: store.forget([f"cb{number}" for number in range(6)]))
        left = {str(key).removeprefix(f"{PREFIX}:").partition(":")[0] for key in self.client.keys("*")}
        own = {"agents", "agent", "lines", "phones", "seen", "do_not_call", "talks", "unsealed", "quota"}
        assert left <= own, left


def test_both_stores_answer_alike_whatever_is_asked_of_them(redis_client: redis.Redis) -> None:
    machine = type("OurStores", (Stores,), {"client": redis_client})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
