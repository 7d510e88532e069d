"""Traces on real Redis: written by the real web application, kept within bounds, read by the commands.

One long file, as all of it is about the same few calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import redis
from typer.testing import CliRunner, Result

from flows.conversations.player import play
from flows.loader import load_flow
from flows.replay import replay
from flows.traces.to_test import conversation_of
from ivr import redis_traces, worker
from ivr.cli import app
from ivr.redis_server import PrivateRedis
from ivr.redis_traces import STOPPED_AFTER, TTL_S, TraceStore
from ivr.services import Services, build, utc_now
from ivr.web.app import create_app
from tests.integration.signed import (
    CALLER,
    HEARS_ENGLISH,
    OFFICE,
    PERSON,
    SID,
    TOKEN,
    SignedClient,
    action,
    settings_for,
)
from tests.unit.flows.traces.recorded import AT, FLOWS, flow_of, random_call

CARD = "4929123456781234"
MOBILE = "07700900456"
FLOW = f"""
zerohold: 1
name: tested
languages: [en]
organisation: the corner shop
time_zone: Europe/London
country: GB
queue: shop
start: first
nodes:
  first:
    type: menu
    prompt: How can we help?
    choices:
      - {{key: "1", phrases: [card], label: your card, to: card}}
      - {{key: "2", phrases: [mobile], label: a text message, to: mobile}}
  card:
    type: ask
    prompt: Please key in your card number.
    answer: {{type: digits, min: 16, max: 16}}
    save_as: card
    sensitive: true
    next: kind
  kind:
    type: branch
    cases:
      - {{when: 'card == "{CARD}"', to: find}}
    otherwise: unknown
  find:
    type: lookup
    source: {{type: csv, file: cards.csv}}
    where: {{number: card}}
    save: {{owner: owner, echo: number, phone: phone}}
    found: owner
    not_found: unknown
    failed: unknown
  owner: {{type: end, prompt: "The card of {{owner}}, at {{phone}}. Goodbye.", outcome: solved}}
  unknown: {{type: end, prompt: That card is not known here. Goodbye., outcome: unsolved}}
  mobile:
    type: ask
    prompt: Please key in your mobile number.
    answer: {{type: phone}}
    save_as: mobile
    read_back: always
    next: done
  done: {{type: end, prompt: "We have {{mobile|digits}}. Goodbye.", outcome: solved}}
