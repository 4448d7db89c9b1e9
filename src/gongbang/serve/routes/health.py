"""/health: whether the process lives, and whether it can do its work."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter

from gongbang.errors import StoreError
from gongbang.serve.routes.common import Here, problems
from gongbang.serve.schemas import Health, Live

router = APIRouter(prefix="/health", tags=["health"])


@router.get("")
async def health(here: Here) -> Health:
    """What works and what does not; always 200, since the process answers."""
    try:
        return await ready(here)
    except StoreError:
        return Health(ready=False, database="away", artifact=here.model.name, changes=None)


@router.get("/live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get("/ready", responses={503: problems()[503]})
async def ready(here: Here) -> Health:
    """The artifact is loaded and the database answers; else 503."""
    changes = await to_thread.run_sync(here.ready, limiter=here.watching)
    return Health(ready=True, database="up", artifact=here.model.name, changes=changes)
