"""The nodes of a flow, one class for each `type`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

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

    no_input_s: Annotated[int, Field(ge=2, le=60, description="Silence after the prompt, in seconds.")] = 6
    between_digits_s: Annotated[int, Field(ge=1, le=20, description="From one key to the next, in seconds.")] = 3
    end_of_speech_ms: Annotated[int, Field(ge=300, le=3000, description="Silence that ends a sentence.")] = 800


class Asking(Part):
    """What every node has that asks the caller something."""

    prompt: Prompt = Field(description="What the caller is asked.")
    no_input: Reprompts | None = Field(
        default=None, description="Said after silence: the first time the first, then the next, the last one again."
    )
    no_match: Reprompts | None = Field(default=None, description="The same after an answer that was not understood.")
    help: Prompt | None = Field(default=None, description="What the universal word `help` says here.")
    clocks: Clocks | None = Field(default=None, description="Waiting times of this node alone.")


class Say(Part):
    """Speaks a prompt and goes on."""

    type: Literal["say"]
    prompt: Prompt
    next: Name


class Choice(Part):
    """One way out of a menu, by key and by voice."""

    key: Key
    phrases: LocalPhrases = Field(description="What callers may say for it; the first one is offered aloud.")
    label: LocalText = Field(description='What it is: "For LABEL, say PHRASE, or press KEY."')
    to: Name


class Menu(Asking):
    """Offers choices by key and by voice together; the engine words them."""

    type: Literal["menu"]
    choices: Annotated[tuple[Choice, ...], Field(min_length=1, max_length=9)]


class Ask(Asking):
    """Asks for one typed value by keys or by voice, reads it back where that is due, and saves it."""

    type: Literal["ask"]
    answer: Answer
    save_as: Name
    read_back: Literal["spoken", "always", "never"] = Field(
        default="spoken",
        description="Whether the answer is read back to be confirmed: when it was spoken, ever, never.",
    )
    sensitive: bool = Field(
        default=False,
        description="A card or identity number: keyed in only, never stored, logged, traced or spoken. "
        "It lasts until the caller is asked or told something again, so that a lookup must come next.",
    )
    ask_again: bool = Field(
        default=False, description="Ask even where the value is known already. Otherwise nobody is asked twice."
    )
    next: Name

    @model_validator(mode="after")
    def _sensitive_is_silent(self) -> Ask:
        if self.sensitive and self.read_back == "always":
            raise ValueError("a sensitive answer cannot be read back; leave `read_back` out")
        return self


class Slot(Part):
    """A value that an intent needs: taken from the sentence where it is there, else asked for."""

    answer: Answer
    prompt: Prompt = Field(description="How it is asked for.")


class Intent(Part):
    """What a caller may want, told by sentences that mean it; on the keypad it is a choice like any other."""

    key: Key
    label: LocalText = Field(description='What it is: "For LABEL, press KEY."')
    examples: LocalPhrases = Field(description="Sentences that mean it; `{slot}` stands where a slot's value is said.")
    slots: dict[Name, Slot] = Field(default={}, description="The values that it needs; saved under their names.")
    to: Name


class OpenQuestion(Asking):
    """Asks what the caller wants, in their own words; without speech, or after misses, it is a menu of the intents."""

    type: Literal["open_question"]
    intents: Annotated[dict[Name, Intent], Field(min_length=1, max_length=9)]


class Survey(Asking):
    """Asks how it went, on a standard scale: CSAT 1 to 10, CES 1 to 7, NPS 0 to 10 (zero is two zeros)."""

    type: Literal["survey"]
    scale: Literal["csat", "ces", "nps"]
    save_as: Name
    next: Name


class Lookup(Part):
    """Finds something out and saves it as values; `failed` is where the call goes when that cannot be done."""

    type: Literal["lookup"]
    source: Source
    where: Annotated[dict[str, ExpressionText], Field(description="Column or parameter -> the expression it equals.")]
    save: dict[Name, str] = Field(
        default={}, description="Value -> column, or the dotted path in a JSON answer (`order.items.0.state`)."
    )
    timeout_s: Annotated[float, Field(ge=0.1, le=1.5, description="A caller is waiting: at most 1.5 seconds.")] = 1.0
    found: Name
    not_found: Name
    failed: Name | None = Field(default=None, description="Where the call goes when the lookup cannot be done.")


class Case(Part):
    """One way out of a branch."""

    when: ExpressionText
    to: Name


class Branch(Part):
    """Goes to the first case whose expression is true, else to `otherwise`."""

    type: Literal["branch"]
    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=20)]
    otherwise: Name
    queue: Name | None = Field(default=None, description="The queue that `queue.waiting` and the like speak of.")


class Set(Part):
    """Sets values to expressions."""

    type: Literal["set"]
    values: Annotated[dict[Name, ExpressionText | bool | int | float], Field(min_length=1)]
    next: Name


class CallSubflow(Part):
    """Runs a subflow with parameters, and goes on by the exit that it returned by."""

    type: Literal["subflow"]
    subflow: Name
    parameters: dict[Name, ExpressionText | bool | int | float] = Field(
        default={}, description="Parameter -> the expression that it gets."
    )
    exits: Annotated[dict[Name, Name], Field(min_length=1, description="Exit of the subflow -> node to go on at.")]


class Return(Part):
    """Ends a subflow by one of its exits."""

    type: Literal["return"]
    exit: Name


class ToQueue(Part):
    """Whoever of a queue is free."""

    queue: Name


class ToPerson(Part):
    """One agent, by id."""

    person: Annotated[str, Field(min_length=1, max_length=60)]


class ToNumber(Part):
    """A telephone number."""

    number: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", examples=["+442079460000"])]


def _destination(value: Any) -> Any:
    if isinstance(value, dict):
        for word, kind in (("queue", ToQueue), ("person", ToPerson), ("number", ToNumber)):
            if set(value) == {word}:
                return kind.model_validate(value)
    return value


class Transfer(Part):
    """Hands the caller to a person; where nobody is free, the engine offers the choice of waiting or a callback."""

    type: Literal["transfer"]
    to: ToQueue | ToPerson | ToNumber | None = Field(default=None, description="Without it, the flow's own queue.")
    reason: LocalText | None = Field(default=None, description="Why, in a few words: the agent hears it.")
    whisper: LocalText | None = Field(default=None, description="What only the agent hears before the two are joined.")


class Callback(Part):
    """Offers a callback, as soon as possible or at a time that the caller chooses."""

    type: Literal["callback"]
    when: Literal["as_soon_as_possible", "choose_time"] = "as_soon_as_possible"
    hours: Name | None = Field(default=None, description="The opening hours in which times are offered.")
    queue: Name | None = Field(default=None, description="Without it, the flow's own queue.")
    reason: LocalText | None = None
    next: Name | None = Field(default=None, description="Where the call goes on once it is booked; else it ends.")


class Record(Part):
    """Records a message of the caller."""

    type: Literal["record"]
    prompt: Prompt
    save_as: Name = Field(description="The value that gets the address of the recording.")
    max_s: Annotated[int, Field(ge=5, le=600)] = 120
    next: Name
    nothing: Name = Field(description="Where the call goes when nothing was said.")


class SendText(Part):
    """Sends a text message to the caller's number, or to another."""

    type: Literal["send_text"]
    text: LocalText
    to: ExpressionText | None = Field(default=None, description="An expression; without it, the caller's number.")
    next: Name
    failed: Name = Field(description="Where the call goes when it could not be sent: number withheld, carrier down.")


