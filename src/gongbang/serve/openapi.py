"""The OpenAPI document: what FastAPI makes of the routes, and the problem documents beside it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gongbang.serve.access.door import OPEN
from gongbang.serve.problems import MEDIA_TYPE
from gongbang.serve.schemas import Problem

_AT_THE_DOOR = {
    401: "no key, or one that is not known",
    403: "the key may not do that",
    429: "too many requests; try again after `Retry-After` seconds",
}


def document(app: FastAPI, *, keys: bool = False) -> dict[str, Any]:
    """The OpenAPI document of an application, made once.

    Args:
        app: the application. keys: whether whoever asks must show one.
    """
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = own.pop("$defs")
        made["components"]["schemas"] |= {**parts, "Problem": own}
        if keys:
            _with_keys(made)
        app.openapi_schema = made
    return app.openapi_schema


def _with_keys(made: dict[str, Any]) -> None:
    """Say that a key is needed, and what happens without."""
    made["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "a key: gongbang keys new"}
    }
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, methods in made["paths"].items():
        for route in methods.values() if path not in OPEN else ():
            route["security"] = [{"key": []}]
            for status, words in _AT_THE_DOOR.items():
                route["responses"].setdefault(str(status), {"description": words, "content": content})
