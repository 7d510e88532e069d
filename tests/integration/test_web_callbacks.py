"""Callbacks from the caller's yes to the agent's last word, on the driven carrier: no time passes but the carrier's.

One long file: every story is played on the same office.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from driven_office import CHOOSES_A_CALLBACK, DESK, PROVES, SAYS_WHY, TAKES_IT, TALKS, TILL, DrivenOffice, driven_office
from signed import CALLER

from ivr.localcarrier.script import Answerer, HangUp, Hear, LoseLine, Phone, Press, Stay, Wait, voicemail
from ivr.localcarrier.wire import Faults
from ivr.redis_server import PrivateRedis

OTHER = "+442079460124"
CUSTOMER_FIRST = "queues:\n  shop: {dial: customer_first, retries: {machine: [60]}, most_dials: 2}\n"
AWAY = {"state": "away"}


@pytest.fixture
def opened(
    redis_server: PrivateRedis, redis_client: redis.Redis, tmp_path: Path
) -> Iterator[Callable[..., DrivenOffice]]:
    assert redis_client.dbsize() == 0
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(driven_office(redis_server.url, tmp_path, **options))


@pytest.fixture
def office(opened: Callable[..., DrivenOffice]) -> DrivenOffice:
    return opened()


@pytest.fixture
def customer_first(opened: Callable[..., DrivenOffice]) -> DrivenOffice:
    return opened(head=CUSTOMER_FIRST)


def both_words(office: DrivenOffice, sid: str) -> bool:
    """Whether the first thing that this leg heard were the two words of the promise."""
    first, second = office.request().words
    return office.heard(sid)[0] == f"{first}. {second}."


# ---------------------------------------------------------------- agent first


def test_the_customer_hears_the_words_first_that_they_heard_at_booking(office: DrivenOffice) -> None:
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.carrier.set_phone(CALLER, TALKS)
    promised = office.book()
    (booking,) = [leg.sid for leg in office.carrier.calls()]
    assert ", ".join(promised.words) in " ".join(office.heard(booking))
    office.add_agent(DESK, TAKES_IT)
    ended = office.until_ended()
    (leg,) = office.rung(CALLER)
    assert both_words(office, leg)
    assert (ended.disposition, ended.dials, ended.offers, ended.connects) == ("solved", 1, 1, 1)
    office.followed(*office.rung(CALLER), *office.rung(DESK))


def test_the_agent_hears_who_why_what_and_by_when(office: DrivenOffice) -> None:
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.carrier.set_phone(CALLER, TALKS)
    office.book()
    office.add_agent(DESK, TAKES_IT)
    office.until_ended()
    whisper = " ".join(office.heard(office.rung(DESK)[0]))
    for part in (
        "ending in 0 1 2 3",
        "about an order",
        "Order number: 4 8 2 1",
        "We promised to call by tomorrow, 9 15",
    ):
        assert part in whisper, whisper


def test_the_status_of_an_earlier_offer_does_not_free_the_next_agent(customer_first: DrivenOffice) -> None:
    """The two are held under the same name: of the request and its fence."""
    office = customer_first
    office.add_agent(DESK, Phone("busy"), **AWAY)
    office.add_agent(TILL, Phone(answer_after_ms=60_000), **AWAY)
    office.carrier.set_phone(CALLER, PROVES)
    request = office.book()
    office.add_agent(DESK, Phone("busy"))
    office.until(lambda: office.request().state == "customer_ready", "the customer waits, nobody is free")
    office.add_agent(TILL, Phone(answer_after_ms=60_000))
    office.until(lambda: office.request().state == "agent_joining", "the till is rung")
    known = office.services.callbacks.store.agent(TILL[-3:])
    assert known is not None
    assert known.record.holder is not None
    assert request.id in known.record.holder


# ---------------------------------------------------------------- customer first


def test_a_customer_who_is_called_first_presses_1_and_is_joined_with_an_agent(customer_first: DrivenOffice) -> None:
    office = customer_first
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.carrier.set_phone(CALLER, PROVES)
    office.book()
    office.add_agent(DESK, TAKES_IT)
    ended = office.until_ended()
    assert (ended.disposition, ended.dials, ended.connects) == ("solved", 1, 1)
    (customer,), (agent,) = office.rung(CALLER), office.rung(DESK)
    assert both_words(office, customer)
    assert office.carrier.call(customer).created_at < office.carrier.call(agent).created_at
    assert "A customer is on the line." in office.heard(agent)[0]
    office.followed(customer, agent)


def test_a_person_who_is_taken_for_a_machine_and_presses_1_is_joined(customer_first: DrivenOffice) -> None:
    office = customer_first
    office.add_agent(DESK, TAKES_IT, **AWAY)
    slow = (Hear("To be connected"), Wait(4000), *PROVES.steps[1:])
    office.carrier.set_phone(CALLER, Phone(answer_after_ms=1000, steps=slow, answerer=Answerer(taken_for="machine")))
    office.book()
    office.add_agent(DESK, TAKES_IT)
    assert office.until_ended().disposition == "solved"
    assert office.services.hints.of(office.request().id, 1) == "machine"


def test_a_machine_costs_no_agents_time_is_tried_again_and_gets_a_message_the_last_time(
    customer_first: DrivenOffice,
) -> None:
    office = customer_first
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.carrier.set_phone(CALLER, voicemail("Nobody is here. Please leave a message after the tone."))
    office.book()
    office.add_agent(DESK, TAKES_IT)
    office.until(lambda: office.request().dials == 1 and office.request().state == "scheduled", "tried once")
    request = office.request()
    assert request.unreached == {"machine": 1}
    (first,) = office.rung(CALLER)
    assert len([text for text in office.heard(first) if "calling you back" in text]) == 1, (
        "a machine is not asked twice"
    )
    assert not any("did not reach you" in text for text in office.heard(first))
    office.jump_to(request.due_at)
    ended = office.until_ended()
    assert (ended.disposition, ended.dials, ended.offers) == ("unreached", 2, 0)
    assert "did not reach you" in office.heard(office.rung(CALLER)[1])[-1]
    assert office.rung(DESK) == []


def test_a_person_who_presses_nothing_is_asked_twice_and_leaves_no_agent_waiting(
    customer_first: DrivenOffice,
) -> None:
    office = customer_first
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.carrier.set_phone(CALLER, Phone(steps=(Stay(),)))
    office.book()
    office.add_agent(DESK, TAKES_IT)
    office.until(lambda: office.request().dials == 1 and office.request().state == "scheduled", "tried once")
    (leg,) = office.rung(CALLER)
    assert len([text for text in office.heard(leg) if "calling you back" in text]) == 2
    assert office.request().unreached == {"no-answer": 1}
    assert office.rung(DESK) == []


def test_another_number_is_proved_by_a_key_before_an_agent_is_rung(office: DrivenOffice) -> None:
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.carrier.set_phone(OTHER, PROVES)
    office.book(
        *SAYS_WHY,
        *CHOOSES_A_CALLBACK,
        Press("2"),
        Hear("key in the number"),
        Press("02079460124#"),
        Hear("We will call"),
        Press("1"),
        Stay(),
    )
    assert (office.request().number, office.request().order) == (OTHER, "customer_first")
    office.add_agent(DESK, TAKES_IT)
    assert office.until_ended().disposition == "solved"
    assert office.rung(CALLER) == []
    assert both_words(office, office.rung(OTHER)[0])


# ---------------------------------------------------------------- who calls again


def test_who_calls_during_the_dial_is_not_rung_and_the_agent_hears_why(office: DrivenOffice) -> None:
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.carrier.set_phone(CALLER, Phone(answer_after_ms=60_000))
    office.book()
    agent = Phone(steps=(Hear("To be connected"), Press("1"), Hear("The customer is calling us"), Stay()))
    office.add_agent(DESK, agent)
    office.until(lambda: office.request().state == "customer_dialling", "their phone rings")
    sid = office.call(Hear("You have a callback booked"), Press("1"), Hear("Last time"), Wait(5000), HangUp())
    office.run(3)
    (leg,) = office.rung(CALLER)
    assert office.carrier.call(leg).status == "canceled"
    assert office.request().held_by_call == sid
    office.until(lambda: office.is_over(sid), "they hang up")
    assert (office.request().held_by_call, office.request().connects) == (None, 0)
    office.followed(sid, *office.rung(DESK))


def test_an_agents_phone_that_still_rings_is_silenced_when_the_customer_calls(office: DrivenOffice) -> None:
    office.add_agent(DESK, **AWAY)
    office.book()
    office.add_agent(DESK, Phone(answer_after_ms=60_000))
    office.until(lambda: office.request().state == "agent_dialling", "the agent's phone rings")
    office.call(Hear("You have a callback booked"), Wait(5000), HangUp())
    office.run(3)
    assert office.carrier.call(office.rung(DESK)[0]).status == "completed" or office.is_over(office.rung(DESK)[0])
    known = office.services.callbacks.store.agent(DESK[-3:])
    assert known is not None
    assert known.record.holder is None


def test_a_promise_that_is_cancelled_during_the_dial_ends_both_legs(office: DrivenOffice) -> None:
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.carrier.set_phone(CALLER, Phone(answer_after_ms=60_000))
    office.book()
    office.add_agent(DESK, Phone(steps=(Hear("To be connected"), Press("1"), Stay())))
    office.until(lambda: office.request().state == "customer_dialling", "their phone rings")
    sid = office.call(Hear("You have a callback"), Press("3"), Hear("Shall I cancel"), Press("1"), Hear("is cancelled"))
    office.until(lambda: office.request().state == "ended", "it is cancelled")
    office.run(3)
    assert office.request().disposition == "cancelled"
    assert all(office.is_over(leg) for leg in (*office.rung(DESK), *office.rung(CALLER)))
    office.followed(sid)
    office.run(600, tick_s=5)
    assert len(office.rung(CALLER)) == 1, "nobody is called for it any more"


def test_who_speaks_now_keeps_the_place_and_the_promise_is_kept_by_it(office: DrivenOffice) -> None:
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.book()
    office.run(60)
    behind = office.call(*SAYS_WHY, Hear("To stay on the line"), Press("2"), Stay(), from_number=OTHER)
    office.run(30)
    sid = office.call(Hear("You have a callback"), Press("4"), Hear("You are next"), Press("2"), Stay())
    office.run(20)
    office.add_agent(DESK, Phone(steps=(Hear("To take the call"), Press("1"), Wait(20_000), HangUp())))
    office.until(lambda: office.is_over(sid), "they have talked")
    office.run(2)
    assert office.outcome(sid) == "transferred"
    assert (office.request().disposition, office.request().dials) == ("answered_live", 0)
    assert office.rung(CALLER) == []
    assert office.carrier.call(behind).answered_at is not None
    office.followed(sid)


def test_who_hangs_up_in_line_is_called_after_all(office: DrivenOffice) -> None:
    office.add_agent(DESK, **AWAY)
    office.carrier.set_phone(CALLER, TALKS)
    office.book()
    sid = office.call(
        Hear("You have a callback"), Press("4"), Hear("To stay on the line"), Press("2"), Wait(15_000), HangUp()
    )
    office.until(lambda: office.is_over(sid), "they hang up")
    office.run(1)
    assert office.request().held_by_call is None
    office.add_agent(DESK, TAKES_IT)
    assert office.until_ended().disposition == "solved"


def test_a_call_whose_end_nobody_tells_of_does_not_hold_its_promise_for_ever(office: DrivenOffice) -> None:
    office.add_agent(DESK, **AWAY)
    office.carrier.set_phone(CALLER, TALKS)
    office.book()
    sid = office.call(Hear("You have a callback"), Wait(1000), HangUp())
    office.run(1)
    office.carrier.set_faults(Faults(webhook_purpose="status", lose_webhooks=9))
    office.until(lambda: office.is_over(sid), "they hang up")
    assert office.request().held_by_call == sid
    office.add_agent(DESK, TAKES_IT)
    assert office.until_ended(limit_s=1200, tick_s=5).disposition == "solved"


def test_a_call_that_outlasts_the_put_off_is_not_disturbed(office: DrivenOffice) -> None:
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.carrier.set_phone(CALLER, TALKS)
    office.book()
    quiet = (Hear("You have a callback"), Press("4"), Hear("To stay on the line"), Press("2"), Stay())
    sid = office.call(*quiet)
    office.run(1200, tick_s=5)
    assert not office.is_over(sid)
    assert office.request().held_by_call == sid
    assert office.rung(CALLER) == []


def test_while_the_carrier_cannot_say_whether_they_talk_nobody_is_rung_and_all_else_goes_on(
    office: DrivenOffice,
) -> None:
    office.add_agent(DESK, TAKES_IT, **AWAY)
    office.carrier.set_phone(CALLER, TALKS)
    office.book()
    sid = office.call(Hear("You have a callback"), Press("4"), Hear("To stay on the line"), Press("2"), Stay())
    office.run(880, tick_s=5)
    office.carrier.set_faults(Faults(rest_operation="fetch_call", rest_errors=1000, rest_error_status=503))
    office.run(300, tick_s=5)
    assert office.request().held_by_call == sid
    office.carrier.set_faults(Faults())
    assert office.rung(CALLER) == []


# ---------------------------------------------------------------- lines that drop


def test_a_caller_whose_line_drops_in_talk_is_called_back_at_once(office: DrivenOffice) -> None:
    talks_then_takes = (Phone(steps=(Hear("To take the call"), Press("1"), Stay())), TAKES_IT)
    office.add_agent(DESK, *talks_then_takes)
    office.carrier.set_phone(CALLER, TALKS)
    sid = office.call(*SAYS_WHY, Wait(20_000), LoseLine())
    office.until(lambda: office.is_over(sid), "the line drops")
    office.run(1)
    rescue = office.request()
    assert (rescue.number, rescue.topic, rescue.dossier["reason"]) == (CALLER, "shop", "the line dropped")
    assert rescue.preferred_agent == DESK[-3:]
    ended = office.until_ended()
    assert (ended.disposition, ended.connects) == ("solved", 1)
    assert "the line dropped" in " ".join(office.heard(office.rung(DESK)[-1]))


def test_a_callback_that_drops_in_talk_is_made_again_once(office: DrivenOffice) -> None:
    drops = Phone(answer_after_ms=1000, steps=(Hear("calling you back"), Wait(10_000), LoseLine()))
    office.add_agent(DESK, **AWAY)
    office.carrier.set_phone(CALLER, drops, TALKS)
    office.book()
    silent = Phone(steps=(Hear("To be connected"), Press("1"), Stay()))
    office.add_agent(DESK, silent, TAKES_IT)
    ended = office.until_ended(limit_s=400)
    assert (ended.disposition, ended.connects, ended.rescues) == ("solved", 2, 1)
    assert len(office.rung(CALLER)) == 2


# ---------------------------------------------------------------- what is known of a number


def test_the_agent_who_talked_with_a_caller_is_asked_first_the_next_time(office: DrivenOffice) -> None:
    talks = Phone(steps=(Hear("To take the call"), Press("1"), Wait(5000), HangUp()))
    office.add_agent(DESK, talks, TAKES_IT)
    sid = office.call(*SAYS_WHY, Stay())
    office.until(lambda: office.is_over(sid), "they have talked")
    office.run(1)
    office.add_agent(DESK, talks, TAKES_IT, state="away")
    office.carrier.set_phone(CALLER, TALKS)
    again = office.call(
        Hear("Last time"), Press("1"), Hear("To be called back"), Press("1"), Hear("We will call"), Press("1"), Stay()
    )
    office.until(lambda: office.is_over(again), "it is booked")
    office.followed(again)
    assert office.request().preferred_agent == DESK[-3:]
    office.add_agent(TILL, TAKES_IT, idle_since=office.carrier.now().replace(year=2020))
    office.add_agent(DESK, TAKES_IT)
    assert office.until_ended().disposition == "solved"
    assert (len(office.rung(DESK)), office.rung(TILL)) == (1, [])


def test_what_a_number_has_confirmed_can_be_shown_and_forgotten(office: DrivenOffice) -> None:
    office.add_agent(DESK, **AWAY)
    office.book()
    contexts = office.services.contexts
    assert contexts.export(CALLER)["values"]["order_number"]["value"] == "4821"
    assert contexts.forget(CALLER)
    assert contexts.export(CALLER) == {}
    assert not contexts.forget(CALLER)


# ---------------------------------------------------------------- a new time


def late(office: DrivenOffice) -> None:
    """Everybody goes home while a promise is open, and time passes until somebody has to say so."""
    office.add_agent(DESK, **AWAY)
    office.book()
    promised = office.request().promised_by
    office.run(60)
    office.until(
        lambda: office.request().tellings == 1,
        "a new time is told",
        limit_s=(promised - office.carrier.now()).total_seconds() + 60,
        tick_s=30,
    )
    assert office.request().promised_by > promised
    assert office.request().first_promised_by == promised


def test_a_promise_that_cannot_be_kept_is_told_a_new_time_by_text_once(office: DrivenOffice) -> None:
    late(office)
    (text,) = office.texts()
    assert "your callback will be later than promised" in text
    assert office.request().promised_by.strftime("by tomorrow, %-I:%M") in text, "whoever has gone home is back then"
    assert office.rung(CALLER) == []


def test_where_no_text_can_be_sent_a_call_says_it_and_ends(office: DrivenOffice) -> None:
    office.carrier.set_faults(Faults(rest_operation="create_message", rest_errors=99, rest_error_status=429))
    office.carrier.set_phone(CALLER, Phone(steps=(Stay(),)))
    late(office)
    office.run(30)
    (leg,) = office.rung(CALLER)
    assert both_words(office, leg)
    assert "later than promised" in office.heard(leg)[1]
    assert office.carrier.call(leg).status == "completed"
    assert office.request().dials == 0
