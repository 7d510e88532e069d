"""What a flow is: the graph that an operator writes in YAML, as frozen values."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from flows.hours import Holidays, Hours
from flows.nodes import Clocks, Node, exits_of, saved_by
from flows.parts import Language, LocalPhrases, LocalText, Name, Part

# Between the name of a subflow and that of a node in it; no name has it.
INSIDE: Final = "."


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f'"{name}" is not a time zone; write one such as Europe/Berlin') from None
    return name


class UniversalPhrases(Part):
    """Other phrases for the universal words; each one given takes the place of the engine's own list."""

    person: LocalPhrases | None = None
    repeat: LocalPhrases | None = None
    back: LocalPhrases | None = None
    help: LocalPhrases | None = None
    language: LocalPhrases | None = None


class Effort(Part):
    """How much a caller is asked to bear before a person is offered at once."""

    errors: Annotated[int, Field(ge=1, le=20, description="Silences and answers not understood, over the call.")] = 5
    repeats: Annotated[int, Field(ge=1, le=20, description="How often something was to be repeated.")] = 4
    seconds: Annotated[int, Field(ge=30, le=3600, description="How long the call has taken.")] = 300


class Subflow(Part):
    """A part of a flow with parameters and exits of its own, for use in several places."""

    parameters: tuple[Name, ...] = ()
    exits: Annotated[tuple[Name, ...], Field(min_length=1)]
    start: Name
    nodes: Annotated[dict[Name, Node], Field(min_length=1)]


class Flow(Part):
    """A whole call flow. `revision` is the hash of the file that it was read from."""

    zerohold: Literal[1] = Field(description="The version of the flow language.")
    name: Name
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=3)] = Field(
        description="A call begins in the first one; callers may change to the others."
    )
    organisation: LocalText
    time_zone: Annotated[str, AfterValidator(_known_zone), Field(examples=["Europe/London"])]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="Whose telephone numbers are keyed in.")]
    queue: Name = Field(description='The queue that "a person" means.')
    phrases: UniversalPhrases = UniversalPhrases()
    clocks: Clocks = Clocks()
    effort: Effort = Effort()
    hours: dict[Name, Hours] = Field(default={}, description="Opening hours, by name.")
    holidays: Holidays = Holidays()
    start: Name
    nodes: Annotated[dict[Name, Node], Field(min_length=1)]
    subflows: dict[Name, Subflow] = Field(default={}, description="Parts for use in several places, by name.")
    revision: str = ""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The office's time zone."""
        return ZoneInfo(self.time_zone)

    @cached_property
    def all_nodes(self) -> dict[str, Node]:
        """Every node, those of subflows too, under `subflow.node`."""
        inner = {
            f"{subflow}{INSIDE}{name}": node
            for subflow, part in self.subflows.items()
            for name, node in part.nodes.items()
        }
        return {**self.nodes, **inner}

    @cached_property
    def sensitive_names(self) -> frozenset[str]:
        """The values that must not outlive the turn in which they were keyed in."""
        return frozenset(node.save_as for node in self.all_nodes.values() if node.type == "ask" and node.sensitive)

    @cached_property
    def shared_names(self) -> frozenset[str]:
        """The values that more than one node saves: who has told one of them already is not asked for it again."""
        seen: set[str] = set()
        shared: set[str] = set()
        for node in self.all_nodes.values():
            for name in saved_by(node):
                (shared if name in seen else seen).add(name)
        return frozenset(shared)

    def exits_of(self, node_name: str) -> dict[str, str]:
        """Where each of a node's exits leads: path of the exit within the node -> full name of a node."""
        home = home_of(node_name)
        return {label: home + to for label, to in exits_of(self.all_nodes[node_name]).items()}


def home_of(node_name: str) -> str:
    """What stands before the names of a node's neighbours: the subflow and a dot, or nothing."""
    subflow, dot, _ = node_name.rpartition(INSIDE)
    return subflow + dot
