"""What a flow is: the graph that an operator writes in YAML, as frozen values."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Key = Annotated[str, Field(pattern=r"^[1-9]$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Phrase = Annotated[str, Field(min_length=1, max_length=60)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f'"{name}" is not a time zone; write one such as Europe/Berlin') from None
    return name


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Say(_Part):
    """Speaks a prompt and goes on."""

    type: Literal["say"]
    prompt: Text
    next: Name


class Choice(_Part):
    """One way out of a menu, by key and by voice."""

    key: Key
    phrases: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    label: Text
    to: Name


class Menu(_Part):
    """Offers choices by key and by voice together; the engine words them ("For LABEL, say order or press 1")."""

    type: Literal["menu"]
    prompt: Text
    choices: Annotated[tuple[Choice, ...], Field(min_length=1, max_length=9)]


class DigitCount(_Part):
    """How many digits an answer has."""

    min: Annotated[int, Field(ge=2, le=20)]
    max: Annotated[int, Field(ge=2, le=20)]


class Ask(_Part):
    """Asks for a number by keys or by voice, and saves its digits as a value."""

    type: Literal["ask"]
    prompt: Text
    digits: DigitCount
    save_as: Name
    read_back: Literal["spoken", "always", "never"] = "spoken"
    next: Name


class Lookup(_Part):
    """Finds a row in a CSV file, relative to the flow's, and saves columns of it as values."""

    type: Literal["lookup"]
    file: Annotated[str, Field(min_length=1, max_length=200)]
    where: Annotated[dict[str, Text], Field(min_length=1)]
    save: Annotated[dict[Name, str], Field(min_length=1)]
    found: Name
    not_found: Name
    failed: Name


class Transfer(_Part):
    """Hands the caller to a person; where nobody is free, the engine offers the choice of waiting or a callback."""

    type: Literal["transfer"]
    reason: Text | None = None


class Callback(_Part):
    """Books a callback without seeking a person first."""

    type: Literal["callback"]
    reason: Text | None = None


class End(_Part):
    """Says a last sentence and hangs up."""

    type: Literal["end"]
    prompt: Text
    outcome: Literal["solved", "unsolved"]


Node = Annotated[
    Say | Menu | Ask | Lookup | Transfer | Callback | End,
    Field(discriminator="type"),
]


class Flow(_Part):
    """A whole call flow. `revision` is the hash of the file that it was read from."""

    zerohold: Literal[1]
    name: Name
    language: Literal["en"]
    organisation: Text
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    queue: Name
    start: Name
    nodes: Annotated[dict[Name, Node], Field(min_length=1)]
    revision: str = ""

    def exits_of(self, node_name: str) -> dict[str, str]:
        """Where each of a node's exits leads: label of the exit -> name of a node."""
        node = self.nodes[node_name]
        match node:
            case Menu():
                return {f"choices.{index}.to": choice.to for index, choice in enumerate(node.choices)}
            case Lookup():
                return {"found": node.found, "not_found": node.not_found, "failed": node.failed}
            case Say() | Ask():
                return {"next": node.next}
            case Transfer() | Callback() | End():
                return {}
