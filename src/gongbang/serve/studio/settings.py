"""What the studio is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gongbang.errors import OptionError
from gongbang.serve.settings import LOOPBACK, is_loopback
from gongbang.serve.studio.words import LANGUAGES

PORT = 7860


@dataclass(frozen=True, slots=True)
class StudioSettings:
    """How the studio is set.

    Attributes:
        api: the URL of the API. key: to show it, where it wants one.
        host, port: where the studio listens.
        password: what a visitor must know; needed beyond this machine, since the studio shows its own key.
        runs: a folder of runs to compare. stickers: a folder of stickers.
        language: of the address without one.

    Raises:
        OptionError: a host beyond this machine without a password, or a value that cannot be.
    """

    api: str
    key: str | None = None
    host: str = "127.0.0.1"
    port: int = PORT
    password: str | None = None
    runs: Path | None = None
    stickers: Path | None = None
    language: str = "ko"

    def __post_init__(self) -> None:
        if not self.password and not is_loopback(self.host):
            raise OptionError(
                "a studio without a password listens on this machine only.",
                value=self.host,
                allowed=", ".join(LOOPBACK),
                cure="Leave --host out, or name a file that holds a password: --password-file FILE.",
            )
        if not 1 <= self.port <= 65535:
            raise OptionError(
                "there is no such port.",
                value=self.port,
                allowed="1 to 65535",
                cure=f"Pass --port {PORT}.",
            )
        if self.language not in LANGUAGES:
            raise OptionError(
                "the studio does not speak this language.",
                value=self.language,
                allowed=", ".join(LANGUAGES),
                cure="Pass --language ko.",
            )
        if self.runs is not None and not self.runs.is_dir():
            raise OptionError(
                "there is no such folder of runs.",
                value=str(self.runs),
                allowed="a folder that 'gongbang train' wrote runs into",
                cure="Pass --runs runs, or leave it out.",
            )
