"""What an operator says of a queue: when its people are there, and how its callbacks are promised, dialled and ended.

The words and their defaults are those of the callbacks' own rules; a test compares the two.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from flows.parts import KEY_PATTERN, ExpressionText, Name, Part

MOST_MINUTES: Final = 30 * 24 * 60

_CALLING_HOURS_PATTERN: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


def _checked_calling_hours(hours: str) -> str:
    if re.fullmatch(_CALLING_HOURS_PATTERN, hours) is None:
        raise ValueError(f'"{hours}" are no calling hours; write two times such as "09:00-20:00"')
    first, last = minutes_of(hours)
    if last <= first:
        raise ValueError(f'"{hours}" end before they begin; nobody is called across midnight')
    return hours


def _checked_key(key: str) -> str:
    if re.fullmatch(KEY_PATTERN, key) is None:
        raise ValueError(f'"{key}" is no key for an agent to press; write one from "1" to "9"')
    return key


def minutes_of(calling_hours: str) -> tuple[int, int]:
    """The two times of calling hours, in minutes after midnight."""
    first, last = (int(clock[:2]) * 60 + int(clock[3:]) for clock in calling_hours.split("-"))
    return first, last


CallingHours = Annotated[
    str,
    AfterValidator(_checked_calling_hours),
    WithJsonSchema({"type": "string", "pattern": _CALLING_HOURS_PATTERN, "examples": ["09:00-20:00"]}),
]
AgentKey = Annotated[
    str, AfterValidator(_checked_key), WithJsonSchema({"type": "string", "pattern": KEY_PATTERN, "examples": ["1"]})
]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["GB"])]
NumberPrefix = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,13}$", examples=["+4420"])]
Minutes = Annotated[int, Field(ge=1, le=MOST_MINUTES, examples=[60])]
# Each wait is one more dial; more than ten would be a nuisance.
Waits = Annotated[tuple[Minutes, ...], Field(max_length=10)]


class Windows(Part):
    """Which times callers may choose for a callback: how long, how soon, how far ahead, and how many."""

    minutes: Annotated[int, Field(ge=15, le=480, description="How long a window is, in minutes.", examples=[120])] = 60
    notice_minutes: Annotated[
        int, Field(ge=0, le=MOST_MINUTES, description="How soon the first one may begin, in minutes.", examples=[30])
    ] = 60
    days_ahead: Annotated[
        int, Field(ge=1, le=60, description="How far ahead the last one may begin, in days.", examples=[7])
    ] = 14
    share_percent: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            description="How much of the agents' time may be promised for chosen times; the rest is for those who "
            "call now.",
            examples=[50],
        ),
    ] = 60


class Retries(Part):
    """When a customer who was not reached is called again: the waits after the first time, the second, and so on.

    Each reason counts for itself. Where a list ends, the callback is given up; an empty one means at once.
    """

    busy: Waits = Field(
        default=(5, 10, 20), description="Waits after a line that was busy, in minutes.", examples=[[5, 10, 20]]
    )
    no_answer: Waits = Field(
        default=(15, 60, 180), description="Waits after nobody answered, in minutes.", examples=[[15, 60, 180]]
    )
    machine: Waits = Field(
        default=(60, 240), description="Waits after an answering machine, in minutes.", examples=[[60, 240]]
    )
    failed: Waits = Field(
        default=(5, 30), description="Waits after a call that the network did not put through.", examples=[[5, 30]]
    )


class Disposition(Part):
    """How a conversation ended, as the agent says with a key; and whether the customer is called again."""

    code: Name = Field(description="What the ledger and the reports call it.", examples=["follow_up"])
    label: Annotated[str, Field(min_length=1, max_length=60)] = Field(
        description='What the agent hears: "press KEY for LABEL".', examples=["to follow up"]
    )
    again_minutes: Minutes | None = Field(
        default=None, description="Call the customer again after so many minutes.", examples=[1440]
    )
    rescue: bool = Field(
        default=False, description="The line dropped: call the customer again at once.", examples=[True]
    )
    machine: bool = Field(
        default=False,
        description="It was an answering machine: call again as `retries` says for one.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _one_way_on(self) -> Disposition:
        given = [
            word
            for word, is_given in (
                ("again_minutes", self.again_minutes is not None),
                ("rescue", self.rescue),
                ("machine", self.machine),
            )
            if is_given
        ]
        if len(given) > 1:
            told = " and ".join(f"`{word}`" for word in given)
            raise ValueError(f"{told} each say when the customer is called again; keep one of them")
        return self


class Priority(Part):
    """A rule by which callers come sooner than their arrival says; the first of a queue that holds counts."""

    name: Name = Field(description="What the ledger and the reports call it.", examples=["emergency"])
    when: ExpressionText = Field(
        description="The expression, true or false. One that needs a value which the call does not have is false.",
        examples=["default(urgent, false)"],
    )
    head_start_minutes: Annotated[
        int,
        Field(
            ge=1,
            le=24 * 60,
            description="How much earlier they count as having called, in minutes.",
            examples=[30],
        ),
    ]


class Numbers(Part):
    """Which numbers are called back. Premium and shared-cost numbers are refused, unless `allow` names them."""

    countries: Annotated[tuple[Country, ...], Field(min_length=1, max_length=60)] | None = Field(
        default=None,
        description="The countries, by two letters, whose numbers are called; without it, the flow's own.",
        examples=[["GB", "IE"]],
    )
    allow: Annotated[tuple[NumberPrefix, ...], Field(max_length=200)] = Field(
        default=(),
        description="Beginnings of numbers that are called, whatever their country and kind.",
        examples=[["+4420"]],
    )
    deny: Annotated[tuple[NumberPrefix, ...], Field(max_length=200)] = Field(
        default=(),
        description="Beginnings of numbers that are never called; they count before `allow`.",
        examples=[["+44871"]],
    )


class Quotas(Part):
    """The most callbacks that are promised within 24 hours."""

    per_caller: Annotated[
        int, Field(ge=1, le=100, description="To one caller, whichever number is to be called.", examples=[5])
    ] = 5
    per_number: Annotated[
        int, Field(ge=1, le=100, description="To one number that is to be called, whoever asks.", examples=[3])
    ] = 3


DISPOSITIONS: Final = {
    "1": Disposition(code="solved", label="solved"),
    "2": Disposition(code="follow_up", label="to follow up"),
    "3": Disposition(code="voicemail", label="a voicemail", machine=True),
    "4": Disposition(code="dropped", label="a line that dropped", rescue=True),
}


class Queue(Part):
    """The people who answer for one thing, and how their callbacks are made. Every word may be left out."""

    hours: Name | None = Field(
        default=None,
        description="The opening hours, by name, in which its people are there; without it, the flow's `staffed`, "
        "else always.",
        examples=["office"],
    )
    dial: Literal["agent_first", "customer_first"] = Field(
        default="agent_first",
        description="`agent_first`: the customer's phone rings when an agent is on the line. `customer_first`: the "
        "customer is rung, presses 1, and is then joined with an agent.",
        examples=["customer_first"],
    )
    windows: Windows = Field(
        default=Windows(), description="Which times callers may choose.", examples=[{"minutes": 120}]
    )
    most_promises: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            description="With so many open callbacks, none as soon as possible is offered.",
            examples=[100],
        ),
    ] = 500
    most_wait_minutes: Annotated[
        int,
        Field(
            ge=1,
            le=MOST_MINUTES,
            description="With an expected wait beyond so many minutes, none as soon as possible is offered.",
            examples=[240],
        ),
    ] = 480
    calling_hours: CallingHours = Field(
        default="09:00-20:00",
        description="When customers may be rung, by the clock of the place where their number is.",
        examples=["09:00-20:00"],
    )
    retries: Retries = Field(
        default=Retries(),
        description="When a customer who was not reached is called again.",
        examples=[{"busy": [5, 10], "machine": []}],
    )
    most_dials: Annotated[
        int, Field(ge=1, le=20, description="How often a customer is dialled for one callback, at most.", examples=[3])
    ] = 5
    expires_hours: Annotated[
        int,
        Field(
            ge=1,
            le=30 * 24,
            description="So many hours after the end of its window, a callback that has reached nobody is given up.",
            examples=[24],
        ),
    ] = 48
    preferred_agent_minutes: Annotated[
        int,
        Field(
            ge=0,
            le=240,
            description="How long we wait for the agent whom the caller knows, before anyone is asked.",
            examples=[10],
        ),
    ] = 5
    overflow: Annotated[tuple[Name, ...], Field(max_length=20)] = Field(
        default=(),
        description="The queues whose agents help where a callback of this one is about to be late.",
        examples=[["front_desk"]],
    )
    assumed_talk_minutes: Annotated[
        int,
        Field(
            ge=1,
            le=120,
            description="How long a conversation is taken to last, until enough have been measured.",
            examples=[8],
        ),
    ] = 5
    last_message: bool = Field(
        default=True,
        description="Whether a short message is left on an answering machine after the last dial.",
        examples=[False],
    )
    dispositions: Annotated[dict[AgentKey, Disposition], Field(min_length=1)] = Field(
        default=DISPOSITIONS,
        description="How a conversation can have ended, by the key that the agent presses; without it, four of ours.",
        examples=[{"1": {"code": "solved", "label": "solved"}}],
    )
    priorities: Annotated[tuple[Priority, ...], Field(max_length=10)] = Field(
        default=(),
        description="Who comes sooner than their arrival says; nobody does without a rule.",
        examples=[[{"name": "emergency", "when": "default(urgent, false)", "head_start_minutes": 30}]],
    )
    numbers: Numbers = Field(
        default=Numbers(), description="Which numbers are called back.", examples=[{"countries": ["GB", "IE"]}]
    )
    quotas: Quotas = Field(
        default=Quotas(), description="How many callbacks one may have.", examples=[{"per_number": 2}]
    )
