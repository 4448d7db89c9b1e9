"""The answers' vectors, by model: kept so that a start encodes only what has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, delete, insert, select
from sqlalchemy.orm import Session

from gongbang.errors import OptionError
from gongbang.serve.database.answers import BATCH
from gongbang.serve.database.changes import COLUMNS, answers_in, lock_answers
from gongbang.serve.database.checks import MAX_LIMIT, checked_number, checked_text
from gongbang.serve.database.rows import Answer
from gongbang.serve.database.store import Store
from gongbang.serve.database.tables import AnswerRow, EmbeddingRow

_HALF = np.dtype("<f2")
_MAX_BYTES = 65_535  # what MariaDB's BLOB holds


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of one model.

    Attributes:
        ids: of the answers, shape (n,), int64. versions: of the answers, shape (n,), int64.
        matrix: a row an answer, shape (n, width), float16; a poly-encoder's codes are one long row.
    """

    ids: NDArray[np.int64]
    versions: NDArray[np.int64]
    matrix: NDArray[np.float16]


class Embeddings:
    """The vectors that one model made of the answers.

    A vector belongs to a version of its answer. Where the answer has changed since it is stale: never
    loaded, and found by :meth:`missing`.

    Args:
        store: the database.
        model_hash: the hash of the model's artifact, up to 64 characters.

    Raises:
        DataError: the hash is blank or too long.

    Example:
        >>> import tempfile
        >>> from gongbang.serve.database.answers import Answers, Draft
        >>> from gongbang.serve.database.migrate import upgrade
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     upgrade(f"{folder}/answers.db")
        ...     with Store(f"{folder}/answers.db") as store:
        ...         answer = Answers(store).create(Draft("반가워요."))
        ...         vectors = Embeddings(store, "a1b2")
        ...         before = len(vectors.missing())
        ...         saved = vectors.save([answer], np.ones((1, 4)))
        ...         before, saved, len(vectors.missing()), vectors.load().matrix.shape
        (1, 1, 0, (1, 4))
    """

    def __init__(self, store: Store, model_hash: str) -> None:
        self.store = store
        self.model_hash = checked_text(model_hash, "model_hash", longest=64)

    def save(self, answers: Sequence[Answer], matrix: NDArray[np.floating]) -> int:
        """Keep vectors in float16; of answers that are gone by now none is.

        Args:
            answers: the answers, in the versions that were encoded.
            matrix: a row an answer, shape (n, width).

        Returns:
            How many were kept.

        Raises:
            OptionError: another number of rows, or rows that cannot be kept.
        """
        halves = _halves(matrix, len(answers))
        rows = {
            answer.id: {
                "answer_id": answer.id,
                "model_hash": self.model_hash,
                "answer_version": answer.version,
                "vector": half.tobytes(),
            }
            for answer, half in zip(answers, halves, strict=True)
        }
        ids = list(rows)

        def work(session: Session) -> int:
            kept = 0
            lock_answers(session, 0)  # no answer goes away between these statements
            for start in range(0, len(ids), BATCH):
                part = ids[start : start + BATCH]
                there = session.scalars(select(AnswerRow.id).where(AnswerRow.id.in_(part))).all()
                session.execute(delete(EmbeddingRow).where(self._own, EmbeddingRow.answer_id.in_(part)))
                if there:
                    session.execute(insert(EmbeddingRow), [rows[id] for id in there])
                kept += len(there)
            return kept

        return self.store.write(work) if rows else 0

    def load(self) -> Vectors:
        """The vectors of all active answers that have not changed since they were encoded, by id.

        Raises:
            OptionError: two have different widths.
        """
        query = (
            select(EmbeddingRow.answer_id, EmbeddingRow.answer_version, EmbeddingRow.vector)
            .join(AnswerRow, self._fresh)
            .where(AnswerRow.active)
            .order_by(EmbeddingRow.answer_id)
        )
        rows = self.store.read(lambda session: session.execute(query).tuples().all())
        widths = {len(vector) for _, _, vector in rows} or {0}
        if len(widths) > 1:
            raise _unfit("the vectors of one model have different widths.", sorted(widths))
        joined = np.frombuffer(b"".join(vector for _, _, vector in rows), dtype=_HALF)
        return Vectors(
            np.array([id for id, _, _ in rows], dtype=np.int64),
            np.array([version for _, version, _ in rows], dtype=np.int64),
            joined.reshape(len(rows), widths.pop() // _HALF.itemsize).astype(np.float16, copy=False),
        )

    def missing(self, *, limit: int = MAX_LIMIT) -> list[Answer]:
        """Active answers without a vector of their version, by id; to be encoded and saved.

        Raises:
            DataError: ``limit`` is not from 1 to 1,000.
        """
        checked_number(limit, "limit", least=1, most=MAX_LIMIT)
        query = (
            select(*COLUMNS)
            .outerjoin(EmbeddingRow, self._fresh)
            .where(AnswerRow.active, EmbeddingRow.answer_id.is_(None))
            .order_by(AnswerRow.id)
            .limit(limit)
        )
        return self.store.read(lambda session: answers_in(session, query))

    def drop_others(self) -> int:
        """Delete the vectors of all other models; returns how many there were."""

        def work(session: Session) -> int:
            lock_answers(session, 0)
            gone = session.execute(delete(EmbeddingRow).where(EmbeddingRow.model_hash != self.model_hash))
            return int(gone.rowcount)  # type: ignore[attr-defined]

        return self.store.write(work)

    @property
    def _own(self) -> ColumnElement[bool]:
        return EmbeddingRow.model_hash == self.model_hash

    @property
    def _fresh(self) -> ColumnElement[bool]:
        return and_(
            self._own,
            EmbeddingRow.answer_id == AnswerRow.id,
            EmbeddingRow.answer_version == AnswerRow.version,
        )


def _halves(matrix: NDArray[np.floating], count: int) -> NDArray[np.float16]:
    if matrix.ndim != 2 or len(matrix) != count:
        raise _unfit(f"{count} answers need as many rows of numbers.", matrix.shape)
    with np.errstate(over="ignore"):
        halves = matrix.astype(_HALF)
    if not np.isfinite(halves).all():
        raise _unfit("a vector holds a number that float16 cannot.", float(np.abs(matrix).max()))
    if halves.shape[1] == 0 or halves.shape[1] * _HALF.itemsize > _MAX_BYTES:
        raise _unfit("the vectors are empty or too long.", halves.shape)
    return halves


def _unfit(what: str, value: object) -> OptionError:
    return OptionError(
        what,
        value=value,
        allowed=f"a matrix of finite numbers, up to {_MAX_BYTES // _HALF.itemsize:,} a row",
        cure="Encode the answers again with this model, and save all of its vectors in one width.",
    )
