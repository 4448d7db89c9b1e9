"""The steps of a release: build, start beside the old one, test, switch, keep the old one, go back.

Whatever fails before the switch leaves everything as it was; whatever fails in it gives the old release the
traffic again.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.derive import need_current
from deploy.engine import Engine, Running
from deploy.lists import commit_of, compare_checkout, is_checkout, need_same, unseen
from deploy.manifest import Manifest, Service
from deploy.smoke import SmokeError, Step, ask, smoke
from deploy.traffic import Release, Releases, with_running
from gongbang.artifacts.files import write_text
from gongbang.artifacts.lock import RunLock
from gongbang.errors import ArtifactError, GongbangError, OptionError

PORTS = range(8101, 8200)
"""Where releases listen on this machine, each at a port of its own."""
_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Shipping:
    """What a release is made of, and by what.

    Attributes:
        root: the checkout.
        manifest: its services.
        engine: builds and runs them.
        releases: where they stand, and which one serves.
        steps: the smoke test.
        key: of the smoke test's requests.
        secrets: the folder of secret files, for steps that name one.
        tell: says what is being done.
        dirty: whether files that are not committed are let through, for trying out.
        ports: that may be taken.
    """

    root: Path
    manifest: Manifest
    engine: Engine
    releases: Releases
    steps: Sequence[Step]
    key: str = ""
    secrets: Path | None = None
    tell: Callable[[str], None] = lambda words: None
    dirty: bool = False
    ports: range = PORTS

    def release(self) -> Release:
        """Build what is here and give it the traffic.

        Raises:
            GongbangError: it cannot be built, does not come up, fails the smoke test, or the proxy does not
                follow; the old release serves as before.
        """
        with self._alone():
            self._check()
            before = self.releases.current
            folder = self.releases.new_folder()
            release = Release(folder.name, self.engine.name, self._commit(), before=before)
            try:
                release = self._proved(release, folder)
                self.tell(f"{release.id}: takes the traffic" + (f" of {before}" if before else ""))
                self.releases.switch(release.id)
            except BaseException as err:
                self._withdraw(release.id, err)
                raise
            self.releases.note("serving", release.id, before=before, commit=release.commit)
            self._rest(before)
            self._prune({release.id, before})
            return release

    def rollback(self) -> Release:
        """Give the release before the traffic again, after the same test; starts it where it no longer runs.

        Raises:
            ArtifactError: there is none.
            GongbangError: it does not pass; what serves is not touched.
        """
        with self._alone():
            left = self._current()
            if left.before is None or left.before not in self.releases.ids():
                raise _nothing(
                    "there is no release to go back to.", left.id, "a release that took another's place"
                )
            release = self._own(self.releases.read(left.before))
            begun = self._asleep(release)
            for name in begun:  # what is left of it, or what asks one that is gone
                self._stop(name, release.running.get(name))
            try:
                release = self._started(release, begun=begun)
                self.releases.switch(release.id)
            except BaseException as err:
                for name in begun:
                    self._stop(name, release.running.get(name))
                self.releases.note("not gone back", release.id, why=_why(err))
                raise
            self.releases.note("gone back", release.id, left=left.id)
            for name, running in left.running.items():
                self._stop(name, running)
            return release

    def status(self) -> list[dict[str, object]]:
        """Each release, whether it serves, and which of its services run."""
        told: list[dict[str, object]] = []
        for id in self.releases.ids():
            with suppress(ArtifactError):  # one that is being built, or was killed in it
                release = self.releases.read(id)
                alive = {name: self.engine.alive(running) for name, running in release.running.items()}
                digests = {name: one.digest for name, one in release.built.items()}
                serving = id == self.releases.current
                told.append({"release": id, "serving": serving, "alive": alive, "digests": digests})
                told[-1] |= {"commit": release.commit, "before": release.before}
        return told

    # -- before ----------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with RunLock(self.releases.folder / ".lock", "folder of releases"):
            yield

    def _check(self) -> None:
        self.engine.check()
        need_current(self.root)
        need_same(unseen(self.root, self.manifest))
        if not is_checkout(self.root):
            self.tell("no checkout: what is built was not compared with what is checked in")
        elif not self.dirty:
            need_same(compare_checkout(self.root))

    def _commit(self) -> str | None:
        commit = commit_of(self.root) if is_checkout(self.root) else None
        return f"{commit} and changes" if commit and self.dirty else commit

    # -- a release comes up ----------------------------------------------------------------------------

    def _proved(self, release: Release, folder: Path) -> Release:
        self.tell(f"{release.id}: is built by the engine '{self.engine.name}'")
        built = self.engine.build(self.manifest.ours, folder)
        release = Release(release.id, release.engine, release.commit, built, {}, release.before)
        self.releases.write(release)
        for name, one in built.items():
            self.tell(f"{release.id}: {name} {one.digest}")
        return self._started(release, begun=list(self.manifest.ours))

    def _started(self, release: Release, begun: Sequence[str]) -> Release:
        """The release with what is named started, and all of it tested; what takes traffic comes first."""
        for name in release.built:
            self._service(name)
        for name in (name for name in self.manifest.order if name in release.built):
            service = self._service(name)
            if name in begun:
                port = free_port(self.ports) if service.port is not None else None
                built = release.built[name]
                running = self.engine.start(built, service, release.id, port, release.running)
                release = with_running(release, running)
                self.releases.write(release)
            self.tell(f"{release.id}: waits for {name}")
            self._wait(release.running[name], service)
            if service.traffic:
                base = f"http://127.0.0.1:{release.running[name].port}"
                steps = [step for step in self.steps if step.service == name]
                for done in smoke(base, steps, self.key, self.secrets):
                    self.tell(f"{release.id}: {done}")
        return release

    def _asleep(self, release: Release) -> list[str]:
        """What of a release must be started: what no longer runs, and what asks such a one where it was."""
        found: list[str] = []
        for name in (name for name in self.manifest.order if name in release.built):
            running = release.running.get(name)
            moved = set(self._service(name).asks()) & set(found)
            if running is None or not self.engine.alive(running) or moved:
                found.append(name)
        return found

    def _wait(self, running: Running, service: Service) -> None:
        """Until a service is well.

        Raises:
            SmokeError: it ended, or is not well in its time.
        """
        until = time.monotonic() + service.health.start_s
        while self.engine.alive(running):
            if self._well(running, service):
                return
            if time.monotonic() >= until:
                raise self._unwell(running, f"is not well after {service.health.start_s} s")
            time.sleep(_EVERY_S)
        raise self._unwell(running, "ended by itself")

    def _well(self, running: Running, service: Service) -> bool:
        if service.health.get is None:
            return self.engine.well(running, service)
        with suppress(SmokeError):
            seconds = float(service.health.timeout_s)
            return ask(f"http://127.0.0.1:{running.port}", service.health.get, seconds=seconds).status == 200
        return False

    def _unwell(self, running: Running, what: str) -> SmokeError:
        lines = [line for line in self.engine.logs(running).splitlines() if line.strip()]
        return SmokeError(
            f"the new '{running.service}' {what}.",
            value=" | ".join(lines[-4:]) or "it wrote nothing",
            allowed="a service whose health check passes",
            cure="Mend what it says of itself; the old release goes on serving.",
        )

    def _service(self, name: str) -> Service:
        service = self.manifest.ours.get(name)
        if service is None:
            raise _nothing("the manifest no longer has this service.", name, ", ".join(self.manifest.ours))
        return service

    # -- a release goes --------------------------------------------------------------------------------

    def _stop(self, name: str, running: Running | None) -> None:
        if running is not None:
            service = self.manifest.services.get(name)
            self.engine.stop(running, service.stop_s if service else 10)

    def _withdraw(self, id: str, err: BaseException) -> None:
        """A release that is not to be: nothing of it stays but a line in the history and its last words."""
        self.releases.note("refused", id, why=_why(err))
        with suppress(ArtifactError):
            running = self.releases.read(id).running
            words = [f"{id} {name}\n{self.engine.logs(one)}\n" for name, one in running.items()]
            write_text(self.releases.folder / "refused.log", "\n".join(words))
        self._forget(id)

    def _forget(self, id: str) -> None:
        try:
            release = self.releases.read(id)
        except ArtifactError:  # it was never built to its end
            self.releases.drop(id)
            return
        for name, running in release.running.items():
            self._stop(name, running)
        self.engine.remove(id, release.built, self.manifest.services)
        self.releases.drop(id)

    def _rest(self, id: str | None) -> None:
        """The release before keeps what takes traffic, for going back; its workers end what they do."""
        for name, running in self.releases.read(id).running.items() if id is not None else ():
            if running.port is None:
                self._stop(name, running)

    def _prune(self, keep: set[str | None]) -> None:
        for id in self.releases.ids():
            if id not in keep:
                self._forget(id)

    # -- what there is ---------------------------------------------------------------------------------

    def _current(self) -> Release:
        id = self.releases.current
        if id is None:
            raise _nothing("nothing serves here yet.", str(self.releases.folder), "a folder of releases")
        return self._own(self.releases.read(id))

    def _own(self, release: Release) -> Release:
        if release.engine != self.engine.name:
            raise OptionError(
                "this release was started by another engine.",
                value=self.engine.name,
                allowed=release.engine,
                cure=f"Pass --engine {release.engine}.",
            )
        return release


def free_port(ports: range) -> int:
    """A port that nobody listens at.

    Raises:
        OptionError: all of them are taken.
    """
    for port in ports:
        with socket.socket() as door:
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OptionError(
        "no port is free for the new release.",
        value=f"{ports.start} to {ports.stop - 1}",
        allowed="one free port",
        cure="Stop what listens there.",
    )


def _why(err: BaseException) -> str:
    return err.what if isinstance(err, GongbangError) else type(err).__name__


def _nothing(what: str, value: str, allowed: str) -> ArtifactError:
    return ArtifactError(what, value=value, allowed=allowed, cure="See: python -m deploy status")
