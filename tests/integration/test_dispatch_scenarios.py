"""Callbacks from the claim to their end, as people live through them; in both orders, on both stores.

One long file: short stories of the same office.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from callbacks import lifecycle_events as events
from callbacks.booking import Promise
from callbacks.dispatch import MOST_FAULTS, NOBODY_CAME_AGAIN, Dispatcher
from callbacks.errors import DialError
from callbacks.lifecycle_events import Event
from callbacks.memory_store import MemoryStore
from callbacks.model import Agent, CallbackRequest, Interval, Shift
from callbacks.redis_store import RedisStore
from callbacks.rules import Policy, QueueRules
from callbacks.service import Callbacks
from callbacks.shifts import is_free
from callbacks.store import Change, Versioned
from tests.scripted_carrier import ScriptedCarrier
from tests.wishes import CUSTOMER, NOW, book, person, record

POLICY = Policy()
DESK, TILL = "+442079460100", "+442079460101"


class Office:
    """One queue with its people, a carrier and a worker; time passes as the test says."""

    def __init__(self, store: MemoryStore | RedisStore, **rules: object) -> None:
        self.rules = msgspec.structs.replace(QueueRules(name="shop", zone="Europe/London"), **rules)
        self.callbacks = Callbacks(store, POLICY, lambda _: self.rules)
        self.carrier = ScriptedCarrier()
        self.dispatcher = Dispatcher(self.callbacks, self.carrier)
        self.now = NOW
        self.hire("desk", DESK)

    def hire(self, name: str, number: str, **changes: object) -> None:
        idle_since = NOW - timedelta(hours=1) if name == "desk" else NOW
        self.callbacks.agents.put(person(name, number=number, idle_since=idle_since, **changes))

    def after(self, seconds: float) -> Office:
        """So much later, the worker ticks."""
        self.now += timedelta(seconds=seconds)
        self.dispatcher.dispatch_due(self.now)
        return self

    def happens(self, *happened: Event) -> CallbackRequest:
        """What the carrier's webhooks report, a second later."""
        for event in happened:
            self.now += timedelta(seconds=1)
            self.callbacks.apply(self.request.id, msgspec.structs.replace(event, at=self.now))
        return self.request

    @property
    def request(self) -> CallbackRequest:
        (request,) = self.callbacks.store.requests(10)
        return request

    @property
    def rung(self) -> list[str]:
        return list(self.carrier.legs.values())

    def agent(self, name: str = "desk") -> Agent:
        known = self.callbacks.store.agent(name)
        assert known is not None
        return known.record


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> MemoryStore | RedisStore:
    if request.param == "memory":
        return MemoryStore(POLICY)
    return RedisStore(request.getfixturevalue("redis_client"), POLICY)


@pytest.fixture
def office(store: MemoryStore | RedisStore) -> Office:
    made = Office(store)
    book(made.callbacks)
    return made.after(0)


@pytest.fixture
def customers_first(store: MemoryStore | RedisStore) -> Office:
    """An office that calls the customer first; their phone rings."""
    made = Office(store, order="customer_first")
    book(made.callbacks)
    return made.after(0)


ACCEPTED = events.AgentAccepted(at=NOW, fence=1, sid="CA0")
ANSWERED = events.CustomerAnswered(at=NOW, fence=1, sid="CA1")
PICKED_UP = events.CustomerAnswered(at=NOW, fence=1, sid="CA0")
PROVED = events.CustomerProved(at=NOW, fence=1)
DECLINED = events.AgentDeclined(at=NOW, fence=1)


def talking(office: Office) -> Office:
    office.happens(ACCEPTED)
    office.after(0).happens(ANSWERED)
    office.carrier.statuses.update(CA0="talking", CA1="talking")
    return office


# ---------------------------------------------------------------- agent first


def test_an_agent_who_declines_makes_room_for_the_next_one(office: Office) -> None:
    office.hire("till", TILL)
    office.happens(DECLINED)
    office.after(1)
    assert office.rung == [DESK, TILL]
    assert (office.request.fence, office.request.offers, office.request.dials) == (2, 2, 0)


def test_a_voicemail_of_an_agent_that_is_noticed_by_nobody_is_noticed_at_the_end_of_the_lease(office: Office) -> None:
    office.hire("till", TILL)
    office.carrier.statuses["CA0"] = "completed"
    office.after(POLICY.agent_lease_s)
    assert office.rung == [DESK, TILL]
    assert not is_free(office.agent(), office.now), "who did not answer is left alone for a while"


