"""A part of a flow laid out as facts: where in it -> what is there.

The parts of a list go by what callers know them by (the key of a choice, the expression of a case), not by their
position, so that two revisions can be compared fact by fact. A text without a language is in the flow's first one.
"""

from __future__ import annotations

from typing import Any, Final

from flows.parts import LANGUAGES

Where = tuple[str, ...]
Facts = dict[Where, Any]

# The words under which a node's exits stand; a choice, a case and an intent have `to`.
_EXITS: Final = frozenset({"next", "found", "not_found", "failed", "otherwise", "nothing"})
# What is spoken, and its name in a sentence.
SPOKEN: Final = {
    "prompt": "the prompt",
    "no_input": "the prompt after silence",
    "no_match": "the prompt after an answer that was not understood",
    "help": "the help",
    "label": "the label",
    "text": "the text message",
    "reason": "the reason",
    "whisper": "the whisper",
    "organisation": "the organisation's name",
}
# Lists of what callers may say.
PHRASES: Final = {
    "phrases": "the phrase",
    "examples": "the example",
    **{word: f"the phrase for {word}" for word in ("person", "repeat", "back", "help", "language")},
}
# In which order the parts of a list come.
ORDER: Final = "order"
_REPROMPTS: Final = frozenset({"no_input", "no_match"})
# How the parts of a list are called, by which they are told apart.
_PARTS: Final = ("key ", "case ", "exit ", "intent ")
# Before a language, where it is a part of where something stands.
_LANGUAGE: Final = "@"


def facts_of(tree: Any, language: str, where: Where = ()) -> Facts:
    """The leaves of a dumped node or flow; `language` is the flow's first one."""
    word = word_of(where)
    if isinstance(tree, dict) and "audio" in tree and "text" in tree:
        there = _in_language(where, language)
        return {there: tree["text"], (*there, "audio"): tree["audio"]}
    if isinstance(tree, dict):
        parts = [(_name_of_part(where, word, str(name)), inner) for name, inner in tree.items()]
        return _of_parts(where, language, parts)
    if isinstance(tree, list) and where in {("choices",), ("cases",)}:
        named = [(_name_of_item(part), part) for part in tree]
        return {**_of_parts(where, language, named), (*where, ORDER): [name for name, _ in named]}
    if isinstance(tree, list) and word in _REPROMPTS:
        return _of_parts(where, language, [(str(number), part) for number, part in enumerate(tree, start=1)])
    if (isinstance(tree, str) and word in SPOKEN) or (isinstance(tree, list) and word in PHRASES):
        return {_in_language(where, language): tree}
    return {where: tree}


def _of_parts(where: Where, language: str, parts: list[tuple[str, Any]]) -> Facts:
    facts: Facts = {}
    for name, part in parts:
        facts.update(facts_of(part, language, (*where, name)))
    return facts


def _name_of_item(part: dict[str, Any]) -> str:
    return f"key {part['key']}" if "key" in part else f"case `{part['when']}`"


def _name_of_part(where: Where, word: str, name: str) -> str:
    if name in LANGUAGES and (word in SPOKEN or word in PHRASES):
        return _LANGUAGE + name
    if where == ("exits",):
        return f"exit {name}"
    if where == ("intents",):
        return f"intent {name}"
    return name


def _in_language(where: Where, language: str) -> Where:
    return where if where[-1].startswith(_LANGUAGE) else (*where, _LANGUAGE + language)


def word_of(where: Where) -> str:
    """The word of the flow language that a fact belongs to."""
    return next((part for part in reversed(where) if not part.isdecimal() and not part.startswith(_LANGUAGE)), "")


def is_exit(where: Where) -> bool:
    """Whether the fact is the name of a node that comes next."""
    part = part_of(where)
    return where[-1].startswith("exit ") or (
        len(where) == 1 and where[-1] in _EXITS if not part else where == (*part, "to")
    )


def part_of(where: Where) -> Where:
    """The choice, case, intent or exit that a fact belongs to; nothing for a fact of the node itself."""
    for length, word in enumerate(where, start=1):
        if word.startswith(_PARTS):
            return where[:length]
    return ()


def language_of(where: Where) -> str | None:
    """The language that a fact is in; None for one that is in none."""
    return next((part.removeprefix(_LANGUAGE) for part in where if part.startswith(_LANGUAGE)), None)