"""

Ivr = Callable[..., Result]


@pytest.fixture
def flow_file(tmp_path: Path) -> Path:
    (tmp_path / "cards.csv").write_text(f"number,owner,phone\n{CARD},bakery,+442079460777\n")
    path = tmp_path / "tested.yaml"
    path.write_text(FLOW)
    return path


@pytest.fixture
def services(flow_file: Path, redis_server: PrivateRedis, redis_client: redis.Redis) -> Services:
    assert redis_client.dbsize() == 0
    return build(settings_for(redis_server.url, flow_file=flow_file, data_dir=flow_file.parent))


@pytest.fixture
def client(services: Services) -> SignedClient:
    return SignedClient(create_app(services).test_client())


@pytest.fixture
def store(redis_client: redis.Redis) -> TraceStore:
    return TraceStore(redis_client)


@pytest.fixture
def ivr(redis_server: PrivateRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ivr:
    settings = {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "CALLER_ID_NUMBER": OFFICE,
        "PERSON_NUMBER": PERSON,
        "PUBLIC_URL": "http://127.0.0.1:8080",
        "REDIS_URL": redis_server.url,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def card_call(client: SignedClient, sid: str = SID, card: str = CARD) -> None:
    """A call that ends at its last sentence."""
    asked = client.press(client.begin(CallSid=sid), "1", CallSid=sid)
    client.press(asked, card, CallSid=sid)


def kept_of(redis_client: redis.Redis, name: str = "tested") -> str:
    """Everything that Redis holds of traces."""
    lists = [redis_client.lrange(key, 0, -1) for key in redis_client.keys("zh:trace:*")]
    return repr((redis_client.hgetall(f"zh:traces:{{{name}}}:calls"), lists))


def call_of(store: TraceStore, redis_client: redis.Redis, sid: str, choices: bytes, now: datetime) -> None:
    """A call of the orders flow that has ended, put where the web application puts its turns."""
    for turn in random_call(flow_of(ORDERS), choices, sid).turns:
        redis_client.rpush(f"zh:trace:{{{sid}}}", msgspec.json.encode(turn))
    store.keep(sid, now)


ORDERS = next(path for path in FLOWS if path.name == "orders.yaml")


# ---------------------------------------------------------------- what is written


def test_the_trace_of_a_call_is_kept_when_it_ends_and_says_what_happened(
    client: SignedClient, store: TraceStore
) -> None:
    card_call(client)
    trace = store.read(SID)
    assert trace is not None
    assert (trace.flow, trace.outcome, trace.failures) == ("tested", "solved", ())
    assert [turn.to_node for turn in trace.turns] == ["first", "card", "owner"]
    menu, card = trace.turns[1], trace.turns[2]
    assert (menu.match.kind, menu.match.meaning, menu.match.to) == ("choice", "your card", "card")
    (decision,) = card.decisions
    assert decision.cases == (f'card == "{CARD}"',)
    assert (decision.way, decision.saw) == (0, {"card": "(not kept)"})
    (lookup,) = card.answered
    assert (lookup.node, lookup.about) == ("find", "cards.csv")
    assert lookup.took_ms > 0
    assert card.values["owner"] == "bakery"
    assert card.took_ms >= lookup.took_ms
    assert store.flows() == ["tested"]
    assert [kept.call_sid for kept in store.of_flow("tested")] == [SID]


def test_a_trace_holds_no_digit_of_a_sensitive_answer_and_no_whole_number(
    client: SignedClient, redis_client: redis.Redis
) -> None:
    card_call(client)
    other = "CA" + "2" * 32
    card_call(client, other, "4929999999999999")
    # The flow itself names the card in an expression; that is the author's doing, and in the flow's file too.
    kept = kept_of(redis_client).replace(f'card == \\\\"{CARD}\\\\"', "")
    for secret in (CARD, CARD[:8], CARD[-8:], "4929999999999999", CALLER[1:], OFFICE[1:], "2079460777"):
        assert secret not in kept, secret


def test_a_number_that_is_keyed_in_is_nowhere_in_the_trace_and_the_call_still_replays(
    client: SignedClient, redis_client: redis.Redis, store: TraceStore, flow_file: Path
) -> None:
    asked = client.press(client.begin(), "2")
    client.press(client.press(asked, MOBILE), "1")
    trace = store.read(SID)
    assert trace is not None
    assert trace.outcome == "solved"
    for written in (MOBILE, " ".join(MOBILE), CALLER[1:]):
        assert written not in kept_of(redis_client)
    assert trace.turns[-1].spoken[0].text == "We have 0 7 0 0 0 0 0 0 4 5 6. Goodbye."
    flow = load_flow(flow_file)
    assert replay(flow.model_copy(update={"revision": "edited"}), [trace]).is_nothing


def test_a_spoken_answer_is_kept_with_its_confidence_its_alternatives_and_what_it_matched(
    client: SignedClient, store: TraceStore, redis_client: redis.Redis
) -> None:
    redis_client.set("zh:heartbeat:media", HEARS_ENGLISH, ex=30)
    first = client.begin()
    heard = {"intent": "1", "value": None, "text": "card", "confidence": 0.9, "band": "accept"}
    heard["alternatives"] = ["mobile"]
    redis_client.set(f"zh:heard:{{{SID}}}:1", msgspec.json.encode(heard))
    client.post(action(first).replace("by=keys", "by=speech"))
    trace = store.read(SID)
    assert trace is not None
    turn = trace.turns[1]
    assert (turn.match.phrase, turn.match.keys) == ("card", "1")
    assert turn.event.confidence == pytest.approx(0.9)
    assert turn.event.alternatives == ("mobile",)
    assert turn.speech == ("en",)


def test_a_call_that_goes_on_can_be_looked_at_and_is_not_kept_yet(client: SignedClient, store: TraceStore) -> None:
    client.press(client.begin(), "1")
    trace = store.read(SID)
    assert trace is not None
    assert trace.failures == ("cut_off",)
    assert list(store.of_flow("tested")) == []


def test_a_call_that_just_stops_is_kept_as_cut_off_once_it_is_old_enough(
    client: SignedClient, store: TraceStore
) -> None:
    client.press(client.begin(), "1")
    store.gather(utc_now())
    assert list(store.of_flow("tested")) == []
    store.gather(utc_now() + STOPPED_AFTER + timedelta(seconds=5))
    (trace,) = store.of_flow("tested", failures=True)
    assert trace.failures == ("cut_off",)
    assert trace.turns[-1].to_node == "card"


def test_the_worker_looks_for_calls_that_just_stopped(
    client: SignedClient, services: Services, store: TraceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.press(client.begin(), "1")
    assert list(store.of_flow("tested")) == []
    later = utc_now() + STOPPED_AFTER + timedelta(seconds=5)
    monkeypatch.setattr(worker, "utc_now", lambda: later)
    worker.Housekeeping(services)()
    (trace,) = store.of_flow("tested", failures=True)
    assert trace.failures == ("cut_off",)


def test_a_stopped_call_is_tidied_up_by_the_end_of_another_one(
    client: SignedClient, store: TraceStore, redis_client: redis.Redis
) -> None:
    client.press(client.begin(), "1")
    other = "CA" + "2" * 32
    card_call(client, other)
    assert redis_client.zrange("zh:traces:open", 0, -1) == [SID]
    store.keep(other, utc_now() + STOPPED_AFTER + timedelta(seconds=5))
    assert redis_client.zrange("zh:traces:open", 0, -1) == []
    assert {trace.call_sid for trace in store.of_flow("tested")} == {SID, other}


def test_a_caller_who_hangs_up_after_not_being_understood_is_a_failure(client: SignedClient, store: TraceStore) -> None:
    client.press(client.begin(), "9")
    client.post("/voice/status", CallStatus="completed")
    (trace,) = store.of_flow("tested", failures=True)
    assert trace.failures == ("left_after_misses",)
    assert trace.turns[1].match.kind == "out_of_range"


def test_a_turn_that_cannot_be_traced_costs_the_caller_nothing(
    client: SignedClient, store: TraceStore, flow_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = client.press(client.begin(), "1")

    def fail(*_arguments: object, **_named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("ivr.turns.entry", fail)
    assert "The card of bakery" in client.press(asked, CARD).text
    monkeypatch.undo()
    trace = store.read(SID)
    assert trace is not None
    assert "broke" in trace.failures
    assert len(trace.replayable) == 2
    assert replay(load_flow(flow_file), [trace]).is_nothing


def test_redis_failing_while_a_trace_is_kept_costs_the_caller_nothing(
    client: SignedClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(services.turns._traces, "keep", fail)
    asked = client.press(client.begin(), "1")
    assert "The card of bakery" in client.press(asked, CARD).text


# ---------------------------------------------------------------- how much is kept


def test_the_last_calls_are_kept_and_failures_for_longer(
    store: TraceStore, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_traces, "MOST_RECENT", 3)
    monkeypatch.setattr(redis_traces, "MOST_FAILURES", 2)
    calls = [random_call(flow_of(ORDERS), bytes([seed, 3, seed]), f"CA{seed}") for seed in range(12)]
    failed: list[str] = []
    for index, call in enumerate(calls):
        sid = f"CA{index}"
        for turn in call.turns:
            later = msgspec.structs.replace(turn.event, at=turn.at + timedelta(minutes=index))
            redis_client.rpush(f"zh:trace:{{{sid}}}", msgspec.json.encode(msgspec.structs.replace(turn, event=later)))
        store.keep(sid, AT + timedelta(minutes=index))
        if call.trace.failures:
            failed.append(sid)
    assert len(failed) > 3
    kept = [trace.call_sid for trace in store.of_flow("orders")]
    assert kept == sorted({*failed[-2:], "CA9", "CA10", "CA11"}, key=lambda sid: -int(sid[2:]))
    assert [trace.call_sid for trace in store.of_flow("orders", failures=True)] == failed[:-3:-1]
    assert sorted(redis_client.hkeys("zh:traces:{orders}:calls")) == sorted(kept)


def test_nothing_outlives_thirty_days(store: TraceStore, redis_client: redis.Redis) -> None:
    call_of(store, redis_client, "CA1", b"\x01\x02", AT)
    call_of(store, redis_client, "CA2", b"\x01\x03", AT + timedelta(seconds=TTL_S + 60))
    assert redis_client.hkeys("zh:traces:{orders}:calls") == [], "both calls were made on the same old day"
    call_of(store, redis_client, "CA3", b"\x01\x03", AT)
    for key in redis_client.keys("zh:traces:{orders}:*") + redis_client.keys("zh:traceof:*"):
        assert 0 < redis_client.ttl(key) <= TTL_S, key


def test_keeping_a_trace_twice_changes_nothing(store: TraceStore, redis_client: redis.Redis) -> None:
    call_of(store, redis_client, "CA1", b"\x01\x02", AT)
    before = redis_client.hgetall("zh:traces:{orders}:calls")
    store.keep("CA1", AT)
    assert redis_client.hgetall("zh:traces:{orders}:calls") == before
    assert redis_client.zcard("zh:traces:{orders}:recent") == 1


def test_an_entry_that_cannot_be_read_ends_a_trace_and_an_unreadable_trace_is_left_out(
    store: TraceStore, redis_client: redis.Redis
) -> None:
    turns = random_call(flow_of(ORDERS), b"\x01\x09\x09\x09", "CA1").turns
    redis_client.rpush("zh:trace:{CA1}", msgspec.json.encode(turns[0]), "{}", msgspec.json.encode(turns[1]))
    trace = store.read("CA1")
    assert trace is not None
    assert len(trace.turns) == 1
    call_of(store, redis_client, "CA2", b"\x01\x02", AT)
    redis_client.hset("zh:traces:{orders}:calls", "CA2", "nonsense")
    assert list(store.of_flow("orders")) == []
    assert store.read("CA2") is None


# ---------------------------------------------------------------- commands


def test_calls_are_listed_and_shown_in_sentences_and_as_json(client: SignedClient, ivr: Ivr) -> None:
    assert "no traces yet" in ivr("trace", "list").output
    card_call(client)
    listed = ivr("trace", "list", "--flow", "tested").output
    assert SID in listed
    assert "solved at owner" in listed
    assert "no failures of tested yet" in ivr("trace", "list", "--flow", "tested", "--failures").output
    shown = ivr("trace", "show", SID).output
    assert 'which is the choice "your card"' in shown
    assert "pressed (not kept)" in shown
    assert "looked up in cards.csv: found owner" in shown
    assert 'heard "The card of bakery' in shown
    assert json.loads(ivr("trace", "show", SID, "--json").output)["outcome"] == "solved"


@pytest.mark.parametrize("command", [("trace", "show", "CA9"), ("trace", "to-test", "CA9")])
def test_a_call_that_nobody_knows_is_said_to_be_unknown(ivr: Ivr, command: tuple[str, ...]) -> None:
    done = ivr(*command)
    assert done.exit_code == 1
    assert "there is no trace of a call CA9" in done.output


def test_a_real_call_becomes_a_test_that_passes(client: SignedClient, ivr: Ivr, flow_file: Path) -> None:
    asked = client.press(client.begin(), "2")
    asked = client.press(asked, "12")
    asked = client.press(asked, MOBILE)
    client.press(asked, "1")
    done = ivr("trace", "to-test", SID, "--out", "calls.test.yaml", "--against", flow_file)
    assert done.exit_code == 0, done.output
    assert MOBILE not in Path("calls.test.yaml").read_text()
    played = ivr("flow", "test", "calls.test.yaml")
    assert played.exit_code == 0, played.output
    again = ivr("trace", "to-test", SID, "--out", "calls.test.yaml", "--against", flow_file)
    assert again.exit_code == 1
    assert f"has call {SID} already" in again.output
    assert "outcome: solved" in ivr("trace", "to-test", SID).output, "from Redis, without the file"


def test_a_call_whose_way_depends_on_a_sensitive_answer_is_no_test_and_says_so(client: SignedClient, ivr: Ivr) -> None:
    card_call(client)
    done = ivr("trace", "to-test", SID)
    assert done.exit_code == 1
    assert "depends on a sensitive answer" in done.output


def test_a_test_of_a_revision_that_is_gone_needs_the_file(
    client: SignedClient, ivr: Ivr, redis_client: redis.Redis, flow_file: Path
) -> None:
    card_call(client, card="4929999999999999")
    for key in redis_client.keys("zh:flow:*"):
        redis_client.delete(key)
    done = ivr("trace", "to-test", SID)
    assert done.exit_code == 1
    assert "give its file" in done.output
    assert ivr("trace", "to-test", SID, "--against", flow_file).exit_code == 0


def test_an_unchanged_flow_replays_to_nothing_and_an_edited_one_to_sentences(
    client: SignedClient, ivr: Ivr, flow_file: Path
) -> None:
    assert "there are no calls of tested to replay" in ivr("flow", "replay", flow_file).output
    card_call(client)
    card_call(client, "CA" + "2" * 32, "4929999999999999")
    assert "Nothing would change for any of the 2 calls." in ivr("flow", "replay", flow_file).output
    edited = flow_file.with_name("edited.yaml")
    edited.write_text(FLOW.replace("otherwise: unknown", "otherwise: mobile"))
    said = ivr("flow", "replay", edited)
    assert said.exit_code == 0
    assert "1 call cannot be followed further:\n  1: at mobile" in said.output
    counted = json.loads(ivr("flow", "replay", edited, "--json").output)
    assert (counted["calls"], len(counted["changes"])) == (2, 1)
    assert json.loads(ivr("flow", "replay", edited, "--traces", "1", "--json").output)["calls"] == 1


def test_exported_traces_replay_without_redis(
    client: SignedClient, ivr: Ivr, flow_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card_call(client)
    exported = ivr("trace", "export", "--flow", "tested")
    assert exported.exit_code == 0
    Path("traces.jsonl").write_text(exported.output)
    monkeypatch.delenv("REDIS_URL")
    assert "any of the 1 call." in ivr("flow", "replay", flow_file, "--from", "traces.jsonl").output
    Path("traces.jsonl").write_text(exported.output + "\n{broken\n")
    broken = ivr("flow", "replay", flow_file, "--from", "traces.jsonl")
    assert broken.exit_code == 1
    assert "traces.jsonl:3: is no trace" in broken.output
    assert "cannot be read" in ivr("flow", "replay", flow_file, "--from", "nowhere.jsonl").output
    flow_file.write_text("zerohold: 1\n")
    unread = ivr("flow", "replay", flow_file, "--from", "traces.jsonl")
    assert unread.exit_code == 1
    assert "tested.yaml:" in unread.output


def test_exporting_nothing_is_an_error(ivr: Ivr) -> None:
    assert ivr("trace", "export", "--flow", "nowhere").exit_code == 1


def test_every_kept_call_becomes_a_test_that_passes(
    client: SignedClient, store: TraceStore, services: Services, flow_file: Path
) -> None:
    """Whatever keys a caller presses; among them some that fit nowhere."""
    flow = load_flow(flow_file)
    wrong_card = "4929999999999999"
    calls = (("1", wrong_card), ("2", "12", "0"), ("9", "9", "9"), ("1", "4929"), ("2", MOBILE, "2"))
    for index, keys in enumerate(calls):
        sid = "CA" + f"{index + 3:032d}"
        document = client.begin(CallSid=sid)
        for pressed in keys:
            document = client.press(document, pressed, CallSid=sid)
        client.post("/voice/status", CallStatus="completed", CallSid=sid)
        trace = store.read(sid)
        assert trace is not None
        assert play(flow, conversation_of(flow, trace)).failure is None
        assert replay(flow.model_copy(update={"revision": "edited"}), [trace]).is_nothing
