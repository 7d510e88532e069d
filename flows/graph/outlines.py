"""The outline of each kind of node, and the room that it leaves for text."""

from __future__ import annotations

from typing import Final

CORNER: Final = 10.0
# Between the outline's box and its text: at the left and right, above and below.
PADDING: Final[dict[str, tuple[float, float]]] = {
    "box": (9, 6),
    "pill": (16, 6),
    "octagon": (14, 7),
    "slanted": (20, 6),
    "pointed": (24, 7),
    "barred": (16, 6),
    "cylinder": (10, 11),
    "folded": (16, 6),
}


def outline(kind: str, x: float, y: float, width: float, height: float) -> str:
    """The path of an outline around a middle."""
    left, right, top, bottom = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    c = CORNER
    match kind:
        case "pill":
            r = min(height / 2, 16.0)
            return _rounded(left, right, top, bottom, r)
        case "octagon":
            return _polygon(
                (left + c, top), (right - c, top), (right, top + c), (right, bottom - c),
                (right - c, bottom), (left + c, bottom), (left, bottom - c), (left, top + c),
            )  # fmt: skip
        case "slanted":
            return _polygon((left + c, top), (right, top), (right - c, bottom), (left, bottom))
        case "pointed":
            tip = 2 * c
            return _polygon(
                (left + tip, top),
                (right - tip, top),
                (right, y),
                (right - tip, bottom),
                (left + tip, bottom),
                (left, y),
            )
        case "barred":
            bars = f" M{left + 6:.1f},{top:.1f} V{bottom:.1f} M{right - 6:.1f},{top:.1f} V{bottom:.1f}"
            return _polygon((left, top), (right, top), (right, bottom), (left, bottom)) + bars
        case "cylinder":
            arc = f"A{width / 2:.1f},5 0 0 "
            return (
                f"M{left:.1f},{top + 5:.1f} {arc}1 {right:.1f},{top + 5:.1f} V{bottom - 5:.1f} "
                f"{arc}1 {left:.1f},{bottom - 5:.1f} Z M{left:.1f},{top + 5:.1f} {arc}0 {right:.1f},{top + 5:.1f}"
            )
        case "folded":
            fold = f" M{right - c:.1f},{top:.1f} V{top + c:.1f} H{right:.1f}"
            return _polygon((left, top), (right - c, top), (right, top + c), (right, bottom), (left, bottom)) + fold
        case _:
            return _rounded(left, right, top, bottom, 5.0)


def _polygon(*points: tuple[float, float]) -> str:
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in points) + " Z"


def _rounded(left: float, right: float, top: float, bottom: float, r: float) -> str:
    arc = f"A{r:.1f},{r:.1f} 0 0 1 "
    return (
        f"M{left + r:.1f},{top:.1f} H{right - r:.1f} {arc}{right:.1f},{top + r:.1f} V{bottom - r:.1f} "
        f"{arc}{right - r:.1f},{bottom:.1f} H{left + r:.1f} {arc}{left:.1f},{bottom - r:.1f} V{top + r:.1f} "
        f"{arc}{left + r:.1f},{top:.1f} Z"
    )
