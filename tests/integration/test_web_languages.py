"""What callers and customers hear from the edge itself is in their own language, whatever has failed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from humming import Voice
from signed import (
    PERSON,
    PUBLIC_URL,
    RINGS_AT_ANY_HOUR,
    SID,
    SignedClient,
    action,
    played,
    settings_for,
    silence,
    spoken,
    tree,
    write_flow,
)
from werkzeug.test import TestResponse

from callbacks.dispatch import Dispatcher
from callbacks.model import Agent
from flows import events
from flows.messages import message
from flows.parts import LANGUAGES
from ivr import spoken_prompts
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build, utc_now
from ivr.sound import espeak, rendering
from ivr.sound.way_on import way_on
from ivr.web.app import create_app

FLOW = """
  first: {{type: menu, prompt: "{prompt}", choices: [
          {{key: "1", phrases: ["{phrase}"], label: "{phrase}", to: done}}]}}
  done: {{type: end, prompt: "{bye}", outcome: solved}}
"""
WORDS = {
    "ar": {"prompt": "كيف يمكننا مساعدتك؟", "phrase": "ساعات العمل", "bye": "مع السلامة."},
    "fa": {"prompt": "چه کمکی از ما برمی‌آید؟", "phrase": "ساعت کار", "bye": "خدانگهدار."},
}
ORGANISATIONS = {"ar": "متجر الزاوية", "fa": "فروشگاه"}
CUSTOMER_SID = "CA" + "7" * 32
both = pytest.mark.parametrize("language", ["ar", "fa"])


class Office:
    """A web process with a flow in one language."""

    def __init__(self, services: Services, language: str) -> None:
        self.services = services
        self.language = language
        self.client = SignedClient(create_app(services).test_client())

    def hears(self, document: TestResponse, *names: str, **values: str) -> None:
        """The document says these sentences of ours, and not a word of English."""
        for element in tree(document).iter("Say"):
            assert self.language == "ar", element.text
            assert (element.attrib["language"], element.attrib["voice"]) == ("arb", "Polly.Zeina")
            assert not re.search("[A-Za-z]", element.text or ""), element.text
        for name in names:
            text = message(self.language, name, **values)
            if self.language == "ar":
                assert text in spoken(document)
            else:
                assert self.prompt_url(text) in played(document), name

    def prompt_url(self, text: str) -> str:
        return f"{PUBLIC_URL}/prompt/{self.services.prompts.name_of(text, self.language)}.wav"

    def add_agent(self, **changes: Any) -> None:
        known: dict[str, Any] = {"id": "desk", "name": "desk", "number": "+442079460100", "queues": ("shop",)}
        self.services.callbacks.agents.put(Agent(**{**known, "idle_since": utc_now(), **changes}))


@pytest.fixture
def office(
    language: str,
    tmp_path: Path,
    redis_server: PrivateRedis,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    assert redis_client.dbsize() == 0
    monkeypatch.setattr(espeak, "find_engine", Voice)
    # A busy machine may take longer to speak than a caller should wait.
    monkeypatch.setattr(spoken_prompts, "AT_ONCE_S", 10.0)
    nodes = FLOW.format(**WORDS[language])
    flow = write_flow(
        tmp_path,
        nodes,
        languages=f"[{language}]",
        organisation=ORGANISATIONS[language],
        head=RINGS_AT_ANY_HOUR,
    )
    return Office(build(settings_for(redis_server.url, flow_file=flow, data_dir=tmp_path / "data")), language)


@pytest.fixture
def redis_breaks(office: Office, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise redis.ConnectionError("Connection refused")

    return lambda: monkeypatch.setattr(office.services.redis, "execute_command", fail)


def burst(*_args: object, **_kwargs: object) -> None:
    raise ZeroDivisionError


def last_of(client: SignedClient, document: TestResponse) -> TestResponse:
    """What comes in the end of a fault that stays, after all requests for patience."""
    while (redirect := tree(document).find("Redirect")) is not None:
        document = client.post(redirect.text or "")
    return document


@both
def test_at_a_fault_with_redis_up_the_caller_is_asked_for_patience_and_put_through_in_their_language(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = office.client.begin()
    monkeypatch.setattr(office.services.calls, "_begin", burst)
    held = office.client.press(first, "1")
    office.hears(held, "one_moment")
    later = office.client.post(silence(held))
    assert [element.tag for element in tree(later)] == ["Pause", "Redirect"], "it is said once"
    last = last_of(office.client, later)
    office.hears(last, "fault_person")
    dial = tree(last)[-1]
    assert (dial.tag, dial.text) == ("Dial", PERSON)
    nobody = office.client.post(dial.attrib["action"], DialBridged="false")
    office.hears(nobody, "nobody_reached")
    assert tree(nobody)[-1].tag == "Hangup"
    talked = office.client.post(dial.attrib["action"], DialBridged="true")
    assert not len(tree(talked)), "who has talked with somebody hears nothing of the kind"


@both
def test_a_fault_in_the_engine_is_apologised_for_in_the_callers_language(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = office.client.begin()
    monkeypatch.setattr("flows.engine.answer", burst)
    office.hears(office.client.press(first, "1"), "apology")


@both
def test_without_redis_the_language_is_in_the_address_and_the_sound_can_be_had(
    office: Office, redis_breaks: Callable[[], None]
) -> None:
    first = office.client.begin()
    redis_breaks()
    for held in (office.client.press(first, "1"), office.client.post(silence(first))):
        office.hears(held, "one_moment")
        last = last_of(office.client, held)
        office.hears(last, "fault_person")
        nobody = office.client.post(tree(last)[-1].attrib["action"], DialBridged="false")
        office.hears(nobody, "nobody_reached")
        for url in played(held) + played(last) + played(nobody):
            sound = office.client.get(url)
            assert sound.status_code == 200
            assert sound.data not in map(way_on, LANGUAGES)


@both
def test_a_call_that_cannot_even_begin_is_answered_in_the_flows_first_language(
    office: Office, redis_breaks: Callable[[], None]
) -> None:
    redis_breaks()
    held = office.client.begin()
    office.hears(held, "one_moment")
    office.hears(last_of(office.client, held), "fault_person")


@pytest.mark.parametrize("language", ["fa"])
def test_where_this_machine_cannot_speak_persian_either_a_fault_is_told_in_english(
    office: Office, redis_breaks: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espeak, "find_engine", lambda: None)
    client = SignedClient(create_app(build(office.services.settings)).test_client())
    monkeypatch.setattr("ivr.redis_calls.CallStore.read", burst)
    held = client.post("/voice/turn?turn=1&by=again&lang=fa")
    assert spoken(held) == "One moment, please."
    assert tree(last_of(client, held)).findtext("Dial") == PERSON


@pytest.mark.parametrize("language", ["fa"])
def test_a_voice_that_is_slow_or_broken_does_not_keep_the_caller_waiting(
    office: Office, redis_breaks: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> bytes:
        raise espeak.VoiceError("the voice is gone")

    monkeypatch.setattr(rendering, "spoken", fail)
    redis_breaks()
    assert spoken(office.client.begin()) == "One moment, please."


@pytest.mark.parametrize("language", ["ar"])
@pytest.mark.parametrize("written", ["&lang=de", "&lang=", "&lang=..%2Ffa", ""])
def test_an_address_that_names_no_language_of_ours_is_answered_in_english(
    office: Office, redis_breaks: Callable[[], None], written: str
) -> None:
    redis_breaks()
    assert spoken(office.client.post(f"/voice/turn?turn=1&by=silence{written}")) == "One moment, please."


@both
def test_a_missed_transfer_is_told_in_the_callers_language(office: Office) -> None:
    office.add_agent()
    ringing = office.client.press(office.client.begin(), "0")
    office.hears(ringing, "joining")
    dial = tree(ringing).find("Dial")
    assert dial is not None
    missed = office.client.post(dial.attrib["action"], DialBridged="false", DialCallStatus="no-answer")
    office.hears(missed, "person_missed")


@both
def test_a_callback_is_offered_and_promised_in_the_callers_language(office: Office) -> None:
    office.add_agent(state="away")
    offer = office.client.press(office.client.begin(), "0")
    office.hears(offer, "next_in_line")
    confirm = office.client.press(offer, "1")
    office.hears(confirm)
    promised = office.client.press(confirm, "1")
    office.hears(promised, "goodbye")
    assert len(office.services.callbacks.store.requests(10)) == 1


@pytest.fixture
def customer_url(office: Office, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the customer's leg of a callback begins; its agent has accepted."""
    urls: list[str] = []

    def create_call(*, url: str, **_options: object) -> str:
        urls.append(url)
        return CUSTOMER_SID if "/answer" in url else "CA" + "8" * 32

    monkeypatch.setattr(office.services.carrier, "create_call", create_call)
    office.add_agent(state="away")
    document = office.client.press(office.client.begin(), "0")
    for _ in range(2):
        document = office.client.press(document, "1")
    office.add_agent()
    dispatcher = Dispatcher(office.services.callbacks, office.services.dialler)
    dispatcher.dispatch_due(utc_now())
    offered = office.client.post(urls[0], CallSid="CA" + "8" * 32)
    accepted = office.client.post(action(offered), CallSid="CA" + "8" * 32, Digits="1")
    assert spoken(offered).startswith("This is a callback."), "an agent is one of us, and hears English"
    assert spoken(accepted) == "Thank you. I am calling the customer."
    dispatcher.dispatch_due(utc_now())
    return urls[1]


