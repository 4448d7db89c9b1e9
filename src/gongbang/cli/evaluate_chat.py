"""``gongbang evaluate chat``: what a chatbot answers of the messages that are for it, and of others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from gongbang.artifacts.defaults import RESPONDER
from gongbang.cli.output import emit, note, progress, table
from gongbang.cli.records import problems_of, read, set_aside
from gongbang.cli.scores import scores_table
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.apps.evaluate import Evaluation
    from gongbang.data.records import Record


def run(args: argparse.Namespace) -> Any:
    """Say every message to a chatbot over the answers of a file.

    Raises:
        OptionError: no messages from outside, or no answers, or both ways to name them.
        DataError: a file cannot be used.
    """
    from gongbang.apps.answer_book import AnswerBook, ListedAnswers
    from gongbang.apps.chat import Chat, ChatSettings
    from gongbang.apps.evaluate.chatting import evaluate_chat, messages_of
    from gongbang.apps.evaluate.evaluation import asked, make_folder
    from gongbang.runtime.load import load
    from gongbang.runtime.responder import ArtifactResponder

    _check(args)
    predictor = load(args.artifact or RESPONDER, task="respond")
    loaded = set_aside(args, read(args, args.data), ("context",))
    inside, known = _parts(args, loaded.items, predictor.artifact)
    inside = asked(inside, args.limit, lambda record: True)
    outside = {Path(path).name: messages_of(read(args, path).items)[: args.limit] for path in args.outside}
    if args.out:
        make_folder(args.out)
    with TemporaryDirectory() as folder:
        book = AnswerBook(ListedAnswers.of_records(known), ArtifactResponder(predictor), folder)
        note(args, f"{book.sync():,} answers are known")
        chat = Chat(book, ChatSettings.of(predictor.artifact))
        with progress(args, args.what, total=len(inside) + sum(map(len, outside.values()))) as advance:
            evaluation = evaluate_chat(chat, inside, outside, on_progress=advance)
    result = {**evaluation.to_dict(), "data": args.data, "problems": problems_of(loaded)}
    emit(result, args, lambda: _text(evaluation))
    if args.out:
        note(args, f"written: {evaluation.save(args.out)}")
    return result


def _check(args: argparse.Namespace) -> None:
    if not args.outside:
        raise OptionError(
            "a chatbot is judged by what it leaves unanswered too.",
            value="no --outside",
            allowed="--outside FILE, once or more: messages that are not for it",
            cure="Add --outside FILE.",
        )
    if bool(args.answers) == args.held_out:
        raise OptionError(
            "what the chatbot knows is named in one way.",
            value="--answers and --held-out" if args.held_out else "neither --answers nor --held-out",
            allowed="--answers FILE, or --held-out: the file's other pairs are known then",
            cure="Leave one out." if args.held_out else "Add --answers FILE.",
        )


def _parts(
    args: argparse.Namespace, records: Sequence[Record], artifact: Any
) -> tuple[Sequence[Record], Sequence[Record]]:
    """The messages, and the pairs that are known."""
    if args.answers:
        return records, read(args, args.answers).items
    from gongbang.artifacts.held_out import held_out_records

    held = held_out_records(artifact, records)
    ids = {record.id for record in held}
    return held, [record for record in records if record.id not in ids]


def _text(evaluation: Evaluation) -> str:
    parts = [scores_table(evaluation.scores, evaluation.baselines)]
    rows = [
        (name, f"{one['value']:.4f}", f"{one['low']:.4f} - {one['high']:.4f}", f"{one['n']:,}")
        for name, one in evaluation.extra["outside"].items()
    ]
    parts.append("left unanswered of each file\n" + table(rows, header=("", "abstained", "95 %", "n")))
    return "\n\n".join(parts)
