"""``gongbang serve``: models, questions to documents, games, jobs and the chatbot, over HTTP."""

from __future__ import annotations

import argparse
import os
from dataclasses import fields, replace
from importlib.util import find_spec
from typing import Any

from gongbang.cli.output import emit, note
from gongbang.errors import MissingExtraError

_NEEDED = ("fastapi", "uvicorn", "sqlalchemy", "alembic", "prometheus_client")
_WITHOUT_FLAG = ("keys",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A flag for each setting of :class:`~gongbang.serve.settings.ServeSettings`."""
    from gongbang.serve.settings import ServeSettings

    parser.add_argument(
        "--config", metavar="FILE.yaml", help="settings by name; $GONGBANG_SERVE_... and flags go before it"
    )
    parser.add_argument(
        "--print-config", action="store_true", help="print the settings as they are resolved, and end"
    )
    for field in fields(ServeSettings):
        if field.name not in _WITHOUT_FLAG:
            _add_flag(parser, field)


def _add_flag(parser: argparse.ArgumentParser, field: Any) -> None:
    told = field.metadata.get("help", "")
    flag = "--" + (field.metadata.get("flag") or field.name.replace("_", "-"))
    if field.type in ("bool", "bool | None"):
        parser.add_argument(
            flag, dest=field.name, action=argparse.BooleanOptionalAction, default=None, help=told
        )
        return
    many = field.default == () or field.name == "models"  # given once for each
    shown = "" if field.default in (None, ()) else f" ({field.default})"
    parser.add_argument(
        flag,
        dest=field.name,
        metavar=field.metadata.get("metavar") or field.name.upper(),
        action="append" if many and field.name != "docs" else "store",
        nargs="+" if field.name == "docs" else None,
        help=told + shown,
    )


def run(args: argparse.Namespace) -> Any:
    """Serve until it is interrupted."""
    for package in _NEEDED:
        if find_spec(package) is None:
            raise MissingExtraError(package, extra="serve", purpose="serving over HTTP")
    from gongbang.cli.sources import documents_named
    from gongbang.serve.configuration import NAMES, resolve, shown

    flags = {name: getattr(args, name, None) for name in NAMES}
    settings = resolve(flags, os.environ, args.config)
    settings = replace(settings, docs=tuple(documents_named(settings.docs)))
    resolved = shown(settings) | {"chat": settings.chats()}
    if args.print_config:
        return emit(resolved, args, lambda: _yaml(resolved))
    note(args, _yaml({name: value for name, value in resolved.items() if value not in (None, [], {})}))
    return _serve(args, settings)


def _serve(args: argparse.Namespace, settings: Any) -> dict[str, str]:
    import uvicorn

    from gongbang.runtime.engines import default_threads
    from gongbang.search.onnx_sessions import share_threads
    from gongbang.serve.app import create_app

    share_threads(default_threads())  # before the first model is opened
    app = create_app(settings)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    note(args, f"http://{host}:{settings.port}/docs")
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who asks is who connects
    )

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            app.state.ending = True  # streams of events end, which the server would wait for
            super().handle_exit(sig, frame)

    Server(config).run()
    return {"served": f"http://{host}:{settings.port}"}


def _yaml(tree: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).rstrip()
