"""What an operator reads before publishing: every change that callers notice, once, and nothing else."""

from __future__ import annotations

import pytest

from flows.diff import sentences, unified
from flows.loader import read_document
from flows.model import Flow

FLOW = """\
zerohold: 1
name: line
languages: [en, fa]
organisation: {en: the shop, fa: فروشگاه}
time_zone: Europe/London
country: GB
queue: shop
start: main
nodes:
  main:
    type: menu
    prompt: {en: How can we help?, fa: چه کمکی؟}
    no_input:
      - {en: Are you there?, fa: هستید؟}
      - {en: Still there?, fa: هنوز هستید؟}
    choices:
      - key: "1"
        phrases: {en: [order], fa: [سفارش]}
        label: {en: an order, fa: سفارش}
        to: order
      - key: "2"
        phrases: {en: [hours, times], fa: [ساعت]}
        label: {en: opening hours, fa: ساعت کار}
        to: hours
  order:
    type: ask
    prompt: {en: Which order?, fa: کدام سفارش؟}
    answer: {type: digits, min: 4, max: 4}
    save_as: number
    next: way
  way:
    type: branch
    cases:
      - {when: number == "1111", to: hours}
      - {when: number == "2222", to: bye}
    otherwise: look
  look:
    type: lookup
    source: {type: csv, file: orders.csv}
    where: {number: number}
    save: {state: state}
    found: part
    not_found: bye
    failed: bye
  part:
    type: subflow
    subflow: thanks
    exits: {done: bye}
  hours:
    type: say
    prompt: {en: Nine to six., fa: نه تا شش.}
    next: bye
  bye:
    type: end
    prompt: {en: Goodbye., fa: خدانگهدار.}
    outcome: solved
subflows:
  thanks:
    exits: [done]
    start: say_it
    nodes:
      say_it:
        type: say
        prompt: {en: Thanks., fa: ممنون.}
        next: back
      back:
        type: return
        exit: done
"""


def flow_of(text: str) -> Flow:
    return read_document(text.encode(), "line.yaml").flow


def changed(*edits: tuple[str, str]) -> list[str]:
    after = FLOW
    for old, new in edits:
        assert after.count(old) == 1, f"{old!r} is there {after.count(old)} times"
        after = after.replace(old, new)
    return sentences(flow_of(FLOW), flow_of(after))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("start: main", "start: hours", "Calls begin at hours instead of main."),
        ("queue: shop", "queue: desk", 'the flow: queue is now "desk"; it was "shop".'),
        ("name: line", "name: other", "The flow is called other instead of line."),
        ("country: GB", "country: GB\nclocks: {no_input_s: 9}", "the flow: clocks.no_input_s is now 9; it was 6."),
        (
            "country: GB",
            "country: GB\nphrases: {help: {en: [what], fa: [چه]}}",
            'the flow: the phrase for help in English "what" is new.',
        ),
        (
            "en: How can we help?",
            "en: What is it?",
            'main: the prompt in English is now "What is it?"; it was "How can we help?".',
        ),
        (
            "هنوز هستید؟",
            "الو؟",
            'main: the prompt after silence (2) in Persian is now "الو؟"; it was "هنوز هستید؟".',
        ),
        (
            "en: Nine to six.",
            "en: {audio: h.wav, text: Nine to six.}",
            'hours: the recording of the prompt in English is now "h.wav".',
        ),
        ("to: order\n", "to: hours\n", "main: key 1 leads to hours instead of order."),
        ('"1111", to: hours', '"1111", to: bye', 'way: case `number == "1111"` leads to bye instead of hours.'),
        ("otherwise: look", "otherwise: bye", "way: otherwise leads to bye instead of look."),
        ("found: part\n    not", "found: bye\n    not", "look: found leads to bye instead of part."),
        ("    failed: bye\n", "", "look: failed is gone; it led to bye."),
        ("{done: bye}", "{done: hours}", "part: exit done leads to hours instead of bye."),
        ("next: way", "next: bye", "order: it leads to bye instead of way."),
        ("min: 4", "min: 3", "order: answer.min is now 3; it was 4."),
        ("[hours, times]", "[times, hours]", 'main: key 2: the phrase in English "times" comes first now.'),
        ("[hours, times]", "[hours]", 'main: key 2: the phrase in English "times" is gone.'),
        (
            "en: opening hours",
            "en: our hours",
            'main: key 2: the label in English is now "our hours"; it was "opening hours".',
        ),
        ("  bye:\n", "  end:\n    type: transfer\n  bye:\n", "The node end (transfer) is new."),
        (
            "en: Thanks.",
            "en: Thank you.",
            'thanks.say_it: the prompt in English is now "Thank you."; it was "Thanks.".',
        ),
        (
            "exits: [done]",
            "exits: [done, failed]",
            "The subflow thanks has the new exit failed.",
        ),
    ],
    ids=lambda value: value[:30].replace("\n", " "),
)
def test_each_kind_of_change_is_one_sentence(old: str, new: str, sentence: str) -> None:
    said = changed((old, new))
    assert sentence in said
    # A new phrase list comes in both languages; everything else is said once.
    assert len(said) == (2 if "phrase for help" in sentence else 1), said


