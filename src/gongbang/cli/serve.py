"""``gongbang serve``: the chatbot, its answers and what was said, over HTTP."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gongbang.cli.output import note
from gongbang.errors import MissingExtraError

_NEEDED = ("fastapi", "uvicorn", "sqlalchemy", "alembic")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "--database", required=True, metavar="URL", help="such as sqlite:///answers.db, or a file's path"
    )
    parser.add_argument("--artifact", default="respond-ko", metavar="NAME", help="the responder (respond-ko)")
    parser.add_argument("--host", default="127.0.0.1", help="where it listens (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="and at which port (8000)")
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="confidence below which it asks back (the artifact's own)",
    )
    parser.add_argument(
        "--vectors",
        type=Path,
        metavar="DIR",
        help="the folder for the answers' vectors, of this server alone (one in the cache)",
    )


def run(args: argparse.Namespace) -> Any:
    """Serve until it is interrupted."""
    for package in _NEEDED:
        if find_spec(package) is None:
            raise MissingExtraError(package, extra="serve", purpose="serving over HTTP")
    from gongbang.serve.settings import ServeSettings

    settings = ServeSettings(args.database, args.artifact, args.host, args.port, args.threshold, args.vectors)
    import uvicorn

    from gongbang.serve.app import create_app

    app = create_app(settings)
    host = f"[{args.host}]" if ":" in args.host else args.host
    note(args, f"http://{host}:{args.port}/docs")
    config = uvicorn.Config(
        app,
        host=args.host,
        port=args.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who asks is who connects
    )
    uvicorn.Server(config).run()
    return {"served": f"http://{host}:{args.port}"}
