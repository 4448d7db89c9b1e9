"""``deploy/Containerfile``: a stage that builds, one of what is installed, and one a service on top."""

from __future__ import annotations

import json
from collections.abc import Iterable

from deploy.images import Image, image_of
from deploy.locks import wheels_only
from deploy.manifest import BUILD, Build, Manifest, Service

FILE = "deploy/Containerfile"
DATA, SECRETS, HOST = "/var/lib/gongbang", "/run/secrets", "0.0.0.0"
_INSTALLED = "/opt/gongbang"
_WHEEL = "tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels"
_HEAD = """\
# Derived from deploy/services.yaml, images.lock and pyproject.toml: python -m deploy derive
# Build one service: docker build --file deploy/Containerfile --target server --tag gongbang-server:try .
"""


def places(
    manifest: Manifest, service: Service, release: str, named: str = "{service}"
) -> dict[str, str | int]:
    """What the names in braces are inside a container.

    Args:
        manifest: with the services that this one asks.
        service: whose they are.
        release: it belongs to.
        named: by which name another service's container is found; compose gives it the service's own.
    """
    others: dict[str, str | int] = {
        other: f"http://{named.format(service=other)}:{manifest.services[other].port}"
        for other in service.asks()
    }
    return others | {
        "host": HOST,
        "port": service.port or 0,
        "data": service.volumes.get("data", DATA),
        "secrets": SECRETS,
        "release": release,
    }


def probe(service: Service) -> list[str]:
    """The words that tell by their exit code whether a service is well; no client is needed in the image."""
    if service.health.run is not None:
        return list(service.health.run)
    address = f"http://127.0.0.1:{service.port}{service.health.get}"
    seconds = service.health.timeout_s
    return [
        "python",
        "-c",
        f"import urllib.request; urllib.request.urlopen('{address}', timeout={seconds})",
    ]


def containerfile(manifest: Manifest, images: dict[str, Image]) -> str:
    """The text of ``deploy/Containerfile``.

    Raises:
        DataError: a base is not in the lock of images.
    """
    parts = [_HEAD]
    for name, build in manifest.building.items():
        base = image_of(build.base, images).reference
        parts += [_building(name, build, base), _installed(name, build, base)]
        parts += [_service(key, manifest) for key, one in manifest.ours.items() if one.build == name]
    return "\n".join(parts)


def _building(name: str, build: Build, base: str) -> str:
    locks = " ".join(f"-r {path}" for path in build.locks)
    lines = [
        f"# {_sentence(build.summary)}: the wheel and its exact packages, made where a compiler would be.",
        f"FROM {base} AS {name}-build",
        "ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore",
        "WORKDIR /build",
        f"COPY {' '.join((BUILD, *build.locks))} requirements/",
        _run(
            "python -m venv tools",
            f"tools/bin/pip install --no-deps --only-binary :all: -r {BUILD}",
            f"{_WHEEL} {' '.join(wheels_only(build.from_source))} {locks}",
        ),
        f"COPY {' '.join(build.needs)} ./",
        *(f"COPY {path} {path}" for path in build.installs),
        _run(
            f"{_WHEEL} --no-index .",
            f"python -m venv --without-pip {_INSTALLED}",
            f"tools/bin/pip --python {_INSTALLED}/bin/python install --no-deps --no-index wheels/*.whl",
        ),
    ]
    return "\n".join(lines) + "\n"


def _installed(name: str, build: Build, base: str) -> str:
    user = build.user
    lines = [
        f"FROM {base} AS {name}",
        _run(
            f"groupadd --gid {user.id} {user.name}",
            f"useradd --uid {user.id} --gid {user.id} --home-dir {DATA} --shell /bin/false {user.name}",
            f"install --directory --owner {user.id} --group {user.id} --mode 0750 {DATA}",
        ),
        f"COPY --from={name}-build {_INSTALLED} {_INSTALLED}",
        f"ENV PATH={_INSTALLED}/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1",
        f"WORKDIR {DATA}",
        f"USER {user.id}:{user.id}",
    ]
    return "\n".join(lines) + "\n"


def _service(name: str, manifest: Manifest) -> str:
    service = manifest.services[name]
    filling = places(manifest, service, "image")
    lines = [f"# {_sentence(service.summary)}.", f"FROM {service.build} AS {name}"]
    if filled := service.filled(**filling):
        lines.append("ENV " + _joined(f"{key}={_quoted(value)}" for key, value in filled.items()))
    if service.port is not None:
        lines.append(f"EXPOSE {service.port}")
    health = service.health
    lines += [
        f"HEALTHCHECK --interval={health.every_s}s --timeout={health.timeout_s}s "
        f"--start-period={health.start_s}s --retries={health.retries} \\\n"
        f"    CMD {json.dumps(probe(service))}",
        f"CMD {json.dumps(service.words(**filling))}",
    ]
    return "\n".join(lines) + "\n"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _run(*commands: str) -> str:
    return "RUN " + " \\\n && ".join(commands)


def _joined(words: Iterable[str]) -> str:
    return " \\\n    ".join(words)


def _quoted(value: str) -> str:
    return value if value and all(c.isalnum() or c in "/._:@-" for c in value) else json.dumps(value)
