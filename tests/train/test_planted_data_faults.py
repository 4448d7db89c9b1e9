"""Faults of data and splits that looked like good scores elsewhere, planted one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gongbang.data.records import Record, Span
from gongbang.errors import PreflightError
from gongbang.train.proofs import coverage, pipeline, targets
from gongbang.train.proofs.records import prove_development
from gongbang.train.proofs.trial import Limits, Trial
from gongbang.train.proofs.weights import _saved
from gongbang.train.recipe import parse_recipe
from gongbang.train.workbench import Workbench
from tests.train.planted import refused, sound_bench
from tests.train.tiny import recipe_tree


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


def _made_tells(bench: Workbench) -> None:
    origin = bench.training[0]
    told = {**origin.fields, "question": f"{origin.answers[0].text}에 무엇이 문을 열었는가?"}
    bench.training.append(replace(origin, id="made", fields=told, lineage=(origin.id,)))


def _no_cloze(bench: Workbench) -> None:
    cloze = bench.recipe.data.cloze.model_copy(update={"per_passage": 1})
    data = bench.recipe.data.model_copy(update={"cloze": cloze})
    bench.recipe = bench.recipe.model_copy(update={"data": data})


def _cleaned_on_one_side(bench: Workbench) -> None:
    def cleaned(record: Record) -> Record:
        context = record.fields["context"].replace('"', "").replace("(", "").replace(")", "")
        return _answered(record, record.answers[0].text, context)

    bench.training = [cleaned(record) for record in bench.training]


def _no_development(bench: Workbench) -> None:
    training = bench.recipe.training.model_copy(update={"metric": "exact_match"})
    bench.recipe = bench.recipe.model_copy(update={"training": training})
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
    ("B8 a made question tells its answer", _made_tells, "cloze questions", "tells its own", "Leave such"),
    ("B8 questions to be made, none there", _no_cloze, "options act", "none could be made", "data.cloze"),
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


def test_one_unlabelled_record_among_many_is_named(folder: Path):
    bench = sound_bench(folder)
    bare = replace(bench.training[7], id="bare", spans={}, source="notes.csv")
    bench.training = [*bench.training, bare]
    trial = Trial(bench, Limits(records=20))
    assert bare not in trial.records
    with pytest.raises(PreflightError, match="not labelled") as caught:
        targets.prove(trial)
    assert caught.value.value == f"1 of {len(bench.training)} records, e.g. 'bare' of notes.csv"


def test_what_a_normalising_step_takes_away_is_not_unknown(folder: Path):
    def spread(bench: Workbench) -> Workbench:
        bench.training = [
            replace(record, fields={**record.fields, "context": record.fields["context"] + " \u200b" * 40})
            for record in bench.training
        ]
        return bench

    with pytest.raises(PreflightError, match="passages' tokens"):
        coverage.prove_unknown(Trial(spread(sound_bench(folder))))
    cured = spread(sound_bench(folder, pipeline__normalise=["zero_width"]))
    assert coverage.prove_unknown(Trial(cured)).numbers["unknown tokens"] < 0.03


def _passages(texts: list[str], each: int = 1) -> list[Record]:
    return [
        Record(f"{n}-{at}", {"question": "?", "context": text}, group=text[:6])
        for n, text in enumerate(texts)
        for at in range(each)
    ]


def _same_text(training: list[Record], held: list[Record]) -> list[str]:
    splits = SimpleNamespace(development=held, test=[])
    trial: Any = SimpleNamespace(bench=SimpleNamespace(training=training, splits=splits))
    return pipeline.prove_same_text(trial).notes


KOREAN = [f"공방{n:02} 하나가 강릉에 있다" for n in range(30)]
BRACKETED = [f"나래{n:02} (여수) 이다" for n in range(6)]


def test_questions_about_one_passage_are_one_passage():
    assert _same_text(_passages(KOREAN[:1], 40), _passages(BRACKETED[:1], 40)) == []


def test_a_mark_of_few_articles_is_noted():
    held = [replace(record, group="one article") for record in _passages(BRACKETED)]
    assert _same_text(_passages(KOREAN), held) == [
        "no brackets in training passages, 100% in held-out ones, of few articles"
    ]


def test_a_mark_of_several_articles_is_refused():
    with pytest.raises(PreflightError, match="no brackets"):
        _same_text(_passages(KOREAN), _passages(BRACKETED))


def test_what_english_never_holds_was_not_cleaned_away():
    english = [f"workshop {n} stands by the sea" for n in range(30)]
    hanja = [f"공방 {n}은 江陵에 있다" for n in range(6)]
    assert _same_text(_passages(english), _passages(hanja)) == []


@pytest.mark.parametrize(("metric", "refuses"), [("f1", False), ("exact_match", True)])
def test_a_resolved_recipe_may_be_without_development_data(tmp_path: Path, metric: str, refuses: bool):
    recipe = parse_recipe(parse_recipe(recipe_tree(tmp_path, training__metric=metric)).resolved())
    splits = SimpleNamespace(development=[])
    trial: Any = SimpleNamespace(bench=SimpleNamespace(recipe=recipe, splits=splits))
    if refuses:
        with pytest.raises(PreflightError, match="'metric' is set"):
            prove_development(trial)
    else:
        assert prove_development(trial).skipped


def test_a_vocabulary_is_split_at_line_feeds_alone(tmp_path: Path):
    (tmp_path / "vocab.txt").write_bytes("[PAD]\r\n\u0085\r\n\u2028\r\n가온\r\n".encode())
    assert _saved(tmp_path)["vocab.txt"] == {"[PAD]": 0, "\u0085": 1, "\u2028": 2, "가온": 3}
