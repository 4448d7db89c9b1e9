"""``deploy/services.yaml``: each service, typed and checked; an unknown key is told its neighbour."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
    ValidationError,
    model_validator,
)

from gongbang.artifacts.store import nearest
from gongbang.errors import DataError

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = "deploy/services.yaml"
CORE, BUILD = "requirements/core.txt", "requirements/build.txt"
"""Locks that every build installs: what serves, and what makes wheels."""
PLACES = ("host", "port", "data", "secrets", "release")
"""What may stand in braces, beside the name of a service that is depended on; see :meth:`Service.filled`."""


def _inside(path: str) -> str:
    if not path or path.startswith("/") or ".." in path.split("/") or any(c.isspace() for c in path):
        raise ValueError("a path from the repository's root, without spaces and '..'")
    return path


M = TypeVar("M", bound=BaseModel)
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Absolute = Annotated[str, StringConstraints(pattern=r"^/[^\s:]+$")]
Inside = Annotated[str, AfterValidator(_inside)]
Words = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
_SECRET = re.compile(
    r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|(^|_)PASS$|API_?KEY|PRIVATE_KEY", re.IGNORECASE
)
_URL_WITH_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


def holds_secret(name: str, value: str) -> bool:
    """Whether a variable would carry a secret itself, and not the path of a file.

    Example:
        >>> holds_secret("DB_PASSWORD", "x"), holds_secret("DB_PASSWORD_FILE", "/run/secrets/x")
        (True, False)
        >>> holds_secret("DATABASE", "postgresql://me:pw@db/x"), holds_secret("REQUIRE_KEYS", "true")
        (True, False)
    """
    if _URL_WITH_PASSWORD.search(value):
        return True
    path = name.upper().endswith("_FILE") or value.startswith(("{secrets}/", "/run/secrets/"))
    return bool(value) and not path and _SECRET.search(name) is not None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class User(_Strict):
    """Who runs a service of ours inside its image."""

    name: Name
    id: Annotated[int, Field(ge=1000, le=60_000)]


class Build(_Strict):
    """An image of ours: what it is built from, and what of that ends up installed.

    Attributes:
        base: the image below, by its name in the lock of images.
        python: the version that is in it.
        extras: of the package.
        lock: where the exact versions of what the extras need are written.
        from_source: packages that are published without wheels, and what builds each of them.
        needs: files and folders that a build looks at.
        installs: folders, and where each lies in the installed package.
        user: who runs it.
    """

    summary: str
    base: Name
    python: Annotated[str, StringConstraints(pattern=r"^3\.[0-9]+$")]
    extras: list[Name]
    lock: Inside
    from_source: dict[str, list[str]] = {}
    needs: Annotated[list[Inside], Field(min_length=1)]
    installs: Annotated[dict[Inside, Inside], Field(min_length=1)]
    user: User

    @property
    def locks(self) -> tuple[str, str]:
        """The locks of what is installed."""
        return CORE, self.lock

    @property
    def reads(self) -> list[str]:
        """Everything that a build looks at."""
        return [*self.needs, BUILD, *self.locks, *self.installs]


class HealthCheck(_Strict):
    """How it is seen that a service does its work: by an address, or by a command that ends with 0."""

    get: Annotated[str, StringConstraints(pattern=r"^/\S*$")] | None = None
    run: Words | None = None
    every_s: Annotated[int, Field(ge=1, le=600)]
    timeout_s: Annotated[int, Field(ge=1, le=60)]
    start_s: Annotated[int, Field(ge=1, le=600)]
    retries: Annotated[int, Field(ge=1, le=20)]

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.get is None) == (self.run is None):
            raise ValueError("a health check has either 'get' or 'run'")
        return self


class Limits(_Strict):
    """What a service may take at most."""

    memory: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*[mg]$")]
    cpus: Annotated[float | int, Field(gt=0, le=256)]
    processes: Annotated[int, Field(ge=1, le=100_000)]


class Service(_Strict):
    """One service."""

    summary: str
    build: Name | None = None
    image: Name | None = None
    command: Words | None = None
    traffic: bool = False
    environment: dict[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")], str] = {}
    secrets: dict[str, Absolute] = {}
    port: Annotated[int, Field(ge=1024, le=65535)] | None = None
    volumes: dict[Name, Absolute] = {}
    temporary: list[Absolute] = []
    read_only: bool = False
    health: HealthCheck
    limits: Limits
    stop_s: Annotated[int, Field(ge=1, le=600)] = 10
    depends_on: list[Name] = []

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.build is None) == (self.image is None):
            raise ValueError("a service has either 'build' (ours) or 'image' (of others)")
        if self.build is not None and self.command is None:
            raise ValueError("a service of ours needs its 'command'")
        if self.port is None and (self.traffic or self.health.get is not None):
            raise ValueError("traffic and a health check by address need a 'port'")
        for name, value in self.environment.items():
            if holds_secret(name, value):
                raise ValueError(f"'{name}' would hold a secret: name a file under 'secrets' instead")
        words = {f"the word '{word}'": word for word in self.command or []} if self.build else {}
        for name, value in ({f"'{name}'": value for name, value in self.environment.items()} | words).items():
            for place in re.findall(r"\{([^}]*)\}", value):
                if place not in (*PLACES, *self.depends_on):
                    known = ", ".join((*PLACES, *self.depends_on))
                    raise ValueError(f"{name} names {{{place}}}; there are {known}")
        if "{data}" in " ".join(self.environment.values()) and "data" not in self.volumes:
            raise ValueError("{data} needs a volume 'data'")
        return self

    def asks(self) -> list[str]:
        """The services whose address it is told, by ``{name}`` in its environment or its command."""
        told = " ".join([*self.environment.values(), *(self.command or [])])
        return [name for name in self.depends_on if f"{{{name}}}" in told]

    def filled(self, **places: str | int) -> dict[str, str]:
        """The environment with each ``{name}`` replaced, such as ``port=8000``.

        The name of another service stands for its address in the same release, so that what asks it and what
        is asked take the traffic together.
        """
        return {name: value.format(**places) for name, value in self.environment.items()}

    def words(self, **places: str | int) -> list[str]:
        """The command, filled like the environment."""
        return [word.format(**places) for word in self.command or []]


class Manifest(_Strict):
    """Everything that is deployed."""

    name: Name
    secrets: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9.-]*$")], str]
    builds: dict[Name, Build]
    services: dict[Name, Service]

    @model_validator(mode="after")
    def _refers(self) -> Self:
        for name, service in self.services.items():
            _named(name, "build", [service.build] if service.build else [], self.builds)
            _named(name, "secrets", service.secrets, self.secrets)
            _named(name, "depends_on", service.depends_on, set(self.services) - {name})
            if name in PLACES:
                raise ValueError(f"a service may not be called '{name}': {{{name}}} means something else")
            for other in service.asks():
                if self.services[other].port is None or self.services[other].build is None:
                    raise ValueError(f"'{name}' asks '{other}', which is none of ours with a 'port'")
        for name in self.builds:  # both name stages of the container file
            if name in self.services or f"{name}-build" in {*self.services, *self.builds}:
                raise ValueError(f"the build '{name}' and a service, or another build's stage, have one name")
        self._ordered()
        if not [one for one in self.ours.values() if one.traffic]:
            raise ValueError("no service takes traffic")
        return self

    def _ordered(self) -> list[str]:
        waiting, done = dict(self.services), list[str]()
        while waiting:
            free = [name for name, service in waiting.items() if set(done) >= set(service.depends_on)]
            if not free:
                raise ValueError(f"these depend on each other in a ring: {', '.join(sorted(waiting))}")
            done += free
            for name in free:
                del waiting[name]
        return done

    @property
    def ours(self) -> dict[str, Service]:
        """The services that are built here, by name."""
        return {name: service for name, service in self.services.items() if service.build is not None}

    @property
    def order(self) -> list[str]:
        """Ours as they are started: what takes traffic first, and each of those after what it depends on."""
        found = [name for name in self._ordered() if name in self.ours]
        return sorted(found, key=lambda name: not self.services[name].traffic)

    @property
    def building(self) -> dict[str, Build]:
        """The builds that some service of ours is made by, by name."""
        used = {service.build for service in self.ours.values()}
        return {name: build for name, build in self.builds.items() if name in used}

    def build_of(self, service: Service) -> Build:
        """What a service of ours is built from."""
        return self.builds[service.build or ""]


def _named(service: str, key: str, named: Sequence[str] | Mapping[str, Any], known: Any) -> None:
    for name in named:
        if name not in known:
            near = nearest(name, known, count=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise ValueError(f"'{service}': '{key}' names '{name}', which is not there{hint}")


def load_manifest(root: Path = ROOT) -> Manifest:
    """The manifest of a checkout.

    Raises:
        DataError: it is not there, is no YAML, or holds what cannot be; ``field`` is the place.
    """
    path = root / MANIFEST
    return parse_manifest(read_yaml(path, "a mapping of services"), path)


def read_yaml(path: Path, allowed: str) -> Any:
    """A YAML file.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise DataError(
            "the file cannot be read.",
            value=" ".join(str(err).split())[:200],
            allowed=f"YAML in UTF-8: {allowed}",
            cure="Check the path and the line that the message names.",
            path=path,
        ) from err


