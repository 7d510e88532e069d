"""What the engine itself says in English."""

from __future__ import annotations

from typing import Final

MESSAGES: Final[dict[str, str]] = {
    # menus and questions
    "choice": "For {label}, say {phrase}, or press {key}.",
    "choice_keys": "For {label}, press {key}.",
    "exit": "For a person, press 0.",
    "exit_digits": "For a person, press 0 and wait.",
    "hint_date": "Please key in the day and the month, two digits each.",
    "hint_date_year": "Please key in two digits for the day, two for the month, and four for the year.",
    "hint_time": "Please key in four digits: two for the hour, from 0 to 23, and two for the minutes.",
    "hint_money": "The star key is the decimal point.",
    "hint_yes_no": "Say yes, or press 1. Or say no, or press 2.",
    "hint_yes_no_keys": "For yes, press 1. For no, press 2.",
    "hint_csat": "Please choose a number from 1 to 10, where 10 is the best, and then press the hash key.",
    "hint_ces": "Please choose a number from 1, very hard, to 7, very easy, and then press the hash key.",
    "hint_nps": "Please choose a number from 0 to 10, and then press the hash key. For zero, press 0 twice.",
    "read_back": "I heard {answer}. If that is right, say yes, or press 1. If not, say no, or press 2.",
    "read_back_keys": "I have {answer}. If that is right, press 1. If not, press 2.",
    "again": "Let us try again.",
    "no_input": "I did not hear anything.",
    "no_match": "I did not understand that.",
    "answer_lost": "I am sorry, I lost that. Please key it in again.",
    "hint_help": "For help, press the hash key.",
    "hint_help_digits": "For help, press star twice.",
    "use_keys": "Please use the keys of your telephone.",
    "digit_count": "That should be {count} digits.",
    "digit_range": "That should be {min} to {max} digits.",
    "number_range": "That should be from {min} to {max}.",
    "bad_date": "That is not a day that I can take.",
    "bad_time": "That is not a time of day.",
    "bad_phone": "That is not a telephone number.",
    "yes": "yes",
    "no": "no",
    # the universal words
    "help": "You can always do this. For a person, press 0. To hear the question again, press star. "
    "To go back, press 1.",
    "help_language": "For another language, press 2.",
    "help_on": "To go on, wait.",
    "language": "For English, press {key}.",
    # effort
    "offer_person": "This is taking longer than it should. To speak with a person, press 1. To go on, press 2.",
    # the way to a person
    "finding_person": "One moment, I will find you a person.",
    "apology": "I am sorry, something went wrong at our end.",
    "joining": "I am putting you through now.",
    "person_missed": "They could not take the call.",
    "busy": "All our people are busy just now. We can call you back as soon as one of them is free, and you keep "
    "your place in line.",
    "nobody_there": "There is nobody here to answer just now. We can call you back.",
    "offer": "For a callback, say yes, or press 1. To stay on the line, say no, or press 2.",
    "offer_keys": "For a callback, press 1. To stay on the line, press 2.",
    "waiting": "You are in line. You can press 1 for a callback at any time.",
    "still_waiting": "Thank you for waiting. You are still in line. Press 1 if you would rather have a callback.",
    # callbacks
    "which_window": "When shall we call you?",
    "window": "For {day}, between {starts} and {ends}, press {key}.",
    "which_number": "We will call you on {number}. If that is right, say yes, or press 1. For another number, "
    "say no, or press 2.",
    "which_number_keys": "We will call you on {number}. If that is right, press 1. For another number, press 2.",
    "enter_number": "Please key in the number that we should call, and then the hash key.",
    "day_and_time": "{day}, {time}",
    "promised": "It is booked. We will call you on {number} by {time}. You will not have to repeat anything.",
    "promised_window": "It is booked. We will call you on {number}, {day}, between {starts} and {ends}. You will not "
    "have to repeat anything.",
    "already_booked": "Your callback is booked already. We will call you on {number} by {time}.",
    "refused_number": "We cannot call that number.",
    "refused_store": "I could not book the callback.",
    "goodbye": "Goodbye.",
    "thanks": "Thank you for calling. Goodbye.",
    # the edge's own: at a fault, and to the customer of a callback
    "one_moment": "One moment, please.",
    "fault_person": "I am sorry, something is wrong at our end. I will put you through to a person.",
    "nobody_reached": "We could not reach anybody. Please call again later.",
    "fault_callback": "I am sorry, something is wrong at our end. We will call you again. Goodbye.",
    "callback_greeting": "Hello, this is {organisation}, calling you back as promised. I am connecting you.",
    "callback_greeting_unnamed": "Hello, we are calling you back as promised. I am connecting you.",
    "callback_not_needed": "We are sorry, this call is not needed any more. Please excuse the disturbance. Goodbye.",
    "callback_words": "{first}. {second}.",
    "callback_prove": "Hello, this is {organisation}, calling you back as promised. To be connected, press 1.",
    "callback_prove_unnamed": "Hello, we are calling you back as promised. To be connected, press 1.",
    "callback_one_moment": "Thank you. One moment, I am getting somebody for you.",
    "callback_nobody_came": "I am sorry, nobody is free after all. We will call you again in a few minutes. Goodbye.",
    "callback_message": "Hello, this is {organisation}. You asked us to call you back, and we "
    "did not reach you. Please call us when it suits you. Goodbye.",
    "callback_message_unnamed": "Hello. You asked us to call you back, and we did not reach you. "
    "Please call us when it suits you. Goodbye.",
    "callback_late": "Hello, this is {organisation}. We are sorry, your callback will be "
    "later than promised: by {time} at the latest.",
}

# The first phrase of each is the one that is said aloud.
UNIVERSAL: Final[dict[str, tuple[str, ...]]] = {
    "person": ("agent", "operator", "person"),
    "repeat": ("repeat",),
    "back": ("back", "go back"),
    "help": ("help",),
    "language": ("language", "other language"),
}
YES: Final[tuple[str, ...]] = ("yes",)
NO: Final[tuple[str, ...]] = ("no",)
# The name of this language, as its speakers say it.
LANGUAGE_NAME: Final = "english"
KEY_NAMES: Final[tuple[str, ...]] = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# What callers say besides, key by key.
KEY_VARIANTS: Final[dict[str, tuple[str, ...]]] = {}
