"""Reachability, cycles and the returns of subflows."""

from __future__ import annotations

from flows.lint.graph import components, graph_of, returns_of
from tests.unit.flows.lint.reading import document_of, found, messages

SUBFLOW = """
subflows:
  pay:
    exits: [paid, failed]
    start: begin
    nodes:
      begin: {type: say, prompt: Hello., next: back}
      back: {type: return, exit: paid}
      never: {type: return, exit: failed}
nodes:
  main: {type: subflow, subflow: pay, exits: {paid: goodbye, failed: sorry}}
  sorry: {type: say, prompt: Sorry., next: goodbye}
"""


def test_what_stands_behind_an_exit_that_is_never_taken_cannot_be_reached() -> None:
    document = document_of(SUBFLOW)
    graph = graph_of(document)
    assert graph.reachable == {"main", "pay.begin", "pay.back", "goodbye"}
    assert returns_of(document.flow) == {"pay": frozenset({"paid"})}
    unreachable = [problem.message for problem in found(SUBFLOW, "unreachable-node")]
    assert unreachable == ['no call can reach the node "pay.never"', 'no call can reach the node "sorry"']


def test_the_node_that_a_misspelt_exit_means_is_not_called_unreachable_too() -> None:
    broken = """
nodes:
  main: {type: say, prompt: Hello., next: huors}
  hours: {type: say, prompt: We are open., next: more}
  more: {type: say, prompt: All day., next: goodbye}
  left_over: {type: say, prompt: What is this?, next: goodbye}
"""
    assert len(found(broken, "unknown-target")) == 1
    unreachable = [problem.message for problem in found(broken, "unreachable-node")]
    assert unreachable == ['no call can reach the node "left_over"']


def test_cycles_are_found_however_long_they_are() -> None:
    edges = {str(number): [str((number + 1) % 5000)] for number in range(5000)}
    edges["alone"] = []
    edges["self"] = ["self"]
    groups = components(edges, edges.__getitem__)
    assert sorted(map(len, groups)) == [1, 5000]


def test_a_loop_through_a_subflow_that_asks_nothing_is_found() -> None:
    fragment = """
subflows:
  note:
    exits: [done]
    start: begin
    nodes:
      begin: {type: say, prompt: Noted., next: back}
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: note, exits: {done: main}}
"""
    assert len(messages(fragment, "cycle-without-caller")) == 1
    asking = fragment.replace(
        "begin: {type: say, prompt: Noted., next: back}",
        "begin: {type: menu, prompt: Well?, choices: [{key: '1', phrases: [well], label: x, to: back}]}",
    )
    assert messages(asking, "cycle-without-caller") == []


def test_a_question_that_only_itself_asks_is_never_skipped() -> None:
    fragment = """
nodes:
  main: {type: ask, prompt: Which?, answer: {type: digits, min: 4, max: 4}, save_as: order, next: look}
  look:
    type: lookup
    source: {type: csv, file: a.csv}
    where: {number: order}
    found: goodbye
    not_found: main
    failed: person
"""
    assert messages(fragment, "cycle-without-caller") == []
    assert len(messages(fragment, "unguarded-retry-loop")) == 1


def test_of_nodes_that_lead_to_no_end_the_first_is_reported_with_the_others() -> None:
    fragment = """
nodes:
  main: {type: menu, prompt: Well?, choices: [{key: "1", phrases: [on], label: on, to: round}]}
  round: {type: menu, prompt: Again?, choices: [{key: "1", phrases: [on], label: on, to: about}]}
  about: {type: say, prompt: Again., next: round}
"""
    problems = messages(fragment, "no-way-to-end")
    assert problems == [
        'error: from the node "main" a call can never come to an end, a person or a callback '
        "(nor can it from round, about)"
    ]
