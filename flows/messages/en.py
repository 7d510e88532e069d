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
    "remembered": "Last time, you gave {answer}. If that is still right, say yes, or press 1. If not, say no, "
    "or press 2.",
    "remembered_keys": "Last time, you gave {answer}. If that is still right, press 1. If not, press 2.",
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
    "busy": "All our people are busy just now.",
    "nobody_there": "There is nobody here to answer just now.",
    "in_line": "You are in line.",
    "position": "You are {position} in line.",
    "next_in_line": "You are next in line.",
    "wait": "The wait is {wait}.",
    "offer": "To be called back without losing your place, say call back, or press 1. To stay on the line, say stay, "
    "or press 2.",
    "offer_keys": "To be called back without losing your place, press 1. To stay on the line, press 2.",
    "offer_time": "For a callback at another time, press 3.",
    "offer_kept": "You have a callback booked. To leave it at that, press 1. To stay on the line, press 2.",
    "offer_time_kept": "To change its time, press 3.",
    "stay_on_line": "Please stay on the line.",
    "line_callback": "To be called back instead, press 1 at any time.",
    "line_kept": "Your callback stays booked. To wait for it instead, press 1 at any time.",
    "still_waiting": "Thank you for waiting. You are still in line.",
    # callbacks
    "which_window": "When shall we call you?",
    "which_day": "On which day shall we call you?",
    "which_part": "At what time of day?",
    "which_time": "At what time?",
    "say_it": "You can say it, or press its key.",
    "day": "For {day}, press {key}.",
    "part_night": "At night, press {key}.",
    "part_morning": "In the morning, press {key}.",
    "part_afternoon": "In the afternoon, press {key}.",
    "part_evening": "In the evening, press {key}.",
    "window": "For {day}, between {starts} and {ends}, press {key}.",
    "window_of_day": "Between {starts} and {ends}, press {key}.",
    "more_days": "For other days, press {key}.",
    "more_times": "For other times, press {key}.",
    "soon": "For as soon as possible, press {key}.",
    "on_day": "We can call you {day}.",
    "no_times": "There is no free time just now.",
    "which_number": "We will call you on {number}. If that is right, say yes, or press 1. For another number, "
    "say no, or press 2.",
    "which_number_keys": "We will call you on {number}. If that is right, press 1. For another number, press 2.",
    "enter_number": "Please key in the number that we should call, and then the hash key.",
    "day_and_time": "{day}, {time}",
    "promised": "It is booked. We will call you on {number} by {time}. You will not have to repeat anything.",
    "promised_window": "It is booked. We will call you on {number}, {day}, between {starts} and {ends}. You will not "
    "have to repeat anything.",
    "moved": "It is changed: we will call you by {time}.",
    "moved_window": "It is changed: {day}, between {starts} and {ends}.",
    "already_booked": "Your callback is booked already. We will call you on {number} by {time}.",
    "already_booked_window": "Your callback is booked already. We will call you on {number}, {day}, between {starts} "
    "and {ends}.",
    "first_words": "When we call, the first thing you hear is: {words}.",
    "and_then": "{first}, {second}",
    "refused_number": "We cannot call that number.",
    "refused_not_allowed": "We do not call numbers of that kind.",
    "refused_own": "That is one of our own numbers.",
    "refused_quota": "There are too many callbacks for this number already.",
    "refused_full": "That time has just been taken.",
    "refused_closed": "We cannot call you at that time.",
    "refused_store": "I could not book the callback.",
    # who calls again
    "have_promise": "You have a callback booked: {when}, on {number}.",
    "have_promise_about": "You have a callback booked: {when}, about {reason}, on {number}.",
    "when_window": "{day}, between {starts} and {ends}",
    "when_by": "as soon as possible, by {time}",
    "when_soon": "as soon as possible",
    "promise_choices": "To keep it, press 1. To change the time, press 2. To cancel it, press 3. To speak with "
    "somebody now, press 4.",
    "kept": "It stays as it is.",
    "anything_else": "Is there anything else?",
    "sure_cancel": "Shall I cancel your callback?",
    "cancelled": "Your callback is cancelled.",
    "not_changed": "I could not change that. Your callback stays as it is.",
    "promise_gone": "That callback is not open any more.",
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
# What callers say for a choice of the engine's own; the first phrase of each is the one that is said aloud, if any.
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "callback": ("call back", "call me back", "callback"),
    "stay": ("stay", "wait"),
    "other_time": ("another time", "other time"),
    "soon": ("as soon as possible", "soon"),
    "more_days": ("other days", "later"),
    "more_times": ("other times", "later"),
    "night": ("at night", "night"),
    "morning": ("in the morning", "morning"),
    "afternoon": ("in the afternoon", "afternoon"),
    "evening": ("in the evening", "evening"),
    "keep": ("keep", "keep it"),
    "move": ("change", "change the time"),
    "cancel": ("cancel", "cancel it"),
    "speak": ("speak now", "now"),
}
# The name of this language, as its speakers say it.
LANGUAGE_NAME: Final = "english"
KEY_NAMES: Final[tuple[str, ...]] = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# What callers say besides, key by key.
KEY_VARIANTS: Final[dict[str, tuple[str, ...]]] = {}
