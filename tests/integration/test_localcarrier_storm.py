"""The local carrier under everything at once: whatever is broken, it ends every call, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from localcarrier_app import (
    AGENT,
    APP_URL,
    CALLER,
    CALLS,
    CUSTOMER,
    SERVICE,
    START,
    DrivenApp,
    driven,
    of_kind,
    response,
)

from ivr.localcarrier.driven import DrivenCarrier
from ivr.localcarrier.script import Answerer, HangUp, Hear, LoseLine, Phone, Press, Stay, Wait
from ivr.localcarrier.wire import Faults

COUNTED = (
    *("lose_requests", "lose_replies", "rest_errors", "rest_errors_after_effect", "queue_calls"),
    *("lose_webhooks", "delay_webhooks", "duplicate_webhooks", "late_answers"),
)
SCRIPTS = (
    (Hear("press one"), Press("1"), Stay()),
    (Wait(20_000), LoseLine()),
    (Wait(3000), HangUp()),
    (Stay(),),
)
DETECTIONS = (
    {},
    {"MachineDetection": "Enable"},
    {"MachineDetection": "DetectMessageEnd", "AsyncAmd": "true", "AsyncAmdStatusCallback": f"{APP_URL}/amd"},
)


def a_phone(chance: random.Random) -> Phone:
    behaviour = chance.choice(["answer", "answer", "answer", "busy", "no_answer", "failed"])
    answerer = Answerer(chance.choice(["human", "machine", "fax", "unknown"]))
    return Phone(behaviour, chance.randint(0, 8000), chance.choice(SCRIPTS), answerer)


def some_faults(chance: random.Random) -> Faults:
    return Faults(
        **{chance.choice(COUNTED): chance.randint(1, 3)},
        queue_s=chance.choice([10.0, 600.0]),
        webhook_delay_ms=chance.randint(0, 30_000),
        duplicate_delay_ms=chance.randint(0, 20_000),
        delay_reply_ms=chance.choice([0, 0, 500, 5000, 20_000]),
        rest_down_s=chance.choice([0.0, 0.0, 30.0]),
        shuffle_status_webhooks=chance.random() < 0.3,
    )


def set_documents_up(app: DrivenApp) -> None:
    screen = '<Gather numDigits="1" timeout="3" action="/joined"><Say>Press one.</Say></Gather><Hangup/>'
    conference = '<Dial action="/after"><Conference endConferenceOnExit="true" waitUrl="/wait">c</Conference></Dial>'
    app.documents |= {
        "/answer": response(screen),
        "/joined": response(conference),
        "/wait": response('<Pause length="7"/><Redirect/>'),
        "/voice": response(f'<Dial action="/after" timeout="15"><Number url="/screen">{AGENT}</Number></Dial>'),
        "/screen": response(screen.replace("/joined", "/bridge")),
        "/bridge": response(),
        "/after": response("<Say>Goodbye.</Say>"),
        "/fallback": response("<Say>One moment.</Say>"),
    }


def one_thing(chance: random.Random, carrier: DrivenCarrier, app: DrivenApp) -> None:
    """Do something at random to the calls, the phones or the faults."""
    calls = carrier.calls()
    things: list[Callable[[], object]] = [
        lambda: app.create(chance.choice([AGENT, CUSTOMER]), FallbackUrl=f"{APP_URL}/fallback", **detection),
        lambda: carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=(Wait(chance.randint(0, 90_000)),)),
        lambda: carrier.set_faults(some_faults(chance)),
        lambda: carrier.set_phone(AGENT, a_phone(chance)),
    ]
    detection = chance.choice(DETECTIONS)
    if calls:
        sid = chance.choice(calls).sid
        change = chance.choice([{"Status": "completed"}, {"Status": "canceled"}, {"Url": f"{APP_URL}/joined"}])
        things += [
            lambda: carrier.drop_line(sid),
            lambda: carrier.hang_up(sid),
            lambda: app.rest("POST", f"{CALLS}/{sid}.json", change),
        ]
    with contextlib.suppress(OSError, AssertionError):  # a REST request may fail: that is what the faults are for
        chance.choice(things)()


@pytest.mark.parametrize("seed", range(8))
def test_a_storm_of_faults_leaves_no_call_no_conference_and_no_work_behind(seed):
    chance = random.Random(seed)  # noqa: S311 - no secret

    def unreliable(deliver: Callable[..., tuple[int, str]]) -> Callable[..., tuple[int, str]]:
        def call(*request: object) -> tuple[int, str]:
            luck = chance.random()
            if luck < 0.03:
                raise ConnectionRefusedError
            if luck < 0.05:
                raise TimeoutError
            answer = deliver(*request)
            if luck < 0.07:
                raise ConnectionResetError
            return (500, "") if luck < 0.09 else answer

        return call

    with driven() as (carrier, app):
        set_documents_up(app)
        app.deliver = carrier._deliver = unreliable(app.deliver)
        carrier.set_number(SERVICE, f"{APP_URL}/voice", status_callback=f"{APP_URL}/status")
        carrier.set_phone(AGENT, a_phone(chance))
        carrier.set_phone(CUSTOMER, a_phone(chance), a_phone(chance))
        while carrier.now() < START + timedelta(minutes=40):
            one_thing(chance, carrier, app)
            carrier.advance(chance.choice([0.02, 1, 5, 20, 60]))
        for call in carrier.calls():
            carrier.hang_up(call.sid)
        carrier.advance(3600)
        assert len(carrier.calls()) > 5
        assert [call.sid for call in carrier.calls() if call.ended_at is None] == []
        assert len(of_kind(carrier, "call_closed")) == len(carrier.calls())
        assert carrier.next_event_in() is None
        exchange = carrier._exchange
        assert (exchange.conferences, exchange.live, exchange._background) == ({}, {}, set())


def test_closing_while_webhooks_are_held_back_leaves_no_task_behind():
    with driven() as (carrier, app):
        carrier.set_phone(AGENT, Phone(answer_after_ms=0))
        app.documents["/answer"] = response('<Pause length="600"/>')
        carrier.set_faults(Faults(delay_webhooks=99, webhook_delay_ms=60_000, webhook_purpose="status"))
        app.create()
        carrier.advance(10)
    assert carrier._exchange._background == set()
