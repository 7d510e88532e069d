"""Values that are read before they are set."""

from __future__ import annotations

from collections.abc import Iterator

from flows.document import Document
from flows.lint.rule import Rule, found_at
from flows.lint.uses import uses_in
from flows.lint.values import known_before, savers_of
from flows.model import subflow_of
from flows.problems import Problem, known_words

ID = "variable-before-set"


def _check(document: Document) -> Iterator[Problem]:
    flow = document.flow
    savers, before = savers_of(document), known_before(document)
    for use in uses_in(document):
        known = before.get(use.node)
        subflow = subflow_of(use.node)
        parameters = flow.subflows[subflow].parameters if subflow else ()
        place = document.text.inside(use.path, use.offset)
        if use.name not in savers and use.name not in parameters:
            names = sorted({*savers, *parameters})
            message = f'the value "{use.name}" is set nowhere in this flow{known_words(use.name, names)}'
            yield found_at(ID, document, place, message, length=len(use.name), known=tuple(names))
        elif known is None:
            continue  # no call comes here
        elif use.name not in known.maybe:
            gone = use.name in flow.sensitive_names
            why = (
                "is sensitive and gone by now: nothing may be asked in between" if gone else "is never set before this"
            )
            yield found_at(ID, document, place, f'the value "{use.name}" {why}', length=len(use.name))
        elif use.name not in known.surely:
            message = (
                f'the value "{use.name}" is not set on every way to the node "{use.node}"; '
                f"write default({use.name}, ...), or branch on known({use.name})"
            )
            yield found_at(ID, document, place, message, level="warning", length=len(use.name))


RULE = Rule(
    id=ID,
    level="error",
    title="A value that is not set",
    why="A prompt or an expression that needs a value which the call does not have breaks off with an apology and a "
    "person. An error where no way to it sets the value, a warning where some do not. `known()` and `default()` ask "
    "for values that may be missing. A sensitive value is gone when the caller is asked the next question.",
    fails=(
        "nodes:\n  main: {type: say, prompt: 'Hello {caller_nam}.', next: goodbye}",
        """
nodes:
  main: {type: say, prompt: "Order {order|digits}.", next: ask}
  ask: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 4}, save_as: order, next: goodbye}
""",
        """
nodes:
  main:
    type: menu
    prompt: Do you know your number?
    choices:
      - {key: "1", phrases: [I know it], label: an order, to: ask}
      - {key: "2", phrases: [I do not], label: all others, to: told}
  ask: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 4}, save_as: order, next: told}
  told: {type: say, prompt: "Order {order|digits}.", next: goodbye}
""",
    ),
    passes=(
        """
nodes:
  main:
    type: menu
    prompt: Do you know your number?
    choices:
      - {key: "1", phrases: [I know it], label: an order, to: ask}
      - {key: "2", phrases: [I do not], label: all others, to: is_known}
  ask: {type: ask, prompt: Your order number?, answer: {type: digits, min: 4, max: 4}, save_as: order, next: is_known}
  is_known: {type: branch, cases: [{when: known(order), to: told}], otherwise: goodbye}
  told: {type: say, prompt: "Order {order|digits}.", next: goodbye}
""",
    ),
    check=_check,
)
