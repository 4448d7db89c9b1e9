"""What the resources share: the database, the chatbot over it, and where they stand."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from anyio import CapacityLimiter

from gongbang.apps import chat
from gongbang.apps.answer_book import AnswerBook, Responder
from gongbang.apps.chat import Chat, ChatSettings, Reply
from gongbang.errors import StoreAwayError
from gongbang.serve.answer_source import DatabaseAnswers
from gongbang.serve.database.answers import Answers
from gongbang.serve.database.checks import checked_text
from gongbang.serve.database.conversations import Conversations
from gongbang.serve.database.migrate import upgrade
from gongbang.serve.database.rows import NewTurn, Turn
from gongbang.serve.database.store import Store
from gongbang.serve.settings import ServeSettings

_LOG = logging.getLogger(__name__)
_LAST = 64  # turns that are read: enough to know the answers given of late


@dataclass(frozen=True, slots=True)
class Model:
    """What replies: its name, what makes vectors, and how sure it must be."""

    name: str
    responder: Responder
    settings: ChatSettings


def load_model(name: str) -> Model:
    """A responder out of its artifact.

    Raises:
        ArtifactError: it is missing, corrupted, or of another task or architecture.
    """
    from gongbang.runtime.load import load
    from gongbang.runtime.responder import ArtifactResponder

    predictor = load(name, task="respond")
    settings = ChatSettings(**predictor.artifact.manifest.details.get("chat", {}))
    return Model(name, ArtifactResponder(predictor), settings)


class Service:
    """A database and a chatbot over it, used by many threads at once.

    The database may be away, then and later: tables are made at the first call that reaches it.

    Args:
        settings: see :class:`ServeSettings`.
        model: what replies; the artifact of the settings when None.

    Raises:
        ArtifactError: the artifact cannot be used.
        OptionError: the URL of the database cannot be used.
        MissingExtraError: the database's driver is not installed.
        SearchIndexError: the folder of vectors cannot be used.
    """

    def __init__(self, settings: ServeSettings, model: Model | None = None) -> None:
        self.settings = settings
        self.model = model or load_model(settings.artifact)
        self.store = Store(settings.database)
        self._answers, self._conversations = Answers(self.store), Conversations(self.store)
        self._prepared = False
        sure = self.model.settings
        if settings.threshold is not None:
            sure = replace(sure, threshold=settings.threshold)
        book = AnswerBook(DatabaseAnswers(self._answers), self.model.responder, settings.folder())
        self._chat = Chat(book, sure)
        # One reply at a time: a model takes every core by itself, and the book stays as it is meanwhile.
        # Who waits does so in the event loop and holds no thread.
        self.replying = CapacityLimiter(1)
        self.watching = CapacityLimiter(4)  # so that health is told however many wait for the database

    @property
    def answers(self) -> Answers:
        """The answers.

        Raises:
            StoreAwayError: the tables were not looked at yet, and the database is not reachable.
        """
        self._prepare()
        return self._answers

    @property
    def conversations(self) -> Conversations:
        """The conversations.

        Raises:
            StoreAwayError: the tables were not looked at yet, and the database is not reachable.
        """
        self._prepare()
        return self._conversations

    def _prepare(self) -> None:
        if not self._prepared:
            upgrade(self.settings.database)  # several at once wait for each other in the database
            self._prepared = True

    def warm(self) -> None:
        """Make the tables and the vectors; a database that is away is told in the log and met later.

        Raises:
            StoreError: the tables are of a newer version.
        """
        try:
            self._prepare()
            count = self._chat.book.sync()
            _LOG.info("%d answers", count)
        except StoreAwayError as err:
            _LOG.warning("%s The server answers 503 until it can be.", err.what)

    def close(self) -> None:
        """Give the connections back."""
        self.store.close()

    def history(self, id: str | None, text: str) -> list[Turn]:
        """The last turns of a conversation, none where it has yet to begin.

        Args:
            id: of the conversation. text: the message, which is looked at first.

        Raises:
            DataError: a message that no database can keep.
            StoreMissingError: there is no such conversation.
        """
        checked_text(text, "text")
        return [] if id is None else self.conversations.turns(id, last=_LAST)

    def reply(self, text: str, history: Sequence[Turn]) -> Reply:
        """The reply to a message after what was said; one thread at a time, see ``replying``.

        Raises:
            DataError: a message that is blank or too long.
            StoreAwayError: the database is not reachable.
        """
        self._prepare()
        given = [turn.answer_id for turn in history if turn.answer_id is not None]
        talk = chat.Conversation([turn.text for turn in history], given)
        return self._chat.reply(text, talk)

    def keep(self, id: str | None, text: str, reply: Reply) -> Turn:
        """Store a message and its reply, in a new conversation where ``id`` is None; gives the reply's turn.

        Raises:
            StoreMissingError: the conversation was deleted meanwhile.
        """
        talks = self.conversations
        said = NewTurn("user", text)
        answered = NewTurn("bot", reply.text, reply.answer_id, reply.confidence, reply.milliseconds)
        return talks.add(talks.start().id if id is None else id, [said, answered])[1]

    def ready(self) -> int:
        """The number of the last change of the answers, which tells that the database answers.

        Raises:
            StoreAwayError: it does not.
        """
        return self.answers.last_change()
