"""A promise is kept, whatever the phones do."""

from __future__ import annotations

from callbacks.model import QUIET
from callbacks.shifts import is_free
from ivr.localcarrier.script import HangUp, Hear, Phone, Press, Stay, Wait, voicemail
from ivr.localcarrier.wire import Faults
from ivr.services import utc_now
from tests.acceptance.office import (
    AGENT_NUMBER,
    BOOKS_A_CALLBACK,
    CALLER_NUMBER,
    OTHER_AGENT_NUMBER,
    TAKES_THE_CALLBACK,
    TALKS_A_LITTLE,
    Office,
)
from tests.patience import until

OTHER_NUMBER = "+442079460124"


def test_a_promised_callback_rings_once_joins_the_two_and_ends_with_the_agents_word(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, TAKES_THE_CALLBACK, away=True)
    office.carrier.set_phone(CALLER_NUMBER, TALKS_A_LITTLE)
    promised = office.book()
    assert promised.promised_by > utc_now()
    office.add_agent(AGENT_NUMBER, TAKES_THE_CALLBACK)
    ended = office.until_ended()
    assert (ended.disposition, ended.connects, ended.dials) == ("solved", 1, 1)
    assert len(office.rung(AGENT_NUMBER)) == len(office.rung(CALLER_NUMBER)) == 1
    (agent_leg,) = office.rung(AGENT_NUMBER)
    assert any("the state of your order" in prompt for prompt in office.prompts(agent_leg.sid))
    assert ended.dossier["path"] == ["welcome", "main", "order_number"]
    until(lambda: _is_free(office, AGENT_NUMBER), "the agent is free again")


def test_another_number_is_rung_first_and_proved_by_a_key_and_hears_the_words_first(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, TAKES_THE_CALLBACK, away=True)
    proves = Phone(answer_after_ms=100, steps=(Hear("press 1"), Press("1"), Hear("One moment"), Stay()))
    office.carrier.set_phone(OTHER_NUMBER, proves)
    other = (Press("2"), Hear("key in the number"), Press("02079460124#"), Hear("We will call"), Press("1"))
    promised = office.book((*BOOKS_A_CALLBACK[:7], *other, Hear("It is booked"), Stay()))
    assert (promised.number, promised.order) == (OTHER_NUMBER, "customer_first")
    office.add_agent(AGENT_NUMBER, TAKES_THE_CALLBACK)
    until(lambda: office.request().state == "talking", "they are joined")
    (customer,) = office.rung(OTHER_NUMBER)
    office.carrier.act(customer.sid, (Wait(2500), HangUp()))
    ended = office.until_ended()
    assert (ended.disposition, ended.connects, ended.dials) == ("solved", 1, 1)
    assert office.prompts(customer.sid)[0] == f"{promised.words[0]}. {promised.words[1]}."
    assert office.rung(CALLER_NUMBER) == []


def test_an_agent_whose_phone_is_not_answered_is_passed_over_for_the_next_one(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, away=True)
    office.carrier.set_phone(CALLER_NUMBER, TALKS_A_LITTLE)
    office.book()
    office.add_agent(AGENT_NUMBER, Phone(behaviour="no_answer"), idle_first=True)
    office.add_agent(OTHER_AGENT_NUMBER, TAKES_THE_CALLBACK)
    ended = office.until_ended()
    assert (ended.disposition, ended.offers, ended.dials) == ("solved", 2, 1)
    assert len(office.rung(AGENT_NUMBER)) == 1
    assert not _is_free(office, AGENT_NUMBER), "left alone for a while"


def test_a_voicemail_of_an_agent_is_never_joined_and_does_not_count_as_a_dial(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, away=True)
    office.carrier.set_phone(CALLER_NUMBER, TALKS_A_LITTLE)
    office.book()
    office.add_agent(AGENT_NUMBER, voicemail("Please leave a message.", answer_after_ms=100), idle_first=True)
    office.add_agent(OTHER_AGENT_NUMBER, TAKES_THE_CALLBACK)
    ended = office.until_ended()
    assert (ended.disposition, ended.dials, ended.connects) == ("solved", 1, 1)


