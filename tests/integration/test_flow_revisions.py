"""Which flow a call hears, through the real web application: saved, published, kept, and gone while calls run."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from twilio.request_validator import RequestValidator

from flows.state import AtNode, WithPerson
from ivr import publishing
from ivr.redis_publications import Publications
from ivr.redis_server import PrivateRedis
from ivr.services import Services, build, utc_now
from ivr.settings import Settings
from ivr.web.app import create_app

TOKEN = "0123456789abcdef0123456789abcdef"
PUBLIC_URL = "http://127.0.0.1:8080"
CALLER, OFFICE, PERSON = "+442079460123", "+442079460000", "+442079460999"
pytestmark = pytest.mark.usefixtures("unproved")
FLOW = """\
zerohold: 1
name: line
languages: [en]
organisation: the shop
time_zone: Europe/London
country: GB
queue: shop
start: main
nodes:
  main:
    type: menu
    prompt: This is the first.
    choices:
      - {key: "1", phrases: [hours], label: our hours, to: hours}
  hours: {type: say, prompt: Nine to six., next: bye}
  bye: {type: end, prompt: Goodbye., outcome: solved}
"""
SECOND = (
    FLOW.replace("This is the first", "This is the second")
    .replace("Nine to six", "Everything is cancelled")
    .replace("our hours", "cancelling everything")
)
# Nothing of the first flow is in this one.
THIRD = FLOW.replace("main", "top").replace("hours", "times").replace("This is the first", "This is the third")
BAD = FLOW.replace("to: hours", "to: our")


class Caller:
    """One call to one web process."""

    numbers = count(1)

    def __init__(self, services: Services) -> None:
        self._client = create_app(services).test_client()
        self.sid = f"CA{next(self.numbers):032x}"
        self.document = ET.Element("Response")

    def post(self, url: str, **form: str) -> str:
        url = url if url.startswith("http") else PUBLIC_URL + url
        form = {"CallSid": self.sid, "From": CALLER, "To": OFFICE, "CallStatus": "in-progress", **form}
        signature = RequestValidator(TOKEN).compute_signature(url, form)
        parts = urlsplit(url)
        answer = self._client.post(f"{parts.path}?{parts.query}", data=form, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 200
        self.document = ET.fromstring(answer.data)
        return " ".join(element.text or "" for element in self.document.iter("Say"))

    def dial(self) -> str:
        return self.post("/voice/incoming")

    def press(self, keys: str) -> str:
        gather = self.document.find("Gather")
        assert gather is not None
        return self.post(gather.attrib["action"], Digits=keys)

    def on(self, services: Services) -> Caller:
        """The same call, whose next webhook reaches another process."""
        self._client = create_app(services).test_client()
        return self


@pytest.fixture
def process(redis_server: PrivateRedis, redis_client: redis.Redis, tmp_path: Path) -> Callable[..., Services]:
    """Start a web process."""
    assert redis_client.dbsize() == 0
    (tmp_path / "line.yaml").write_text(FLOW)

    def start(flow_name: str | None = None) -> Services:
        return build(
            Settings(
                _env_file=None,
                twilio_account_sid="AC" + "0" * 32,
                twilio_auth_token=TOKEN,
                twilio_api_url="http://127.0.0.1:1",
                caller_id_number=OFFICE,
                person_number=PERSON,
                public_url=PUBLIC_URL,
                redis_url=redis_server.url,
                flow_file=tmp_path / "line.yaml",
                flow_name=flow_name,
            )
        )

    return start


@pytest.fixture
def publish(redis_client: redis.Redis, tmp_path: Path) -> Callable[[str], str]:
    """Publish a text; the revision."""

    def do(text: str) -> str:
        file = tmp_path / "published.yaml"
        file.write_text(text)
        publications = Publications(redis_client)
        return publishing.publish(
            publications, file, folder=tmp_path, message="m", by="desk", at=utc_now()
        ).flow.revision

    return do


def save(tmp_path: Path, text: str) -> None:
    (tmp_path / "line.new").write_text(text)
    os.replace(tmp_path / "line.new", tmp_path / "line.yaml")


def forget(redis_client: redis.Redis, revision: str) -> None:
    """What eviction or a partial flush does."""
    assert redis_client.delete(f"zh:flow:{revision}") == 1


def test_a_saved_file_is_what_the_next_call_hears_and_a_bad_one_is_heard_by_nobody(
    process: Callable[..., Services], tmp_path: Path
) -> None:
    web = process()
    assert "first" in Caller(web).dial()
    save(tmp_path, SECOND)
    assert "second" in Caller(web).dial()
    save(tmp_path, BAD)
    assert "second" in Caller(web).dial()
    (tmp_path / "line.yaml").unlink()
    assert "second" in Caller(web).dial()
    save(tmp_path, THIRD)
    assert "third" in Caller(web).dial()


def test_a_publication_is_what_the_next_call_to_any_process_hears(
    process: Callable[..., Services], publish: Callable[[str], str]
) -> None:
    publish(FLOW)
    webs = [process("line"), process("line")]
    assert ["first" in Caller(web).dial() for web in webs] == [True, True]
    publish(SECOND)
    assert ["second" in Caller(web).dial() for web in webs] == [True, True]
    version = create_app(webs[0]).test_client().get("/version").get_json()
    assert version["revision"] == Publications(webs[0].redis).current_revision("line")


def test_a_call_keeps_its_revision_in_every_process_whatever_is_published_saved_or_rolled_back(
    process: Callable[..., Services], publish: Callable[[str], str]
) -> None:
    publish(FLOW)
    web = process("line")
    caller = Caller(web)
    caller.dial()
    publish(SECOND)
    publish(THIRD)
    assert "Nine to six" in caller.on(process("line")).press("1")


def test_a_call_keeps_its_revision_when_all_that_is_published_is_flushed(
    process: Callable[..., Services], publish: Callable[[str], str], redis_client: redis.Redis
) -> None:
    publish(FLOW)
    web, other = process("line"), process()
    caller = Caller(web)
    caller.dial()
    redis_client.delete(*redis_client.scan_iter("zh:flow:{*"), "zh:flows")
    assert "Nine to six" in caller.on(other).press("1")
    assert "first" in Caller(web).dial()


@pytest.mark.parametrize("text", [SECOND, THIRD], ids=["same names, another meaning", "nothing in common"])
def test_a_call_whose_revision_is_gone_hears_the_apology_and_is_put_through_to_a_person(
    process: Callable[..., Services],
    publish: Callable[[str], str],
    redis_client: redis.Redis,
    text: str,
) -> None:
    gone = publish(FLOW)
    caller = Caller(process("line"))
    caller.dial()
    current = publish(text)
    forget(redis_client, gone)
    web = process("line")
    heard = caller.on(web).press("1")
    assert "sorry" in heard.lower()
    assert "cancelled" not in heard
    number = caller.document.find("Dial/Number")
    assert number is not None
    assert number.text == PERSON
    known = web.calls.read(caller.sid)
    assert known is not None
    assert isinstance(known[1].state.stage, WithPerson)
    assert known[1].state.revision == current
    assert [entry["revision"] for entry in web.calls.trace(caller.sid)] == [gone, current]


def test_who_chose_to_wait_in_line_before_the_revision_went_notices_nothing(
    process: Callable[..., Services], publish: Callable[[str], str], redis_client: redis.Redis
) -> None:
    gone = publish(FLOW)
    web = process("line")
    caller = Caller(web)
    caller.dial()
    caller.press("0")
    caller.post("/voice/turn?turn=2&by=transfer", DialBridged="false", DialCallStatus="no-answer")
    before = web.calls.read(caller.sid)
    publish(THIRD)
    forget(redis_client, gone)
    assert before is not None
    assert not isinstance(before[1].state.stage, AtNode)
    heard = caller.on(process("line")).press("1")
    assert "sorry" not in heard.lower()
    after = web.calls.read(caller.sid)
    assert after is not None
    assert after[0] == before[0] + 1


def test_a_whisper_about_a_call_whose_revision_is_gone_is_spoken_all_the_same(
    process: Callable[..., Services], publish: Callable[[str], str], redis_client: redis.Redis
) -> None:
    gone = publish(FLOW)
    caller = Caller(process("line"))
    caller.dial()
    caller.press("0")
    publish(THIRD)
    forget(redis_client, gone)
    assert "1" in caller.on(process("line")).post(f"/agent/whisper?call={caller.sid}&person=")


def test_a_caller_whose_revision_is_gone_may_hang_up(
    process: Callable[..., Services], publish: Callable[[str], str], redis_client: redis.Redis
) -> None:
    gone = publish(FLOW)
    caller = Caller(process("line"))
    caller.dial()
    publish(THIRD)
    forget(redis_client, gone)
    web = process("line")
    caller.on(web).post("/voice/status", CallStatus="completed")
    assert [entry["to_stage"] for entry in web.calls.trace(caller.sid)] == ["AtNode", "Ended"]
