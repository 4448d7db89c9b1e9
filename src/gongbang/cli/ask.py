"""``gongbang ask``: questions to documents, once or in a conversation."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note, style
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.apps.answer import Answer
    from gongbang.apps.ask import Ask

_HELP = """type a question; an empty line or Ctrl-D ends
  :more      other candidates of the last question
  :passages  what was read for it, with scores
  :explain   which words brought the first passage up
  :help      this list"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``ask``."""
    add_sources(parser)
    parser.add_argument(
        "--question",
        "-q",
        action="append",
        metavar="Q",
        help="a question, may be given several times; without it they are read from the terminal or stdin",
    )
    parser.add_argument("--top-k", type=int, metavar="N", help="passages to read for a question (default 5)")
    parser.add_argument(
        "--no-answer-threshold",
        type=float,
        metavar="T",
        help='confidence (0 to 1) below which the answer is "no answer here"; default: the reader\'s own',
    )
    parser.add_argument(
        "--artifact", default="reader-ko", metavar="DIR", help="the reader: a name or a folder"
    )
    parser.add_argument(
        "--stay", action="store_true", help="after --question, stay for more where there is a terminal"
    )


def add_sources(parser: argparse.ArgumentParser) -> None:
    """What is searched and with what: shared with ``index``."""
    parser.add_argument("--docs", nargs="+", metavar="PATH", help="files, folders or globs to ask")
    parser.add_argument("--index", metavar="DIR", help="a saved index to ask instead of documents")
    add_encoder(parser)


def add_encoder(parser: argparse.ArgumentParser) -> None:
    """The part of the search that goes by meaning."""
    parser.add_argument(
        "--encoder", default="encoder-ko", metavar="DIR", help="the encoder: a name or a folder"
    )
    parser.add_argument("--no-dense", action="store_true", help="search by words alone")


def run(args: argparse.Namespace) -> Any:
    """Ask, print, and give what ``--json`` prints."""
    _check_sources(args)
    ask = _open(args)
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not args.json
    if args.question:
        answers = _answer_all(ask, args.question, args)
        if args.stay and terminal:
            _converse(ask, args)
    elif terminal:
        _converse(ask, args)
        answers = []
    else:
        answers = _answer_all(ask, piped_lines(), args)
    warnings = [problem.to_dict() for problem in ask.problems]
    if args.question and len(args.question) == 1:
        return emit({**answers[0].to_dict(), "warnings": warnings}, args)
    return emit({"answers": [answer.to_dict() for answer in answers], "warnings": warnings}, args)


def piped_lines() -> Iterator[str]:
    """The lines of stdin that are not blank.

    Raises:
        DataError: a line is not in UTF-8.
    """
    from gongbang.data.textfile import decode

    for line in sys.stdin.buffer:
        words = decode(line, "stdin").strip()
        if words:
            yield words


def documents_named(paths: Sequence[str]) -> list[str]:
    """The paths as they are, but ``samples`` is found in an installed wheel too."""
    from pathlib import Path

    from gongbang.artifacts.store import bundled

    return [str(bundled("samples")) if p == "samples" and not Path(p).exists() else p for p in paths]


def encoder_named(args: argparse.Namespace) -> str | None:
    """The encoder that the options ask for; None for a search by words alone."""
    return None if args.no_dense else str(args.encoder)


def _check_sources(args: argparse.Namespace) -> None:
    if bool(args.docs) == bool(args.index):
        raise OptionError(
            "say what to ask: documents or a saved index.",
            value="both" if args.docs else "neither",
            allowed="either --docs PATH... or --index DIR",
            cure="Name one of them, e.g. --docs notes/.",
        )


def _open(args: argparse.Namespace) -> Ask:
    from gongbang.apps.ask import Ask
    from gongbang.cli.render import show_problems

    began = time.perf_counter()
    if args.index:
        ask = Ask.from_index(args.index, reader=args.artifact, encoder=encoder_named(args))
    else:
        ask = Ask.from_paths(documents_named(args.docs), reader=args.artifact, encoder=encoder_named(args))
    show_problems(args, ask.problems)
    library, seconds = ask.library, time.perf_counter() - began
    done = "opened" if args.index else "indexed"
    note(
        args,
        f"{done} {len(library)} documents, {len(library.index)} passages ({library.kind}) in {seconds:.1f} s",
    )
    return ask


def _answer_all(ask: Ask, questions: Sequence[str] | Iterator[str], args: argparse.Namespace) -> list[Answer]:
    """Answer and, unless one JSON document is wanted, print each as soon as it is there."""
    from gongbang.cli.render import answer_text

    answers = []
    for number, question in enumerate(questions):
        answers.append(_answer(ask, question, args))
        if not args.json:
            print(("\n" if number else "") + style(f"? {question}", "dim"))
            print(answer_text(answers[-1]), flush=True)
    return answers


def _answer(ask: Ask, question: str, args: argparse.Namespace) -> Answer:
    from gongbang.apps.ask import TOP_K

    top_k = TOP_K if args.top_k is None else args.top_k
    return ask.answer(question, top_k=top_k, no_answer_threshold=args.no_answer_threshold)


def _converse(ask: Ask, args: argparse.Namespace) -> None:
    """Questions from a terminal until an empty line or the end of input."""
    from gongbang.cli.render import answer_text

    _line_editing()
    note(args, f"{_HELP.splitlines()[0]}; :help for more")
    last: Answer | None = None
    while True:
        try:
            words = input("\n? ").strip()
        except EOFError:
            print()
            return
        if not words:
            return
        if words.startswith(":"):
            print(_command(words, ask, last))
            continue
        last = _answer(ask, words, args)
        print(answer_text(last))
        note(args, style(f"  {last.seconds:.2f} s", "dim", sys.stderr))


def _command(words: str, ask: Ask, last: Answer | None) -> str:
    from gongbang.cli.render import candidates_text, explanation_text, passages_text

    def explain(answer: Answer) -> str:
        if not answer.passages:
            return "no passage"
        return explanation_text(ask.library.explain(answer.question, answer.passages[0].passage))

    shows: dict[str, Callable[[Answer], str]] = {
        ":more": candidates_text,
        ":passages": passages_text,
        ":explain": explain,
    }
    if words not in shows:
        return _HELP
    return shows[words](last) if last is not None else "ask something first"


def _line_editing() -> None:
    """Arrow keys and history at the prompt, where the platform has them."""
    try:
        import readline  # noqa: F401
    except ImportError:
        return
