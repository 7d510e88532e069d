"""What the examples of several rules share, and how they become whole flows, so that they can be run."""

from __future__ import annotations

import re
from typing import Final

_GOODBYE: Final = {"en": "Goodbye.", "ar": "مع السلامة.", "fa": "خدانگهدار."}
_HEADER: Final = {
    "zerohold": "1",
    "name": "example",
    "languages": "[en]",
    "organisation": "the shop",
    "time_zone": "Europe/London",
    "country": "GB",
    "queue": "shop",
}
_NODES: Final = "nodes:\n  main: {type: say, prompt: Hello., next: goodbye}\n"
_WORD: Final = re.compile(r"^([a-z_]+):", re.MULTILINE)
_NODE: Final = re.compile(r"^  ([a-z0-9_]+):", re.MULTILINE)

# A node that looks something up in a file, with every exit.
LOOKUP: Final = """
nodes:
  main:
    type: lookup
    source: {type: csv, file: orders.csv}
    where: {number: caller_number}
    found: goodbye
    not_found: person
    failed: person
"""
# A question for a sensitive value, without its `next`; and the node `look`, which looks that value up.
CARD_ASKED: Final = """
nodes:
  main:
    type: ask
    prompt: Please key in your card number.
    answer: {type: digits, min: 16, max: 16}
    save_as: card
    sensitive: true
"""
CARD_LOOKED_UP: Final = """\
  look:
    type: lookup
    source: {type: python, function: "cards:check"}
    where: {number: card}
    found: goodbye
    not_found: person
    failed: person
"""


def menu_of(*choices: tuple[str, str, str], prompt: str = "What would you like?") -> str:
    """A fragment of one menu; each choice is its key, its phrases with commas in between, and its label."""
    lines = [
        f'      - {{key: "{key}", phrases: [{phrases}], label: {label}, to: goodbye}}\n'
        for key, phrases, label in choices
    ]
    return f"nodes:\n  main:\n    type: menu\n    prompt: {prompt}\n    choices:\n" + "".join(lines)


def completed(fragment: str) -> str:
    """A whole flow around a fragment: what it leaves out of the header, and the nodes `goodbye` and `person`.

    A fragment's own `nodes` stand last in it; without `start`, a call begins at the first of them.
    """
    fragment = fragment.strip("\n") + "\n"
    given = set(_WORD.findall(fragment))
    languages = re.findall(r"en|ar|fa", _line(fragment, "languages")) or ["en"]
    header = {**_HEADER, "organisation": _in_each(languages, dict.fromkeys(languages, "the shop"))}
    lines = [f"{word}: {value}\n" for word, value in header.items() if word not in given]
    if "nodes" not in given:
        fragment += _NODES.replace("Hello.", _in_each(languages, dict.fromkeys(languages, "Hello.")))
    names = _NODE.findall(re.split(r"^nodes:\n", fragment, maxsplit=1, flags=re.MULTILINE)[1])
    if "start" not in given:
        lines.append(f"start: {names[0]}\n")
    if "goodbye" not in names and re.search(r"\bgoodbye\b", fragment):
        fragment += f"  goodbye: {{type: end, prompt: {_in_each(languages, _GOODBYE)}, outcome: solved}}\n"
    if "person" not in names and re.search(r": person\b", fragment):
        fragment += "  person: {type: transfer}\n"
    return "".join(lines) + fragment


def _line(fragment: str, word: str) -> str:
    found = re.search(rf"^{word}:(.*)$", fragment, re.MULTILINE)
    return found.group(1) if found else ""


def _in_each(languages: list[str], forms: dict[str, str]) -> str:
    if len(languages) == 1:
        return forms[languages[0]]
    return "{" + ", ".join(f'{language}: "{forms[language]}"' for language in languages) + "}"