def parse_manifest(tree: Any, path: Path | str = MANIFEST) -> Manifest:
    """A manifest from plain data.

    Raises:
        DataError: see :func:`load_manifest`.
    """
    return checked(Manifest, tree, path)


def checked(model: type[M], tree: Any, path: Path | str) -> M:
    """Plain data as a model.

    Raises:
        DataError: a key is unknown (with the nearest one), is missing, or has a value that cannot be.
    """
    try:
        return model.model_validate(tree)
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(
            "unknown key." if first["type"] == "extra_forbidden" else _sentence(first["msg"]),
            value=str(first["loc"][-1]) if first["type"] == "extra_forbidden" else _short(first["input"]),
            allowed=_allowed(model, first),
            cure=_cure(model, first),
            path=path,
            field=place or None,
        ) from err


def _short(value: Any) -> str:
    return f"a {type(value).__name__}" if isinstance(value, (Mapping, BaseModel)) else repr(value)[:120]


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ").removesuffix(".") + "."


def _allowed(model: type[BaseModel], error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return ", ".join(_siblings(model, error["loc"]))
    context = {key: value for key, value in (error.get("ctx") or {}).items() if key != "error"}
    return ", ".join(f"{key} {value}" for key, value in context.items()) or "what the message says"


def _cure(model: type[BaseModel], error: Any) -> str:
    if error["type"] == "missing":
        return f"Add '{error['loc'][-1]}'."
    if error["type"] == "extra_forbidden":
        near = nearest(str(error["loc"][-1]), _siblings(model, error["loc"]), count=1)
        return f"Did you mean '{near[0]}'?" if near else "Remove the key."
    return "Change it."


def _siblings(model: type[BaseModel], place: Sequence[Any]) -> list[str]:
    """The keys that are known where an unknown one stands."""
    here: Any = _inner(model.model_fields["root"].annotation) if issubclass(model, RootModel) else model
    for part in place[:-1]:
        fields = getattr(here, "model_fields", {})
        if part in fields:
            here = _inner(fields[part].annotation)
    return list(getattr(here, "model_fields", {}))


def _inner(kind: Any) -> Any:
    """The model within ``Model``, ``Model | None``, ``dict[Name, Model]`` or ``list[Model]``."""
    if hasattr(kind, "model_fields"):
        return kind
    inner = [_inner(one) for one in getattr(kind, "__args__", ())]
    return next((one for one in inner if hasattr(one, "model_fields")), kind)