def test_a_machine_counts_as_a_try_and_its_plan_is_followed_to_the_end(customers_first: Office) -> None:
    office = customers_first
    for fence, wait_minutes in ((1, 60), (2, 240)):
        office.happens(
            events.CustomerAnswered(at=NOW, fence=fence, sid=f"CA{fence - 1}"),
            events.CustomerUnreached(at=NOW, fence=fence, reason="machine"),
        )
        assert office.request.state == "scheduled"
        assert is_free(office.agent(), office.now), "the agent who was kept for it is free"
        office.after(wait_minutes * 60 + 1)
    assert office.rung == [CUSTOMER] * 3
    last = office.happens(events.CustomerUnreached(at=NOW, fence=3, reason="machine"))
    assert (last.state, last.disposition, last.dials) == ("ended", "unreached", 3)


def test_a_machine_that_hung_up_without_a_word_to_us_is_found_by_its_leg(customers_first: Office) -> None:
    customers_first.carrier.statuses["CA0"] = "completed"
    customers_first.after(POLICY.customer_lease_s)
    assert customers_first.request.unreached == {"machine": 1}


# ---------------------------------------------------------------- customer first


def test_a_customer_who_has_proved_to_be_a_person_is_given_the_agent_who_was_kept(customers_first: Office) -> None:
    office = customers_first
    office.happens(PICKED_UP, PROVED)
    office.after(0)
    assert office.rung == [CUSTOMER, DESK]
    office.happens(events.AgentAccepted(at=NOW, fence=1, sid="CA1"))
    assert (office.request.state, office.request.connects) == ("talking", 1)


def test_while_a_customer_waits_the_next_agent_is_rung(customers_first: Office) -> None:
    office = customers_first
    office.hire("till", TILL)
    office.happens(PICKED_UP, PROVED)
    office.after(0).happens(DECLINED)
    office.after(1)
    assert office.rung == [CUSTOMER, DESK, TILL]
    attempt = office.request.attempt
    assert attempt is not None
    assert (attempt.offer, attempt.agent_id, office.request.fence) == (2, "till", 1)
    with pytest.raises(Exception, match="offer"):
        office.happens(events.AgentAccepted(at=NOW, fence=1, offer=1, sid="CA1"))


def test_where_nobody_comes_the_customer_hears_an_apology_and_is_called_again_in_minutes(
    customers_first: Office,
) -> None:
    office = customers_first
    office.happens(PICKED_UP, PROVED)
    office.after(0).happens(DECLINED)
    office.hire("desk", DESK, state="break")
    office.after(1)
    assert office.carrier.apologies == [], "there is still a little patience"
    office.after(POLICY.customer_patience_s)
    assert office.carrier.apologies == [office.request.id]
    assert (office.request.state, office.request.due_at) == ("scheduled", office.now + NOBODY_CAME_AGAIN)
    office.hire("desk", DESK)
    office.after(NOBODY_CAME_AGAIN.total_seconds())
    assert office.rung == [CUSTOMER, DESK, CUSTOMER]


def test_a_customer_who_waits_is_not_called_away_by_a_call_from_their_other_phone(customers_first: Office) -> None:
    office = customers_first
    office.happens(PICKED_UP, PROVED)
    assert office.callbacks.promises.recognise(CUSTOMER, "CA9", office.now) == []
    assert office.request.state == "customer_ready"


# ---------------------------------------------------------------- taken back, put off


DIALS = {
    "agent_dialling": [],
    "agent_ready": [ACCEPTED],
    "customer_dialling": [ACCEPTED, events.CustomerDialled(at=NOW, fence=1)],
}


@pytest.mark.parametrize("state", DIALS)
@pytest.mark.parametrize("why", ["cancelled", "calls_us", "talked_with_us", "moved"])
def test_a_dial_that_is_withdrawn_ends_both_legs_and_frees_the_agent(office: Office, state: str, why: str) -> None:
    office.happens(*DIALS[state])
    assert office.request.state == state
    if state == "customer_dialling":
        office.happens(events.LegCreated(at=NOW, fence=1, leg="customer", sid="CA1"))
        office.carrier.legs["CA1"] = CUSTOMER
    withdraw(office, why)
    legs = list(office.carrier.legs)
    assert office.carrier.ended + office.carrier.freed == ([*legs[1:], "CA0"] if legs[1:] else ["CA0"])
    office.carrier.statuses.update(CA0="completed", CA1="canceled")
    office.after(POLICY.agent_lease_s + POLICY.talk_check_s)
    assert office.agent().holder is None or office.request.fence > 1