def test_comments_layout_and_the_order_of_nodes_are_no_change() -> None:
    hours = FLOW[FLOW.index("  hours:\n") : FLOW.index("  bye:\n")]
    after = "# a comment\n" + FLOW.replace(hours, "").replace("  main:\n", hours + "  main:\n")
    assert sentences(flow_of(FLOW), flow_of(after)) == []
    assert unified(FLOW, after, "a", "b")


def test_a_choice_that_moves_to_another_key_is_a_new_one_and_a_lost_one() -> None:
    said = changed(('key: "2"', 'key: "3"'))
    assert said == [
        'main: key 3 ("opening hours") is new and leads to hours.',
        'main: key 2 ("opening hours") is gone.',
    ]


def test_the_order_of_cases_matters_and_is_said() -> None:
    first, second = '      - {when: number == "1111", to: hours}\n', '      - {when: number == "2222", to: bye}\n'
    assert changed((first + second, second + first)) == [
        'way: the cases come in another order: case `number == "2222"`, case `number == "1111"`.'
    ]


def test_a_renamed_node_is_one_sentence_though_its_neighbours_name_it() -> None:
    after = FLOW.replace("to: hours", "to: times").replace("  hours:\n", "  times:\n")
    assert sentences(flow_of(FLOW), flow_of(after)) == ["The node hours is called times now."]


def test_a_plain_text_and_the_same_text_in_the_first_language_are_the_same() -> None:
    plain = FLOW.replace("prompt: {en: Nine to six., fa: نه تا شش.}", "prompt: Nine to six.")
    named = FLOW.replace("prompt: {en: Nine to six., fa: نه تا شش.}", "prompt: {en: Nine to six.}")
    assert sentences(flow_of(plain), flow_of(named)) == []


def test_a_node_of_another_type_is_one_sentence() -> None:
    hours = FLOW[FLOW.index("  hours:\n") : FLOW.index("  bye:\n")]
    assert changed((hours, "  hours:\n    type: transfer\n")) == [
        "The node hours is of the type transfer instead of say."
    ]


QUEUES = """\
queues:
  shop:
    calling_hours: "10:00-18:00"
    retries: {busy: [5]}
    dispositions:
      "1": {code: fixed, label: fixed}
      "2": {code: again, label: to be called again, again_minutes: 60}
    priorities:
      - {name: gold, when: "language == 'fa'", head_start_minutes: 5}
      - {name: old, when: not speech, head_start_minutes: 9}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"10:00-18:00"', '"10:00-19:00"', 'calling_hours is now "10:00-19:00"; it was "10:00-18:00".'),
        ('    calling_hours: "10:00-18:00"\n', "", 'calling_hours is now "09:00-20:00"; it was "10:00-18:00".'),
        ("busy: [5]", "busy: [5, 9]", "retries.busy is now [5, 9]; it was [5]."),
        ("busy: [5]", "busy: [5], failed: [1]", "retries.failed is now [1]; it was [5, 30]."),
        (
            "label: fixed",
            "label: repaired",
            'disposition 1 is now {"code": "fixed", "label": "repaired"}; it was {"code": "fixed", "label": "fixed"}.',
        ),
        (
            '      "1": {code: fixed, label: fixed}\n',
            "",
            'disposition 1 is gone; it was {"code": "fixed", "label": "fixed"}.',
        ),
        (
            "head_start_minutes: 9",
            "head_start_minutes: 8",
            'priority old is now {"when": "not speech", "head_start_minutes": 8}; '
            'it was {"when": "not speech", "head_start_minutes": 9}.',
        ),
    ],
)
def test_a_change_to_a_queue_is_one_sentence_by_what_counts(old: str, new: str, said: str) -> None:
    assert QUEUES.replace(old, new) != QUEUES
    changes = sentences(flow_of(QUEUES + FLOW), flow_of(QUEUES.replace(old, new) + FLOW))
    assert changes == [f"the queue shop: {said}"]


def test_the_order_of_priorities_matters_and_is_said() -> None:
    lines = QUEUES.splitlines(keepends=True)
    turned = "".join([*lines[:-2], lines[-1], lines[-2]])
    assert sentences(flow_of(QUEUES + FLOW), flow_of(turned + FLOW)) == [
        "the queue shop: the priorities come in another order: old, gold."
    ]


def test_a_queue_that_is_listed_with_the_defaults_is_no_change() -> None:
    listed = FLOW + "queues: {shop: {most_dials: 5}, other: {}}\nfresh_hours: 24\n"
    assert sentences(flow_of(FLOW), flow_of(listed)) == []
    assert sentences(flow_of(listed), flow_of(listed.replace("fresh_hours: 24", "fresh_hours: 0"))) == [
        "the flow: fresh_hours is now 0; it was 24."
    ]


def test_the_lines_that_differ_are_written_as_diff_does() -> None:
    assert unified("a\nb\n", "a\nc\n", "old", "new") == ["--- old", "+++ new", "@@ -1,2 +1,2 @@", " a", "-b", "+c"]
