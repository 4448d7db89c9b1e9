"""The application: resources over one database and one artifact."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gongbang import __version__
from gongbang.serve.guard import Guard
from gongbang.serve.openapi import document
from gongbang.serve.problems import install
from gongbang.serve.routes import answers, chat, conversations, feedback, files, health, pages
from gongbang.serve.service import Model, Service
from gongbang.serve.settings import ServeSettings


def create_app(settings: ServeSettings, model: Model | None = None) -> FastAPI:
    """An application that is ready to serve; of a database that is away it says so, and recovers.

    Pages of other origins get no answer (CORS is closed), and the documentation loads nothing from elsewhere.

    Args:
        settings: see :class:`ServeSettings`.
        model: what replies; the artifact of the settings when None.

    Raises:
        ArtifactError: the artifact cannot be used.
        OptionError: the URL of the database cannot be used.
        StoreError: the database's tables are of a newer version.
    """
    service = Service(settings, model)
    service.warm()

    @asynccontextmanager
    async def open_until_the_end(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="Gongbang",
        version=__version__,
        summary="A chatbot over known answers: the answers, the talk, and what people think of it.",
        docs_url=None,  # the pages that come with it load scripts from other hosts
        redoc_url=None,
        lifespan=open_until_the_end,
    )
    app.state.service = service
    install(app)
    for resource in (files, answers, chat, conversations, feedback, health, pages):
        app.include_router(resource.router)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    app.add_middleware(Guard, files=frozenset({files.IMPORT}))
    return app
