"""``gongbang ask``: questions to documents, once or in a conversation."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gongbang.artifacts.defaults import READER
from gongbang.cli.output import emit, note, style
from gongbang.cli.sources import add_sources, documents_named, encoder_named, encoder_of_index
from gongbang.errors import DataError, OptionError, printable

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
    parser.add_argument("--top-k", type=int, metavar="N", help="passages to read at most (default 5)")
    parser.add_argument(
        "--no-answer-threshold",
        type=float,
        metavar="T",
        help='confidence (0 to 1) below which the answer is "no answer here"; default: the reader\'s own',
    )
    parser.add_argument("--artifact", default=READER, metavar="DIR", help="the reader: a name or a folder")
    parser.add_argument(
        "--stay", action="store_true", help="after --question, stay for more where there is a terminal"
    )


def run(args: argparse.Namespace) -> Any:
    """Ask, print, and give what ``--json`` prints."""
    _check_sources(args)
    _check_options(args)
    terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty() and not args.json
    questions = args.question or ([] if terminal else piped_questions())
    ask = _open(args)
    answers = _answer_all(ask, questions, args)
    if terminal and (args.stay or not args.question):
        _converse(ask, args)
    warnings = [problem.to_dict() for problem in ask.problems]
    if args.question and len(args.question) == 1:
        return emit({**answers[0].to_dict(), "warnings": warnings}, args)
    return emit({"answers": [answer.to_dict() for answer in answers], "warnings": warnings}, args)


def piped_questions() -> list[str]:
    """The lines of stdin that are not blank, read to the end before the first is asked.

    Raises:
        OptionError: there is no stdin. DataError: a line is not in UTF-8.
    """
    from gongbang.data.textfile import decode

    if sys.stdin is None:
        raise OptionError(
            "there is no question.",
            value="no --question, and stdin is closed",
            allowed="--question Q, a terminal, or lines on stdin",
            cure='Ask with --question "공방은 몇 시에 여는가?".',
        )
    data = sys.stdin.buffer.read()
    try:
        text = decode(data, "stdin")
    except DataError as err:
        raise _not_utf8(data, err) from err
    return [words for line in text.split("\n") if (words := line.strip())]


def _not_utf8(data: bytes, err: DataError) -> DataError:
    """The error of the reader of files, with a cure that a pipe can take."""
    from gongbang.data.textfile import guess_encoding

    guess = guess_encoding(data)
    cure = (
        f"They are probably in {guess}: cat FILE | iconv -f {guess} -t UTF-8 | gongbang ask ..."
        if guess
        else f"Write line {err.line} in UTF-8, as the lines before it are."
    )
    return DataError(
        "the questions are not in UTF-8.",
        value=err.value,
        allowed="one question a line, in UTF-8",
        cure=cure,
        path="stdin",
        line=err.line,
    )


def _check_sources(args: argparse.Namespace) -> None:
    if bool(args.docs) == bool(args.index):
        raise OptionError(
            "say what to ask: documents or a saved index.",
            value="both" if args.docs else "neither",
            allowed="either --docs PATH... or --index DIR",
            cure="Name one of them, e.g. --docs notes/.",
        )


def _check_options(args: argparse.Namespace) -> None:
    """What can be told before anything is read."""
    from gongbang.apps.ask import check_options, checked_question

    check_options(_top_k(args), args.no_answer_threshold)
    for question in args.question or ():
        checked_question(question)


def _top_k(args: argparse.Namespace) -> int:
    from gongbang.apps.ask import TOP_K

    return TOP_K if args.top_k is None else int(args.top_k)


def _open(args: argparse.Namespace) -> Ask:
    from gongbang.apps.ask import Ask
    from gongbang.cli.render import show_problems

    began = time.perf_counter()
    if args.index:
        ask = Ask.from_index(args.index, reader=args.artifact, encoder=encoder_of_index(args))
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


def _answer_all(ask: Ask, questions: Sequence[str], args: argparse.Namespace) -> list[Answer]:
    """Answer and, unless one JSON document is wanted, print each as soon as it is there."""
    from gongbang.cli.render import answer_text

    answers = []
    for number, question in enumerate(questions):
        answers.append(_answer(ask, question, args))
        if not args.json:
            print(("\n" if number else "") + style(f"? {printable(question)}", "dim"))
            print(answer_text(answers[-1]), flush=True)
    return answers


def _answer(ask: Ask, question: str, args: argparse.Namespace) -> Answer:
    return ask.answer(question, top_k=_top_k(args), no_answer_threshold=args.no_answer_threshold)


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
        try:
            last = _answer(ask, words, args)
        except OptionError as err:  # a slip of the keyboard is no reason to hang up
            print("\n".join(err.lines()))
            continue
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
