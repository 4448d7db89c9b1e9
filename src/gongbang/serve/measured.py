"""Every request counted: by the pattern of its address, of which there are few, and its status."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gongbang.serve.metrics import Metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measured:
    """Counts what the application answers.

    Args:
        app: the application. metrics: where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500  # an exception that nobody caught becomes a 500 outside

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, seen)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self.metrics.request(route_of(scope), method, status, time.perf_counter() - began)


def route_of(scope: Scope) -> str:
    """The pattern of the address that was found for a request; "none" where none was.

    Example:
        >>> route_of({"type": "http"})
        'none'
    """
    return str(getattr(scope.get("route"), "path", "none"))
