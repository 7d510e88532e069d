"""The small parts that nodes are made of: names, keys, texts in several languages, prompts, answers."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

Language = Literal["en", "ar", "fa"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ar", "fa")
T = TypeVar("T")

KEY_PATTERN: Final = r"^[1-9]$"
Key = Annotated[str, Field(pattern=KEY_PATTERN, examples=["1"])]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60, examples=["main"])]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Phrase = Annotated[str, Field(min_length=1, max_length=60, examples=["opening hours"])]
ExpressionText = Annotated[str, Field(min_length=1, max_length=500, examples=['tries < 3 and state == "open"'])]
RelativePath = Annotated[str, Field(min_length=1, max_length=200, examples=["prompts/welcome-en.wav"])]


class Part(BaseModel):
    """What every part of a flow is: frozen, and closed to words that the language does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Recording(Part):
    """A recorded prompt: an audio file beside the flow, and the words in it.

    The words are what tests, traces and the agent read, and what a voice speaks where the file cannot be played.
    """

    audio: RelativePath = Field(description="A WAV or MP3 file, relative to the flow's folder, or an https address.")
    text: Text = Field(description="The words in the recording.", examples=["Welcome to the corner shop."])


def _shape(value: Any) -> str:
    """Which of the three ways to write a prompt this is."""
    if isinstance(value, Recording) or (isinstance(value, dict) and ("audio" in value or "text" in value)):
        return "recording"
    return "languages" if isinstance(value, dict) else "plain"


LocalText = Annotated[
    Annotated[Text, Tag("plain")] | Annotated[dict[Language, Text], Field(min_length=1), Tag("languages")],
    Discriminator(_shape),
]
LocalPhrases = Annotated[
    Annotated[tuple[Phrase, ...], Field(min_length=1), Tag("plain")]
    | Annotated[
        dict[Language, Annotated[tuple[Phrase, ...], Field(min_length=1)]], Field(min_length=1), Tag("languages")
    ],
    Discriminator(_shape),
]
Spoken = Annotated[
    Annotated[Text, Tag("plain")] | Annotated[Recording, Tag("recording")],
    Discriminator(_shape),
]
Prompt = Annotated[
    Annotated[Text, Tag("plain")]
    | Annotated[Recording, Tag("recording")]
    | Annotated[dict[Language, Spoken], Field(min_length=1), Tag("languages")],
    Discriminator(_shape),
]


def in_language(value: T | dict[Language, T], language: str) -> T:
    """The form of a text, prompt or phrase list in a language; the first one written where that is missing."""
    if not isinstance(value, dict):
        return value
    forms = cast("dict[str, T]", value)
    return forms[language] if language in forms else next(iter(forms.values()))


def languages_of(value: object, first: str) -> set[str]:
    """The languages that a text is written in; a plain one counts for the flow's first language."""
    return {str(name) for name in value} if isinstance(value, dict) else {first}


# ---------------------------------------------------------------- answers


class DigitsAnswer(Part):
    """A number of which every digit counts, such as an order number. Its value is text."""

    type: Literal["digits"]
    min: Annotated[int, Field(ge=2, le=20, description="Fewest digits.", examples=[4])]
    max: Annotated[int, Field(ge=2, le=20, description="Most digits.", examples=[4])]


class NumberAnswer(Part):
    """A whole number, such as a number of people. Its value is a number."""

    type: Literal["number"]
    min: Annotated[int, Field(ge=0, description="The smallest that is accepted.", examples=[1])] = 0
    max: Annotated[int, Field(ge=1, le=999_999_999, description="The largest that is accepted.", examples=[12])]


class MoneyAnswer(Part):
    """An amount; the star key is the decimal point. Its value is a number."""

    type: Literal["money"]
    currency: Annotated[
        str, Field(pattern=r"^[A-Z]{3}$", description="The currency, by its three letters.", examples=["GBP"])
    ]
    max: Annotated[int, Field(ge=1, le=999_999, description="The largest amount that is accepted.", examples=[500])] = (
        99_999
    )


class DateAnswer(Part):
    """A day, keyed in as day and month (four digits) or day, month and year (eight); Jalali for Persian callers.

    Its value is an ISO date, such as 2026-11-23.
    """

    type: Literal["date"]
    past: Annotated[bool, Field(description="Whether days before today are accepted.", examples=[True])] = False
    year: Annotated[
        bool, Field(description="Whether the year must be keyed in too, as for a date of birth.", examples=[True])
    ] = False


class TimeAnswer(Part):
    """A time of day, keyed in as four digits of the 24-hour clock. Its value is text such as 14:30."""

    type: Literal["time"]


class YesNoAnswer(Part):
    """Yes (1) or no (2). Its value is true or false."""

    type: Literal["yes_no"]


class PhoneAnswer(Part):
    """A telephone number, keyed in. Its value is its digits."""

    type: Literal["phone"]


Answer = Annotated[
    DigitsAnswer | NumberAnswer | MoneyAnswer | DateAnswer | TimeAnswer | YesNoAnswer | PhoneAnswer,
    Field(discriminator="type"),
]
