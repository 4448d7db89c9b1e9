"""/docs: the OpenAPI document as a page to read, without scripts."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    "pre{background:#8882;padding:.6rem;overflow:auto}code,pre{font-size:.85rem}h2{margin-top:2rem}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Every route with its parameters and an example of its body."""
    return HTMLResponse(page(request.app.openapi()), headers={"Content-Security-Policy": _POLICY})


def page(document: dict[str, Any]) -> str:
    """An OpenAPI document as HTML."""
    info, schemas = document["info"], document["components"]["schemas"]
    parts = [f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['summary'])}</p>"]
    parts.append('<p>For programs: <a href="/openapi.json">openapi.json</a></p>')
    for path, methods in document["paths"].items():
        parts += [_route(path, method, route, schemas) for method, route in methods.items()]
    head = f"<meta charset='utf-8'><title>{escape(info['title'])}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>"


def _route(path: str, method: str, route: dict[str, Any], schemas: dict[str, Any]) -> str:
    lines = [f"<h2><code>{method.upper()} {escape(path)}</code></h2>"]
    lines.append(f"<p>{escape(route.get('description', ''))}</p>")
    if parameters := route.get("parameters"):
        items = (
            f"<li><code>{escape(one['name'])}</code> ({one['in']})"
            f" {escape(one.get('description') or one['schema'].get('description', ''))}</li>"
            for one in parameters
        )
        lines.append(f"<ul>{''.join(items)}</ul>")
    if body := route.get("requestBody"):
        lines.append(_examples("Body", body["content"], schemas))
    for status, answer in route["responses"].items():
        title = f"{status}: {answer.get('description', '')}"
        shown = answer.get("content", {}) if status.startswith("2") else {}
        lines.append(_examples(title, shown, schemas))
    return "".join(lines)


def _examples(title: str, content: dict[str, Any], schemas: dict[str, Any]) -> str:
    lines = [f"<p>{escape(title)}</p>"]
    for kind, body in content.items():
        shown = example_of(body, schemas)
        text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False, indent=2)
        lines.append(f"<pre>{escape(kind)}\n{escape(text)}</pre>")
    return "".join(lines)


def example_of(body: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """The example of a body, its own or its schema's; None where there is none."""
    if "example" in body:
        return body["example"]
    schema = body.get("schema", {})
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    return next(iter(schema.get("examples", [])), None)
