"""``gongbang calibrate``: fit an artifact's confidence and its silence to your own documents or answers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gongbang.cli.output import emit, note, table
from gongbang.cli.records import add_format_arguments, problems_of, read, set_aside
from gongbang.cli.sources import add_encoder, encoder_named
from gongbang.errors import OptionError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("artifact", metavar="ARTIFACT", help="a reader's or a responder's name or folder")
    parser.add_argument(
        "--data",
        required=True,
        metavar="FILE",
        help="questions with contexts and answers; for a responder messages that it should answer",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder of the new artifact")
    add_encoder(parser)
    parser.add_argument("--top-k", type=int, metavar="N", help="passages read a question (as `gongbang ask`)")
    parser.add_argument("--answers", metavar="FILE", help="for a responder: the answers that it will know")
    parser.add_argument(
        "--outside", metavar="FILE", help="for a responder: messages that it should not answer"
    )
    add_format_arguments(parser)


def run(args: argparse.Namespace) -> Any:
    """Calibrate; gives the new artifact and what its threshold costs and keeps on this data."""
    from gongbang.artifacts.format import open_artifact

    task = open_artifact(args.artifact, verify=False).manifest.task
    _refuse_idle(args, task)
    return _responder(args) if task == "respond" else _reader(args)


def _refuse_idle(args: argparse.Namespace, task: str) -> None:
    """Options of the other kind of artifact do nothing, and those of this kind are needed.

    Raises:
        OptionError: an idle option, or one that is missing.
    """
    theirs = {"--answers": args.answers, "--outside": args.outside}
    ours = {"--top-k": args.top_k, "--encoder": args.encoder, "--no-dense": args.no_dense or None}
    respond = task == "respond"
    idle = [flag for flag, value in (ours if respond else theirs).items() if value is not None]
    lacking = [flag for flag, value in theirs.items() if value is None] if respond else []
    if idle or lacking:
        raise OptionError(
            f"an artifact of the task '{task}' is not calibrated so.",
            value=", ".join(idle or [f"no {flag}" for flag in lacking]),
            allowed="--answers FILE --outside FILE" if respond else "--encoder, --no-dense, --top-k",
            cure=f"Leave {idle[0]} out." if idle else f"Add {lacking[0]} FILE.",
        )


def _responder(args: argparse.Namespace) -> Any:
    """Fit a responder's confidence to messages inside and outside of what its answers are for."""
    from dataclasses import asdict
    from tempfile import TemporaryDirectory

    from gongbang.apps.answer_book import AnswerBook, ListedAnswers
    from gongbang.apps.chat_calibration import calibrate_chat
    from gongbang.apps.evaluate.chatting import messages_of
    from gongbang.artifacts.format import check_target
    from gongbang.runtime.calibrate import save_calibrated, sources_of
    from gongbang.runtime.load import load
    from gongbang.runtime.responder import ArtifactResponder

    check_target(Path(args.out), overwrite=False)
    predictor = load(args.artifact, task="respond")
    inside, outside = (read(args, path).items for path in (args.data, args.outside))
    with TemporaryDirectory() as folder:
        known = ListedAnswers.of_records(read(args, args.answers).items)
        book = AnswerBook(known, ArtifactResponder(predictor), folder)
        note(args, f"{book.sync():,} answers, {len(inside):,} messages inside, {len(outside):,} outside")
        fitted = calibrate_chat(book, messages_of(inside), messages_of(outside))
    artifact = save_calibrated(
        predictor.artifact,
        args.out,
        config=predictor.artifact.config,
        details={"chat": asdict(fitted.settings), "chat_calibration": fitted.report},
        told=f"Its chat settings on {len(inside)} messages of {sources_of(inside)} and {len(outside)} of"
        f" {sources_of(outside)}",
        seen=inside,
    )
    result = {
        "artifact": str(artifact.path),
        "id": artifact.id,
        "from": predictor.artifact.id,
        **fitted.report,
    }
    return emit(result, args, _shares)


def _shares(result: dict[str, Any]) -> str:
    rows = [("answers", f"{result['answers']:,}"), ("threshold", f"{result['threshold']:.3f}")]
    for name, words in (("answered_inside", "inside answered"), ("abstained_outside", "outside abstained")):
        share = result[name]
        rows.append(
            (words, f"{100 * share['value']:.1f} % ({100 * share['low']:.1f} to {100 * share['high']:.1f})")
        )
    return f"{table(rows)}\n\nartifact: {result['artifact']}"


def _reader(args: argparse.Namespace) -> Any:
    from gongbang.apps.ask import TOP_K
    from gongbang.artifacts.format import check_target
    from gongbang.runtime.calibrate import calibrate_artifact
    from gongbang.runtime.encoder import load_encoder
    from gongbang.runtime.load import load
    from gongbang.search.base import check_k
    from gongbang.search.contexts import passages_of
    from gongbang.search.hybrid import default_index

    top_k = TOP_K if args.top_k is None else check_k(args.top_k)
    check_target(Path(args.out), overwrite=False)
    encoder_name = encoder_named(args)
    predictor = load(args.artifact, task="reader")
    encoder = load_encoder(encoder_name)
    loaded = set_aside(args, read(args, args.data), ("question", "context"), having="question")
    index = default_index(encoder, predictor.task.language)
    index.build(passages_of(loaded.items))
    note(args, f"reading {top_k} passages for each of {len(loaded.items)} questions, twice")
    artifact, fitted = calibrate_artifact(predictor, loaded.items, index, args.out, top_k=top_k)
    result = {
        "artifact": str(artifact.path),
        "id": artifact.id,
        "from": predictor.artifact.id,
        **fitted.report,
        "problems": problems_of(loaded),
    }
    return emit(result, args, _text)


def _text(result: dict[str, Any]) -> str:
    chosen = result["threshold"]
    rows = [
        ("questions", f"{result['questions']:,}"),
        ("scoring", result["scoring"]),
        ("threshold", f"{chosen['threshold']:.3f}"),
        ("exact match", f"{chosen['exact_match']:.1f}"),
        ("lost by silence", f"{chosen['em_loss']:.1f}"),
        ("silent where nothing answers", f"{chosen['no_answer_accuracy']:.1f} %"),
        ("calibration error", f"{result['calibration_error']:.3f}"),
    ]
    return f"{table(rows)}\n\nartifact: {result['artifact']}"
