"""The door of a server with keys: who asks, whether they may, and whether they ask too often."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

from gongbang.serve.access.bucket import Bucket
from gongbang.serve.access.keys import Key, found
from gongbang.serve.problems import ProblemResponse, problem

OPEN = frozenset({"/health", "/health/live", "/health/ready"})
"""Addresses that whoever watches the server asks without a key."""
_ASKING = ("/v1/predict/", "/v1/ask")  # POST, but nothing changes
_LOG = logging.getLogger(__name__)


class Door:
    """Refuses requests without a key, beyond its scope, or too many of them.

    A key comes as ``Authorization: Bearer KEY`` or as ``X-API-Key: KEY``, never in the address, which ends
    up in logs.

    Args:
        app: the application.
        keys: who may ask.
        clock: seconds that only ever grow.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[Key], clock: Callable[[], float] = monotonic) -> None:
        self.app, self.keys = app, tuple(keys)
        self._buckets = {key.hash: Bucket(key.rate, key.burst, clock) for key in self.keys}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self.app(scope, receive, send)
            return
        refused = self.refusal(scope)
        await (refused or self.app)(scope, receive, send)

    def refusal(self, scope: Scope) -> ProblemResponse | None:
        """The problem that a request meets at the door; None where it may come in."""
        secret = secret_of(dict(scope["headers"]))
        key = found(secret, self.keys) if secret else None
        if key is None:
            error = ', error="invalid_token"' if secret else ""
            return problem(
                401,
                "unauthorized",
                "This key is not known." if secret else "This server wants to know who asks.",
                headers={"WWW-Authenticate": f'Bearer realm="gongbang"{error}'},
                cure="Send a key: Authorization: Bearer KEY.",
            )
        if seconds := self._buckets[key.hash].take():
            _LOG.info("the key '%s' asks too often", key.name)
            return problem(
                429,
                "too-many-requests",
                f"This key may send {key.rate:g} requests a second.",
                headers={"Retry-After": str(seconds)},
                cure=f"Try again in {seconds} second{'s' if seconds > 1 else ''}.",
            )
        needed = scope_of(scope["method"], scope["path"])
        if not key.may(needed):
            challenge = f'Bearer realm="gongbang", error="insufficient_scope", scope="{needed}"'
            return problem(
                403,
                "forbidden",
                f"This key may not do that: it takes the scope '{needed}'.",
                headers={"WWW-Authenticate": challenge},
                cure=f"Ask with a key of the scope '{needed}'.",
            )
        return None


def secret_of(headers: dict[bytes, bytes]) -> str:
    """The secret that a request carries; empty where there is none.

    Example:
        >>> secret_of({b"authorization": b"Bearer gb_1"}), secret_of({b"x-api-key": b"gb_2"}), secret_of({})
        ('gb_1', 'gb_2', '')
    """
    kind, _, secret = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() == "bearer" and secret.strip():
        return secret.strip()
    return headers.get(b"x-api-key", b"").decode("latin-1").strip()


def scope_of(method: str, path: str) -> str:
    """The scope that a request takes: "read" looks and asks, "write" changes, "admin" changes the server.

    Example:
        >>> scope_of("POST", "/v1/predict/reader-ko"), scope_of("DELETE", "/v1/answers/3")
        ('read', 'write')
    """
    if path.startswith("/v1/models/") and method not in ("GET", "HEAD", "OPTIONS"):
        return "admin"
    if method in ("GET", "HEAD", "OPTIONS") or (method == "POST" and path.startswith(_ASKING)):
        return "read"
    return "write"
