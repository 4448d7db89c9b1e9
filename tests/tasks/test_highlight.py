"""Highlighting: which sentences are lit, that exactly their tokens are, and what is refused."""

from __future__ import annotations

import doctest
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from gongbang.data.reading import read_records
from gongbang.data.records import Record, Span
from gongbang.errors import ArtifactError, DataError, OptionError
from gongbang.tasks import highlight, source_hash
from gongbang.tasks.highlight import highlight_scores, highlighted, highlighter_hash, oracle
from gongbang.tasks.nearest import rarity
from gongbang.tasks.reader import ReaderConfig, ReaderTask
from tests.train.tiny import made_records, write_backbone

TEXT = "가온 공방은 1935년에 강릉에서 문을 열었다. 일하는 사람은 열두 명이다. 새 터는 목포에 있다."
SIZES = {"max_length": 96, "stride": 16, "max_question": 40}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = write_backbone(tmp_path_factory.mktemp("backbone"))
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def asked(question: str, answer: str = "", text: str = TEXT) -> Record:
    start = text.find(answer)
    spans = (Span(start, start + len(answer), answer),) if answer else ()
    return Record("q", {"question": question, "context": text}, spans={"answers": spans})


def texts(places: list[tuple[int, int]], text: str = TEXT) -> list[str]:
    return [text[start:end] for start, end in places]


@pytest.mark.parametrize("module", [highlight, source_hash])
def test_examples(module: Any) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0 and result.failed == 0


# -- which sentences -----------------------------------------------------------------------------------


def test_the_sentence_most_like_the_question_is_lit():
    assert texts(highlighted("일하는 사람은 몇 명인가?", TEXT)) == ["일하는 사람은 열두 명이다."]
    assert texts(highlighted("가온 공방의 새 터는 어디인가?", TEXT, 2)) == [
        "가온 공방은 1935년에 강릉에서 문을 열었다.",
        "새 터는 목포에 있다.",
    ]


def test_particles_do_not_hide_a_word():
    assert texts(highlighted("목포로 옮겼는가?", TEXT)) == ["새 터는 목포에 있다."]


def test_what_all_sentences_share_tells_none_apart():
    text = "공방은 강릉에 있다. 공방은 공방은 공방은 크다. 공방은 목포에도 있다."
    assert texts(highlighted("목포 공방은?", text), text) == ["공방은 목포에도 있다."]


def test_nothing_is_lit_where_nothing_is_shared():
    assert highlighted("Who won?", TEXT, 3) == []
    assert highlighted("무엇인가?", "") == []


def test_of_equals_the_earlier_one_is_lit():
    text = "배가 온다. 배가 간다. 해가 뜬다."
    assert texts(highlighted("배가?", text), text) == ["배가 온다."]


def test_it_never_looks_at_the_answer():
    record = asked("일하는 사람은 몇 명인가?", "목포")
    assert highlight.places_of(record, "predicted", 1) == highlighted(record.fields["question"], TEXT)
    assert texts(highlight.places_of(record, "oracle")) == ["새 터는 목포에 있다."]


def test_oracle_lights_every_sentence_an_answer_stands_in():
    border = TEXT.index("일하는")
    across = Span(border - 3, border + 2, TEXT[border - 3 : border + 2])
    assert len(oracle(TEXT, [across])) == 2
    assert oracle(TEXT, []) == []


# -- which tokens --------------------------------------------------------------------------------------


def sole(task: ReaderTask, record: Record) -> tuple[np.ndarray, np.ndarray]:
    """The ids of the record's only window, and its offsets."""
    features = task.prepare([record])
    assert len(features) == 1
    return features.inputs["highlight_ids"][0], features.rows[0].offsets


@pytest.mark.parametrize("place", [0, 1, 2])
def test_with_one_marked_sentence_exactly_its_tokens_get_id_1(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch, place: int
):
    sentence = TEXT.split(". ")[place]
    start = TEXT.index(sentence)
    end = start + len(sentence)
    monkeypatch.setattr(highlight, "highlighted", lambda question, context, sentences: [(start, end)])
    task = ReaderTask(tokenizer, ReaderConfig(**SIZES, highlight="predicted"))
    ids, offsets = sole(task, asked("무엇인가?"))
    lit = [(a, b) for (a, b), id_ in zip(offsets.tolist(), ids, strict=True) if id_]
    dark = [(a, b) for (a, b), id_ in zip(offsets.tolist(), ids, strict=True) if not id_]
    assert set(ids.tolist()) == {0, 1} and len(lit) > 3
    covered = "".join(TEXT[a:b] for a, b in lit)
    assert covered.replace(" ", "") == sentence.replace(" ", "")
    assert all(a < 0 or b <= start or a >= end for a, b in dark)


