"""Faults of data and splits that looked like good scores elsewhere, planted one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gongbang.data.records import Record, Span
from gongbang.train.workbench import Workbench
from tests.train.planted import refused, sound_bench


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


def _renamed(record: Record, name: str, **changes: object) -> Record:
    return replace(record, id=f"{name}-{record.id}", group=f"{name}-{record.group}", **changes)


def _answered(record: Record, text: str, context: str) -> Record:
    """The record with another passage, which holds ``text`` as its answer."""
    start = context.index(text)
    return replace(
        record,
        fields={**record.fields, "context": context},
        spans={"answers": (Span(start, start + len(text), text),)},
    )


def _validation_is_training(bench: Workbench) -> None:
    bench.splits.development = bench.training[:40]


def _split_by_rows(bench: Workbench) -> None:
    rows = [*bench.training, *bench.splits.development]
    bench.training, bench.splits.development = rows[::2], rows[1::2]


def _same_passage_elsewhere(bench: Workbench) -> None:
    bench.training += [_renamed(bench.splits.test[0], "other")]


def _near_duplicates(bench: Workbench) -> None:
    for record in bench.splits.development[:6]:
        answer = record.answers[0].text
        bench.training.append(_renamed(_answered(record, answer, record.fields["context"] + " 끝."), "near"))


def _test_is_development(bench: Workbench) -> None:
    bench.splits.test = list(bench.splits.development)


def _child_across(bench: Workbench) -> None:
    parent = bench.splits.development[0]
    child = _answered(
        bench.training[0], bench.training[0].answers[0].text, bench.training[0].fields["context"]
    )
    bench.training.append(replace(child, id="child", group="child", lineage=(parent.id,)))


def _made_rows_judged(bench: Workbench) -> None:
    bench.splits.development = [replace(record, lineage=("original",)) for record in bench.splits.development]


def _marked_rows_judged(bench: Workbench) -> None:
    bench.splits.development = [record.with_labels(augmented=True) for record in bench.splits.development]


def _copies(bench: Workbench) -> None:
    bench.training = [replace(r, id=f"{r.id}-{n}") for r in bench.training[:20] for n in range(80)]


def _ids_twice(bench: Workbench) -> None:
    bench.training = [*bench.training, replace(bench.training[0], group=bench.training[0].group)]


def _empty_answers(bench: Workbench) -> None:
    bench.training = [replace(record, spans={"answers": ()}) for record in bench.training]


def _unlabelled(bench: Workbench) -> None:
    bench.training = [replace(record, spans={}) for record in bench.training]


def _one_answer(bench: Workbench) -> None:
    bench.training = [
        _answered(r, "정답", f"{r.fields['context']} {'그리고 ' * (n % 5)}정답")
        for n, r in enumerate(bench.training)
    ]


def _title_first(bench: Workbench) -> None:
    bench.training = [
        _answered(r, f"터{n}", f"터{n} {r.fields['context']}") for n, r in enumerate(bench.training)
    ]


def _mostly_silent(bench: Workbench) -> None:
    bench.training = [
        record if n % 20 == 0 else replace(record, spans={"answers": ()})
        for n, record in enumerate(bench.training)
    ]


def _false_negative(bench: Workbench) -> None:
    gold = bench.training[0]
    bench.training.append(
        replace(gold, id=f"{gold.id}-negative-0", spans={"answers": ()}, lineage=(gold.id,))
    )


def _no_negatives(bench: Workbench) -> None:
    negatives = bench.recipe.data.negatives.model_copy(update={"per_question": 1.0})
    data = bench.recipe.data.model_copy(update={"negatives": negatives})
    bench.recipe = bench.recipe.model_copy(update={"data": data})


def _cleaned_on_one_side(bench: Workbench) -> None:
    def cleaned(record: Record) -> Record:
        context = record.fields["context"].replace('"', "").replace("(", "").replace(")", "")
        return _answered(record, record.answers[0].text, context)

    bench.training = [cleaned(record) for record in bench.training]


def _no_development(bench: Workbench) -> None:
    bench.splits.development = []


def _hanja(bench: Workbench) -> None:
    def written(record: Record) -> Record:
        return _answered(
            record, record.answers[0].text, f"{record.fields['context']} 昔時匠人之巧 天下無雙 甁壺器皿"
        )

    bench.training = [written(record) for record in bench.training]
    bench.splits.development = [written(record) for record in bench.splits.development]


def _hanja_answers(bench: Workbench) -> None:
    def written(record: Record, number: int) -> Record:
        return _answered(record, f"甁{number}", f"{record.fields['context']} 이름은 甁{number}")

    bench.training = [written(record, n) for n, record in enumerate(bench.training)]
    bench.splits.development = [written(record, n) for n, record in enumerate(bench.splits.development)]


FAULTS: list[tuple[str, Callable[[Workbench], None], str, str, str]] = [
    ("C6 validation holds training rows", _validation_is_training, "leaks", "same rows", "drop these"),
    ("B1 A3 split by rows", _split_by_rows, "leaks", "split by rows", "by group"),
    ("B17 a held-out passage in another source", _same_passage_elsewhere, "leaks", "same passage", "drop"),
    ("F8 near-duplicates across the split", _near_duplicates, "leaks", "near-duplicates", "same group"),
    (
        "C6 test and development are one",
        _test_is_development,
        "leaks",
        "test leaks into development",
        "group",
    ),
    ("C8 a made row beside its original", _child_across, "leaks", "made from it", "drop"),
    ("E1 judged on made rows", _made_rows_judged, "original evaluation", "made row", "after splitting"),
    ("F4 validation is augmented", _marked_rows_judged, "original evaluation", "made row", "role: train"),
    ("C8 eighty copies", _copies, "distinct records", "repeat another", "copies"),
    ("G2 ids that stand twice", _ids_twice, "distinct records", "stand twice", "source's name"),
    ("C6 empty targets", _empty_answers, "targets", "same in every row", "No record has an answer"),
    ("C6 unlabelled rows", _unlabelled, "targets", "no targets", "column that holds the answers"),
    ("A3 constant labels", _one_answer, "targets", "one answer rules", "mapping"),
    ("B8 answers that are titles", _title_first, "targets", "front of its passage", "title"),
    ("B6 nearly all silent", _mostly_silent, "targets", "silence", "per_question"),
    ("B6 a negative that holds the answer", _false_negative, "negatives", "holds the answer", "holds_answer"),
    ("B6 negatives asked for, none there", _no_negatives, "options act", "there are none", "top_n"),
    ("A3 cleaned in training only", _cleaned_on_one_side, "one pipeline", "cleaned on one side", "normalise"),
    (
        "A3 a metric with nothing to measure",
        _no_development,
        "development data",
        "no development",
        "role: dev",
    ),
    ("C9 E5 Hanja that becomes unknown", _hanja, "unknown tokens", "passages' tokens", "hanja"),
    ("C9 answers that become unknown", _hanja_answers, "unknown tokens", "answers hold", "vocabulary"),
]


@pytest.mark.parametrize(
    ("plant", "check", "cause", "cure"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_fault_of_the_data_is_refused(
    folder: Path, plant: Callable[[Workbench], None], check: str, cause: str, cure: str
):
    bench = sound_bench(folder)
    plant(bench)
    refused(bench, check, cause, cure)
