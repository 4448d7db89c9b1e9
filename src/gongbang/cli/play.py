"""``gongbang play``: Twenty Questions on the terminal or driven by a script, either way round."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.artifacts.defaults import ANSWERER, READER
from gongbang.cli.output import note, style
from gongbang.cli.sources import encoder_named
from gongbang.errors import GongbangError, OptionError

if TYPE_CHECKING:
    from gongbang.apps.twenty_questions import Play, Playing, ReversePlay


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("--reverse", action="store_true", help="you think of something, the machine asks")
    parser.add_argument(
        "--keywords",
        metavar="FOLDER",
        help="keywords of your own, one YAML file a category (those that come along); --reverse also reads"
        " attributes.csv and table.csv there",
    )
    parser.add_argument("--category", metavar="NAME", help="choose from this category alone")
    parser.add_argument("--seed", type=int, metavar="N", help="the same choice every time (by chance)")
    parser.add_argument("--lang", choices=("ko", "en"), default="ko", help="language of the messages (ko)")
    parser.add_argument(
        "--feedback", metavar="FILE", type=Path, help="append what you mark after the end, as JSON lines"
    )
    parser.add_argument(
        "--answerer", default=ANSWERER, metavar="NAME", help=f"answers questions ({ANSWERER})"
    )
    parser.add_argument("--reader", default=READER, metavar="NAME", help=f"answers hints ({READER})")
    parser.add_argument(
        "--encoder",
        metavar="NAME",
        help="finds a question in the keywords' table, which then answers, else the sentence that is read"
        " (encoder-ko)",
    )
    parser.add_argument(
        "--no-dense",
        action="store_true",
        help="answer from whole documents, without table and encoder",
    )


def run(args: argparse.Namespace) -> Any:
    """Play one game. With ``--json`` commands come and events go as JSON, one a line."""
    if sys.stdin is None:
        raise OptionError(
            "there is nobody to play with.",
            value="stdin is closed",
            allowed="a terminal, or lines on stdin",
            cure="Run it on a terminal, or pipe lines into it.",
        )
    if args.reverse:
        reverse = _reverse(args)
        args.emitted = True  # from here on lines of a game are printed, and no result
        return _script(reverse, args) if args.json else _ask_a_person(reverse, args)
    play = _game(args)
    args.emitted = True
    return _script(play, args) if args.json else _answer_a_person(play, args)


def _game(args: argparse.Namespace) -> Play:
    from gongbang.apps.twenty_questions.asking import load_answerer, load_reader
    from gongbang.apps.twenty_questions.commands import Play
    from gongbang.apps.twenty_questions.opening import opened
    from gongbang.apps.twenty_questions.reading import read_keywords
    from gongbang.runtime.encoder import load_encoder

    keywords = read_keywords(args.keywords)
    keywords.of(args.category)  # a slip is told before the models are opened
    named = encoder_named(args)
    answerer, reader = load_answerer(args.answerer), load_reader(args.reader)
    engine = opened(keywords, answerer, reader, args.keywords, load_encoder(named))
    return Play(engine, seed=args.seed, category=args.category, language=args.lang)


def _reverse(args: argparse.Namespace) -> ReversePlay:
    from gongbang.apps.twenty_questions.commands import ReversePlay
    from gongbang.apps.twenty_questions.reading import read_keywords
    from gongbang.apps.twenty_questions.reverse import Reverse
    from gongbang.apps.twenty_questions.table import read_table

    if args.category is not None:
        raise OptionError(
            "--category changes nothing with --reverse: you choose.",
            value=args.category,
            allowed="one of the two",
            cure="Leave --category out.",
        )
    keywords = read_keywords(args.keywords)
    return ReversePlay(Reverse(read_table(keywords, args.keywords)), keywords, seed=args.seed)


def _script(game: Playing, args: argparse.Namespace) -> None:
    """Commands in and events out, one JSON object a line; a game that is left before its end is given up."""
    _send(game.begin())
    with suppress(KeyboardInterrupt):
        for line in sys.stdin:
            if line.strip():
                _send(_carried_out(game, line, args))
    if not game.over:
        _send(game.do({"do": "give-up"}))


def _carried_out(game: Playing, line: str, args: argparse.Namespace) -> dict[str, Any]:
    try:
        try:
            command = json.loads(line)
        except (ValueError, RecursionError) as err:
            raise OptionError(
                "the line is no JSON.",
                value=f"{len(line.strip())} characters",
                allowed='one object a line, e.g. {"do": "ask", "text": "살아 있나요?"}',
                cure="Send one whole object, without line ends in it.",
            ) from err
        event = game.do(command)
    except GongbangError as err:
        return {"event": "error", **err.to_dict()}
    if event["event"] == "marked":
        _keep(event["feedback"], args)
    elif event["event"] == "told":
        _keep([event], args)
    return event


def _send(event: dict[str, Any]) -> None:
    print(json.dumps(event, ensure_ascii=False, allow_nan=False), flush=True)


def _answer_a_person(play: Play, args: argparse.Namespace) -> None:
    from gongbang.cli import play_text as text

    print(text.started(play.begin(), args.lang))
    event = None
    with suppress(KeyboardInterrupt):  # while a model answers; at the prompt it ends the lines
        for line in _lines("? "):
            command = text.command_of(line)
            if command["do"] == "help":
                print(text.TEXTS[args.lang]["help"])
                continue
            event = _tried(play, command)
            if event is not None and event["event"] == "answer":
                print(text.answered(event, args.lang), flush=True)
            if play.over:
                break
    if not play.over:
        event = play.do({"do": "give-up"})
    if event is not None:
        print(text.ended(event, args.lang))
    _take_marks(play, args)


def _take_marks(play: Play, args: argparse.Namespace) -> None:
    """Which answers were wrong; kept only where a file was named for it."""
    from gongbang.cli import play_text as text

    texts = text.TEXTS[args.lang]
    if not any(turn.kind != "guess" for turn in play.game.turns):
        return
    if args.feedback is None:
        note(args, style(texts["how-to-keep"], "dim", sys.stderr))
        return
    print(texts["mark"])
    for line in _lines("> "):
        event = _tried(play, {"do": "mark", "wrong": text.marks_of(line)})
        if event is not None:
            _keep(event["feedback"], args)
            print(texts["kept"].format(count=len(event["feedback"]), path=args.feedback))
            return


def _ask_a_person(reverse: ReversePlay, args: argparse.Namespace) -> None:
    from gongbang.cli import play_text as text

    texts = text.TEXTS[args.lang]
    event = reverse.begin()
    print(texts["r-start"].format(**event))
    print(text.asked(event, args.lang))
    for line in _lines("> "):
        said = text.said_of(line)
        stop = text.command_of(line)["do"] == "give-up"
        command = {"do": "give-up"} if stop else {"do": "say", "said": said or ""}
        if not stop and (said is None or (said == "unknown" and event["kind"] == "guess")):
            print(texts["r-how"])
            continue
        event = reverse.do(command)
        if reverse.over:
            break
        print(text.asked(event, args.lang))
    if not reverse.over:
        event = reverse.do({"do": "give-up"})
    print(texts[f"r-{event['status']}"].format(**event))
    _take_word(reverse, event["keyword"], args)


def _take_word(reverse: ReversePlay, found: str | None, args: argparse.Namespace) -> None:
    """What was thought of, if it was not found; what differed from the table is shown, and kept in a file."""
    from gongbang.cli import play_text as text

    if found is None:
        print(text.TEXTS[args.lang]["r-was"])
    for line in [found] if found else _lines("> "):
        if not line.strip():
            return
        event = _tried(reverse, {"do": "was", "text": line})
        if event is not None:
            print(text.told(event, args.lang))
            _keep([event], args)
            return


def _tried(game: Playing, command: dict[str, Any]) -> dict[str, Any] | None:
    """The event of a command; None, and the reason on stderr, where it cannot be carried out."""
    try:
        return game.do(command)
    except OptionError as err:  # a slip of the keyboard is no reason to hang up
        print("\n".join(err.lines()), file=sys.stderr)
        return None


def _lines(prompt: str) -> Iterator[str]:
    """Lines of a terminal or a pipe, to the end of input or Ctrl-C, either of which is taken as a leave."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if terminal:
        with suppress(ImportError):
            import readline  # noqa: F401  (arrow keys, and Hangul deleted by the letter)
    try:
        while True:
            if terminal:
                yield input(prompt)
            else:
                line = sys.stdin.readline()
                if not line:
                    return
                yield line.rstrip("\n")
    except EOFError:
        print()
    except KeyboardInterrupt:
        print()


def _keep(rows: Iterable[dict[str, Any]], args: argparse.Namespace) -> None:
    if args.feedback is not None:
        from gongbang.artifacts.files import append_line

        args.feedback.parent.mkdir(parents=True, exist_ok=True)
        for row in rows:
            append_line(args.feedback, row)
