"""A flow as a mermaid flowchart, for Markdown pages.

Source: https://mermaid.js.org/syntax/flowchart.html (shapes, entity codes, subgraphs)
"""

from __future__ import annotations

from typing import Final

from flows.graph.picture import CALLED_START, START, Part, Shown, isolated, parts_of, shortened
from flows.graph.styles import STYLES
from flows.model import Flow

ABOUT_LENGTH: Final = 60
LABEL_LENGTH: Final = 40
# Characters that end a quoted label, begin a tag or an entity, or make it Markdown.
_ENTITIES: Final = str.maketrans(
    {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\\": "#92;"}
)


def mermaid(flow: Flow) -> str:
    """The text of the chart, nodes in the order of the file."""
    parts = parts_of(flow)
    lines = ["flowchart TD"]
    for number, part in enumerate(parts):
        ids = _ids(number, part)
        indent = "    " if part.name else "  "
        if part.name:
            lines.append(f'  subgraph s{number}["{_escaped(part.title)}"]')
        lines.extend(f"{indent}{ids[node.name]}{_box(node)}:::{_class(node.kind)}" for node in part.nodes)
        for edge in part.edges:
            label = f'|"{_escaped(shortened(edge.label, LABEL_LENGTH))}"|' if edge.label else ""
            lines.append(f"{indent}{ids[edge.source]} -->{label} {ids[edge.target]}")
        if part.name:
            lines.append("  end")
    begins = {part.name: _ids(number, part)[START] for number, part in enumerate(parts)}
    for number, part in enumerate(parts):
        lines.extend(f"  {_ids(number, part)[caller]} -.-> {begins[called]}" for caller, called in part.calls)
    used = sorted({node.kind for part in parts for node in part.nodes})
    lines.extend(
        f"  classDef {_class(kind)} fill:{STYLES[kind].fill},stroke:{STYLES[kind].stroke},color:#000" for kind in used
    )
    return "\n".join(lines) + "\n"


def _ids(number: int, part: Part) -> dict[str, str]:
    """Numbers, since some names (`end`) are words of mermaid."""
    return {node.name: f"n{number}_{index}" for index, node in enumerate(part.nodes)}


def _box(node: Shown) -> str:
    opening, closing = STYLES[node.kind].mermaid
    if node.name == START:
        return f'{opening}"{CALLED_START}"{closing}'
    about = f"<br/>{_escaped(shortened(node.about, ABOUT_LENGTH))}" if node.about else ""
    return f'{opening}"<b>{_escaped(node.name)}</b>{about}"{closing}'


def _class(kind: str) -> str:
    return f"k_{kind}"


def _escaped(text: str) -> str:
    return isolated(text.translate(_ENTITIES))
