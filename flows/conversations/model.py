"""A file of conversations, as frozen values: who calls when, what they do, and what must come of it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from flows.parts import Name, Part

Scalar = str | int | float | bool | None


class LookupAnswer(Part):
    """What a lookup finds this time."""

    found: dict[Name, Scalar]


class QueueAnswer(Part):
    """How a queue stands, for branches that ask."""

    waiting: Annotated[int, Field(ge=0)] = 0
    free_agents: Annotated[int, Field(ge=0)] = 0
    wait_minutes: Annotated[int, Field(ge=0)] = 0


class Says(Part):
    """Something said; `unsure` where the recogniser doubts it, `means` where the text alone does not tell."""

    text: str
    unsure: bool = False
    means: str | None = Field(default=None, description="The keys that it stands for, as on the keypad.")
    slots: dict[Name, str] = Field(default={}, description="What it says about an open question's values, as keys.")


class Expect(Part):
    """What must be so now; what is not named does not matter."""

    prompt: str | tuple[str, ...] | None = Field(default=None, description="Texts that are heard, in this order.")
    no_prompt: str | tuple[str, ...] | None = Field(default=None, description="Texts that are not heard.")
    node: str | None = None
    language: str | None = None
    values: dict[Name, Scalar] | None = None
    sent: str | None = Field(default=None, description="A text message that was sent so far.")
    transfer: str | None = Field(default=None, description="The id or number of the person who is being rung.")
    callback: bool | dict[str, Scalar] | None = Field(
        default=None, description="Whether a callback is booked; or its number, queue, `starts`."
    )
    outcome: Literal["solved", "unsolved", "transferred", "callback", "abandoned", "failed"] | None = None


class Step(Part):
    """One thing that happens, or one thing that must be so: exactly one of these."""

    says: str | Says | None = None
    says_something_else: Literal[True] | None = Field(default=None, description="Something that is not understood.")
    presses: str | None = Field(default=None, pattern=r"^[0-9*#]{1,32}$")
    stays_silent: Literal[True] | None = None
    records: Annotated[int, Field(ge=0, description="A message of so many seconds.")] | None = None
    person: Literal["talks", "misses"] | None = Field(default=None, description="What comes of the transfer.")
    waits_s: Annotated[int, Field(ge=1, le=86_400, description="Time passes; nothing else happens.")] | None = None
    speech: Literal["up", "down"] | None = Field(default=None, description="Recognition comes or goes.")
    hangs_up: Literal[True] | None = None
    expect: Expect | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        if len(self.model_fields_set) != 1:
            raise ValueError("a step is exactly one of: " + ", ".join(type(self).model_fields))
        return self


class Conversation(Part):
    """One call."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    at: dt.datetime = Field(
        default=dt.datetime(2026, 1, 5, 10, 0),  # noqa: DTZ001 - in the flow's own zone
        description="When, in the flow's time zone; each answer takes the caller five seconds.",
    )
    caller: Annotated[str, Field(pattern=r"^(withheld|\+[1-9][0-9]{6,14})$")] = "+442079460123"
    speech: bool = Field(default=True, description="Whether the caller can be heard; else the keypad alone.")
    agents: dict[Name, tuple[str, ...]] = Field(
        default={}, description="Queue -> ids of the people who are free, in the order in which they are rung."
    )
    queues: dict[Name, QueueAnswer] = {}
    lookups: dict[
        str,
        Literal["not_found", "failed"] | LookupAnswer | tuple[Literal["not_found", "failed"] | LookupAnswer, ...],
    ] = Field(default={}, description="Node -> what it finds; a list for one time after the other.")
    texts: Literal["sent", "failed"] = "sent"
    booking: Literal["booked", "already_booked", "number_refused", "store_down"] = "booked"
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class ConversationFile(Part):
    """A YAML file of conversations about one flow."""

    flow: str = Field(description="The flow's file, relative to this one.")
    conversations: Annotated[tuple[Conversation, ...], Field(min_length=1)]