def test_question_and_special_tokens_are_never_lit(tokenizer: Tokenizer):
    text = "가온 공방은 넓다. 나래 공방은 좁다."
    task = ReaderTask(tokenizer, ReaderConfig(**SIZES, highlight="predicted", highlight_sentences=2))
    ids, offsets = sole(task, asked("가온 공방은 넓은가?", text=text))
    assert ids[offsets[:, 0] < 0].sum() == 0
    assert ids[offsets[:, 0] >= 0].all()


def test_every_window_is_lit_where_its_part_of_the_sentence_is(tokenizer: Tokenizer):
    filler = " ".join(record.fields["context"] for record in made_records(3)[::3])
    text = f"{filler} 맨 끝 문장에 두루미가 산다."
    task = ReaderTask(tokenizer, ReaderConfig(**SIZES, highlight="predicted"))
    features = task.prepare([asked("두루미는 어디에 사는가?", text=text)])
    ids = features.inputs["highlight_ids"]
    start = text.index("맨 끝")
    assert len(features) > 2 and not ids[0].any() and ids[-1].any()
    for row, window in zip(ids, features.rows, strict=True):
        inside = window.offsets[:, 1] > start
        assert row[: len(inside)].tolist() == inside.astype(int).tolist()


def test_offsets_follow_the_edited_passage(tokenizer: Tokenizer):
    text = "가온\u200b 공\u200b방은 １９００년에 열었다. 새\u200b 터는 목포에\u200b 있다."
    changes = {"normalise": ("nfkc", "zero_width"), "highlight": "predicted"}
    task = ReaderTask(tokenizer, ReaderConfig(**SIZES, **changes))
    record = asked("터는 어디인가?", text=text)
    ids, offsets = sole(task, record)
    edited = task.prepare([record]).rows[0].edited
    lit = "".join(edited.text[a:b] for (a, b), id_ in zip(offsets.tolist(), ids, strict=True) if id_)
    assert edited.changed and lit.replace(" ", "") == "새터는목포에있다."


def test_without_highlight_there_is_no_such_input(tokenizer: Tokenizer):
    task = ReaderTask(tokenizer, ReaderConfig(**SIZES))
    assert "highlight_ids" not in task.prepare([asked("무엇?")]).inputs
    assert task.model == "reader" and "highlighter" not in task.config()


def test_oracle_needs_labels_and_lights_nothing_where_there_is_no_answer(tokenizer: Tokenizer):
    task = ReaderTask(tokenizer, ReaderConfig(**SIZES, highlight="oracle"))
    assert sole(task, asked("어디인가?", "목포"))[0].any()
    assert not sole(task, asked("어디인가?"))[0].any()
    served = Record("s", {"question": "어디인가?", "context": TEXT})
    with pytest.raises(DataError, match="oracle") as caught:
        task.prepare([served])
    assert len(str(caught.value).splitlines()) == 4 and "predicted" in caught.value.cure


# -- how often it is right -----------------------------------------------------------------------------


def test_recall_and_precision_by_hand():
    records = [
        replace(asked("일하는 사람은?", "열두 명"), id="a", group="a"),  # lit and right
        replace(asked("일하는 사람은?", "목포"), id="b", group="b"),  # lit and wrong
        replace(asked("Where?", "목포"), id="c", group="c"),  # nothing lit
        replace(asked("일하는 사람은?"), id="d", group="d"),  # no answer: not counted
    ]
    scores = highlight_scores(records, "predicted", 1)
    assert scores["highlight_recall"].value == pytest.approx(100 / 3) and scores["highlight_recall"].n == 3
    assert scores["highlight_precision"].value == 50.0 and scores["highlight_precision"].n == 2
    two = highlight_scores(records[:1], "predicted", 3)
    assert two["highlight_recall"].value == 100.0 and two["highlight_precision"].value == 100.0
    assert highlight_scores(records, "none") == {} == highlight_scores(records[3:], "predicted")
    assert {score.value for score in highlight_scores(records, "oracle").values()} == {100.0}


def test_scores_of_a_highlighted_reader_tell_them_beside(tokenizer: Tokenizer):
    records = made_records(6)
    task = ReaderTask(tokenizer, ReaderConfig(**SIZES, highlight="predicted"))
    features = task.prepare(records)
    flat = {name: np.zeros(features.inputs["input_ids"].shape) for name in ("start_logits", "end_logits")}
    scores = task.score(task.decode(flat, features), records)
    assert scores.primary == "exact_match"
    assert scores.scores["highlight_recall"] == highlight_scores(records, "predicted", 1)["highlight_recall"]
    plain = ReaderTask(tokenizer, ReaderConfig(**SIZES))
    assert "highlight_recall" not in plain.score(plain.decode(flat, features), records).scores
    assert all("highlight_recall" not in found.scores for found in task.baselines(([], records)).values())


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "questions", "recall"),
    [
        ("korquad1/KorQuAD_v1.0_dev_112.json", 4640, {1: 83.4, 3: 95.8, 5: 97.7}),
        ("tydiqa-ko/korean_tydiqa_train.json", 1625, {1: 66.5, 3: 83.6, 5: 85.2}),
    ],
)
def test_the_recall_that_the_module_tells(
    shared_data: Path, file: str, questions: int, recall: Mapping[int, float]
):
    records = read_records(shared_data / "qa" / file).items
    for sentences, wanted in recall.items():
        score = highlight_scores(records, "predicted", sentences)["highlight_recall"]
        assert score.n == questions and score.value == pytest.approx(wanted, abs=0.06)


