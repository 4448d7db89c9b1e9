"""/v1/models: the artifacts at work, and new versions of them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool

from gongbang.artifacts.files import plain
from gongbang.artifacts.format import CARD
from gongbang.serve.models.served import Served
from gongbang.serve.routes.common import Room, problems
from gongbang.serve.schemas_models import ModelCard, ModelInfo, ModelList, Reloaded

router = APIRouter(prefix="/v1/models", tags=["models"])
Name = Annotated[str, Path(max_length=64, description="what the artifact is called here")]


@router.get("", responses=problems())
async def page(room: Room) -> ModelList:
    """The artifacts of this server, with their tasks, labels, hashes and scores."""
    return ModelList(items=[ModelInfo(**described(served)) for served in room])


@router.get("/{name}", responses=problems(404))
def read(name: Name, room: Room) -> ModelCard:
    """One artifact, with its card."""
    served = room.get(name)
    card = served.predictor.artifact.path / CARD
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    return ModelCard(**described(served), card=text)


@router.post("/{name}/reload", responses=problems(404, 409))
async def reload(name: Name, room: Room) -> Reloaded:
    """Load the artifact as it lies in its folder now; the old one answers until the new one does.

    One that cannot be used is refused with the reason, and the old one goes on.
    """
    served = room.get(name)
    changed = await run_in_threadpool(served.reload)
    return Reloaded(name=name, changed=changed, id=served.predictor.artifact.id)


def described(served: Served) -> dict[str, Any]:
    """An artifact at work as plain data."""
    version = served.version
    artifact, task = version.predictor.artifact, version.predictor.task
    manifest = artifact.manifest
    return {
        "name": served.name,
        "task": served.task,
        "artifact": manifest.name,
        "id": artifact.id,
        "fields": list(task.schema.fields),
        "labels": list(
            getattr(task, "labels", None) or getattr(task.settings, "labels", None) or manifest.labels
        ),
        "licence": manifest.licence,
        "trained_on": [
            {"name": one.name, "licence": one.licence, "url": one.url} for one in manifest.trained_on
        ],
        "metrics": plain(manifest.metrics),
        "hashes": {name: part.sha256 for name, part in manifest.files.items()},
        "bytes": manifest.bytes,
        "engine": version.predictor.engine.name,
        "shares_batches": version.mixes,
        "loaded": version.loaded,
        "load_seconds": version.seconds,
        "waiting": served.waiting,
    }
