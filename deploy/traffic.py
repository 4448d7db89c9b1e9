"""Which release gets the traffic: one link, moved as a whole, and the proxy told of it.

A folder of releases::

    releases/r0003/   release.json, upstream.conf, what the engine put there
    current -> releases/r0003
    history.jsonl            every step, refused ones too

``current`` is the only place that says who serves, so a crash leaves the old one or the new one, never a mix.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.engine import Built, Running
from deploy.smoke import SmokeError, ask
from gongbang.artifacts.files import append_line, read_json, read_lines, write_json, write_text
from gongbang.errors import ArtifactError, OptionError

HEADER = "x-gongbang-release"
"""The proxy names the release that answered."""
_IN_A_ROW = 5
_RECORD, _UPSTREAM, _CURRENT = "release.json", "upstream.conf", "current"


@dataclass(frozen=True, slots=True)
class Release:
    """One release, as its record holds it.

    Attributes:
        id: its number, such as "r0003"; no number is given twice.
        engine: what runs it.
        commit: what it was built from; None outside a checkout.
        built: what was built, by service.
        running: what was started, by service.
        before: the release that it takes the place of.
    """

    id: str
    engine: str
    commit: str | None
    built: dict[str, Built] = field(default_factory=dict)
    running: dict[str, Running] = field(default_factory=dict)
    before: str | None = None


class Releases:
    """A folder of releases, and the link to the one that serves.

    Args:
        folder: see above; made where it is not.
        reload: tells the proxy to read its configuration again; raises where it cannot.
        public: addresses at the proxy that must answer for a switch to be proved, such as
            ``http://127.0.0.1:8080/health/ready``; none where none is asked.
        wait_s: how long the proxy may take to follow.
    """

    def __init__(
        self,
        folder: Path,
        reload: Callable[[], None] = lambda: None,
        public: Sequence[str] = (),
        wait_s: float = 20.0,
    ) -> None:
        self.folder, self._reload, self._wait_s = folder.absolute(), reload, wait_s
        self._public = tuple(public)
        (self.folder / "releases").mkdir(parents=True, exist_ok=True)

    def path(self, id: str) -> Path:
        """The folder of a release."""
        return self.folder / "releases" / id

    def ids(self) -> list[str]:
        """All releases, the oldest first."""
        found = (path.name for path in (self.folder / "releases").iterdir() if path.is_dir())
        return sorted(found, key=lambda id: int(id[1:]))

    def new_folder(self) -> Path:
        """A folder for a release to be built in; its number is above all that ever were."""
        known = [*self.ids(), *(str(one["release"]) for one in self.history())]
        path = self.path(f"r{max((int(id[1:]) for id in known), default=0) + 1:04d}")
        path.mkdir()
        return path

    @property
    def current(self) -> str | None:
        """The release that serves; None before the first one."""
        link = self.folder / _CURRENT
        return link.readlink().name if link.is_symlink() else None

    def read(self, id: str) -> Release:
        """A release's record.

        Raises:
            ArtifactError: there is no such release, or its record cannot be read.
        """
        told: Any = read_json(self.path(id) / _RECORD, "the record of a release")
        try:
            return Release(
                told["id"],
                told["engine"],
                told["commit"],
                {name: Built(**one) for name, one in told["built"].items()},
                {name: Running(**one) for name, one in told["running"].items()},
                told["before"],
            )
        except (KeyError, TypeError) as err:
            raise ArtifactError(
                "the record of a release cannot be used.",
                value=f"{self.path(id) / _RECORD}: {err}",
                allowed="a record as a release writes it",
                cure="Release again; what serves is not touched until the new one is proved.",
            ) from err

    def write(self, release: Release) -> None:
        """Keep a release's record, and what the proxy would be told of it."""
        write_json(self.path(release.id) / _RECORD, asdict(release))
        text = f'map "" $gongbang_release {{ default {release.id}; }}\n'
        for name, running in release.running.items():
            if running.port is not None:
                servers = f"server 127.0.0.1:{running.port}; keepalive 16;"
                text += f"upstream gongbang-{name} {{ {servers} }}\n"
        write_text(self.path(release.id) / _UPSTREAM, text)

    def switch(self, id: str) -> None:
        """Give a release the traffic, and prove it; where that fails the old one has it again.

        Raises:
            OptionError: the proxy could not be told.
            SmokeError: it did not follow.
        """
        before = self.current
        self._point(id)
        try:
            self._reload()
            self._prove(id)
        except BaseException:
            self._point(before)
            with suppress(Exception):  # the first reason is the one to tell
                self._reload()
                if before is not None:
                    self._prove(before)  # a proxy takes a moment to follow
            raise

    def _point(self, id: str | None) -> None:
        link = self.folder / _CURRENT
        if id is None:
            link.unlink(missing_ok=True)
            return
        fresh = self.folder / f".{_CURRENT}-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path("releases") / id)
        fresh.replace(link)

    def _prove(self, id: str) -> None:
        """Until a release answers some times in a row: a proxy's old workers go on for a moment."""
        for address in self._public:
            self._answers(address, id)

    def _answers(self, address: str, id: str) -> None:
        until, told, row = time.monotonic() + self._wait_s, "nothing", 0
        while row < _IN_A_ROW:
            if time.monotonic() >= until:
                raise SmokeError(
                    "the proxy does not send requests to the new release.",
                    value=f"{address}: {told}",
                    allowed=f"200 with the header {HEADER}: {id}",
                    cure="See deploy/nginx.conf: it must include current/upstream.conf of this folder.",
                )
            try:
                answer = ask(address, "", seconds=5.0)
            except SmokeError as err:
                told, row = err.value if isinstance(err.value, str) else "nobody answers", 0
            else:
                named = answer.headers.get(HEADER)
                told = f"{answer.status} from the release {named or 'without a name'}"
                row = row + 1 if answer.status == 200 and named == id else 0
            time.sleep(0.1)

    def note(self, event: str, id: str, **more: Any) -> None:
        """Add a line to the history."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        append_line(self.folder / "history.jsonl", {"at": at, "event": event, "release": id, **more})

    def history(self) -> list[dict[str, Any]]:
        """What happened, the oldest first."""
        return list(read_lines(self.folder / "history.jsonl"))

    def drop(self, id: str) -> None:
        """Delete a release's folder; never that of the one which serves."""
        if id != self.current:
            shutil.rmtree(self.path(id), ignore_errors=True)


def with_running(release: Release, running: Running) -> Release:
    """A release with one service more at work."""
    return replace(release, running={**release.running, running.service: running})


def reloader(words: Sequence[str]) -> Callable[[], None]:
    """Runs the proxy's command, such as ``nginx -s reload``, after ``nginx -t`` would pass.

    Raises (when called):
        OptionError: the command failed.
    """

    def reload() -> None:
        if not words:
            return
        try:
            done = subprocess.run(list(words), capture_output=True, text=True, errors="replace", check=False)
        except OSError as err:
            raise _unheard(words, str(err)) from err
        if done.returncode:
            raise _unheard(words, done.stderr)

    return reload


def _unheard(words: Sequence[str], told: str) -> OptionError:
    return OptionError(
        "the proxy could not be told.",
        value=f"{' '.join(words)}: {' '.join(told.split()[-40:])}",
        allowed="a command that ends with 0",
        cure="Run it by hand; the old release has the traffic.",
    )
