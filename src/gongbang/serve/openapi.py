"""The OpenAPI document: what FastAPI makes of the routes, and the problem documents beside it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gongbang.serve.schemas import Problem


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an application, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = own.pop("$defs")
        made["components"]["schemas"] |= {**parts, "Problem": own}
        app.openapi_schema = made
    return app.openapi_schema
