"""The artifacts and documents that settings name, opened."""

from __future__ import annotations

import logging
from pathlib import Path

from gongbang.apps.ask import Ask
from gongbang.artifacts.defaults import ENCODER
from gongbang.runtime.encoder import load_encoder
from gongbang.serve.metrics import Metrics
from gongbang.serve.models.asking import Asking
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.models.served import Served
from gongbang.serve.service import ChatService, Service
from gongbang.serve.settings import ServeSettings

_LOG = logging.getLogger(__name__)


def open_room(settings: ServeSettings, metrics: Metrics, service: Service | None) -> ModelRoom:
    """The artifacts of the settings at work, the chatbot's among them, and the encoder that games need.

    Raises:
        ArtifactError: one cannot be used. OptionError: two have the same name.
    """
    room = ModelRoom(settings.limits, mixing=settings.mixing, at_once=settings.at_once, metrics=metrics)
    if isinstance(service, ChatService) and service.model.predictor is not None:
        name = Path(settings.artifact).name
        room.add(name, settings.artifact, predictor=service.model.predictor, prepare=service.prepare)
    for name, source in settings.models.items():
        if not (name in room and room.get(name).source == source):  # the chatbot's may be named again
            room.add(name, source)
    if settings.database and settings.games and settings.dense and any(one.task == "boolq" for one in room):
        room.encoder = load_encoder(settings.encoder or ENCODER)
    return room


def open_asking(settings: ServeSettings, room: ModelRoom) -> Asking:
    """What answers questions to the documents of the settings; its reader is one of the room's artifacts.

    Raises:
        ArtifactError: the reader or the encoder cannot be used. DataError: no document could be read.
        SearchIndexError: the index cannot be used.
    """
    reader = _reader(settings, room)
    reader.predictor.artifact.require_task("reader")
    encoder = (room.encoder or settings.encoder or ENCODER) if settings.dense else None
    if settings.index:
        ask = Ask.from_index(settings.index, reader=reader, encoder=encoder)
    else:
        ask = Ask.from_paths(settings.docs, reader=reader, encoder=encoder)
    for problem in ask.problems:
        _LOG.warning("%s", problem)
    _LOG.info("%d documents, %d passages (%s)", len(ask.library), len(ask.library.index), ask.library.kind)
    return Asking(ask, settings.limits, gate=room.gate, metrics=room.metrics)


def _reader(settings: ServeSettings, room: ModelRoom) -> Served:
    """The artifact of the room that reads; served too where it was not yet."""
    for served in room:
        if served.source == settings.reader:
            return served
    return room.add(Path(settings.reader).name, settings.reader)
