"""No one overtakes: phone waiters and callback takers in one line, served by rank, whatever the office looks like."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callbacks.memory_store import MemoryStore
from callbacks.model import Agent, CallbackRequest, Waiter, line_of
from callbacks.policy import Person, assign, may_take, person_of
from callbacks.rules import Policy, QueueRules
from callbacks.service import Callbacks
from callbacks.shifts import is_free, on_shift
from callbacks.store import Change, Outcome, Versioned
from tests.wishes import NOW, person, record

QUEUES, LANGUAGES = ("shop", "clinic"), ("en", "fr")
RULES = {
    name: QueueRules(name=name, zone="Europe/London", overflow=tuple(set(QUEUES) - {name}), preferred_grace_s=300)
    for name in QUEUES
}
SECOND = timedelta(seconds=1)

agents = st.builds(
    lambda queues, languages, state, idle, pace, given: person(
        queues=tuple(sorted(queues)),
        languages=tuple(sorted(languages)),
        state=state,
        idle_since=NOW - idle * SECOND,
        per_hour=pace,
        given_at=(NOW,) * given,
    ),
    st.sets(st.sampled_from(QUEUES), min_size=1),
    st.sets(st.sampled_from(LANGUAGES)),
    st.sampled_from(["available", "available", "available", "break"]),
    st.integers(0, 3),
    st.sampled_from([None, None, 1]),
    st.integers(0, 1),
)


class Caller(msgspec.Struct, frozen=True):
    """Somebody in line, as the test makes them up."""

    queue: str
    language: str
    came_s: int
    head_start_s: int
    on_the_phone: bool
    preferred: int | None
    due_s: int
    widened: bool


callers = st.builds(
    Caller,
    st.sampled_from(QUEUES),
    st.sampled_from(LANGUAGES),
    st.integers(0, 20),
    st.sampled_from([0, 0, 0, 10]),
    st.booleans(),
    st.sampled_from([None, None, 0, 1, 2]),
    st.sampled_from([0, 0, 400]),
    st.sampled_from([False, False, True]),
)


class Office:
    """A store with people in line and agents; serves one after another, and notes who was."""

    def __init__(self, people: list[Agent], line: list[Caller]) -> None:
        self.callbacks = Callbacks(MemoryStore(Policy()), Policy(), RULES.__getitem__)
        for number, each in enumerate(people):
            self.callbacks.agents.put(msgspec.structs.replace(each, id=f"a{number}", name=f"a{number}"))
        self.line = line
        self.waiting: dict[str, Person] = {}
        for number, each in enumerate(line):
            self._queue_up(f"p{number:02}", each)

    def _queue_up(self, name: str, caller: Caller) -> None:
        rank_at = NOW - (caller.came_s + caller.head_start_s) * SECOND
        if caller.on_the_phone:
            self.waiting[name] = Person(key=name, line=line_of(caller.queue, caller.language), rank_at=rank_at)
            self._look_in(name, caller, agents_free=False)
            return
        request = record(
            name,
            number=f"+4420794602{int(name[1:]):02}",
            queue=caller.queue,
            language=caller.language,
            rank_at=rank_at,
            due_at=NOW - caller.due_s * SECOND,
            preferred_agent=None if caller.preferred is None else f"a{caller.preferred}",
            widened=caller.widened,
        )
        self.callbacks.store.commit(Change(commit_id=name, request=Versioned(request, 0)))
        self.waiting[name] = person_of(request, RULES[caller.queue])

    def _look_in(self, name: str, caller: Caller, *, agents_free: bool) -> Agent | None:
        if not agents_free:
            waiter = Waiter(call_sid=name, rank_at=self.waiting[name].rank_at)
            self.callbacks.store.keep_place(self.waiting[name].line, waiter, NOW)
            return None
        return self.callbacks.agents.reserve(
            queue=caller.queue,
            language=caller.language,
            call_sid=name,
            rank_at=self.waiting[name].rank_at,
            waiting=True,
            lease_s=60,
            now=NOW,
        )

    def people(self) -> list[Agent]:
        return [known.record for known in self.callbacks.store.agents()]

    def serve(self, who: int) -> None:
        """Somebody's turn to ask: a phone waiter looks again, or a worker claims."""
        before = self.people()
        names = sorted(name for name in self.waiting if self.line[int(name[1:])].on_the_phone)
        if names and who % 2:
            name = names[who // 2 % len(names)]
            agent = self._look_in(name, self.line[int(name[1:])], agents_free=True)
            if agent is not None:
                self.check(name, agent, before)
            return
        claimed = self.callbacks.claims.claim(NOW)
        if claimed is not None:
            assert claimed.attempt is not None
            agent = next(each for each in before if each.id == claimed.attempt.agent_id)
            self.check(claimed.id, agent, before)

    def check(self, name: str, agent: Agent, before: list[Agent]) -> None:
        """Who was served, by this agent, has overtaken nobody."""
        served = self.waiting.pop(name)
        assert is_free(next(each for each in before if each.id == agent.id), NOW)
        assert may_take(agent, served)
        working = {each.id: each for each in before if each.state == "available" and on_shift(each, NOW)}
        overtaken = [
            each
            for each in self.waiting.values()
            if (each.rank_at, each.key) < (served.rank_at, served.key)
            and may_take(agent, each)
            and not is_patient(each, agent, working)
            and not has_another(each, agent, self.waiting, before)
        ]
        assert not overtaken, (served, agent, overtaken)


def is_patient(each: Person, agent: Agent, working: dict[str, Agent]) -> bool:
    """The rule that is named: they wait for an agent of theirs who works now, for a while."""
    in_grace = each.grace_until is not None and each.grace_until > NOW
    awaited = working.get(each.preferred or "")
    return in_grace and awaited is not None and may_take(awaited, each) and awaited.id != agent.id


def has_another(each: Person, agent: Agent, waiting: dict[str, Person], before: list[Agent]) -> bool:
    """A free agent is left for them: they are served next, with nobody before them who could take it away."""
    rest = [msgspec.structs.replace(one, holder="taken") if one.id == agent.id else one for one in before]
    earlier = [one for one in waiting.values() if (one.rank_at, one.key) <= (each.rank_at, each.key)]
    return each.key in assign(earlier, rest, NOW)


@settings(max_examples=300)
@given(
    st.lists(agents, min_size=1, max_size=4), st.lists(callers, max_size=9), st.lists(st.integers(0, 20), max_size=14)
)
def test_nobody_overtakes_on_the_phone_or_by_callback(
    people: list[Agent], line: list[Caller], turns: list[int]
) -> None:
    office = Office(people, line)
    for who in turns:
        office.serve(who)


@settings(max_examples=200)
@given(st.lists(agents, min_size=1, max_size=4), st.lists(callers, max_size=9))
def test_where_everybody_asks_nobody_is_left_whom_a_free_agent_could_serve(
    people: list[Agent], line: list[Caller]
) -> None:
    office = Office(people, line)
    for _ in line:
        for who in range(2 * len(line) + 2):
            office.serve(who)
    everybody = office.people()
    working = {each.id: each for each in everybody if each.state == "available" and on_shift(each, NOW)}
    for agent in everybody:
        if is_free(agent, NOW):
            left = [each for each in office.waiting.values() if may_take(agent, each)]
            assert all(is_patient(each, agent, working) for each in left), (agent, left)


def office_of(count: int) -> Callbacks:
    """As many agents as callbacks, which came one after the other."""
    callbacks = Callbacks(MemoryStore(Policy()), Policy(), RULES.__getitem__)
    for number in range(count):
        callbacks.agents.put(person(f"a{number}", idle_since=NOW - 9 * SECOND))
        made: CallbackRequest = record(f"cb{number}", topic=str(number), number=f"+44207946020{number}")
        made = msgspec.structs.replace(made, rank_at=NOW + number * SECOND)
        callbacks.store.commit(Change(commit_id=f"{number}", request=Versioned(made, 0)))
    return callbacks


def test_several_claims_at_once_are_those_that_one_after_the_other_would_have_been() -> None:
    one, other = office_of(6), office_of(6)
    together = other.claims.claim_some(NOW, 4)
    assert [each.id for each in together] == ["cb0", "cb1", "cb2", "cb3"]
    assert together == [one.claims.claim(NOW) for _ in range(4)]
    assert [each.id for each in other.claims.claim_some(NOW, 4)] == ["cb4", "cb5"]
    assert other.claims.claim_some(NOW, 4) == []


def test_of_several_claims_those_behind_one_that_was_lost_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """cb1 is withdrawn between the reading and the writing; who is next then is read again."""
    callbacks = office_of(4)
    in_order, made = callbacks.store.commit_in_order, []

    def beaten(changes: list[Change]) -> list[Outcome]:
        if not made:
            callbacks.promises.cancel("cb1", NOW)
        made.append(in_order(changes))
        return made[-1]

    monkeypatch.setattr(callbacks.store, "commit_in_order", beaten)
    assert [each.id for each in callbacks.claims.claim_some(NOW, 3)] == ["cb0"]
    assert made == [["done", "conflict"]]
    assert [each.id for each in callbacks.claims.claim_some(NOW, 3)] == ["cb2", "cb3"]


def test_of_several_claims_one_that_may_not_be_dialled_is_put_off_and_the_others_are_made() -> None:
    callbacks = office_of(3)
    callbacks.store.do_not_call("+442079460201", listed=True)
    assert [each.id for each in callbacks.claims.claim_some(NOW, 3)] == ["cb0", "cb2"]
    known = callbacks.store.request("cb1")
    assert known is not None
    assert known.record.disposition == "cancelled"


def test_a_worker_that_loses_the_first_in_line_to_somebody_faster_does_not_take_the_second_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two agents, two callbacks; a caller who came first of all takes the first one's agent at the last moment."""
    callbacks = Callbacks(MemoryStore(Policy()), Policy(), RULES.__getitem__)
    callbacks.agents.put(person("desk", idle_since=NOW - 9 * SECOND))
    callbacks.agents.put(person("till"))
    for number in range(2):
        made: CallbackRequest = record(f"cb{number}", topic=str(number), number=f"+44207946020{number}")
        made = msgspec.structs.replace(made, rank_at=NOW + number * SECOND)
        callbacks.store.commit(Change(commit_id=f"{number}", request=Versioned(made, 0)))
    commit, taken = callbacks.store.commit, []

    def beaten(change: Change) -> Outcome:
        if not taken and change.alone:
            taken.append(change)
            found = callbacks.agents.reserve(
                queue="shop", language="en", call_sid="CA", rank_at=NOW - SECOND, waiting=True, lease_s=60, now=NOW
            )
            assert found is not None
            assert found.id == "desk"
        return commit(change)

    monkeypatch.setattr(callbacks.store, "commit", beaten)
    claimed = callbacks.claims.claim(NOW)
    assert claimed is not None
    assert claimed.id == "cb0", "cb1 would have had an agent, too"


def test_who_stands_further_back_in_one_line_but_came_before_the_first_of_another_is_not_overtaken() -> None:
    """A claim reads the first few of each line; the fourth caller of one came before the callback of the other."""
    callbacks = Callbacks(MemoryStore(Policy()), Policy(), RULES.__getitem__)
    for number in range(4):
        callbacks.agents.put(person(f"a{number}"))
        waiter = Waiter(call_sid=f"CA{number}", rank_at=NOW + number * SECOND)
        callbacks.store.keep_place("shop/en", waiter, NOW)
    late = record("cb", language="fr", rank_at=NOW + 9 * SECOND)
    callbacks.store.commit(Change(commit_id="cb", request=Versioned(late, 0)))
    assert callbacks.claims.claim(NOW) is None, "all four agents are for the callers, who ask in a moment"
    callbacks.store.leave_line("shop/en", "CA3")
    assert callbacks.claims.claim(NOW) is not None
