"""Every prompt that callers of a flow may hear, as far as it can be known before a call.

The flow's own texts, what the engine makes of them (menus), the engine's sentences, and those of the edge, in every
language of the flow. What holds a value of a call is listed with the words around it: its sound is made in the call.
A test holds this list against what the engine says in calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Any, Final, cast

import msgspec

from flows import nodes, parts, speaking
from flows.engine import answers
from flows.engine.node_questions import SCALES
from flows.engine.way_questions import MORE, SOON
from flows.lint.texts import written_of
from flows.messages import en, message, template
from flows.model import Flow
from flows.parts import Recording, in_language
from flows.speaking.heard import PARTS_OF_THE_DAY

# Of the engine's messages: parts of sentences, which are never said alone.
_FRAGMENTS: Final = frozenset({"yes", "no", "when_soon"})
# Sentences that are made from a node's own words; they are listed with it.
_OF_NODES: Final = frozenset({"choice", "choice_keys", "digit_count", "digit_range", "number_range"})
# Places in line that far are made ahead; further ones in the call.
_LAST_PLACE: Final = 10
_SPOKEN: Final = frozenset({"prompt", "reprompt", "help", "slot", "whisper"})


class FlowPrompt(msgspec.Struct, frozen=True, order=True):
    """One thing that is said; `node` is empty for what belongs to none, `audio` names a recording of it.

    `has_values` tells that `text` is what is written, with values of a call in it.
    """

    node: str
    role: str
    language: str
    text: str
    audio: str = ""
    has_values: bool = False


def prompts_of(flow: Flow, language: str | None = None) -> list[FlowPrompt]:
    """All prompts of a flow, those of its nodes first; in one of its languages, or in all."""
    found: dict[FlowPrompt, None] = {}
    for one in flow.languages if language is None else (language,):
        for prompt in (*_of_nodes(flow, one), *_of_engine(flow, one), *_of_edge(flow, one)):
            found.setdefault(prompt)
    return list(found)


# ---------------------------------------------------------------- of the flow


def _of_nodes(flow: Flow, language: str) -> Iterator[FlowPrompt]:
    for written in written_of(flow):
        if written.what in _SPOKEN:
            role = ".".join(str(part) for part in written.path[_home_length(written.path, written.node) :])
            yield _prompt(written.node, role, language, written.value)
    for name, node in flow.all_nodes.items():
        match node:
            case nodes.Menu(choices=choices):
                for choice in choices:
                    yield from _choice(name, language, choice.label, choice.key, choice.phrases)
            case nodes.OpenQuestion(intents=intents):
                for intent in intents.values():
                    yield from _choice(name, language, intent.label, intent.key)
                    for slot in intent.slots.values():
                        yield from _around(name, language, slot.answer)
            case nodes.Ask(answer=answer):
                yield from _around(name, language, answer)
            case nodes.Survey(scale=scale):
                yield from _around(name, language, SCALES[scale])
                yield _sentence(language, f"hint_{scale}", node=name)
            case _:
                pass


def _home_length(path: tuple[str | int, ...], node: str) -> int:
    """How many words of a path lead to its node."""
    return 0 if not node else 4 if path[0] == "subflows" else 2


def _prompt(node: str, role: str, language: str, value: Any) -> FlowPrompt:
    form = cast("str | Recording", in_language(value, language))
    text, audio = (form.text, form.audio) if isinstance(form, Recording) else (form, "")
    return FlowPrompt(node, role, language, _unbraced(text), audio, _has_values(text))


def _choice(
    node: str, language: str, label: parts.LocalText, key: str, phrases: parts.LocalPhrases | None = None
) -> Iterator[FlowPrompt]:
    """A menu's sentence for one choice: by voice and key where it is offered by both, and by key alone."""
    words = in_language(label, language)
    has_values = _has_values(words)
    if phrases is not None:
        said = in_language(phrases, language)[0]
        text = message(language, "choice", label=_unbraced(words), phrase=said, key=key)
        yield FlowPrompt(node, f"key {key}", language, text, "", has_values)
    text = message(language, "choice_keys", label=_unbraced(words), key=key)
    yield FlowPrompt(node, f"key {key} alone", language, text, "", has_values)


def _around(node: str, language: str, answer: parts.Answer) -> Iterator[FlowPrompt]:
    """How an answer is to be keyed in, and what was wrong with one."""
    how = answers.keying(answer)
    hints = [] if how.hint is None else [how.hint]
    if isinstance(answer, parts.YesNoAnswer):
        hints.append(f"{how.hint}_keys")
    for name in hints:
        yield _sentence(language, name, node=node)
    if how.complaint != "no_match":
        yield _sentence(language, how.complaint, node=node, **how.complaint_values)


def _has_values(text: str) -> bool:
    return "{" in text.replace("{{", "")


def _unbraced(text: str) -> str:
    """A text without values as it is said: a brace is written twice."""
    return text if _has_values(text) else text.replace("{{", "{").replace("}}", "}")


# ---------------------------------------------------------------- ours


def _of_engine(flow: Flow, language: str) -> Iterator[FlowPrompt]:
    several = len(flow.languages) > 1
    if several:
        yield _prompt("", "organisation", language, flow.organisation)
        key = str(flow.languages.index(cast("parts.Language", language)) + 1)
        yield _sentence(language, "language", key=key)
    for name, text in en.MESSAGES.items():
        if name in _FRAGMENTS | _OF_NODES or name.startswith(("hint_", "callback_", "language")):
            continue
        if name == "help_language" and not several:
            continue
        if not _placeholders(text):
            yield _sentence(language, name)
        elif not name.startswith(("part_", "more_", "soon", "position")):
            yield FlowPrompt("", name, language, template(language, name), "", True)
    # Not those of one type of answer: these come with the node that asks for it.
    for name in ("hint_help", "hint_help_digits", "hint_yes_no", "hint_yes_no_keys"):
        yield _sentence(language, name)
    for index, (_, part) in enumerate(PARTS_OF_THE_DAY, start=1):
        for nth in range(1, index + 1):
            yield _sentence(language, f"part_{part}", key=str(nth))
    for name, key in (("more_days", MORE), ("more_times", MORE), ("soon", SOON)):
        yield _sentence(language, name, key=key)
    for position in range(2, _LAST_PLACE + 1):
        yield _sentence(language, "position", position=speaking.place(language, position))
    yield FlowPrompt("", "position", language, template(language, "position"), "", True)


def _of_edge(flow: Flow, language: str) -> Iterator[FlowPrompt]:
    organisation = in_language(flow.organisation, language)
    for name, text in en.MESSAGES.items():
        if not name.startswith("callback_"):
            continue
        wanted = _placeholders(text)
        if wanted == {"organisation"} and not _has_values(organisation):
            yield _sentence(language, name, organisation=_unbraced(organisation))
        elif wanted:
            yield FlowPrompt("", name, language, template(language, name), "", True)
        else:
            yield _sentence(language, name)


def _sentence(language: str, name: str, *, node: str = "", **values: str) -> FlowPrompt:
    return FlowPrompt(node, name, language, message(language, name, **values))


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
