"""The webhooks, signed as the carrier signs them, on real Redis: in order, out of order, twice, unsigned.

One long file, as every case is told with the same signed client and the same few words about documents.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import redis
from signed import CALLER, HEARS_ENGLISH, PERSON, SID, SignedClient, action, settings_for, silence, spoken, tree
from structlog.testing import capture_logs

from callbacks.model import Agent
from callbacks.shifts import is_free
from flows.state import Ended
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build, utc_now
from ivr.web.app import create_app


@pytest.fixture
def services(redis_server: PrivateRedis, redis_client: redis.Redis) -> Services:
    assert redis_client.dbsize() == 0
    return build(settings_for(redis_server.url))


@pytest.fixture
def client(services: Services) -> SignedClient:
    return SignedClient(create_app(services).test_client())


def test_an_unsigned_request_is_refused_and_logged_on_every_route_and_changes_nothing(
    client: SignedClient, redis_client: redis.Redis
) -> None:
    paths = ("/voice/incoming", "/voice/turn?turn=1&by=keys", "/voice/status", "/voice/last-resort", "/voice/stream")
    more = ("/agent/whisper", "/agent/whisper-answer", "/agent/status", "/callback/offer", "/callback/answer")
    with capture_logs() as logged:
        for path in paths + more:
            assert client.post(path, sign=False).status_code == 403, path
    refused = [record["path"] for record in logged if record["event"] == "signature refused"]
    assert refused == [urlsplit(path).path for path in paths + more]
    assert redis_client.keys("zh:*") == []


def test_the_first_document_greets_and_every_document_knows_how_to_go_on(client: SignedClient) -> None:
    first = client.post("/voice/incoming", CallStatus="ringing")
    assert "Welcome to the corner shop" in spoken(first)
    assert "turn=1" in action(first)
    assert "by=silence" in silence(first)


def test_speech_is_offered_and_forked_once_only_while_the_media_process_is_up(
    client: SignedClient, redis_client: redis.Redis
) -> None:
    assert tree(client.post("/voice/incoming")).find("Start") is None
    redis_client.set("zh:heartbeat:media", HEARS_ENGLISH, ex=5)
    other = "CA" + "2" * 32
    first = client.post("/voice/incoming", CallSid=other)
    stream = tree(first).find("Start/Stream")
    assert stream is not None
    assert stream.attrib["track"] == "inbound_track"
    assert "say order" in spoken(first)
    second = client.post(action(first), CallSid=other, Digits="1")
    assert tree(second).find("Start") is None


def test_a_repeated_webhook_gets_the_same_document_and_counts_once(client: SignedClient, services: Services) -> None:
    first = client.post("/voice/incoming")
    once = client.post(action(first), Digits="1", headers={"I-Twilio-Idempotency-Token": "a"})
    again = client.post(action(first), Digits="1", headers={"I-Twilio-Idempotency-Token": "a"})
    replayed = client.post(action(first), Digits="2", headers={"I-Twilio-Idempotency-Token": "b"})
    assert once.data == again.data == replayed.data
    assert len(services.calls.trace(SID)) == 2


def test_an_answer_to_an_old_turn_gets_the_present_document(client: SignedClient) -> None:
    first = client.post("/voice/incoming")
    second = client.post(action(first), Digits="1")
    third = client.post(action(second), Digits="4821")
    assert client.post(silence(first)).data == third.data


def test_an_answer_to_a_turn_that_has_not_come_gets_the_present_document(client: SignedClient) -> None:
    first = client.post("/voice/incoming")
    ahead = action(first).replace("turn=1", "turn=7")
    assert spoken(client.post(ahead, Digits="1")) == spoken(first)


def test_a_key_and_a_spoken_word_in_the_same_instant_make_one_turn(
    client: SignedClient, services: Services, redis_client: redis.Redis
) -> None:
    redis_client.set("zh:heartbeat:media", HEARS_ENGLISH, ex=30)
    first = client.post("/voice/incoming")
    heard = {"intent": "2", "value": None, "text": "hours", "confidence": 1.0, "band": "accept"}
    redis_client.set(f"zh:heard:{{{SID}}}:1", msgspec.json.encode(heard))
    documents: list[bytes] = []
    barrier = threading.Barrier(2)

    def post(url: str, **form: str) -> None:
        barrier.wait()
        documents.append(client.post(url, **form).data)

    by_voice = action(first).replace("by=keys", "by=speech")
    threads = [
        threading.Thread(target=post, args=(action(first),), kwargs={"Digits": "1"}),
        threading.Thread(target=post, args=(by_voice,)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert documents[0] == documents[1]
    known = services.calls.read(SID)
    assert known is not None
    turn, record = known
    assert turn == 2
    assert len(record.state.said) == 1


def test_a_silence_that_the_carrier_reports_while_the_caller_speaks_is_none(
    client: SignedClient, services: Services, redis_client: redis.Redis
) -> None:
    redis_client.set("zh:heartbeat:media", HEARS_ENGLISH, ex=30)
    first = client.post("/voice/incoming")
    redis_client.set(f"zh:speaking:{{{SID}}}", 1)
    patient = client.post(silence(first))
    assert spoken(patient) == ""
    assert action(patient) == action(first)
    for _ in range(2):
        patient = client.post(silence(patient))
    assert "did not hear" in spoken(client.post(silence(patient))), "but not for ever"


def test_a_turn_whose_maker_died_is_made_from_the_event_that_came_first(
    client: SignedClient, services: Services
) -> None:
    from flows import events

    first = client.post("/voice/incoming")
    long_ago_ms = int(utc_now().timestamp() * 1000) - 60_000
    pressed = events.KeysPressed(at=utc_now(), keys="1")
    assert services.calls.begin(SID, 1, "the one who died", pressed, long_ago_ms).outcome == "claimed"
    document = client.post(silence(first))
    assert "order number" in spoken(document)


def test_while_another_request_makes_the_turn_the_caller_is_asked_to_hold(
    client: SignedClient, services: Services
) -> None:
    from flows import events

    first = client.post("/voice/incoming")
    pressed = events.KeysPressed(at=utc_now(), keys="1")
    services.calls.begin(SID, 1, "a slow one", pressed, int(utc_now().timestamp() * 1000))
    held = client.post(silence(first))
    assert tree(held).find("Pause") is not None
    assert spoken(client.post(silence(held))) == spoken(first)


def test_a_turn_of_an_unknown_call_begins_anew_instead_of_hanging_up(client: SignedClient) -> None:
    assert "Welcome" in spoken(client.post("/voice/turn?turn=5&by=silence"))


@pytest.mark.parametrize("query", ["", "?turn=abc&by=keys", "?turn=1&by=nonsense", "?turn=-1&by=silence"])
def test_a_damaged_turn_address_gets_the_present_document(client: SignedClient, query: str) -> None:
    first = client.post("/voice/incoming")
    assert spoken(client.post(f"/voice/turn{query}", Digits="1")) == spoken(first)


@pytest.mark.parametrize("digits", ["9" * 500, "ABC", "<x>", "١٢٣٤"])
def test_nonsense_for_keys_is_a_no_match(client: SignedClient, digits: str) -> None:
    first = client.post("/voice/incoming")
    assert "did not understand" in spoken(client.post(action(first), Digits=digits))


@pytest.mark.parametrize("number", ["", "anonymous", "+266696687", "client:desk", "sip:desk@example.org"])
def test_a_withheld_number_is_asked_for_before_a_callback_is_promised(
    client: SignedClient, services: Services, number: str
) -> None:
    services.callbacks.agents.put(
        Agent(id="desk", name="Desk", number=PERSON, queues=("shop",), state="away", idle_since=utc_now())
    )
    offer = client.post(action(client.post("/voice/incoming", From=number)), From=number, Digits="0")
    assert "key in the number" in spoken(client.post(action(offer), From=number, Digits="1"))


def test_zero_without_any_agents_rings_the_person_of_last_resort(client: SignedClient) -> None:
    document = tree(client.post(action(client.post("/voice/incoming")), Digits="0"))
    dial = document.find("Dial/Number")
    assert dial is not None
    assert dial.text == PERSON


def test_a_transfer_reserves_the_agent_briefs_them_and_frees_them_at_its_end(
    client: SignedClient, services: Services
) -> None:
    agent = Agent(id="desk", name="Desk", number="+442079460100", queues=("shop",), idle_since=utc_now())
    services.callbacks.agents.put(agent)
    order = client.post(action(client.post("/voice/incoming")), Digits="1")
    document = tree(client.post(action(order), Digits="0"))
    number = document.find("Dial/Number")
    assert number is not None
    assert number.text == agent.number
    whisper = client.post(number.attrib["url"], CallSid="CA" + "9" * 32)
    assert "the state of your order" in spoken(whisper)
    joined = client.post(action(whisper), CallSid="CA" + "9" * 32, Digits="1")
    assert list(tree(joined)) == []
    dial = document.find("Dial")
    assert dial is not None
    ended = client.post(dial.attrib["action"], DialBridged="true", DialCallStatus="completed")
    assert tree(ended).find("Hangup") is not None
    freed = services.callbacks.store.agent("desk")
    assert freed is not None
    assert is_free(freed.record, utc_now())


@pytest.mark.parametrize("order", list(itertools.permutations(("call", "transfer", "person"))), ids="-".join)
def test_a_caller_who_hangs_up_after_talking_with_a_person_was_transferred(
    client: SignedClient, services: Services, order: tuple[str, ...]
) -> None:
    """The ends of the call, of the transfer and of the person's own leg are reported in any order."""
    agent = Agent(id="desk", name="desk", number="+442079460100", queues=("shop",), idle_since=utc_now())
    services.callbacks.agents.put(agent)
    document = tree(client.post(action(client.post("/voice/incoming")), Digits="0"))
    number, dial = document.find("Dial/Number"), document.find("Dial")
    assert number is not None
    assert dial is not None
    whisper = client.post(number.attrib["url"], CallSid="CA" + "9" * 32)
    client.post(action(whisper), CallSid="CA" + "9" * 32, Digits="1")
    ends = {
        "call": ("/voice/status", {}),
        "transfer": (dial.attrib["action"], {"DialBridged": "true"}),
        "person": (number.attrib["statusCallback"], {"CallSid": "CA" + "9" * 32}),
    }
    for url, form in (ends[end] for end in order):
        client.post(url, CallStatus="completed", **form)
    known = services.calls.read(SID)
    assert known is not None
    assert known[1].state.stage == Ended(outcome="transferred")