class End(Part):
    """Says a last sentence and hangs up."""

    type: Literal["end"]
    prompt: Prompt
    outcome: Literal["solved", "unsolved"]


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


def exits_of(node: Node) -> dict[str, str]:
    """Where each of a node's exits leads: path of the exit within the node -> name of a node."""
    match node:
        case Menu():
            return {f"choices.{index}.to": choice.to for index, choice in enumerate(node.choices)}
        case OpenQuestion():
            return {f"intents.{name}.to": intent.to for name, intent in node.intents.items()}
        case Branch():
            cases = {f"cases.{index}.to": case.to for index, case in enumerate(node.cases)}
            return {**cases, "otherwise": node.otherwise}
        case Lookup():
            failed = {"failed": node.failed} if node.failed is not None else {}
            return {"found": node.found, "not_found": node.not_found, **failed}
        case CallSubflow():
            return {f"exits.{name}": to for name, to in node.exits.items()}
        case Record():
            return {"next": node.next, "nothing": node.nothing}
        case SendText():
            return {"next": node.next, "failed": node.failed}
        case Callback(next=to) if to is not None:
            return {"next": to}
        case Say() | Ask() | Survey() | Set():
            return {"next": node.next}
        case Callback() | Transfer() | End() | Return():
            return {}


def saved_by(node: Node) -> tuple[str, ...]:
    """The names of the values that a node saves."""
    match node:
        case Ask() | Survey() | Record():
            return (node.save_as,)
        case OpenQuestion():
            return tuple(name for intent in node.intents.values() for name in intent.slots)
        case Lookup():
            return tuple(node.save)
        case Set():
            return tuple(node.values)
        case _:
            return ()
