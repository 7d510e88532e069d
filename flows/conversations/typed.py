"""What is typed in `ivr flow shell`: keys, something said, or a command that begins with a dot."""

from __future__ import annotations

import re
from typing import Final

from flows.conversations.model import Agents, LookupAnswer, NotFound, Scalar, Step

HELP: Final = """\
1               press keys: any row of 0-9, * and #
0 * #           always: a person, the same again, help (help is ** where digits are asked for)
order           say something
.silence        stay silent
.else           say something that is not understood
.record 12      leave a message of 12 seconds
.hangup         hang up
.agent desk     "desk" is free, and whoever was free before; .nobody: nobody is
.talks .misses  what comes of ringing a person
.lookup found order_state="is packed" order_day=today
                what the next lookup finds; also: .lookup not_found, .lookup failed
.speech down    recognition goes; up: it comes back
.time +10m      let time pass: s, m, h
.break          something at our end breaks
.state          where the call stands, and its values
.save FILE      write the talk as a test (NAME.test.yaml)
.help .quit"""

_KEYS: Final = re.compile(r"[0-9*#]{1,32}")
_TIME: Final = re.compile(r"\+?(\d{1,5})([smh])")
_VALUE: Final = re.compile(r"""([a-z][a-z0-9_]*)=("[^"]*"|'[^']*'|[^\s"']+)(?:\s+|$)""")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_PLAIN: Final = {
    ".silence": Step(stays_silent=True),
    ".else": Step(says_something_else=True),
    ".hangup": Step(hangs_up=True),
    ".talks": Step(person="talks"),
    ".misses": Step(person="misses"),
    ".break": Step(breaks="call"),
}


class TypedError(ValueError):
    """What was typed means nothing; the message says what to type."""


def step_of(line: str, free: Agents) -> Step:
    """The step that a line means; `free` is who is free now, with every queue. Raises `TypedError`."""
    if _KEYS.fullmatch(line):
        return Step(presses=line)
    if not line.startswith("."):
        return Step(says=line)
    command, _, rest = line.partition(" ")
    rest = rest.strip()
    match command:
        case _ if command in _PLAIN and not rest:
            return _PLAIN[command]
        case ".agent" if rest:
            return Step(agents={queue: tuple(dict.fromkeys((*ids, *rest.split()))) for queue, ids in free.items()})
        case ".nobody":
            return Step(agents=dict.fromkeys(free, ()))
        case ".speech" if rest == "up" or rest == "down":
            return Step(speech=rest)
        case ".record" if rest.isascii() and rest.isdecimal() and int(rest) <= 600:
            return Step(records=int(rest))
        case ".time" if (found := _TIME.fullmatch(rest)) is not None:
            seconds = int(found[1]) * _SECONDS[found[2]]
            if 1 <= seconds <= 86_400:
                return Step(waits_s=seconds)
            raise TypedError("at least a second and at most a day can pass at a time")
        case _:
            raise TypedError(f"`{line}` is no command as it stands; .help lists them")


def lookup_answer_of(text: str) -> NotFound | LookupAnswer:
    """What a lookup finds, as it is typed; raises `TypedError`.

    A number, true, false and null are what they look like; in quotes they are text.
    """
    if text == "not_found":
        return "not_found"
    if text == "failed":
        return "failed"
    word, _, rest = text.partition(" ")
    rest = rest.strip()
    values: dict[str, Scalar] = {}
    while word == "found" and (found := _VALUE.match(rest)) is not None:
        values[found[1]] = _scalar(found[2])
        rest = rest[found.end() :]
    if word != "found" or rest:
        raise TypedError('type `not_found`, `failed`, or `found name=value other="two words"`')
    return LookupAnswer(found=values)


def _scalar(written: str) -> Scalar:
    if written[0] in "\"'":
        return written[1:-1]
    if written in _WORDS:
        return _WORDS[written]
    if re.fullmatch(r"-?(0|[1-9]\d{0,15})", written):
        return int(written)
    if re.fullmatch(r"-?\d{1,15}\.\d{1,15}", written):
        return float(written)
    return written
