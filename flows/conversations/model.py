"""A file of conversations, as frozen values: who calls when, what they do, and what must come of it.

One long file: what a conversation may say stands in one place, as its schema does.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    NaiveDatetime,
    StrictBool,
    StrictFloat,
    StrictInt,
    Tag,
    model_validator,
)

from flows.parts import Language, Name, Part

Scalar = StrictBool | StrictInt | StrictFloat | str | None
Outcome = Literal["solved", "unsolved", "transferred", "callback", "abandoned", "failed"]
Keys = Annotated[str, Field(pattern=r"^[0-9*#]{1,32}$", examples=["1"])]
Agents = dict[Name, tuple[str, ...]]


def _shape(value: Any) -> str:
    """Which of the ways to write a value this is; told apart by shape, so that mistakes are told for that way alone."""
    if isinstance(value, dict | BaseModel):
        return "mapping"
    return "list" if isinstance(value, list | tuple) else "plain"


def _plain_or_list(value: Any) -> str:
    return "list" if _shape(value) == "list" else "plain"


def _plain_or_mapping(value: Any) -> str:
    return "mapping" if _shape(value) == "mapping" else "plain"


def _mapping_or_list(value: Any) -> str:
    return "list" if _shape(value) == "list" else "mapping"


TextAnswer = Literal["sent", "failed"]
BookingAnswer = Literal[
    "booked",
    "already_booked",
    "number_refused",
    "number_not_allowed",
    "own_number",
    "too_many",
    "just_taken",
    "closed",
    "gone",
    "store_down",
]
# One answer for every time, or a list: the first time the first, and so on.
TextAnswers = Annotated[
    Annotated[TextAnswer, Tag("plain")] | Annotated[tuple[TextAnswer, ...], Tag("list")], Discriminator(_plain_or_list)
]
BookingAnswers = Annotated[
    Annotated[BookingAnswer, Tag("plain")] | Annotated[tuple[BookingAnswer, ...], Tag("list")],
    Discriminator(_plain_or_list),
]
Texts = Annotated[Annotated[str, Tag("plain")] | Annotated[tuple[str, ...], Tag("list")], Discriminator(_plain_or_list)]

MONDAY_MORNING: Final = dt.datetime(2026, 1, 5, 10, 0)  # noqa: DTZ001 - in the flow's own zone


def _written_as_time(value: Any) -> Any:
    if isinstance(value, str | dt.datetime):
        return value
    raise ValueError('must be a day and a time, such as "2026-03-02 22:00"')


def _in_whole_seconds(at: dt.datetime) -> dt.datetime:
    if at.microsecond:
        raise ValueError("must be in whole seconds")
    return at


def _only_true(value: Any) -> Any:
    if value is not True:
        raise ValueError("must be true; leave the step out where it does not happen")
    return value


def _not_empty(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise ValueError("is an empty list")
    return value


LocalTime = Annotated[NaiveDatetime, BeforeValidator(_written_as_time), AfterValidator(_in_whole_seconds)]
Happens = Annotated[Literal[True], BeforeValidator(_only_true)]


class LookupAnswer(Part):
    """What a lookup finds this time."""

    found: dict[Name, Scalar] = Field(
        description="Value -> what it becomes.", examples=[{"order_state": "is packed", "order_day": "today"}]
    )


NotFound = Literal["not_found", "failed"]
OneLookup = Annotated[
    Annotated[NotFound, Tag("plain")] | Annotated[LookupAnswer, Tag("mapping")], Discriminator(_plain_or_mapping)
]
Lookups = Annotated[
    Annotated[NotFound, Tag("plain")]
    | Annotated[LookupAnswer, Tag("mapping")]
    | Annotated[tuple[OneLookup, ...], Tag("list")],
    Discriminator(_shape),
]


class QueueAnswer(Part):
    """How a queue stands, for branches that ask."""

    waiting: Annotated[int, Field(ge=0)] = Field(default=0, description="Callers in line.", examples=[3])
    free_agents: Annotated[int, Field(ge=0)] = Field(default=0, description="People who are free.", examples=[1])
    wait_minutes: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Minutes that a new caller is likely to wait.", examples=[10]
    )


def _times_or_lists(value: Any) -> str:
    lists = isinstance(value, list | tuple) and any(isinstance(item, list | tuple) for item in value)
    return "lists" if lists else "times"


# Times for every question about them, or a list of such lists: the first time the first, and so on.
SlotAnswers = Annotated[
    Annotated[tuple[LocalTime, ...], Tag("times")] | Annotated[tuple[tuple[LocalTime, ...], ...], Tag("lists")],
    Discriminator(_times_or_lists),
]


class LineAnswer(Part):
    """Where a caller stands for whom nobody is free."""

    position: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="The place in line, 1 for the next one; without it, nobody knows.", examples=[3]
    )
    wait_minutes: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=2, max_length=2)] | None = Field(
        default=None, description="The shortest and the longest wait to expect, in minutes.", examples=[[10, 15]]
    )
    callback: bool = Field(default=True, description="Whether more callbacks can be promised.", examples=[False])


LineAnswers = Annotated[
    Annotated[LineAnswer, Tag("mapping")]
    | Annotated[Annotated[tuple[LineAnswer, ...], AfterValidator(_not_empty)], Tag("list")],
    Discriminator(_mapping_or_list),
]


class PromiseAnswer(Part):
    """The callback that the caller has booked already."""

    queue: Name = Field(description="The queue that calls.", examples=["shop"])
    number: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = Field(
        default=None, description="The number that is called; without it, the caller's.", examples=["+442079460123"]
    )
    starts: LocalTime | None = Field(
        default=None,
        description="When its window starts; without it, it is for as soon as possible.",
        examples=["2026-03-03 09:00"],
    )
    by: LocalTime = Field(description="When it is kept at the latest.", examples=["2026-03-03 10:00"])
    arrived_at: LocalTime | None = Field(
        default=None,
        description="When the caller asked for it; without it, an hour ago.",
        examples=["2026-03-02 16:00"],
    )
    reason: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="What it is about, in a few words.", examples=["a repair"]
    )
    words: tuple[str, ...] = Field(
        default=(), description="What the return call says first.", examples=[["river", "lantern"]]
    )


class Circumstances(Part):
    """What a call meets with: the time, the caller, who is free, what is found."""

    at: LocalTime = Field(
        default=MONDAY_MORNING,
        description='When the call comes in, in the flow\'s time zone, such as "2026-03-02 22:00".',
        examples=["2026-03-02 22:00"],
    )
    caller: Annotated[str, Field(pattern=r"^(withheld|\+[1-9][0-9]{6,14})$")] = Field(
        default="+442079460123", description='The caller\'s number, or "withheld".', examples=["+442079460124"]
    )
    speech: Annotated[
        Annotated[bool, Tag("plain")] | Annotated[tuple[Language, ...], Tag("list")], Discriminator(_plain_or_list)
    ] = Field(
        default=True,
        description="Whether the caller can be heard; or a list of the languages in which they can.",
        examples=[False],
    )
    agents: Agents = Field(
        default={},
        description="Queue -> ids of the people who are free, in the order in which they are rung.",
        examples=[{"shop": ["till"]}],
    )
    queues: dict[Name, QueueAnswer] = Field(
        default={},
        description="Queue -> how it stands. Where it is left out, nobody waits and `agents` are free.",
        examples=[{"shop": {"waiting": 3, "wait_minutes": 10}}],
    )
    lookups: dict[str, Lookups] = Field(
        default={},
        description="Node -> what it finds; a list for one time after the other.",
        examples=[{"find_order": "not_found"}],
    )
    texts: TextAnswers = Field(
        default="sent",
        description="Whether text messages can be sent; a list for one after the other.",
        examples=["failed"],
    )
    booking: BookingAnswers = Field(
        default="booked",
        description="What comes of booking, moving or cancelling a callback; a list for one try after the other.",
        examples=["store_down"],
    )
    remembered: dict[Name, Scalar] = Field(
        default={},
        description="Value -> what the same number confirmed in an earlier call.",
        examples=[{"order_number": "4821"}],
    )
    promise: PromiseAnswer | None = Field(
        default=None,
        description="The callback that the caller has booked already.",
        examples=[{"queue": "shop", "starts": "2026-03-03 09:00", "by": "2026-03-03 10:00", "reason": "a repair"}],
    )
    slots: SlotAnswers | None = Field(
        default=None,
        description="When the windows start that can be promised; without it, each that the queue's hours have. A list "
        "of lists for one question after the other.",
        examples=[["2026-03-03 09:00", "2026-03-03 10:00"]],
    )
    line: LineAnswers = Field(
        default=LineAnswer(),
        description="Where the caller stands in line when nobody is free; a list for one look after the other, the "
        "last of them for all that follow.",
        examples=[{"position": 3, "wait_minutes": [10, 15]}],
    )
    words: tuple[str, ...] = Field(
        default=(),
        description="The words that the return call says first, where a callback is booked.",
        examples=[["river", "lantern"]],
    )


class Says(Part):
    """Something said; `unsure` where the recogniser doubts it, `means` where the text alone does not tell."""

    text: str = Field(description="The words.", examples=["my order"])
    unsure: bool = Field(default=False, description="Whether the recogniser doubts them.", examples=[True])
    means: Keys | None = Field(
        default=None, description="The keys that it stands for, as on the keypad.", examples=["1"]
    )
    slots: dict[Name, str] = Field(
        default={},
        description="What it says about an open question's values, as keys.",
        examples=[{"order_number": "4821"}],
    )


class ExpectedCallback(Part):
    """The callback that must be booked; what is not named does not matter."""

    number: str | None = Field(default=None, description="The number that is called.", examples=["+442079460123"])
    queue: Name | None = Field(default=None, description="The queue that calls.", examples=["shop"])
    starts: LocalTime | None = Field(
        default=None, description="When its window starts, in the flow's time zone.", examples=["2026-03-03 09:00"]
    )
    soon: bool | None = Field(
        default=None, description="Whether it is for as soon as possible, without a window.", examples=[True]
    )


class Expect(Part):
    """What must be so now; what is not named does not matter."""

    prompt: Texts | None = Field(
        default=None,
        description="Texts, or parts of them, that were heard since the caller last did something.",
        examples=["How can we help?"],
    )
    no_prompt: Texts | None = Field(
        default=None, description="Texts that were not heard.", examples=["something went wrong"]
    )
    node: str | None = Field(default=None, description="The node at which the call stands.", examples=["main"])
    language: Language | None = Field(default=None, description="The language of the call.", examples=["fa"])
    values: dict[Name, Scalar] | None = Field(
        default=None, description="Value -> what it is; null for none.", examples=[{"order_number": "4821"}]
    )
    sent: str | None = Field(
        default=None, description="A text message, or part of one, that was sent in this call.", examples=["Order 4821"]
    )
    transfer: str | None = Field(
        default=None, description="The id or number of the person who is being rung.", examples=["till"]
    )
    whisper: str | None = Field(
        default=None, description="What the person who is being rung hears first, or part.", examples=["asks for order"]
    )
    callback: (
        Annotated[
            Annotated[bool, Tag("plain")] | Annotated[ExpectedCallback, Tag("mapping")],
            Discriminator(_plain_or_mapping),
        ]
        | None
    ) = Field(
        default=None,
        description="Whether a callback is booked; or its number, queue and start.",
        examples=[{"queue": "shop", "soon": True}],
    )
    outcome: Outcome | None = Field(default=None, description="How the call ended.", examples=["solved"])


class Step(Part):
    """One thing that happens, or one thing that must be so: exactly one of these."""

    says: (
        Annotated[Annotated[str, Tag("plain")] | Annotated[Says, Tag("mapping")], Discriminator(_plain_or_mapping)]
        | None
    ) = Field(default=None, description="The caller says something that can be said here.", examples=["order"])
    says_something_else: Happens | None = Field(
        default=None, description="The caller says something that is not understood.", examples=[True]
    )
    presses: Keys | None = Field(default=None, description='The caller presses keys; in quotes: "1".', examples=["1"])
    stays_silent: Happens | None = Field(
        default=None, description="The caller says and presses nothing.", examples=[True]
    )
    records: Annotated[int, Field(ge=0, le=600)] | None = Field(
        default=None, description="The caller leaves a message of so many seconds.", examples=[12]
    )
    hangs_up: Happens | None = Field(default=None, description="The caller hangs up.", examples=[True])
    person: Literal["talks", "misses"] | None = Field(
        default=None, description="What comes of the transfer.", examples=["talks"]
    )
    agents: Agents | None = Field(
        default=None, description="Queue -> ids of the people who are free from now on.", examples=[{"shop": ["till"]}]
    )
    line: LineAnswers | None = Field(
        default=None, description="Where the caller stands in line from now on.", examples=[{"position": 2}]
    )
    waits_s: Annotated[int, Field(ge=1, le=86_400)] | None = Field(
        default=None, description="So many seconds pass; nothing else happens.", examples=[300]
    )
    speech: (
        Annotated[
            Annotated[Literal["up", "down"], Tag("plain")] | Annotated[tuple[Language, ...], Tag("list")],
            Discriminator(_plain_or_list),
        ]
        | None
    ) = Field(
        default=None,
        description="Recognition comes or goes; or the languages in which the caller can be heard now.",
        examples=["down"],
    )
    breaks: Literal["call", "answer"] | None = Field(
        default=None,
        description="Something at our end breaks; or the answer that was just keyed in is lost.",
        examples=["call"],
    )
    expect: Expect | None = Field(default=None, description="What must be so now.", examples=[{"node": "main"}])

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        named = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError("a step is exactly one of: " + ", ".join(type(self).model_fields))
        return self


class Conversation(Circumstances):
    """One call. Each thing that the caller does takes five seconds."""

    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="What must stay true, as a sentence.", examples=["Zero rings the till"]
    )
    steps: Annotated[tuple[Step, ...], AfterValidator(_not_empty)] = Field(
        description="What happens, one thing after the other.",
        examples=[[{"presses": "1"}, {"expect": {"node": "order_number"}}]],
    )


class ConversationFile(Part):
    """A YAML file of conversations about one flow."""

    flow: Annotated[
        str, Field(min_length=1, description="The flow's file, relative to this one.", examples=["orders.yaml"])
    ]
    conversations: Annotated[tuple[Conversation, ...], AfterValidator(_not_empty)] = Field(
        description="The calls.", examples=[[{"name": "Zero rings the till", "steps": [{"presses": "0"}]}]]
    )

    @model_validator(mode="after")
    def _names_differ(self) -> ConversationFile:
        seen: set[str] = set()
        for conversation in self.conversations:
            if conversation.name in seen:
                raise ValueError(f'two conversations are named "{conversation.name}"')
            seen.add(conversation.name)
        return self