def test_a_voicemail_presses_nothing_and_so_is_never_joined(client: SignedClient, services: Services) -> None:
    agent = Agent(id="desk", name="Desk", number="+442079460100", queues=("shop",), idle_since=utc_now())
    services.callbacks.agents.put(agent)
    document = tree(client.post(action(client.post("/voice/incoming")), Digits="0"))
    number, dial = document.find("Dial/Number"), document.find("Dial")
    assert number is not None
    assert dial is not None
    whisper = tree(client.post(number.attrib["url"]))
    assert [element.tag for element in whisper] == ["Gather", "Hangup"]
    missed = client.post(dial.attrib["action"], DialBridged="false", DialCallStatus="completed")
    assert "could not take the call" in spoken(missed)
    assert "callback" in spoken(missed)


def test_a_promise_is_made_once_however_often_the_webhook_comes(client: SignedClient, services: Services) -> None:
    services.callbacks.agents.put(
        Agent(id="desk", name="Desk", number=PERSON, queues=("shop",), state="away", idle_since=utc_now())
    )
    offer = client.post(action(client.post("/voice/incoming")), Digits="0")
    confirm = client.post(action(offer), Digits="1")
    promised = [client.post(action(confirm), Digits="1") for _ in range(3)]
    assert "It is booked" in spoken(promised[0])
    assert promised[0].data == promised[1].data == promised[2].data
    (request,) = services.callbacks.store.requests(10)
    assert request.number == CALLER
    second = "CA" + "2" * 32
    told = client.begin(CallSid=second)
    assert "You have a callback booked" in spoken(told)
    kept = client.press(told, "1", CallSid=second)
    assert "It stays as it is" in spoken(kept)
    assert "booked already" in spoken(client.press(kept, "3", CallSid=second)), "they ask for another one"
    assert len(services.callbacks.store.requests(10)) == 1


