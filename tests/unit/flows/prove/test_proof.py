"""The proof finds what is broken: in flows that are built wrong, and in an engine that is made wrong on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows import engine, events
from flows.engine import answering, node_questions, walk, way
from flows.engine.steps import Step
from flows.model import Flow
from flows.prove import Proof, prove
from flows.prove.as_test import conversation_of, decided_by
from flows.state import CallState, Confirming

HEAD = {
    "zerohold": 1,
    "name": "test",
    "languages": ["en"],
    "organisation": "the office",
    "time_zone": "Europe/London",
    "country": "GB",
    "queue": "desk",
    "start": "main",
}
GOODBYE = {"type": "end", "prompt": "Goodbye.", "outcome": "solved"}


def menu(*targets: str, prompt: str = "What now?") -> dict[str, Any]:
    choices = [
        {"key": str(index), "phrases": [f"phrase {target}"], "label": target, "to": target}
        for index, target in enumerate(targets, start=1)
    ]
    return {"type": "menu", "prompt": prompt, "choices": choices}


def flow_of(nodes: dict[str, Any], **more: Any) -> Flow:
    return Flow.model_validate({**HEAD, "nodes": nodes, **more})


GOOD = flow_of({"main": menu("main", "bye"), "bye": GOODBYE})


def failed(proof: Proof) -> set[str]:
    return {failure.promise for failure in proof.failures}


def test_a_plain_menu_keeps_every_promise() -> None:
    proof = prove(GOOD)
    assert proof.holds
    assert proof.states > 20
    assert proof.seconds_to_exit > 1


def test_a_menu_that_leads_to_itself_alone_is_a_dead_end() -> None:
    proof = prove(flow_of({"main": menu("main", "more"), "more": menu("main")}))
    assert failed(proof) == {"no-dead-end"}


def test_branches_that_go_round_without_the_caller_are_an_endless_loop() -> None:
    branch = {"type": "branch", "cases": [{"when": "speech", "to": "set"}], "otherwise": "bye"}
    proof = prove(flow_of({"main": branch, "set": {"type": "set", "values": {"a": 1}, "next": "main"}, "bye": GOODBYE}))
    assert "no-endless-loop" in failed(proof)


def test_a_lookup_that_asks_itself_again_is_an_endless_loop() -> None:
    lookup = {
        "type": "lookup",
        "source": {"type": "csv", "file": "a.csv"},
        "where": {"a": "1"},
        "found": "bye",
        "not_found": "bye",
        "failed": "main",
    }
    proof = prove(flow_of({"main": lookup, "bye": GOODBYE}))
    assert "no-endless-loop" in failed(proof)


def test_a_minute_of_sentences_before_the_exit_is_too_long() -> None:
    nodes: dict[str, Any] = {
        name: {"type": "say", "prompt": "And then some more words about it. " * 6, "next": following}
        for name, following in (("main", "b"), ("b", "c"), ("c", "d"), ("d", "ask"))
    }
    proof = prove(flow_of({**nodes, "ask": menu("bye"), "bye": GOODBYE}))
    assert failed(proof) == {"exit-offered-soon"}
    assert proof.slowest_node == "ask"


def test_a_node_that_does_not_exist_makes_the_engine_fail() -> None:
    proof = prove(flow_of({"main": menu("nowhere", "bye"), "bye": GOODBYE}))
    assert "no-fault" in failed(proof)


def test_a_subflow_is_proved_at_each_of_its_calls() -> None:
    call = {"type": "subflow", "subflow": "ask", "exits": {"done": "bye"}}
    inner = {
        "ask": {"exits": ["done"], "start": "q", "nodes": {"q": menu("r"), "r": {"type": "return", "exit": "done"}}}
    }
    good = prove(flow_of({"main": menu("one", "two"), "one": call, "two": call, "bye": GOODBYE}, subflows=inner))
    assert good.holds
    loop = {**call, "exits": {"done": "two"}}
    bad = prove(flow_of({"main": menu("one"), "one": call, "two": loop, "bye": GOODBYE}, subflows=inner))
    assert bad.holds  # nobody calls "two"


def test_an_engine_that_drops_zero_while_it_reads_back_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(flow: Flow, state: CallState, word: str) -> Step:
        if isinstance(state.stage, Confirming):
            return answering.listen(flow, state)
        return universal(flow, state, word)

    universal = answering.universal
    monkeypatch.setattr(answering, "universal", deaf)
    proof = prove(GOOD)
    assert failed(proof) == {"person-one-key-away"}
    call = proof.failures[0].call
    assert isinstance(call[-1].event, events.KeysPressed)
    assert call[-1].event.keys == "0"
    assert isinstance(call[-2].event, events.Heard)


def test_an_engine_that_falls_silent_when_nobody_is_free_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(flow: Flow, state: CallState, event: events.Event) -> Step:
        return (state, []) if isinstance(event, events.NobodyFree) else advance(flow, state, event)

    advance = way.advance
    monkeypatch.setattr(engine.way, "advance", silent)
    assert "no-dead-end" in failed(prove(GOOD))


def test_an_engine_that_takes_a_choice_by_voice_alone_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def voice_only(flow: Flow, state: CallState, question: Any, keys: str, by_voice: Any) -> Step:
        if keys == "2" and by_voice is None and not isinstance(state.stage, Confirming):
            return answering.missed(flow, state, "no_match", question)
        return answer(flow, state, question, keys, by_voice)

    answer = answering.answer
    monkeypatch.setattr(engine, "answer", voice_only)
    proof = prove(flow_of({"main": menu("bye", "more"), "more": menu("bye"), "bye": GOODBYE}))
    assert "keypad-alone" in failed(proof)


def test_an_engine_that_raises_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("out of order")

    monkeypatch.setattr(node_questions, "_menu", broken)
    monkeypatch.setattr(walk, "listen", lambda _flow, state: (state, []))
    assert "no-dead-end" in failed(prove(GOOD))


def test_a_failure_is_the_shortest_call_as_a_conversation() -> None:
    lookup = {
        "type": "lookup",
        "source": {"type": "csv", "file": "a.csv"},
        "where": {"a": "1"},
        "found": "bye",
        "not_found": "stuck",
        "failed": "bye",
    }
    flow = flow_of({"main": menu("find", "bye"), "find": lookup, "stuck": menu("stuck"), "bye": GOODBYE})
    failure = prove(flow).failures[0]
    conversation = conversation_of(flow, failure)
    assert failure.promise == "no-dead-end"
    assert [step.model_dump(exclude_none=True) for step in conversation.steps] == [
        {"presses": "1"},
        {"expect": {"node": "stuck"}},
    ]
    assert conversation.lookups == {"find": ("not_found",)}


def test_what_must_hold_on_the_way_is_said_in_words() -> None:
    branch = {"type": "branch", "cases": [{"when": "speech", "to": "stuck"}], "otherwise": "bye"}
    flow = flow_of({"main": branch, "stuck": menu("stuck"), "bye": GOODBYE})
    failure = prove(flow).failures[0]
    assert decided_by(flow, failure) == ["at main: `speech` is true"]


def test_every_example_is_proved_and_walked_through_in_a_file_of_its_own() -> None:
    here, examples = Path(__file__).parent, Path(__file__).resolve().parents[4] / "flows" / "examples"
    names = {path.stem for path in examples.rglob("*.yaml") if not path.name.endswith(".test.yaml")}
    assert {path.name for path in here.glob("test_*_walks.py")} == {f"test_{name}_walks.py" for name in names}
