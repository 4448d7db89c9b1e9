"""What is searched and with what, as the verbs that search take it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gongbang.artifacts.defaults import ENCODER
from gongbang.errors import OptionError


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Documents or a saved index, and the encoder."""
    parser.add_argument("--docs", nargs="+", metavar="PATH", help="files, folders or globs to ask")
    parser.add_argument("--index", metavar="DIR", help="a saved index to ask instead of documents")
    add_encoder(parser)


def add_encoder(parser: argparse.ArgumentParser) -> None:
    """The part of the search that goes by meaning."""
    parser.add_argument("--encoder", metavar="DIR", help=f"the encoder: a name or a folder ({ENCODER})")
    parser.add_argument("--no-dense", action="store_true", help="search by words alone")


def documents_named(paths: Sequence[str]) -> list[str]:
    """The paths as they are, but ``samples`` is found in an installed wheel too."""
    from pathlib import Path

    from gongbang.artifacts.store import bundled

    return [str(bundled("samples")) if p == "samples" and not Path(p).exists() else p for p in paths]


def encoder_named(args: argparse.Namespace) -> str | None:
    """The encoder that the options ask for; None for a search by words alone.

    Raises:
        OptionError: an encoder was named for a search that does without.
    """
    if args.no_dense and args.encoder is not None:
        raise OptionError(
            "an encoder was named for a search by words alone.",
            value=f"--no-dense --encoder {args.encoder}",
            allowed="one of the two",
            cure="Leave --no-dense out to search by meaning too, else --encoder.",
        )
    return None if args.no_dense else str(args.encoder or ENCODER)


def encoder_of_index(args: argparse.Namespace) -> str | None:
    """The encoder that ``--index`` is opened with; None where it searches by words alone.

    Raises:
        SearchIndexError: there is no index, or it is damaged.
        OptionError: an encoder was named for an index that was made without.
    """
    from gongbang.apps.library import needs_encoder

    named = encoder_named(args)
    if needs_encoder(args.index):
        return named
    if args.encoder is not None:
        raise OptionError(
            f"{args.index}: the index searches by words alone, and needs no encoder.",
            value=f"--encoder {args.encoder}",
            allowed="an index that was built with an encoder",
            cure="Leave --encoder out, or build the index anew with it: gongbang index build.",
        )
    return None
