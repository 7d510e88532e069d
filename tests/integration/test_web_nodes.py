"""The flow language's words for people, texts, messages and times, through signed webhooks on real Redis.

One long file: every node goes through the same rig, and is short.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from signed import CALLER, OFFICE, RINGS_AT_ANY_HOUR, SID, SignedClient, settings_for, silence, spoken, tree, write_flow

from callbacks.model import Agent, Waiter
from flows.state import Ended
from ivr import turns
from ivr.lookups.deadline import Deadline
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build, utc_now
from ivr.turns import EFFECTS_S
from ivr.twilio_rest import Carrier, CarrierError
from ivr.web import voice
from ivr.web.app import create_app
from tests.integration.lookup_rig import SLACK_S
from tests.patience import PATIENCE_S

END = (
    "  done: {type: end, prompt: Goodbye., outcome: solved}\n  sorry: {type: end, prompt: Sorry., outcome: unsolved}\n"
)


class Rig:
    """One flow on an installation whose carrier takes texts as it is told to."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.client = SignedClient(create_app(services).test_client())

    def agent(self, agent_id: str, *, queues: tuple[str, ...] = ("shop",), away: bool = False) -> Agent:
        number = f"+44207946{len(agent_id):04d}"
        state = "away" if away else "available"
        agent = Agent(id=agent_id, name=agent_id, number=number, queues=queues, state=state, idle_since=utc_now())
        self.services.callbacks.agents.put(agent)
        return agent

    def state(self) -> object:
        known = self.services.calls.read(SID)
        assert known is not None
        return known[1].state

    def outcome(self) -> str:
        stage = self.state().stage  # type: ignore[attr-defined]
        assert isinstance(stage, Ended)
        return stage.outcome


@pytest.fixture
def rig(tmp_path: Path, redis_server: PrivateRedis, redis_client: redis.Redis) -> Callable[..., Rig]:
    def make(nodes: str, **options: str) -> Rig:
        flow = write_flow(tmp_path, nodes + END, **options)
        return Rig(build(settings_for(redis_server.url, flow_file=flow, data_dir=tmp_path)))

    return make


# ---------------------------------------------------------------- messages

RECORD = """
  first: {type: record, prompt: Please leave a message after the tone., save_as: message, max_s: 60,
          next: thanks, nothing: nothing}
  thanks: {type: end, prompt: Thank you for your message., outcome: solved}
  nothing: {type: end, prompt: There was no message., outcome: unsolved}
"""
MESSAGE = {"RecordingUrl": "https://api.example/RE1", "RecordingDuration": "7"}


def record_action(document: object) -> str:
    element = tree(document).find("Record")  # type: ignore[arg-type]
    assert element is not None
    return element.attrib["action"]


def test_a_message_is_kept_by_its_address_and_the_call_goes_on(rig: Callable[..., Rig]) -> None:
    running = rig(RECORD)
    first = running.client.begin()
    assert "after the tone" in spoken(first)
    after = running.client.post(record_action(first), **MESSAGE, Digits="#")
    assert "Thank you for your message" in spoken(after)
    assert running.state().values["message"] == MESSAGE["RecordingUrl"]  # type: ignore[attr-defined]


def test_a_silence_in_place_of_a_message_has_its_own_way_whichever_way_the_carrier_tells(
    rig: Callable[..., Rig],
) -> None:
    running = rig(RECORD)
    first = running.client.begin()
    assert "There was no message" in spoken(running.client.post(silence(first)))
    other = "CA" + "2" * 32
    first = running.client.begin(CallSid=other)
    empty = running.client.post(record_action(first), CallSid=other, RecordingDuration="0", Digits="")
    assert "There was no message" in spoken(empty)


