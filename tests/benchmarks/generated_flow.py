"""Flows of any size, as an operator might have written them: menus, questions, lookups, branches and sentences."""

from __future__ import annotations

BLOCK = """
  menu_{i}:
    type: menu
    prompt: Department {i}. What is it about?
    choices:
      - {{key: "1", phrases: [number], label: the state of a case, to: ask_{i}}}
      - {{key: "2", phrases: [hours], label: the opening hours, to: say_{i}}}
      - {{key: "3", phrases: [more], label: the next department, to: {following}}}
  ask_{i}:
    type: ask
    prompt: What is the number of the case?
    answer: {{type: digits, min: 4, max: 6}}
    save_as: case_{i}
    next: look_{i}
  look_{i}:
    type: lookup
    source: {{type: csv, file: cases.csv}}
    where: {{number: case_{i}}}
    save: {{state_{i}: state}}
    found: branch_{i}
    not_found: say_{i}
    failed: person_{i}
  branch_{i}:
    type: branch
    cases:
      - {{when: 'state_{i} == "open"', to: say_{i}}}
    otherwise: callback_{i}
  say_{i}:
    type: say
    prompt: We are open from nine to five.
    next: end_{i}
  callback_{i}:
    type: callback
  person_{i}:
    type: transfer
  end_{i}:
    type: end
    prompt: Goodbye.
    outcome: solved
"""
NODES_PER_BLOCK = 8
HEAD = """zerohold: 1
name: generated
languages: [en]
organisation: the office
time_zone: Europe/London
country: GB
queue: desk
start: menu_0
nodes:"""


def flow_yaml(nodes: int) -> str:
    """The YAML of a flow of about so many nodes, at least eight."""
    blocks = max(1, round(nodes / NODES_PER_BLOCK))
    return HEAD + "".join(BLOCK.format(i=i, following=f"menu_{(i + 1) % blocks}") for i in range(blocks))
