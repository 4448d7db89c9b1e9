"""The command line: finds the verb, imports that one alone, and turns errors into exit codes.

Exit codes: 0 all went well, 2 the user can mend it (four lines on stderr), 1 a fault of ours (one line;
``--debug`` shows the traceback), 130 interrupted.

A verb's module has ``add_arguments(parser)`` and ``run(args)``; ``run`` gives plain data, usually by
``return emit(result, args, text)`` of :mod:`gongbang.cli.output`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from gongbang import __version__
from gongbang.errors import OptionError

VERBS: dict[str, tuple[str, str]] = {
    "ask": ("gongbang.cli.ask", "ask Korean documents; answers are spans with their evidence"),
    "chat": ("gongbang.cli.chat", "talk to a chatbot over known answers; it asks back where it is not sure"),
    "play": ("gongbang.cli.play", "play Twenty Questions: you guess, or with --reverse the machine does"),
    "answers": ("gongbang.cli.answers", "bring answers into a database, or out of it, as CSV or JSONL"),
    "serve": ("gongbang.cli.serve", "serve models, questions to documents and a chatbot over HTTP"),
    "studio": ("gongbang.cli.studio", "pages for people over a server: ask, chat, play, compare, review"),
    "keys": ("gongbang.cli.keys", "make API keys for a server"),
    "worker": ("gongbang.cli.worker", "do the jobs that a server accepted, several workers at once"),
    "jobs": ("gongbang.cli.jobs", "look at jobs, cancel them, or try failed ones again"),
    "stickers": ("gongbang.cli.stickers", "pick stickers for what is felt in a text, with the reason"),
    "index": ("gongbang.cli.index", "build, change, search and explain a search index"),
    "check": ("gongbang.cli.check", "report what is wrong with a data set"),
    "augment": ("gongbang.cli.augment", "make copies of labelled records, filter and audit them"),
    "relabel": ("gongbang.cli.relabel", "keep, replace or drop labels by the consensus of models"),
    "fit": ("gongbang.cli.fit", "find the batch size and precision that fit into a memory limit"),
    "train": ("gongbang.cli.train", "train a model by a recipe"),
    "sweep": ("gongbang.cli.sweep", "find how many made records for each found one help"),
    "study": ("gongbang.cli.study", "compare variants of a recipe over several seeds, null results kept"),
    "ensemble": (
        "gongbang.cli.ensemble",
        "put runs on folds together into one that is better, or distil them",
    ),
    "evaluate": ("gongbang.cli.evaluate", "measure search, the reader, or both end to end"),
    "difficulty": ("gongbang.cli.difficulty", "table how hard records are, for a curriculum"),
    "export": ("gongbang.cli.export", "turn a run into an artifact that serves without torch"),
    "calibrate": ("gongbang.cli.calibrate", "fit a reader's confidence to your own documents"),
    "predict": ("gongbang.cli.predict", "answer a file of records with an artifact"),
    "review": ("gongbang.cli.review", "decide about feedback, and build data sets of what is right"),
    "suite": ("gongbang.cli.suite", "freeze the records that champions and challengers are judged on"),
    "retrain": ("gongbang.cli.retrain", "train a challenger; the gate promotes it or keeps the champion"),
    "gate": ("gongbang.cli.gate", "judge champion and challenger on a frozen suite, and change nothing"),
    "rollback": ("gongbang.cli.rollback", "serve the champion before this one again"),
    "rerun": ("gongbang.cli.rerun", "repeat a run and check that its metric comes out again"),
    "compare": ("gongbang.cli.compare", "set two runs side by side, or one beside its parent"),
    "report": ("gongbang.cli.report", "write what runs have shown on one page"),
}
"""Verb to the module that holds it and its line in the help."""

SHARED_FLAGS = {
    "--json": "print one JSON document on stdout and nothing else",
    "--debug": "show tracebacks and debug logs",
    "--quiet": "no progress and no notes on stderr",
}
"""Flags that every verb takes, anywhere after the command's name."""

INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are errors of four lines, and which knows the shared flags."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)
        shared = self.add_argument_group("every verb takes")
        for flag, words in SHARED_FLAGS.items():
            shared.add_argument(flag, action="store_true", default=argparse.SUPPRESS, help=words)

    def error(self, message: str) -> NoReturn:
        raise OptionError(
            f"{self.prog}: the arguments cannot be used.",
            value=message,
            allowed=" ".join(self.format_usage().removeprefix("usage: ").split()),
            cure=f"See {self.prog} --help.",
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code and never raises.

    Example:
        >>> main(["--version"])
        gongbang 0.1.0
        0
    """
    words, shared = split_shared(sys.argv[1:] if argv is None else list(argv))
    try:
        _utf8()
        _run(words, shared)
        sys.stdout.flush()
    except SystemExit as end:  # --help and --version of argparse
        return end.code if isinstance(end.code, int) else 0
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as err:
        from gongbang.cli.faults import report

        return report(err, json=shared["json"], debug=shared["debug"])
    return 0


def split_shared(words: Sequence[str]) -> tuple[list[str], dict[str, bool]]:
    """The words without the shared flags, and which of these were given. What follows ``--`` is left alone.

    Example:
        >>> split_shared(["--json", "ask", "--", "--debug"])
        (['ask', '--', '--debug'], {'json': True, 'debug': False, 'quiet': False})
    """
    end = words.index("--") if "--" in words else len(words)
    given = {flag.removeprefix("--"): flag in words[:end] for flag in SHARED_FLAGS}
    return [word for word in words[:end] if word not in SHARED_FLAGS] + list(words[end:]), given


def _run(words: list[str], shared: dict[str, bool]) -> None:
    if not words or words[0].startswith("-"):
        _top_parser().parse_args(words or ["--help"])
    verb = words[0]
    if verb not in VERBS:
        raise _unknown(verb)
    _logging(shared)
    module = import_module(VERBS[verb][0])
    parser = Parser(prog=f"gongbang {verb}", description=VERBS[verb][1])
    module.add_arguments(parser)
    args = parser.parse_args(words[1:])
    for name, given in shared.items():
        setattr(args, name, given)
    try:
        result = module.run(args)
    finally:  # stdout has its one document by then: an error goes to stderr
        shared["json"] &= not getattr(args, "emitted", False)
    if args.json and not getattr(args, "emitted", False):
        from gongbang.cli.output import write_json

        write_json(result)


def _top_parser() -> argparse.ArgumentParser:
    width = max(map(len, VERBS))
    lines = [f"  {verb:<{width}}  {words}" for verb, (_, words) in VERBS.items()]
    parser = Parser(
        prog="gongbang",
        usage="gongbang VERB [options]",
        description="From labelled Korean data to a model that can be trusted and served.",
        epilog="verbs:\n" + "\n".join(lines) + "\n\ngongbang VERB --help shows the options of one verb.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gongbang {__version__}")
    return parser


def _unknown(verb: str) -> OptionError:
    from difflib import get_close_matches

    near = get_close_matches(verb, VERBS, n=1)
    return OptionError(
        "there is no such verb.",
        value=verb,
        allowed=", ".join(VERBS),
        cure=f"Did you mean 'gongbang {near[0]}'?" if near else "See gongbang --help.",
    )


def _utf8() -> None:
    """Korean in and out whatever the locale; a file name that is no UTF-8 must not break the output."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # told as a question, not a fault


def _logging(shared: dict[str, bool]) -> None:
    import logging

    level = logging.DEBUG if shared["debug"] else logging.ERROR if shared["quiet"] else logging.INFO
    logger = logging.getLogger("gongbang")
    logger.setLevel(level)
    if not any(getattr(handler, "gongbang", False) for handler in logger.handlers):
        from gongbang.cli.output import StderrHandler

        logger.addHandler(StderrHandler())
    for handler in logger.handlers:
        if getattr(handler, "gongbang", False):
            handler.setLevel(level)  # a run lowers the logger's own level for its log file


if __name__ == "__main__":
    sys.exit(main())
