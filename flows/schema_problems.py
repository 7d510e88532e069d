"""Turns what pydantic says about a flow into problems that tell an author what to write.

What is allowed at a place is found by walking the models along the path of the error, never kept in tables.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from flows.document import Path, Text
from flows.problems import Problem, known_words, near_words

RULE: Final = "schema"
NUMBER_RULE: Final = "number-not-quoted"
# Fields that a file cannot set.
_OURS: Final = frozenset({"revision"})
_KEY: Final = "[key]"
_ADDRESS: Final = "https?"

# What to write where a text does not fit its pattern.
_PATTERNS: Final[Mapping[str, str]] = {
    r"^[1-9]$": 'must be one key from "1" to "9" (0 always leads to a person)',
    r"^[a-z][a-z0-9_]*$": "must be a name: small letters a to z, digits and _, beginning with a letter",
    r"^[A-Z]{2}$": 'must be a country\'s two capital letters, such as "GB"',
    r"^[A-Z]{3}$": 'must be a currency\'s three capital letters, such as "GBP"',
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


class _Place(msgspec.Struct, frozen=True):
    """Where an error stands: its path in the file, the model whose words are allowed there, and what is wanted."""

    path: Path
    owner: type[BaseModel] | None
    wanted: Any
    # The path of the outermost untagged union on the way, and the member that was tried.
    union: Path | None
    member: str
    model: type[BaseModel] | None = None


def schema_problems(error: ValidationError, root: type[BaseModel], text: Text, file: str) -> list[Problem]:
    """One problem for each mistake, however many errors pydantic makes of it."""
    found: dict[Path, Problem] = {}
    misspelt: set[Path] = set()
    unions: dict[Path, list[tuple[_Place, ErrorDetails]]] = {}
    broken_keys: set[Path] = set()
    for details in error.errors():
        place = _place(root, details["loc"])
        if details["loc"][-1:] == (_KEY,):
            broken_keys.add(place.path)
        if place.union is not None:
            unions.setdefault(place.union, []).append((place, details))
        elif place.path not in found:
            found[place.path] = _problem(place, details, text, file)
            if details["type"] == "extra_forbidden":
                misspelt.update(
                    (*place.path[:-1], word) for word in near_words(str(place.path[-1]), words_of(place.owner))
                )
    for path, errors in unions.items():
        found.setdefault(path, _union_problem(path, errors, text, file))
    # What is missing because it is misspelt is one mistake, not two.
    missing = {path for path in misspelt if path in found and not text.has(path)}
    return [problem for path, problem in found.items() if path not in missing and not _inside(path, broken_keys)]


def _union_problem(path: Path, errors: list[tuple[_Place, ErrorDetails]], text: Text, file: str) -> Problem:
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


def _nearest(errors: list[tuple[_Place, ErrorDetails]]) -> tuple[_Place, ErrorDetails]:
    """Of the members of a union, the one that the author has meant: whose words are there, with fewest mistakes."""
    members: dict[str, list[tuple[_Place, ErrorDetails]]] = {}
    for place, details in errors:
        members.setdefault(place.member, []).append((place, details))

    def mistakes(of_one: list[tuple[_Place, ErrorDetails]]) -> tuple[int, int]:
        wrong_kind = sum(details["type"] in _TYPES or details["type"] == "missing" for _, details in of_one)
        return wrong_kind, len(of_one)

    return min(members.values(), key=mistakes)[0]


def _problem(place: _Place, details: ErrorDetails, text: Text, file: str) -> Problem:
    line, column = text.where(place.path)
    rule = RULE
    known: tuple[str, ...] = ()
    given, kind = details["input"], details["type"]
    spelling = text.spelling(place.path)
    if details["loc"][-1:] == (_KEY,):
        message = _wrong_key(place, details, text)
    elif kind == "extra_forbidden":
        known = tuple(sorted(words_of(place.owner)))
        message = f"is not a word of the flow language here{known_words(str(place.path[-1]), known)}"
    elif kind == "missing":
        types = sorted(_members(place.wanted))
        message = (
            f"is missing; it has a `type` (known: {', '.join(types)})" if _is_typed(place.wanted) else "is missing"
        )
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


def _wrong_key(place: _Place, details: ErrorDetails, text: Text) -> str:
    """What is wrong with a word that the author chooses, or that names a language."""
    word = str(place.path[-1])
    outer = text.deepest(place.path[:-1]).spot
    if _literals(place.wanted):
        if text.source.startswith("{", outer.start) and text.spelling(place.path) == "":
            return f"put a text that begins with {{ in quotes, '{{{word}}}'"
        return f"is no language{known_words(word, _literals(place.wanted))}"
    return _in_words(place, details)


def _wrong_type(place: _Place, given: Any, text: Text) -> tuple[int, int, tuple[str, ...], str]:
    line, column = text.where((*place.path, "type"))
    known = tuple(sorted(_members(place.wanted)))
    wrong = given.get("type") if isinstance(given, dict) else None
    if wrong is None:
        return line, column, known, f"has no `type` (known: {', '.join(known)})"
    return line, column, known, f'has the type "{wrong}"{known_words(str(wrong), known)}'


def _in_words(place: _Place, details: ErrorDetails) -> str:
    """Any other error, in the words of the flow language."""
    kind, context = details["type"], details.get("ctx", {})
    given = details["input"]
    if kind in _TYPES:
        return _TYPES[kind]
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        example = _example(place.wanted)
        return _PATTERNS.get(pattern, f"is not in the right form{f'; write one such as {example}' if example else ''}")
    if kind == "literal_error":
        literals = _literals(place.wanted)
        return f'is "{given}"{known_words(str(given), literals)}' if literals else f'cannot be "{given}"'
    message = details["msg"].removeprefix("Value error, ")
    message = re.sub(r"^(Input|String|List|Tuple|Dictionary|Set|Value) should ", "must ", message)
    message = message.replace("item after validation", "entry").replace("items after validation", "entries")
    return message[0].lower() + message[1:]


def _short(spelling: str) -> str:
    line = spelling.split("\n")[0]
    return line if len(line) <= 40 else line[:39] + "…"


# ---------------------------------------------------------------- walking the models


def words_of(model: type[BaseModel] | None) -> Iterator[str]:
    """The words that a file may use for the fields of a model."""
    for name, field in (model.model_fields if model is not None else {}).items():
        if name not in _OURS:
            yield field.alias or name


def _place(root: type[BaseModel], location: tuple[int | str, ...]) -> _Place:
    """Follow an error's location through the models: which of its parts stand in the file, and what is wanted there."""
    here: Any = root
    path: list[str | int] = []
    union: Path | None = None
    member = ""
    model: type[BaseModel] | None = None
    owner: type[BaseModel] | None = root
    for part in location:
        here = _bare(here)
        members = _members(here)
        if part in members:
            if _is_untagged(here) and union is None:
                union, member = tuple(path), str(part)
                model = members[member] if _is_model(members[member]) else None
            here = members[str(part)]
            continue
        if part == _KEY:
            continue
        if members and _is_untagged(here) and isinstance(part, str):
            # The name of a member that is no model, such as `constrained-str`; nothing lies below it.
            union, member = (tuple(path), part) if union is None else (union, member)
            continue
        if _is_model(here):
            owner = here
            here = next((f for n, f in here.model_fields.items() if part in (n, f.alias)), Any)
            path.append(part)
        elif get_origin(here) is dict:
            key, value = get_args(here)
            here = key if location[-1:] == (_KEY,) and location[-2:-1] == (part,) else value
            path.append(part)
        elif get_origin(here) is tuple:
            here = get_args(here)[0]
            path.append(part)
        elif str(part).startswith("function-"):
            continue
        else:
            path.append(part)
    return _Place(tuple(path), owner, here, union, member, model)


