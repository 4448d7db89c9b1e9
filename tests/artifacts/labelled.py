"""Records, predictions and runs of label tasks, by hand, for the tests of what is learnt from runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gongbang.artifacts.class_kinds import LabelSpec
from gongbang.artifacts.class_rows import build_class_notebook
from gongbang.artifacts.run import Run
from gongbang.data.records import Record, Span
from gongbang.metrics.classes import class_scores
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Candidate, Prediction

LABELS = ("bad", "good")


def review(id_: str, label: str | None, text: str = "볼 만하다", group: str = "") -> Record:
    """A review; not labelled where the label is None."""
    return Record(id_, {"text": text}, labels={} if label is None else {"label": label}, group=group)


def told(id_: str, shares: Mapping[str, float], **details: Any) -> Prediction:
    """A prediction out of its labels' probabilities; the likeliest is given."""
    order = sorted(shares, key=lambda label: -shares[label])
    labels = tuple(Candidate(label, 0, 0, shares[label], shares[label], record=id_) for label in order)
    return Prediction(id_, order[0], shares[order[0]], labels, details=details)


def related(id_: str, label: str, types: tuple[str, str] = ("PER", "ORG")) -> Record:
    """A sentence with two entities."""
    text = "가람은 나루대학의 총장이다."
    return Record(
        id_,
        {"text": text},
        spans={"subject": (Span(0, 2, "가람", "text"),), "object": (Span(4, 8, "나루대학", "text"),)},
        labels={"label": label, "subject_type": types[0], "object_type": types[1]},
    )


def label_run(
    root: Path,
    name: str,
    recipe: Mapping[str, Any],
    given: Sequence[str],
    gold: Sequence[str],
    *,
    groups: Sequence[str] = (),
    **more: Any,
) -> Run:
    """A finished run of a classifier that gave these labels."""
    groups = groups or [f"g{at}" for at in range(len(gold))]
    records = [
        review(str(at), label, group=group)
        for at, (label, group) in enumerate(zip(gold, groups, strict=True))
    ]
    predictions = [
        told(str(at), {label: 0.8, **{other: 0.2 for other in LABELS if other != label}})
        for at, label in enumerate(given)
    ]
    data = root / "reviews.tsv"
    data.write_text("\n".join(gold), encoding="utf-8")
    with Run.create(
        root / "runs", {"task": "classify", **recipe}, name, data={"test": [data]}, **more
    ) as run:
        scores: Scores = class_scores(gold, given, labels=LABELS, groups=groups, primary="accuracy")
        majority = class_scores(gold, ["bad"] * len(gold), labels=LABELS, primary="accuracy")
        run.save_metrics(scores, baselines={"majority": majority})
        run.save_predictions(predictions)
        build_class_notebook(records, predictions, LabelSpec(LABELS), name=run.id).save(run.path)
    return run
