"""The studio as an application: its pages in each language, and what keeps them to themselves.

Nothing is loaded from elsewhere: Gradio's own scripts and fonts come from this server, its telemetry is off,
and a Content-Security-Policy has the browser refuse whatever would go beyond.
"""

from __future__ import annotations

import hmac
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gongbang.serve.guard import Guard
from gongbang.serve.studio.client import Client
from gongbang.serve.studio.markup import PAGES, STYLE, address
from gongbang.serve.studio.page import Page, gradio
from gongbang.serve.studio.pages import ask, chat, classify, compare, play, review
from gongbang.serve.studio.pictures import Stickers
from gongbang.serve.studio.settings import StudioSettings
from gongbang.serve.studio.words import LANGUAGES, Words

_BUILD: dict[str, Callable[..., None]] = {
    "ask": ask.build,
    "chat": chat.build,
    "play": play.build,
    "classify": classify.build,
    "compare": compare.build,
    "review": review.build,
}
_OPENED = ("play", "classify", "compare", "review")  # pages that read something when they are opened
USER = "gongbang"
"""Whom a visitor signs in as, where a password is asked for."""
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio's page starts by inline scripts
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_FONTS = (
    "system-ui",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "Noto Sans KR",
    "Noto Sans CJK KR",
    "sans-serif",
)
_MOST_BYTES = "1mb"
_LANGUAGE = """<script>(() => {
  const page = document.documentElement, language = "%s"
  const say = () => { if (page.lang !== language) page.lang = language }
  new MutationObserver(say).observe(page, {attributeFilter: ["lang"]})
  say()
})()</script>"""  # Gradio sets the browser's own language, which is not that of the words


def create_studio(settings: StudioSettings) -> FastAPI:
    """The studio, ready to be served.

    Raises:
        MissingExtraError: Gradio is not installed.
        OptionError: the API's address, or the folder of stickers, cannot be used.
        DataError: the catalogue of stickers is faulty.
    """
    _quiet()
    gr = gradio()
    client = Client(settings.api, settings.key)
    stickers = Stickers.open(settings.stickers)
    app = FastAPI(title="Gongbang studio", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse(address(PAGES[0], settings.language))

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return Response(status_code=204)

    for language in LANGUAGES:
        words = Words(language)
        pages = build_pages(gr, client, words, settings.runs, stickers)
        app = mount(gr, app, pages, words, settings)
    app.add_middleware(Guard, anywhere=bool(settings.password))
    app.add_middleware(KeptIn)
    return app


def build_pages(gr: Any, client: Client, words: Words, runs: Path | None, stickers: Stickers) -> Any:
    """The pages of one language, as Gradio's Blocks."""
    pages = gr.Blocks(analytics_enabled=False, title=words("studio"))
    for name in PAGES:
        # A page other than the first is a route of the same Blocks, which is entered again for it.
        first = name == PAGES[0]
        with pages if first else pages.route(words(name), name, show_in_navbar=False) as opened:
            page = Page(name, client, words, runs, stickers, gr)
            given = (opened.load,) if name in _OPENED else ()
            _BUILD[name](page, *given)
    return pages


def mount(gr: Any, app: FastAPI, pages: Any, words: Words, settings: StudioSettings) -> FastAPI:
    """The application with the pages of one language under its name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="SSR mode is not supported")
        mounted: FastAPI = gr.mount_gradio_app(
            app,
            pages,
            f"/{words.language}",
            auth=None if settings.password is None else _door(settings.password),
            footer_links=[],
            run_history=False,  # a visitor's questions are not kept in the browser
            ssr_mode=False,
            enable_monitoring=False,
            pwa=False,
            mcp_server=False,
            show_error=False,
            max_file_size=_MOST_BYTES,
            theme=_theme(gr),
            css=STYLE,
            head=_LANGUAGE % words.language,
        )
    return mounted


def _theme(gr: Any) -> Any:
    theme = gr.themes.Default(
        font=list(_FONTS), font_mono=["ui-monospace", "monospace"], primary_hue="amber", neutral_hue="stone"
    )
    dark = {f"button_primary_background_fill{end}": "*primary_700" for end in ("", "_dark")}
    darker = {f"button_primary_background_fill_hover{end}": "*primary_800" for end in ("", "_dark")}
    return theme.set(**dark, **darker, body_text_color_subdued="*neutral_600")  # white on it, 5 to 1


def _door(password: str) -> Callable[[str, str], bool]:
    def known(user: str, typed: str) -> bool:
        same = hmac.compare_digest(typed.encode(), password.encode())
        return same and user == USER

    return known


def _quiet() -> None:
    """Set what Gradio reads when it is imported: no telemetry, and files in a folder of its own."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault(
        "GRADIO_TEMP_DIR", str(Path(tempfile.gettempdir()) / f"gongbang-studio-{os.getuid()}")
    )


class KeptIn:
    """Has browsers load nothing from elsewhere, show the studio in no other page, and tell nobody of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = POLICY
                headers["Referrer-Policy"] = "same-origin"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self.app(scope, receive, sent)
