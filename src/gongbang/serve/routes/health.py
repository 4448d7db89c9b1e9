"""/health: whether the process lives, and whether it can do its work."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.datastructures import State

from gongbang.errors import StoreError
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.routes.common import MaybeHere, Room, problems
from gongbang.serve.schemas import Health, Live, ModelHealth, Work
from gongbang.serve.service import ChatService, Service

router = APIRouter(prefix="/health", tags=["health"])


@router.get("")
async def health(here: MaybeHere, room: Room, request: Request) -> Health:
    """What works and what does not; always 200, since the process answers."""
    try:
        return await ready(here, room, request)
    except StoreError:
        return _told(here, room, request, ready=False, database="away")


@router.get("/live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get("/ready", responses={503: problems()[503]})
async def ready(here: MaybeHere, room: Room, request: Request) -> Health:
    """The artifacts are loaded and the database answers, where there is one; else 503."""
    if here is None:
        return _told(here, room, request, ready=True, database="none")
    changes = await to_thread.run_sync(here.ready, limiter=here.watching)
    return _told(here, room, request, ready=True, database="up", changes=changes)


def _told(here: Service | None, room: ModelRoom, request: Request, **standing: Any) -> Health:
    chatbot = here.model.name if isinstance(here, ChatService) else None
    on = _on(here, room, request.app.state)
    return Health(**{"changes": None, **standing}, artifact=chatbot, on=on, models=_models(room))


def _on(here: Service | None, room: ModelRoom, state: State) -> list[Work]:
    """What the server does, by the resources that are there."""
    there: dict[Work, bool] = {
        "predict": len(room) > 0,
        "ask": state.asking is not None,
        "chat": isinstance(here, ChatService),
        "games": getattr(state, "games", None) is not None,
        "jobs": getattr(state, "jobs", None) is not None,
        "feedback": here is not None,
    }
    return [name for name, on in there.items() if on]


def _models(room: ModelRoom) -> list[ModelHealth]:
    return [
        ModelHealth(name=served.name, id=served.predictor.artifact.id, waiting=served.waiting)
        for served in room
    ]
