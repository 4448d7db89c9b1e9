"""``gongbang report``: what runs have shown, on one page."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.artifacts.run import Run

_KINDS = (".md", ".html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        help="runs of one task, by folder, id or a part of it; the sheet is about the last one",
    )
    parser.add_argument(
        "--out", metavar="FILE", help="write the sheet as .md or .html; printed as Markdown without it"
    )
    parser.add_argument("--root", metavar="DIR", default="runs", help="folder of the runs (runs)")


def run(args: argparse.Namespace) -> Any:
    """Write the sheet; gives its facts and where it was written."""
    out = None if args.out is None else _checked(args.out)
    from gongbang.artifacts.report import collect_evidence
    from gongbang.artifacts.report_sections import report_sections
    from gongbang.artifacts.run import Run
    from gongbang.artifacts.sheet import to_html, to_markdown

    runs = [Run.open(name, args.root) for name in args.runs]
    found = collect_evidence(runs, root=args.root)
    title = f"Evidence sheet: {found.name}"
    sections = report_sections(found, _notebooks(runs, Path() if out is None else out.parent))
    page = (to_html if out is not None and out.suffix == ".html" else to_markdown)(title, sections)
    if out is not None:
        _write(out, page)
    result = {"out": None if out is None else str(out), **found.to_dict()}
    return emit(result, args, f"sheet: {out}" if out is not None else page.rstrip())


def _checked(name: str) -> Path:
    path = Path(name)
    if path.suffix not in _KINDS:
        raise OptionError(
            "the sheet cannot be written in this format.",
            value=name,
            allowed=" or ".join(_KINDS),
            cure="Name the file --out sheet.html or --out sheet.md.",
        )
    return path


def _notebooks(runs: Sequence[Run], folder: Path) -> dict[str, str]:
    """Where the runs' error notebooks stand, seen from the sheet."""
    pages = {run.id: run.path / "notebook.html" for run in runs}
    return {
        id_: Path(os.path.relpath(page.resolve(), folder.resolve())).as_posix()
        for id_, page in pages.items()
        if page.is_file()
    }


def _write(path: Path, page: str) -> None:
    from gongbang.artifacts.files import write_text

    try:
        write_text(path, page)
    except OSError as err:
        raise OptionError(
            "the sheet cannot be written.",
            value=f"{path}: {err.strerror or err}",
            allowed="a file in a folder that can be written",
            cure="Name another file with --out.",
        ) from err
