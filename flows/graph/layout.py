"""Where everything stands in a picture: coordinates of nodes, routes and labels of edges, in pixels from the top left.

Edges that lead back to an earlier node run aside, in lanes at the right, one lane for each node that they lead to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from flows.graph.layers import Box, Cell, Layered, Link, layered

Point = tuple[float, float]

BETWEEN_BOXES: Final = 26.0
BETWEEN_LINES: Final = 12.0
BETWEEN_LAYERS: Final = 18.0
TRACK: Final = 9.0
LANE: Final = 14.0
MARGIN: Final = 20.0
SWEEPS: Final = 40
# How far from a node's middle edges leave and arrive, as part of its width.
SPREAD: Final = 0.36
# Long edges are pulled straight before nodes are pulled under each other.
STRAIGHT: Final = 8.0


class Route(msgspec.Struct, frozen=True):
    """The points of an edge, from node to node, and the middle of its label."""

    points: tuple[Point, ...]
    label_at: Point
    goes_back: bool


class Layout(msgspec.Struct, frozen=True):
    """A picture's size, the middle of each box, and the route of each link."""

    width: float
    height: float
    boxes: dict[str, Point]
    routes: tuple[Route, ...]


def lay_out(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """The layout of a graph; the same for the same graph."""
    graph = layered(boxes, links)
    _set_x(graph)
    lanes = _lanes(graph, links)
    gaps = _set_y(graph, links, lanes)
    right = max(cell.x + cell.width / 2 for cell in graph.cells)
    routes = tuple(
        _back(graph, link, index, right + LANE * (1 + lanes[link.target]), gaps)
        if graph.goes_back[index]
        else _forward(graph, link, index)
        for index, link in enumerate(links)
    )
    bottom = max(cell.y + cell.height / 2 for cell in graph.cells)
    lowest = max((y for route in routes for _, y in route.points), default=bottom)
    return Layout(
        width=right + LANE * (1 + len(lanes)) + MARGIN,
        height=max(bottom, lowest) + MARGIN,
        boxes={name: (graph.cells[index].x, graph.cells[index].y) for name, index in graph.of_box.items()},
        routes=routes,
    )


def _set_x(graph: Layered) -> None:
    for layer in graph.layers:
        _place(graph, layer, [0.0] * len(layer))
    for sweep in range(SWEEPS):
        up = sweep % 2 == 1
        for layer in reversed(graph.layers) if up else graph.layers:
            _place(graph, layer, [_wanted(graph, index, sweep) for index in layer])
    left = min(cell.x - cell.width / 2 for cell in graph.cells)
    for cell in graph.cells:
        cell.x += MARGIN - left


def _wanted(graph: Layered, index: int, sweep: int) -> float:
    """Where a cell would stand best: at the mean of its neighbours, at the end those on both sides."""
    cell = graph.cells[index]
    sides = (cell.above, cell.below) if sweep % 2 == 0 else (cell.below, cell.above)
    neighbours = [*cell.above, *cell.below] if sweep >= SWEEPS // 2 else (sides[0] or sides[1])
    if not neighbours:
        return cell.x
    weights = [1.0 if graph.cells[other].box or cell.box else STRAIGHT for other in neighbours]
    return sum(w * graph.cells[other].x for w, other in zip(weights, neighbours, strict=True)) / sum(weights)


def _place(graph: Layered, layer: list[int], wanted: list[float]) -> None:
    """Move the cells of a layer as near to `wanted` as order and room allow (least squares).

    Source: pool adjacent violators; R. Barlow et al., "Statistical Inference under Order Restrictions" (1972).
    """
    offsets, offset = [], 0.0
    for position, index in enumerate(layer):
        if position:
            offset += _room(graph.cells[layer[position - 1]], graph.cells[index])
        offsets.append(offset)
    blocks: list[tuple[float, float, int]] = []
    for index, goal, shift in zip(layer, wanted, offsets, strict=True):
        mean, weight, count = goal - shift, 1.0 if graph.cells[index].box else STRAIGHT, 1
        while blocks and blocks[-1][0] > mean:
            before, heavy, number = blocks.pop()
            mean = (before * heavy + mean * weight) / (heavy + weight)
            weight, count = weight + heavy, count + number
        blocks.append((mean, weight, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    for index, mean, shift in zip(layer, means, offsets, strict=True):
        graph.cells[index].x = mean + shift


def _room(left: Cell, right: Cell) -> float:
    return (left.width + right.width) / 2 + (BETWEEN_BOXES if left.box and right.box else BETWEEN_LINES)


def _lanes(graph: Layered, links: Sequence[Link]) -> dict[str, int]:
    """A lane for each node that is led back to; the shortest ones inside."""
    reach: dict[str, int] = {}
    for index, link in enumerate(links):
        if graph.goes_back[index]:
            span = _layer(graph, link.source) - _layer(graph, link.target)
            reach[link.target] = max(span, reach.get(link.target, 0))
    return {name: lane for lane, name in enumerate(sorted(reach, key=lambda name: (reach[name], name)))}


def _layer(graph: Layered, box: str) -> int:
    return graph.cells[graph.of_box[box]].layer


def _set_y(graph: Layered, links: Sequence[Link], lanes: dict[str, int]) -> dict[int, dict[str, float]]:
    """Set the height of each layer; returns the tracks above the layers of nodes: layer -> node led back to -> y."""
    tracks: dict[int, set[str]] = {}
    for index, link in enumerate(links):
        if graph.goes_back[index]:
            tracks.setdefault(_layer(graph, link.target), set()).add(link.target)
            tracks.setdefault(_layer(graph, link.source) + 2, set()).add(link.target)
    gaps: dict[int, dict[str, float]] = {}
    y = MARGIN
    for number in range(len(graph.layers) + 2):
        if tracks.get(number):
            y += TRACK / 2
            gaps[number] = {}
            # The inner lane's track is the lower one, so that lines to outer lanes pass above it.
            for name in sorted(tracks[number], key=lambda name: -lanes[name]):
                gaps[number][name] = y
                y += TRACK
        if number >= len(graph.layers):
            continue
        layer = [graph.cells[index] for index in graph.layers[number]]
        y += BETWEEN_LAYERS if number else 0
        height = max((cell.height for cell in layer), default=0.0)
        for cell in layer:
            cell.y = y + height / 2
        y += height + (BETWEEN_LAYERS if number % 2 else 0)
    return gaps


def _forward(graph: Layered, link: Link, index: int) -> Route:
    chain = [graph.cells[cell] for cell in graph.chains[index]]
    source, target = graph.cells[graph.of_box[link.source]], graph.cells[graph.of_box[link.target]]
    points = [_at_edge(source, chain[0].x, 1)]
    for cell in chain:
        half = _layer_height(graph, cell.layer) / 2
        points += [(cell.x, cell.y - half), (cell.x, cell.y + half)]
    points.append(_at_edge(target, chain[-1].x, -1))
    return Route(tuple(points), (chain[0].x, chain[0].y), goes_back=False)


def _back(graph: Layered, link: Link, index: int, lane_x: float, gaps: dict[int, dict[str, float]]) -> Route:
    label = graph.cells[graph.chains[index][0]]
    source, target = graph.cells[graph.of_box[link.source]], graph.cells[graph.of_box[link.target]]
    leaves, arrives = gaps[source.layer + 2][link.target], gaps[target.layer][link.target]
    end = _at_edge(target, target.x + target.width, -1)
    half = _layer_height(graph, label.layer) / 2
    points = (
        _at_edge(source, label.x, 1),
        (label.x, label.y - half),
        (label.x, leaves),
        (lane_x, leaves),
        (lane_x, arrives),
        (end[0], arrives),
        end,
    )
    return Route(points, (label.x, label.y), goes_back=True)


def _layer_height(graph: Layered, number: int) -> float:
    return max((graph.cells[index].height for index in graph.layers[number]), default=0.0)


def _at_edge(box: Cell, towards_x: float, side: int) -> Point:
    """Where an edge meets a node: below (1) or above (-1) it, as near to a place as the spread allows."""
    spread = box.width * SPREAD
    return min(max(towards_x, box.x - spread), box.x + spread), box.y + side * box.height / 2
