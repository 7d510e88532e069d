"""What differs between two revisions of a flow, in sentences that an operator reads before publishing.

The facts of both (`flows.diff.facts`) are compared one by one; a part that is new or gone as a whole is one sentence.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any, Final

from flows.diff.facts import ORDER, PHRASES, SPOKEN, Facts, Where, facts_of, is_exit, language_of, part_of, word_of
from flows.diff.queues import queue_facts
from flows.model import Flow, Subflow
from flows.nodes import Node

_LANGUAGE_NAMES: Final = {"en": "English", "ar": "Arabic", "fa": "Persian"}
# Parts of a flow that have sentences of their own.
_APART: Final = frozenset({"revision", "zerohold", "start", "nodes", "subflows", "queues"})
_LONGEST_QUOTE: Final = 120


def sentences(before: Flow, after: Flow) -> list[str]:
    """What `after` has otherwise than `before`, in the order of the flow; empty where callers notice nothing."""
    return [
        *_of_flow(before, after),
        *_of_queues(before, after),
        *_of_nodes("", before.nodes, after.nodes, before, after),
        *_of_subflows(before, after),
    ]


def unified(before: str, after: str, name_before: str, name_after: str) -> list[str]:
    """The lines that differ between two YAML texts, as `diff -u` writes them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name_before, name_after, lineterm="")
    return list(lines)


def _of_flow(before: Flow, after: Flow) -> Iterator[str]:
    if before.name != after.name:
        yield f"The flow is called {after.name} instead of {before.name}."
    if _renamed(before.nodes, after.nodes).get(before.start, before.start) != after.start:
        yield f"Calls begin at {after.start} instead of {before.start}."
    old, new = (
        facts_of(flow.model_dump(mode="json", exclude_none=True, exclude={*_APART, "name"}), flow.languages[0])
        for flow in (before, after)
    )
    yield from _of_facts("the flow", old, new)


def _of_queues(before: Flow, after: Flow) -> Iterator[str]:
    """By what counts for each queue: one that is listed with the defaults is the same as one that is not listed."""
    for name in dict.fromkeys((*before.queues, *after.queues)):
        yield from _of_facts(f"the queue {name}", queue_facts(before.queue_of(name)), queue_facts(after.queue_of(name)))


def _of_subflows(before: Flow, after: Flow) -> Iterator[str]:
    for name in before.subflows:
        if name not in after.subflows:
            yield f"The subflow {name} is gone."
    for name, subflow in after.subflows.items():
        old = before.subflows.get(name)
        if old is None:
            yield f"The subflow {name} is new, with {_count(len(subflow.nodes), 'node')}."
            continue
        yield from _of_interface(name, old, subflow)
        yield from _of_nodes(f"{name}.", old.nodes, subflow.nodes, before, after)


def _of_interface(name: str, old: Subflow, new: Subflow) -> Iterator[str]:
    if old.start != new.start:
        yield f"The subflow {name} begins at {new.start} instead of {old.start}."
    for what, given, now in (("parameter", old.parameters, new.parameters), ("exit", old.exits, new.exits)):
        yield from (f"The subflow {name} has no {what} {word} any more." for word in given if word not in now)
        yield from (f"The subflow {name} has the new {what} {word}." for word in now if word not in given)


def _of_nodes(
    home: str, before: dict[str, Node], after: dict[str, Node], old_flow: Flow, new_flow: Flow
) -> Iterator[str]:
    renamed = _renamed(before, after)
    for name, node in before.items():
        if name not in after and name not in renamed:
            yield f"The node {home}{name} ({_kind(node)}) is gone."
    for old_name, name in renamed.items():
        yield f"The node {home}{old_name} is called {home}{name} now."
    for name, node in after.items():
        if name in renamed.values():
            continue
        old = before.get(name)
        if old is None:
            yield f"The node {home}{name} ({_kind(node)}) is new."
        elif old.type != node.type:
            yield f"The node {home}{name} is of the type {_kind(node)} instead of {_kind(old)}."
        else:
            facts = _node_facts(old, old_flow)
            facts = {where: renamed.get(fact, fact) if is_exit(where) else fact for where, fact in facts.items()}
            yield from _of_facts(home + name, facts, _node_facts(node, new_flow))