@pytest.mark.parametrize("why", ["cancelled", "calls_us", "talked_with_us", "moved"])
def test_a_customer_first_dial_that_is_withdrawn_frees_the_agent_at_once(customers_first: Office, why: str) -> None:
    office = customers_first
    withdraw(office, why)
    assert office.carrier.ended == ["CA0"]
    assert is_free(office.agent(), office.now)


def withdraw(office: Office, why: str) -> None:
    promises = office.callbacks.promises
    match why:
        case "cancelled":
            withdrawn = promises.cancel(office.request.id, office.now)
        case "calls_us":
            (withdrawn,) = promises.recognise(CUSTOMER, "CA9", office.now)
        case "talked_with_us":
            found = promises.answered_live(office.request.id, "CA9", office.now)
            assert found is not None
            withdrawn = found
        case _:
            moved = promises.move(office.request.id, None, office.now)
            assert isinstance(moved, Promise)
            withdrawn = moved.request
    office.dispatcher.end_legs(withdrawn)


@pytest.mark.parametrize("events_before", [[PICKED_UP, PROVED], [PICKED_UP]])
def test_a_customer_who_cancels_while_they_wait_is_let_go(customers_first: Office, events_before: list[Event]) -> None:
    office = customers_first
    office.happens(*events_before)
    withdraw(office, "cancelled")
    assert (office.carrier.ended, office.request.disposition) == (["CA0"], "cancelled")
    office.carrier.statuses["CA0"] = "completed"
    office.after(POLICY.agent_lease_s + 1)
    assert is_free(office.agent(), office.now)


def test_a_late_answer_to_a_dial_that_was_withdrawn_is_not_bridged(office: Office) -> None:
    office.happens(ACCEPTED)
    office.after(0)
    withdraw(office, "cancelled")
    with pytest.raises(Exception, match="does not fit"):
        office.happens(ANSWERED)
    assert office.request.connects == 0


def test_who_is_put_on_the_do_not_call_list_while_the_agent_listens_is_not_rung(office: Office) -> None:
    office.happens(ACCEPTED)
    office.callbacks.store.do_not_call(CUSTOMER, listed=True)
    office.after(1)
    assert office.rung == [DESK]
    assert (office.request.disposition, office.carrier.freed) == ("cancelled", ["CA0"])


def test_hours_that_end_while_the_agent_listens_put_the_dial_off_to_the_next_morning(
    store: MemoryStore | RedisStore,
) -> None:
    closes, opens = NOW + timedelta(minutes=5), NOW + timedelta(hours=23)

    def openings(since: datetime, until: datetime) -> list[Interval]:
        days = [Interval(starts=NOW, ends=closes), Interval(starts=opens, ends=opens + timedelta(hours=8))]
        return [each for each in days if each.ends > since and each.starts < until]

    office = Office(store, openings=openings)
    book(office.callbacks)
    office.after(200)
    assert office.rung == [DESK]
    office.now = closes - timedelta(seconds=1)
    office.happens(ACCEPTED)
    office.after(1)
    assert office.rung == [DESK], "nobody rings at this hour"
    assert (office.request.state, office.request.due_at) == ("scheduled", opens)
    assert set(office.carrier.freed) == {"CA0"}


def test_an_offer_that_could_not_be_finished_within_the_hours_is_not_begun(store: MemoryStore | RedisStore) -> None:
    closes = NOW + timedelta(seconds=80)
    office = Office(store, openings=lambda since, until: [Interval(starts=NOW, ends=closes)])
    office.callbacks.store.commit(Change(commit_id="x", request=Versioned(record(), 0)))
    office.after(0)
    assert office.rung == []
    assert office.request.state == "scheduled"


# ---------------------------------------------------------------- legs that go silently


def test_an_agent_who_closes_the_lid_before_the_customer_is_rung_is_found_gone(office: Office) -> None:
    office.happens(ACCEPTED)
    office.after(0)
    assert office.rung == [DESK, CUSTOMER]
    office.hire("till", TILL)
    office.carrier.statuses["CA0"] = "completed"
    office.after(POLICY.customer_lease_s)
    assert office.carrier.ended == ["CA1"], "nobody would be there if they answered"
    assert office.request.connects == 0
    assert office.rung == [DESK, CUSTOMER, TILL], "they are in line again, with their place"


