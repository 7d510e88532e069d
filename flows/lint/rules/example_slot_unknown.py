"""Example sentences with a slot that their intent does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flows import nodes
from flows.document import Document
from flows.lint.graph import path_of
from flows.lint.rule import Rule, found_at
from flows.problems import Problem, known_words

ID = "example-slot-unknown"
_SLOT = re.compile(r"\{([^{}]*)\}|[{}]")


def _check(document: Document) -> Iterator[Problem]:
    for name, node in document.flow.all_nodes.items():
        if not isinstance(node, nodes.OpenQuestion):
            continue
        for word, intent in node.intents.items():
            path = (*path_of(name), "intents", word, "examples")
            forms = intent.examples if isinstance(intent.examples, dict) else {"": intent.examples}
            for language, examples in forms.items():
                for index, example in enumerate(examples):
                    here = (*path, *([language] if language else []), index)
                    for slot in _SLOT.finditer(example):
                        if slot.group(1) not in intent.slots:
                            place = document.text.inside(here, slot.start())
                            message = f"{slot.group()} is no slot of this intent"
                            message += known_words(slot.group(1) or "", intent.slots)
                            yield found_at(ID, document, place, message, length=len(slot.group()))


_BOOK = """
nodes:
  main:
    type: open_question
    prompt: What can we do for you?
    intents:
      book:
        key: "1"
        label: a table
        examples: ["a table for {people}", a table please]
        slots:
          people: {answer: {type: number, min: 1, max: 20}, prompt: For how many?}
        to: goodbye
"""

RULE = Rule(
    id=ID,
    level="error",
    title="A slot that the intent does not have",
    why="`{slot}` in an example stands where the value of a slot is said. Without such a slot the sentence would be "
    "taken word by word.",
    fails=(_BOOK.replace("{people}", "{persons}"),),
    passes=(_BOOK,),
    check=_check,
)