@both
def test_the_customer_of_a_callback_is_greeted_in_the_language_of_their_call(office: Office, customer_url: str) -> None:
    greeted = office.client.post(customer_url, CallSid=CUSTOMER_SID)
    office.hears(greeted, "callback_greeting", organisation=ORGANISATIONS[office.language])
    assert tree(greeted).find("Dial/Conference") is not None


@both
def test_a_customer_whose_call_is_not_needed_any_more_hears_so_in_their_language(
    office: Office, customer_url: str
) -> None:
    late = office.client.post(customer_url.replace("fence=1", "fence=7"), CallSid=CUSTOMER_SID)
    office.hears(late, "callback_not_needed")
    assert tree(late).find("Dial") is None


@both
def test_a_fault_while_a_customer_is_rung_is_told_in_their_language(
    office: Office, customer_url: str, redis_breaks: Callable[[], None]
) -> None:
    redis_breaks()
    held = office.client.post(customer_url, CallSid=CUSTOMER_SID)
    office.hears(held, "one_moment")
    last = last_of(office.client, held)
    office.hears(last, "fault_callback")
    assert tree(last)[-1].tag == "Hangup"


@pytest.mark.parametrize("language", ["fa"])
def test_a_customer_whose_language_nothing_speaks_any_more_is_greeted_without_a_name_that_nobody_could_say(
    office: Office, customer_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espeak, "find_engine", lambda: None)
    mute = SignedClient(create_app(build(office.services.settings)).test_client())
    greeted = mute.post(customer_url, CallSid=CUSTOMER_SID)
    assert spoken(greeted) == message("en", "callback_greeting_unnamed")
    assert tree(greeted).find("Dial/Conference") is not None


@both
def test_the_address_for_speech_and_the_one_to_hold_for_name_the_language_too(
    office: Office, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.turns.BUSY_FOR_S", 0.0)
    first = office.client.begin()
    assert f"by=speech&lang={office.language}" in str(redis_client.get(f"zh:listen:{{{SID}}}"))
    pressed = events.KeysPressed(at=utc_now(), keys="1")
    office.services.calls.begin(SID, 1, "a slow one", pressed, int(utc_now().timestamp() * 1000))
    assert f"by=again&lang={office.language}" in silence(office.client.post(silence(first)))
