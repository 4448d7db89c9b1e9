"""The engine without containers: the same wheel and the same packages in an environment of their own.

For machines without an engine, and for proving the steps of a release where there is none. What a container
keeps apart is not kept apart here: the user, the file system and the limits are those of whoever starts it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from deploy.engine import Built, Running
from deploy.lists import compare_wheel, local_files, need_same
from deploy.locks import wheels_only
from deploy.manifest import BUILD, Manifest, Service
from gongbang.artifacts.hashing import bytes_hash, file_hash
from gongbang.errors import GongbangError, OptionError

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "GONGBANG_MODELS", "GONGBANG_THREADS", "OMP_NUM_THREADS")
_LOGGED = 60
_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python")


class ProcessEngine:
    """Services as processes.

    Args:
        root: the checkout.
        manifest: what is deployed.
        secrets: the folder of secret files.
        data: the folder that lasts, which all releases share.
        packages: a folder of installed packages to use in the place of the pinned ones. For tests, which need
            not fetch the same packages again; None installs the locks.
        host: where services listen.
    """

    name = "process"

    def __init__(
        self,
        root: Path,
        manifest: Manifest,
        secrets: Path,
        data: Path,
        *,
        packages: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self._root, self._manifest, self._secrets = root, manifest, secrets.absolute()
        self._data, self._packages, self._host = data.absolute(), packages, host
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def check(self) -> None:
        """See :class:`deploy.engine.Engine`."""
        if not Path("/proc/self/stat").exists():
            raise OptionError(
                "processes cannot be told apart on this platform.",
                value=sys.platform,
                allowed="Linux",
                cure="Use containers: --engine docker",
            )

    def build(self, services: dict[str, Service], folder: Path) -> dict[str, Built]:
        """See :class:`deploy.engine.Engine`: the build's files are copied, and nothing else is looked at."""
        sources, wheels = folder / "context", folder / "wheels"
        seen = local_files(self._root)
        for path in seen:
            (sources / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self._root / path, sources / path, follow_symlinks=False)
        make = [*_PIP, self._maker(folder, sources), "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        _do([*make, "--wheel-dir", str(wheels), "--no-index", str(sources)])
        (wheel,) = wheels.glob("*.whl")
        built: dict[str, Built] = {}
        for name in dict.fromkeys(service.build or "" for service in services.values()):
            need_same(compare_wheel(wheel, self._manifest.builds[name], seen))
            digest = self._environment(name, folder, wheel, make)
            for key, service in services.items():
                if service.build == name:
                    built[key] = Built(key, str(folder / name / "environment"), digest)
        for made in (sources, wheels, folder / "tools"):
            shutil.rmtree(made, ignore_errors=True)
        return built

    def _environment(self, build: str, folder: Path, wheel: Path, make: Sequence[str]) -> str:
        """Make an environment as the container file does, wheels first; gives its digest."""
        here, told = folder / build, self._manifest.builds[build]
        locks = [folder / "context" / path for path in told.locks]
        wheels = [wheel]
        if self._packages is None:
            fetched = here / "wheels"
            words = [word for path in locks for word in ("-r", str(path))]
            _do([*make, "--wheel-dir", str(fetched), *wheels_only(told.from_source), *words])
            wheels += sorted(fetched.glob("*.whl"))
        self._install(here / "environment", wheels)
        shutil.rmtree(here / "wheels", ignore_errors=True)
        return f"sha256:{bytes_hash(''.join(map(file_hash, [wheel, *locks])).encode())}"

    def _install(self, environment: Path, wheels: Sequence[Path]) -> None:
        """Nothing but these wheels, without an index and without pip."""
        environment.parent.mkdir(exist_ok=True)
        _do([sys.executable, "-m", "venv", "--without-pip", str(environment)])
        words = ["install", "--quiet", "--no-deps", "--no-index", *map(str, wheels)]
        _do([*_PIP, str(environment / "bin" / "python"), *words])
        if self._packages is not None:  # behind what is installed: this wheel is the one that is found
            site = next((environment / "lib").glob("python*/site-packages"))
            (site / "borrowed.pth").write_text(f"{self._packages}\n", encoding="utf-8")

    def _maker(self, here: Path, sources: Path) -> str:
        """The interpreter of an environment that builds wheels."""
        if self._packages is not None:
            return sys.executable
        python = str(here / "tools" / "bin" / "python")
        _do([sys.executable, "-m", "venv", "--without-pip", str(here / "tools")])
        words = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", "-r", str(sources / BUILD)]
        _do([*_PIP, python, *words])
        return python

    # -- at work ---------------------------------------------------------------------------------------

    def _places(
        self, release: str, port: int | None, beside: Mapping[str, Running] | None = None
    ) -> dict[str, str | int]:
        told = {"host": self._host, "data": str(self._data), "secrets": str(self._secrets)}
        others = {name: f"http://{self._host}:{one.port}" for name, one in (beside or {}).items()}
        return {**others, **told, "port": port or 0, "release": release}

    def _alive_file(self, release: str, service: str) -> Path:
        return self._data / "alive" / f"{release}-{service}"

    def _words(self, words: Sequence[str], environment: Path, release: str, service: str) -> list[str]:
        """A command of the manifest, its program out of the environment, ``/tmp/alive`` a file of its own."""
        program = environment / "bin" / words[0]
        if not program.exists():
            raise OptionError(
                "the release has no such program.",
                value=words[0],
                allowed=f"a program of {environment}/bin",
                cure="Mend the command in deploy/services.yaml.",
            )
        alive = str(self._alive_file(release, service))
        return [str(program), *(word.replace("/tmp/alive", alive) for word in words[1:])]

    def start(
        self, built: Built, service: Service, release: str, port: int | None, beside: Mapping[str, Running]
    ) -> Running:
        """See :class:`deploy.engine.Engine`. The process outlives whoever started it."""
        environment = Path(built.reference)
        filling = self._places(release, port, beside)
        words = self._words(service.words(**filling), environment, release, built.service)
        log = environment.parent / f"{built.service}.log"
        self._alive_file(release, built.service).parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            child = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self._data,
                env=self._variables(environment, service.filled(**filling)),
                start_new_session=True,
            )
        handle = f"{child.pid}:{_born(child.pid)}:{release}:{log}"
        self._children[handle] = child
        return Running(built.service, handle, port)

    def _variables(self, environment: Path, filled: dict[str, str]) -> dict[str, str]:
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        path = f"{environment}/bin:{passed.get('PATH', os.defpath)}"
        own = {"PATH": path, "HOME": str(self._data), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        return {**passed, **own, **filled}

    def alive(self, running: Running) -> bool:
        """See :class:`deploy.engine.Engine`: the same process, not another one that got its number."""
        child = self._children.get(running.handle)
        if child is not None and child.poll() is not None:
            return False
        pid, born, *_ = running.handle.split(":", 3)
        return _born(int(pid)) == born != ""

    def well(self, running: Running, service: Service) -> bool:
        """See :class:`deploy.engine.Engine`."""
        _, _, release, log = running.handle.split(":", 3)
        environment = Path(log).parent / "environment"
        alive = str(self._alive_file(release, running.service))
        words = [word.replace("/tmp/alive", alive) for word in service.health.run or []]
        if not words:
            return self.alive(running)
        if (environment / "bin" / words[0]).exists():
            words[0] = str(environment / "bin" / words[0])
        done = subprocess.run(words, capture_output=True, check=False, cwd=self._data)
        return done.returncode == 0

    def logs(self, running: Running) -> str:
        """See :class:`deploy.engine.Engine`."""
        file = Path(running.handle.split(":", 3)[3])
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        return "\n".join(text.splitlines()[-_LOGGED:])

    def stop(self, running: Running, seconds: int) -> None:
        """See :class:`deploy.engine.Engine`."""
        pid = int(running.handle.partition(":")[0])
        for number, wait in ((signal.SIGTERM, float(seconds)), (signal.SIGKILL, 10.0)):
            if not self.alive(running):
                break
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
            until = time.monotonic() + wait
            while self.alive(running) and time.monotonic() < until:
                time.sleep(0.05)
        self._children.pop(running.handle, None)

    def remove(self, release: str, built: dict[str, Built], services: dict[str, Service]) -> None:
        """See :class:`deploy.engine.Engine`."""
        for name, one in built.items():
            shutil.rmtree(Path(one.reference).parent, ignore_errors=True)
            self._alive_file(release, name).unlink(missing_ok=True)
            for value in services[name].environment.values() if name in services else ():
                if value.startswith("{data}/") and "{release}" in value:
                    shutil.rmtree(value.format(**self._places(release, None)), ignore_errors=True)


def _born(pid: int) -> str:
    """When a process began, in ticks of the machine; "" where it is gone, or dead and not yet buried."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = told.rpartition(")")[2].split()  # a program's name may hold anything
    return "" if fields[0] in "ZX" else fields[19]


def _do(words: Sequence[str], **options: Any) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        list(words), capture_output=True, text=True, errors="replace", check=False, env=environment, **options
    )
    if done.returncode:
        raise BuildError(
            "the release cannot be built.",
            value=" ".join((done.stderr or done.stdout).split()[-60:]),
            allowed="sources that become a wheel, and packages that can be had",
            cure=f"Try it by hand: {' '.join(words)}",
        )


class BuildError(GongbangError):
    """A release that cannot be built."""
