"""Every error as a problem document (RFC 9457): what happened and what to do, never a traceback.

What was sent is not sent back, and of the database and the machine nothing is told.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import PurePath
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from gongbang.errors import (
    ArtifactError,
    BusyError,
    DataError,
    GongbangError,
    JobStateError,
    LateError,
    ModelMissingError,
    OptionError,
    StoreAwayError,
    StoreConflictError,
    StoreMissingError,
)

MEDIA_TYPE = "application/problem+json"
RETRY_S = 2
"""Seconds after which a database that was away, or a model that was late, may be asked again."""

_LOG = logging.getLogger(__name__)
_MOST = 20  # faults of one request that are told
_LONGEST = 120  # characters of a field's name: a client chooses it
_KINDS: tuple[tuple[type[GongbangError], int, str], ...] = (
    (StoreMissingError, 404, "missing"),
    (ModelMissingError, 404, "missing"),
    (ArtifactError, 409, "refused"),
    (BusyError, 429, "busy"),
    (LateError, 503, "late"),
    (StoreConflictError, 409, "conflict"),
    (JobStateError, 409, "conflict"),
    (StoreAwayError, 503, "away"),
    (DataError, 422, "invalid"),
    (OptionError, 422, "invalid"),
)
_INTERNAL = "The server met a fault of its own; its log says more."
_WORDS = {
    400: "The request could not be read.",
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
    413: "The body is larger than this address takes.",
    415: "This kind of body is not taken here.",
}
_SLUGS = {413: "content-too-large"}  # as RFC 9110 calls it; Python's own word for it changed


class ProblemResponse(Response):
    """A problem document; half a character, which JSON can write and UTF-8 cannot, stays escaped."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")


def problem(
    status: int, kind: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> ProblemResponse:
    """A problem document; of ``more``, what is None is left out.

    Example:
        >>> problem(404, "missing", "There is no such answer.").body.decode()[:41]
        '{"type": "urn:gongbang:problem:missing", '
    """
    content = {
        "type": f"urn:gongbang:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail[:1].upper() + detail[1:],
    }
    return ProblemResponse(
        content | {name: value for name, value in more.items() if value is not None}, status, headers
    )


def install(app: FastAPI) -> None:
    """Have an application answer every error so."""
    app.add_exception_handler(GongbangError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _fault)


async def _known(request: Request, err: Exception) -> Response:
    for kind, status, name in _KINDS:
        if isinstance(err, kind):
            return _told(err, status, name)
    return await _fault(request, err)


def _told(err: GongbangError, status: int, kind: str) -> Response:
    if status in (429, 503):
        if isinstance(err, StoreAwayError):
            _LOG.warning("%s", err)
        seconds = err.retry_s if isinstance(err, BusyError) else RETRY_S
        return problem(
            status,
            kind,
            err.what,
            headers={"Retry-After": str(seconds)},
            cure=f"Try again in {seconds} second{'s' if seconds > 1 else ''}.",
        )
    more: dict[str, Any] = words_of(err)
    what = more.pop("detail")
    if isinstance(err, DataError):
        more |= {"field": err.field, "line": err.line}
        if err.field is not None:
            more["errors"] = [{"field": err.field, "detail": what}]
    if isinstance(err, StoreConflictError):
        more["current"] = err.current
    return problem(status, kind, what, **more)


def words_of(err: GongbangError) -> dict[str, str]:
    """An error's detail, allowed and cure; of a file its name alone, since the path is the server's own."""
    words = {"detail": _what(err), "allowed": err.allowed, "cure": err.cure}
    if isinstance(err, DataError) and err.path is not None:
        words = {name: text.replace(err.path, PurePath(err.path).name) for name, text in words.items()}
    return words


def _what(err: GongbangError) -> str:
    """What happened, without the place, which has keys of its own."""
    if not isinstance(err, DataError):
        return err.what
    place = f"{err.path}:{err.line}: " if err.line is not None else f"{err.path}: "
    line = f"line {err.line}: " if err.line is not None else ""
    what = err.what.removeprefix(place if err.path is not None else line)
    return what.removeprefix(f"field '{err.field}': ")


async def _invalid(request: Request, err: Exception) -> Response:
    faults = err.errors() if isinstance(err, RequestValidationError) else []
    told = [{"field": _field(fault["loc"]), "detail": _sentence(fault)} for fault in faults[:_MOST]]
    first = told[0] if told else {"field": "body", "detail": _WORDS[400]}
    return problem(422, "invalid", first["detail"], field=first["field"], errors=told)


def _field(place: Sequence[Any]) -> str:
    """The name of a field: ``("body", "text")`` is 'text', and the body itself 'body'."""
    names = [str(part) for part in place[1:]]
    if not names or (place[0] == "body" and isinstance(place[1], int)):  # where JSON could not be read
        names = [str(place[0])] if place else ["body"]
    return ".".join(names)[:_LONGEST]


def _sentence(fault: dict[str, Any]) -> str:
    """What pydantic says, of which only the parts that a client did not write are repeated."""
    words = str(fault.get("msg", "")) if fault.get("type") != "json_invalid" else "the body is no JSON"
    return f"{words[:200]}."


async def _refused(request: Request, err: Exception) -> Response:
    status = err.status_code if isinstance(err, HTTPException) else 400
    headers = dict(err.headers or {}) if isinstance(err, HTTPException) else {}
    detail = _WORDS.get(status, HTTPStatus(status).phrase + ".")
    slug = _SLUGS.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "-")
    return problem(status, slug, detail, headers=headers)


async def _fault(request: Request, err: Exception) -> Response:
    _LOG.error("a fault at %s %s", request.method, request.scope.get("path"), exc_info=err)
    return problem(500, "fault", _INTERNAL)
