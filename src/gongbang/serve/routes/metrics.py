"""/metrics: what the server counts, for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from gongbang.serve.metrics import MEDIA_TYPE, Metrics
from gongbang.serve.routes.common import problems

router = APIRouter(tags=["health"])
_EXAMPLE = 'gongbang_requests_total{method="POST",route="/v1/ask",status="200"} 12.0\n'
_SHOWN = {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}}


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"description": "the counters", "content": _SHOWN}, **problems()},
)
async def metrics(request: Request) -> PlainTextResponse:
    """Requests by route and status, latencies, queues, batches and loading times, for Prometheus."""
    counted: Metrics = request.app.state.metrics
    return PlainTextResponse(counted.text(), media_type=MEDIA_TYPE)
