"""``gongbang chat``: a conversation over known answers, in the terminal, by a pipe or by arguments."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.artifacts.defaults import RESPONDER
from gongbang.cli.output import emit, note, style, warn

if TYPE_CHECKING:
    from gongbang.apps.chat import Chat, Reply

_SAMPLE = "answers.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "--answers",
        metavar="FILE|URL",
        help="what it knows: pairs of questions and answers (CSV, TSV, JSON lines), or a database such as"
        " sqlite:///answers.db (the sample of answers that comes with the package)",
    )
    parser.add_argument(
        "--say",
        action="append",
        metavar="TEXT",
        help="a turn of the conversation, may be given several times; without it turns are read from the"
        " terminal or stdin",
    )
    parser.add_argument("--artifact", default=RESPONDER, metavar="NAME", help=f"the responder ({RESPONDER})")
    parser.add_argument("--rerank", metavar="NAME", help="a cross-encoder that reads the best answers again")
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="confidence below which it asks back (the artifact's own)",
    )
    parser.add_argument("--explain", action="store_true", help="show what else was found, and the scores")


def run(args: argparse.Namespace) -> Any:
    """Chat; gives every turn with its reply."""
    from gongbang.apps.chat import Conversation
    from gongbang.cli.ask import piped_questions

    terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty() and not args.json
    said = args.say or ([] if terminal else piped_questions())
    chat = _open(args)
    talk, turns = Conversation(), []
    for text in said:
        reply = chat.reply(text, talk)
        turns.append({"said": text, **reply.to_dict(explain=args.explain)})
        if not args.json:
            print(f"> {text}\n{_shown(reply, args.explain)}")
    if terminal and not args.say:
        _converse(chat, args)
    return emit({"turns": turns}, args)


def _converse(chat: Chat, args: argparse.Namespace) -> None:
    from gongbang.apps.chat import Conversation
    from gongbang.errors import DataError

    note(args, "say something; an empty line or Ctrl-D ends")
    talk = Conversation()
    while True:
        try:
            text = input(style("> ", "bold", sys.stdout))
        except EOFError:
            return
        if not text.strip():
            return
        try:
            print(_shown(chat.reply(text, talk), args.explain))
        except DataError as err:
            warn(args, err.what)


def _open(args: argparse.Namespace) -> Chat:
    from gongbang.apps.answer_book import AnswerBook
    from gongbang.apps.chat import Chat, ChatSettings
    from gongbang.artifacts.store import cache_folder
    from gongbang.runtime.load import load
    from gongbang.runtime.responder import ArtifactReranker, ArtifactResponder

    predictor = load(args.artifact, task="respond")
    source, name = _source(args)
    book = AnswerBook(source, ArtifactResponder(predictor), cache_folder() / "answers" / name)
    settings = ChatSettings.of(predictor.artifact)
    if args.threshold is not None:
        settings = replace(settings, threshold=args.threshold)
    count = book.sync()
    note(args, f"{count:,} answers")
    reranker = ArtifactReranker(load(args.rerank, task="respond")) if args.rerank else None
    return Chat(book, settings, reranker)


def _source(args: argparse.Namespace) -> tuple[Any, str]:
    """Where the answers come from, and the name of the folder for their vectors."""
    from gongbang.artifacts.hashing import bytes_hash, short

    named = args.answers
    if named is not None and "://" in named:
        from gongbang.serve.answer_source import DatabaseAnswers

        return DatabaseAnswers.open(named), short(bytes_hash(named.encode()), 16)
    from gongbang.apps.answer_book import ListedAnswers
    from gongbang.data.reading import read_records

    path = Path(named) if named is not None else _sample()
    loaded = read_records(path, format="chat-pairs" if path.suffix in (".csv", ".tsv") else None)
    for problem in loaded.problems[:3]:
        warn(args, str(problem.what))
    return ListedAnswers.of_records(loaded.items), short(bytes_hash(path.read_bytes()), 16)


def _sample() -> Path:
    from gongbang.artifacts.store import bundled

    return bundled("samples") / _SAMPLE


def _shown(reply: Reply, explain: bool) -> str:
    lines = [reply.text]
    if explain:
        lines.append(f"  {reply.kind}, confidence {reply.confidence:.2f}, {reply.milliseconds:.0f} ms")
        for hit, sure in reply.candidates:
            lines.append(
                f"  {sure:.2f}  {hit.answer.text}  (replies {hit.response:.2f}, question"
                f" {hit.question:.2f}: {hit.answer.question or '-'})"
            )
    return "\n".join(lines)
