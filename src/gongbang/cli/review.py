"""``gongbang review``: what people thought of answers, decided about, and built into data sets."""

from __future__ import annotations

import argparse
from getpass import getuser
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note
from gongbang.errors import OptionError, printable

if TYPE_CHECKING:
    from gongbang.serve.database.review import Review
    from gongbang.serve.database.rows import ReviewItem

_STATES = ("open", "accepted", "corrected", "rejected")
_ORIGINS = ("chat", "ask", "game", "predict")
_TASKS = ("reader", "boolq", "respond", "classify")
_WIDE = 60  # characters of a text in a list


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of ``review`` and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="feedback in the order in which it came")
    listed.add_argument("--state", choices=_STATES, default="open", help="what became of it (open)")
    listed.add_argument("--all", action="store_true", help="whatever became of it")
    listed.add_argument("--origin", choices=_ORIGINS, help="from there alone")
    listed.add_argument("--task", choices=_TASKS, help="of this task alone")
    listed.add_argument("--after", type=int, default=0, metavar="ID", help="what came after it")
    listed.add_argument("--limit", type=int, default=20, metavar="N", help="how many (20)")
    shown = actions.add_parser("show", help="one piece of feedback, and what was decided about it")
    accept = actions.add_parser("accept", help="it is as the person says")
    correct = actions.add_parser("correct", help="something else is right")
    correct.add_argument("--text", metavar="TEXT", help="what is right: a label, a response, or an answer")
    correct.add_argument("--no-answer", action="store_true", help="of a reader: the passage does not answer")
    reject = actions.add_parser("reject", help="nothing is to be learnt from it")
    for action in (shown, accept, correct, reject):
        action.add_argument("id", metavar="ID", type=int, help="the feedback's id")
    for action in (accept, correct, reject):
        action.add_argument("--reviewer", metavar="NAME", help="who decides (the user of this machine)")
        action.add_argument("--note", default="", metavar="TEXT", help="why")
        action.add_argument("--version", type=int, metavar="N", help="refuse if it was decided about since")
    export = actions.add_parser("export", help="build the next version of each task's data set")
    export.add_argument("--datasets", required=True, metavar="DIR", help="the folder of data sets")
    export.add_argument("--task", choices=_TASKS, help="of this task alone")
    export.add_argument(
        "--suite",
        action="append",
        default=[],
        metavar="DIR",
        help="a frozen suite, whose groups and texts stay out; may be repeated",
    )
    for action in (listed, shown, accept, correct, reject, export):
        action.add_argument("--database", required=True, metavar="URL", help="the server's database")


def run(args: argparse.Namespace) -> Any:
    """Do what was asked, print, and give what ``--json`` prints."""
    _check_correction(args)
    from gongbang.serve.database.migrate import upgrade
    from gongbang.serve.database.review import Review
    from gongbang.serve.database.store import Store

    if args.action == "export":
        return _export(args)
    with Store(args.database) as store:
        upgrade(args.database)
        review = Review(store)
        if args.action == "list":
            return _list(review, args)
        if args.action == "show":
            item = review.get(args.id)
        else:
            item = review.decide(
                args.id,
                args.action,
                reviewer=_reviewer(args),
                text=_text_of(args),
                note=args.note,
                version=args.version,
            )
        return emit(item_to_dict(item), args, lambda: _text(item))


def _check_correction(args: argparse.Namespace) -> None:
    if args.action == "correct" and (args.text is not None) == args.no_answer:
        raise OptionError(
            "a correction says what is right.",
            value="both --text and --no-answer" if args.no_answer else "neither --text nor --no-answer",
            allowed="one of the two",
            cure="gongbang review correct ID --text TEXT --database URL",
        )


def _text_of(args: argparse.Namespace) -> str | None:
    if args.action != "correct":
        return None
    return "" if args.no_answer else str(args.text)


def _reviewer(args: argparse.Namespace) -> str:
    if args.reviewer is not None:
        return str(args.reviewer)
    try:
        return getuser()
    except (OSError, KeyError, ImportError) as err:
        raise OptionError(
            "nobody says who decides.",
            value="no user name is known here",
            allowed="--reviewer NAME",
            cure="Add --reviewer NAME.",
        ) from err


def _list(review: Review, args: argparse.Namespace) -> Any:
    page = review.page(
        state=None if args.all else args.state,
        origin=args.origin,
        task=args.task,
        after=args.after,
        limit=args.limit,
    )
    told = {"total": page.total, "next": page.next, "items": [item_to_dict(item) for item in page.items]}
    lines = [_line(item) for item in page.items]
    more = f"; --after {page.next} shows more" if page.next else ""
    return emit(told, args, "\n".join([*lines, f"{len(lines)} of {page.total}{more}"]))


def _export(args: argparse.Namespace) -> Any:
    from gongbang.serve.reviewed import build_datasets

    versions = build_datasets(args.database, args.datasets, task=args.task, suites=args.suite)
    if not args.suite:
        note(args, "no suite was named: what challengers are judged by may be among these records")
    told = [
        {
            "task": version.task,
            "path": str(version.records),
            "id": version.id,
            "number": version.number,
            "records": version.manifest["records"],
            "origins": version.manifest["origins"],
            "left_out": len(version.manifest["left_out"]),
        }
        for version in versions
    ]
    lines = [
        f"{one['task']}: version {one['number']}, {one['records']} records, {one['left_out']} left out: "
        f"{one['path']}"
        for one in told
    ]
    return emit({"versions": told}, args, "\n".join(lines) or "nothing was accepted yet")


def item_to_dict(item: ReviewItem) -> dict[str, Any]:
    """Feedback and what was decided about it as plain data."""
    feedback, judged = item.feedback, item.feedback.judged
    return {
        "id": item.id,
        "state": item.state,
        "version": item.version,
        "created": feedback.created.isoformat(),
        "turn_id": feedback.turn_id,
        **{name: getattr(judged, name) for name in judged.__slots__ if name != "key"},
        "texts": dict(judged.texts),
        "decisions": [
            {name: getattr(one, name) for name in one.__slots__} | {"at": one.at.isoformat()}
            for one in item.decisions
        ],
    }


def _line(item: ReviewItem) -> str:
    judged = item.feedback.judged
    mark = "right" if judged.good else "wrong"
    if judged.correction is not None:
        mark += f" (right: {judged.correction or 'no answer'})"
    asked = judged.asked or next(iter(judged.texts.values()), "")
    words = f"{_short(asked)} -> {_short(judged.answer) or 'no answer'}: {mark}"
    return printable(f"{item.id:>5} {item.state:<9} {judged.origin:<7} {judged.task:<8} {words}")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDE else line[: _WIDE - 1] + "…"


def _text(item: ReviewItem) -> str:
    told = item_to_dict(item)
    decisions, texts = told.pop("decisions"), told.pop("texts")
    lines = [f"{name}: {value}" for name, value in told.items() if value not in ("", None)]
    lines += [f"text '{name}': {value}" for name, value in texts.items()]
    for one in decisions:
        said = f" {one['text']!r}" if one["text"] else ""
        lines.append(f"{one['at']} {one['reviewer']}: {one['action']}{said} {one['note']}".rstrip())
    return "\n".join(map(printable, lines))
