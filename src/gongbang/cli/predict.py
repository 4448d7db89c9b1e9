"""``gongbang predict``: answer a file of records with an artifact."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from gongbang.cli.output import emit, note
from gongbang.cli.records import add_format_arguments, problems_of, read, set_aside
from gongbang.errors import OptionError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("artifact", metavar="ARTIFACT", help="an artifact's name (reader-ko) or folder")
    parser.add_argument("--data", required=True, metavar="FILE", help="the records to answer")
    parser.add_argument("--out", metavar="FILE.jsonl", help="write one JSON line a prediction")
    add_format_arguments(parser)


def run(args: argparse.Namespace) -> Any:
    """Predict; one JSON line a prediction, n-best with it, in the file's order."""
    from gongbang.artifacts.files import write_lines
    from gongbang.artifacts.predictions import predictions_to_dict
    from gongbang.runtime.load import load

    out = _target(args.out)
    predictor = load(args.artifact)
    loaded = set_aside(args, read(args, args.data), predictor.task.schema.fields)
    summary = predictions_to_dict(predictor.artifact, predictor.predict(loaded.items))
    rows = summary.pop("predictions")
    summary["problems"] = problems_of(loaded)
    if out is None:
        return emit({**summary, "predictions": rows}, args, lambda: _lines(rows))
    write_lines(out, rows)
    note(args, f"predictions: {out}")
    return emit({**summary, "out": str(out)}, args, f"{summary['answered']} of {summary['n']} answered")


def _target(out: str | None) -> Path | None:
    """Where to write; refused before the work is done rather than after."""
    if out is None:
        return None
    path = Path(out)
    if path.is_dir() or not path.parent.is_dir():
        raise OptionError(
            "the predictions cannot be written there.",
            value=out,
            allowed="the name of a file in a folder that stands",
            cure=f"Make the folder first: mkdir -p {path if path.is_dir() else path.parent}."
            if not path.is_dir()
            else f"Pass --out {path / 'predictions.jsonl'}.",
        )
    return path


def _lines(rows: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
