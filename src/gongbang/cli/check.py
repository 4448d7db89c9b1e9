"""``gongbang check``: what is wrong with a data set, before anything is trained on it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.artifacts.defaults import ENCODER, LABELLERS, READER, RESPONDER
from gongbang.cli.output import emit, note, table
from gongbang.cli.records import add_format_arguments, read
from gongbang.errors import ArtifactError, DataError, OptionError, printable

if TYPE_CHECKING:
    from gongbang.data.checks import CheckReport
    from gongbang.data.records import Record

_MAX_LENGTH = 384
_SHOWN = 15  # labels that the terminal lists; the page has them all
_OF_READING = {"documents", "answerable", "unanswerable"}
_BUNDLED = {
    "reader": (READER,),
    **{task: (name, ENCODER) for task, name in LABELLERS.items()},
    "respond": (RESPONDER, ENCODER),
}
"""Artifacts whose tokenizer counts where none is named, the first one that is installed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("data", metavar="DATA", help="a file of records, or a folder of such files")
    parser.add_argument(
        "--task",
        default="reader",
        help="reader, classify, boolq, emotions, relation, respond, encode, text or any (reader)",
    )
    parser.add_argument(
        "--against",
        metavar="OTHER",
        action="append",
        default=[],
        help="a set that must share nothing with this one, e.g. the test part; may be repeated",
    )
    tokens = parser.add_mutually_exclusive_group()
    tokens.add_argument(
        "--artifact",
        metavar="NAME",
        help="count tokens with this artifact's tokenizer (the task's bundled one, where installed)",
    )
    tokens.add_argument("--tokenizer", metavar="FILE", help="count tokens with this tokenizer.json")
    parser.add_argument("--max-length", type=int, metavar="N", help="tokens of a window")
    parser.add_argument(
        "--oof",
        metavar="RUN",
        help="doubt labels by this run's out-of-fold predictions (default: by a quick model of letters)",
    )
    parser.add_argument("--out", metavar="FILE.html", help="write the whole report with its plots")
    add_format_arguments(parser)


def run(args: argparse.Namespace) -> Any:
    """Check the data; gives the report as plain data."""
    from gongbang.artifacts.check_stamp import stamp_check
    from gongbang.data.checks import check_records

    judged = _judged(args.oof) if args.oof else None
    tokenizer, max_length = _tokenizer(args)
    loaded = read(args, args.data)
    others: list[Record] = []
    for path in args.against:
        others += read(args, path)
    report = check_records(
        loaded,
        task=args.task,
        tokenizer=tokenizer,
        other=others if args.against else None,
        max_length=max_length,
        oof=judged,
    )
    stamp_check([args.data], report, str(Path(args.out).resolve()) if args.out else "")
    if args.out:
        _write(Path(args.out), report, Path(args.data).name)
        note(args, f"report: {args.out}")
    result = emit(report.to_dict(), args, lambda: _text(report))
    _refuse_faults(report, args.data)
    return result


def _judged(run: str) -> dict[str, dict[str, float]]:
    """The probability of each label by record id, from a run's predictions."""
    from gongbang.artifacts.predictions import read_predictions

    return {
        prediction.id: {candidate.text: candidate.probability for candidate in prediction.candidates}
        for prediction in read_predictions(Path(run))
    }


def _refuse_faults(report: CheckReport, path: str) -> None:
    """Exit code 2 behind the report, so that a script stops before it trains on such data."""
    faults = [finding.en for finding in report.todo if finding.level == "fault"]
    if faults:
        raise DataError(
            "the data set has faults.",
            value=" ".join(faults),
            allowed="a data set that nothing forbids to train on",
            cure="Mend what the report lists, and check again.",
            path=path,
        )


def _tokenizer(args: argparse.Namespace) -> tuple[Any, int]:
    """The tokenizer that counts, None where there is none, and the length of a window."""
    config: dict[str, Any] = {}
    file = Path(args.tokenizer) if args.tokenizer else None
    if name := args.artifact or _default_artifact(args):
        from gongbang.artifacts.format import open_artifact

        artifact = open_artifact(name)
        file, config = artifact.file("tokenizer.json"), artifact.config
    given = args.max_length is not None
    length = args.max_length if given else int(config.get("max_length", _MAX_LENGTH))
    if length < 1:
        raise OptionError("max_length is too small.", value=length, allowed="1 or more", cure="Leave it out.")
    if given and file is None:
        raise OptionError(
            "--max-length does nothing without a tokenizer.",
            value=args.max_length,
            allowed="--max-length with --artifact or --tokenizer",
            cure="Add --artifact reader-ko, or leave --max-length out.",
        )
    return (_open_tokenizer(file) if file else None), length


