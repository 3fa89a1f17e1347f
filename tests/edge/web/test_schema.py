"""What the schema says is what the API does: no answer that it does not tell of, and no fault."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.edge.web.client import Client
from tests.edge.web.conftest import Site
from tests.edge.web.test_traffic import crossed

CHECKS = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
#: For each operation; all of them together take seconds.
EXAMPLES = 12
#: Answers without an end.
ENDLESS = ("live.mjpeg", "live.ts")


async def schema_of(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = (await site.client.get("/openapi.json")).json
    return found


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        yield from ((method, path, operation) for method, operation in methods.items())


async def test_schema_tells_of_every_call(site: Site) -> None:
    schema = await schema_of(site)
    found = {f"{method.upper()} {path}" for method, path, _ in operations(schema)}
    assert {
        "GET /api/v1/health",
        "GET /api/v1/visits/{visit_id}/clip.mp4",
        "PUT /api/v1/zones/{camera}",
        "DELETE /api/v1/zones/{camera}",
        "GET /api/v1/traffic",
        "PATCH /api/v1/settings/{camera}",
        "GET /api/v1/log",
        "POST /traffic",
        "POST /objects",
        "GET /statusWatch",
    } <= found
    for method, path, operation in operations(schema):
        assert operation["description"], (method, path)
        if path.startswith("/api/v1"):
            assert {"401", "429"} <= set(operation["responses"]), (method, path)
        for body in operation.get("requestBody", {}).get("content", {}).values():
            text = json.dumps(body["schema"])
            name = re.search(r"schemas/(\w+)", text)
            assert name, (method, path)


async def test_every_json_body_has_an_example_that_fits_it(site: Site) -> None:
    schema = await schema_of(site)
    bodies = schema["components"]["schemas"]
    contents = [
        content
        for _, _, operation in operations(schema)
        for told in (operation.get("requestBody", {}), *operation["responses"].values())
        for kind, content in told.get("content", {}).items()
        if kind == "application/json"
    ]
    named = {name for content in contents for name in re.findall(r"schemas/(\w+)", json.dumps(content["schema"]))}
    assert len(named) > 15
    assert [name for name in sorted(named) if "example" not in bodies[name]] == []
    for name, body in bodies.items():
        if "example" in body:
            jsonschema.validate(body["example"], {"$ref": f"#/components/schemas/{name}", **schema})


async def test_page_of_the_schema_names_every_call_and_loads_nothing(site: Site) -> None:
    answer = await site.client.get("/docs")
    assert answer.headers["Content-Type"].startswith("text/html")
    text = answer.body.decode()
    for method, path, _ in operations(await schema_of(site)):
        if method != "head":
            assert f"{method.upper()} {path}" in text
    assert not re.search(r"<script|<link|<img|src=|style=", text)


@pytest.mark.timeout(300)
async def test_every_answer_is_one_that_the_schema_tells_of(site: Site) -> None:
    site.up()
    visit = site.visit(0)
    site.file(visit, b"clip")
    crossed(site, 1_793_872_800.0)
    raw = await schema_of(site)
    assert len(list(operations(raw))) >= 24
    await asyncio.to_thread(_try_all, raw, site.client, visit)


def _try_all(raw: dict[str, Any], client: Client, visit: str) -> None:
    schema = schemathesis.openapi.from_dict(raw)
    schema.config.update(base_url=f"http://127.0.0.1:{client.port}")
    headers = {"Authorization": f"Bearer {client.token}"}
    known = {"camera": "door", "visit_id": visit}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.path.endswith(ENDLESS):
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def attempt(case: schemathesis.Case[Any]) -> None:
            """Half of the cases ask for what there is: chance would never find it."""
            if len(json.dumps(case.query or {}, default=str)) % 2:
                case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
            response = case.call(headers=headers, timeout=20)
            assert response.status_code < 500 or response.status_code == 503, response.text
            case.validate_response(response, checks=CHECKS)

        attempt()
