"""What reviewers decided, as the next version of each task's data set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gongbang.apps.loop.judged import Decided, lineage_of, record_of
from gongbang.artifacts.datasets import Datasets, DatasetVersion
from gongbang.artifacts.suite import Suite
from gongbang.artifacts.suite_ties import SuiteTies
from gongbang.data.dialogue import same_key
from gongbang.data.records import Record
from gongbang.errors import DataError


def collect(
    decided: Iterable[Decided], root: str | Path, *, task: str, suites: Sequence[Suite] = ()
) -> DatasetVersion:
    """The version of ``root/TASK`` that these decisions make; the newest one where they make the same.

    Records that a suite holds out, by group, text or origin, never enter; nor does a record that repeats
    another, nor one that says the contrary of a later one about the same texts. The manifest says of each.

    Args:
        decided: the last decision on each piece of feedback, those that were accepted or corrected.
        root: the folder of data sets.
        task: whose feedback; that of other tasks is passed over.
        suites: frozen suites that challengers will be judged by.

    Raises:
        ArtifactError: a version or a suite was changed, or another process is building.
    """
    rows = sorted((one for one in decided if one.judged.task == task), key=lambda one: one.feedback)
    made: list[tuple[Decided, Record]] = []
    left_out: list[dict[str, Any]] = []
    for one in rows:
        try:
            made.append((one, record_of(one)))
        except DataError as err:
            left_out.append(_left_out(one, err.what))
    made = _unrepeated(made, left_out)
    for suite in suites:
        held = SuiteTies(suite.records()).find([record for _, record in made])
        left_out += [
            _left_out(one, f"held out by the suite '{suite.name}': {held[record.id]}")
            for one, record in made
            if record.id in held
        ]
        made = [(one, record) for one, record in made if record.id not in held]
    return Datasets(Path(root) / task).add(
        [record for _, record in made],
        task=task,
        rows=[_row(one) for one, _ in made],
        left_out=sorted(left_out, key=lambda row: row["feedback"]),
    )


def _unrepeated(
    made: Sequence[tuple[Decided, Record]], left_out: list[dict[str, Any]]
) -> list[tuple[Decided, Record]]:
    """One record for equal texts: that of the last decision. Of responses several may be right."""
    kept: dict[tuple[str, ...], tuple[Decided, Record]] = {}
    for one, record in sorted(made, key=lambda pair: pair[0].decision):
        key = tuple(same_key(text) for _, text in sorted(record.fields.items()))
        if key in kept:
            left_out.append(_left_out(kept[key][0], f"decided anew in feedback {one.feedback}"))
        kept[key] = (one, record)
    return sorted(kept.values(), key=lambda pair: pair[0].feedback)


def _row(one: Decided) -> dict[str, Any]:
    judged = one.judged
    return {
        "record": f"feedback-{one.feedback}",
        "feedback": one.feedback,
        "decision": one.decision,
        "action": one.action,
        "reviewer": one.reviewer,
        "at": one.at.isoformat(),
        "origin": judged.origin,
        "lineage": lineage_of(judged, one.feedback),
        "client": judged.client,
        "artifact": judged.artifact,
        "artifact_id": judged.artifact_id,
    }


def _left_out(one: Decided, why: str) -> dict[str, Any]:
    return {"feedback": one.feedback, "decision": one.decision, "why": why}
