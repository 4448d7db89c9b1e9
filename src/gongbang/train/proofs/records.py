"""The records themselves: held-out data is original, examples are not repeated, sources give something."""

from __future__ import annotations

from collections import Counter

from gongbang.errors import PreflightError
from gongbang.train.proofs.trial import Outcome, Trial


def prove_original(trial: Trial) -> Outcome:
    """Development and test data were found, not made."""
    splits = trial.bench.splits
    for name in ("development", "test"):
        for record in splits.part(name):
            if record.lineage or record.labels.get("augmented"):
                raise PreflightError(
                    f"the {name} data holds a made row: a score on it says nothing about real questions.",
                    check="original evaluation",
                    value=f"record '{record.id}' made from {', '.join(record.lineage) or 'another'}",
                    allowed="original records only",
                    cure="Augment after splitting, and set augmented: true, role: train on the made source.",
                )
    made = sum(bool(record.lineage or record.labels.get("augmented")) for record in trial.bench.training)
    found = len(trial.bench.training) - made
    ratio = made / max(1, found)
    notes = []
    if ratio > trial.limits.made_per_found:
        notes.append(f"{ratio:.1f} made rows for each found one can drown the found ones")
    numbers = {"found": found, "made": made, "made per found": round(ratio, 3)}
    return Outcome("development and test rows are original", dict(numbers), notes)


def prove_distinct(trial: Trial) -> Outcome:
    """No id twice in a part, and few examples twice in training."""
    splits = trial.bench.splits
    parts = {"training": trial.bench.training, "development": splits.development, "test": splits.test}
    for name, records in parts.items():
        twice = [key for key, count in Counter(record.id for record in records).items() if count > 1]
        if twice:
            raise PreflightError(
                f"{len(twice)} ids stand twice in {name}: their predictions cannot be told apart.",
                check="distinct records",
                value=twice[0],
                allowed="an id of its own for each record",
                cure="Number the records of each source apart, e.g. with the source's name before the id.",
            )
    training = parts["training"]
    examples = Counter(tuple(sorted(record.fields.items())) for record in training)
    repeats = (len(training) - len(examples)) / max(1, len(training))
    if repeats > trial.limits.repeats:
        commonest = examples.most_common(1)[0]
        raise PreflightError(
            f"{repeats:.0%} of the training examples repeat another word for word.",
            check="distinct records",
            value=f"{dict(commonest[0]).get('question', '')[:80]} ({commonest[1]} times)",
            allowed=f"at most {trial.limits.repeats:.0%} repeats",
            cure="Name each source once, and remove copies.",
        )
    return Outcome("ids are distinct", {"repeated examples": round(repeats, 4)})


def prove_development(trial: Trial) -> Outcome:
    """There is development data wherever something is decided by it."""
    settings = trial.bench.recipe.training
    count = len(trial.bench.splits.development)
    # A run that is resumed has every key set: what says something is a metric other than the default.
    chosen = settings.metric != type(settings).model_fields["metric"].default
    if not count and (settings.patience or chosen):
        wish = "patience" if settings.patience else "metric"
        raise PreflightError(
            f"'{wish}' is set, but there is no development data to measure on: it would do nothing.",
            check="development data",
            value=f"0 development records, {wish}={getattr(settings, wish)}",
            allowed="at least one development record",
            cure="Raise data.split.development, name a source with role: development, or remove the key.",
        )
    if not count:
        return Outcome("no development data: the last weights are kept", {"records": 0}, skipped=True)
    notes = [f"only {count} development records: a metric moves by {1 / count:.1%} a record"]
    return Outcome("development data is there", {"records": count}, notes if count < 100 else [])


def prove_sources(trial: Trial) -> Outcome:
    """Every source gave records, and the rows that could not be used are few."""
    splits = trial.bench.splits
    total = len(splits.train) + len(splits.development) + len(splits.test)
    bad = len(splits.problems)
    if bad > total / 10:
        raise PreflightError(
            f"{bad} rows could not be used beside {total} that could.",
            check="sources",
            value=splits.problems[0].what,
            allowed="at most one row in ten",
            cure="Mend the rows, or set the source's format and mapping; 'gongbang check' lists them all.",
        )
    numbers = {
        "training": len(trial.bench.training),
        "development": len(splits.development),
        "test": len(splits.test),
        "unusable": bad,
        "left out": len(splits.dropped),
    }
    return Outcome("the sources can be read", dict(numbers))
