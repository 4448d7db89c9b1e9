"""What a server is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from gongbang.errors import OptionError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names under which a server on this machine is asked; another Host header is refused."""


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How a server is set.

    Attributes:
        database: the URL of the answers' database.
        artifact: the responder's name or folder.
        host, port: where it listens.
        threshold: confidence below which it asks back; the artifact's own when None.
        vectors: the folder for the answers' vectors, of this process alone; one in the cache, by the
            database and the port, when None.

    Raises:
        OptionError: a host that is not of this machine alone, or a port or a threshold that cannot be.

    Example:
        >>> ServeSettings("answers.db").port
        8000
    """

    database: str
    artifact: str = "respond-ko"
    host: str = "127.0.0.1"
    port: int = 8000
    threshold: float | None = None
    vectors: Path | None = None

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise OptionError(
                "a server without keys listens on this machine only.",
                value=self.host,
                allowed=", ".join(LOOPBACK),
                cure="Leave --host out, and reach it from elsewhere through a proxy that asks who it is.",
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

    def folder(self) -> Path:
        """Where the answers' vectors are kept."""
        if self.vectors is not None:
            return self.vectors
        from gongbang.artifacts.hashing import bytes_hash, short
        from gongbang.artifacts.store import cache_folder

        name = f"{short(bytes_hash(self.database.encode()), 16)}-{self.port}"
        return cache_folder() / "answers" / name


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
