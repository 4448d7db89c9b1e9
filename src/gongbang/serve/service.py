"""What the resources share: the database, and the chatbot over it where there is one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from anyio import CapacityLimiter

from gongbang.apps import chat
from gongbang.apps.answer_book import AnswerBook, Responder
from gongbang.apps.chat import Chat, ChatSettings, Reply
from gongbang.errors import StoreAwayError
from gongbang.runtime.predictor import Predictor
from gongbang.serve.answer_source import DatabaseAnswers
from gongbang.serve.database.answers import Answers
from gongbang.serve.database.checks import checked_text
from gongbang.serve.database.conversations import Conversations
from gongbang.serve.database.review import Review
from gongbang.serve.database.rows import NewTurn, Turn
from gongbang.serve.database.store import Store
from gongbang.serve.settings import ServeSettings

_LOG = logging.getLogger(__name__)
_LAST = 64  # turns that are read: enough to know the answers given of late


@dataclass(frozen=True, slots=True)
class Model:
    """What replies: its name, what makes vectors, how sure it must be, and the artifact where it is one."""

    name: str
    responder: Responder
    settings: ChatSettings
    predictor: Predictor | None = None


def load_model(name: str) -> Model:
    """A responder out of its artifact.

    Raises:
        ArtifactError: it is missing, corrupted, or of another task or architecture.
    """
    from gongbang.runtime.load import load

    return model_of(name, load(name, task="respond"))


def model_of(name: str, predictor: Predictor) -> Model:
    """What replies out of an artifact at work.

    Raises:
        ArtifactError: it is of another task or architecture.
    """
    from gongbang.runtime.responder import ArtifactResponder

    return Model(name, ArtifactResponder(predictor), ChatSettings.of(predictor.artifact), predictor)


class Service:
    """A database, used by many threads at once; a chatbot over it is a :class:`ChatService`.

    The database may be away, then and later: tables are made at the first call that reaches it.

    Args:
        settings: see :class:`ServeSettings`.

    Raises:
        OptionError: the URL of the database cannot be used.
        MissingExtraError: the database's driver is not installed.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.store = Store(settings.database or "")
        self._answers, self._conversations = Answers(self.store), Conversations(self.store)
        self._review = Review(self.store)
        self.watching = CapacityLimiter(4)  # so that health is told however many wait for the database

    @property
    def answers(self) -> Answers:
        """The answers.

        Raises:
            StoreAwayError: the tables were not looked at yet, and the database is not reachable.
        """
        self.store.prepare()
        return self._answers

    @property
    def conversations(self) -> Conversations:
        """The conversations.

        Raises:
            StoreAwayError: the tables were not looked at yet, and the database is not reachable.
        """
        self.store.prepare()
        return self._conversations

    @property
    def review(self) -> Review:
        """Feedback, and what reviewers decide about it.

        Raises:
            StoreAwayError: the tables were not looked at yet, and the database is not reachable.
        """
        self.store.prepare()
        return self._review

    def warm(self) -> None:
        """Make the tables; a database that is away is told in the log and met later.

        Raises:
            StoreError: the tables are of a newer version.
        """
        try:
            self._prepare()
        except StoreAwayError as err:
            _LOG.warning("%s The server answers 503 until it can be.", err.what)

    def _prepare(self) -> None:
        self.store.prepare()

    def close(self) -> None:
        """Give the connections back."""
        self.store.close()

    def ready(self) -> int:
        """The number of the last change of the answers, which tells that the database answers.

        Raises:
            StoreAwayError: it does not.
        """
        return self.answers.last_change()


class ChatService(Service):
    """A database and a chatbot over it.

    Args:
        settings: see :class:`ServeSettings`.
        model: what replies; the artifact of the settings when None.

    Raises:
        ArtifactError: the artifact cannot be used.
        OptionError, MissingExtraError: as :class:`Service`.
        SearchIndexError: the folder of vectors cannot be used.
    """

    def __init__(self, settings: ServeSettings, model: Model | None = None) -> None:
        self.model = model or load_model(settings.artifact)
        super().__init__(settings)
        self._chat = self._chat_of(self.model)
        # One reply at a time: a model takes every core by itself, and the book stays as it is meanwhile.
        # Who waits does so in the event loop and holds no thread.
        self.replying = CapacityLimiter(1)

    def _chat_of(self, model: Model) -> Chat:
        sure = model.settings
        if self.settings.threshold is not None:
            sure = replace(sure, threshold=self.settings.threshold)
        book = AnswerBook(DatabaseAnswers(self._answers), model.responder, self.settings.folder())
        return Chat(book, sure)

    def prepare(self, predictor: Predictor) -> Callable[[], None]:
        """Make the vectors of a new artifact while the old one replies; gives what puts it in its place.

        Raises:
            ArtifactError: it has no vectors that could be kept.
            StoreAwayError: the database is not reachable.
        """
        model = model_of(self.model.name, predictor)
        self.store.prepare()
        chat = self._chat_of(model)
        chat.book.sync()

        def commit() -> None:
            self.model, self._chat = model, chat

        return commit

    def _prepare(self) -> None:
        """The tables, and the vectors of the answers."""
        super()._prepare()
        count = self._chat.book.sync()
        _LOG.info("%d answers", count)

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
        self.store.prepare()
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
        by = self.model.predictor
        answered = NewTurn(
            "bot",
            reply.text,
            reply.answer_id,
            reply.confidence,
            reply.milliseconds,
            artifact=self.model.name if by is None else by.artifact.manifest.name,
            artifact_id="" if by is None else by.artifact.id,
        )
        return talks.add(talks.start().id if id is None else id, [said, answered])[1]
