"""``gongbang calibrate``: fit a reader's confidence and its silence to your own documents."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gongbang.cli.output import emit, note, table
from gongbang.cli.records import add_format_arguments, problems_of, read, set_aside
from gongbang.cli.sources import add_encoder, encoder_named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("artifact", metavar="ARTIFACT", help="a reader's name (reader-ko) or folder")
    parser.add_argument("--data", required=True, metavar="FILE", help="questions with contexts and answers")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder of the new artifact")
    add_encoder(parser)
    parser.add_argument("--top-k", type=int, metavar="N", help="passages read a question (as `gongbang ask`)")
    add_format_arguments(parser)


def run(args: argparse.Namespace) -> Any:
    """Calibrate; gives the new artifact and what its threshold costs and keeps on these questions."""
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
