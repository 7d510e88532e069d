"""Speech without a choice for too long."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.graph import SILENT, Graph, graph_of, path_of
from flows.lint.rule import Rule, found
from flows.messages import message
from flows.nodes import Node
from flows.parts import Recording, in_language
from flows.problems import Problem
from flows.speech_time import seconds_of

ID = "prompt-too-long"
# Source: ours. A caller who has heard nothing to choose from for this long no longer listens.
MOST_BEFORE_CHOICE_S = 20.0
MOST_BEFORE_EXIT_S = 45.0
# What is heard before a question adds up; beyond this many nodes it is too long anyway.
_FAR = 12
_FIELD = re.compile(r"\{[^{}]*\}")
# About as long as a spoken value.
_VALUE = "one two three"


def _check(document: Document) -> Iterator[Problem]:
    flow, graph = document.flow, graph_of(document)
    for language in flow.languages:
        heard = _heard_before(graph, language)
        for name, node in graph.nodes.items():
            if not isinstance(node, nodes.Asking) or name not in graph.reachable:
                continue
            to_choice = heard.get(name, 0.0) + _spoken(node.prompt, language)
            to_exit = to_choice + _choices(node, language)
            if to_choice > MOST_BEFORE_CHOICE_S:
                text = f"{to_choice:.0f} s of speech before any choice; keep it below {MOST_BEFORE_CHOICE_S:.0f}"
            elif to_exit > MOST_BEFORE_EXIT_S:
                text = f"{to_exit:.0f} s of speech before a person is offered; keep it below {MOST_BEFORE_EXIT_S:.0f}"
            else:
                continue
            yield found(
                ID, document, (*path_of(name), "prompt"), f"in {language}, callers hear {text}", level="warning"
            )


def _heard_before(graph: Graph, language: str) -> dict[str, float]:
    """The longest speech on the way to each node since the caller was last asked, in seconds."""
    own = {
        name: _spoken(node.prompt, language) if isinstance(node := graph.nodes[name], nodes.Say) else 0.0
        for name in graph.reachable
        if isinstance(graph.nodes[name], SILENT)
    }
    heard: dict[str, float] = {}
    for _ in range(_FAR):
        longer = dict(heard)
        for name, seconds in own.items():
            for to in graph.after(name):
                longer[to] = max(longer.get(to, 0.0), heard.get(name, 0.0) + seconds)
        if longer == heard:
            break
        heard = longer
    return heard


def _spoken(prompt: object, language: str) -> float:
    form = in_language(prompt, language)
    text = form.text if isinstance(form, Recording) else str(form)
    return seconds_of(_FIELD.sub(_VALUE, text), language)


def _choices(node: Node, language: str) -> float:
    spoken = ""
    if isinstance(node, nodes.Menu):
        for choice in node.choices:
            label, phrases = in_language(choice.label, language), in_language(choice.phrases, language)
            spoken += message(language, "choice", label=label, phrase=phrases[0], key=choice.key)
    return seconds_of(spoken, language)


RULE = Rule(
    id=ID,
    level="warning",
    title="A long speech before the first choice",
    why="What is said before a question adds up, node by node. Keep it below twenty seconds, and the choices short "
    "enough that a person is offered within forty-five; 0 works all the while, but not every caller knows.",
    fails=(
        "nodes:\n  main: {type: say, prompt: '"
        + "We value your call and would like to tell you all about it. " * 6
        + "', next: ask}\n  ask: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 4}, "
        "save_as: order, next: goodbye}",
    ),
    passes=(
        "nodes:\n  main: {type: say, prompt: 'Welcome to the shop.', next: ask}\n"
        "  ask: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 4}, "
        "save_as: order, next: goodbye}",
    ),
    check=_check,
)
