"""``gongbang evaluate``: how well it finds, reads, asks, labels, responds, chats or plays, on a file."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gongbang.artifacts.defaults import LABELLERS, READER, RESPONDER
from gongbang.cli.output import emit, note, progress, table
from gongbang.cli.records import add_format_arguments, problems_of, read, set_aside
from gongbang.cli.scores import number, scores_table
from gongbang.cli.sources import add_encoder, encoder_named
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.apps.evaluate import Evaluation, Finder
    from gongbang.data.loaded import Loaded
    from gongbang.data.records import Record

_RERANKED = 5  # passages the reader looks at again; each costs its reading time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "what",
        choices=("search", "reader", "ask", *LABELLERS, "respond", "chat", "game"),
        help="what is measured",
    )
    parser.add_argument(
        "--data", required=True, metavar="FILE", help="questions with contexts and answers, or labelled texts"
    )
    parser.add_argument(
        "--artifact",
        metavar="NAME",
        help=f"the reader ({READER}), for search an encoder may stand here too, or what gives labels"
        f" ({', '.join(LABELLERS.values())}) or responses ({RESPONDER})",
    )
    add_encoder(parser)
    parser.add_argument(
        "--rerank",
        action=argparse.BooleanOptionalAction,
        help="let the reader look again at the best passages (no, as `gongbang ask`)",
    )
    parser.add_argument("--top-k", type=int, metavar="N", help="passages read a question (as `gongbang ask`)")
    parser.add_argument(
        "--no-answer-threshold", type=float, metavar="T", help="confidence below which the answer is 'none'"
    )
    parser.add_argument(
        "--unanswerable",
        action="store_true",
        help="ask: also ask with everything that answers taken out, and count the silence",
    )
    parser.add_argument(
        "--stress",
        action="store_true",
        help="boolq: ask passages that do not answer, and long ones whose end answers",
    )
    parser.add_argument(
        "--candidates",
        type=int,
        metavar="N",
        help="respond: responses of the file to tell the right one from, itself among them (20)",
    )
    parser.add_argument(
        "--hard",
        action="store_true",
        help="respond: take the neighbours of the right response and of the context, not a draw",
    )
    parser.add_argument("--answers", metavar="FILE", help="chat: the pairs that it knows")
    parser.add_argument(
        "--outside",
        action="append",
        metavar="FILE",
        help="chat: messages that are not for it, may be given several times",
    )
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="ask only what was held out when the artifact was made, of a file that its recipe splits",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="questions at most, spread over the file")
    parser.add_argument("--out", metavar="DIR", help="write scores, predictions and the error notebook")
    add_format_arguments(parser)


def run(args: argparse.Namespace) -> Any:
    """Evaluate; gives the metrics flat with their intervals, and what each stage made of the questions."""
    from gongbang.apps.evaluate.ask import check_options
    from gongbang.apps.evaluate.evaluation import make_folder

    _refuse_idle_options(args)
    if args.what == "game":
        from gongbang.cli.evaluate_game import run as game

        return game(args)
    if args.what == "chat":
        from gongbang.cli.evaluate_chat import run as chat

        return chat(args)
    check_options(_top_k(args), args.no_answer_threshold)
    _sort_artifacts(args)
    encoder_named(args)
    loaded = _loaded(args)
    if args.held_out:
        loaded = _held_out(args, loaded)
    if args.out:
        make_folder(args.out)
    with progress(args, args.what, total=_total(loaded, args.limit)) as advance:
        measures = {"search": _search, "reader": _reader, "ask": _ask, "respond": _respond}
        measure = measures.get(args.what, _labels)
        evaluation = measure(args, loaded, advance)
    result = {**evaluation.to_dict(), "data": args.data, "problems": problems_of(loaded)}
    emit(result, args, lambda: _text(evaluation))  # first, so that a full disk does not lose the scores too
    if args.out:
        note(args, f"written: {evaluation.save(args.out)}")
    return result


def _loaded(args: argparse.Namespace) -> Loaded[Record]:
    """The file's records; questions without a passage, and contexts without a response, are set aside."""
    found = read(args, args.data)
    if args.what in LABELLERS:
        return found
    if args.what == "respond":
        return set_aside(args, found, ("context", "response"))
    return set_aside(args, found, ("question", "context"), having="question")


