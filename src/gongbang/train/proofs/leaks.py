"""No part of the data knows another: not by id, group, lineage or text, and not nearly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gongbang.data.near_duplicates import near_duplicates_across
from gongbang.data.records import Record
from gongbang.data.splits import Leak, find_leaks, text_of
from gongbang.errors import PreflightError
from gongbang.train.proofs.trial import Number, Outcome, Trial

CHECK = "leaks"
_MOST = 20_000  # texts of a side that are compared for near-duplicates
_CAUSES = {
    "id": "the same rows stand in both",
    "group": "one document's questions were divided, as a split by rows does",
    "lineage": "a row and one made from it were divided",
    "text": "the same passage stands in both",
}


def prove(trial: Trial) -> Outcome:
    """Compare training with development and test, and these with each other."""
    splits = trial.bench.splits
    parts = {"training": trial.bench.training, "development": splits.development, "test": splits.test}
    numbers: dict[str, Number] = {}
    notes: list[str] = []
    for first, second in (("training", "development"), ("training", "test"), ("development", "test")):
        left, right = parts[first], parts[second]
        if not (left and right):
            continue
        _refuse_ties(find_leaks(left, right), first, second, len(right))
        pairs = near_duplicates_across(_fewer(left), _fewer(right))
        near = [pair for pair in pairs if pair[2] >= trial.limits.near_duplicate_similarity]
        share = len({pair[1] for pair in near}) / max(1, len({text_of(record) for record in right}))
        numbers[f"near-duplicates {first}/{second}"] = len(pairs)
        if share > trial.limits.near_duplicates:
            _refuse_near(near[0], first, second, share, trial.limits.near_duplicates)
        if pairs:
            notes.append(
                f"{len(pairs)} texts are alike in {first} and {second}, e.g. {pairs[0][0]} and {pairs[0][1]} "
                f"({pairs[0][2]:.2f})"
            )
    return Outcome("no id, group, lineage or text on both sides of a split", numbers, notes)


def _fewer(records: Sequence[Record]) -> Sequence[Record]:
    return records[:_MOST]


def _refuse_ties(leaks: Sequence[Leak], first: str, second: str, size: int) -> None:
    if not leaks:
        return
    counts = Counter(leak.kind for leak in leaks)
    kind = next(name for name in ("id", "lineage", "group", "text") if counts[name])
    leak = next(leak for leak in leaks if leak.kind == kind)
    told = ", ".join(f"{count} by {name}" for name, count in counts.items())
    raise PreflightError(
        f"{second} leaks into {first} ({told} of {size} records): {_CAUSES[kind]}.",
        check=CHECK,
        value=f"{kind} '{leak.value[:60]}': {leak.train} and {leak.test}",
        allowed="no id, group, lineage or text in two parts",
        cure="Let data.split divide the source by group, or drop these records from training.",
    )


def _refuse_near(pair: tuple[str, str, float], first: str, second: str, share: float, limit: float) -> None:
    raise PreflightError(
        f"{share:.1%} of the {second} texts nearly stand in {first}: near-duplicates cross the split.",
        check=CHECK,
        value=f"{pair[0]} and {pair[1]} are alike by {pair[2]:.2f}",
        allowed=f"at most {limit:.1%} near-duplicates",
        cure=f"Drop these rows from {first}, or give both texts the same group.",
    )
