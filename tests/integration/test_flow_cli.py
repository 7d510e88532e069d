"""`ivr flow test` and `ivr flow shell`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli import app

FLOW = """\
zerohold: 1
name: shop
languages: [en, fa]
organisation: {en: the shop, fa: فروشگاه}
time_zone: Europe/London
country: GB
queue: shop
hours: {desk: {mon-sun: ["09:00-18:00"]}}
start: welcome
nodes:
  welcome:
    type: say
    prompt: {en: Welcome to the shop., fa: به فروشگاه خوش آمدید.}
    next: main
  main:
    type: menu
    prompt: {en: How can we help?, fa: چه کمکی می‌خواهید؟}
    choices:
      - key: "1"
        phrases: {en: [my order], fa: [سفارش]}
        label: {en: an order, fa: سفارش}
        to: find_order
      - key: "2"
        phrases: {en: [opening hours], fa: [ساعت کار]}
        label: {en: our opening hours, fa: ساعت کار}
        to: now
  find_order:
    type: lookup
    source: {type: csv, file: orders.csv}
    where: {number: '"1"'}
    save: {state: state}
    found: order
    not_found: bye
    failed: bye
  order:
    type: end
    prompt: {en: "Your order {state}.", fa: "سفارش شما {state}."}
    outcome: solved
  now:
    type: branch
    cases: [{when: 'open("desk")', to: bye}]
    otherwise: closed
  closed:
    type: end
    prompt: {en: We are closed., fa: تعطیل است.}
    outcome: unsolved
  bye:
    type: end
    prompt: {en: We are open. Goodbye., fa: خداحافظ.}
    outcome: solved
"""
TESTS = """\
flow: shop.yaml
conversations:
  - name: at noon
    at: "2026-03-02 12:00"
    steps:
      - presses: "1"
      - says: opening hours
      - expect: {outcome: solved}
  - name: at night, in Persian
    at: "2026-03-02 23:00"
    steps:
      - presses: "2"
      - says: ساعت کار
      - expect: {prompt: تعطیل است., language: fa}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text("number,state\n1,is packed\n")
    Path("shop.yaml").write_text(FLOW, encoding="utf-8")
    Path("shop.test.yaml").write_text(TESTS, encoding="utf-8")
    return tmp_path


def ivr(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["flow", *arguments], input=typed)


# ---------------------------------------------------------------- ivr flow test


@pytest.mark.parametrize("where", [[], ["."], ["shop.yaml"], ["shop.test.yaml"]])
def test_conversations_are_found_and_played(shop: Path, where: list[str]) -> None:
    result = ivr("test", *where)
    assert result.exit_code == 0, result.output
    assert "  ok      at night, in Persian" in result.output
    assert "2 conversations, all pass" in result.output
    assert "shop.yaml: 60 % covered (5 of 7 nodes, 4 of 8 exits)" in result.output
    assert "exit never taken:   find_order, not_found, to bye" in result.output


def test_a_failure_is_explained_and_is_exit_status_1(shop: Path) -> None:
    Path("shop.test.yaml").write_text(TESTS.replace("outcome: solved", 'prompt: "We are open. Good day."'))
    result = ivr("test")
    assert result.exit_code == 1
    assert "  FAILED  at noon" in result.output
    assert "- We are open. Good day." in result.output
    assert "+ We are open. Goodbye." in result.output
    assert "2 conversations, 1 failed" in result.output


def test_too_little_coverage_is_exit_status_1(shop: Path) -> None:
    assert ivr("test", "--min-coverage", "60").exit_code == 0
    result = ivr("test", "--min-coverage", "61")
    assert result.exit_code == 1
    assert "shop.yaml: 60.0 % covered; at least 61 % were asked for" in result.output


def test_conversations_are_chosen_by_a_part_of_their_name(shop: Path) -> None:
    result = ivr("test", "-k", "PERSIAN")
    assert result.exit_code == 0
    assert "1 conversation, all pass" in result.output
    assert "covered" not in result.output
    assert ivr("test", "-k", "nothing of the kind").exit_code == 2
    assert ivr("test", "-k", "noon", "--min-coverage", "5").exit_code == 2


def test_what_cannot_be_read_is_exit_status_2_and_the_rest_is_played(shop: Path) -> None:
    Path("broken.test.yaml").write_text("flow: shop.yaml\nconversations: [{name: x, steps: [{say: x}]}]\n")
    result = ivr("test")
    assert result.exit_code == 2
    assert "broken.test.yaml:2:" in result.output
    assert "  ok      at noon" in result.output
    nothing = ivr("test", "nowhere")
    assert nothing.exit_code == 2
    assert "all pass" not in nothing.output


def test_the_json_has_results_transcripts_coverage_and_problems(shop: Path) -> None:
    Path("shop.test.yaml").write_text(TESTS.replace("outcome: solved", 'prompt: "We are open. Good day."'))
    Path("broken.test.yaml").write_text("flow: [\nconversations:\n")
    document = json.loads(ivr("test", "--json").stdout)
    failed, passed = document["conversations"]
    assert (failed["passed"], failed["failure"]["step"], failed["failure"]["nearest"]) == (
        False,
        3,
        "We are open. Goodbye.",
    )
    assert passed["passed"]
    assert {"at": "2026-03-02T23:00:05+00:00", "who": "caller", "text": "presses 2"} in passed["transcript"]
    assert document["coverage"][0]["percent"] == 60.0
    assert document["problems"][0]["file"] == "broken.test.yaml"


# ---------------------------------------------------------------- ivr flow shell


