"""Puts the nodes of a graph into layers, and each layer into an order with few crossings.

Source: K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system structures", IEEE
Trans. SMC 11 (1981): layers by longest path, dummies for long edges, order by barycentres.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import Final

import msgspec

SWEEPS: Final = 12


class Box(msgspec.Struct, frozen=True):
    """A node to be placed, in pixels."""

    name: str
    width: float
    height: float


class Link(msgspec.Struct, frozen=True):
    """An edge to be drawn, with the size of its label (0 for none)."""

    source: str
    target: str
    width: float = 0
    height: float = 0


class Cell(msgspec.Struct):
    """What takes room in a layer: a node (`box` is its name), the label of an edge, or a long edge that passes."""

    layer: int
    width: float
    height: float
    box: str = ""
    above: list[int] = []
    below: list[int] = []
    x: float = 0
    y: float = 0


class Layered(msgspec.Struct):
    """Cells in layers. Nodes are in the even ones, labels in the odd ones; an edge is a chain of cells."""

    cells: list[Cell]
    layers: list[list[int]]
    of_box: dict[str, int]
    # For each link the cells between its ends; for one that goes back, only its label.
    chains: list[list[int]]
    goes_back: list[bool]


def layered(boxes: Sequence[Box], links: Sequence[Link]) -> Layered:
    """The layers of a graph; the first box stands above those that it leads to."""
    finished, backward = _depth_first(boxes, links)
    depth = dict.fromkeys(finished, 0)
    for name in finished:
        for index, link in enumerate(links):
            if link.source == name and index not in backward:
                depth[link.target] = max(depth[link.target], depth[name] + 1)
    cells = [Cell(2 * depth[box.name], box.width, box.height, box.name) for box in boxes]
    of_box = {box.name: index for index, box in enumerate(boxes)}
    chains = []
    for index, link in enumerate(links):
        first = 2 * depth[link.source] + 1
        last = first if index in backward else 2 * depth[link.target] - 1
        chain = list(range(len(cells), len(cells) + last - first + 1))
        cells.extend(
            Cell(layer, link.width if layer == first else 0, link.height if layer == first else 0)
            for layer in range(first, last + 1)
        )
        way = [of_box[link.source], *chain] + ([] if index in backward else [of_box[link.target]])
        for upper, lower in itertools.pairwise(way):
            cells[upper].below.append(lower)
            cells[lower].above.append(upper)
        chains.append(chain)
    goes_back = [index in backward for index in range(len(links))]
    return Layered(cells, _ordered(cells, of_box, finished), of_box, chains, goes_back)


def _depth_first(boxes: Sequence[Box], links: Sequence[Link]) -> tuple[list[str], set[int]]:
    """The boxes so that each stands before those it leads to, and the links that go back to where one came from."""
    outgoing: dict[str, list[int]] = {box.name: [] for box in boxes}
    for index, link in enumerate(links):
        outgoing[link.source].append(index)
    finished: list[str] = []
    seen: set[str] = set()
    backward: set[int] = set()
    for box in boxes:
        if box.name in seen:
            continue
        seen.add(box.name)
        stack, on_stack = [(box.name, iter(outgoing[box.name]))], {box.name}
        while stack:
            name, rest = stack[-1]
            index = next(rest, -1)
            if index < 0:
                stack.pop()
                on_stack.discard(name)
                finished.append(name)
            elif (target := links[index].target) in on_stack:
                backward.add(index)
            elif target not in seen:
                seen.add(target)
                on_stack.add(target)
                stack.append((target, iter(outgoing[target])))
    return finished[::-1], backward


def _ordered(cells: list[Cell], of_box: dict[str, int], finished: list[str]) -> list[list[int]]:
    """Each layer from left to right: barycentre sweeps down and up, the best of them kept."""
    layers: list[list[int]] = [[] for _ in range(1 + max(cell.layer for cell in cells))]
    placed: set[int] = set()
    for name in finished:
        waiting = [of_box[name]]
        while waiting:
            index = waiting.pop()
            if index not in placed:
                placed.add(index)
                layers[cells[index].layer].append(index)
                waiting.extend(reversed(cells[index].below))
    best, fewest = [list(layer) for layer in layers], _crossings(cells, layers)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for number in range(1, len(layers)) if down else range(len(layers) - 2, -1, -1):
            beside = layers[number - 1 if down else number + 1]
            rank = {index: position for position, index in enumerate(beside)}
            layers[number] = _by_barycentre(cells, layers[number], rank, down=down)
        crossings = _crossings(cells, layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _by_barycentre(cells: list[Cell], layer: list[int], rank: dict[int, int], *, down: bool) -> list[int]:
    """The layer by the mean place of each cell's neighbours; one without neighbours stays where it is."""

    def barycentre(position: int) -> float:
        neighbours = cells[layer[position]].above if down else cells[layer[position]].below
        places = [rank[index] for index in neighbours]
        return sum(places) / len(places) if places else position * len(rank) / len(layer)

    return [layer[position] for position in sorted(range(len(layer)), key=barycentre)]


def _crossings(cells: list[Cell], layers: list[list[int]]) -> int:
    crossings = 0
    for upper, lower in itertools.pairwise(layers):
        rank = {index: position for position, index in enumerate(lower)}
        ends: list[int] = []
        for index in upper:
            reached = sorted(rank[below] for below in cells[index].below)
            crossings += sum(len(ends) - bisect_right(ends, end) for end in reached)
            for end in reached:
                insort(ends, end)
    return crossings