def _default_artifact(args: argparse.Namespace) -> str | None:
    """The bundled artifact of the task, where one is installed and nothing else was named."""
    from gongbang.artifacts.store import known_artifacts

    known = {} if args.tokenizer or args.task not in _BUNDLED else known_artifacts()
    return next((name for name in _BUNDLED.get(args.task, ()) if name in known), None)


def _open_tokenizer(file: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(file))
    except Exception as err:  # the tokenizers package raises nothing narrower
        raise ArtifactError(
            "this is not a tokenizer.",
            value=f"{file}: {err}",
            allowed="a tokenizer.json of the tokenizers package",
            cure="Name the tokenizer.json of a checkpoint, or an artifact with --artifact.",
        ) from err


def _write(path: Path, report: CheckReport, title: str) -> None:
    from gongbang.artifacts.files import write_text

    if path.is_dir():
        raise OptionError(
            "the report would overwrite a folder.",
            value=str(path),
            allowed="the name of a file, e.g. report.html",
            cure=f"Pass --out {path / 'report.html'}.",
        )
    write_text(path, report.to_html(title))


def _text(report: CheckReport) -> str:
    reads = not (report.classes or report.dialogue)
    names = ("records", "documents", "groups", "answerable", "unanswerable", "augmented", "problems")
    rows = [(name, report.counts[name]) for name in names if reads or name not in _OF_READING]
    rows += [(name, report.dialogue[name]) for name in ("contexts", "responses") if report.dialogue]
    parts = [table(rows), *([_labels(report)] if report.classes else []), _lengths(report)]
    if report.tokens:
        parts.append(_tokens(report.tokens, reads=reads))
    if "limits" in report.dialogue:
        parts.append(_limits(report.dialogue["limits"]))
    if report.leaks:
        shared = report.leaks["by_kind"] or {}
        near = report.leaks["near_duplicates_found"]
        words = ", ".join(f"{n:,} by {kind}" for kind, n in shared.items()) or "nothing"
        parts.append(f"shared with the other set: {words}; near-duplicates: {near:,}")
    for finding in report.todo:
        examples = (f"    {printable(example)}" for example in finding.examples)
        parts.append("\n".join([f"{finding.level}: {finding.en}", *examples]))
    parts.append("nothing forbids training" if report.ok else "mend the faults before training on this")
    return "\n\n".join(parts)


def _labels(report: CheckReport) -> str:
    labels = list(report.classes["labels"].items())
    rows = [(name, f"{found['n']:,}", f"{found['share']:.1%}") for name, found in labels[:_SHOWN]]
    if len(labels) > _SHOWN:
        rows.append((f"({len(labels) - _SHOWN} more)", "", ""))
    return table(rows, header=("label", "n", "share"))


def _lengths(report: CheckReport) -> str:
    rows = [
        (name, *(f"{found[key]:,.0f}" for key in ("min", "median", "max")))
        for name, found in report.lengths.items()
        if found["n"]
    ]
    return table(rows, header=("characters", "least", "median", "most"))


def _limits(limits: dict[str, Any]) -> str:
    """Tokens of contexts and responses, and the limits that leave 99 % of them whole."""
    rows = [
        (name, *(f"{found['length'][key]:,.0f}" for key in ("median", "p95", "max")), found["proposed"])
        for name, found in limits.items()
    ]
    return table(rows, header=("tokens", "median", "95 %", "most", "proposed"))


def _tokens(tokens: dict[str, Any], *, reads: bool) -> str:
    limit = tokens["max_length"]
    rows = [(f"records over {limit} tokens", f"{tokens['truncated']['share']:.1%}")]
    if reads:
        rows.append((f"answers beyond {limit} tokens", f"{tokens['answer_truncated']['share']:.1%}"))
    if "span_truncated" in tokens:
        rows.append((f"marked words beyond {limit} tokens", f"{tokens['span_truncated']['share']:.1%}"))
    rows.append(("unknown tokens", f"{tokens['unknown']['tokens']['share']:.3%}"))
    return table(rows)
