"""Pages of other origins that may ask (CORS); refused ones are told so in a problem document."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from gongbang.serve.problems import problem

METHODS = ("GET", "POST", "PATCH", "DELETE")
SENT = ("Authorization", "Content-Type", "If-Match", "X-API-Key")
SHOWN = ("ETag", "Location", "Retry-After", "WWW-Authenticate", "Content-Disposition")


class Origins(CORSMiddleware):
    """Starlette's, but for the words of a refusal."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        kept = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        return problem(
            400, "origin", "Pages of this origin, or with this method or header, may not ask.", headers=kept
        )
