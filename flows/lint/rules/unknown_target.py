"""Names of nodes, subflows, exits and parameters that do not exist."""

from __future__ import annotations

from collections.abc import Iterator

from flows import nodes
from flows.document import Document, Path
from flows.lint.graph import exit_path, path_of
from flows.lint.rule import Rule, found
from flows.model import INSIDE, home_of, subflow_of
from flows.node_facts import exits_of
from flows.problems import Problem, known_words

ID = "unknown-target"


def _check(document: Document) -> Iterator[Problem]:
    flow = document.flow
    # By what stands before the names of a flow or subflow: the nodes in it.
    nodes_of = {"": tuple(sorted(flow.nodes))}
    starts: list[tuple[Path, str, str]] = [(("start",), "", flow.start)]
    for subflow, part in flow.subflows.items():
        nodes_of[subflow + INSIDE] = tuple(sorted(part.nodes))
        starts.append((("subflows", subflow, "start"), subflow + INSIDE, part.start))
    for path, home, start in starts:
        known = nodes_of[home]
        if start not in known:
            message = f'start is the unknown node "{start}"{known_words(start, known)}'
            yield found(ID, document, path, message, known=known)
    every = {home: set(names) for home, names in nodes_of.items()}
    for name, node in flow.all_nodes.items():
        home = home_of(name)
        for label, to in exits_of(node).items():
            if to not in every[home]:
                known = nodes_of[home]
                message = f'node "{name}" exits to the unknown node "{to}"{known_words(to, known)}'
                yield found(ID, document, exit_path(name, label), message, known=known)
        if isinstance(node, nodes.CallSubflow):
            yield from _check_call(document, name, node)
        if isinstance(node, nodes.Return):
            yield from _check_return(document, name, node)


def _check_call(document: Document, name: str, node: nodes.CallSubflow) -> Iterator[Problem]:
    flow, path = document.flow, path_of(name)
    called = flow.subflows.get(node.subflow)
    if called is None:
        known = tuple(sorted(flow.subflows))
        message = f'node "{name}" calls the unknown subflow "{node.subflow}"{known_words(node.subflow, known)}'
        yield found(ID, document, (*path, "subflow"), message, known=known)
        return
    for word, given, wanted in (("exit", node.exits, called.exits), ("parameter", node.parameters, called.parameters)):
        for one in given:
            if one not in wanted:
                message = f'the subflow "{node.subflow}" has no {word} "{one}"{known_words(one, wanted)}'
                yield found(ID, document, (*path, f"{word}s", one), message, known=tuple(wanted))
        for one in wanted:
            if one not in given:
                message = f'the {word} "{one}" of the subflow "{node.subflow}" is missing'
                yield found(ID, document, (*path, f"{word}s"), message, known=tuple(wanted))


def _check_return(document: Document, name: str, node: nodes.Return) -> Iterator[Problem]:
    subflow = subflow_of(name)
    if not subflow:
        yield found(ID, document, (*path_of(name), "type"), f'node "{name}" returns, but it is in no subflow')
        return
    exits = document.flow.subflows[subflow].exits
    if node.exit not in exits:
        message = f'node "{name}" returns by the unknown exit "{node.exit}"{known_words(node.exit, exits)}'
        yield found(ID, document, (*path_of(name), "exit"), message, known=exits)


RULE = Rule(
    id=ID,
    level="error",
    title="A name leads nowhere",
    why="A call that comes to a name that does not exist cannot go on. Every start, exit, subflow, parameter and "
    "`return` must name something that is there; a subflow's caller gives all of its parameters and exits.",
    fails=(
        """
nodes:
  main: {type: say, prompt: Hello., next: godbye}
  goodbye: {type: end, prompt: Goodbye., outcome: solved}
""",
        "start: mian",
        "nodes:\n  main: {type: subflow, subflow: pay, exits: {done: goodbye}}",
        "nodes:\n  main: {type: return, exit: done}",
        """
subflows:
  pay:
    parameters: [amount]
    exits: [done, failed]
    start: begin
    nodes:
      begin: {type: say, prompt: "{amount|number}.", next: back}
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: pay, exits: {done: goodbye}}
""",
    ),
    passes=(
        """
subflows:
  pay:
    parameters: [amount]
    exits: [done]
    start: begin
    nodes:
      begin: {type: say, prompt: "{amount|number}.", next: back}
      back: {type: return, exit: done}
nodes:
  main: {type: subflow, subflow: pay, parameters: {amount: 3}, exits: {done: goodbye}}
""",
    ),
    check=_check,
)
