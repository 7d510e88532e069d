"""The list of a flow's prompts, held against what the engine says in conversations with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import actions
from flows.conversations import player
from flows.conversations.files import find_suites, load_suite
from flows.loader import load_flow, parse_flow
from flows.parts import LANGUAGES
from ivr.flow_prompts import FlowPrompt, prompts_of

EXAMPLES = Path(__file__).resolve().parents[3] / "flows" / "examples"
SUITES = find_suites([EXAMPLES])
FLOW = """
zerohold: 1
name: example
languages: [fa, en]
organisation: {fa: فروشگاه, en: the shop}
time_zone: Europe/London
country: GB
queue: shop
start: main
nodes:
  main:
    type: ask
    prompt: {fa: {audio: prompts/hello.wav, text: سلام}, en: "Hello {{you}}, {caller_number|ending}."}
    answer: {type: digits, min: 4, max: 4}
    save_as: number
    next: done
  done: {type: end, prompt: {fa: خدانگهدار., en: Goodbye.}, outcome: solved}
"""


def sounds_in(did: list[actions.Action]) -> Iterator[actions.Sound]:
    for action in did:
        match action:
            case actions.Say() | actions.Play():
                yield action
            case actions.Collect(prompts=prompts) | actions.Record(prompts=prompts):
                yield from prompts


def pattern_of(prompt: FlowPrompt) -> re.Pattern[str]:
    """A text with values, as it may be spoken; a field may hold braces in quotes."""
    fixed = re.split(r"\{(?:\"[^\"]*\"|'[^']*'|[^\"'{}])*\}", prompt.text)
    return re.compile(".*".join(map(re.escape, fixed)), re.DOTALL)


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_whatever_a_call_hears_is_in_the_list(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: set[actions.Sound] = set()
    for name in ("start", "advance"):
        engine = getattr(player, name)

        def listening(*arguments: object, engine: object = engine) -> object:
            state, did = engine(*arguments)  # type: ignore[operator]
            heard.update(sounds_in(did))
            return state, did

        monkeypatch.setattr(player, name, listening)
    suite = load_suite(path)
    for conversation in suite.conversations:
        player.play(suite.flow, conversation)
    listed = prompts_of(suite.flow)
    known = {(prompt.language, prompt.text) for prompt in listed if not prompt.has_values}
    with_values = [(prompt.language, pattern_of(prompt)) for prompt in listed if prompt.has_values]
    assert len(heard) > 20
    for sound in heard:
        fits = any(one == sound.language and words.fullmatch(sound.text) for one, words in with_values)
        assert (sound.language, sound.text) in known or fits, sound


def test_most_of_what_calls_hear_is_known_before_them() -> None:
    flow = load_flow(EXAMPLES / "clinic" / "clinic.yaml")
    for language in LANGUAGES:
        listed = prompts_of(flow, language)
        assert sum(prompt.has_values for prompt in listed) < len(listed) / 4
        assert {prompt.language for prompt in listed} == {language}


def test_a_prompt_is_told_with_its_place_its_recording_and_whether_it_has_values() -> None:
    flow = parse_flow(FLOW.encode(), "example.yaml")
    listed = prompts_of(flow)
    assert FlowPrompt("main", "prompt", "fa", "سلام", "prompts/hello.wav") in listed
    assert FlowPrompt("main", "prompt", "en", "Hello {{you}}, {caller_number|ending}.", "", True) in listed
    assert FlowPrompt("main", "digit_count", "en", "That should be 4 digits.") in listed
    assert FlowPrompt("", "organisation", "fa", "فروشگاه") in listed
    assert FlowPrompt("", "language", "en", "For English, press 2.") in listed
    assert len(listed) == len(set(listed))


def test_doubled_braces_are_said_as_one() -> None:
    flow = parse_flow(FLOW.replace(", {caller_number|ending}", "").encode(), "example.yaml")
    assert FlowPrompt("main", "prompt", "en", "Hello {you}.") in prompts_of(flow)
