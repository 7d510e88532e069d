"""What follows from a node: where it leads, and what it saves."""

from __future__ import annotations

from flows import nodes


def exits_of(node: nodes.Node) -> dict[str, str]:
    """Where each of a node's exits leads: path of the exit within the node -> name of a node."""
    match node:
        case nodes.Menu():
            return {f"choices.{index}.to": choice.to for index, choice in enumerate(node.choices)}
        case nodes.OpenQuestion():
            return {f"intents.{name}.to": intent.to for name, intent in node.intents.items()}
        case nodes.Branch():
            cases = {f"cases.{index}.to": case.to for index, case in enumerate(node.cases)}
            return {**cases, "otherwise": node.otherwise}
        case nodes.Lookup():
            failed = {"failed": node.failed} if node.failed is not None else {}
            return {"found": node.found, "not_found": node.not_found, **failed}
        case nodes.CallSubflow():
            return {f"exits.{name}": to for name, to in node.exits.items()}
        case nodes.Record():
            return {"next": node.next, "nothing": node.nothing}
        case nodes.SendText():
            return {"next": node.next, "failed": node.failed}
        case nodes.Callback(next=to) if to is not None:
            return {"next": to}
        case nodes.Say() | nodes.Ask() | nodes.Survey() | nodes.Set():
            return {"next": node.next}
        case nodes.Callback() | nodes.Transfer() | nodes.End() | nodes.Return():
            return {}


def saved_by(node: nodes.Node) -> tuple[str, ...]:
    """The names of the values that a node saves."""
    match node:
        case nodes.Ask() | nodes.Survey() | nodes.Record():
            return (node.save_as,)
        case nodes.OpenQuestion():
            return tuple(name for intent in node.intents.values() for name in intent.slots)
        case nodes.Lookup():
            return tuple(node.save)
        case nodes.Set():
            return tuple(node.values)
        case _:
            return ()
