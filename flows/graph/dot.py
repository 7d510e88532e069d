"""A flow in Graphviz's language.

Source: https://graphviz.org/doc/info/lang.html (quoting), https://graphviz.org/doc/info/shapes.html
"""

from __future__ import annotations

from flows.graph.mermaid import ABOUT_LENGTH, LABEL_LENGTH
from flows.graph.picture import CALLED_START, START, Part, Shown, isolated, parts_of, shortened
from flows.graph.styles import STYLES
from flows.model import Flow


def dot(flow: Flow) -> str:
    """The text of the graph, nodes in the order of the file, subflows as clusters."""
    lines = [
        f"digraph {_quoted(flow.name)} {{",
        '  graph [rankdir=TB fontname="sans-serif"];',
        '  node [style=filled fontname="sans-serif" fontsize=11];',
        '  edge [fontname="sans-serif" fontsize=10];',
    ]
    parts = parts_of(flow)
    for number, part in enumerate(parts):
        inside = _part(part)
        if part.name:
            lines.append(f"  subgraph cluster_{number} {{")
            lines.append(f"    label={_quoted(part.title)};")
            lines.extend("  " + line for line in inside)
            lines.append("  }")
        else:
            lines.extend(inside)
    for part in parts:
        lines.extend(
            f"  {_id(part, caller)} -> {_quoted(f'{called}.{START}')} [style=dotted];" for caller, called in part.calls
        )
    return "\n".join([*lines, "}"]) + "\n"


def _part(part: Part) -> list[str]:
    lines = [f"  {_id(part, node.name)} [{_attributes(node)}];" for node in part.nodes]
    for edge in part.edges:
        label = f" [label={_quoted(isolated(shortened(edge.label, LABEL_LENGTH)))}]" if edge.label else ""
        lines.append(f"  {_id(part, edge.source)} -> {_id(part, edge.target)}{label};")
    return lines


def _id(part: Part, name: str) -> str:
    return _quoted(f"{part.name}.{name}" if part.name else name)


def _attributes(node: Shown) -> str:
    style = STYLES[node.kind]
    name = CALLED_START if node.name == START else node.name
    label = f"{name}\n{isolated(shortened(node.about, ABOUT_LENGTH))}" if node.about else name
    return (
        f'label={_quoted(label)} tooltip={_quoted(node.tooltip)} shape={style.dot} fillcolor="{style.fill}" '
        f'color="{style.stroke}"'
    )


def _quoted(text: str) -> str:
    """A quoted string; a backslash of the text is doubled, since a lone one begins an escape in labels."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
