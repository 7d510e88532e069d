"""Callers who do anything at all, in any order, on the example flows: every document can be run and leads on."""

from __future__ import annotations

import random
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from humming import Voice
from signed import SignedClient, settings_for, tree
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from callbacks.model import Agent
from ivr.redis_server import PrivateRedis
from ivr.services import build, utc_now
from ivr.sound import espeak
from ivr.web.app import create_app

EXAMPLES = sorted(
    path
    for path in (Path(__file__).resolve().parents[2] / "flows" / "examples").rglob("*.yaml")
    if not path.name.endswith(".test.yaml")
)
CALLS, STEPS = 8, 40
KEYS = ("1", "2", "3", "0", "*", "#", "4821", "0", "**", "20", "1430", "24121990", "07700900123", "5")
ENDED = {"CallStatus": "completed"}


class Caller:
    """Takes one of the ways that a document offers, until it hangs up."""

    def __init__(self, client: SignedClient, chance: random.Random, number: int) -> None:
        self._client = client
        self._chance = chance
        self._sid = f"CA{number:032x}"

    def call(self) -> None:
        document = self._post("/voice/incoming")
        for _ in range(STEPS):
            following = self._step(document)
            if following is None:
                return
            document = following
        self._post("/voice/status", **ENDED)

    def _post(self, url: str, **form: str) -> TestResponse:
        return self._client.post(url, CallSid=self._sid, **form)

    def _step(self, document: TestResponse) -> TestResponse | None:
        verbs = {verb.tag: verb for verb in tree(document)}
        for sound in tree(document).iter("Play"):
            assert sound.text
            if urlsplit(sound.text).path.startswith("/prompt/"):
                assert len(urlsplit(sound.text).path) == len("/prompt/.wav") + 32
        if "Hangup" in verbs:
            return None
        ways = []
        if "Gather" in verbs:
            ways += [(verbs["Gather"].attrib["action"], {"Digits": key}) for key in KEYS]
        if "Record" in verbs:
            said = {"RecordingUrl": "https://api.example/RE1", "RecordingDuration": "3"}
            ways += [(verbs["Record"].attrib["action"], {**said, "Digits": key}) for key in ("#", "0", "")]
        if "Redirect" in verbs:
            ways += [(verbs["Redirect"].text or "", {})] * 3
        if "Dial" in verbs:
            ways += [(verbs["Dial"].attrib["action"], {"DialBridged": bridged}) for bridged in ("true", "false")]
        assert ways, document.data
        url, form = self._chance.choice(ways)
        return self._post(url, **form)


@pytest.mark.parametrize("flow", EXAMPLES, ids=lambda path: path.stem)
def test_whatever_callers_do_each_document_leads_on_and_nothing_fails(
    flow: Path, tmp_path: Path, redis_server: PrivateRedis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is spoken is not listened to here.
    monkeypatch.setattr(espeak, "find_engine", Voice)
    redis_client.set("zh:heartbeat:media", '{"languages": ["en"]}', ex=300)
    services = build(settings_for(redis_server.url, flow_file=flow, data_dir=tmp_path))
    agent = Agent(
        id="desk", name="desk", number="+442079460100", queues=(services.flows.current.queue,), idle_since=utc_now()
    )
    services.callbacks.agents.put(agent)
    client = SignedClient(create_app(services).test_client())
    with capture_logs() as logged:
        for number in range(CALLS):
            Caller(client, random.Random(number), number).call()  # noqa: S311 - the same walks each time
    # Texts cannot be sent here, as no carrier answers; everything else works.
    assert [record for record in logged if record["log_level"] == "error"] == []
