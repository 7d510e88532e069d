"""A flow as SVG: readable in a browser, searchable, with every prompt in full as a tooltip."""

from __future__ import annotations

import itertools
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from flows.graph.layers import Box, Link
from flows.graph.layout import Layout, Point, Route, lay_out
from flows.graph.outlines import PADDING, outline
from flows.graph.picture import CALLED_START, START, Part, Shown, has_right_to_left, parts_of, shortened
from flows.graph.styles import STYLES
from flows.graph.text_width import text_width, wrapped
from flows.model import Flow

FONT: Final = "Verdana, 'DejaVu Sans', Arial, sans-serif"
NAME_PX, ABOUT_PX, LABEL_PX, TITLE_PX = 12, 10, 10, 14
LINE_PX: Final = 14
ABOUT_WIDTH, ABOUT_LINES, LABEL_WIDTH = 170.0, 3, 150.0
SMALLEST: Final = 90.0
FRAME: Final = 14.0
TITLE_ROOM: Final = 26.0
# Subflows stand side by side below the flow while they are not wider than this.
WIDEST_ROW: Final = 1600.0
LINE, LINE_BACK, TEXT = "#4a5568", "#2f6f8f", "#111111"


def svg(flow: Flow) -> str:
    """The picture as a whole SVG document."""
    drawn = [(part, *_drawn(part)) for part in parts_of(flow)]
    pieces: list[str] = []
    x = y = row_height = width = 0.0
    for number, (part, layout, inside) in enumerate(drawn):
        own_width = max(layout.width, text_width(part.title, TITLE_PX, bold=True) + 2 * FRAME) + 2 * FRAME
        own_height = layout.height + TITLE_ROOM + FRAME
        if number == 1 or (x and x + own_width > WIDEST_ROW):
            x, y, row_height = 0.0, y + row_height + FRAME, 0.0
        pieces.append(_frame(part, x + FRAME / 2, y + FRAME / 2, own_width - FRAME, own_height - FRAME / 2))
        pieces.append(f'<g transform="translate({_n(x + FRAME)},{_n(y + TITLE_ROOM)})">{inside}</g>')
        x, row_height = x + own_width, max(row_height, own_height)
        width = max(width, x)
    height = y + row_height + FRAME
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(height)}" '
        f'viewBox="0 0 {_n(width)} {_n(height)}" font-family={quoteattr(FONT)} role="img">\n'
        f"<title>{escape(flow.name)}</title>\n"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="{LINE}"/></marker></defs>\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(pieces) + "\n</svg>\n"
    )


def _drawn(part: Part) -> tuple[Layout, str]:
    lines = {node.name: _lines(node) for node in part.nodes}
    boxes = [_box(node, lines[node.name]) for node in part.nodes]
    labels = [_fitting(edge.label, LABEL_WIDTH) for edge in part.edges]
    links = [
        Link(edge.source, edge.target, text_width(label, LABEL_PX) + 8 if label else 0, LINE_PX + 2 if label else 0)
        for edge, label in zip(part.edges, labels, strict=True)
    ]
    layout = lay_out(boxes, links)
    edges = [_edge(route) for route in layout.routes]
    texts = [
        _label(route, label, edge.label)
        for route, label, edge in zip(layout.routes, labels, part.edges, strict=True)
        if label
    ]
    drawn = [
        _node(node, box, layout.boxes[node.name], lines[node.name]) for node, box in zip(part.nodes, boxes, strict=True)
    ]
    return layout, "\n".join([*edges, *drawn, *texts])


def _lines(node: Shown) -> list[tuple[str, int]]:
    """The texts of a box, each with its size in pixels: the name, the kind, what it is about."""
    if node.name == START:
        return [(CALLED_START, NAME_PX)]
    name = (_fitting(node.name, ABOUT_WIDTH, NAME_PX), NAME_PX)
    about = wrapped(node.about, ABOUT_WIDTH, ABOUT_PX, ABOUT_LINES)
    return [name, (node.kind.replace("_", " "), ABOUT_PX), *((line, ABOUT_PX) for line in about)]


def _box(node: Shown, lines: list[tuple[str, int]]) -> Box:
    across, above = PADDING[STYLES[node.kind].outline]
    widest = max(text_width(text, size, bold=number == 0) for number, (text, size) in enumerate(lines))
    least = 0.0 if node.name == START else SMALLEST
    return Box(node.name, max(widest, least) + 2 * across, len(lines) * LINE_PX + 2 * above)


def _node(node: Shown, box: Box, at: Point, lines: list[tuple[str, int]]) -> str:
    style = STYLES[node.kind]
    shape = outline(style.outline, at[0], at[1], box.width, box.height)
    y = at[1] - len(lines) * LINE_PX / 2 + LINE_PX - 3
    texts = "".join(
        _text(text, at[0], y + number * LINE_PX, size, bold=number == 0, muted=number == 1)
        for number, (text, size) in enumerate(lines)
    )
    return (
        f'<g><title>{escape(node.tooltip)}</title><path d="{shape}" fill="{style.fill}" stroke="{style.stroke}" '
        f'stroke-width="1.3"/>{texts}</g>'
    )


def _edge(route: Route) -> str:
    path = _straight(route.points) if route.goes_back else _curved(route.points)
    colour = LINE_BACK if route.goes_back else LINE
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2" marker-end="url(#tip)"/>'


def _label(route: Route, label: str, whole: str) -> str:
    x, y = route.label_at
    width = text_width(label, LABEL_PX) + 6
    back = (
        f'<rect x="{_n(x - width / 2)}" y="{_n(y - LINE_PX / 2)}" width="{_n(width)}" height="{LINE_PX}" rx="3" '
        'fill="#ffffff" stroke="#cbd5e0" stroke-width="0.8"/>'
    )
    return f"<g><title>{escape(whole)}</title>{back}{_text(label, x, y + 3.5, LABEL_PX)}</g>"


def _frame(part: Part, x: float, y: float, width: float, height: float) -> str:
    border = f'fill="none" stroke="{"#b8a6cc" if part.name else "none"}" stroke-dasharray="5 4"'
    return (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="8" {border}/>'
        f'<text x="{_n(x + FRAME)}" y="{_n(y + 18)}" font-size="{TITLE_PX}" font-weight="bold" fill="{TEXT}">'
        f"{escape(part.title)}</text>"
    )


def _text(text: str, x: float, y: float, size: int, *, bold: bool = False, muted: bool = False) -> str:
    marks = ' font-weight="bold"' if bold else ""
    marks += ' direction="rtl"' if has_right_to_left(text[:1]) else ""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{size}" text-anchor="middle" '
        f'fill="{"#4a4a4a" if muted else TEXT}"{marks}>{escape(text)}</text>'
    )


def _fitting(text: str, width: float, size: int = LABEL_PX) -> str:
    while text_width(text, size, bold=size == NAME_PX) > width:
        text = shortened(text, len(text) - 1)
    return text


def _straight(points: tuple[Point, ...]) -> str:
    return "M" + " L".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _curved(points: tuple[Point, ...]) -> str:
    """Upright at every point, so that edges leave, pass and arrive from above to below."""
    path = f"M{_n(points[0][0])},{_n(points[0][1])}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = (y0 + y1) / 2
        path += f" C{_n(x0)},{_n(middle)} {_n(x1)},{_n(middle)} {_n(x1)},{_n(y1)}"
    return path


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