def test_an_agent_who_declines_passes_the_callback_on(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, away=True)
    office.carrier.set_phone(CALLER_NUMBER, TALKS_A_LITTLE)
    office.book()
    declines = Phone(answer_after_ms=100, steps=(Hear("To be connected"), Press("2"), Stay()))
    office.add_agent(AGENT_NUMBER, declines, idle_first=True)
    office.add_agent(OTHER_AGENT_NUMBER, TAKES_THE_CALLBACK)
    assert office.until_ended().disposition == "solved"


def test_a_customer_who_does_not_answer_keeps_the_promise_and_the_agent_is_told(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, away=True)
    office.carrier.set_phone(CALLER_NUMBER, Phone(behaviour="no_answer"))
    office.book()
    office.add_agent(AGENT_NUMBER, Phone(steps=(Hear("To be connected"), Press("1"), Hear("did not answer"), Stay())))
    until(lambda: office.request().dials == 1, "the customer is rung")
    until(lambda: office.request().state in QUIET, "the promise stays open")
    request = office.request()
    assert request.due_at > utc_now(), "another try is planned"
    (agent_leg,) = office.rung(AGENT_NUMBER)
    view = office.finish(agent_leg.sid)
    assert view.script_done
    until(lambda: _is_free(office, AGENT_NUMBER), "the agent is free again")


def test_an_agent_who_hangs_up_before_the_customer_answers_leaves_the_customer_unbothered(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, away=True)
    slow = Phone(answer_after_ms=4000, steps=(Stay(),))
    office.carrier.set_phone(CALLER_NUMBER, slow)
    office.book()
    office.add_agent(AGENT_NUMBER, Phone(answer_after_ms=100, steps=(Hear("To be connected"), Press("1"), Stay())))
    until(lambda: len(office.rung(CALLER_NUMBER)) == 1, "the customer is rung")
    (agent_leg,), (customer_leg,) = office.rung(AGENT_NUMBER), office.rung(CALLER_NUMBER)
    office.carrier.hang_up(agent_leg.sid)
    until(lambda: office.request().state in QUIET, "the promise stays open")
    assert office.finish(customer_leg.sid).status == "canceled"
    assert office.request().connects == 0
    assert not _is_free(office, AGENT_NUMBER), "left alone for a while, so that the customer is not rung over and over"


def test_a_lost_answer_of_the_carrier_does_not_ring_the_agent_twice(office: Office) -> None:
    office.add_agent(AGENT_NUMBER, away=True)
    office.carrier.set_phone(CALLER_NUMBER, TALKS_A_LITTLE)
    office.book()
    office.carrier.set_faults(Faults(rest_operation="create_call", lose_replies=2))
    office.add_agent(AGENT_NUMBER, TAKES_THE_CALLBACK)
    ended = office.until_ended()
    office.carrier.set_faults(Faults())
    assert ended.disposition == "solved"
    assert len(office.rung(AGENT_NUMBER)) == len(office.rung(CALLER_NUMBER)) == 1


def test_webhooks_that_come_twice_and_status_webhooks_out_of_order_change_nothing(office: Office) -> None:
    office.carrier.set_faults(Faults(duplicate_webhooks=1000, shuffle_status_webhooks=True))
    try:
        office.add_agent(AGENT_NUMBER, away=True)
        office.carrier.set_phone(CALLER_NUMBER, TALKS_A_LITTLE)
        office.book()
        office.add_agent(AGENT_NUMBER, TAKES_THE_CALLBACK)
        ended = office.until_ended()
    finally:
        office.carrier.set_faults(Faults())
    assert (ended.disposition, ended.connects) == ("solved", 1)
    assert len(office.rung(AGENT_NUMBER)) == len(office.rung(CALLER_NUMBER)) == 1


def _is_free(office: Office, number: str) -> bool:
    known = office.services.callbacks.store.agent(number[-3:])
    return known is not None and is_free(known.record, utc_now())
