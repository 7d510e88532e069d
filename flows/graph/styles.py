"""How each kind of node looks; black on these fills has a contrast above 12:1 (WCAG asks for 4.5:1)."""

from __future__ import annotations

from typing import Final

import msgspec


class Style(msgspec.Struct, frozen=True):
    """Colours, what encloses a label in mermaid, the shape in dot, the outline in SVG."""

    fill: str
    stroke: str
    mermaid: tuple[str, str]
    dot: str
    outline: str


_SPEAKS, _ASKS, _DECIDES, _FETCHES, _PEOPLE, _ENDS = (
    ("#e8f1fb", "#1f5f99"),
    ("#fdf0d5", "#8a5a00"),
    ("#efe7f7", "#5f3b8c"),
    ("#e3f4ea", "#1d6b3f"),
    ("#fde5e3", "#a02b22"),
    ("#ececec", "#444444"),
)
_BOX, _PILL, _DOUBLE = ("[", "]"), ("([", "])"), ("[[", "]]")

STYLES: Final[dict[str, Style]] = {
    "start": Style(*_ENDS, ("((", "))"), "circle", "pill"),
    "say": Style(*_SPEAKS, _BOX, "box", "box"),
    "menu": Style(*_ASKS, ("{{", "}}"), "hexagon", "octagon"),
    "ask": Style(*_ASKS, ("[/", "/]"), "parallelogram", "slanted"),
    "open_question": Style(*_ASKS, ("[/", "\\]"), "trapezium", "octagon"),
    "survey": Style(*_ASKS, ("[/", "/]"), "parallelogram", "slanted"),
    "lookup": Style(*_FETCHES, ("[(", ")]"), "cylinder", "cylinder"),
    "branch": Style(*_DECIDES, ("{", "}"), "diamond", "pointed"),
    "set": Style(*_DECIDES, _BOX, "box", "box"),
    "subflow": Style(*_DECIDES, _DOUBLE, "component", "barred"),
    "return": Style(*_ENDS, _PILL, "oval", "pill"),
    "transfer": Style(*_PEOPLE, _PILL, "oval", "pill"),
    "callback": Style(*_PEOPLE, _PILL, "oval", "pill"),
    "record": Style(*_FETCHES, (">", "]"), "note", "folded"),
    "send_text": Style(*_FETCHES, (">", "]"), "note", "folded"),
    "end": Style(*_ENDS, _PILL, "oval", "pill"),
}
