"""The OpenAPI document, made from the routes and their types. `python -m ivr.web.api.openapi` prints it."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any, Final

import msgspec

from ivr.web.api.problems import MEDIA_TYPE, STATUS_OF, TITLES, ProblemDetails
from ivr.web.api.routes import ROUTES, Route

BASE: Final = "/api/v1"
REF: Final = "#/components/schemas/{name}"
PARAMETER: Final = re.compile(r"<(\w+)>")
# Answers of HTTP itself, that any route may give.
ALWAYS: Final = {401: "unauthorised", 500: "internal", 503: "store"}
WITH_BODY: Final = {400: "malformed", 413: "too_large", 415: "not_json"}


def document() -> dict[str, Any]:
    """The API as OpenAPI 3.1. Source: https://spec.openapis.org/oas/v3.1.0"""
    named = {route.result for route in ROUTES} | {route.body for route in ROUTES if route.body is not None}
    named.add(ProblemDetails)
    _, schemas = msgspec.json.schema_components(sorted(named, key=_name), ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(PARAMETER.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(route)
    own = {
        "get": {
            "operationId": "openapi",
            "summary": "This document",
            "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {}}}},
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Zerohold",
            "version": "1",
            "summary": "Callbacks and the people who keep them",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": BASE}],
        "security": [{"token": []}],
        "paths": {**paths, "/openapi.json": own},
        "components": {
            "schemas": {name: _described(schema) for name, schema in sorted(schemas.items())},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _name(kind: Any) -> str:
    return str(kind.__name__)


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with its docstring as text."""
    return {**schema, "description": inspect.cleandoc(schema["description"])} if "description" in schema else schema


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": route.name, "summary": route.summary}
    parameters = [*_path_parameters(route), *_query_parameters(route), *_headers(route)]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(route.body)}}}
    operation["responses"] = {**_successes(route), **_failures(route)}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    (_,), schemas = msgspec.json.schema_components([route.query], ref_template=REF)
    properties = schemas[_name(route.query)]["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]


def _headers(route: Route) -> list[dict[str, Any]]:
    headers = []
    if route.is_versioned and route.method != "GET":
        words = "The ETag that was read: 412 where somebody was faster"
        headers.append({"name": "If-Match", "in": "header", "description": words, "schema": {"type": "string"}})
    if route.takes_key:
        words = "The same key books once, ever; of 1 to 200 visible characters"
        headers.append({"name": "Idempotency-Key", "in": "header", "description": words, "schema": {"type": "string"}})
    return headers


def _successes(route: Route) -> dict[str, Any]:
    content = {"application/json": {"schema": _ref(route.result)}}
    words = {200: "Done", 201: "Made"}
    return {str(status): {"description": words[status], "content": content} for status in route.statuses}


def _failures(route: Route) -> dict[str, Any]:
    codes: dict[int, list[str]] = {}
    for status, code in {**ALWAYS, **(WITH_BODY if route.body is not None else {})}.items():
        codes.setdefault(status, []).append(code)
    if route.query is not None or route.is_versioned or route.takes_key:
        codes.setdefault(400, [])
        codes[400] = ["malformed"]
    for code in route.errors:
        codes.setdefault(STATUS_OF[code], []).append(code)
    content = {MEDIA_TYPE: {"schema": _ref(ProblemDetails)}}
    return {
        str(status): {"description": f"{TITLES[status]}: {', '.join(found)}", "content": content}
        for status, found in sorted(codes.items())
    }


def _ref(kind: Any) -> dict[str, str]:
    return {"$ref": REF.format(name=_name(kind))}


def text() -> str:
    """The document as it is committed."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
