"""Webhooks signed as the carrier signs them, and the few words that the tests have for documents."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from ivr.settings import Settings

TOKEN = "0123456789abcdef0123456789abcdef"
PUBLIC_URL = "http://127.0.0.1:8080"
CALLER, OFFICE, PERSON = "+442079460123", "+442079460000", "+442079460999"
SID = "CA" + "1" * 32
# In the head of a flow: its customers may be rung at any hour, so that a test may run at any.
RINGS_AT_ANY_HOUR = 'queues: {shop: {calling_hours: "00:00-24:00"}}'
HEARS_ENGLISH = '{"languages": ["en"]}'


def settings_for(redis_url: str, **changes: Any) -> Settings:
    """An installation's settings; its carrier cannot be reached."""
    values: dict[str, Any] = {
        "twilio_account_sid": "AC" + "0" * 32,
        "twilio_auth_token": TOKEN,
        "twilio_api_url": "http://127.0.0.1:1",
        "caller_id_number": OFFICE,
        "person_number": PERSON,
        "public_url": PUBLIC_URL,
        "redis_url": redis_url,
        **changes,
    }
    return Settings(_env_file=None, **values)


def write_flow(
    folder: Path, nodes: str, *, languages: str = "[en]", organisation: str = "the corner shop", head: str = ""
) -> Path:
    """A flow file with these nodes; the first one is called `first`."""
    path = folder / "flow.yaml"
    path.write_text(
        f"zerohold: 1\nname: tested\nlanguages: {languages}\norganisation: {organisation}\n"
        f"time_zone: Europe/London\ncountry: GB\nqueue: shop\nstart: first\n{head}\nnodes:\n{nodes}"
    )
    return path


class SignedClient:
    """Posts forms as the carrier does."""

    def __init__(self, client: FlaskClient) -> None:
        self.web = client

    def post(self, url: str, *, sign: bool = True, headers: dict[str, str] | None = None, **form: str) -> TestResponse:
        url = url if url.startswith("http") else PUBLIC_URL + url
        form = {"CallSid": SID, "From": CALLER, "To": OFFICE, "CallStatus": "in-progress", "FromCity": "", **form}
        signature = RequestValidator(TOKEN).compute_signature(url, form) if sign else "bm90IGEgc2lnbmF0dXJl"
        parts = urlsplit(url)
        return self.web.post(
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            data=form,
            headers={"X-Twilio-Signature": signature, **(headers or {})},
        )

    def get(self, url: str) -> TestResponse:
        """Fetch a sound as the carrier does: anonymously."""
        return self.web.get(urlsplit(url).path)

    def begin(self, **form: str) -> TestResponse:
        return self.post("/voice/incoming", **form)

    def press(self, document: TestResponse, keys: str, **form: str) -> TestResponse:
        return self.post(action(document), Digits=keys, **form)


# What a document of a call may end in; an empty one joins two legs, or says thank you to a status webhook. So does the
# one that is heard at a plain number, once it was heard.
LAST_VERBS = ("Redirect", "Hangup", "Dial", "Enqueue")
JOINS = "/agent/number-whisper"


def tree(response: TestResponse) -> ET.Element:
    assert response.status_code == 200, response.data
    document = ET.fromstring(response.data)
    assert not len(document) or document[-1].tag in LAST_VERBS or response.request.path == JOINS, response.data
    return document


def spoken(response: TestResponse) -> str:
    return " ".join(element.text or "" for element in tree(response).iter("Say"))


def played(response: TestResponse) -> list[str]:
    return [element.text or "" for element in tree(response).iter("Play")]


def action(response: TestResponse) -> str:
    """Where the keys go."""
    gather = tree(response).find("Gather")
    assert gather is not None, response.data
    return gather.attrib["action"]


def silence(response: TestResponse) -> str:
    """Where silence goes."""
    redirect = tree(response).find("Redirect")
    assert redirect is not None, response.data
    assert redirect.text
    return redirect.text
