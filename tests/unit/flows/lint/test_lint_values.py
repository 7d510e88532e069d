"""Which values are set where, through branches, loops and subflows."""

from __future__ import annotations

from flows.lint.values import known_before
from tests.unit.flows.lint.reading import document_of, messages

RULE = "variable-before-set"
ASK = "type: ask, prompt: Your number?, answer: {type: digits, min: 4, max: 4}"
LOOK = "source: {type: csv, file: a.csv}, where: {a: card}"
SUBFLOW = """
subflows:
  identify:
    parameters: [tries_allowed]
    exits: [known, unknown]
    start: is_known
    nodes:
      is_known: {{type: branch, cases: [{{when: known(patient), to: yes_known}}], otherwise: number}}
      number: {{{ask}, save_as: number, next: find}}
      find:
        type: lookup
        source: {{type: csv, file: patients.csv}}
        where: {{number: number}}
        save: {{patient: name, booked_day: day}}
        found: yes_known
        not_found: not_known
        failed: not_known
      yes_known: {{type: return, exit: known}}
      not_known: {{type: return, exit: unknown}}
nodes:
  main: {{type: subflow, subflow: identify, parameters: {{tries_allowed: 2}}, exits: {{known: told, unknown: sorry}}}}
  told: {{type: say, prompt: "{told}", next: goodbye}}
  sorry: {{type: say, prompt: "{sorry}", next: goodbye}}
"""


def subflow(told: str = "Hello.", sorry: str = "Sorry.") -> str:
    return SUBFLOW.format(ask=ASK, told=told, sorry=sorry)


def test_a_value_of_a_subflow_is_set_after_the_exit_that_needs_it() -> None:
    assert messages(subflow(told="{patient}"), RULE) == []


def test_what_is_known_together_with_a_value_is_known_too() -> None:
    assert messages(subflow(told="{booked_day}"), RULE) == []


def test_after_the_other_exit_of_a_subflow_it_may_be_missing() -> None:
    assert [text.split(":")[0] for text in messages(subflow(sorry="{patient}"), RULE)] == ["error"]


def test_a_value_that_is_asked_for_on_some_ways_only_is_a_warning() -> None:
    assert [text.split(":")[0] for text in messages(subflow(told="{number}"), RULE)] == ["warning"]


def test_parameters_are_set_inside_of_their_subflow_and_nowhere_else() -> None:
    document = document_of(subflow())
    before = known_before(document)
    assert "tries_allowed" in before["identify.number"].surely
    assert "tries_allowed" not in before["told"].maybe
    assert [text[:7] for text in messages(subflow(told="{tries_allowed}"), RULE)] == ["error: "]


def test_a_sensitive_value_is_gone_after_the_next_question_even_inside_of_a_subflow() -> None:
    fragment = f"""
subflows:
  other:
    exits: [done]
    start: ask
    nodes:
      ask: {{{ASK}, save_as: other, next: back}}
      back: {{type: return, exit: done}}
nodes:
  main: {{{ASK}, save_as: card, sensitive: true, next: first}}
  first: {{type: lookup, {LOOK}, found: call, not_found: call, failed: call}}
  call: {{type: subflow, subflow: other, exits: {{done: second}}}}
  second: {{type: lookup, {LOOK}, found: goodbye, not_found: goodbye, failed: goodbye}}
"""
    assert messages(fragment, RULE) == [
        'error: the value "card" is sensitive and gone by now: nothing may be asked in between'
    ]


def test_a_loop_that_sets_a_value_at_its_end_has_not_set_it_at_its_beginning() -> None:
    fragment = f"""
nodes:
  main: {{type: say, prompt: "Tries {{tries}}.", next: ask}}
  ask: {{{ASK}, save_as: order, next: count}}
  count: {{type: set, values: {{tries: 1}}, next: again}}
  again: {{type: branch, cases: [{{when: tries > 3, to: goodbye}}], otherwise: main}}
"""
    assert [text.split(":")[0] for text in messages(fragment, RULE)] == ["warning"]


def test_conditions_tell_what_is_known_behind_them() -> None:
    fragment = f"""
nodes:
  main:
    type: menu
    prompt: Which?
    choices:
      - {{key: "1", phrases: [first], label: one, to: ask}}
      - {{key: "2", phrases: [other], label: two, to: test}}
  ask: {{{ASK}, save_as: order, next: test}}
  test: {{type: branch, cases: [{{when: not known(order) or language == "fa", to: goodbye}}], otherwise: told}}
  told: {{type: say, prompt: "{{order|digits}}", next: goodbye}}
"""
    assert messages(fragment, RULE) == []
    assert len(messages(fragment.replace("not known(order) or", "not known(order) and"), RULE)) == 1


def test_the_slots_of_an_intent_are_set_behind_that_intent_alone() -> None:
    fragment = """
nodes:
  main:
    type: open_question
    prompt: What is it?
    intents:
      book:
        key: "1"
        label: a table
        examples: ["a table for {people}"]
        slots: {people: {answer: {type: number, min: 1, max: 9}, prompt: How many?}}
        to: booked
      ask: {key: "2", label: a question, examples: [a question], to: asked}
  booked: {type: say, prompt: "{people}", next: goodbye}
  asked: {type: say, prompt: "{people}", next: goodbye}
"""
    assert [text.split(":")[0] for text in messages(fragment, RULE)] == ["error"]


def test_subflows_that_call_each_other_do_not_keep_the_analysis_busy() -> None:
    fragment = """
subflows:
  one:
    exits: [done]
    start: call
    nodes:
      call: {type: subflow, subflow: two, exits: {done: back}}
      back: {type: return, exit: done}
  two:
    exits: [done]
    start: call
    nodes:
      call: {type: subflow, subflow: one, exits: {done: back}}
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: one, exits: {done: goodbye}}
"""
    assert len(messages(fragment, "subflow-cycle")) == 1
    assert messages(fragment, RULE) == []