def test_hanging_up_ends_the_call_once_and_late_webhooks_change_nothing(
    client: SignedClient, services: Services
) -> None:
    first = client.post("/voice/incoming")
    for _ in range(2):
        assert client.post("/voice/status", CallStatus="completed").status_code == 200
    known = services.calls.read(SID)
    assert known is not None
    assert known[1].state.stage == Ended(outcome="abandoned")
    assert tree(client.post(action(first), Digits="1", CallStatus="completed")) is not None
    assert len(services.calls.trace(SID)) == 2


def test_traces_hold_no_whole_number(client: SignedClient, services: Services) -> None:
    client.post(action(client.post("/voice/incoming")), Digits="0")
    assert CALLER[1:] not in msgspec.json.encode(services.calls.trace(SID)).decode()


@pytest.fixture
def broken(services: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on Redis does not answer."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise redis.ConnectionError("Connection refused")

    return lambda: monkeypatch.setattr(services.redis, "execute_command", fail)


def test_without_redis_the_caller_is_asked_for_patience_the_keys_are_kept_and_at_last_there_is_a_person(
    client: SignedClient, broken: Callable[[], None]
) -> None:
    first = client.post("/voice/incoming")
    broken()
    held = client.post(action(first), Digits="4821")
    assert "One moment" in spoken(held)
    assert parse_qs(urlsplit(silence(held)).query)["Digits"] == ["4821"]
    for _ in range(3):
        held = client.post(silence(held))
    last = client.post(silence(held))
    dial = tree(last).find("Dial")
    assert dial is not None
    assert dial.text == PERSON


def test_keys_that_were_pressed_while_redis_was_away_count_once_it_is_back(
    client: SignedClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.post("/voice/incoming")
    with monkeypatch.context() as patch:

        def fail(*_args: object, **_kwargs: object) -> None:
            raise redis.ConnectionError("Connection refused")

        patch.setattr(services.redis, "execute_command", fail)
        held = client.post(action(first), Digits="1")
    assert "order number" in spoken(client.post(silence(held)))


def test_a_fault_in_our_own_code_is_still_a_sentence_and_never_a_5xx(
    client: SignedClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import engine

    first = client.post("/voice/incoming")

    def burst(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(engine, "answer", burst)
    assert "something went wrong at our end" in spoken(client.post(action(first), Digits="1"))


@pytest.mark.parametrize(
    "rewritten",
    [
        lambda record: {**record, "state": {**record["state"], "stage": {"type": "Pondering"}}},
        lambda record: {**record, "state": {**record["state"], "version": 1}},
        lambda record: {"turns": []},
    ],
)
def test_who_is_in_a_call_that_another_version_began_hears_a_sentence_and_gets_a_person_at_once(
    client: SignedClient, redis_client: redis.Redis, rewritten: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    first = client.begin()
    key = f"zh:call:{{{SID}}}"
    record = msgspec.json.decode(str(redis_client.hget(key, "record")))
    redis_client.hset(key, "record", msgspec.json.encode(rewritten(record)))
    for answered in (client.press(first, "1"), client.post(silence(first)), client.begin()):
        assert "something is wrong at our end. I will put you through to a person." in spoken(answered)
        dial = tree(answered).find("Dial")
        assert dial is not None
        assert dial.text == PERSON
    assert client.post("/voice/status", CallStatus="completed").status_code == 200


def test_health_says_what_is_missing(client: SignedClient, services: Services, redis_client: redis.Redis) -> None:
    web = client.web
    assert web.get("/livez").status_code == 200
    unready = web.get("/readyz")
    assert unready.status_code == 503
    assert unready.json is not None
    assert unready.json["checks"]["worker"] is False
    assert unready.json["checks"]["model"] is False
    services.heartbeats.worker_beats(1.0)
    redis_client.set("zh:heartbeat:media", HEARS_ENGLISH, ex=5)
    ready = web.get("/readyz")
    assert ready.status_code == 200
    assert ready.json is not None
    assert ready.json["speech"]["languages"] == ["en"]
    version = web.get("/version").json
    assert version is not None
    assert version["flow"] == "orders"


def test_whatever_route_there_is_refuses_what_is_not_signed_but_health_and_sound(client: SignedClient) -> None:
    """The desk's routes have tokens of their own (test_web_api): without any, they are not there at all."""
    open_paths = ("/livez", "/readyz", "/version", "/prompt/", "/audio/")
    app = client.web.application
    for rule in app.url_map.iter_rules():
        path = rule.rule
        if rule.endpoint == "static" or path.startswith(open_paths):
            continue
        for method in (rule.methods or set()) & {"GET", "POST"}:
            refused = (401, 403, 404) if rule.endpoint.startswith(("api.", "calendar.")) else (403,)
            assert client.web.open(path, method=method, data={"CallSid": SID}).status_code in refused, path
