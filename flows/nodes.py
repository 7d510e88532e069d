"""The nodes of a flow, one class for each `type`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from flows.parts import (
    Answer,
    ExpressionText,
    Key,
    LocalPhrases,
    LocalText,
    Name,
    Part,
    Prompt,
)
from flows.sources import Source

Reprompts = Annotated[tuple[Prompt, ...], Field(min_length=1, max_length=5)]


class Clocks(Part):
    """How long we wait: for the first sign, from key to key, and for the end of a sentence."""

    no_input_s: Annotated[
        int, Field(ge=2, le=60, description="Silence after the prompt, in seconds.", examples=[8])
    ] = 6
    between_digits_s: Annotated[
        int, Field(ge=1, le=20, description="From one key to the next, in seconds.", examples=[5])
    ] = 3
    end_of_speech_ms: Annotated[
        int, Field(ge=300, le=3000, description="Silence that ends a sentence, in milliseconds.", examples=[1200])
    ] = 800


class Asking(Part):
    """What every node has that asks the caller something."""

    prompt: Prompt = Field(description="What the caller is asked.", examples=["How can we help?"])
    no_input: Reprompts | None = Field(
        default=None,
        description="Said after silence: the first time the first, then the next, the last one again.",
        examples=[["Are you there? How can we help?", "Please press a key."]],
    )
    no_match: Reprompts | None = Field(
        default=None,
        description="The same after an answer that was not understood.",
        examples=[["Please choose one of these."]],
    )
    help: Prompt | None = Field(
        default=None,
        description="What the universal word `help` says here.",
        examples=["Your order number is on the first line of our e-mail."],
    )
    clocks: Clocks | None = Field(
        default=None, description="Waiting times of this node alone.", examples=[{"no_input_s": 12}]
    )


class Say(Part):
    """Speaks a prompt and goes on."""

    type: Literal["say"]
    prompt: Prompt = Field(description="What the caller hears.", examples=["Welcome to the corner shop."])
    next: Name = Field(description="Where the call goes on.", examples=["main"])


class Choice(Part):
    """One way out of a menu, by key and by voice."""

    key: Key = Field(description="The key for it, in quotes.")
    phrases: LocalPhrases = Field(
        description="What callers may say for it; the first one is offered aloud.",
        examples=[["hours", "opening hours"]],
    )
    label: LocalText = Field(
        description='What it is: "For LABEL, say PHRASE, or press KEY."', examples=["our opening hours"]
    )
    to: Name = Field(description="Where the call goes on.", examples=["hours"])


class Menu(Asking):
    """Offers choices by key and by voice together; the engine words them."""

    type: Literal["menu"]
    choices: Annotated[tuple[Choice, ...], Field(min_length=1, max_length=9)] = Field(
        description="The ways out, offered in this order.",
        examples=[[{"key": "1", "phrases": ["hours"], "label": "our opening hours", "to": "hours"}]],
    )


class Ask(Asking):
    """Asks for one typed value by keys or by voice, reads it back where that is due, and saves it."""

    type: Literal["ask"]
    answer: Answer = Field(
        description="What kind of value is asked for.", examples=[{"type": "digits", "min": 4, "max": 4}]
    )
    save_as: Name = Field(description="The value that gets the answer.", examples=["order_number"])
    read_back: Literal["spoken", "always", "never"] = Field(
        default="spoken",
        description="Whether the answer is read back to be confirmed: when it was spoken, ever, never.",
        examples=["always"],
    )
    sensitive: bool = Field(
        default=False,
        description="A card or identity number: keyed in only, never stored, logged, traced or spoken. "
        "It lasts until the caller is asked or told something again, so that a lookup must come next.",
        examples=[True],
    )
    ask_again: bool = Field(
        default=False,
        description="Ask even where the value is known already. Otherwise nobody is asked twice.",
        examples=[True],
    )
    next: Name = Field(description="Where the call goes on.", examples=["main"])

    @model_validator(mode="after")
    def _sensitive_is_silent(self) -> Ask:
        if self.sensitive and self.read_back == "always":
            raise ValueError("a sensitive answer cannot be read back; leave `read_back` out")
        return self


class Slot(Part):
    """A value that an intent needs: taken from the sentence where it is there, else asked for."""

    answer: Answer = Field(description="What kind of value it is.", examples=[{"type": "digits", "min": 4, "max": 4}])
    prompt: Prompt = Field(description="How it is asked for.", examples=["What is the order number?"])


class Intent(Part):
    """What a caller may want, told by sentences that mean it; on the keypad it is a choice like any other."""

    key: Key = Field(description="The key for it where the question becomes a menu, in quotes.")
    label: LocalText = Field(description='What it is: "For LABEL, press KEY."', examples=["the state of an order"])
    examples: LocalPhrases = Field(
        description="Sentences that mean it; `{slot}` stands where a slot's value is said.",
        examples=[["where is my order", "where is order {order_number}"]],
    )
    slots: dict[Name, Slot] = Field(
        default={},
        description="The values that it needs; saved under their names.",
        examples=[
            {
                "order_number": {
                    "answer": {"type": "digits", "min": 4, "max": 4},
                    "prompt": "What is the order number?",
                }
            }
        ],
    )
    to: Name = Field(description="Where the call goes on once every slot has its value.", examples=["find_order"])


class OpenQuestion(Asking):
    """Asks what the caller wants, in their own words; without speech, or after misses, it is a menu of the intents."""

    type: Literal["open_question"]
    intents: Annotated[dict[Name, Intent], Field(min_length=1, max_length=9)] = Field(
        description="What a caller may want, by name.",
        examples=[{"hours": {"key": "1", "label": "our hours", "examples": ["when are you open"], "to": "hours"}}],
    )


class Survey(Asking):
    """Asks how it went, on a standard scale: CSAT 1 to 10, CES 1 to 7, NPS 0 to 10 (zero is two zeros)."""

    type: Literal["survey"]
    scale: Literal["csat", "ces", "nps"] = Field(
        description="`csat`: satisfaction, 1 to 10. `ces`: ease, 1 to 7. `nps`: recommendation, 0 to 10.",
        examples=["csat"],
    )
    save_as: Name = Field(description="The value that gets the number.", examples=["satisfaction"])
    next: Name = Field(description="Where the call goes on.", examples=["main"])


class Lookup(Part):
    """Finds something out and saves it as values; `failed` is where the call goes when that cannot be done."""

    type: Literal["lookup"]
    source: Source = Field(description="Where it looks.", examples=[{"type": "csv", "file": "orders.csv"}])
    where: Annotated[
        dict[str, ExpressionText], Field(description="Column or parameter -> the expression it equals.")
    ] = Field(examples=[{"number": "order_number"}])
    save: dict[Name, str] = Field(
        default={},
        description="Value -> column, or the dotted path in a JSON answer (`order.items.0.state`).",
        examples=[{"order_state": "state"}],
    )
    timeout_s: Annotated[
        float, Field(ge=0.1, le=1.5, description="A caller is waiting: at most 1.5 seconds.", examples=[0.8])
    ] = 1.0
    found: Name = Field(description="Where the call goes when it was found.", examples=["order_found"])
    not_found: Name = Field(description="Where the call goes when there is no such thing.", examples=["order_unknown"])
    failed: Name | None = Field(
        default=None,
        description="Where the call goes when the lookup cannot be done.",
        examples=["order_person"],
    )


class Case(Part):
    """One way out of a branch."""

    when: ExpressionText = Field(description="The expression, true or false.", examples=["open('shop')"])
    to: Name = Field(description="Where the call goes on when it is true.", examples=["main"])


class Branch(Part):
    """Goes to the first case whose expression is true, else to `otherwise`."""

    type: Literal["branch"]
    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=20)] = Field(
        description="The cases, tried in this order.", examples=[[{"when": "open('shop')", "to": "main"}]]
    )
    otherwise: Name = Field(description="Where the call goes on when no case is true.", examples=["closed"])
    queue: Name | None = Field(
        default=None,
        description="The queue that `queue.waiting` and the like speak of; without it, the flow's own.",
        examples=["repairs"],
    )


class Set(Part):
    """Sets values to expressions."""

    type: Literal["set"]
    values: Annotated[dict[Name, ExpressionText | bool | int | float], Field(min_length=1)] = Field(
        description="Value -> the expression that it gets; a text stands in quotes inside the quotes.",
        examples=[{"tries": "default(tries, 0) + 1", "topic": "'repairs'"}],
    )
    next: Name = Field(description="Where the call goes on.", examples=["main"])


class CallSubflow(Part):
    """Runs a subflow with parameters, and goes on by the exit that it returned by."""

    type: Literal["subflow"]
    subflow: Name = Field(description="The subflow, by name.", examples=["identify"])
    parameters: dict[Name, ExpressionText | bool | int | float] = Field(
        default={}, description="Parameter -> the expression that it gets.", examples=[{"most_tries": 2}]
    )
    exits: Annotated[dict[Name, Name], Field(min_length=1, description="Exit of the subflow -> node to go on at.")] = (
        Field(examples=[{"known": "main", "unknown": "guest"}])
    )


class Return(Part):
    """Ends a subflow by one of its exits."""

    type: Literal["return"]
    exit: Name = Field(description="One of the exits that the subflow names.", examples=["known"])


class ToQueue(Part):
    """Whoever of a queue is free."""

    queue: Name = Field(description="The queue, by name.", examples=["repairs"])


class ToPerson(Part):
    """One agent, by id."""

    person: Annotated[str, Field(min_length=1, max_length=60)] = Field(description="The agent's id.", examples=["desk"])


class ToNumber(Part):
    """A telephone number."""

    number: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", examples=["+442079460000"])] = Field(
        description="The number, international and in quotes."
    )


class Transfer(Part):
    """Hands the caller to a person; where nobody is free, the engine offers the choice of waiting or a callback."""

    type: Literal["transfer"]
    to: ToQueue | ToPerson | ToNumber | None = Field(
        default=None,
        description="A queue, an agent or a number; without it, the flow's own queue.",
        examples=[{"queue": "repairs"}],
    )
    reason: LocalText | None = Field(
        default=None, description="Why, in a few words: the agent hears it.", examples=["the state of an order"]
    )
    whisper: LocalText | None = Field(
        default=None,
        description="What only the agent hears before the two are joined.",
        examples=["A caller asks for order {order_number|digits}."],
    )


class Callback(Part):
    """Offers a callback, as soon as possible or at a time that the caller chooses."""

    type: Literal["callback"]
    when: Literal["as_soon_as_possible", "choose_time"] = Field(
        default="as_soon_as_possible",
        description="Whether the caller keeps the place in line, or chooses a time.",
        examples=["choose_time"],
    )
    hours: Name | None = Field(
        default=None, description="The opening hours in which times are offered.", examples=["shop"]
    )
    queue: Name | None = Field(
        default=None, description="Who calls back; without it, the flow's own queue.", examples=["repairs"]
    )
    reason: LocalText | None = Field(
        default=None, description="Why, in a few words: the agent hears it.", examples=["a question about a repair"]
    )
    next: Name | None = Field(
        default=None, description="Where the call goes on once it is booked; else it ends.", examples=["anything_else"]
    )


class Record(Part):
    """Records a message of the caller."""

    type: Literal["record"]
    prompt: Prompt = Field(
        description="What the caller hears before the recording begins.",
        examples=["Please leave your message, and then press the hash key."],
    )
    save_as: Name = Field(description="The value that gets the address of the recording.", examples=["message"])
    max_s: Annotated[int, Field(ge=5, le=600, description="The longest recording, in seconds.", examples=[60])] = 120
    next: Name = Field(description="Where the call goes on.", examples=["main"])
    nothing: Name = Field(description="Where the call goes when nothing was said.", examples=["main"])


class SendText(Part):
    """Sends a text message to the caller's number, or to another."""

    type: Literal["send_text"]
    text: LocalText = Field(
        description="The text of the message.", examples=["Order {order_number} {order_state}, {order_day}."]
    )
    to: ExpressionText | None = Field(
        default=None, description="An expression; without it, the caller's number.", examples=["mobile_number"]
    )
    next: Name = Field(description="Where the call goes on.", examples=["main"])
    failed: Name = Field(
        description="Where the call goes when it could not be sent: number withheld, carrier down.", examples=["main"]
    )


class End(Part):
    """Says a last sentence and hangs up."""

    type: Literal["end"]
    prompt: Prompt = Field(description="The last sentence.", examples=["Thank you for calling. Goodbye."])
    outcome: Literal["solved", "unsolved"] = Field(
        description="Whether the caller got what they called for.", examples=["solved"]
    )


Node = Annotated[
    Say
    | Menu
    | Ask
    | OpenQuestion
    | Survey
    | Lookup
    | Branch
    | Set
    | CallSubflow
    | Return
    | Transfer
    | Callback
    | Record
    | SendText
    | End,
    Field(discriminator="type"),
]
