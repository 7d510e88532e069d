"""Which nodes and exits of a flow its conversations visit, and which nobody has tried yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from flows import nodes
from flows.conversations.player import Played
from flows.model import Flow


class MissingExit(msgspec.Struct, frozen=True, kw_only=True):
    """An exit that nobody took: the path of it within its node, and where it leads."""

    node: str
    exit: str
    to: str
    name: str


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How far the conversations about one flow reach."""

    flow: str
    conversations: int
    nodes: int
    exits: int
    missing_nodes: tuple[str, ...]
    missing_exits: tuple[MissingExit, ...]

    @property
    def percent(self) -> float:
        """Nodes and exits that were visited, of all, from 0 to 100."""
        all_of_them = self.nodes + self.exits
        return 100 * (all_of_them - len(self.missing_nodes) - len(self.missing_exits)) / all_of_them


def coverage_of(flow: Flow, played: Iterable[Played], *, name: str) -> Coverage:
    """How far conversations reach that were played against a flow; `name` is what the report calls it."""
    played = tuple(played)
    visited = {node for one in played for node in one.nodes}
    exits = {exit_ for one in played for exit_ in one.exits}
    known = [(node, exit_, to) for node in flow.all_nodes for exit_, to in flow.exits_of(node).items()]
    return Coverage(
        flow=name,
        conversations=len(played),
        nodes=len(flow.all_nodes),
        exits=len(known),
        missing_nodes=tuple(node for node in flow.all_nodes if node not in visited),
        missing_exits=tuple(
            MissingExit(node=node, exit=exit_, to=to, name=exit_name(flow, node, exit_))
            for node, exit_, to in known
            if (node, exit_) not in exits
        ),
    )


def coverage_text(coverage: Coverage) -> Iterator[str]:
    """The lines of a report."""
    visited = coverage.nodes - len(coverage.missing_nodes)
    exits = coverage.exits - len(coverage.missing_exits)
    yield (
        f"{coverage.flow}: {coverage.percent:.0f} % covered "
        f"({visited} of {coverage.nodes} nodes, {exits} of {coverage.exits} exits)"
    )
    yield from (f"  node never visited: {node}" for node in coverage.missing_nodes)
    yield from (f"  exit never taken:   {exit_.node}, {exit_.name}, to {exit_.to}" for exit_ in coverage.missing_exits)


def coverage_json(coverage: Coverage) -> dict[str, object]:
    """The same as plain values."""
    return {**msgspec.to_builtins(coverage), "percent": round(coverage.percent, 1)}


def exit_name(flow: Flow, node_name: str, exit_path: str) -> str:
    """An exit as an operator would call it: the key of a choice, the name of an intent, the number of a case."""
    node = flow.all_nodes[node_name]
    first, *rest = exit_path.split(".")
    match node:
        case nodes.Menu():
            return f"key {node.choices[int(rest[0])].key}"
        case nodes.OpenQuestion():
            return f"intent {rest[0]}"
        case nodes.Branch() if rest:
            return f"case {int(rest[0]) + 1}"
        case nodes.CallSubflow():
            return f"exit {rest[0]}"
        case _:
            return first
