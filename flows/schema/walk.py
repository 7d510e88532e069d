"""Follows the path of an error through the models of the flow language: what is wanted there, and which words."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel, Tag

from flows.document import Path

# Fields that a file cannot set.
_OURS: Final = frozenset({"revision"})
# How pydantic ends the path of an error in the word of a mapping, rather than in its value.
KEY: Final = "[key]"


class Place(msgspec.Struct, frozen=True):
    """Where an error stands: its path in the file, the model whose words are allowed there, and what is wanted."""

    path: Path
    owner: type[BaseModel] | None
    wanted: Any
    # The path of the outermost untagged union on the way, and the member that was tried.
    union: Path | None
    member: str
    model: type[BaseModel] | None = None


def words_of(model: type[BaseModel] | None) -> Iterator[str]:
    """The words that a file may use for the fields of a model."""
    for name, field in (model.model_fields if model is not None else {}).items():
        if name not in _OURS:
            yield field.alias or name


def required_of(model: type[BaseModel] | None) -> Iterator[str]:
    """Those of them that a file must use."""
    for name, field in (model.model_fields if model is not None else {}).items():
        if name not in _OURS and field.is_required():
            yield field.alias or name


def place_of(root: type[BaseModel], location: tuple[int | str, ...]) -> Place:
    """Follow an error's location through the models: which of its parts stand in the file, and what is wanted there."""
    here: Any = root
    path: list[str | int] = []
    union: Path | None = None
    member = ""
    model: type[BaseModel] | None = None
    owner: type[BaseModel] | None = root
    for part in location:
        here = _bare(here)
        members = members_of(here)
        if part in members:
            if _is_untagged(here) and union is None:
                union, member = tuple(path), str(part)
                model = members[member] if _is_model(members[member]) else None
            here = members[str(part)]
            continue
        if part == KEY:
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
            here = key if location[-1:] == (KEY,) and location[-2:-1] == (part,) else value
            path.append(part)
        elif get_origin(here) is tuple:
            here = get_args(here)[0]
            path.append(part)
        elif str(part).startswith("function-"):
            continue
        else:
            path.append(part)
    return Place(tuple(path), owner, here, union, member, model)


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


def members_of(annotation: Any) -> dict[str, Any]:
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
            named.update(dict.fromkeys(literals_of(bare.model_fields["type"].annotation), bare))
        else:
            named[getattr(bare, "__name__", str(bare))] = bare
    return named


def _annotated(annotation: Any) -> bool:
    return get_origin(annotation) is Annotated


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def is_typed(annotation: Any) -> bool:
    """Whether this is a union whose members are told apart by `type`."""
    bare = _bare(annotation)
    return _is_union(bare) and all(
        _is_model(_bare(member)) and "type" in _bare(member).model_fields for member in _not_none(bare)
    )


def _is_untagged(annotation: Any) -> bool:
    """Whether pydantic tries the members of this union one after another."""
    bare = _bare(annotation)
    if not _is_union(bare) or is_typed(bare):
        return False
    return not any(isinstance(extra, Tag) for member in _not_none(bare) for extra in get_args(member)[1:])


def literals_of(annotation: Any) -> list[str]:
    bare = _bare(annotation)
    return [str(value) for value in get_args(bare)] if get_origin(bare) is Literal else []


def example_of(field: Any) -> str | None:
    examples = getattr(field, "examples", None)
    return f'"{examples[0]}"' if examples else None
