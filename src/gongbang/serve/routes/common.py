"""What the routes share: the service, the version that a request means, and the problems they declare."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Request, Response

from gongbang.artifacts.files import plain
from gongbang.errors import DataError
from gongbang.serve.database.checks import MAX_ID
from gongbang.serve.models.asking import Asking
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.problems import MEDIA_TYPE
from gongbang.serve.service import ChatService, Service

_ETAG = re.compile(r'"([1-9][0-9]{0,17})"')
_PROBLEMS = {
    400: "the request could not be read",
    404: "there is none of this id",
    409: "it has changed meanwhile, and `current` is its version now; or it cannot be done as it is",
    413: "the body is too large",
    415: "this kind of body is not taken",
    422: "a field is wrong; `field` names it",
    429: "too many requests; try again after `Retry-After` seconds",
    503: "what is needed cannot be reached, or was not done in time; try again after `Retry-After` seconds",
}


def service_of(request: Request) -> Service:
    """The database of the application that was asked."""
    service: Service = request.app.state.service
    return service


def chat_of(request: Request) -> ChatService:
    """The chatbot of the application that was asked; routes that take it are there with a chatbot alone."""
    service: ChatService = request.app.state.service
    return service


def service_or_none(request: Request) -> Service | None:
    """The database of the application that was asked; None where it has none."""
    service: Service | None = request.app.state.service
    return service


def room_of(request: Request) -> ModelRoom:
    """The artifacts of the application that was asked."""
    room: ModelRoom = request.app.state.room
    return room


def asking_of(request: Request) -> Asking:
    """What answers questions to documents in the application that was asked."""
    asking: Asking = request.app.state.asking
    return asking


Here = Annotated[Service, Depends(service_of)]
Chatting = Annotated[ChatService, Depends(chat_of)]
MaybeHere = Annotated[Service | None, Depends(service_or_none)]
Room = Annotated[ModelRoom, Depends(room_of)]
Questions = Annotated[Asking, Depends(asking_of)]
RowId = Annotated[int, Path(ge=1, le=MAX_ID)]
IfMatch = Annotated[str | None, Header(description='the version that is meant, as "3" in quotes')]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problems that a route declares, beside 422 and 503, which each of them may answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": _PROBLEMS[status], "content": content}
        for status in sorted({*statuses, 422, 503})
    }


def json_response(value: Any) -> Response:
    """Plain data as JSON; a number that JSON does not know is null."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False)
    return Response(text.encode("utf-8", "backslashreplace"), media_type="application/json")


def meant_version(if_match: str | None, version: int | None) -> int | None:
    """The version that a request means; None where it takes whichever there is.

    Raises:
        DataError: the header is no version, or says another than the field.

    Example:
        >>> meant_version('"3"', None), meant_version("*", 2), meant_version(None, None)
        (3, 2, None)
    """
    if if_match is None or if_match == "*":
        return version
    found = _ETAG.fullmatch(if_match)
    if found is None or version not in (None, int(found[1])):
        raise DataError(
            "the version is not one.",
            value=if_match,
            allowed='a version in quotes, as ETag gave it, such as "3"',
            cure="Send what ETag gave, or the version as a field, and not two that differ.",
            field="if-match",
        )
    return int(found[1])
