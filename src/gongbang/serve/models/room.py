"""All artifacts of a server: by name, on one pool of threads, and watched for new versions."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from gongbang.artifacts.store import nearest
from gongbang.errors import GongbangError, ModelMissingError, OptionError
from gongbang.runtime.load import load
from gongbang.runtime.predictor import Predictor
from gongbang.search.base import Encoder
from gongbang.serve.metrics import Metrics
from gongbang.serve.models.batcher import Limits
from gongbang.serve.models.served import Mixing, Opened, Prepared, Served

_LOG = logging.getLogger(__name__)


class ModelRoom:
    """Artifacts by name.

    Args:
        limits: of each one's queue.
        mixing: see :class:`~gongbang.serve.models.served.Served`.
        at_once: batches that are worked on at the same time, of one model or of several; the processor
            threads of their models are shared.
        metrics: what is counted.
        opener: loads a folder.

    Attributes:
        encoder: gives texts their vectors, for games and /v1/ask; it has no queue. None where there is none.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        mixing: Mixing = "equal",
        at_once: int = 2,
        metrics: Metrics | None = None,
        opener: Opened = load,
    ) -> None:
        self.limits, self.mixing = limits or Limits(), mixing
        self.metrics = metrics or Metrics()
        self.at_once, self.gate = at_once, threading.BoundedSemaphore(at_once)
        self.encoder: Encoder | None = None
        self._opener = opener
        self._held: dict[str, Served] = {}
        self._stop = threading.Event()
        self._watch: threading.Thread | None = None

    def __iter__(self) -> Iterator[Served]:
        return iter(self._held.values())

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, name: object) -> bool:
        return name in self._held

    def add(
        self,
        name: str,
        source: str | Path,
        *,
        predictor: Predictor | None = None,
        prepare: Prepared | None = None,
    ) -> Served:
        """Put an artifact to work; see :class:`~gongbang.serve.models.served.Served`.

        Raises:
            ArtifactError: it cannot be used.
            OptionError: another artifact has this name.
        """
        if name in self._held:
            raise OptionError(
                "two artifacts would have the same name.",
                value=f"{name}: {self._held[name].source} and {source}",
                allowed="a name of its own for each",
                cure=f"Name one of them: --model other={source}.",
            )
        made = Served(
            name,
            source,
            limits=self.limits,
            mixing=self.mixing,
            gate=self.gate,
            threads=self.at_once,
            metrics=self.metrics,
            opener=self._opener,
            prepare=prepare,
            predictor=predictor,
        )
        self._held[name] = made
        return made

    def get(self, name: str) -> Served:
        """The artifact of a name.

        Raises:
            ModelMissingError: there is none.
        """
        held = self._held.get(name)
        if held is None:
            near = nearest(name, self._held, count=1)
            raise ModelMissingError(
                "this server has no model of that name.",
                value=name,
                allowed=", ".join(self._held) or "none: the server was started without models",
                cure=f"Did you mean '{near[0]}'?" if near else "GET /v1/models lists them.",
            )
        return held

    def look(self) -> int:
        """Reload what has changed; gives how many artifacts are new. One that cannot be used is logged."""
        new = 0
        for served in self:
            if served.changed():
                try:
                    new += served.reload()
                except GongbangError:  # told in the log; the old one goes on, and the next look tries again
                    continue
        return new

    def watch(self, seconds: float) -> None:
        """Look every so many seconds until the room is closed."""

        def go() -> None:
            while not self._stop.wait(seconds):
                self.look()

        self._watch = threading.Thread(target=go, name="watch", daemon=True)
        self._watch.start()

    def close(self) -> None:
        """Answer who waits, and stop."""
        self._stop.set()
        if self._watch is not None:
            self._watch.join()
        for served in self:
            served.close()
