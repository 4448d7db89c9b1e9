"""What is sent and answered about jobs, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from gongbang.serve.database.job_rows import JobState
from gongbang.serve.database.jobs import MAX_ATTEMPTS, MAX_TTL_S
from gongbang.serve.schemas import Asked, Limit, Offset, Page, Sent, Told


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


_WHEN = "2026-11-02T09:30:00Z"
_PAYLOAD = {
    "artifact": "reader-ko",
    "records": [
        {"id": "1", "fields": {"question": "공방은 몇 시에 여나?", "context": "공방은 열 시에 연다."}}
    ],
}
_HEAD = {
    "id": "8d1f0c6a4b5e4c7d9f2a3b1c0d5e6f70",
    "kind": "predict",
    "state": "running",
    "progress": 0.5,
    "message": "32 of 64 records",
    "attempts": 1,
    "max_attempts": 3,
    "error": None,
    "file": None,
    "dead": False,
    "cancelling": False,
    "version": 4,
    "created": _WHEN,
    "started": _WHEN,
    "finished": None,
    "due": _WHEN,
    "keep_until": None,
}
_FILE = {"sha256": "5c9f…", "bytes": 4096, "media": "application/jsonl"}


class NewJob(Sent):
    """A job to be done; what belongs into ``payload`` says ``/v1/jobs/kinds``."""

    model_config = _example(kind="predict", payload=_PAYLOAD)

    kind: Annotated[str, Field(min_length=1, max_length=32, description="predict, index or train")]
    payload: dict[str, Any]
    max_attempts: Annotated[
        int, Field(ge=1, le=MAX_ATTEMPTS, description="how often it may be begun before it is given up")
    ] = 3
    ttl_s: Annotated[
        int,
        Field(ge=1, le=MAX_TTL_S, description="seconds for which it and its result are kept when it ended"),
    ] = 604_800


class JobError(Told):
    """Why a job failed, or its last attempt did."""

    what: str
    value: str
    allowed: str
    cure: str


class JobFile(Told):
    """The file that is a job's result."""

    sha256: str
    bytes: int
    media: str


class JobHead(Told):
    """A job, without what it was asked with."""

    model_config = _example(**_HEAD)

    id: str
    kind: str
    state: JobState
    progress: Annotated[float, Field(description="the share that is done, from 0 to 1")]
    message: str
    attempts: int
    max_attempts: int
    error: JobError | None = None
    file: JobFile | None = None
    dead: Annotated[bool, Field(description="whether it was given up after its last attempt")]
    cancelling: Annotated[bool, Field(description="whether its worker was told to stop")]
    version: Annotated[int, Field(description="grows with each change; the id of its event")]
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    due: Annotated[datetime, Field(description="when it may be begun, or be begun again")]
    keep_until: Annotated[datetime | None, Field(description="when it and its result are deleted")] = None


class Job(JobHead):
    """A job with what it was asked with."""

    model_config = _example(**_HEAD, payload=_PAYLOAD)

    payload: dict[str, Any]


class JobPage(Page[JobHead]):
    """Jobs, the newest first; ``next`` is the next offset."""

    model_config = _example(items=[_HEAD], total=2, next=1)


class JobQuery(Asked):
    """Which jobs are wanted."""

    state: JobState | None = None
    kind: Annotated[str | None, Field(max_length=32)] = None
    dead: Annotated[bool | None, Field(description="dead letters alone, or all others")] = None
    offset: Offset = 0
    limit: Limit = 50


class JobResult(Told):
    """What came of a job; the file is at ``/v1/jobs/{id}/result/file``."""

    model_config = _example(id=_HEAD["id"], kind="predict", value={"records": 64}, file=_FILE)

    id: str
    kind: str
    value: dict[str, Any]
    file: JobFile | None = None


class JobKind(Told):
    """A kind of job and the JSON schema of its payload."""

    model_config = _example(
        kind="predict",
        summary="answer records",
        payload={"type": "object"},
        example=_PAYLOAD,
    )

    kind: str
    summary: str
    payload: dict[str, Any]
    example: dict[str, Any]


class JobKinds(Told):
    """What can be asked for."""

    model_config = _example(
        kinds=[{"kind": "predict", "summary": "…", "payload": {"type": "object"}, "example": _PAYLOAD}]
    )

    kinds: list[JobKind]
