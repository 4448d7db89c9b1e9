"""/health: whether the process lives, and whether it can do its work."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter

from gongbang.errors import StoreError
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.routes.common import MaybeHere, Room, problems
from gongbang.serve.schemas import Health, Live, ModelHealth

router = APIRouter(prefix="/health", tags=["health"])


@router.get("")
async def health(here: MaybeHere, room: Room) -> Health:
    """What works and what does not; always 200, since the process answers."""
    try:
        return await ready(here, room)
    except StoreError:
        artifact = None if here is None else here.model.name
        return Health(ready=False, database="away", artifact=artifact, changes=None, models=_models(room))


@router.get("/live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get("/ready", responses={503: problems()[503]})
async def ready(here: MaybeHere, room: Room) -> Health:
    """The artifacts are loaded and the database answers, where there is one; else 503."""
    if here is None:
        return Health(ready=True, database="none", artifact=None, changes=None, models=_models(room))
    changes = await to_thread.run_sync(here.ready, limiter=here.watching)
    name = here.model.name
    return Health(ready=True, database="up", artifact=name, changes=changes, models=_models(room))


def _models(room: ModelRoom) -> list[ModelHealth]:
    return [
        ModelHealth(name=served.name, id=served.predictor.artifact.id, waiting=served.waiting)
        for served in room
    ]
