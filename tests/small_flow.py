"""The smallest flow that is worth publishing: one sentence, and the end."""

from __future__ import annotations

_FLOW = """\
zerohold: 1
name: line
languages: [en]
organisation: the shop
time_zone: Europe/London
country: GB
queue: shop
start: hours
nodes:
  hours: {type: say, prompt: PROMPT, next: bye}
  bye: {type: end, prompt: Goodbye., outcome: solved}
"""


def line_yaml(prompt: str) -> str:
    """The YAML of a flow named "line" that says `prompt`, which is YAML too."""
    return _FLOW.replace("PROMPT", prompt)