# -- the same function everywhere ----------------------------------------------------------------------


def by_length(question: str, context: str, sentences: int = 1) -> list[tuple[int, int]]:
    """Another highlighter."""
    longest = max(highlight.splitting.split_sentences(context), key=lambda sentence: len(sentence.text))
    return [(longest.start, longest.end)]


def test_the_hash_stands_in_the_configuration(tokenizer: Tokenizer):
    task = ReaderTask(tokenizer, ReaderConfig(**SIZES, highlight="predicted"))
    config = json.loads(json.dumps(task.config()))
    assert config["highlighter"] == highlighter_hash() and len(config["highlighter"]) == 64
    again = ReaderTask.from_config(tokenizer, config)
    assert again.settings == task.settings and again.config() == task.config()
    assert again.model == "highlighted reader"


def test_another_highlighter_is_refused(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch):
    config = ReaderTask(tokenizer, ReaderConfig(**SIZES, highlight="predicted")).config()
    monkeypatch.setattr(highlight, "highlighted", by_length)
    with pytest.raises(ArtifactError, match="other sentences") as caught:
        ReaderTask.from_config(tokenizer, config)
    assert len(str(caught.value).splitlines()) == 4 and "train again" in caught.value.cure
    plain = ReaderTask.from_config(tokenizer, {**config, "highlight": "none"})
    assert plain.model == "reader"  # nothing is lit, so nothing can differ


@pytest.mark.parametrize(
    ("place", "other"),
    [
        ("highlighted", by_length),
        ("rarity", lambda held: dict.fromkeys({unit for units in held for unit in units}, 1.0)),
        ("_LETTERS", 3),
        ("SENTENCES", 2),
        ("_lit", lambda offsets, places, edit: np.zeros(len(offsets), dtype=np.int64)),
    ],
)
def test_whatever_decides_changes_the_hash(monkeypatch: pytest.MonkeyPatch, place: str, other: Any):
    before = highlighter_hash()
    monkeypatch.setattr(highlight, place, other)
    assert highlighter_hash() != before


def test_oracle_and_prediction_have_hashes_of_their_own(monkeypatch: pytest.MonkeyPatch):
    predicted, measured = highlighter_hash(), highlighter_hash("oracle")
    assert predicted != measured
    monkeypatch.setattr(highlight, "highlighted", by_length)
    assert highlighter_hash("oracle") == measured


def commented(held: Any) -> dict[str, float]:
    """Another docstring."""
    # and a comment
    count = len(held)  # behind code

    return {"units": float(count)}


def plain(held: Any) -> dict[str, float]:
    count = len(held)
    return {"units": float(count)}


def test_comments_and_docstrings_do_not_count():
    assert source_hash.bare_source(commented).replace("commented", "plain") == source_hash.bare_source(plain)
    assert '"""' not in source_hash.bare_source(rarity) and "log" in source_hash.bare_source(rarity)


def test_a_recipe_is_completed_with_the_hash_and_an_oracle_is_told(caplog: pytest.LogCaptureFixture):
    assert ReaderTask.complete({"stride": 64}, []) == {"stride": 64}
    done = ReaderTask.complete({"highlight": "predicted"}, [])
    assert done == {"highlight": "predicted", "highlighter": highlighter_hash()}
    assert ReaderTask.complete({**done, "highlighter": "older"}, [])["highlighter"] == "older"
    assert not caplog.records
    ReaderTask.complete({"highlight": "oracle"}, [])
    assert "looks at the answers" in caplog.text


@pytest.mark.parametrize("change", [{"highlight": "underline"}, {"highlight_sentences": 0}])
def test_bad_settings_are_refused(change: dict[str, Any]):
    with pytest.raises(OptionError) as caught:
        ReaderConfig(**change)
    assert len(str(caught.value).splitlines()) == 4


def test_an_artifact_from_before_highlighting_still_opens(tokenizer: Tokenizer):
    old = {k: v for k, v in ReaderTask(tokenizer).config().items() if not k.startswith("highlight")}
    assert ReaderTask.from_config(tokenizer, old).settings.highlight == "none"
