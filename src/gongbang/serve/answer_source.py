"""The answers of a database as a chatbot follows them."""

from __future__ import annotations

from collections.abc import Sequence

from gongbang.apps.answer_book import AnswerChange, KnownAnswer
from gongbang.serve.database.answers import Answers
from gongbang.serve.database.store import Store


class DatabaseAnswers:
    """Active answers; one that is made inactive is gone for whoever chats.

    Args:
        answers: the repository.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    @classmethod
    def open(cls, url: str) -> DatabaseAnswers:
        """The answers behind a URL; tables are made where there are none.

        Raises:
            StoreError: the database cannot be used; StoreAwayError: it is not reachable.
            MissingExtraError: its driver is not installed.
        """
        store = Store(url)
        store.prepare()
        return cls(Answers(store))

    def changes_since(self, seq: int) -> Sequence[AnswerChange]:
        """What changed after number ``seq``, in the order of the commits.

        Raises:
            StoreAwayError: the database is not reachable.
        """
        found = []
        for change in self._answers.changes_since(seq):
            now = change.answer
            known = None
            if now is not None and now.active:
                known = KnownAnswer(now.id, now.text, now.question or "", now.version)
            found.append(AnswerChange(change.seq, change.answer_id, known))
        return found
