"""What may be said of a queue, and what counts where nothing is said."""

from __future__ import annotations

import pytest

from flows.loader import parse_flow
from flows.model import Flow
from flows.problems import FlowError
from flows.queues import Queue, minutes_of

FLOW = """\
zerohold: 1
name: line
languages: [en]
organisation: the shop
time_zone: Europe/London
country: GB
queue: shop
hours:
  shop: {mon-fri: ["09:00-17:00"]}
  late: {mon-fri: ["12:00-20:00"]}
start: main
nodes:
  main: {type: transfer}
"""
# Every word, each with another value than its default.
WHOLE = """\
fresh_hours: 0
queues:
  repairs:
    hours: late
    dial: customer_first
    windows: {minutes: 120, notice_minutes: 0, days_ahead: 7, share_percent: 100}
    most_promises: 20
    most_wait_minutes: 90
    calling_hours: "10:00-18:30"
    retries: {busy: [1], no_answer: [2, 3], machine: [], failed: [4]}
    most_dials: 3
    expires_hours: 24
    preferred_agent_minutes: 0
    overflow: [shop]
    assumed_talk_minutes: 8
    last_message: false
    dispositions:
      1: {code: fixed, label: fixed}
      "2": {code: parts, label: waiting for parts, again_minutes: 1440}
      "9": {code: dropped, label: dropped, rescue: true}
    priorities:
      - {name: emergency, when: "default(urgent, false)", head_start_minutes: 30}
    numbers: {countries: [GB, IE], allow: ["+4420"], deny: ["+44871"]}
    quotas: {per_caller: 2, per_number: 1}
  shop: {}
"""


def flow_of(queues: str) -> Flow:
    return parse_flow((queues + FLOW).encode(), "flow.yaml")


def problems_of(queue: str) -> list[str]:
    with pytest.raises(FlowError) as caught:
        flow_of(f"queues:\n  shop: {queue}\n")
    return [problem.message for problem in caught.value.problems]


def test_every_word_of_a_queue_is_read() -> None:
    flow = flow_of(WHOLE)
    queue = flow.queues["repairs"]
    assert queue.model_fields_set == set(Queue.model_fields), "the example is to have every word"
    default = Queue()
    assert [word for word in Queue.model_fields if getattr(queue, word) == getattr(default, word)] == []
    assert flow.fresh_hours == 0
    assert queue.retries.no_answer == (2, 3)
    assert queue.dispositions["2"].again_minutes == 1440
    assert minutes_of(queue.calling_hours) == (600, 1110)


def test_a_flow_that_was_written_out_and_read_again_has_the_same_queues() -> None:
    flow = flow_of(WHOLE)
    assert Flow.model_validate_json(flow.model_dump_json(exclude={"revision"})).queues == flow.queues


def test_a_queue_that_is_not_listed_has_the_defaults() -> None:
    assert flow_of("").queue_of("shop") == Queue()
    assert flow_of(WHOLE).queue_of("elsewhere") == Queue()
    assert flow_of(WHOLE).queue_of("repairs").most_dials == 3
    assert flow_of("").fresh_hours == 24


def test_the_people_of_a_queue_are_there_in_its_hours_else_when_the_flow_is_staffed_else_always() -> None:
    flow = flow_of("staffed: shop\n" + WHOLE)
    assert flow.hours_of_queue("repairs") == flow.hours["late"]
    assert flow.hours_of_queue("shop") == flow.hours["shop"]
    assert flow.hours_of_queue("elsewhere") == flow.hours["shop"]
    assert flow_of(WHOLE).hours_of_queue("shop") is None


@pytest.mark.parametrize(
    ("queue", "message"),
    [
        ("{most_dial: 3}", "queues.shop.most_dial: is not a word of the flow language here (did you mean most_dials?"),
        ("{dial: customer}", 'queues.shop.dial: is "customer" (did you mean customer_first?'),
        ("{most_dials: 0}", "queues.shop.most_dials: must be greater than or equal to 1"),
        ("{most_promises: -1}", "queues.shop.most_promises: must be greater than or equal to 1"),
        ("{expires_hours: 1000}", "queues.shop.expires_hours: must be less than or equal to 720"),
        ("{windows: {minutes: 5}}", "queues.shop.windows.minutes: must be greater than or equal to 15"),
        ("{windows: {share_percent: 101}}", "queues.shop.windows.share_percent: must be less than or equal to 100"),
        ("{retries: {busy: 5}}", "queues.shop.retries.busy: must be a list"),
        ("{retries: {busy: [soon]}}", "queues.shop.retries.busy.0: must be a whole number"),
        ("{retries: {busy: [0]}}", "queues.shop.retries.busy.0: must be greater than or equal to 1"),
        (f"{{retries: {{busy: {[1] * 11}}}}}", "queues.shop.retries.busy: must have at most 10 entries, not 11"),
        ("{calling_hours: '9-17'}", 'queues.shop.calling_hours: "9-17" are no calling hours; write two times such as'),
        ("{calling_hours: '20:00-09:00'}", '"20:00-09:00" end before they begin; nobody is called across midnight'),
        ("{calling_hours: '09:00-09:00'}", '"09:00-09:00" end before they begin'),
        ("{calling_hours: 9}", 'queues.shop.calling_hours: must be text: put it in quotes, "9"'),
        ("{dispositions: {}}", "queues.shop.dispositions: must have at least 1 entry, not 0"),
        ("{dispositions: {'0': {code: a, label: b}}}", 'dispositions.0: "0" is no key for an agent to press'),
        ("{dispositions: {'12': {code: a, label: b}}}", 'dispositions.12: "12" is no key for an agent to press'),
        ("{dispositions: {'1': {label: b}}}", "queues.shop.dispositions.1.code: is missing"),
        ("{dispositions: {'1': {code: a}}}", "queues.shop.dispositions.1.label: is missing"),
        (
            "{dispositions: {'1': {code: a, label: b, machine: true, again_minutes: 60}}}",
            "dispositions.1: `again_minutes` and `machine` each say when the customer is called again; keep one",
        ),
        (
            "{dispositions: {'1': {code: a, label: b, machine: true, rescue: true}}}",
            "dispositions.1: `rescue` and `machine` each say when the customer is called again; keep one",
        ),
        ("{priorities: [{name: a, when: speech}]}", "priorities.0.head_start_minutes: is missing"),
        ("{priorities: [{name: a, when: speech, head_start_minutes: 0}]}", "must be greater than or equal to 1"),
        ("{numbers: {countries: []}}", "numbers.countries: must have at least 1 entry, not 0"),
        ("{numbers: {countries: [Ireland]}}", "must be a country's two capital letters"),
        ("{numbers: {deny: ['0044']}}", "numbers.deny.0: must be the beginning of an international telephone number"),
        ("{numbers: {deny: [+44]}}", 'numbers.deny.0: must be text: put it in quotes, "+44"'),
        ("{quotas: {per_number: 0}}", "queues.shop.quotas.per_number: must be greater than or equal to 1"),
        ("[]", "queues.shop: must be a mapping"),
    ],
)
def test_a_mistake_about_a_queue_is_one_problem_in_plain_words(queue: str, message: str) -> None:
    problems = problems_of(queue)
    assert len(problems) == 1, problems
    assert message in problems[0]


def test_a_queue_without_any_word_is_written_with_braces() -> None:
    with pytest.raises(FlowError, match="is empty"):
        flow_of("queues:\n  shop:\n")
    assert flow_of("queues:\n  shop: {}\n").queues == {"shop": Queue()}