def _labels(args: argparse.Namespace, loaded: Loaded[Record], advance: Any) -> Evaluation:
    from gongbang.apps.evaluate import evaluate_labels, evaluate_stress
    from gongbang.runtime.load import load

    predictor = load(args.artifact or LABELLERS[args.what], task=args.what)
    if args.stress:
        return evaluate_stress(loaded.items, predictor, limit=args.limit, on_progress=advance)
    name = f"{args.what}: {args.data}"
    return evaluate_labels(loaded.items, predictor, limit=args.limit, name=name, on_progress=advance)


def _respond(args: argparse.Namespace, loaded: Loaded[Record], advance: Any) -> Evaluation:
    from gongbang.apps.evaluate import evaluate_respond
    from gongbang.runtime.load import load

    return evaluate_respond(
        loaded.items,
        load(args.artifact or RESPONDER, task="respond"),
        candidates=args.candidates,
        hard=args.hard,
        limit=args.limit,
        on_progress=advance,
    )


def _search(args: argparse.Namespace, loaded: Loaded[Record], advance: Any) -> Evaluation:
    from gongbang.apps.evaluate import evaluate_search

    return evaluate_search(loaded.items, _finder(args), limit=args.limit, on_progress=advance)


def _reader(args: argparse.Namespace, loaded: Loaded[Record], advance: Any) -> Evaluation:
    from gongbang.apps.evaluate import evaluate_reader

    return evaluate_reader(
        loaded.items,
        _predictor(args),
        limit=args.limit,
        threshold=args.no_answer_threshold,
        name=f"reader: {args.data}",
        on_progress=advance,
    )


def _ask(args: argparse.Namespace, loaded: Loaded[Record], advance: Any) -> Evaluation:
    from gongbang.apps.evaluate import evaluate_ask, evaluate_unanswerable

    predictor = _predictor(args)
    shared: dict[str, Any] = {
        "top_k": _top_k(args),
        "limit": args.limit,
        "threshold": args.no_answer_threshold,
        "on_progress": advance,
    }
    if args.unanswerable:
        return evaluate_unanswerable(loaded.items, _finder(args, predictor), predictor, **shared)
    name = f"ask: {args.data}"
    return evaluate_ask(loaded.items, _finder(args, predictor), predictor, name=name, **shared)


def _finder(args: argparse.Namespace, predictor: Any = None) -> Finder:
    """The search as the options describe it, still empty."""
    from gongbang.apps.evaluate import Finder
    from gongbang.runtime.encoder import load_encoder
    from gongbang.search.hybrid import default_index
    from gongbang.search.rerank import Rerank

    language = None if predictor is None else predictor.task.language
    index = default_index(load_encoder(encoder_named(args)), language)
    if not args.rerank:
        return Finder(index)
    from gongbang.runtime.reranker import ReaderReranker

    return Finder(index, Rerank(ReaderReranker(predictor or _predictor(args)), top=_RERANKED))


def _sort_artifacts(args: argparse.Namespace) -> None:
    """``evaluate search --artifact ENCODER``: the artifact's own task says which of the two is meant.

    Raises:
        OptionError: it is a reader, and nothing is reranked.
    """
    if args.what != "search" or args.artifact is None:
        return
    from gongbang.artifacts.format import open_artifact

    task = open_artifact(args.artifact, verify=False).manifest.task
    if task == "encode" and args.encoder is None:
        args.encoder, args.artifact = args.artifact, None
    elif not args.rerank:
        raise OptionError(
            "an artifact does nothing for 'evaluate search' without --rerank.",
            value=f"--artifact {args.artifact} ({task})",
            allowed="an encoder, or with --rerank a reader",
            cure="Add --rerank, or leave --artifact out.",
        )


def _predictor(args: argparse.Namespace) -> Any:
    from gongbang.runtime.load import load

    return load(args.artifact or READER, task="reader")


def _top_k(args: argparse.Namespace) -> int:
    from gongbang.apps.ask import TOP_K

    return TOP_K if args.top_k is None else int(args.top_k)


