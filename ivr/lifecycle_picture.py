"""The lifecycle of a callback as a picture, drawn from its table. Pure.

Events about the promise that lead from many states to one are written below the picture once, and what leaves a
request in its state stands in the state's box: else nobody could see the two ways to a conversation.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from callbacks.lifecycle import BEFORE_TALK, TABLE
from callbacks.lifecycle_events import EVENTS, Fenced
from callbacks.model import QUIET, State
from flows.graph.layers import Box, Link
from flows.graph.layout import Point, Route, lay_out
from flows.graph.outlines import outline
from flows.graph.text_width import text_width, wrapped

FONT: Final = "Verdana, 'DejaVu Sans', Arial, sans-serif"
NAME_PX, SMALL_PX, LINE_PX = 13, 10, 14
WORDS_WIDTH, PAD, MARGIN = 190.0, 10.0, 20.0
# An event about the promise, not about a dial, that leads to one state from so many others is told in words.
FROM_MANY: Final = 4
TEXT, MUTED, LINE, LINE_BACK = "#111111", "#4a4a4a", "#4a5568", "#2f6f8f"

Edges = dict[tuple[State, State], list[str]]


def lifecycle_svg() -> str:
    """The picture as an SVG document; the same for the same table."""
    edges, stays, from_many = sorted_out()
    states: list[State] = [*BEFORE_TALK, "talking", "wrap_up", "ended"]
    inside = {state: wrapped(", ".join(stays[state]), WORDS_WIDTH, SMALL_PX, 4) for state in states}
    labels = {pair: wrapped(", ".join(names), WORDS_WIDTH, SMALL_PX, 4) for pair, names in edges.items()}
    boxes = [_box(state, inside[state]) for state in states]
    layout = lay_out(boxes, [Link(*pair, *_size(lines)) for pair, lines in labels.items()])
    below = [_sentence(event, target, sources) for (event, target), sources in from_many.items()]
    width = max(layout.width, *(text_width(line, SMALL_PX) + 2 * MARGIN for line in below))
    height = layout.height + len(below) * LINE_PX + MARGIN
    pieces = [
        *(_edge(route) for route in layout.routes),
        *(_state(box, layout.boxes[box.name], inside[state]) for box, state in zip(boxes, states, strict=True)),
        *(_label(route, lines) for route, lines in zip(layout.routes, labels.values(), strict=True)),
        *(
            _text(line, MARGIN, layout.height + number * LINE_PX, anchor="start", colour=MUTED)
            for number, line in enumerate(below)
        ),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONT}" role="img">\n'
        "<title>The lifecycle of a callback</title>\n"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="{LINE}"/></marker></defs>\n'
        '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(pieces) + "\n</svg>\n"
    )


def sorted_out() -> tuple[Edges, dict[State, list[str]], dict[tuple[str, State], list[State]]]:
    """The table in three parts: edges with their events, events that change no state, events from many states."""
    sources: dict[tuple[str, State], list[State]] = {}
    stays: dict[State, list[str]] = {state: [] for state in (*BEFORE_TALK, "talking", "wrap_up", "ended")}
    for (state, kind), targets in TABLE.items():
        for target in targets:
            if target == state:
                stays[state].append(kind.__name__)
            else:
                sources.setdefault((kind.__name__, target), []).append(state)
    edges: Edges = {}
    from_many: dict[tuple[str, State], list[State]] = {}
    for (event, target), states in sources.items():
        if len(states) >= FROM_MANY and not issubclass(EVENTS[event], Fenced):
            from_many[event, target] = states
            continue
        for state in states:
            edges.setdefault((state, target), []).append(event)
    return edges, stays, from_many


def _sentence(event: str, target: State, sources: list[State]) -> str:
    missing = [state for state in BEFORE_TALK if state not in sources and state != target]
    every = "every state before the conversation"
    where = every if not missing else f"{every} but {' and '.join(missing)}" if len(missing) < 3 else ", ".join(sources)
    return f"{event} leads to {target} from {where}."


def _size(lines: list[str]) -> tuple[float, float]:
    return max(text_width(line, SMALL_PX) for line in lines) + 8, len(lines) * LINE_PX + 2.0


def _box(state: State, lines: list[str]) -> Box:
    width = max([text_width(state, NAME_PX, bold=True), *(text_width(line, SMALL_PX) for line in lines)])
    return Box(state, width + 2 * PAD, (len(lines) + 1) * LINE_PX + PAD)


def _state(box: Box, at: Point, lines: list[str]) -> str:
    fill, stroke = _colours(box.name)
    shape = outline("pill" if box.name == "ended" else "box", at[0], at[1], box.width, box.height)
    y = at[1] - len(lines) * LINE_PX / 2 + 4
    texts = [_text(box.name, at[0], y, size=NAME_PX, bold=True)]
    texts += [_text(line, at[0], y + number * LINE_PX, colour=MUTED) for number, line in enumerate(lines, start=1)]
    return f'<g><path d="{shape}" fill="{fill}" stroke="{stroke}" stroke-width="1.3"/>{"".join(texts)}</g>'


def _colours(state: str) -> tuple[str, str]:
    """Nobody is rung; somebody is; two people talk; it is over. Black on each has a contrast above 12:1."""
    if state in QUIET:
        return "#e8f1fb", "#1f5f99"
    if state in {"talking", "wrap_up"}:
        return "#e3f4ea", "#1d6b3f"
    return ("#ececec", "#444444") if state == "ended" else ("#fdf0d5", "#8a5a00")


def _edge(route: Route) -> str:
    path = "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in route.points)
    colour = LINE_BACK if route.goes_back else LINE
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2" stroke-linejoin="round" '
        'marker-end="url(#tip)"/>'
    )


def _label(route: Route, lines: list[str]) -> str:
    (x, y), (width, height) = route.label_at, _size(lines)
    back = (
        f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" height="{height:.1f}" rx="3" '
        'fill="#ffffff" stroke="#cbd5e0" stroke-width="0.8"/>'
    )
    first = y - height / 2 + LINE_PX - 2
    return f"<g>{back}{''.join(_text(line, x, first + n * LINE_PX) for n, line in enumerate(lines))}</g>"


def _text(
    text: str,
    x: float,
    y: float,
    *,
    size: int = SMALL_PX,
    bold: bool = False,
    anchor: str = "middle",
    colour: str = TEXT,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}>'
        f"{escape(text)}</text>"
    )
