"""``deploy/compose.yaml``: all services on one machine."""

from __future__ import annotations

from typing import Any

import yaml

from deploy.containerfile import FILE as CONTAINERFILE
from deploy.containerfile import places, probe
from deploy.images import Image, image_of
from deploy.manifest import Manifest, Service

FILE = "deploy/compose.yaml"
SECRETS_VARIABLE = "GONGBANG_SECRETS"
_HEAD = f"""\
# Derived from deploy/services.yaml and images.lock: python -m deploy derive
# ${SECRETS_VARIABLE} is the folder with the secret files that the manifest names:
#   {SECRETS_VARIABLE}=/etc/gongbang docker compose --file deploy/compose.yaml up --build
"""


def compose(manifest: Manifest, images: dict[str, Image]) -> str:
    """The text of ``deploy/compose.yaml``.

    Raises:
        DataError: an image is not in the lock.
    """
    services = {name: _service(name, one, manifest, images) for name, one in manifest.services.items()}
    volumes = {volume for service in manifest.services.values() for volume in service.volumes}
    used = {name for service in manifest.services.values() for name in service.secrets}
    tree = {
        "name": manifest.name,
        "services": services,
        "networks": {"default": {"name": manifest.name}},
        "volumes": {name: {"name": f"{manifest.name}-{name}"} for name in sorted(volumes)},
        "secrets": {
            name: {"file": f"${{{SECRETS_VARIABLE}:?name the folder of secrets}}/{name}"}
            for name in manifest.secrets
            if name in used
        },
    }
    return _HEAD + yaml.dump(tree, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=110)


def _service(name: str, service: Service, manifest: Manifest, images: dict[str, Image]) -> dict[str, Any]:
    health = service.health
    told: dict[str, Any] = {}
    if service.build is not None:
        build = manifest.build_of(service)
        told["build"] = {"context": "..", "dockerfile": CONTAINERFILE, "target": name}
        told["image"] = f"{manifest.name}-{name}"
        told["user"] = f"{build.user.id}:{build.user.id}"
    else:
        told["image"] = image_of(service.image or "", images).reference
    filling = places(manifest, service, "compose")
    if service.command is not None:
        told["command"] = service.words(**filling) if service.build is not None else list(service.command)
    if service.environment:
        told["environment"] = service.filled(**filling)
    if service.secrets:
        told["secrets"] = [{"source": key, "target": path} for key, path in service.secrets.items()]
    if service.traffic:
        told["ports"] = [f"127.0.0.1:{service.port}:{service.port}"]
    if service.volumes:
        told["volumes"] = [f"{key}:{path}" for key, path in service.volumes.items()]
    if service.temporary:
        told["tmpfs"] = list(service.temporary)
    if service.depends_on:
        told["depends_on"] = {other: {"condition": "service_healthy"} for other in service.depends_on}
    if service.build is not None:  # images of others need what their own start scripts need
        told |= {"read_only": service.read_only, "cap_drop": ["ALL"]}
    return told | {
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": service.limits.memory,
        "cpus": service.limits.cpus,
        "pids_limit": service.limits.processes,
        "healthcheck": {
            "test": ["CMD", *probe(service)],
            "interval": f"{health.every_s}s",
            "timeout": f"{health.timeout_s}s",
            "start_period": f"{health.start_s}s",
            "retries": health.retries,
        },
        "stop_grace_period": f"{service.stop_s}s",
        "restart": "unless-stopped",
    }


class _Plain(yaml.SafeDumper):
    """Writes lists within entries indented, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True
