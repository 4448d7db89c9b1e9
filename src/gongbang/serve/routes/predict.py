"""/v1/predict: records to predictions, an address and a type for each artifact."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from gongbang.artifacts.predictions import predictions_to_dict
from gongbang.serve.models.fields import records_of, request_type
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.models.served import Served
from gongbang.serve.models.waiting import outcome, seconds_for
from gongbang.serve.routes.common import Room, json_response, problems
from gongbang.serve.routes.models import Name
from gongbang.serve.schemas_models import Predictions

PREFIX = "/v1/predict"


def router_of(room: ModelRoom, most: int) -> APIRouter:
    """The routes of the artifacts that a room holds.

    Args:
        room: the artifacts; a reload does not change what they take.
        most: records of one request at most.
    """
    router = APIRouter(prefix=PREFIX, tags=["predict"])
    for served in room:
        router.add_api_route(
            f"/{served.name}",
            _route(served, room, most),
            methods=["POST"],
            name=f"predict {served.name}",
            operation_id=f"predict_{served.name}",
            response_model=Predictions,
            responses=problems(400, 413, 429),
        )
    router.add_api_route("/{name}", _unknown, methods=["POST"], include_in_schema=False)
    return router


def _route(served: Served, room: ModelRoom, most: int) -> Callable[..., Awaitable[Response]]:
    async def predict(sent: Any) -> Response:
        records = records_of(sent.records, served.predictor.task)
        seconds = seconds_for(sent.deadline_ms, room.limits.deadline_s)
        told = await outcome(served.submit(records, seconds), served.name, seconds)
        return await run_in_threadpool(lambda: json_response(predictions_to_dict(*told)))

    predict.__doc__ = f"Predictions of '{served.name}' (task {served.task}), one a record."
    predict.__annotations__["sent"] = request_type(served.name, served.predictor.task, most)
    return predict


async def _unknown(name: Name, room: Room) -> Response:
    room.get(name)  # raises: what there is has a route of its own
    return Response(status_code=404)