def test_a_talk_shows_what_is_heard_and_what_can_be_done(shop: Path) -> None:
    result = ivr("shell", "shop.yaml", typed="1\n")
    assert result.exit_code == 0, result.output
    assert "  For English, press 1." in result.output
    assert "  How can we help?" in result.output
    assert "[main: press 1 2; say my order, one, opening hours, two]" in result.output


def test_the_shell_asks_what_a_lookup_finds_until_it_is_told(shop: Path) -> None:
    result = ivr(
        "shell", "shop.yaml", "--language", "en", typed='my order\nis packed\nfound\nfound state="is packed"\n'
    )
    assert (
        '? "find_order" looks something up. What is found: `found state=...`, `not_found` or `failed`?' in result.output
    )
    assert "! type `not_found`" in result.output
    assert '! "find_order" finds state: name each of them' in result.output
    assert "  Your order is packed." in result.output
    assert "[the call is over: solved]" in result.output


def test_a_talk_can_be_ended_where_a_lookup_waits_for_its_answer(shop: Path) -> None:
    typed = "my order\n.quit\nnot heard any more\n"
    result = ivr("shell", "shop.yaml", "--language", "en", "--save", "talk.test.yaml", typed=typed)
    assert result.exit_code == 0
    assert "!" not in result.output
    assert "not heard any more" not in result.output
    assert 'saved as "talk 1" in talk.test.yaml' in result.output
    assert ivr("test", "talk.test.yaml").exit_code == 0


def test_a_flow_that_begins_with_a_lookup_asks_before_anything_is_heard(shop: Path) -> None:
    Path("shop.yaml").write_text(FLOW.replace("start: welcome", "start: find_order").replace("[en, fa]", "[en]"))
    result = ivr("shell", "shop.yaml", "--save", "talk.test.yaml", typed="found\nfound state=late\n")
    assert result.output.count('? "find_order" looks something up.') == 2
    assert "  Your order late." in result.output
    assert ivr("test", "talk.test.yaml").exit_code == 0
    assert ivr("shell", "shop.yaml", typed="").exit_code == 0


def test_a_lookup_can_be_answered_beforehand(shop: Path) -> None:
    result = ivr("shell", "shop.yaml", "--language", "en", typed=".lookup found state='is late'\n1\n")
    assert "  Your order is late." in result.output
    assert "?" not in result.output.split("How can we help?")[1]


def test_language_time_and_speech_are_chosen_at_the_beginning(shop: Path) -> None:
    result = ivr(
        "shell", "shop.yaml", "--language", "fa", "--at", "2026-03-02 22:00", "--no-speech", typed="سفارش\n2\n"
    )
    assert "  به فروشگاه خوش آمدید." in result.output
    assert "! this caller cannot be heard here; press keys" in result.output
    assert "[main: press 1 2; speech is not heard]" in result.output
    assert "  تعطیل است." in result.output
    assert ivr("shell", "shop.yaml", "--language", "ar").exit_code == 2
    assert ivr("shell", "shop.yaml", "--at", "tonight").exit_code == 2


def test_mistakes_in_what_is_typed_are_told_and_the_talk_goes_on(shop: Path) -> None:
    result = ivr("shell", "shop.yaml", "--language", "en", typed=".bogus\n123\n.record 5\n.talks\n.help\n2\n1\n")
    for told in ("`.bogus` is no command", "only one key fits", "no message is recorded", "nobody is being rung"):
        assert told in result.output
    assert ".time +10m" in result.output
    assert "! the call is over" in result.output


def test_agents_come_and_go_and_the_state_can_be_seen(shop: Path) -> None:
    typed = "0\n2\n.agent desk\n.state\n.silence\n.misses\n.nobody\n.state\n.quit\n1\n"
    result = ivr("shell", "shop.yaml", "--language", "en", typed=typed)
    assert "[ringing desk: .talks or .misses]" in result.output
    assert "node main, WaitingInLine, en, 2026-01-05 10:00:15" in result.output
    assert "  free in shop: desk" in result.output
    assert "  free in shop: nobody" in result.output
    assert "> 1" not in result.output


def test_a_saved_talk_is_a_test_that_passes_at_once(shop: Path) -> None:
    typed = "1\n.time +1m\nmy order\nfound state=late\n"
    result = ivr("shell", "shop.yaml", "--save", "talk.test.yaml", typed=typed)
    assert 'saved as "talk 1" in talk.test.yaml' in result.output
    assert ivr("test", "talk.test.yaml").exit_code == 0
    written = Path("talk.test.yaml").read_text()
    assert "lookups: {find_order: [{found: {state: late}}]}" in written
    assert "- expect: {prompt: Your order late., node: order, outcome: solved}" in written


def test_a_talk_is_saved_behind_the_tests_that_are_there(shop: Path) -> None:
    Path("inside").mkdir()
    result = ivr("shell", "shop.yaml", typed="2\n.save shop.test.yaml\n.save inside/x.test.yaml\n.save talk.yaml\n")
    assert 'saved as "talk 1" in shop.test.yaml' in result.output
    assert "must be called NAME.test.yaml" in result.output
    assert Path("inside/x.test.yaml").read_text().startswith('flow: "../shop.yaml"\n')
    result = ivr("test", ".")
    assert result.exit_code == 0, result.output
    assert "4 conversations, all pass" in result.output


def test_a_flow_with_mistakes_is_refused_with_them(shop: Path) -> None:
    Path("shop.yaml").write_text("zerohold: 1\n")
    result = ivr("shell", "shop.yaml", typed="1\n")
    assert result.exit_code == 2
    assert "shop.yaml:1:1:" in result.output
