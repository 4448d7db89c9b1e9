"""What is refused before anything is read: a foreign Host header, and a body without end."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gongbang.serve.problems import problem
from gongbang.serve.settings import is_loopback

MAX_BODY = 1_000_000
"""Bytes of a body of JSON: the longest answer and question with every character escaped."""

MAX_FILE = 32_000_000
"""Bytes of a file of answers."""


class Guard:
    """Refuses requests before they reach the application.

    A page in a browser can have its own name point at this machine, and would then be asked as if it were
    ours (DNS rebinding); its Host header gives it away.

    Args:
        app: the application.
        files: paths that take files.
        anywhere: whether any Host will do: where a key is asked for, a page that is led here has none.
    """

    def __init__(self, app: ASGIApp, files: frozenset[str] = frozenset(), *, anywhere: bool = False) -> None:
        self.app, self.files, self.anywhere = app, files, anywhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if not (self.anywhere or is_loopback(host_of(headers.get(b"host", "")))):
            refused = problem(
                421, "misdirected-request", "This server answers to names of this machine only."
            )
            await refused(scope, receive, send)
            return
        most = MAX_FILE if scope["path"] in self.files else MAX_BODY
        if _number(headers.get(b"content-length", "0")) > most:
            large = problem(413, "content-too-large", f"A body may have {most:,} bytes here.")
            await large(scope, receive, send)
            return
        await self.app(scope, _counted(receive, most), send)


def host_of(header: str) -> str:
    """The host of a Host header, without its port.

    Example:
        >>> host_of("localhost:8000"), host_of("[::1]:8000"), host_of("127.0.0.1")
        ('localhost', '::1', '127.0.0.1')
    """
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _counted(receive: Receive, most: int) -> Receive:
    """The body as it comes, an error where it grows beyond ``most`` bytes: it may come without a length."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message: dict[str, Any] = dict(await receive())
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413)
        return message

    return counted
