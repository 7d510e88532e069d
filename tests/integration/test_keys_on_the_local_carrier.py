"""Our documents for several keys, on the local carrier: late first keys, pauses, and what ends an answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from localcarrier_app import ACCOUNT_SID, AUTH_TOKEN, CALLER, SERVICE, App, running_app

from flows import actions
from ivr import twilio_twiml
from ivr.localcarrier.background import carrier_in_background
from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.script import HearEnd, Press, Stay, Wait
from ivr.localcarrier.settings import CarrierSettings
from ivr.urls import Urls

QUESTION = actions.Say(text="Your number, please.", language="en")
BYE = "<Response><Say>Thank you.</Say></Response>"


@pytest.fixture
def app() -> Iterator[App]:
    with running_app() as app:
        app.documents["/voice/turn"] = BYE
        yield app


@pytest.fixture
def carrier(app: App) -> Iterator[LocalCarrierClient]:
    settings = CarrierSettings(ACCOUNT_SID, AUTH_TOKEN, port=0, fast_prompts=True, pace=8)
    with carrier_in_background(settings) as client:
        client.set_number(SERVICE, app.url("/voice"))
        yield client


def answers(app: App, carrier: LocalCarrierClient, max_keys: int, *steps: object) -> list[dict[str, str]]:
    """What the carrier posts for these steps at a question that waits six seconds, and two from key to key."""
    verb = actions.Collect(prompts=(QUESTION,), max_keys=max_keys, no_input_s=6, between_digits_s=2, grammar=None)
    way = twilio_twiml.Way(
        urls=Urls(app.base_url), call_sid="CA1", turn=1, language="en", address=twilio_twiml.by_carrier, ring_s=20
    )
    app.documents["/voice"] = twilio_twiml.render_turn([verb], way)
    sid = carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=(HearEnd("Your number"), *steps, Stay()))
    assert carrier.wait_for_end(sid).script_error is None
    return [asked.params for asked in app.to("/voice/turn")]


@pytest.mark.parametrize("wait_ms", [500, 2500, 5500])
def test_the_first_key_may_come_in_any_of_the_six_seconds_and_none_is_lost(
    app: App, carrier: LocalCarrierClient, wait_ms: int
) -> None:
    (answer,) = answers(app, carrier, 8, Wait(wait_ms), Press("4"), Wait(1000), Press("8"), Wait(1000), Press("2"))
    assert answer["Digits"] == "482", "two seconds after the last key"


@pytest.mark.parametrize("wait_ms", [1900, 1960, 2000, 2020, 2060])
def test_a_key_in_the_very_moment_between_two_gathers_is_not_lost(
    app: App, carrier: LocalCarrierClient, wait_ms: int
) -> None:
    (answer,) = answers(app, carrier, 8, Wait(wait_ms), Press("48#"))
    assert answer["Digits"] == "48"


def test_after_six_seconds_of_silence_the_call_goes_on(app: App, carrier: LocalCarrierClient) -> None:
    (answer,) = answers(app, carrier, 8)
    assert "Digits" not in answer


def test_the_hash_key_ends_several_keys_and_is_one_where_one_key_is_the_answer(
    app: App, carrier: LocalCarrierClient
) -> None:
    (several,) = answers(app, carrier, 8, Press("0#"))
    assert several["Digits"] == "0"
    *_, one = answers(app, carrier, 1, Press("#"))
    assert one["Digits"] == "#"
