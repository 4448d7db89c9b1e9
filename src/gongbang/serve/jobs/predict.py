"""The job ``predict``: records in, an artifact's predictions out as JSON lines, in the records' order.

Records are answered in chunks. Each chunk's predictions are a file of their own in the job's folder, named
by the artifact, the records and the chunk's number and written as a whole or not at all, so that another
attempt goes on where the last one ended, and two that overlap write the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gongbang.artifacts.files import write_lines
from gongbang.artifacts.hashing import config_hash, short
from gongbang.artifacts.predictions import prediction_to_dict
from gongbang.artifacts.store import known_artifacts
from gongbang.data.loaded import Loaded
from gongbang.data.readers.place import Place
from gongbang.data.reading import READERS, read_records
from gongbang.data.records import Record
from gongbang.data.serial import record_from_dict, record_to_dict
from gongbang.errors import DataError
from gongbang.serve.database.job_rows import Outcome
from gongbang.serve.jobs.context import Context
from gongbang.serve.jobs.folders import Folders
from gongbang.serve.jobs.kinds import Kind
from gongbang.serve.problems import words_of

MEDIA = "application/jsonl"
_SHOWN = 3


class Predict(BaseModel):
    """What is to be predicted, and by which artifact.

    Attributes:
        artifact: its name, or its folder among those that jobs may read.
        data: a file of records. records: the records themselves, as ``gongbang`` writes them. One of the two.
        format: of the file; recognised when None. mapping: part of the record to the file's column.
        chunk: records that are answered between two looks at whether the job is still wanted.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    artifact: Annotated[str, Field(min_length=1, max_length=500)]
    data: Annotated[str | None, Field(min_length=1, max_length=1000)] = None
    records: Annotated[list[dict[str, Any]] | None, Field(min_length=1, max_length=10_000)] = None
    format: str | None = None
    mapping: dict[str, str] | None = None
    chunk: Annotated[int, Field(ge=1, le=1000)] = 32

    @model_validator(mode="after")
    def _one_source(self) -> Predict:
        if (self.data is None) == (self.records is None):
            raise ValueError("either 'data' or 'records' is needed")
        if self.records is not None and (self.format or self.mapping):
            raise ValueError("'format' and 'mapping' are of a file, and there is none")
        return self


def check(payload: Predict, folders: Folders) -> None:
    """Refuse an artifact or a file that is not there, and records that are none.

    Raises:
        DataError: so it is.
    """
    _artifact(payload, folders)
    if payload.data is not None:
        folders.find(payload.data, "payload.data")
    if payload.format is not None and payload.format not in READERS:
        raise DataError(
            "there is no such format.",
            value=payload.format,
            allowed=", ".join(READERS),
            cure="Leave it out to have it recognised.",
            field="payload.format",
        )
    if payload.records is not None:
        _inline(payload.records)


def run(payload: Predict, context: Context) -> Outcome:
    """Predict; the result is a file, and the value says how many were answered.

    Raises:
        DataError: the records cannot be used. ArtifactError: the artifact cannot.
    """
    from gongbang.runtime.load import load

    context.progress(0.0, "loading the artifact")
    predictor = load(_artifact(payload, context.folders))
    loaded = _records(payload, context.folders)
    records, chunk = loaded.items, payload.chunk
    asked = config_hash([record_to_dict(record) for record in records])
    name = f"{short(predictor.artifact.id, 16)}-{short(asked, 16)}-{chunk}"
    files = []
    for start in range(0, len(records), chunk):
        context.progress(start / len(records), f"{start} of {len(records)} records")
        file = context.work / f"{name}-{start:08}.jsonl"
        if not file.is_file():
            rows = map(prediction_to_dict, predictor.predict(records[start : start + chunk]))
            write_lines(file, rows)
        files.append(file)
    context.check()
    kept = context.keep(_parts(files), MEDIA)
    value = {
        "artifact": predictor.artifact.manifest.name,
        "id": predictor.artifact.id,
        "records": len(records),
        "problems": {
            "n": len(loaded.problems),
            "first": [context.folders.shorten(problem.what) for problem in loaded.problems[:_SHOWN]],
        },
    }
    return Outcome(value, kept)


def _parts(files: Sequence[Path]) -> Iterator[bytes]:
    for file in files:
        yield file.read_bytes()


def _artifact(payload: Predict, folders: Folders) -> Path:
    known = known_artifacts()
    if payload.artifact in known:
        return known[payload.artifact]
    try:
        return folders.find(payload.artifact, "payload.artifact")
    except DataError as err:
        raise DataError(
            "there is no such artifact.",
            value=payload.artifact,
            allowed=", ".join(sorted(known)) or err.allowed,
            cure="Name one of these, or a folder in those that jobs may read.",
            field="payload.artifact",
        ) from err


def _records(payload: Predict, folders: Folders) -> Loaded[Record]:
    if payload.records is not None:
        return Loaded(_inline(payload.records))
    path = folders.find(payload.data or "", "payload.data")
    return read_records(path, payload.format, payload.mapping)


def _inline(rows: Sequence[dict[str, Any]]) -> list[Record]:
    records = []
    for number, row in enumerate(rows):
        try:
            records.append(record_from_dict(row, Place("records", number + 1)))
        except DataError as err:
            raise DataError(
                words_of(err)["detail"],
                value=err.value,
                allowed=err.allowed,
                cure=err.cure,
                field=f"payload.records.{number}" + (f".{err.field}" if err.field else ""),
            ) from err
    return records


KIND = Kind(
    "answer records with an artifact; the result is a file of JSON lines",
    Predict,
    run,
    check,
    {
        "artifact": "reader-ko",
        "records": [
            {
                "id": "1",
                "fields": {"question": "공방은 몇 시에 여나?", "context": "공방은 아침 열 시에 연다."},
            }
        ],
    },
)