def test_zero_leads_to_a_person_before_and_during_the_message_and_other_keys_skip_the_prompt(
    rig: Callable[..., Rig],
) -> None:
    running = rig(RECORD)
    first = running.client.begin()
    at_once = tree(running.client.press(first, "5"))
    assert [element.tag for element in at_once] == ["Record", "Redirect"], "to the tone without the rest of the prompt"
    assert tree(running.client.press(first, "0")).find("Dial") is not None
    other = "CA" + "2" * 32
    first = running.client.begin(CallSid=other)
    during = running.client.post(record_action(first), CallSid=other, **MESSAGE, Digits="0")
    assert tree(during).find("Dial") is not None


def test_star_repeats_the_prompt_of_a_recording(rig: Callable[..., Rig]) -> None:
    running = rig(RECORD)
    again = running.client.press(running.client.begin(), "*")
    assert "after the tone" in spoken(again)
    after = running.client.post(record_action(again), **MESSAGE, Digits="#")
    assert "Thank you for your message" in spoken(after)


@pytest.mark.parametrize("status_first", [True, False])
def test_who_hangs_up_after_the_message_has_left_it(rig: Callable[..., Rig], status_first: bool) -> None:
    running = rig(RECORD)
    first = running.client.begin()
    posts = [
        lambda: running.client.post("/voice/status", CallStatus="completed"),
        lambda: running.client.post(record_action(first), **MESSAGE, Digits="hangup", CallStatus="completed"),
    ]
    for post in posts if status_first else reversed(posts):
        assert post().status_code == 200
    assert running.outcome() == "solved"
    assert running.state().values["message"] == MESSAGE["RecordingUrl"]  # type: ignore[attr-defined]


def test_who_hangs_up_during_the_prompt_has_left_nothing_and_the_call_ends(
    rig: Callable[..., Rig], waiting: list[tuple[float, Callable[[], None]]]
) -> None:
    """No recording's webhook comes then; so the end waits for one, and not for ever."""
    running = rig(RECORD)
    running.client.begin()
    running.client.post("/voice/status", CallStatus="completed")
    ((wait_s, end),) = waiting
    assert wait_s == voice.MESSAGE_WITHIN_S
    end()
    running.services.background.shutdown(wait=True)
    assert running.outcome() == "abandoned"


# ---------------------------------------------------------------- text messages

TEXT = """
  first: {type: menu, prompt: A text?, choices: [{key: "1", phrases: [text], label: a text, to: text}]}
  text: {type: send_text, text: "We are open from 9 to 6.", next: done, failed: sorry}
"""


class Texting:
    """Takes the place of the carrier's text messages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.fail: CarrierError | None = None
        self.go_on = threading.Event()
        self.go_on.set()
        monkeypatch.setattr(Carrier, "send_text", lambda _carrier, **asked: self._send(**asked))

    def _send(self, *, to_number: str, from_number: str, text: str) -> str:
        self.sent.append((to_number, from_number, text))
        assert self.go_on.wait(PATIENCE_S)
        if self.fail is not None:
            raise self.fail
        return "SM1"


@pytest.fixture
def texting(monkeypatch: pytest.MonkeyPatch) -> Texting:
    return Texting(monkeypatch)


def test_a_text_goes_from_our_number_to_the_callers(rig: Callable[..., Rig], texting: Texting) -> None:
    running = rig(TEXT)
    assert "Goodbye" in spoken(running.client.press(running.client.begin(), "1"))
    assert texting.sent == [(CALLER, OFFICE, "We are open from 9 to 6.")]


@pytest.mark.parametrize("keyed", ["02079460123", "00442079460123", "442079460123"])
def test_a_text_goes_to_the_number_that_was_keyed_in_as_it_is_dialled_from_abroad(
    rig: Callable[..., Rig], texting: Texting, keyed: str
) -> None:
    running = rig("""
  first: {type: ask, prompt: Which number?, answer: {type: phone}, save_as: mobile, next: text}
  text: {type: send_text, text: "We are open from 9 to 6.", to: mobile, next: done, failed: sorry}
