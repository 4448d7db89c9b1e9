"""``gongbang relabel``: labels by the consensus of several artifacts or runs; kept, replaced or dropped."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note, table
from gongbang.cli.records import add_format_arguments, jsonl_target, problems_of, read

if TYPE_CHECKING:
    from gongbang.augment.pseudo import Decision, Normal
    from gongbang.data.records import Record
    from gongbang.tasks.base import Prediction


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("data", metavar="DATA", help="records, with labels or without")
    parser.add_argument(
        "--by",
        required=True,
        action="append",
        metavar="NAME",
        help="an artifact, or a folder with predictions.jsonl such as a run's; two or more, none of which was"
        " trained on these records",
    )
    parser.add_argument("--out", required=True, metavar="FILE.jsonl", help="the records that are left")
    parser.add_argument(
        "--keep", type=float, default=0.5, metavar="S", help="share of members that keeps a label (0.5)"
    )
    parser.add_argument(
        "--relabel", type=float, default=0.75, metavar="S", help="share that gives another label (0.75)"
    )
    parser.add_argument(
        "--confidence", type=float, default=0.8, metavar="P", help="their mean confidence in it (0.8)"
    )
    add_format_arguments(parser)


def run(args: argparse.Namespace) -> Any:
    """Predict, decide and write; every decision with its reason beside the records."""
    from gongbang.augment.pseudo import Thresholds, apply_decisions, consensus, tally, write_decisions
    from gongbang.data.writing import write_jsonl
    from gongbang.metrics.span import normalise_answer
    from gongbang.tasks.labels import gold_texts

    out = jsonl_target(args.out)
    limits = Thresholds(args.keep, args.relabel, args.confidence)
    loaded = read(args, args.data)
    members = [_predicted(args, name, loaded.items) for name in args.by]
    seen = set.intersection(*({prediction.id for prediction in member} for member in members))
    records = [record for record in loaded.items if record.id in seen]
    told = [[prediction for prediction in member if prediction.id in seen] for member in members]
    spans = any("answers" in record.spans for record in records)
    normal: Normal = normalise_answer if spans else str.strip
    own = {record.id: gold for record in records if (gold := gold_texts(record)) is not None}
    decisions = consensus(told, own, thresholds=limits, normal=normal)
    kept = apply_decisions(records, decisions, role="answers" if spans else "")
    write_jsonl(kept, out)
    reasons = out.with_suffix(".decisions.jsonl")
    write_decisions(reasons, decisions)
    note(args, f"why: {reasons}")
    counts: dict[str, int] = dict(tally(decisions).items())
    result: dict[str, Any] = {
        "members": list(args.by),
        "records": len(records),
        "not_predicted": len(loaded.items) - len(records),
        **counts,
        "written": len(kept),
        "out": str(out),
        "decisions": str(reasons),
        "problems": problems_of(loaded),
    }
    return emit(result, args, lambda: _text(result, decisions))


def _predicted(args: argparse.Namespace, name: str, records: Sequence[Record]) -> list[Prediction]:
    """What a member says of the records: read from a run's folder, or predicted by an artifact."""
    from gongbang.artifacts.predictions import read_predictions
    from gongbang.runtime.load import load

    if (Path(name) / "predictions.jsonl").is_file():
        ids = {record.id for record in records}
        return [prediction for prediction in read_predictions(Path(name)) if prediction.id in ids]
    predictor = load(name)
    note(args, f"predicting with {name}")
    return predictor.predict(list(records))


def _text(result: dict[str, Any], decisions: Sequence[Decision]) -> str:
    rows = [(name, f"{result[name]:,}") for name in ("records", "keep", "relabel", "drop", "written")]
    if result["not_predicted"]:
        rows.insert(1, ("not predicted by all members", f"{result['not_predicted']:,}"))
    changed = [one for one in decisions if one.action == "relabel"][:3]
    shown = "\n".join(f"{one.id}: {one.label} ({one.reason})" for one in changed)
    return table(rows) + (f"\n\n{shown}" if shown else "")
