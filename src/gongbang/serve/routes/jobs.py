"""/v1/jobs: slow work that is accepted now and done later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from gongbang.errors import DataError, StoreMissingError
from gongbang.serve.database.store import Store
from gongbang.serve.jobs import schemas
from gongbang.serve.jobs.events import MEDIA, events
from gongbang.serve.jobs.kinds import KINDS, load_kind
from gongbang.serve.jobs.service import JobService
from gongbang.serve.jobs.settings import JobSettings
from gongbang.serve.routes.common import problems
from gongbang.serve.settings import ServeSettings


@asynccontextmanager
async def _working(app: FastAPI) -> AsyncIterator[None]:
    """Jobs are told of, and done where there is no broker, while the application runs."""
    service: JobService | None = getattr(app.state, "jobs", None)
    if service is not None:
        service.start()
    yield
    if service is not None:
        await run_in_threadpool(service.stop)


def jobs_of(request: Request) -> JobService:
    """The jobs of the application that was asked."""
    service: JobService = request.app.state.jobs
    return service


Here = Annotated[JobService, Depends(jobs_of)]
JobId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="a job of the same key is accepted once, however often it is sent",
    ),
]
LastEvent = Annotated[str | None, Header(alias="Last-Event-ID", description="the id of the last event seen")]

_LINES = {"schema": {"type": "string"}, "example": '{"id": "1", "text": "긍정", "confidence": 0.97}\n'}

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], lifespan=_working)


def add_jobs(app: FastAPI, settings: ServeSettings, store: Store) -> None:
    """Have an application take jobs, and do them where no broker brings them to workers.

    Raises:
        OptionError: the broker's URL or a folder cannot be used.
        MissingExtraError: a broker's client is not installed.
    """
    app.state.jobs = JobService(JobSettings.of(settings), store)
    app.include_router(router)


@router.post("", status_code=202, responses=problems(400, 413))
def create(new: schemas.NewJob, here: Here, response: Response, idempotency_key: Key = None) -> schemas.Job:
    """Accept a job; from then on it will be done or its failure told, whatever is restarted meanwhile."""
    job = here.accept(
        new.kind, new.payload, max_attempts=new.max_attempts, ttl_s=new.ttl_s, key=idempotency_key
    )
    response.headers["Location"] = f"{router.prefix}/{job.id}"
    return schemas.Job.model_validate(job)


@router.get("", responses=problems())
def page(query: Annotated[schemas.JobQuery, Query()], here: Here) -> schemas.JobPage:
    """A page of jobs, the newest first; pass `next` as `offset` for the next one."""
    return schemas.JobPage.model_validate(here.jobs.page(**query.model_dump()))


@router.get("/kinds", responses=problems())
def kinds() -> schemas.JobKinds:
    """What can be asked for, with the JSON schema of each payload."""
    found = [(name, load_kind(name)) for name in KINDS]
    return schemas.JobKinds(
        kinds=[
            schemas.JobKind(
                kind=name,
                summary=kind.summary,
                payload=kind.payload.model_json_schema(),
                example=dict(kind.example),
            )
            for name, kind in found
        ]
    )


@router.get("/{id}", responses=problems(404))
def read(id: JobId, here: Here) -> schemas.Job:
    """A job as it is."""
    return schemas.Job.model_validate(here.jobs.get(id))


@router.post("/{id}/cancel", responses=problems(404, 409))
def cancel(id: JobId, here: Here) -> schemas.Job:
    """Cancel a job; one that runs is cancelled when its worker notices, until then it is `cancelling`."""
    return schemas.Job.model_validate(here.jobs.cancel(id))


@router.post("/{id}/retry", responses=problems(404, 409))
def retry(id: JobId, here: Here) -> schemas.Job:
    """Queue a job again that failed or was cancelled, with all its attempts."""
    return schemas.Job.model_validate(here.retry(id))


@router.get("/{id}/result", responses=problems(404, 409))
def result(id: JobId, here: Here) -> schemas.JobResult:
    """What came of a job that is done."""
    job, value = here.jobs.result(id)
    file = None if job.file is None else schemas.JobFile.model_validate(job.file)
    return schemas.JobResult(id=job.id, kind=job.kind, value=value, file=file)


@router.get(
    "/{id}/result/file",
    response_class=FileResponse,
    responses={
        200: {"description": "the file", "content": {"application/jsonl": _LINES}},
        **problems(404, 409),
    },
)
def file(id: JobId, here: Here) -> FileResponse:
    """The file that came of a job that is done."""
    job, _ = here.jobs.result(id)
    path = here.file(job)
    if path is None or job.file is None:
        raise StoreMissingError(
            "the job's result is no file.",
            value=id,
            allowed="a job whose result has a file",
            cure=f"Its value is at {router.prefix}/{id}/result.",
        )
    name = f"{job.kind}-{job.id[:8]}.jsonl"
    return FileResponse(
        path, media_type=job.file.media, filename=name, headers={"ETag": f'"{job.file.sha256}"'}
    )


_EVENT = {
    "schema": {
        "type": "object",
        "description": "an event as a browser sees it",
        "properties": {
            "id": {"type": "string", "description": "the job's version"},
            "event": {"enum": ["progress", "end"]},
            "data": {"type": "string", "description": "JSON: state, progress, message, attempts, error"},
        },
    },
    "example": 'id: 4\nevent: progress\ndata: {"event": "progress", "state": "running", "progress": 0.5}\n\n',
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "`progress`, then `end`", "content": {MEDIA: _EVENT}},
    204: {"description": "the end was seen already; a browser does not come back then"},
    **problems(404),
}


@router.get("/{id}/events", response_class=StreamingResponse, responses=_STREAM)
async def follow(id: JobId, here: Here, request: Request, last_event_id: LastEvent = None) -> Response:
    """The job's course as server-sent events; each brings the job as it is, and its id is the version."""
    seen = _version(last_event_id)
    first = await run_in_threadpool(lambda: here.jobs.get(id))
    if first.over and first.version <= seen:
        return Response(status_code=204)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    course = events(
        lambda: here.jobs.get(id), first, seen, ending=lambda: getattr(request.app.state, "ending", False)
    )
    return StreamingResponse(course, media_type=MEDIA, headers=headers)


def _version(header: str | None) -> int:
    if header is None or header == "":
        return 0
    if header.isascii() and header.isdecimal() and len(header) < 19:
        return int(header)
    raise DataError(
        "the last event's id is none of this stream.",
        value=header,
        allowed="the id of an event, a whole number",
        cure="Send the id as it came, or leave the header out.",
        field="last-event-id",
    )