def test_a_customer_who_is_alone_in_the_conversation_hears_so_and_is_called_again(office: Office) -> None:
    talking(office)
    office.carrier.statuses["CA0"] = "completed"
    office.after(POLICY.talk_check_s)
    assert office.carrier.apologies == [], "the agent may have hung up just now: the other leg follows"
    office.after(5)
    assert office.carrier.apologies == [office.request.id]
    assert office.request.rescues == 1


def test_a_conversation_of_which_both_legs_are_over_is_over_and_no_drop(office: Office) -> None:
    talking(office)
    office.carrier.statuses.update(CA0="completed", CA1="completed")
    office.after(POLICY.talk_check_s)
    office.after(POLICY.wrap_up_s)
    assert (office.request.state, office.request.disposition, office.request.rescues) == ("ended", "talked", 0)
    assert office.carrier.apologies == []
    office.after(POLICY.agent_lease_s)
    assert is_free(office.agent(), office.now)


def test_a_long_conversation_is_left_alone(office: Office) -> None:
    talking(office)
    for _ in range(30):
        office.after(POLICY.talk_check_s)
    assert office.request.state == "talking"
    assert (office.carrier.ended, office.carrier.freed, office.agent().holder) == (
        [],
        [],
        f"request:{office.request.id}:1",
    )


def test_an_agents_leg_that_is_over_while_they_are_ready_is_found_by_looking_for_the_agent(office: Office) -> None:
    office.happens(ACCEPTED)
    office.carrier.refuse = DialError("down", unknown_outcome=False)
    office.carrier.statuses["CA0"] = "completed"
    for _ in range(40):
        office.after(5)
    assert office.agent().holder is None or office.request.fence > 1


# ---------------------------------------------------------------- the carrier


def test_a_leg_of_which_the_carrier_cannot_tell_keeps_nobody_else_from_being_dialled(office: Office) -> None:
    office.carrier.mute.add("CA0")
    office.hire("till", TILL)
    book(office.callbacks, "k2", "+442079460124", arrived_at=NOW)
    with pytest.raises(DialError):
        office.after(POLICY.agent_lease_s)
    assert office.rung == [DESK, TILL]
    office.after(1)
    assert office.carrier.times_rung(TILL) == 1, "and is asked again only after another lease"


def test_a_carrier_that_is_down_is_asked_of_a_few_legs_only(office: Office) -> None:
    for number in range(8):
        office.hire(f"a{number}", f"+4420794603{number:02}")
        book(office.callbacks, f"k{number}", f"+4420794602{number:02}")
    office.after(0)
    assert len(office.rung) == 9
    asked: list[str] = []
    office.carrier.leg_status = lambda sid: asked.append(sid) or fail()  # type: ignore[method-assign,func-returns-value]
    with pytest.raises(DialError):
        office.after(POLICY.agent_lease_s)
    assert len(asked) == MOST_FAULTS


def fail() -> str:
    raise DialError("down", unknown_outcome=False)


def test_a_carrier_that_takes_no_dial_is_no_try_and_costs_one_claim_a_tick(office: Office) -> None:
    office.happens(ACCEPTED)
    office.carrier.refuse = DialError("the carrier answered 503", unknown_outcome=False)
    office.after(0)
    request = office.request
    assert (request.state, request.dials, request.first_dialled_at) == ("scheduled", 0, None)
    assert request.due_at == office.now + timedelta(seconds=15)
    for number in range(5):
        book(office.callbacks, f"k{number}", f"+4420794602{number:02}")
        office.hire(f"a{number}", f"+4420794603{number:02}")
    office.dispatcher.dispatch_due(office.now)
    assert sum(each.fence for each in office.callbacks.store.requests(10)) == 2


def test_an_agents_number_that_does_not_exist_is_the_agents_matter(office: Office) -> None:
    office.happens(DECLINED)
    office.hire("till", TILL)
    office.carrier.refuse = DialError("no such number", unknown_outcome=False, bad_number=True)
    office.after(1)
    assert office.request.state == "waiting"
    assert not is_free(office.agent("till"), office.now)


def test_a_customers_number_that_does_not_exist_ends_the_promise_and_lets_the_agent_go(office: Office) -> None:
    office.happens(ACCEPTED)
    office.carrier.refuse = DialError("no such number", unknown_outcome=False, bad_number=True)
    office.after(0)
    assert (office.request.disposition, office.carrier.freed) == ("bad_number", ["CA0"])


# ---------------------------------------------------------------- promises at risk


