"""``gongbang studio``: pages for people over the JSON API."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note
from gongbang.errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from gongbang.serve.studio.settings import StudioSettings

_OF_THE_SERVER = ("docs", "database")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "--api", metavar="URL", help="a server that runs, http://127.0.0.1:8000; without one it is started"
    )
    parser.add_argument(
        "--key-file", metavar="FILE", type=Path, help="holds the API key, where the server asks for one"
    )
    parser.add_argument(
        "--docs", metavar="PATH", nargs="+", default=[], help="what the started server asks (samples)"
    )
    parser.add_argument(
        "--database", metavar="URL", help="where the started server keeps talk and feedback (in the cache)"
    )
    parser.add_argument("--runs", metavar="DIR", type=Path, help="folder of the runs to compare")
    parser.add_argument(
        "--stickers", metavar="DIR", type=Path, help="folder of catalogue.jsonl and its pictures"
    )
    parser.add_argument("--host", metavar="HOST", default="127.0.0.1", help="where it listens (127.0.0.1)")
    parser.add_argument("--port", metavar="N", type=int, default=7860, help="and at which port (7860)")
    parser.add_argument(
        "--password-file", metavar="FILE", type=Path, help="holds what visitors must know, as user 'gongbang'"
    )
    parser.add_argument("--language", choices=("ko", "en"), default="ko", help="of the first page (ko)")


def run(args: argparse.Namespace) -> Any:
    """Serve the pages until it is interrupted."""
    for package, extra in (("gradio", "studio"), ("fastapi", "serve"), ("uvicorn", "serve")):
        if find_spec(package) is None:
            raise MissingExtraError(package, extra=extra, purpose="the studio")
    given = [f"--{name}" for name in _OF_THE_SERVER if getattr(args, name)]
    if args.api and given:
        raise OptionError(
            "the server runs already, and is not started.",
            value=" ".join(("--api", *given)),
            allowed="--api URL, or what a server is started with",
            cure=f"Leave out {' and '.join(given)}, or --api.",
        )
    settings = _settings(args, args.api or "http://127.0.0.1")
    with _api(args) as url:
        return _serve(args, _settings(args, url) if url != settings.api else settings)


def _settings(args: argparse.Namespace, api: str) -> StudioSettings:
    from gongbang.serve.studio.settings import StudioSettings

    return StudioSettings(
        api=api,
        key=_secret(args.key_file),
        host=args.host,
        port=args.port,
        password=_secret(args.password_file),
        runs=args.runs,
        stickers=args.stickers,
        language=args.language,
    )


def _secret(path: Path | None) -> str | None:
    """The first line of a file.

    Raises:
        OptionError: it is blank.
    """
    if path is None:
        return None
    first = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    if not first:
        raise OptionError(
            "the file holds no secret.",
            value=str(path),
            allowed="a key or a password in the first line",
            cure="Write it there, readable by you alone.",
        )
    return first


def _api(args: argparse.Namespace) -> AbstractContextManager[str]:
    """The server that is named, or one of its own."""
    if args.api:
        return nullcontext(args.api)
    from gongbang.cli.sources import documents_named
    from gongbang.serve.studio.api import free_port, own_api, serve_words

    port = free_port()
    words = serve_words(documents_named(args.docs or ["samples"]), args.database, port)
    note(args, f"starting: gongbang {' '.join(words)}")
    return own_api(words, port)


def _serve(args: argparse.Namespace, settings: StudioSettings) -> dict[str, str]:
    import uvicorn

    from gongbang.serve.studio.api import with_sample_answers
    from gongbang.serve.studio.app import create_studio
    from gongbang.serve.studio.client import Client

    if not args.api:
        added = with_sample_answers(Client(settings.api), {"text": "A", "question": "Q"})
        if added:
            note(args, f"{added} sample answers to talk with")
    app = create_studio(settings)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    where = f"http://{host}:{settings.port}"
    note(args, f"{where}  (API: {settings.api})")
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,  # open pages hold a stream, which would be waited for
    )
    return emit({"served": where, "api": settings.api}, args)  # type: ignore[no-any-return]