def _bare(annotation: Any) -> Any:
    """An annotation without `Annotated` and `| None` around it."""
    if hasattr(annotation, "annotation") and hasattr(annotation, "metadata"):
        annotation = annotation.annotation  # a field
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif _is_union(annotation) and len(members := _not_none(annotation)) == 1:
            annotation = members[0]
        else:
            return annotation


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _not_none(annotation: Any) -> list[Any]:
    return [member for member in get_args(annotation) if member is not types.NoneType]


def _members(annotation: Any) -> dict[str, Any]:
    """The members of a union by the tags that pydantic gives them."""
    annotation = _bare(annotation)
    if not _is_union(annotation):
        return {}
    named: dict[str, Any] = {}
    for member in _not_none(annotation):
        tags = [extra.tag for extra in get_args(member)[1:] if isinstance(extra, Tag)] if _annotated(member) else []
        bare = _bare(member)
        if tags:
            named[tags[0]] = bare
        elif _is_model(bare) and "type" in bare.model_fields:
            named.update(dict.fromkeys(_literals(bare.model_fields["type"].annotation), bare))
        else:
            named[getattr(bare, "__name__", str(bare))] = bare
    return named


def _annotated(annotation: Any) -> bool:
    return get_origin(annotation) is Annotated


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_typed(annotation: Any) -> bool:
    """Whether this is a union whose members are told apart by `type`."""
    bare = _bare(annotation)
    return _is_union(bare) and all(
        _is_model(_bare(member)) and "type" in _bare(member).model_fields for member in _not_none(bare)
    )


def _is_untagged(annotation: Any) -> bool:
    """Whether pydantic tries the members of this union one after another."""
    bare = _bare(annotation)
    if not _is_union(bare) or _is_typed(bare):
        return False
    return not any(isinstance(extra, Tag) for member in _not_none(bare) for extra in get_args(member)[1:])


def _literals(annotation: Any) -> list[str]:
    bare = _bare(annotation)
    return [str(value) for value in get_args(bare)] if get_origin(bare) is Literal else []


def _example(field: Any) -> str | None:
    examples = getattr(field, "examples", None)
    return f'"{examples[0]}"' if examples else None
