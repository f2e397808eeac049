"""The machine-readable description (OpenAPI 3.1), made of the routes and the types that the handlers use."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from aiohttp import web

from legato.wire.up import KINDS_UP
from signaling.http.errors import ErrorBody, json_response
from signaling.http.routes import Route

VERSION: Final = "1.0.0"

_PATH: Final = re.compile(r"{(\w+)}")
_REF: Final = "#/components/schemas/{name}"


def describe(routes: list[Route]) -> dict[str, Any]:
    """The description of these routes, as plain values."""
    types = [
        each
        for route in routes
        for each in (route.takes, route.gives)
        if each is not None and not isinstance(each, str)
    ]
    known = [*dict.fromkeys(types), ErrorBody, *KINDS_UP]
    schemas, components = msgspec.json.schema_components(known, ref_template=_REF)
    schema_of = dict(zip(known, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Legato",
            "version": VERSION,
            "description": "Durable sessions over voice, text and tool calls. `PROTOCOL.md` is the treaty.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SCHEMES},
    }


def serve_description(routes: list[Route]) -> Route:
    """The route that answers with the description of the others, and of itself."""
    described: list[dict[str, Any]] = []

    async def openapi(_: web.Request) -> web.Response:
        return json_response(described[0])

    route = Route(
        method="GET", path="/v1/openapi.json", name="openapi", says="This description",
        handler=openapi, by="", gives="application/json",
    )  # fmt: skip
    described.append(describe([*routes, route]))
    return route


_SCHEMES: Final = {
    "ticket": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A ticket: `PROTOCOL.md`, section 13.",
    },
    "connection": {
        "type": "http",
        "scheme": "bearer",
        "description": "The `connection` that `attached` named: a secret.",
    },
}


def _operation(route: Route, schema_of: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.says,
        "parameters": _parameters(route),
        "responses": {
            str(route.status): _answer(route, schema_of),
            "default": {
                "description": "Refused",
                "content": {"application/json": {"schema": schema_of[ErrorBody]}},
            },
        },
        "security": [{name: []} for name in route.by.split(" or ")] if route.by else [],
    }
    if route.takes is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.takes, schema_of)}
    return operation


def _answer(route: Route, schema_of: dict[Any, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": route.says}
    if route.gives is not None:
        answer["content"] = _content(route.gives, schema_of)
    return answer


def _content(body: Any, schema_of: dict[Any, Any]) -> dict[str, Any]:
    if isinstance(body, str):
        return {body: {"schema": {} if body == "application/json" else {"type": "string"}}}
    return {"application/json": {"schema": schema_of[body]}}


def _parameters(route: Route) -> list[dict[str, Any]]:
    inside = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PATH.findall(route.path)
    ]
    asked = [
        {"name": name, "in": "query", "required": False, "description": says, "schema": {"type": "string"}}
        for name, says in route.query
    ]
    return [*inside, *asked]
