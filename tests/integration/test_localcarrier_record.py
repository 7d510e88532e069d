"""The local carrier records messages and takes text messages as the vendor does."""

from __future__ import annotations

import math
import urllib.request
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from localcarrier_app import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    CALLER,
    CUSTOMER,
    SERVICE,
    App,
    response,
    running_app,
    sdk_for,
)
from twilio.base.exceptions import TwilioRestException

from ivr.localcarrier.background import carrier_in_background
from ivr.localcarrier.client import LocalCarrierClient
from ivr.localcarrier.script import HangUp, Hear, Play, Press, Stay, Wait
from ivr.localcarrier.settings import CarrierSettings
from speech import wav

RECORD = '<Say>After the tone.</Say><Record action="/recorded" timeout="2" maxLength="6"/><Say>Nothing heard.</Say>'


@pytest.fixture
def app() -> Iterator[App]:
    with running_app() as app:
        app.documents["/voice"] = response(RECORD)
        app.documents["/recorded"] = response("<Say>Thank you.</Say>")
        yield app


@pytest.fixture
def carrier(app: App) -> Iterator[LocalCarrierClient]:
    settings = CarrierSettings(ACCOUNT_SID, AUTH_TOKEN, port=0, fast_prompts=True, pace=8)
    with carrier_in_background(settings) as client:
        client.set_number(SERVICE, app.url("/voice"))
        yield client


@pytest.fixture
def message(tmp_path: Path) -> Play:
    """A second and a half of a tone."""
    tone = array("h", (round(9000 * math.sin(at / 3)) for at in range(12_000)))
    path = tmp_path / "message.wav"
    path.write_bytes(wav.mono_wav(tone.tobytes()))
    return Play(str(path))


def call(carrier: LocalCarrierClient, *steps: object) -> str:
    sid = carrier.place_call(from_number=CALLER, to_number=SERVICE, steps=steps)
    carrier.wait_for_end(sid)
    return sid


def test_a_key_ends_a_message_which_goes_to_the_action_and_can_be_fetched(
    app: App, carrier: LocalCarrierClient, message: Play
) -> None:
    call(carrier, Hear("beep"), Wait(300), message, Press("1"), Hear("Thank you"), Stay())
    (asked,) = app.to("/recorded")
    assert (asked.params["Digits"], asked.params["RecordingDuration"]) == ("1", "2")
    url = asked.params["RecordingUrl"]
    assert url.endswith(asked.params["RecordingSid"])
    request = urllib.request.Request(f"{url}.wav", headers=carrier._headers)  # noqa: S310 - our own server
    with urllib.request.urlopen(request) as reply:  # noqa: S310
        pcm16, rate_hz = wav.read_pcm16(reply.read())
    assert rate_hz == 8000
    assert abs(len(pcm16) / 2 - 12_000) <= 320, "the silence around it is cut off"


def test_silence_after_the_message_ends_it_and_silence_alone_goes_on_in_the_document(
    app: App, carrier: LocalCarrierClient, message: Play
) -> None:
    call(carrier, Hear("beep"), message, Hear("Thank you"), Stay())
    assert app.to("/recorded")[0].params["Digits"] == ""
    call(carrier, Hear("beep"), Hear("Nothing heard"), Stay())
    assert len(app.to("/recorded")) == 1


def test_who_hangs_up_after_the_message_has_left_it(app: App, carrier: LocalCarrierClient, message: Play) -> None:
    call(carrier, Hear("beep"), message, HangUp())
    (asked,) = app.wait_until(lambda: app.to("/recorded"))
    assert (asked.params["Digits"], asked.params["CallStatus"]) == ("hangup", "completed")
    assert int(asked.params["RecordingDuration"]) in (1, 2)


def test_a_text_message_is_accepted_by_the_unmodified_sdk_and_a_bad_one_refused(carrier: LocalCarrierClient) -> None:
    sdk = sdk_for(carrier)
    accepted = sdk.messages.create(to=CUSTOMER, from_=SERVICE, body="Your order leaves today.")
    assert (accepted.status, accepted.to, accepted.num_segments) == ("queued", CUSTOMER, "1")
    (event,) = [event for event in carrier.events() if event.kind == "text_message"]
    assert (event["to_number"], event["text"]) == (CUSTOMER, "Your order leaves today.")
    with pytest.raises(TwilioRestException) as refused:
        sdk.messages.create(to="12", from_=SERVICE, body="x")
    assert refused.value.code == 21211
