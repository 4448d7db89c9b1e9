"""The engine of containers: docker or podman, by their command line alone.

What is started is what the manifest says, as in ``compose.yaml``: no root, a file system that cannot be
written, no capabilities, limits, secrets as files. Images come by digest: built elsewhere and pulled, or
built here and then named by what came out.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shutil import which

from deploy.containerfile import FILE as CONTAINERFILE
from deploy.containerfile import places, probe
from deploy.engine import Built, Running
from deploy.images import load_images, need_digest, need_pinned, needed_images
from deploy.lists import local_files
from deploy.manifest import Manifest, Service
from deploy.rules import broken
from gongbang.errors import DataError, OptionError

Call = Callable[[Sequence[str]], str]
"""Runs a command and gives what it printed; a command that fails raises."""
_LOGGED = 60


def call(words: Sequence[str]) -> str:
    """Run a command.

    Raises:
        OptionError: it is not there, or ended with another code than 0.
    """
    try:
        done = subprocess.run(list(words), capture_output=True, text=True, errors="replace", check=False)
    except OSError as err:
        raise _failed(words, err.strerror or str(err)) from err
    if done.returncode:
        raise _failed(words, done.stderr.strip() or f"exit code {done.returncode}")
    return done.stdout.strip()


def _failed(words: Sequence[str], told: str) -> OptionError:
    return OptionError(
        f"the engine could not do it: {' '.join(words[:3])}.",
        value=" ".join(told.split()[-40:]),
        allowed="an engine that runs, and a user who may use it",
        cure=f"Try it by hand: {' '.join(words[:6])}",
    )


class ContainerEngine:
    """Services in containers.

    Args:
        root: the checkout.
        manifest: what is deployed.
        secrets: the folder of secret files.
        program: ``docker`` or ``podman``.
        images: services that were built elsewhere, by ``NAME@sha256:...``; the others are built here.
        call: runs a command; another one in tests.
    """

    def __init__(
        self,
        root: Path,
        manifest: Manifest,
        secrets: Path,
        *,
        program: str = "docker",
        images: Mapping[str, str] | None = None,
        call: Call = call,
    ) -> None:
        self.name, self._root, self._manifest, self._secrets = program, root, manifest, secrets
        self._images, self._call = dict(images or {}), call

    def check(self) -> None:
        """See :class:`deploy.engine.Engine`."""
        if self._call is call and which(self.name) is None:
            raise OptionError(
                "there is no such engine here.",
                value=self.name,
                allowed="docker or podman, installed; or --engine process",
                cure=f"Install {self.name}, or deploy without containers: --engine process",
            )
        need_pinned(needed_images(self._manifest), load_images(self._root))
        for reference in self._images.values():
            need_digest(reference)
        text = (self._root / CONTAINERFILE).read_text(encoding="utf-8")
        for finding in broken(text, local_files(self._root), deploy=True):
            raise DataError(
                f"{finding.what}.",
                value=finding.rule,
                allowed="a container file that keeps the rules",
                cure="See them all: python -m deploy check --deploy",
                path=CONTAINERFILE,
                line=finding.line,
            )

    def build(self, services: dict[str, Service], folder: Path) -> dict[str, Built]:
        """See :class:`deploy.engine.Engine`; ``folder`` keeps the id that the engine gave each image."""
        return {name: self._pulled(name) or self._made(name, folder) for name in services}

    def _pulled(self, service: str) -> Built | None:
        reference = self._images.get(service)
        if reference is None:
            return None
        self._call([self.name, "pull", "--quiet", need_digest(reference)])
        return Built(service, reference, reference.partition("@")[2])

    def _made(self, service: str, folder: Path) -> Built:
        file = folder / f"{service}.image"
        words = ["build", "--quiet", "--file", str(self._root / CONTAINERFILE), "--target", service]
        self._call([self.name, *words, "--iidfile", str(file), str(self._root)])
        digest = file.read_text(encoding="utf-8").strip()
        return Built(service, digest, digest)

    def digest_of(self, image: str) -> str:
        """The digest that a tag has now, by pulling it.

        Raises:
            OptionError: the engine cannot pull it.
        """
        self._call([self.name, "pull", "--quiet", image])
        told = self._call([self.name, "image", "inspect", "--format", "{{json .RepoDigests}}", image])
        digests = {str(one).partition("@")[2] for one in json.loads(told) or []}
        if len(digests) != 1:
            raise OptionError(
                "the image has no one digest.",
                value=f"{image}: {', '.join(sorted(digests)) or 'none'}",
                allowed="an image that was pulled from a registry",
                cure="Remove the local image of that name, and pin again.",
            )
        return digests.pop()

    def start(
        self, built: Built, service: Service, release: str, port: int | None, beside: Mapping[str, Running]
    ) -> Running:
        """See :class:`deploy.engine.Engine`; a container finds the others of its release by their names."""
        named = f"{self._manifest.name}-{{service}}-{release}"  # by which the others of its release find it
        filling = places(self._manifest, service, release, named)
        words = [self.name, "run", "--detach", "--name", named.format(service=built.service)]
        words += ["--network", self._manifest.name, "--restart", "unless-stopped"]
        words += ["--label", f"{self._manifest.name}.release={release}", *self._fences(service)]
        for name, value in service.filled(**filling).items():
            words += ["--env", f"{name}={value}"]
        for name, target in service.secrets.items():
            words += ["--mount", f"type=bind,source={self._secrets / name},target={target},readonly"]
        for name, target in service.volumes.items():
            words += ["--mount", f"type=volume,source={self._manifest.name}-{name},target={target}"]
        if port is not None:
            words += ["--publish", f"127.0.0.1:{port}:{service.port}"]
        words += [built.reference, *service.words(**filling)]
        return Running(built.service, self._call(words), port)

    def _fences(self, service: Service) -> list[str]:
        user = self._manifest.build_of(service).user.id
        limits = service.limits
        words = ["--user", f"{user}:{user}", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        words += [
            "--memory",
            limits.memory,
            "--cpus",
            str(limits.cpus),
            "--pids-limit",
            str(limits.processes),
        ]
        words += ["--read-only"] if service.read_only else []
        for path in service.temporary:
            words += ["--tmpfs", path]
        return words

    def alive(self, running: Running) -> bool:
        """See :class:`deploy.engine.Engine`."""
        return self._asked("inspect", "--format", "{{.State.Running}}", running.handle) == "true"

    def well(self, running: Running, service: Service) -> bool:
        """See :class:`deploy.engine.Engine`."""
        return self._asked("exec", running.handle, *probe(service)) is not None

    def logs(self, running: Running) -> str:
        """See :class:`deploy.engine.Engine`."""
        return self._asked("logs", "--tail", str(_LOGGED), running.handle) or ""

    def stop(self, running: Running, seconds: int) -> None:
        """See :class:`deploy.engine.Engine`."""
        self._asked("stop", "--time", str(seconds), running.handle)
        self._asked("rm", "--force", running.handle)

    def remove(self, release: str, built: dict[str, Built], services: dict[str, Service]) -> None:
        """See :class:`deploy.engine.Engine`; images that another release runs are kept by the engine."""
        for name, one in built.items():
            service = services.get(name)
            for value in service.environment.values() if service is not None else ():
                if service is not None and value.startswith("{data}/") and "{release}" in value:
                    self._delete(one, service, value.format(**places(self._manifest, service, release)))
            self._asked("image", "rm", one.reference)

    def _delete(self, built: Built, service: Service, folder: str) -> None:
        """Delete a folder of a volume, which only a container sees, with the image that made it."""
        volume = f"type=volume,source={self._manifest.name}-data,target={service.volumes['data']}"
        words = ["python", "-c", "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)", folder]
        self._asked("run", "--rm", *self._fences(service), "--mount", volume, built.reference, *words)

    def _asked(self, *words: str) -> str | None:
        """What a command printed; None where it failed, which is an answer here."""
        try:
            return self._call([self.name, *words])
        except OptionError:
            return None
