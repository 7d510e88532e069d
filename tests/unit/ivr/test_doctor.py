"""What `ivr doctor` says about voices."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from flows.model import Flow
from ivr.commands import doctor


def flow(*languages: str) -> Flow:
    return Flow.model_validate(
        {
            "zerohold": 1,
            "name": "mine",
            "languages": languages,
            "organisation": "the shop",
            "time_zone": "Asia/Tehran",
            "country": "IR",
            "queue": "shop",
            "start": "bye",
            "nodes": {"bye": {"type": "end", "prompt": "x", "outcome": "solved"}},
        }
    )


@pytest.fixture
def without_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)


@pytest.mark.usefixtures("without_voice")
def test_a_persian_flow_without_a_voice_is_a_problem_and_what_follows_is_said() -> None:
    finding = doctor._espeak(flow("fa", "en"), {"fa"})
    assert finding.state == "problem"
    assert "whoever calls in fa is put through to PERSON_NUMBER" in finding.detail
    assert "apt-get install espeak-ng" in finding.detail


@pytest.mark.usefixtures("without_voice")
def test_a_flow_that_the_carrier_can_speak_needs_no_voice_of_ours() -> None:
    assert doctor._espeak(flow("en", "ar"), {"fa"}).state == "warning"
    assert doctor._espeak(None, {"fa"}).state == "warning"


@pytest.mark.usefixtures("without_voice")
def test_a_language_that_was_given_to_our_own_voice_is_the_carriers_again_and_that_is_said() -> None:
    finding = doctor._espeak(flow("en", "ar"), {"en", "fa"})
    assert finding.state == "warning"
    assert "the carrier's voice speaks en in spite of OWN_VOICE_LANGUAGES" in finding.detail


def test_a_voice_that_is_there_speaks_persian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/espeak-ng")
    finding = doctor._espeak(flow("fa"), ())
    assert (finding.state, "the flow's prompts in fa" in finding.detail) == ("ok", True)


def test_a_voice_that_is_there_speaks_whatever_was_given_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/espeak-ng")
    assert "the flow's prompts in en and" in doctor._espeak(flow("en", "ar"), {"en"}).detail
