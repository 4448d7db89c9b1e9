"""The application: resources over one database, and the artifacts that it was told to serve."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gongbang import __version__
from gongbang.artifacts.defaults import RESPONDER
from gongbang.errors import OptionError
from gongbang.serve.access.door import Door
from gongbang.serve.access.origins import METHODS, SENT, SHOWN, Origins
from gongbang.serve.guard import Guard
from gongbang.serve.measured import Measured
from gongbang.serve.metrics import Metrics
from gongbang.serve.models.asking import Asking
from gongbang.serve.models.opening import open_asking, open_room
from gongbang.serve.models.room import ModelRoom
from gongbang.serve.openapi import document
from gongbang.serve.problems import install
from gongbang.serve.routes import (
    answers,
    ask,
    chat,
    conversations,
    feedback,
    files,
    games,
    health,
    jobs,
    metrics,
    models,
    pages,
    predict,
    review,
)
from gongbang.serve.service import ChatService, Model, Service
from gongbang.serve.settings import ServeSettings

_LOG = logging.getLogger(__name__)
_CHAT = (files, answers, chat, conversations)
_JUDGED = (feedback, review)


def create_app(
    settings: ServeSettings,
    model: Model | None = None,
    *,
    room: ModelRoom | None = None,
    asking: Asking | None = None,
) -> FastAPI:
    """An application that is ready to serve; of a database that is away it says so, and recovers.

    Pages of other origins get no answer unless they are listed, and the documentation loads nothing from
    elsewhere.

    Args:
        settings: see :class:`ServeSettings`.
        model: what replies in the chat; the artifact of the settings when None. It is not used where the
            settings want no chatbot.
        room: the artifacts; those of the settings when None.
        asking: what answers questions to documents; as the settings say when None.

    Raises:
        ArtifactError: an artifact cannot be used.
        OptionError: the URL of the database cannot be used, or there is nothing to serve.
        StoreError: the database's tables are of a newer version.
    """
    counted = Metrics() if room is None else room.metrics
    service = _service(settings, model)
    if room is None:
        room = open_room(settings, counted, service)
    if asking is None and settings.asks:
        asking = open_asking(settings, room)
    if service is None and asking is None and not len(room):
        raise OptionError(
            "there is nothing to serve.",
            value="no model, no documents and no database",
            allowed="--model ARTIFACT, --docs PATH or --database URL, together or alone",
            cure="Serve a model: gongbang serve --model reader-ko.",
        )
    if service is not None:
        service.warm()
    if settings.watch_s is not None:
        room.watch(settings.watch_s)
    app = _assembled(settings, service, room, asking)
    app.state.metrics = counted
    return app


def _service(settings: ServeSettings, model: Model | None) -> Service | None:
    """The database, with the chatbot where there is one; None without a database."""
    if settings.database is None:
        return None
    if settings.chats() or (model is not None and settings.chat is None):
        return ChatService(settings, model)
    if settings.chat is None:
        _LOG.warning("no chatbot: there is no artifact '%s'. --no-chat says that none is wanted.", RESPONDER)
    return Service(settings)


def _assembled(
    settings: ServeSettings, service: Service | None, room: ModelRoom, asking: Asking | None
) -> FastAPI:
    @asynccontextmanager
    async def open_until_the_end(app: FastAPI) -> AsyncIterator[None]:
        yield
        if asking is not None:
            asking.close()
        room.close()
        if service is not None:
            service.close()

    app = FastAPI(
        title="Gongbang",
        version=__version__,
        summary="Models at work, questions to documents, and a chatbot over known answers.",
        docs_url=None,  # the pages that come with it load scripts from other hosts
        redoc_url=None,
        lifespan=open_until_the_end,
    )
    app.state.settings, app.state.service = settings, service
    app.state.room, app.state.asking = room, asking
    install(app)
    for resource in _CHAT if isinstance(service, ChatService) else ():
        app.include_router(resource.router)
    if service is not None:
        for resource in _JUDGED:
            app.include_router(resource.router)
        jobs.add_jobs(app, settings, service.store)
        games.add_games(app, settings, service.store, room)
    if asking is not None:
        app.include_router(ask.router)
    app.include_router(predict.router_of(room, settings.most_records))
    for resource in (models, health, metrics, pages):
        app.include_router(resource.router)
    app.openapi = lambda: document(app, keys=settings.keys_asked)  # type: ignore[method-assign]
    _guarded(app, settings, room.metrics)
    return app


def _guarded(app: FastAPI, settings: ServeSettings, counted: Metrics) -> None:
    """What a request passes before a route, the innermost first."""
    if settings.keys_asked:
        app.add_middleware(Door, keys=settings.keys)
    app.add_middleware(Guard, files=frozenset({files.IMPORT}), anywhere=settings.keys_asked)
    app.add_middleware(Measured, metrics=counted)
    if settings.origins:
        app.add_middleware(
            Origins,
            allow_origins=settings.origins,
            allow_methods=METHODS,
            allow_headers=SENT,
            expose_headers=SHOWN,
        )
