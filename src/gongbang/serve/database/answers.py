"""The answers: what may be done with them, and how others learn of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from gongbang.errors import OptionError, StoreConflictError, StoreMissingError
from gongbang.serve.database.changes import (
    COLUMNS,
    answer_of,
    answers_in,
    changes_after,
    last_change,
    lock_answers,
    log,
)
from gongbang.serve.database.checks import (
    MAX_ID,
    MAX_LIMIT,
    checked_draft,
    checked_number,
    checked_search,
    checked_text,
    folded,
)
from gongbang.serve.database.rows import Answer, Change, Draft, Page
from gongbang.serve.database.store import Store
from gongbang.serve.database.tables import AnswerRow

BATCH = 1000
_CHARACTERS = 3_000_000  # four bytes each


class Answers:
    """The answers of a database.

    Every method may raise StoreAwayError (the database cannot be reached) and StoreError (its tables are
    missing), and may be called by several threads at once.

    Example:
        >>> import tempfile
        >>> from gongbang.serve.database.migrate import upgrade
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     upgrade(f"{folder}/answers.db")
        ...     with Store(f"{folder}/answers.db") as store:
        ...         answers = Answers(store)
        ...         first = answers.create(Draft("아홉 시에 열어요.", "언제 열어요?"))
        ...         second = answers.update(first.id, text="열 시에 열어요.", version=first.version)
        ...         [(change.seq, change.action) for change in answers.changes_since(0)], second.version
        ([(1, 'create'), (2, 'update')], 2)
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def create(self, draft: Draft) -> Answer:
        """Add an answer.

        Raises:
            DataError: a field cannot be stored.
        """
        return self.create_many([draft])[0]

    def create_many(self, drafts: Sequence[Draft]) -> list[Answer]:
        """Add answers, all or none of them; returned in the order in which they were given.

        Raises:
            DataError: a field of one cannot be stored.
        """
        wanted = [checked_draft(draft) for draft in drafts]
        return self.store.write(lambda session: _create(session, wanted)) if wanted else []

    def get(self, id: int) -> Answer:
        """The answer of an id.

        Raises:
            StoreMissingError: there is none.
        """
        return self.store.read(lambda session: answer_of(_found(session, id)))

    def get_many(self, ids: Sequence[int]) -> dict[int, Answer]:
        """Those of the answers that there are, by id."""
        known = sorted({id for id in ids if 0 < id <= MAX_ID})

        def work(session: Session) -> dict[int, Answer]:
            found: dict[int, Answer] = {}
            for start in range(0, len(known), BATCH):
                query = select(*COLUMNS).where(AnswerRow.id.in_(known[start : start + BATCH]))
                found.update((answer.id, answer) for answer in answers_in(session, query))
            return found

        return self.store.read(work)

    def update(
        self,
        id: int,
        *,
        text: str | None = None,
        question: str | None = None,
        label: str | None = None,
        active: bool | None = None,
        version: int | None = None,
    ) -> Answer:
        """Change what is given of an answer, and leave the rest.

        Args:
            version: the version that the change was made from; whichever there is when None.

        Raises:
            StoreMissingError: there is no such answer.
            StoreConflictError: the answer has another version by now.
            DataError: a field cannot be stored.
        """
        given = {"text": text, "question": question, "label": label, "active": active}
        new = {name: value for name, value in given.items() if value is not None}
        checked_draft(replace(Draft("-"), **new))  # type: ignore[arg-type]

        def work(session: Session) -> Answer:
            seq = lock_answers(session)
            row = _found(session, id, version)
            for name, value in new.items():
                setattr(row, name, value)
            row.folded = _folded(row)
            row.version += 1
            row.updated = datetime.now(UTC)
            session.flush()
            log(session, seq, "update", [row], row.updated)
            return answer_of(row)

        return self.store.write(work)

    def delete(self, id: int, *, version: int | None = None) -> None:
        """Take an answer out, and its embeddings with it; turns keep what was said.

        Raises:
            StoreMissingError: there is no such answer.
            StoreConflictError: the answer has another version by now.
        """

        def work(session: Session) -> None:
            seq = lock_answers(session)
            row = _found(session, id, version)
            log(session, seq, "delete", [row], datetime.now(UTC))
            session.delete(row)

        self.store.write(work)

    def page(
        self,
        *,
        after: int = 0,
        offset: int = 0,
        limit: int = 50,
        search: str = "",
        active: bool | None = None,
        label: str | None = None,
    ) -> Page[Answer]:
        """Answers in the order of their ids.

        Args:
            after: answers with greater ids only, for going from page to page: none is given twice, or left
                out, because others were added or deleted between two calls.
            offset: how many to skip instead.
            limit: the most answers on the page, up to 1,000.
            search: what question or text must contain, whatever the case, the width or the composition.
            active, label: those only; all when None.

        Raises:
            OptionError: both ``after`` and ``offset`` are given.
            DataError: a number is out of bounds.
        """
        if after and offset:
            raise OptionError(
                "a page begins after an id or at an offset.",
                value=f"after={after}, offset={offset}",
                allowed="one of the two",
                cure="Leave one out.",
            )
        checked_number(after, "after")
        checked_number(offset, "offset")
        checked_number(limit, "limit", least=1, most=MAX_LIMIT)
        filters = _filters(search, active, label)

        def work(session: Session) -> Page[Answer]:
            total = session.scalar(select(func.count()).select_from(AnswerRow).where(*filters)) or 0
            query = select(*COLUMNS).where(AnswerRow.id > after, *filters).order_by(AnswerRow.id)
            found = answers_in(session, query.offset(offset).limit(limit + 1))
            items = tuple(found[:limit])
            return Page(items, total, items[-1].id if len(found) > limit else None)

        return self.store.read(work)

    def each(self, *, active: bool | None = None) -> Iterator[Answer]:
        """Every answer in the order of the ids, a batch of them at a time.

        They are not of one moment. Whoever wants to keep up takes :meth:`last_change` first, and
        :meth:`changes_since` that number afterwards: then nothing is missed.
        """
        after = 0
        while found := self.store.read(lambda session: _batch(session, after, active)):  # noqa: B023
            yield from found
            after = found[-1].id

    def each_at_once(self, session: Session) -> Iterator[Answer]:
        """Every answer in the order of the ids, within a transaction of the caller's."""
        after = 0
        while found := _batch(session, after, None):
            yield from found
            after = found[-1].id

    def last_change(self) -> int:
        """The number of the last change; 0 when there was none. One row is read."""
        return self.store.read(last_change)

    def changes_since(self, seq: int, *, limit: int = BATCH) -> list[Change]:
        """What changed after change number ``seq``, in the order of the commits, deletions included.

        Each change brings the answer as it is now, so that the changes of one moment lead to it whatever
        else happens meanwhile. Where ``limit`` of them come, there may be more.

        Raises:
            DataError: a number is out of bounds.
        """
        checked_number(seq, "seq")
        checked_number(limit, "limit", least=1, most=MAX_LIMIT)
        return self.store.read(lambda session: changes_after(session, seq, limit))


