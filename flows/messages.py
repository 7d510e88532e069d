"""What the engine itself says, per language. Prompts of a flow are the operator's; these are ours."""

from __future__ import annotations

from datetime import datetime
from typing import Final

MESSAGES: Final[dict[str, dict[str, str]]] = {
    "en": {
        "choice": "For {label}, say {phrase}, or press {key}.",
        "choice_keys": "For {label}, press {key}.",
        "exit": "For a person, press 0.",
        "exit_digits": "For a person, press 0 and wait.",
        "read_back": "I heard {answer}. If that is right, say yes, or press 1. If not, say no, or press 2.",
        "read_back_keys": "I have {answer}. If that is right, press 1. If not, press 2.",
        "again": "Let us try again.",
        "no_input": "I did not hear anything.",
        "no_match": "I did not understand that.",
        "use_keys": "Please use the keys of your telephone.",
        "digit_count": "That should be {count} digits.",
        "finding_person": "One moment, I will find you a person.",
        "apology": "I am sorry, something went wrong at our end.",
        "joining": "I am putting you through now.",
        "person_missed": "They could not take the call.",
        "busy": "All our people are busy just now. We can call you back as soon as one of them is free, and you keep "
        "your place in line.",
        "offer": "For a callback, say yes, or press 1. To stay on the line, say no, or press 2.",
        "offer_keys": "For a callback, press 1. To stay on the line, press 2.",
        "waiting": "You are in line. You can press 1 for a callback at any time.",
        "still_waiting": "Thank you for waiting. You are still in line. Press 1 if you would rather have a callback.",
        "which_number": "We will call you on {number}. If that is right, say yes, or press 1. For another number, "
        "say no, or press 2.",
        "which_number_keys": "We will call you on {number}. If that is right, press 1. For another number, press 2.",
        "enter_number": "Please key in the number that we should call, and then the hash key.",
        "promised": "It is booked. We will call you on {number} by {time}. You will not have to repeat anything. "
        "Goodbye.",
        "already_booked": "Your callback is booked already. We will call you on {number} by {time}. Goodbye.",
        "refused_number": "We cannot call that number.",
        "refused_store": "I could not book the callback.",
        "goodbye": "Thank you for calling. Goodbye.",
    }
}

# The words that always work, and the key that each stands for.
PERSON_KEY: Final = "0"
REPEAT_KEY: Final = "*"
UNIVERSAL_PHRASES: Final[dict[str, dict[str, str]]] = {
    "en": {
        "agent": PERSON_KEY,
        "operator": PERSON_KEY,
        "person": PERSON_KEY,
        "repeat": REPEAT_KEY,
    }
}
YES_KEY: Final = "1"
NO_KEY: Final = "2"
YES_NO_PHRASES: Final[dict[str, dict[str, str]]] = {"en": {"yes": YES_KEY, "no": NO_KEY}}
KEY_NAMES: Final[dict[str, dict[str, str]]] = {
    "en": {
        "1": "one",
        "2": "two",
        "3": "three",
        "4": "four",
        "5": "five",
        "6": "six",
        "7": "seven",
        "8": "eight",
        "9": "nine",
    }
}


def message(language: str, name: str, **values: str) -> str:
    """The engine's own sentence `name` in a language."""
    return MESSAGES[language][name].format(**values)


def spoken_digits(digits: str) -> str:
    """Digits one by one, so that no voice reads them as a quantity."""
    return " ".join(digits)


def spoken_number(number: str) -> str:
    """A phone number by its last four digits: the caller knows the rest, and a bystander need not."""
    return f"the number ending in {spoken_digits(number[-4:])}"


def spoken_time(local: datetime) -> str:
    """A time of day as English speakers say it; the instant must be in the zone of the listener already."""
    minute = f" {local.minute:02d}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minute} {'AM' if local.hour < 12 else 'PM'}"
