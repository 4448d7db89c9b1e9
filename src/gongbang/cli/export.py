"""``gongbang export``: a run's best weights as an artifact that serves without torch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note, table
from gongbang.cli.scores import number, scores_table
from gongbang.cli.training import require_training
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.export.report import ExportReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run's folder, its id, or a part of its id")
    parser.add_argument("--out", required=True, metavar="DIR", help="the artifact's folder; its name too")
    parser.add_argument("--quantise", choices=("int8", "none"), help="weights on disk (as the recipe says)")
    parser.add_argument(
        "--gate",
        type=float,
        metavar="POINTS",
        help="what quantisation may cost of the primary metric (as the recipe says)",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="development records that the gate looks at")
    parser.add_argument("--overwrite", action="store_true", help="replace an artifact that stands there")
    parser.add_argument("--root", metavar="DIR", default="runs", help="folder of the runs (runs)")


def run(args: argparse.Namespace) -> Any:
    """Export; gives the artifact's place and size, parity with torch, and what quantisation cost."""
    _check(args)
    require_training("exporting a run")
    from gongbang.artifacts.run import Run
    from gongbang.export.artifact import export_run

    begun = Run.open(args.run, args.root)
    note(args, f"exporting {begun.id}")
    report = export_run(
        begun,
        args.out,
        quantise=args.quantise,
        gate=args.gate,
        limit=args.limit,
        overwrite=args.overwrite,
    )
    return emit(report.to_dict(), args, lambda: _text(report))


def _check(args: argparse.Namespace) -> None:
    """Options out of range, told before minutes are spent."""
    if args.gate is not None and not args.gate >= 0.0:
        raise OptionError(
            "the gate is negative.", value=args.gate, allowed="0 or more points", cure="Pass --gate 0.5."
        )
    if args.gate is not None and args.quantise == "none":
        raise OptionError(
            "--gate does nothing without quantisation.",
            value=f"--gate {args.gate} --quantise none",
            allowed="--gate with --quantise int8",
            cure="Leave one of the two out.",
        )
    if args.limit is not None and args.limit < 1:
        raise OptionError("limit is too small.", value=args.limit, allowed="1 or more", cure="Leave it out.")
    out = Path(args.out)
    taken = out.is_file() or (out.is_dir() and any(out.iterdir()))
    if taken and not (args.overwrite and (out / "artifact.json").is_file()):
        raise OptionError(
            "something already stands where the artifact would be written.",
            value=args.out,
            allowed="a new or empty folder, or an artifact with --overwrite",
            cure="Choose another folder, or add --overwrite for an artifact that is no longer needed.",
        )


def _text(report: ExportReport) -> str:
    files = report.artifact.manifest.files
    sizes = [(name, f"{part.bytes / 1e6:.2f} MB") for name, part in sorted(files.items())]
    figures = [
        *_gate(report),
        ("weights", report.quantised if report.quantised != "none" else "float32"),
        *((f"difference from torch at {shape}", f"{worst:.2g}") for shape, worst in report.parity.items()),
    ]
    measured = "not measured: the recipe holds nothing out"
    if report.scores is not None:
        measured = f"the artifact as it is served\n{scores_table(report.scores)}"
    return f"{table(figures)}\n\n{measured}\n\n{table(sizes)}\n\nartifact: {report.artifact.path}"


def _gate(report: ExportReport) -> list[tuple[str, str]]:
    """The primary metric on held-out data, in torch and on every engine."""
    if report.torch_metric is None:
        return []
    metric = report.metric
    rows = [(f"{metric}, torch in float32", number(metric, report.torch_metric))]
    for engine, value in report.engine_metrics.items():
        refused = "" if engine in report.engines else " (costs too much: used only when asked for)"
        rows.append((f"{metric}, {engine}", number(metric, value) + refused))
    return rows
