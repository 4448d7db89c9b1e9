"""``gongbang augment``: copies of a file's records by one method, filtered, and a sheet to audit them by."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note, table
from gongbang.cli.records import add_format_arguments, jsonl_target, problems_of, read
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from gongbang.augment.audit import Audited
    from gongbang.augment.copies import Augmented
    from gongbang.augment.filters import Filtered
    from gongbang.data.records import Record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    from gongbang.augment.filters import FILTERS
    from gongbang.augment.table import AUGMENTERS

    parser.add_argument("data", metavar="DATA", help="the records that copies are made of")
    parser.add_argument("--method", required=True, metavar="METHOD", help=f"one of {', '.join(AUGMENTERS)}")
    parser.add_argument("--ratio", type=float, default=1.0, metavar="R", help="copies per record (1)")
    parser.add_argument("--seed", type=int, default=17, metavar="N", help="of all draws (17)")
    parser.add_argument(
        "--option",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="an option of the method, the value in YAML; may be repeated",
    )
    parser.add_argument(
        "--filter",
        metavar="NAME",
        action="append",
        default=[],
        dest="filters",
        help=f"drop copies that fail it, may be repeated: {', '.join(FILTERS)}; options behind a colon, as in"
        " length-ratio:least=0.6,most=1.6",
    )
    parser.add_argument("--out", required=True, metavar="FILE.jsonl", help="the copies, one JSON line each")
    parser.add_argument("--audit", metavar="SHEET.html", help="write a sheet of 50 copies to be judged")
    parser.add_argument(
        "--verdicts", metavar="FILE", help="what was saved from a sheet: kept beside --out, and applied"
    )
    add_format_arguments(parser)


def run(args: argparse.Namespace) -> Any:
    """Make, filter, judge and write; gives what was made, what was not and why."""
    from gongbang.augment.audit import write_audit
    from gongbang.augment.copies import augment
    from gongbang.augment.filters import apply_filters, save_dropped
    from gongbang.data.writing import write_jsonl

    out = jsonl_target(args.out)
    filters = [_filter(words) for words in args.filters]
    loaded = read(args, args.data)
    originals = [record for record in loaded.items if not record.lineage]
    made = augment(
        originals, args.method, ratio=args.ratio, seed=args.seed, **_options(args.option, "--option")
    )
    filtered = apply_filters(made.records, originals, filters)
    judged = _judged(args, out, filtered.kept)
    write_jsonl(judged.kept, out)
    save_dropped([*filtered.dropped, *judged.dropped], out.with_suffix(".dropped.jsonl"))
    if args.audit:
        write_audit(judged.kept, originals, args.audit, title=out.name, verdicts=_kept_verdicts(out))
        note(args, f"to be judged: {args.audit}; then --verdicts with what the page saves")
    result = {
        **made.to_dict(),
        "filtered": filtered.to_dict(),
        "audit": judged.to_dict(),
        "written": len(judged.kept),
        "out": str(out),
        "problems": problems_of(loaded),
    }
    return emit(result, args, lambda: _text(made, filtered, judged, out))


def _judged(args: argparse.Namespace, out: Path, made: Sequence[Record]) -> Audited:
    """The copies without those judged bad, now or before."""
    from gongbang.augment.audit import apply_verdicts, read_verdicts, save_verdicts, verdicts_path

    if args.verdicts:
        save_verdicts(read_verdicts(args.verdicts), verdicts_path(out))
    return apply_verdicts(made, _kept_verdicts(out))


def _kept_verdicts(out: Path) -> Any:
    from gongbang.augment.audit import read_verdicts, verdicts_path

    kept = verdicts_path(out)
    return read_verdicts(kept) if kept.exists() else {}


def _filter(words: str) -> Any:
    from gongbang.augment.filters import make_filter

    name, _, options = words.partition(":")
    return make_filter(name, **_options([part for part in options.split(",") if part], "--filter"))


def _options(pairs: Sequence[str], flag: str) -> dict[str, Any]:
    """``["share=0.2"]`` as options, their values in YAML."""
    import yaml

    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            equals = ""
        if not key or not equals:
            raise OptionError(
                f"{flag} has an option that is not of the form key=value.",
                value=pair,
                allowed="key=value, the value in YAML",
                cure="Write for instance --option share=0.2.",
            )
    return found


def _text(made: Augmented, filtered: Filtered, judged: Audited, out: Path) -> str:
    rows = [
        ("records", f"{made.originals:,}"),
        ("copies wanted", f"{made.wanted:,}"),
        ("made", f"{len(made.records):,}"),
        *((f"  not: {reason}", f"{count:,}") for reason, count in made.reasons.items()),
        *((f"  dropped by {name}", f"{count:,}") for name, count in filtered.counts.items()),
        *([("  judged bad", f"{len(judged.dropped):,}")] if judged.dropped else []),
        ("written", f"{len(judged.kept):,}"),
    ]
    shares = [
        f"{method}: {100 * share.value:.0f} % bad of {share.n} judged"
        f" ({100 * (share.low or 0):.0f} to {100 * (share.high or 0):.0f} %)"
        for method, share in judged.bad.items()
    ]
    use = "in a recipe: a source with augmented: true, which never enters development or test data"
    return "\n\n".join([table(rows), *shares, f"copies: {out}\n{use}"])
