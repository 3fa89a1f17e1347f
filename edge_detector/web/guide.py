"""The API's own documentation: one page made of its schema, which loads nothing and runs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

ABOUT = (
    "What this edge sees now, what it saw, and the evidence. Send the token as `Authorization: Bearer <token>`. "
    "The WebSocket `/api/v1/ws` tells what happens as it happens."
)
_METHODS = ("get", "post", "put", "patch", "delete")
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<h1>{title}</h1>
<p>{about}</p>
<p><a href="openapi.json">The schema itself</a></p>
{paths}
<h2>Bodies</h2>
{bodies}
</html>
"""


def binary(content_type: str) -> dict[int | str, dict[str, Any]]:
    """What a path answers that is no JSON."""
    content = {content_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": "What was asked for", "content": content}}


def ranged(content_type: str) -> dict[int | str, dict[str, Any]]:
    """The same for a file of which parts may be asked for."""
    part = {**binary(content_type)[200], "description": "The part that was asked for"}
    return {**binary(content_type), 206: part, 304: {"description": "The same as before"}}


def page(schema: Mapping[str, Any]) -> str:
    """The schema as a page."""
    paths = "".join(
        _operation(path, method, operation)
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS
    )
    bodies = "".join(_body(name, body) for name, body in sorted(schema["components"]["schemas"].items()))
    title = f"{schema['info']['title']} {schema['info']['version']}"
    return _PAGE.format(title=escape(title), about=escape(schema["info"]["description"]), paths=paths, bodies=bodies)


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation.get('description', ''))}</p>"
        f"<ul>{''.join(_parameters(operation))}</ul><ul>{''.join(_answers(operation))}</ul>"
    )


def _parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        needed = ", required" if parameter.get("required") else ""
        told = escape(_type(parameter["schema"]))
        yield f"<li><code>{escape(parameter['name'])}</code> ({parameter['in']}{needed}): {told}</li>"
    for content_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<li>body, {escape(content_type)}: {escape(_type(content['schema']))}</li>"


def _answers(operation: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        yield f"<li>{status}: {escape(answer['description'])}</li>"


def _body(name: str, body: Mapping[str, Any]) -> str:
    fields = "".join(
        f"<li><code>{escape(field)}</code>: {escape(_type(schema))}</li>"
        for field, schema in body.get("properties", {}).items()
    )
    example = f"<pre>{escape(json.dumps(body['example'], indent=2))}</pre>" if "example" in body else ""
    told = escape(body.get("description", ""))
    return f"<h3>{escape(name)}</h3><p>{told}</p><ul>{fields}</ul>{example}"


def _type(schema: Mapping[str, Any]) -> str:
    """What a value is, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(str(choice) for choice in schema["enum"])
    if schema.get("type") == "array" and "items" in schema:
        return f"list of {_type(schema['items'])}"
    return str(schema.get("pattern") or schema.get("format") or schema.get("type") or "anything")