""")
    answered = running.client.press(running.client.begin(From="anonymous"), keyed, From="anonymous")
    if action := tree(answered).find("Gather"):
        answered = running.client.post(action.attrib["action"], Digits="1", From="anonymous")  # read back: it is right
    assert "Goodbye" in spoken(answered)
    assert texting.sent == [("+442079460123", OFFICE, "We are open from 9 to 6.")]


def test_a_text_is_sent_once_however_often_the_effect_is_performed(rig: Callable[..., Rig], texting: Texting) -> None:
    running = rig(TEXT)
    texts = running.services.turns._effects._texts
    assert [texts.send("CA1:3:0", CALLER, "x", wait_s=1) for _ in range(3)] == [True, True, True]
    assert len(texting.sent) == 1


@pytest.mark.parametrize("unknown_outcome", [True, False])
def test_a_text_whose_fate_is_not_known_is_never_sent_again_and_counts_as_failed(
    rig: Callable[..., Rig], texting: Texting, unknown_outcome: bool
) -> None:
    running = rig(TEXT)
    texting.fail = CarrierError("the carrier answered 500", retryable=True, unknown_outcome=unknown_outcome)
    first = running.client.begin()
    assert "Sorry" in spoken(running.client.press(first, "1"))
    texting.fail = None
    assert not running.services.turns._effects._texts.send(f"{SID}:1:0", CALLER, "x", wait_s=1)
    assert len(texting.sent) == 1


def test_a_carrier_that_does_not_answer_in_time_does_not_hold_up_the_caller(
    rig: Callable[..., Rig], texting: Texting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "EFFECTS_S", 0.3)
    running = rig(TEXT)
    texting.go_on.clear()
    assert "Sorry" in spoken(running.client.press(running.client.begin(), "1"))
    texting.go_on.set()


@pytest.mark.parametrize("number", ["anonymous", "+999"])
def test_no_text_goes_to_a_number_that_cannot_be_dialled(
    rig: Callable[..., Rig], texting: Texting, number: str
) -> None:
    running = rig(TEXT)
    assert "Sorry" in spoken(running.client.press(running.client.begin(From=number), "1", From=number))
    assert texting.sent == []


# ---------------------------------------------------------------- people and queues

BUSY = """
  first: {type: branch, cases: [{when: queue.free_agents > 0, to: free}], otherwise: busy}
  free: {type: end, prompt: Somebody is free., outcome: solved}
  busy: {type: menu, prompt: All are busy., choices: [
         {key: "1", phrases: [goodbye], label: goodbye, to: done}]}
"""


def test_a_branch_knows_how_the_queue_stands(rig: Callable[..., Rig]) -> None:
    running = rig(BUSY)
    running.agent("desk", away=True)
    assert "All are busy" in spoken(running.client.begin())
    running.agent("till")
    assert "Somebody is free" in spoken(running.client.begin(CallSid="CA" + "2" * 32))


TO_PERSON = """
  first: {type: menu, prompt: Whom?, choices: [{key: "1", phrases: [manager], label: the manager, to: manager}]}
  manager: {type: transfer, to: {person: manager}, reason: a complaint, whisper: The caller was cut off before.}
