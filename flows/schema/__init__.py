"""JSON Schema (draft 2020-12) of flows and of conversations, for editors.

Pydantic's own schema says what is right; this makes it one that an editor can complete from and explain with: every
word has a description and an example, a `type` tells what it stands for, and nothing is offered that a file should not
have (null, which means the same as leaving the word out; the revision, which is made from the file).
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from pydantic import BaseModel

from flows.conversations.model import ConversationFile
from flows.model import Flow

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FLOW_SCHEMA_FILE: Final = "flow.schema.json"
CONVERSATION_SCHEMA_FILE: Final = "conversation.schema.json"

# RFC 3339, which `format: date-time` means, wants a zone; the times of a conversation have none.
_LOCAL_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?$"
_OURS: Final = {"Flow": "revision"}
# Classes of which an object has exactly one word.
_ONE_WORD: Final = frozenset({"Step"})

Schema = dict[str, Any]


def flow_schema() -> Schema:
    """The schema of a flow file."""
    return _schema(Flow, "A call flow of Zerohold")


def conversation_schema() -> Schema:
    """The schema of a file of conversations (`*.test.yaml`)."""
    return _schema(ConversationFile, "Conversations that test a call flow of Zerohold")


def schema_files() -> dict[str, str]:
    """The schemas as files: name -> content."""
    return {FLOW_SCHEMA_FILE: _text(flow_schema()), CONVERSATION_SCHEMA_FILE: _text(conversation_schema())}


def _text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(model: type[BaseModel], title: str) -> Schema:
    made = model.model_json_schema()
    definitions = {name: _definition(name, part) for name, part in made.pop("$defs").items()}
    root = _definition(model.__name__, made)
    return {"$schema": DIALECT, **root, "title": title, "$defs": definitions}


def _definition(name: str, part: Schema) -> Schema:
    fields = {
        word: _field(word, field, part["description"])
        for word, field in part.get("properties", {}).items()
        if word != _OURS.get(name)
    }
    whole = {**{key: _clean(value) for key, value in part.items() if key != "properties"}, "properties": fields}
    whole["title"] = _title(name, fields)
    whole["description"] = _one_line(part["description"])
    if name in _ONE_WORD:
        whole |= {"minProperties": 1, "maxProperties": 1}
    return whole


def _title(name: str, fields: Schema) -> str:
    """What an editor calls a part: its `type` as it is written, else its class in words."""
    kind = fields.get("type", {}).get("const")
    return str(kind) if kind is not None else re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


def _field(word: str, field: Schema, about: str) -> Schema:
    """One word: without the null and the defaults that only say that it may be left out."""
    field = _clean(field)
    members = [member for member in field.get("anyOf", []) if member != {"type": "null"}]
    if len(members) == 1:
        del field["anyOf"]
        field = {**members[0], **field}
    elif members:
        field["anyOf"] = members
    if field.get("default") in (None, []) or isinstance(field["default"], dict):
        field.pop("default", None)
    if word == "type" and "const" in field:
        field |= {"description": _one_line(about), "examples": [field["const"]]}
    return field


def _clean(value: Any) -> Any:
    """The same without what only pydantic or OpenAPI knows, and closed to words that do not fit a pattern."""
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {
        key: item if key in ("examples", "default") else _clean(item)
        for key, item in value.items()
        if key != "discriminator" and not (key == "title" and isinstance(item, str))
    }
    if kept.get("format") == "date-time":
        del kept["format"]
        kept["pattern"] = _LOCAL_TIME
    if "patternProperties" in kept:
        kept.setdefault("additionalProperties", False)
    return kept


def _one_line(text: str) -> str:
    return " ".join(text.split())