def _held_out(args: argparse.Namespace, loaded: Loaded[Record]) -> Loaded[Record]:
    """The file as the reader's recipe held it out; what is not asked may still be found."""
    from gongbang.artifacts.format import open_artifact
    from gongbang.artifacts.held_out import held_out_records, only_held_out

    bundled = {**LABELLERS, "respond": RESPONDER}
    artifact = open_artifact(args.artifact or bundled.get(args.what, READER), verify=False)
    keep = held_out_records if args.what in bundled else only_held_out
    return replace(loaded, items=keep(artifact, loaded.items))


def _total(loaded: Loaded[Record], limit: int | None) -> int | None:
    asked = ("question", "text", "response")
    count = sum(any(record.fields.get(name) for name in asked) for record in loaded.items)
    return count if limit is None else min(count, limit)


_READING = {"limit", "format", "map"}  # of a file whose shape may differ
_USED = {
    "search": _READING | {"encoder", "no_dense", "rerank"},
    "reader": _READING | {"no_answer_threshold", "held_out"},
    "ask": _READING
    | {"encoder", "no_dense", "rerank", "top_k", "no_answer_threshold", "unanswerable", "held_out"},
    **{what: _READING | {"held_out"} for what in LABELLERS},
    "boolq": _READING | {"held_out", "stress"},
    "respond": _READING | {"candidates", "hard", "held_out"},
    "chat": _READING | {"answers", "outside", "held_out"},
    "game": {"encoder", "no_dense"},
}


def _refuse_idle_options(args: argparse.Namespace) -> None:
    """Options that would do nothing are errors: nothing silently does nothing.

    Raises:
        OptionError: an option was given that this measurement does not use.
    """
    given = {
        "encoder": args.encoder is not None,
        "no_dense": args.no_dense,
        "rerank": args.rerank is not None,
        "top_k": args.top_k is not None,
        "no_answer_threshold": args.no_answer_threshold is not None,
        "unanswerable": args.unanswerable,
        "stress": args.stress,
        "candidates": args.candidates is not None,
        "hard": args.hard,
        "held_out": args.held_out,
        "answers": args.answers is not None,
        "outside": bool(args.outside),
        "limit": args.limit is not None,
        "format": args.format is not None,
        "map": bool(args.map),
    }
    idle = [name for name, is_given in given.items() if is_given and name not in _USED[args.what]]
    if idle:
        flags = ", ".join("--" + name.replace("_", "-") for name in idle)
        used = ", ".join(sorted("--" + name.replace("_", "-") for name in _USED[args.what]))
        raise OptionError(
            f"an option does nothing for 'evaluate {args.what}'.",
            value=flags,
            allowed=f"{used}, --artifact, --out",
            cure=f"Leave {flags} out.",
        )


def _text(evaluation: Evaluation) -> str:
    result = evaluation.to_dict()
    parts = [scores_table(evaluation.scores, evaluation.baselines)]
    if "retrieval" in result:
        found, gold = result["retrieval"], result["gold_passage"]
        rows = [(f"right document in the first {k}", number("@", found[f"recall@{k}"])) for k in (1, 5, 20)]
        rows.append(("exact match had it been given", number("", gold["exact_match"])))
        parts.append(table(rows))
    if "with_threshold" in result:
        own = result["with_threshold"]
        parts.append(
            "every question has an answer, so the best span was taken; with the artifact's threshold"
            f" {own['silent']:,} are met with silence: exact match {number('', own['exact_match'])},"
            f" f1 {number('', own['f1'])}"
        )
    if "stages" in result:
        wrong = [(stage, f"{n:,}") for stage, n in result["stages"].items() if n]
        parts.append("wrong answers by the stage that failed\n" + (table(wrong) or "none"))
    if "best_threshold" in result:
        best = result["best_threshold"]
        parts.append(
            f"here the threshold {best['threshold']:.3f} would lose {best['em_loss']:.2f} points and keep"
            f" silent on {best['no_answer_accuracy']:.1f} % (choose it on other data than you report on)"
        )
    return "\n\n".join(parts)