"""


def test_a_transfer_to_a_person_rings_that_one_alone_who_hears_the_whisper(rig: Callable[..., Rig]) -> None:
    running = rig(TO_PERSON)
    running.agent("desk")
    manager = running.agent("manager", queues=("other",))
    number = tree(running.client.press(running.client.begin(), "1")).find("Dial/Number")
    assert number is not None
    assert number.text == manager.number
    whisper = spoken(running.client.post(number.attrib["url"], CallSid="CA" + "9" * 32))
    assert "The caller was cut off before." in whisper
    assert whisper.index("cut off") < whisper.index("a complaint") < whisper.index("press 1")


def test_where_that_person_is_away_nobody_else_is_rung_but_a_callback_offered(rig: Callable[..., Rig]) -> None:
    running = rig(TO_PERSON)
    running.agent("desk")
    running.agent("manager", away=True)
    document = running.client.press(running.client.begin(), "1")
    assert tree(document).find("Dial") is None
    assert "callback" in spoken(document)


def test_a_person_who_does_not_exist_is_anybody_of_the_queue(rig: Callable[..., Rig]) -> None:
    running = rig(TO_PERSON)
    desk = running.agent("desk")
    number = tree(running.client.press(running.client.begin(), "1")).find("Dial/Number")
    assert number is not None
    assert number.text == desk.number


TO_NUMBER = """
  first: {type: menu, prompt: Whom?, choices: [{key: "1", phrases: [security], label: security, to: security}]}
  security: {type: transfer, to: {number: "+442079460555"}, whisper: A caller from the shop.}
"""


def test_a_transfer_to_a_number_dials_it_with_its_whisper_and_goes_on_when_it_is_not_answered(
    rig: Callable[..., Rig],
) -> None:
    running = rig(TO_NUMBER)
    running.agent("desk", away=True)
    document = tree(running.client.press(running.client.begin(), "1"))
    dial, number = document.find("Dial"), document.find("Dial/Number")
    assert dial is not None
    assert number is not None
    assert number.text == "+442079460555"
    whisper = tree(running.client.post(number.attrib["url"], CallSid="CA" + "9" * 32))
    assert [(part.tag, part.text) for part in whisper] == [("Say", "A caller from the shop.")]
    missed = running.client.post(dial.attrib["action"], DialCallStatus="no-answer", DialBridged="false")
    assert "could not take the call" in spoken(missed)
    assert "callback" in spoken(missed)


def test_a_caller_who_talked_with_a_plain_number_was_transferred(rig: Callable[..., Rig]) -> None:
    running = rig(TO_NUMBER)
    dial = tree(running.client.press(running.client.begin(), "1")).find("Dial")
    assert dial is not None
    ended = running.client.post(dial.attrib["action"], DialCallStatus="completed", DialBridged="true")
    assert tree(ended).find("Hangup") is not None
    assert running.outcome() == "transferred"


# ---------------------------------------------------------------- times

CHOOSE = """
  first: {type: callback, when: choose_time, reason: an order}
