"""An answer of ours that never arrives, or another's leg that is gone unnoticed: nobody is joined with silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from driven_office import DESK, TAKES_IT, TALKS, TILL, DrivenOffice, driven_office
from signed import CALLER

from callbacks import lifecycle_events as events
from ivr.localcarrier.script import HangUp, Hear, LoseLine, Phone, Press, Stay, Wait
from ivr.localcarrier.wire import Faults
from ivr.redis_server import PrivateRedis
from ivr.services import utc_now


@pytest.fixture
def office(redis_server: PrivateRedis, redis_client: redis.Redis, tmp_path: Path) -> Iterator[DrivenOffice]:
    assert redis_client.dbsize() == 0
    with driven_office(redis_server.url, tmp_path) as opened:
        yield opened


def test_an_agent_whose_key_was_lost_hears_the_offer_again_and_takes_it(office: DrivenOffice) -> None:
    office.add_agent(DESK, state="away")
    office.carrier.set_phone(CALLER, TALKS)
    office.book()
    offered = (Hear("To be connected", timeout_s=120), Press("1"))
    ends = (Hear("How did it end", timeout_s=120), Press("1"), Stay())
    office.add_agent(DESK, Phone(answer_after_ms=1000, steps=(*offered, *offered, *ends)))
    office.carrier.set_faults(Faults(webhook_purpose="gather", lose_webhooks=1))
    ended = office.until_ended()
    assert (ended.disposition, ended.offers, ended.dials, ended.connects) == ("solved", 1, 1, 1)
    office.followed(*office.rung(DESK), *office.rung(CALLER))


def test_a_customer_who_answers_when_the_agent_has_gone_hears_so_and_is_called_again(office: DrivenOffice) -> None:
    office.add_agent(DESK, state="away")
    slow = Phone(answer_after_ms=15_000, steps=(Hear("nobody is free after all"), Stay()))
    office.carrier.set_phone(CALLER, slow, TALKS)
    office.book()
    impatient = Phone(steps=(Hear("To be connected"), Press("1"), Hear("I am calling"), Wait(6000), HangUp()))
    office.add_agent(DESK, impatient)
    office.until(lambda: len(office.rung(CALLER)) == 1, "the customer is rung")
    office.carrier.set_faults(Faults(webhook_purpose="status", lose_webhooks=2))
    office.add_agent(TILL, TAKES_IT)
    ended = office.until_ended(limit_s=300)
    assert (ended.disposition, ended.connects, ended.rescues) == ("solved", 1, 0)
    office.followed(*office.rung(CALLER))


def test_an_agent_who_accepts_when_the_customer_has_gone_is_told_and_the_customer_is_tried_again(
    redis_server: PrivateRedis, redis_client: redis.Redis, tmp_path: Path
) -> None:
    head = "queues:\n  shop: {dial: customer_first, retries: {no_answer: [5]}}\n"
    with driven_office(redis_server.url, tmp_path, head=head) as office:
        office.add_agent(DESK, state="away")
        office.carrier.set_phone(CALLER, Phone(steps=(Hear("press 1"), Press("1"), Wait(5000), HangUp())))
        office.book()
        office.add_agent(DESK, Phone(answer_after_ms=8000, steps=(Hear("To be connected"), Press("1"), Stay())))
        office.until(lambda: len(office.rung(DESK)) == 1, "the agent is rung")
        office.carrier.set_faults(Faults(webhook_purpose="status", lose_webhooks=1))
        office.until(lambda: office.request().state == "scheduled", "the customer is tried again")
        assert (office.request().connects, office.request().unreached) == (0, {"no-answer": 1})
        assert "The customer did not answer. We will try again in 5 minutes." in " ".join(
            office.heard(office.rung(DESK)[0])
        )


def test_a_line_that_broke_is_called_again_though_nobody_told_us(office: DrivenOffice) -> None:
    office.add_agent(DESK, state="away")
    drops = Phone(answer_after_ms=1000, steps=(Hear("calling you back"), Wait(20_000), LoseLine()))
    office.carrier.set_phone(CALLER, drops, TALKS)
    office.book()
    silent = Phone(steps=(Hear("To be connected"), Press("1"), Hear("How did it end", timeout_s=300), Stay()))
    office.add_agent(DESK, silent, TAKES_IT)
    office.until(lambda: office.request().state == "talking", "they talk")
    office.carrier.set_faults(Faults(webhook_purpose="status", lose_webhooks=1))
    ended = office.until_ended(limit_s=300)
    assert (ended.disposition, ended.connects, ended.rescues) == ("solved", 2, 1)


def test_an_agent_who_lets_the_offer_run_out_was_never_there(office: DrivenOffice) -> None:
    """Their key was lost, and came a second time on a way that nobody listens to: the record has them in a talk."""
    office.add_agent(DESK, state="away")
    office.carrier.set_phone(CALLER, Phone(answer_after_ms=2000, steps=(Hear("calling you back"), Stay())), TALKS)
    office.book()
    office.add_agent(DESK, Phone(answer_after_ms=1000, steps=(Hear("To be connected"), Stay())))
    office.until(
        lambda: any("To be connected, press 1." in office.heard(leg) for leg in office.rung(DESK)), "the offer is made"
    )
    accepted = events.AgentAccepted(at=utc_now(), fence=1, sid=office.rung(DESK)[0])
    office.services.callbacks.apply(office.request().id, accepted)
    office.until(lambda: office.request().state == "talking", "the customer is alone in a talk")
    office.add_agent(TILL, TAKES_IT)
    ended = office.until_ended(limit_s=300)
    assert (ended.disposition, ended.connects, len(office.rung(TILL))) == ("solved", 2, 1)
