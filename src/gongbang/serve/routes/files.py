"""/v1/answers/import and /v1/answers/export: answers as files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from gongbang.data.readers.columns import mapping_of
from gongbang.serve.database.answers import Answers
from gongbang.serve.database.transfer import export_answers, import_answers
from gongbang.serve.problems import ProblemResponse, problem, words_of
from gongbang.serve.routes.common import Here, problems
from gongbang.serve.schemas import Asked, Imported, Row
from gongbang.serve.uploads import LOOKED_AT, not_text

IMPORT = "/v1/answers/import"
router = APIRouter(prefix="/v1/answers", tags=["answers"])
_TYPES = {
    "text/csv": ".csv",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/x-jsonlines": ".jsonl",
}
_MEDIA = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
_CSV = "question,text,label\n몇 시에 열어요?,공방은 아침 열 시에 열어요.,안내\n"
_JSONL = '{"question": "몇 시에 열어요?", "text": "공방은 아침 열 시에 열어요."}\n'
_TOLD = 100  # rows that could not be used
_PART = 65_536


def _text(example: str) -> dict[str, Any]:
    return {"schema": {"type": "string", "minLength": 1}, "example": example}


class ImportQuery(Asked):
    """How a file is read."""

    update: Annotated[bool, Field(description="change the answers that the rows name by id")] = False
    map: Annotated[
        list[str],
        Field(max_length=6, default_factory=list, description="PART=COLUMN, the file's own name for a field"),
    ]


class ExportQuery(Asked):
    """The kind of file."""

    format: Literal["csv", "jsonl"] = "csv"


@router.post(
    "/import",
    response_model=Imported,
    responses=problems(400, 413, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {kind: _text(_CSV if ending == ".csv" else _JSONL) for kind, ending in _TYPES.items()},
        }
    },
)
async def take_in(request: Request, query: Annotated[ImportQuery, Query()], here: Here) -> Any:
    """Add the answers of a CSV or JSONL file; a row that cannot be used costs none of the others."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise HTTPException(415)
    columns = mapping_of(query.map)
    with tempfile.TemporaryDirectory(prefix="gongbang-") as folder:
        path = Path(folder) / f"answers{_TYPES[kind]}"
        head = b""
        with path.open("wb") as file:
            async for part in request.stream():
                if len(head) < LOOKED_AT:
                    head += part[:LOOKED_AT]
                    if is_really := not_text(head):
                        return _no_text(kind, is_really)
                await run_in_threadpool(file.write, part)
        return await run_in_threadpool(_import, here, path, columns, query.update)


def _no_text(kind: str, is_really: str) -> ProblemResponse:
    return problem(
        415,
        "unsupported-media-type",
        f"This calls itself {kind}, and is {is_really}.",
        cure="Save it as CSV or JSONL, in UTF-8.",
    )


def _import(here: Here, path: Path, columns: dict[str, str], update: bool) -> Imported:
    done = import_answers(here.answers, path, columns=columns, update=update)
    rows = [Row(line=bad.line, field=bad.field, **words_of(bad)) for bad in done.problems[:_TOLD]]
    return Imported(
        created=done.created,
        updated=done.updated,
        same=done.same,
        ignored=list(done.ignored),
        problem_count=len(done.problems),
        problems=rows,
    )


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "the file",
            "content": {"text/csv": _text(_CSV), "application/jsonl": _text(_JSONL)},
        },
        **problems(),
    },
)
def give_out(query: Annotated[ExportQuery, Query()], here: Here) -> StreamingResponse:
    """All answers as they are at one moment."""
    parts = _exported(here.answers, query.format)
    first = next(parts)  # what fails does so before a status was sent
    headers = {"Content-Disposition": f'attachment; filename="answers.{query.format}"'}
    return StreamingResponse(_joined(first, parts), media_type=_MEDIA[query.format], headers=headers)


def _exported(answers: Answers, kind: str) -> Iterator[bytes]:
    """A file of all answers in parts, first an empty one; the file is gone when the last was taken."""
    with tempfile.TemporaryDirectory(prefix="gongbang-") as folder:
        path = Path(folder) / f"answers.{kind}"
        export_answers(answers, path)
        yield b""
        with path.open("rb") as file:
            while part := file.read(_PART):
                yield part


def _joined(first: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from parts
