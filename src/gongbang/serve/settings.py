"""What a server is told when it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gongbang.artifacts.defaults import READER, RESPONDER
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.serve.access.keys import Key
    from gongbang.serve.models.batcher import Limits

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names under which a server on this machine is asked; another Host header is refused."""
_LARGEST = 1_000_000


def _said(default: Any, help: str, metavar: str = "", flag: str = "") -> Any:
    """A setting with its line in the help; ``flag`` where the command line calls it by another name."""
    return field(default=default, metadata={"help": help, "metavar": metavar, "flag": flag})


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How a server is set. Every field is a key of the configuration file, a variable and a flag.

    Attributes:
        database: the URL of the database: of jobs, games, feedback and the chatbot's answers.
        chat: whether there is a chatbot over the database. None is yes, unless nobody named an artifact and
            the one that comes along is not here; see :meth:`chats`.
        artifact: the responder's name or folder.
        host, port: where it listens.
        threshold: confidence below which the chatbot asks back; the artifact's own when None.
        vectors: the folder for the answers' vectors, of this process alone; one in the cache, by the
            database and the port, when None.
        models: artifacts by the name under which they answer.
        docs, index: what /v1/ask asks; reader, encoder, dense: and with what.
        queue, batch, wait_ms, deadline_s: of each model, see :class:`~gongbang.serve.models.batcher.Limits`.
        most_records: records of one request at most.
        at_once: batches that are worked on at the same time, of all models together.
        mixing: see :class:`~gongbang.serve.models.served.Served`.
        watch_s: seconds between looks for new versions of the artifacts; none when None.
        broker, broker_queue, folders, results: of jobs, see
            :class:`~gongbang.serve.jobs.settings.JobSettings`.
        games, keywords: whether games are played, and the folders of keywords, each a set called by its
            folder's name; the one that comes along when there is none.
        keys: who may ask. require_keys: whether keys are asked for on this machine too.
        origins: pages of other origins that may ask.

    Raises:
        OptionError: a host that is not of this machine alone and no keys, or a number that cannot be.

    Example:
        >>> ServeSettings("answers.db").port
        8000
    """

    database: str | None = _said(
        None,
        "such as sqlite:///answers.db, or a file's path: of jobs, games, feedback and the chatbot",
        "URL",
    )
    chat: bool | None = _said(
        None, "a chatbot over the database, with its answers and conversations (where its artifact is found)"
    )
    artifact: str = _said(RESPONDER, "the responder", "NAME")
    host: str = _said("127.0.0.1", "where it listens; beyond this machine with keys alone", "HOST")
    port: int = _said(8000, "and at which port", "N")
    threshold: float | None = _said(None, "confidence below which the chatbot asks back (its own)", "T")
    vectors: Path | None = _said(None, "folder for the answers' vectors, this server's alone", "DIR")  # noqa: RUF009
    models: Mapping[str, str] = _said(
        None, "an artifact to serve, may be given several times", "[NAME=]ARTIFACT", "model"
    )
    docs: tuple[str, ...] = _said((), "files, folders or globs that /v1/ask asks", "PATH")
    index: str | None = _said(None, "a saved index to ask instead of documents", "DIR")
    reader: str = _said(READER, "what reads for /v1/ask", "NAME")
    encoder: str | None = _said(
        None, "what searches by meaning for /v1/ask, and knows a game's questions (encoder-ko)", "NAME"
    )
    dense: bool = _said(True, "search by meaning too, not by words alone; and let a game's table answer")
    queue: int = _said(64, "requests that may wait for a model", "N")
    batch: int = _said(32, "records that a model takes at once", "N")
    wait_ms: float = _said(2.0, "milliseconds that a batch waits for company under load", "MS")
    deadline_s: float = _said(30.0, "seconds that a request may take", "S")
    most_records: int = _said(64, "records of one request", "N")
    at_once: int = _said(2, "batches that are worked on at the same time", "N")
    mixing: Literal["equal", "always", "never"] = _said(
        "equal", "whether requests share batches: where answers stay equal, always, or never", "WHEN"
    )
    watch_s: float | None = _said(None, "look for new versions of the artifacts every so many seconds", "S")
    broker: str | None = _said(None, "a RabbitMQ that brings jobs to workers, amqp://...", "URL")
    broker_queue: str = _said("gongbang", "what its queues are called", "NAME")
    folders: tuple[str, ...] = _said((), "a folder that jobs may read, several times", "DIR", "folder")
    results: Path | None = _said(None, "folder for the results of jobs (beside the database)", "DIR")  # noqa: RUF009
    games: bool = _said(True, "play Twenty Questions at /v1/games, where there is a database")
    keywords: tuple[str, ...] = _said((), "a folder of keywords to play with, several times", "DIR")
    keys: tuple[Key, ...] = _said((), "who may ask; from the configuration file alone")
    require_keys: bool = _said(False, "ask for keys on this machine too, such as behind a proxy")
    origins: tuple[str, ...] = _said(
        (), "a page's origin that may ask (CORS), several times", "URL", "origin"
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "models", dict(self.models or {}))
        if not self.keys and not is_loopback(self.host):
            raise OptionError(
                "a server without keys listens on this machine only.",
                value=self.host,
                allowed=", ".join(LOOPBACK),
                cure="Leave --host out, or make keys: gongbang keys new --name NAME --file serve.yaml.",
            )
        if self.require_keys and not self.keys:
            raise OptionError(
                "keys are required and there are none: nobody could ask.",
                value="require_keys without keys",
                allowed="keys in the configuration file",
                cure="Make one: gongbang keys new --name NAME --file serve.yaml.",
            )
        if not 1 <= self.port <= 65535:
            raise OptionError(
                "there is no such port.", value=self.port, allowed="1 to 65535", cure="Pass --port 8000."
            )
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise OptionError(
                "the threshold is a confidence.",
                value=self.threshold,
                allowed="a number from 0 to 1",
                cure="Leave it out to take the artifact's own.",
            )
        if self.chat and self.database is None:
            raise OptionError(
                "a chatbot needs a database, where its answers and conversations are.",
                value="chat without a database",
                allowed="--chat with --database URL",
                cure="Pass --database answers.db, or leave --chat out.",
            )
        if self.docs and self.index:
            raise OptionError(
                "say what to ask: documents or a saved index.",
                value="both",
                allowed="either docs or index",
                cure="Leave one of them out.",
            )
        self._check_numbers()
        self._check_origins()

    def _check_numbers(self) -> None:
        for name in ("queue", "batch", "most_records", "at_once"):
            _check(name, getattr(self, name), 1)
        _check("wait_ms", self.wait_ms, 0, 1000)
        _check("deadline_s", self.deadline_s, 0.001, 3600)
        if self.watch_s is not None:
            _check("watch_s", self.watch_s, 0.1, 86_400)

    def _check_origins(self) -> None:
        for origin in self.origins:
            scheme, _, rest = origin.partition("://")
            if scheme not in ("http", "https") or not rest or "/" in rest:
                raise OptionError(
                    "this is no origin.",
                    value=origin,
                    allowed="scheme, host and port, such as https://shop.example",
                    cure="Write it as a browser sends it, without a path; there is no '*'.",
                )

    @property
    def keys_asked(self) -> bool:
        """Whether whoever asks must show a key."""
        return self.require_keys or not is_loopback(self.host)

    def chats(self) -> bool:
        """Whether there is a chatbot; looks for the artifact where nobody said.

        One that was named is not looked for: where it is missing, opening it is an error.

        Example:
            >>> ServeSettings().chats(), ServeSettings("a.db", chat=False).chats()
            (False, False)
        """
        if self.database is None or self.chat is not None:
            return bool(self.chat)
        if self.artifact != RESPONDER:
            return True
        from gongbang.artifacts.store import known_artifacts

        return RESPONDER in known_artifacts()

    @property
    def asks(self) -> bool:
        """Whether there is something that /v1/ask asks."""
        return bool(self.docs or self.index)

    @property
    def limits(self) -> Limits:
        """Of each model's queue."""
        from gongbang.serve.models.batcher import Limits

        return Limits(self.queue, self.batch, self.wait_ms / 1000.0, self.deadline_s)

    def folder(self) -> Path:
        """Where the answers' vectors are kept."""
        if self.vectors is not None:
            return self.vectors
        from gongbang.artifacts.hashing import bytes_hash, short
        from gongbang.artifacts.store import cache_folder

        name = f"{short(bytes_hash((self.database or '').encode()), 16)}-{self.port}"
        return cache_folder() / "answers" / name


def _check(name: str, value: float, least: float, most: float = _LARGEST) -> None:
    if not least <= value <= most:
        raise OptionError(
            f"the setting '{name}' cannot be used.",
            value=value,
            allowed=f"{least:g} to {most:,g}",
            cure=f"Change --{name.replace('_', '-')}, or leave it out.",
        )


def is_loopback(host: str) -> bool:
    """Whether a host is reached from this machine alone.

    Example:
        >>> is_loopback("127.0.0.2"), is_loopback("0.0.0.0"), is_loopback("localhost")
        (True, False, True)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
