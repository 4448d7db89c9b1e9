"""The job ``index``: documents in, an index that ``gongbang ask --index`` and the server can open.

The index is written as a whole in place of an older one of the same name (see
:mod:`gongbang.search.folders`), so another attempt, or two that overlap, leave one whole index.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gongbang.apps.library import Library
from gongbang.artifacts.defaults import ENCODER
from gongbang.artifacts.store import known_artifacts
from gongbang.data.documents import read_documents
from gongbang.data.passages import MAX_CHARS
from gongbang.runtime.encoder import load_encoder
from gongbang.serve.database.job_rows import Outcome
from gongbang.serve.jobs.context import Context
from gongbang.serve.jobs.folders import Folders, checked_name
from gongbang.serve.jobs.kinds import Kind

INDEXES = "indexes"
_BATCH = 20  # documents that are indexed between two looks at whether the job is still wanted


class Index(BaseModel):
    """What is to be indexed.

    Attributes:
        docs: files and folders among those that jobs may read.
        name: of the index; it is written to ``indexes/NAME`` below the folder of results.
        encoder: makes the search go by meaning too; by words alone when None.
        max_chars: the most characters in a passage.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    docs: Annotated[list[str], Field(min_length=1, max_length=1000)]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    encoder: Annotated[str | None, Field(min_length=1, max_length=500)] = ENCODER
    max_chars: Annotated[int, Field(ge=50, le=100_000)] = MAX_CHARS


def check(payload: Index, folders: Folders) -> None:
    """Refuse documents or an encoder that are not there, and a name that leads elsewhere.

    Raises:
        DataError: so it is.
    """
    checked_name(payload.name, "payload.name")
    for path in payload.docs:
        folders.find(path, "payload.docs")
    _encoder(payload, folders)


def run(payload: Index, context: Context) -> Outcome:
    """Index; the value says where and how much.

    Raises:
        DataError: no document could be read. SearchIndexError: it cannot be written.
    """
    context.progress(0.0, "reading documents")
    loaded = read_documents([context.folders.find(path, "payload.docs") for path in payload.docs])
    documents = loaded.items
    library = Library(load_encoder(_encoder(payload, context.folders)), max_chars=payload.max_chars)
    for start in range(0, len(documents), _BATCH):
        context.progress(start / len(documents), f"{start} of {len(documents)} documents")
        library.add(documents[start : start + _BATCH])
    context.progress(1.0, "writing the index")
    place = context.root / INDEXES / checked_name(payload.name, "payload.name")
    place.parent.mkdir(parents=True, exist_ok=True)
    context.check()
    library.save(place)
    return Outcome(
        {
            "index": f"{INDEXES}/{payload.name}",
            "kind": library.kind,
            "documents": len(library),
            "passages": len(library.index),
            "signature": library.index.signature,
            "problems": [context.folders.shorten(problem.what) for problem in loaded.problems[:20]],
        }
    )


def _encoder(payload: Index, folders: Folders) -> str | None:
    name = payload.encoder
    if name is None or name in {ENCODER, *known_artifacts()}:
        return name
    return str(folders.find(name, "payload.encoder"))


KIND = Kind(
    "index documents, to be searched and asked",
    Index,
    run,
    check,
    {"docs": ["안내"], "name": "안내-2026", "encoder": None},
)
