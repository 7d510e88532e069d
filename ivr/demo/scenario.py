"""The calls of the demo: who dials, what they say and press, and how the phones behave that are rung."""

from __future__ import annotations

from typing import Final

import msgspec

from ivr.localcarrier.script import HangUp, Hear, HearEnd, Phone, Press, Say, Stay, Step, Wait

AGENT_NUMBER: Final = "+442079460100"
# Voices of eSpeak NG that the shipped model was never trained on (see its card).
VOICES: Final = ("en-gb+m8", "en-gb+f5", "en-gb+benjamin")


class ScriptedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One inbound call."""

    title: str
    from_number: str
    steps: tuple[Step, ...]


def _say(text: str, voice: int) -> Say:
    return Say(text, voice=VOICES[voice], rate_wpm=140)


BY_VOICE: Final = ScriptedCall(
    title="A caller says what they want",
    from_number="+442079460111",
    steps=(
        HearEnd("say order, or press 1"),
        Wait(300),
        _say("order", 0),
        HearEnd("It has four digits"),
        Wait(300),
        _say("four, eight, two, one.", 0),
        Hear("I heard 4 8 2 1"),
        Wait(2600),  # people answer before the whole sentence is over
        _say("yes", 0),
        HearEnd("Is there anything else"),
        Wait(300),
        _say("no", 0),
        Stay(),
    ),
)
BY_KEYS: Final = ScriptedCall(
    title="A caller interrupts a prompt and uses the keypad alone",
    from_number="+442079460112",
    steps=(
        Hear("How can we help"),
        Wait(250),
        Press("1"),
        Hear("order number"),
        Wait(250),
        Press("7305"),
        Hear("Is there anything else"),
        Press("2"),
        Stay(),
    ),
)
# Keeps the only agent busy until told to hang up.
ENGAGES_THE_AGENT: Final = ScriptedCall(
    title="A caller asks for a person and gets one",
    from_number="+442079460113",
    steps=(HearEnd("say order, or press 1"), Wait(300), _say("agent", 1), Hear("corner shop"), Stay()),
)
TAKES_A_CALLBACK: Final = ScriptedCall(
    title="A caller presses 0 while every agent is busy",
    from_number="+442079460114",
    steps=(
        HearEnd("say order, or press 1"),
        Wait(300),
        _say("order", 2),
        HearEnd("It has four digits"),
        Wait(300),
        _say("one, two, three, four.", 2),
        Hear("I heard 1 2 3 4"),
        Wait(2600),
        _say("yes", 2),
        HearEnd("Order 1 2 3 4"),
        Press("0"),
        Hear("To be called back"),
        Wait(2000),
        _say("yes", 2),
        Hear("We will call you on"),
        Wait(3000),
        Press("1"),
        HearEnd("It is booked"),
        Stay(),
    ),
)
AGENT_TAKES_A_CALL: Final = Phone(
    answer_after_ms=600,
    steps=(HearEnd("To take the call, press 1"), Press("1"), Wait(800), Say("This is the corner shop, hello."), Stay()),
)
AGENT_TAKES_THE_CALLBACK: Final = Phone(
    answer_after_ms=600,
    steps=(
        # Who knows the whisper presses the key as soon as they know enough.
        HearEnd("They said", timeout_s=60),
        Wait(300),
        Press("1"),
        Hear("hello?", timeout_s=60),
        Wait(400),
        Say("I have your order here. It leaves today."),
        HearEnd("How did it end", timeout_s=60),
        Press("1"),
        Stay(),
    ),
)
CUSTOMER_IS_CALLED_BACK: Final = Phone(
    answer_after_ms=900,
    steps=(
        HearEnd("calling you back as promised"),
        Wait(300),
        Say("hello?", voice=VOICES[2]),
        Hear("It leaves today"),
        Wait(2500),
        Say("Thank you. Goodbye.", voice=VOICES[2]),
        Wait(300),
        HangUp(),
    ),
)
