"""``gongbang index``: build, change, search and explain a saved index."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note
from gongbang.cli.sources import add_encoder, documents_named, encoder_named, encoder_of_index
from gongbang.errors import printable

if TYPE_CHECKING:
    from gongbang.apps.library import Library


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of ``index`` and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="index documents and save the index")
    build.add_argument("--docs", nargs="+", required=True, metavar="PATH", help="files, folders or globs")
    build.add_argument("--out", required=True, metavar="DIR", help="the folder to write")
    build.add_argument(
        "--max-chars", type=int, metavar="N", help="longest passage in characters (default 1000)"
    )
    add = actions.add_parser("add", help="add documents")
    add.add_argument("--docs", nargs="+", required=True, metavar="PATH", help="files, folders or globs")
    delete = actions.add_parser("delete", help="take documents out")
    delete.add_argument("--document", nargs="+", required=True, metavar="ID", help="ids of documents")
    search = actions.add_parser("search", help="find passages")
    search.add_argument("--query", required=True, metavar="Q", help="a question or words")
    search.add_argument("--k", type=int, default=10, metavar="N", help="how many passages (default 10)")
    explain = actions.add_parser("explain", help="show what each token added to a passage's score")
    explain.add_argument("--query", required=True, metavar="Q", help="a question or words")
    explain.add_argument("--passage", required=True, metavar="ID", help="the passage's id")
    for action in (add, delete, search, explain):
        action.add_argument("--index", required=True, metavar="DIR", help="the folder of the index")
    for action in (build, add, delete, search, explain):
        add_encoder(action)


def run(args: argparse.Namespace) -> Any:
    """Do what was asked, print, and give what ``--json`` prints."""
    actions = {"build": _build, "add": _add, "delete": _delete, "search": _search, "explain": _explain}
    return actions[args.action](args)


def _build(args: argparse.Namespace) -> Any:
    from gongbang.apps.library import Library
    from gongbang.cli.render import show_problems
    from gongbang.data.documents import read_documents
    from gongbang.data.passages import MAX_CHARS
    from gongbang.runtime.encoder import load_encoder
    from gongbang.search.folders import check_place

    began = time.perf_counter()
    check_place(args.out)
    named = encoder_named(args)
    loaded = read_documents(documents_named(args.docs))
    show_problems(args, loaded.problems)
    max_chars = MAX_CHARS if args.max_chars is None else args.max_chars
    library = Library(load_encoder(named), max_chars=max_chars)
    library.add(loaded.items)
    library.save(args.out)
    report = _facts(library, args.out) | {
        "lexical": library.lexical.report(),
        "warnings": [problem.to_dict() for problem in loaded.problems],
        "seconds": time.perf_counter() - began,
    }
    return emit(report, args, _facts_text)


def _add(args: argparse.Namespace) -> Any:
    from gongbang.cli.render import show_problems
    from gongbang.data.documents import read_documents
    from gongbang.search.folders import check_place

    library = _open(args)
    check_place(args.index)
    loaded = read_documents(documents_named(args.docs))
    show_problems(args, loaded.problems)
    ids = library.add(loaded.items)
    library.save(args.index)
    for document, id in zip(loaded.items, ids, strict=True):
        if id != document.id:
            note(
                args,
                printable(f"{document.source}: added as '{id}', since the index holds another of its name"),
            )
    added = {"added": ids}
    warnings = {"warnings": [problem.to_dict() for problem in loaded.problems]}
    return emit(_facts(library, args.index) | added | warnings, args, _facts_text)


def _delete(args: argparse.Namespace) -> Any:
    library = _open(args)
    library.delete(args.document)
    library.save(args.index)
    return emit(_facts(library, args.index) | {"deleted": args.document}, args, _facts_text)


def _search(args: argparse.Namespace) -> Any:
    from gongbang.cli.render import hits_text

    library = _open(args)
    hits = library.search(args.query, args.k)
    result = {
        "query": args.query,
        "kind": library.kind,
        "hits": [library.considered(hit).to_dict() for hit in hits],
    }
    return emit(result, args, lambda: hits_text(hits))


def _explain(args: argparse.Namespace) -> Any:
    from gongbang.cli.render import explanation_text

    explanation = _open(args).explain(args.query, args.passage)
    return emit(explanation.to_dict(), args, lambda: explanation_text(explanation))


def _open(args: argparse.Namespace) -> Library:
    from gongbang.apps.library import Library
    from gongbang.runtime.encoder import load_encoder

    return Library.open(args.index, load_encoder(encoder_of_index(args)))


def _facts(library: Library, path: str) -> dict[str, Any]:
    return {
        "index": path,
        "kind": library.kind,
        "documents": len(library),
        "passages": len(library.index),
        "signature": library.index.signature,
    }


def _facts_text(result: dict[str, Any]) -> str:
    return (
        f"{result['index']}: {result['documents']} documents, {result['passages']} passages,"
        f" {result['kind']} search"
    )