"""


def test_a_callback_at_a_chosen_time_is_due_then_and_the_caller_hears_when(rig: Callable[..., Rig]) -> None:
    running = rig(CHOOSE, head=f'hours: {{office: {{mon-sun: ["00:00-24:00"]}}}}\n{RINGS_AT_ANY_HOUR}')
    desk = Agent(id="desk", name="desk", number="+442079460100", queues=("shop",), idle_since=utc_now())
    running.services.callbacks.agents.put(desk)
    days = running.client.begin()
    assert "On which day shall we call you?" in spoken(days)
    parts = running.client.press(days, "3")
    assert "At what time of day?" in spoken(parts)
    windows = running.client.press(parts, "2")
    assert "At what time?" in spoken(windows)
    confirm = running.client.press(windows, "2")
    assert "We will call you on" in spoken(confirm)
    booked = running.client.press(confirm, "1")
    (request,) = running.services.callbacks.store.requests(10)
    assert request.starts_at is not None
    assert request.starts_at == request.due_at
    assert utc_now() < request.starts_at < request.promised_by
    assert "between" in spoken(booked)


# ---------------------------------------------------------------- listening


def test_speech_goes_away_and_comes_back_with_the_media_process(
    rig: Callable[..., Rig], redis_client: redis.Redis
) -> None:
    running = rig(TEXT)
    redis_client.set("zh:heartbeat:media", '{"languages": ["en"]}', ex=30)
    document = running.client.begin()
    assert "say text" in spoken(document)
    redis_client.delete("zh:heartbeat:media")
    document = running.client.press(document, "*")
    assert "say text" not in spoken(document)
    redis_client.set("zh:heartbeat:media", '{"languages": ["en"]}', ex=30)
    assert "say text" in spoken(running.client.press(document, "*"))


def test_a_call_without_a_fork_is_never_told_to_speak_and_a_language_without_a_model_has_no_fork(
    rig: Callable[..., Rig], redis_client: redis.Redis
) -> None:
    running = rig(TEXT)
    document = running.client.begin()
    redis_client.set("zh:heartbeat:media", '{"languages": ["en"]}', ex=30)
    assert "say text" not in spoken(running.client.press(document, "*")), "its audio goes nowhere"
    redis_client.set("zh:heartbeat:media", '{"languages": ["fa"]}', ex=30)
    other = running.client.begin(CallSid="CA" + "2" * 32)
    assert tree(other).find("Start") is None
    assert "say text" not in spoken(other)


def test_the_silence_that_ends_a_sentence_reaches_the_media_process(
    rig: Callable[..., Rig], redis_client: redis.Redis
) -> None:
    running = rig(TEXT, head="clocks: {no_input_s: 8, between_digits_s: 4, end_of_speech_ms: 1600}")
    redis_client.set("zh:heartbeat:media", '{"languages": ["en"]}', ex=30)
    document = running.client.begin()
    assert '"end_of_speech_ms":1600' in str(redis_client.get(f"zh:listen:{{{SID}}}"))
    gather = tree(document).find("Gather")
    assert gather is not None
    assert (gather.attrib["timeout"], gather.attrib["finishOnKey"]) == ("8", "")


def test_the_hash_key_is_help_where_one_key_is_the_answer(rig: Callable[..., Rig]) -> None:
    running = rig(TEXT)
    assert "You can always do this" in spoken(running.client.press(running.client.begin(), "#"))


def test_waiting_callers_count_for_the_queue(rig: Callable[..., Rig]) -> None:
    running = rig(BUSY.replace("when: queue.free_agents > 0", "when: queue.waiting == 0"))
    now = utc_now()
    running.services.callbacks.store.keep_place("shop/en", Waiter(call_sid="CA9", rank_at=now - timedelta(1)), now)
    assert "All are busy" in spoken(running.client.begin())


SLOW = """
  first: {type: menu, prompt: What?, choices: [{key: "1", phrases: [order], label: an order, to: one}]}
  one: {type: lookup, source: {type: python, function: "slow_lookups:sleep"}, where: {number: '"1"'}, timeout_s: 0.3,
        found: done, not_found: sorry, failed: two}
  two: {type: lookup, source: {type: python, function: "slow_lookups:sleep_again"}, where: {number: '"1"'},
        timeout_s: 0.3, found: done, not_found: sorry, failed: three}
  three: {type: send_text, text: x, next: done, failed: sorry}
"""


def test_however_many_slow_sources_a_turn_asks_they_share_one_time_limit(
    rig: Callable[..., Rig], texting: Texting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EFFECTS_S < 2.0, "the webhook answers within two seconds"
    given: list[float] = []
    after = Deadline.after
    monkeypatch.setattr(turns, "EFFECTS_S", 0.4)
    monkeypatch.setattr(Deadline, "after", lambda timeout_s: given.append(timeout_s) or after(timeout_s))
    names = ("sleep", "sleep_again")
    functions = "".join(f"def {name}(number):\n    HOLD.wait(20)\n\n\n" for name in names)
    (tmp_path / "slow_lookups.py").write_text(f"import threading\n\nHOLD = threading.Event()\n\n\n{functions}")
    running = rig(SLOW)
    first = running.client.begin()
    began = time.monotonic()
    document = running.client.press(first, "1")
    assert time.monotonic() - began < 0.4 + SLACK_S, "much less than what a source takes"
    assert "Sorry" in spoken(document)
    assert sum(given) <= 0.4
    assert texting.sent == [], "the time was spent"
    sys.modules["slow_lookups"].HOLD.set()