def _create(session: Session, drafts: Sequence[Draft]) -> list[Answer]:
    seq = lock_answers(session, len(drafts))
    now = datetime.now(UTC)
    rows = [
        AnswerRow(
            text=draft.text,
            question=draft.question,
            label=draft.label,
            active=draft.active,
            version=1,
            created=now,
            updated=now,
            folded=_folded(draft),
        )
        for draft in drafts
    ]
    for part in _parts(rows):
        session.add_all(part)
        session.flush()
    log(session, seq, "create", rows, now)
    return [answer_of(row) for row in rows]


def _folded(answer: Draft | AnswerRow) -> str:
    return folded(f"{answer.question}\n{answer.text}")


def _parts(rows: Sequence[AnswerRow]) -> Iterator[list[AnswerRow]]:
    """Rows in parts that a statement can carry: MariaDB takes 16 MiB of one."""
    part: list[AnswerRow] = []
    size = 0
    for row in rows:
        length = len(row.folded) + len(row.question) + len(row.text)
        if part and (size + length > _CHARACTERS or len(part) == BATCH):
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    yield part


def _filters(search: str, active: bool | None, label: str | None) -> list[ColumnElement[bool]]:
    filters = []
    if wanted := checked_search(search):
        filters.append(AnswerRow.folded.contains(wanted, autoescape=True))
    if active is not None:
        filters.append(AnswerRow.active.is_(active))
    if label is not None:
        filters.append(AnswerRow.label == checked_text(label, "label", blank=True))
        filters.append(func.char_length(AnswerRow.label) == len(label))  # MariaDB takes 'a ' for 'a'
    return filters


def _batch(session: Session, after: int, active: bool | None) -> list[Answer]:
    query = select(*COLUMNS).where(AnswerRow.id > after, *_filters("", active, None))
    return answers_in(session, query.order_by(AnswerRow.id).limit(BATCH))


def _found(session: Session, id: int, version: int | None = None) -> AnswerRow:
    row = session.get(AnswerRow, id) if 0 < id <= MAX_ID else None
    if row is None:
        raise StoreMissingError(
            "there is no answer of this id.",
            value=id,
            allowed="the id of an answer that was not deleted",
            cure="Take the id from a list of the answers.",
        )
    if version is not None and version != row.version:
        raise StoreConflictError(
            "the answer has changed since it was read.",
            current=row.version,
            value=f"version {version} of answer {id}",
            allowed=f"version {row.version}",
            cure="Read it again, and make the change from what it says now.",
        )
    return row
