"""Questions that speak of saying the answer, and not of keying it in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flows import nodes
from flows.document import Document, Path
from flows.lint.asked import answers_in
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found
from flows.lint.texts import Text, texts_in
from flows.parts import NumberAnswer, YesNoAnswer
from flows.phrases import spelling_key
from flows.problems import Problem

ID = "keypad-path-missing"

# Words that tell a caller to speak, and words that tell them to use the keys; as `spelling_key` writes them.
_SAY = {
    "en": r"\b(say|speak|tell (me|us))\b",
    "ar": r"\b(قل|قولی|قولوا|اذکر|اذکروا|انطق|تحدث)\b",
    "fa": r"\b(بگویید|بفرمایید|بگید)\b",
}
_KEY = {
    "en": r"\b(keys?|keypad|press|enter|type|dial|digits on)\b",
    "ar": r"\b(اضغط|اضغطوا|ادخل|ادخلوا|المفاتیح|اطلب)\b",
    "fa": r"\b(کلید|کلیدها|وارد|بزنید|فشار|بگیرید|شماره گیری)\b",
}


def _check(document: Document) -> Iterator[Problem]:
    flow = document.flow
    questions: dict[tuple[Path, str], list[Text]] = {}
    for text in texts_in(document):
        node = flow.all_nodes.get(text.node)
        if isinstance(node, nodes.Ask) and isinstance(node.answer, YesNoAnswer):
            continue  # the engine names its keys
        language = text.language or flow.languages[0]
        if isinstance(node, nodes.Ask | nodes.Survey) and text.role in ("prompt", "reprompt"):
            questions.setdefault((path_of(text.node), language), []).append(text)
        elif text.role == "slot":
            questions.setdefault((text.path, language), []).append(text)
    for (_, language), texts in questions.items():
        spoken = [spelling_key(text.text) for text in texts]
        says = [text for text, said in zip(texts, spoken, strict=True) if re.search(_SAY[language], said)]
        if says and not any(re.search(_KEY[language], said) for said in spoken):
            message = "this tells callers to speak, and nothing here tells them that they can use the keys"
            yield found(ID, document, says[0].path, message, level="warning")
    for asked in answers_in(document):
        if isinstance(asked.answer, NumberAnswer) and asked.answer.min == 0 and asked.path[-1] == "answer":
            prompts = [text.text for text in texts_in(document) if text.path[: len(asked.path) - 1] == asked.path[:-1]]
            if not any("00" in prompt or _says_twice(prompt) for prompt in prompts):
                message = "0 alone leads to a person; say that zero is keyed in as 0 twice, or set `min: 1`"
                yield found(ID, document, asked.path, message, level="warning")


def _says_twice(prompt: str) -> bool:
    return (
        re.search(r"\b(twice|two zeros|double zero|مرتین|صفرین|دو بار|دوبار|دو صفر)\b", spelling_key(prompt))
        is not None
    )


RULE = Rule(
    id=ID,
    level="warning",
    title="The keypad is not mentioned",
    why='Every question can be answered by keys: the engine sees to that. But a prompt that only says "say ..." keeps '
    "it from callers who stand in the street, and from all when speech is down. And since 0 alone leads to a person, a "
    "number that may be zero needs a word about it.",
    fails=(
        "nodes:\n  main: {type: ask, prompt: Please say your order number., answer: {type: digits, min: 4, max: 4}, "
        "save_as: order, next: goodbye}",
        "nodes:\n  main: {type: ask, prompt: How many children?, answer: {type: number, max: 9}, "
        "save_as: children, next: goodbye}",
    ),
    passes=(
        "nodes:\n  main: {type: ask, prompt: 'Please say your order number, or key it in.', answer: {type: digits, "
        "min: 4, max: 4}, save_as: order, next: goodbye}",
        "nodes:\n  main: {type: ask, prompt: 'How many children? For none, press zero twice.', "
        "answer: {type: number, max: 9}, save_as: children, next: goodbye}",
    ),
    check=_check,
)
