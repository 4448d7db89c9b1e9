"""What runs a release: containers where there is an engine, plain processes where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from deploy.manifest import Service


@dataclass(frozen=True, slots=True)
class Built:
    """One service of a release, ready to start.

    Attributes:
        service: its name in the manifest.
        reference: what the engine starts: an image by digest, or the folder of an environment.
        digest: ``sha256:...`` of what was built.
    """

    service: str
    reference: str
    digest: str


@dataclass(frozen=True, slots=True)
class Running:
    """One service at work.

    Attributes:
        service: its name in the manifest.
        handle: what the engine knows it by.
        port: where it is reached on this machine; None where it is not.
    """

    service: str
    handle: str
    port: int | None

    def to_dict(self) -> dict[str, Any]:
        """As the record of a release holds it."""
        return {"service": self.service, "handle": self.handle, "port": self.port}


class Engine(Protocol):
    """Builds services, starts and stops them. Nothing in it knows of traffic."""

    name: str

    def check(self) -> None:
        """Refuse to begin where nothing could be built or run, or what would be is not pinned.

        Raises:
            GongbangError: what is missing.
        """

    def build(self, services: dict[str, Service], folder: Path) -> dict[str, Built]:
        """Build the services of a release, or fetch what was built elsewhere.

        Args:
            services: by name.
            folder: of the release, for what belongs to it.

        Raises:
            GongbangError: something cannot be built.
        """

    def start(
        self, built: Built, service: Service, release: str, port: int | None, beside: Mapping[str, Running]
    ) -> Running:
        """Start a service beside whatever runs already.

        Args:
            built: what to start. service: as what. release: to which it belongs.
            port: where it is reached on this machine; None where it is not.
            beside: what runs of the same release, by service; those that it asks are among them.

        Raises:
            GongbangError: it cannot be started at all.
        """

    def alive(self, running: Running) -> bool:
        """Whether it still runs."""

    def well(self, running: Running, service: Service) -> bool:
        """Whether its own health check, which is a command, ends with 0."""

    def logs(self, running: Running) -> str:
        """The last lines it wrote."""

    def stop(self, running: Running, seconds: int) -> None:
        """Stop it, gently for so many seconds; nothing happens where it is gone."""

    def remove(self, release: str, built: dict[str, Built], services: dict[str, Service]) -> None:
        """Delete what a release alone needs: its images or environment, and its own folders of data."""
