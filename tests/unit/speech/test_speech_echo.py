"""How loud a caller must be while a prompt plays."""

from __future__ import annotations

import pytest

from speech.echo import DEFAULT_ECHO_RULES, EchoGate, EchoRules, prompt_ms

RULES = EchoRules(loudest_dbfs=-24.0, margin_db=4.0, known_after_ms=800, window_ms=3000)


def test_on_an_unknown_line_the_loudest_echo_is_expected() -> None:
    gate = EchoGate(RULES)
    assert gate.threshold_dbfs == -24.0
    gate.learn([-60.0] * 39)
    assert gate.threshold_dbfs == -24.0


def test_a_line_without_echo_lets_a_quiet_caller_through() -> None:
    gate = EchoGate(RULES)
    gate.learn([-70.0] * 100)
    assert gate.threshold_dbfs == -66.0


def test_the_gate_is_a_margin_above_the_loud_parts_of_the_echo() -> None:
    gate = EchoGate(RULES)
    gate.learn([-60.0] * 50 + [-40.0] * 50)
    assert gate.threshold_dbfs == -36.0


def test_a_caller_who_was_taken_for_echo_closes_the_gate_no_further_than_any_echo() -> None:
    gate = EchoGate(RULES)
    gate.learn([-15.0] * 100)
    assert gate.threshold_dbfs == -24.0


def test_what_came_back_long_ago_is_forgotten() -> None:
    gate = EchoGate(RULES)
    gate.learn([-30.0] * 150)
    assert gate.threshold_dbfs == pytest.approx(-26.0)
    gate.learn([-50.0] * 150)
    assert gate.threshold_dbfs == pytest.approx(-46.0)


def test_how_long_a_prompt_may_play_is_told_by_its_texts() -> None:
    begins_ms = DEFAULT_ECHO_RULES.begins_within_ms
    assert prompt_ms("en", []) == 0
    assert prompt_ms("en", [""]) == 0
    assert prompt_ms("en-GB", ["Say yes.", "Or no."]) == 14 * 88 + begins_ms
    assert prompt_ms("ar", ["نعم"]) == 3 * 127 + begins_ms
    assert prompt_ms("de", ["Ja 42"]) == 3 * 110 + 2 * 350 + begins_ms
