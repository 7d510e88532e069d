"""Turns what pydantic says about a flow into problems that tell an author what to write.

What is allowed at a place is found by walking the models along the path of the error, never kept in tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from flows.document import Path, Text
from flows.problems import Problem, known_words, near_words
from flows.schema.walk import KEY, Place, example_of, is_typed, literals_of, members_of, place_of, required_of, words_of

RULE: Final = "schema"
NUMBER_RULE: Final = "number-not-quoted"

# What to write where a text does not fit its pattern.
_PATTERNS: Final[Mapping[str, str]] = {
    r"^[1-9]$": 'must be one key from "1" to "9" (0 always leads to a person)',
    r"^[a-z][a-z0-9_]*$": "must be a name: small letters a to z, digits and _, beginning with a letter",
    r"^[A-Z]{2}$": 'must be a country\'s two capital letters, such as "GB"',
    r"^[A-Z]{3}$": 'must be a currency\'s three capital letters, such as "GBP"',
    r"^\+[1-9][0-9]{0,13}$": 'must be the beginning of an international telephone number, such as "+4420"',
    r"^\+[1-9][0-9]{6,14}$": 'must be an international telephone number such as "+442079460000"',
}
_TYPES: Final[Mapping[str, str]] = {
    "string_type": "must be text",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "model_type": "must be a mapping: `word: value`, one in each line",
    "model_attributes_type": "must be a mapping: `word: value`, one in each line",
    "dict_type": "must be a mapping: `word: value`, one in each line",
    "tuple_type": "must be a list: `- value`, one in each line",
    "list_type": "must be a list: `- value`, one in each line",
}


def schema_problems(error: ValidationError, root: type[BaseModel], text: Text, file: str) -> list[Problem]:
    """One problem for each mistake, however many errors pydantic makes of it."""
    found: dict[Path, Problem] = {}
    misspelt: set[Path] = set()
    unions: dict[Path, list[tuple[Place, ErrorDetails]]] = {}
    broken_keys: set[Path] = set()
    for details in error.errors():
        place = place_of(root, details["loc"])
        if details["loc"][-1:] == (KEY,):
            broken_keys.add(place.path)
        if place.union is not None:
            unions.setdefault(place.union, []).append((place, details))
        elif place.path not in found:
            found[place.path] = _problem(place, details, text, file)
            if details["type"] == "extra_forbidden":
                misspelt.update((*place.path[:-1], word) for word in _meant(place, text))
    for path, errors in unions.items():
        found.setdefault(path, _union_problem(path, errors, text, file))
    # What is missing because it is misspelt is one mistake, not two.
    missing = {path for path in misspelt if path in found and not text.has(path)}
    left_out = missing | _too_few_for_wrong_ones(found)
    return [problem for path, problem in found.items() if path not in left_out and not _inside(path, broken_keys)]


def _meant(place: Place, text: Text) -> list[str]:
    """The word that a wrong one was probably meant to be: one like it that is not there, or the only one missing."""
    wrong, given = str(place.path[-1]), text.deepest(place.path[:-1]).spot.children
    words = list(words_of(place.owner))
    near = near_words(wrong, [word for word in words if word not in given])
    missing = [word for word in required_of(place.owner) if word not in given]
    only_wrong = all(word in words for word in given if word != wrong)
    return near or (missing if len(missing) == 1 and only_wrong else near_words(wrong, words))


def _too_few_for_wrong_ones(found: dict[Path, Problem]) -> set[Path]:
    """The lists that have too few entries only because their entries are wrong: pydantic counts the right ones."""
    with_wrong_entries = {path[:-1] for path in found if path and isinstance(path[-1], int)}
    return {path for path in with_wrong_entries if path in found and " must have at least " in found[path].message}


def _union_problem(path: Path, errors: list[tuple[Place, ErrorDetails]], text: Text, file: str) -> Problem:
    """One problem for a value that fits none of the members of a union without tags."""
    place, details = _nearest(errors)
    words = {word for other, _ in errors if other.model is not None for word in words_of(other.model)}
    given = set(text.deepest(path).spot.children)
    if words and not given & words:
        line, column = text.where(path)
        name = ".".join(str(part) for part in path)
        message = f"must be a mapping with one of these words: {', '.join(sorted(words))}"
        return Problem(file, line, column, RULE, f"{name}: {message}", known=tuple(sorted(words)))
    if not words:
        line, column = text.where(path)
        name = ".".join(str(part) for part in path)
        return Problem(file, line, column, RULE, f"{name}: must be an expression, a number, true or false")
    return _problem(place, details, text, file)


def _inside(path: Path, others: set[Path]) -> bool:
    """Whether a path lies below one of the others: what is wrong below a wrong word is not to be mended there."""
    return any(path[:length] in others for length in range(len(path)))


def _nearest(errors: list[tuple[Place, ErrorDetails]]) -> tuple[Place, ErrorDetails]:
    """Of the members of a union, the one that the author has meant: whose words are there, with fewest mistakes."""
    members: dict[str, list[tuple[Place, ErrorDetails]]] = {}
    for place, details in errors:
        members.setdefault(place.member, []).append((place, details))

    def mistakes(of_one: list[tuple[Place, ErrorDetails]]) -> tuple[int, int]:
        wrong_kind = sum(details["type"] in _TYPES or details["type"] == "missing" for _, details in of_one)
        return wrong_kind, len(of_one)

    return min(members.values(), key=mistakes)[0]


def _problem(place: Place, details: ErrorDetails, text: Text, file: str) -> Problem:
    line, column = text.where(place.path)
    rule = RULE
    known: tuple[str, ...] = ()
    given, kind = details["input"], details["type"]
    spelling = text.spelling(place.path)
    if details["loc"][-1:] == (KEY,):
        message = _wrong_key(place, details, text)
    elif kind == "extra_forbidden":
        known = tuple(sorted(words_of(place.owner)))
        advice = known_words(str(place.path[-1]), known, near=_meant(place, text))
        message = f"is not a word of the flow language here{advice}"
    elif kind == "missing":
        types = sorted(members_of(place.wanted))
        message = f"is missing; it has a `type` (known: {', '.join(types)})" if is_typed(place.wanted) else "is missing"
    elif kind in {"union_tag_invalid", "union_tag_not_found"}:
        line, column, known, message = _wrong_type(place, given, text)
    elif kind == "string_type" and isinstance(given, bool | int | float):
        rule, message = NUMBER_RULE, f'must be text: put it in quotes, "{spelling}"'
        line, column = text.where_value(place.path)
    elif kind == "string_type" and isinstance(given, dict) and spelling.startswith("{"):
        message = f"must be text: put a text that begins with {{ in quotes, '{_short(spelling)}'"
    elif given is None and kind in _TYPES:
        message = "is empty"
    else:
        message = _in_words(place, details)
    name = ".".join(str(part) for part in place.path)
    end = text.end_column(place.path) if (line, column) == text.where(place.path) and text.has(place.path) else 0
    return Problem(file, line, column, rule, f"{name or 'the file'}: {message}", end_column=end, known=known)


def _wrong_key(place: Place, details: ErrorDetails, text: Text) -> str:
    """What is wrong with a word that the author chooses, or that names a language."""
    word = str(place.path[-1])
    outer = text.deepest(place.path[:-1]).spot
    if literals_of(place.wanted):
        if text.source.startswith("{", outer.start) and text.spelling(place.path) == "":
            return f"put a text that begins with {{ in quotes, '{{{word}}}'"
        return f"is no language{known_words(word, literals_of(place.wanted))}"
    return _in_words(place, details)


def _wrong_type(place: Place, given: Any, text: Text) -> tuple[int, int, tuple[str, ...], str]:
    line, column = text.where((*place.path, "type"))
    known = tuple(sorted(members_of(place.wanted)))
    wrong = given.get("type") if isinstance(given, dict) else None
    if wrong is None:
        return line, column, known, f"has no `type` (known: {', '.join(known)})"
    return line, column, known, f'has the type "{wrong}"{known_words(str(wrong), known)}'


def _in_words(place: Place, details: ErrorDetails) -> str:
    """Any other error, in the words of the flow language."""
    kind, context = details["type"], details.get("ctx", {})
    given = details["input"]
    if kind in _TYPES:
        return _TYPES[kind]
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        example = example_of(place.wanted)
        return _PATTERNS.get(pattern, f"is not in the right form{f'; write one such as {example}' if example else ''}")
    if kind == "literal_error":
        literals = literals_of(place.wanted)
        if str(given) in literals:
            return f"must be the number {given}, without quotes"
        return f'is "{given}"{known_words(str(given), literals)}' if literals else f'cannot be "{given}"'
    message = details["msg"].removeprefix("Value error, ")
    message = re.sub(r"^(Input|String|List|Tuple|Dictionary|Set|Value) should ", "must ", message)
    message = message.replace("item after validation", "entry").replace("items after validation", "entries")
    return message[0].lower() + message[1:]


def _short(spelling: str) -> str:
    line = spelling.split("\n")[0]
    return line if len(line) <= 40 else line[:39] + "…"