def _renamed(before: dict[str, Node], after: dict[str, Node]) -> dict[str, str]:
    """Old name -> new name of nodes that are the same but for their name."""
    found: dict[str, str] = {}
    fresh = [name for name in after if name not in before]
    for name, node in before.items():
        same = [other for other in fresh if after[other] == node and other not in found.values()]
        if name not in after and len(same) == 1:
            found[name] = same[0]
    return found


def _kind(node: Node) -> str:
    return node.type.replace("_", " ")


def _node_facts(node: Node, flow: Flow) -> Facts:
    return facts_of(node.model_dump(mode="json", exclude_none=True, exclude={"type"}), flow.languages[0])


# ---------------------------------------------------------------- sentences


def _of_facts(subject: str, old: Facts, new: Facts) -> Iterator[str]:
    old_parts = {part_of(where) for where in old}
    told: set[Where] = {()}
    for where, fact in new.items():
        part = part_of(where)
        if part and part not in old_parts:
            if part not in told:
                yield f"{subject}: {_part_with_label(part, new)} is new{_leading(part, new)}."
                told.add(part)
        elif where not in old:
            yield from _changed(subject, where, None, fact)
        elif old[where] != fact:
            yield from _changed(subject, where, old[where], fact)
    new_parts = {part_of(where) for where in new}
    for where, fact in old.items():
        part = part_of(where)
        if part and part not in new_parts:
            if part not in told:
                yield f"{subject}: {_part_with_label(part, old)} is gone."
                told.add(part)
        elif where not in new:
            yield from _changed(subject, where, fact, None)


def _part_with_label(part: Where, facts: Facts) -> str:
    label = next((fact for where, fact in facts.items() if where[:-1] == (*part, "label")), None)
    return part[-1] if label is None else f"{part[-1]} ({_quoted(label)})"


def _leading(part: Where, facts: Facts) -> str:
    to = facts.get(part if part in facts else (*part, "to"))
    return "" if to is None else f" and leads to {to}"


def _changed(subject: str, where: Where, old: Any, new: Any) -> Iterator[str]:
    part, word = part_of(where), word_of(where)
    of_part = f"{part[-1]}: " if part and part != where else ""
    if is_exit(where):
        if new is None:
            yield f"{subject}: {_exit_name(where)} is gone; it led to {old}."
        else:
            yield f"{subject}: {_exit_name(where)} leads to {new}{' now' if old is None else f' instead of {old}'}."
    elif word in PHRASES and isinstance(old or new, list):
        gone = [phrase for phrase in old or () if phrase not in (new or ())]
        fresh = [phrase for phrase in new or () if phrase not in (old or ())]
        what = f"{subject}: {of_part}{PHRASES[word]}{_language_of(where)}"
        yield from (f"{what} {_quoted(phrase)} is new." for phrase in fresh)
        yield from (f"{what} {_quoted(phrase)} is gone." for phrase in gone)
        if not gone and not fresh:
            yield f"{what} {_quoted(new[0])} comes first now."
    elif where[-1] == ORDER and old is not None and new is not None:
        kept = [name for name in new if name in old]
        if kept != [name for name in old if name in new]:
            yield f"{subject}: the {where[0]} come in another order: {', '.join(kept)}."
    else:
        what = f"{subject}: {of_part}{_what(where[len(part) :], word)}"
        if old is None:
            yield f"{what} is now {_quoted(new)}."
        elif new is None:
            yield f"{what} is gone; it was {_quoted(old)}."
        else:
            yield f"{what} is now {_quoted(new)}; it was {_quoted(old)}."


def _exit_name(where: Where) -> str:
    part = part_of(where)
    if part:
        return part[-1]
    return "it" if where == ("next",) else where[-1].replace("_", " ")


def _what(where: Where, word: str) -> str:
    if where[-1] == "audio" and word == "audio":
        return f"the recording of {_what(where[:-1], word_of(where[:-1]))}"
    if word not in SPOKEN or language_of(where) is None:
        return ".".join(where)
    number = next((f" ({part})" for part in where if part.isdecimal()), "")
    path = ".".join(where[: where.index(word)])
    return f"{path + ': ' if path else ''}{SPOKEN[word]}{number}{_language_of(where)}"


def _language_of(where: Where) -> str:
    return f" in {_LANGUAGE_NAMES[language_of(where) or 'en']}"


def _quoted(fact: Any) -> str:
    if not isinstance(fact, str):
        return json.dumps(fact, ensure_ascii=False)
    return f'"{fact}"' if len(fact) <= _LONGEST_QUOTE else f'"{fact[:_LONGEST_QUOTE]}…"'


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
