"""What jobs are told when a server or a worker starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gongbang.errors import OptionError
from gongbang.serve.jobs.kinds import KINDS, need_kind
from gongbang.serve.settings import ServeSettings

LEASE_S = 30.0


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How jobs are done.

    Attributes:
        database: the URL of the database, the same for the server and all workers.
        broker: the URL of a RabbitMQ (``amqp://…``); "" for a queue within each process.
        queue: what the broker's queues are called; two systems on one broker need two names.
        folders: what jobs may read files from, of server and workers alike.
        results: the folder of results, which server and workers share; one beside the database when None.
        kinds: what a worker does; all kinds when empty.
        slots: how many jobs a worker does at a time.
        lease_s: seconds of silence after which a worker's job is given to another.
        grace_s: seconds that a worker which is stopped gives its jobs to end by themselves.

    Raises:
        OptionError: a value that cannot be.

    Example:
        >>> JobSettings("jobs.db").results_folder().name
        'jobs.db.results'
    """

    database: str
    broker: str = ""
    queue: str = "gongbang"
    folders: tuple[Path, ...] = ()
    results: Path | None = None
    kinds: tuple[str, ...] = ()
    slots: int = 1
    lease_s: float = LEASE_S
    grace_s: float = 20.0

    def __post_init__(self) -> None:
        for kind in self.kinds:
            need_kind(kind)
        for folder in self.folders:
            if not folder.is_dir():
                raise OptionError(
                    "a folder that jobs may read is not there.",
                    value=str(folder),
                    allowed="folders that stand",
                    cure=f"Make it first, or leave it out: mkdir -p {folder}",
                )
        if not 1 <= self.slots <= 64:
            raise OptionError(
                "a worker cannot do so many jobs at a time.",
                value=self.slots,
                allowed="1 to 64",
                cure="Pass --slots 1: a model takes all cores by itself.",
            )
        if not 0.1 <= self.lease_s <= 86_400:
            raise OptionError(
                "a lease cannot be so long, or so short.",
                value=self.lease_s,
                allowed="0.1 to 86400 seconds",
                cure=f"Leave it out to take {LEASE_S:g} s.",
            )

    @classmethod
    def of(cls, settings: ServeSettings) -> JobSettings:
        """What a server's settings say of jobs."""
        return cls(
            settings.database or "",
            settings.broker or "",
            settings.broker_queue,
            tuple(map(Path, settings.folders)),
            settings.results,
        )

    @property
    def own_kinds(self) -> tuple[str, ...]:
        """What a worker of these settings does."""
        return self.kinds or tuple(KINDS)

    def results_folder(self) -> Path:
        """Where results are kept: beside a SQLite file, else in the cache, named by the database."""
        if self.results is not None:
            return self.results
        from gongbang.artifacts.hashing import bytes_hash, short
        from gongbang.artifacts.store import cache_folder
        from gongbang.serve.database.engine import database_url, shown

        url = database_url(self.database)
        if url.get_backend_name() == "sqlite":
            return Path(f"{url.database}.results")
        return cache_folder() / "jobs" / short(bytes_hash(shown(url).encode()), 16)
