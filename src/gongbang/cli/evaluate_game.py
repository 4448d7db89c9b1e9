"""``gongbang evaluate game``: how often the guessing game answers rightly, and how often it did before."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gongbang.cli.output import emit, note, progress, table
from gongbang.cli.scores import scores_table
from gongbang.cli.sources import encoder_named


def run(args: argparse.Namespace) -> Any:
    """Ask every question of a file that lies beside its keywords, with the encoder and without.

    Raises:
        DataError: the file or the keywords cannot be used.
        ArtifactError: an artifact is missing.
    """
    from gongbang.apps.evaluate.evaluation import make_folder
    from gongbang.apps.twenty_questions import Reader, TwentyQuestions, load_answerer, read_keywords
    from gongbang.apps.twenty_questions.measure import evaluate_game, read_questions
    from gongbang.apps.twenty_questions.opening import opened
    from gongbang.artifacts.defaults import ANSWERER
    from gongbang.runtime.encoder import load_encoder

    folder = Path(args.data).parent
    keywords = read_keywords(folder)
    questions = read_questions(args.data, keywords)
    encoder = load_encoder(encoder_named(args))
    answerer = load_answerer(args.artifact or ANSWERER)
    reader = Reader(answerer.predictor)  # no hint is asked for
    engine = opened(keywords, answerer, reader, folder, encoder)
    before = None if encoder is None else TwentyQuestions(keywords, answerer, reader)
    if args.out:
        make_folder(args.out)
    total = len(questions) * (1 if before is None else 2)
    with progress(args, args.what, total=total) as advance:
        evaluation = evaluate_game(engine, questions, before, on_progress=advance)
    result = {**evaluation.to_dict(), "data": args.data}
    emit(result, args, lambda: _text(evaluation, result))
    if args.out:
        note(args, f"written: {evaluation.save(args.out)}")
    return result


def _text(evaluation: Any, result: dict[str, Any]) -> str:
    parts = [scores_table(evaluation.scores, evaluation.baselines)]
    rows = [(name, f"{one['value']:.4f}", str(one["n"])) for name, one in result["rests_on"].items()]
    parts.append("by what decides the question\n" + table(rows, header=("", "accuracy", "n")))
    if "gain" in result:
        gain = result["gain"]
        parts.append(f"gained over before: {gain['value']:+.4f} ({gain['low']:+.4f} to {gain['high']:+.4f})")
    taken = result["milliseconds"]
    parts.append(
        f"{result['by_table']} answered by the table, {result['table_right']} of them rightly;"
        f" {taken['median']:.0f} ms a question, {taken['p95']:.0f} ms at the 95th percentile"
    )
    return "\n\n".join(parts)