def test_where_every_agent_has_gone_home_before_the_window_the_customer_is_told_a_new_time(
    store: MemoryStore | RedisStore,
) -> None:
    office = Office(store)
    window = NOW.replace(hour=14, minute=0)
    book(office.callbacks, starts=window)
    office.hire("desk", DESK, state="away")
    office.now = window
    for _ in range(70):
        office.after(60)
    ((_, told),) = office.carrier.told
    request = office.request
    assert told.date() == window.date() + timedelta(days=1), "whoever has gone home is not counted on today"
    assert request.tellings == 1
    assert request.first_promised_by == window + timedelta(hours=1)
    assert office.rung == []
    office.hire("desk", DESK)
    office.after(1)
    assert office.rung == [DESK], "it is called all the same"


def test_a_customer_who_cannot_be_told_is_not_on_record_as_told(store: MemoryStore | RedisStore) -> None:
    office = Office(store)
    book(office.callbacks)
    office.hire("desk", DESK, state="away")
    office.carrier.cannot_tell = True
    for _ in range(40):
        office.after(60)
    assert (office.request.tellings, office.request.promised_by) == (0, office.request.first_promised_by)


def test_nobody_is_told_a_new_time_while_they_talk_with_us(store: MemoryStore | RedisStore) -> None:
    office = Office(store)
    book(office.callbacks)
    office.hire("desk", DESK, state="away")
    office.after(700)
    office.callbacks.promises.recognise(CUSTOMER, "CA9", office.now)
    for _ in range(10):
        office.after(60)
    assert office.carrier.told == []
    office.callbacks.promises.call_over(CUSTOMER, "CA9", office.now)
    office.after(61)
    assert len(office.carrier.told) == 1


def test_at_risk_a_promise_may_be_taken_by_an_agent_of_the_overflow(store: MemoryStore | RedisStore) -> None:
    office = Office(store, overflow=("front",))
    book(office.callbacks)
    office.hire("desk", DESK, state="away")
    office.hire("till", TILL, queues=("front",))
    office.after(60)
    assert office.rung == []
    for _ in range(5):
        office.after(60)
    assert office.rung == [TILL]
    assert office.carrier.told == [], "somebody will call: there is nothing to tell"


def test_a_promise_of_which_nobody_thought_ends_with_a_name(store: MemoryStore | RedisStore) -> None:
    office = Office(store)
    book(office.callbacks)
    office.hire("desk", DESK, state="away")
    office.after(60)
    office.now = office.request.expires_at
    office.after(61)
    assert office.request.disposition == "expired"


def test_an_agent_whose_shift_has_not_begun_is_not_rung(store: MemoryStore | RedisStore) -> None:
    office = Office(store)
    book(office.callbacks)
    office.hire("desk", DESK, shifts=(Shift(weekday=0, from_minute=11 * 60, to_minute=12 * 60),), zone="Europe/London")
    office.after(60)
    assert office.rung == []
    office.now = NOW.replace(hour=11, minute=0)
    office.after(0)
    assert office.rung == [DESK]


def test_a_rescue_is_another_attempt_of_the_same_promise(office: Office) -> None:
    talking(office)
    office.happens(events.CustomerLeft(at=NOW, fence=1, dropped=True), events.AgentLeft(at=NOW, fence=1))
    office.after(1)
    assert (office.request.fence, office.request.rescues, office.request.connects) == (2, 1, 1)
    assert office.rung == [DESK, CUSTOMER, DESK]


def test_a_clock_that_is_set_back_delays_no_look_at_what_is_in_progress(office: Office) -> None:
    office.carrier.statuses["CA0"] = "no-answer"
    office.hire("till", TILL)
    office.now -= timedelta(hours=1)
    office.after(0)
    assert office.rung == [DESK, TILL]


def test_a_clock_that_jumps_ahead_looks_before_it_dials_again(office: Office) -> None:
    office.after(3600)
    assert office.rung == [DESK]
    assert office.request.state == "agent_dialling"


def test_a_phone_that_rings_and_rings_is_hung_up_in_the_end(office: Office) -> None:
    for _ in range(10):
        office.after(POLICY.agent_lease_s)
    assert office.carrier.ended[:1] == ["CA0"]
    assert office.request.offers > 1


def test_a_talk_of_seconds_was_none_and_is_called_again(office: Office) -> None:
    talking(office).happens(events.CustomerLeft(at=office.now, fence=1))
    office.after(POLICY.wrap_up_s)
    assert (office.request.state, office.request.rescues) == ("waiting", 1)
