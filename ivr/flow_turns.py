"""What can be said at the turns of a flow's calls, found by walking through every state that a call can reach."""

from __future__ import annotations

import msgspec

from flows import actions
from flows.lint.texts import options_of
from flows.messages import universal_words
from flows.model import Flow
from flows.nodes import Choice
from flows.parts import in_language
from flows.phrases import normalised
from flows.prove.explore import explore


class Turn(msgspec.Struct, frozen=True):
    """One kind of turn: the nodes where it comes, and what may be said in it: phrase -> the keys that it stands for."""

    nodes: tuple[str, ...]
    language: str
    phrases: dict[str, str]
    digits: bool


def turns_of(flow: Flow, language: str) -> list[Turn]:
    """The different turns of a flow in one of its languages, in the order in which calls come to them."""
    found: dict[tuple[frozenset[tuple[str, str]], bool], dict[str, None]] = {}
    for place in explore(flow).places:
        for action in place.did:
            if not isinstance(action, actions.Collect) or action.grammar is None or action.grammar.language != language:
                continue
            kind = (frozenset(action.grammar.phrases.items()), action.grammar.digits is not None)
            found.setdefault(kind, {}).setdefault(place.state.node)
    return [Turn(tuple(at), language, dict(sorted(phrases)), digits) for (phrases, digits), at in found.items()]


def own_phrases(flow: Flow, language: str) -> frozenset[str]:
    """The phrases that the flow's author chose, and could choose otherwise."""
    found: set[str] = set()
    for node in flow.all_nodes.values():
        for _, option in options_of(node):
            found.update(in_language(option.phrases if isinstance(option, Choice) else option.examples, language))
    for word in universal_words(language):
        own = getattr(flow.phrases, word)
        if own is not None and not (isinstance(own, dict) and language not in own):
            found.update(in_language(own, language))
    return frozenset(map(normalised, found))
