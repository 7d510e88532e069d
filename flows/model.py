"""What a flow is: the graph that an operator writes in YAML, as frozen values."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from flows.hours import Holidays, Hours
from flows.node_facts import exits_of, saved_by
from flows.nodes import Clocks, Node
from flows.parts import Language, LocalPhrases, LocalText, Name, Part
from flows.queues import Queue

# Between the name of a subflow and that of a node in it; no name has it.
INSIDE: Final = "."
_DEFAULT_QUEUE: Final = Queue()


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f'"{name}" is not a time zone; write one such as Europe/Berlin') from None
    return name


class UniversalPhrases(Part):
    """Other phrases for the universal words; each one given takes the place of the engine's own list."""

    person: LocalPhrases | None = Field(
        default=None, description="What callers say for a person, as with key 0.", examples=[["till", "shop assistant"]]
    )
    repeat: LocalPhrases | None = Field(
        default=None, description="What callers say to hear it again, as with the star key.", examples=[["say again"]]
    )
    back: LocalPhrases | None = Field(
        default=None, description="What callers say to go back, as with hash and 1.", examples=[["go back"]]
    )
    help: LocalPhrases | None = Field(
        default=None, description="What callers say for help, as with the hash key.", examples=[["what can i say"]]
    )
    language: LocalPhrases | None = Field(
        default=None,
        description="What callers say for another language, as with hash and 2.",
        examples=[["other language"]],
    )


class Effort(Part):
    """How much a caller is asked to bear before a person is offered at once."""

    errors: Annotated[
        int, Field(ge=1, le=20, description="Silences and answers not understood, over the call.", examples=[4])
    ] = 5
    repeats: Annotated[int, Field(ge=1, le=20, description="How often something was to be repeated.", examples=[3])] = 4
    seconds: Annotated[
        int, Field(ge=30, le=3600, description="How long the call has taken, in seconds.", examples=[240])
    ] = 300


class Subflow(Part):
    """A part of a flow with parameters and exits of its own, for use in several places."""

    parameters: tuple[Name, ...] = Field(
        default=(), description="The values that it is called with.", examples=[["most_tries"]]
    )
    exits: Annotated[tuple[Name, ...], Field(min_length=1)] = Field(
        description="The ways in which it can end; a `return` names one of them.", examples=[["known", "unknown"]]
    )
    start: Name = Field(description="The node at which it begins.", examples=["ask_number"])
    nodes: Annotated[dict[Name, Node], Field(min_length=1)] = Field(
        description="Its own nodes, by name.", examples=[{"done": {"type": "return", "exit": "known"}}]
    )


class Flow(Part):
    """A whole call flow. `revision` is the hash of the file that it was read from."""

    zerohold: Literal[1] = Field(description="The version of the flow language.", examples=[1])
    name: Name = Field(description="What the flow is called when it is published.", examples=["orders"])
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=3)] = Field(
        description="A call begins in the first one; callers may change to the others.", examples=[["en", "fa"]]
    )
    organisation: LocalText = Field(description="Who is calling back, as it is said.", examples=["the corner shop"])
    time_zone: Annotated[str, AfterValidator(_known_zone), Field(examples=["Europe/London"])] = Field(
        description="The office's time zone; all hours and dates are in it."
    )
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="Whose telephone numbers are keyed in.")] = Field(
        examples=["GB"]
    )
    queue: Name = Field(description='The queue that "a person" means.', examples=["shop"])
    staffed: Name | None = Field(
        default=None,
        description="The opening hours, by name, in which people answer. Outside of them nobody is asked to stay on "
        "the line: callers choose a time within these hours instead.",
        examples=["office"],
    )
    queues: dict[Name, Queue] = Field(
        default={},
        description="What is to be said of queues, by name. Where it is given, it must list every queue that the flow "
        "names; without it, all have the defaults.",
        examples=[{"shop": {"hours": "shop", "most_dials": 3}}],
    )
    fresh_hours: Annotated[
        int,
        Field(
            ge=0,
            le=30 * 24,
            description="For how many hours what a caller has confirmed is not asked again in a new call from the same "
            "number; 0 is never.",
            examples=[12],
        ),
    ] = 24
    phrases: UniversalPhrases = Field(
        default=UniversalPhrases(),
        description="Other phrases for the universal words.",
        examples=[{"person": ["till"]}],
    )
    clocks: Clocks = Field(default=Clocks(), description="How long we wait for a caller.", examples=[{"no_input_s": 8}])
    effort: Effort = Field(
        default=Effort(), description="When a person is offered without being asked for.", examples=[{"errors": 4}]
    )
    hours: dict[Name, Hours] = Field(
        default={}, description="Opening hours, by name.", examples=[{"shop": {"mon-fri": ["09:00-17:30"]}}]
    )
    holidays: Holidays = Field(
        default=Holidays(), description="Which days are holidays.", examples=[{"calendar": "GB-ENG"}]
    )
    start: Name = Field(description="The node at which a call begins.", examples=["welcome"])
    nodes: Annotated[dict[Name, Node], Field(min_length=1)] = Field(
        description="The nodes, by name.",
        examples=[{"welcome": {"type": "say", "prompt": "Welcome to the corner shop.", "next": "main"}}],
    )
    subflows: dict[Name, Subflow] = Field(
        default={},
        description="Parts for use in several places, by name.",
        examples=[
            {"hold": {"exits": ["done"], "start": "back", "nodes": {"back": {"type": "return", "exit": "done"}}}}
        ],
    )
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
    def memo(self) -> dict[tuple[str, ...], dict[str, str]]:
        """Tables that are made once and read at every turn: the phrases of each place (`flows.engine.vocabulary`)."""
        return {}

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

    def start_of(self, subflow: str) -> str:
        """The full name of the node at which a subflow begins."""
        return subflow + INSIDE + self.subflows[subflow].start

    def queue_of(self, name: str) -> Queue:
        """What is to be said of a queue: the defaults where it is not listed."""
        return self.queues.get(name, _DEFAULT_QUEUE)

    def hours_of_queue(self, name: str) -> Hours | None:
        """When the people of a queue are there; None for always."""
        word = self.queue_of(name).hours or self.staffed
        return None if word is None else self.hours[word]


def subflow_of(node_name: str) -> str:
    """The subflow that a node is in, empty for one in none."""
    return node_name.rpartition(INSIDE)[0]


def home_of(node_name: str) -> str:
    """What stands before the names of a node's neighbours: the subflow and a dot, or nothing."""
    subflow, dot, _ = node_name.rpartition(INSIDE)
    return subflow + dot
