"""Evaluations over a corpus of four passages, every figure counted by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from gongbang.apps.evaluate import (
    Finder,
    evaluate_ask,
    evaluate_reader,
    evaluate_search,
    evaluate_unanswerable,
)
from gongbang.apps.evaluate.evaluation import asked
from gongbang.artifacts.notebook import ErrorNotebook
from gongbang.artifacts.predictions import read_predictions
from gongbang.data.records import Passage, Record, Span
from gongbang.errors import DataError, OptionError
from gongbang.metrics.span import span_scores
from gongbang.search.base import Hit
from gongbang.search.lexical import LexicalIndex
from gongbang.search.rerank import Rerank
from gongbang.tasks.base import Candidate, Prediction

_TEXTS = {
    "대장간": "대장장이 김무쇠는 강릉에서 손으로 호미를 만들었다.",
    "도자기": "도공 이백자는 이천에서 손으로 달항아리를 구웠다.",
    "한지": "지장 박닥풀은 전주에서 손으로 한지를 떴다.",
    "나전": "나전칠기 장인 최자개는 통영에서 손으로 자개함을 만들었다.",
}
_ASKED = [
    ("1", "호미를 손으로 만든 대장장이는?", "대장간", "김무쇠"),
    ("2", "달항아리를 손으로 구운 도공은?", "도자기", "이백자"),
    ("3", "한지를 손으로 뜬 곳은?", "한지", "전주"),
    ("4", "자개함을 손으로 만든 장인은?", "나전", "최자개"),
]


def _records() -> list[Record]:
    made = []
    for id_, question, title, answer in _ASKED:
        text = _TEXTS[title]
        start = text.index(answer)
        made.append(
            Record(
                id_,
                {"question": question, "context": text, "title": title},
                spans={"answers": (Span(start, start + len(answer), answer),)},
                labels={"document": title},
                group=title,
            )
        )
    return made


class _Task:
    """Scores as the reader task does, without a tokenizer."""

    def score(self, predictions, records):
        return span_scores(
            [p.text for p in predictions],
            [[span.text for span in r.answers] for r in records],
            metrics=("exact_match", "f1", "rouge_w"),
        )

    def baselines(self, *parts):
        return {}


@dataclass
class _NameReader:
    """Reads the second word without its particle; sure of it where the passage holds the first two letters
    of the question."""

    task: _Task = field(default_factory=_Task)

    def predict(self, records):
        pooled: dict[str, list[Candidate]] = {}
        for record in records:
            context = record.fields["context"]
            words = context.split()
            place = context.index(words[1])
            sure = record.fields["question"][:2] in context
            candidate = Candidate(
                words[1][:-1], place, place + len(words[1]) - 1, float(sure), 0.9 if sure else 0.2, record.id
            )
            pooled.setdefault(str(record.labels.get("question_id", record.id)), []).append(candidate)
        predictions = []
        for id_, found in pooled.items():
            found.sort(key=lambda c: -c.score)
            text = found[0].text if found[0].probability >= 0.5 else ""
            predictions.append(Prediction(id_, text, found[0].probability, tuple(found)))
        return predictions


def test_search_ranks_every_context_of_the_file():
    done: list[int] = []
    found = evaluate_search(_records(), Finder(LexicalIndex()), on_progress=done.append).to_dict()
    assert found["recall@1"] == 1.0 and found["mrr@10"] == 1.0 and found["n"] == 4
    assert found["passages"] == 4 and sum(done) == 4
    assert set(found["intervals"]) == {"recall@1", "recall@5", "recall@10", "recall@20", "mrr@10"}
    assert "shared bigrams" in found["baselines"]


def test_a_limit_leaves_the_corpus_whole_and_spreads_over_the_file():
    found = evaluate_search(_records(), Finder(LexicalIndex()), limit=2)
    assert found.extra["passages"] == 4
    assert [prediction.id for prediction in found.predictions] == ["1", "4"]


def test_search_needs_no_answers_but_a_question():
    plain = [Record(r.id, r.fields, group=r.group) for r in _records()]
    assert evaluate_search(plain, Finder(LexicalIndex())).scores.scores["recall@1"].value == 1.0
    with pytest.raises(DataError, match="can be judged"):
        evaluate_search([Record("1", {"context": "글"})], Finder(LexicalIndex()))


def test_the_reader_is_given_the_gold_passage():
    # The second word is the name that is asked for in two passages; in the third the place is asked for, in
    # the fourth the second word is "장인", whose last letter is taken for a particle.
    evaluation = evaluate_reader(_records(), _NameReader())
    found = evaluation.to_dict()
    assert [p.text for p in evaluation.predictions] == ["김무쇠", "이백자", "박닥풀", "장"]
    assert found["exact_match"] == 50.0 and found["n"] == 4
    assert {"exact_match", "f1", "rouge_w", "n", "intervals", "stages"} <= set(found)
    assert sum(found["stages"].values()) == 2


def test_records_that_share_a_question_are_read_one_by_one():
    first, second = _records()[:2]
    together = [r.with_labels(question_id="q") for r in (first, second)]
    assert [p.id for p in evaluate_reader(together, _NameReader()).predictions] == ["1", "2"]


class _Doubting(_NameReader):
    """Reads the same and says nothing."""

    def predict(self, records):
        return [replace(prediction, text="") for prediction in super().predict(records)]


def test_where_every_question_has_an_answer_silence_is_never_right():
    evaluation = evaluate_reader(_records(), _Doubting())
    found = evaluation.to_dict()
    assert [p.text for p in evaluation.predictions] == ["김무쇠", "이백자", "박닥풀", "장"]
    assert found["exact_match"] == 50.0
    assert found["with_threshold"]["silent"] == 4 and found["with_threshold"]["exact_match"] == 0.0
    nothing = Record("5", {"question": "왕은?", "context": "목수가 산다."}, spans={"answers": ()})
    mixed = evaluate_reader([*_records(), nothing], _Doubting())
    assert [p.text for p in mixed.predictions] == [""] * 5 and "with_threshold" not in mixed.to_dict()
    strict = evaluate_reader(_records(), _Doubting(), threshold=1.0)
    assert [p.text for p in strict.predictions] == [""] * 4 and "with_threshold" not in strict.to_dict()


def test_unanswerable_questions_add_their_own_figures():
    records = _records()[:2]
    nothing = Record(
        "5", {"question": "왕은?", "context": "목수 정대패는 서울에 산다."}, spans={"answers": ()}
    )
    found = evaluate_reader([*records, nothing], _NameReader()).to_dict()
    assert found["no_answer_accuracy"] == 100.0 and found["has_answer_exact_match"] == 100.0
    assert found["exact_match"] == 100.0 and found["n"] == 3


def test_ask_gives_every_stage_its_figure():
    evaluation = evaluate_ask(_records(), Finder(LexicalIndex()), _NameReader(), top_k=1)
    found = evaluation.to_dict()
    assert found["exact_match"] == 50.0 and found["n"] == 4
    assert found["retrieval"]["recall@1"] == 1.0
    assert found["gold_passage"]["exact_match"] == 50.0
    assert found["stages"]["not_retrieved"] == 0 and sum(found["stages"].values()) == 2
    assert evaluation.predictions[0].candidates[0].record == "대장간"


class _LastFirst:
    """A reranker that prefers one title."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.signature = f"prefers {title}"
        self.seen: list[str] = []

    def score(self, question, passages):
        self.seen += [passage.title for passage in passages]
        return np.array([float(passage.title == self.title) for passage in passages])


def test_what_was_not_retrieved_is_blamed_on_retrieval():
    finder = Finder(LexicalIndex(), Rerank(_LastFirst("대장간"), top=4, weight=1.0))
    found = evaluate_ask(_records(), finder, _NameReader(), top_k=1).to_dict()
    assert found["retrieval"]["recall@1"] == 0.25
    assert found["stages"]["not_retrieved"] == 3 and found["exact_match"] == 25.0
    assert found["gold_passage"]["exact_match"] == 50.0


def test_a_threshold_above_every_confidence_silences_all():
    evaluation = evaluate_ask(_records(), Finder(LexicalIndex()), _NameReader(), top_k=1, threshold=0.95)
    assert [p.text for p in evaluation.predictions] == [""] * 4
    assert evaluation.to_dict()["stages"]["should_have_answered"] == 4
    with pytest.raises(OptionError, match="not a probability"):
        evaluate_ask(_records(), Finder(LexicalIndex()), _NameReader(), threshold=3.0)
    with pytest.raises(OptionError, match="top_k"):
        evaluate_ask(_records(), Finder(LexicalIndex()), _NameReader(), top_k=0)


def test_silence_is_measured_without_the_documents_that_answer():
    # All passages share the word "손으로" with every question, so there is something to read; none but its
    # own holds a question's first two letters, so nothing is read with confidence.
    evaluation = evaluate_unanswerable(_records(), Finder(LexicalIndex()), _NameReader(), top_k=3)
    found = evaluation.to_dict()
    assert found["no_answer_recall"] == 100.0
    assert found["em_loss"] == 0.0 and found["exact_match"] == 50.0
    assert found["best_threshold"]["feasible"] is True
    assert len(evaluation.predictions) == 8
    always = evaluate_unanswerable(_records(), Finder(LexicalIndex()), _NameReader(), top_k=3, threshold=0.0)
    assert always.to_dict()["no_answer_recall"] == 0.0
    never = evaluate_unanswerable(_records(), Finder(LexicalIndex()), _NameReader(), top_k=3, threshold=1.0)
    assert never.to_dict()["em_loss"] == 50.0 and never.to_dict()["no_answer_recall"] == 100.0


def test_every_passage_that_holds_the_answer_is_left_out_before_reranking():
    twin = Record(
        "5",
        {
            "question": "서울의 대장장이는?",
            "context": "서울에는 김 무쇠 말고 정망치가 있다.",
            "title": "서울",
        },
        spans={"answers": (Span(13, 16, "정망치"),)},
        labels={"document": "서울"},
    )
    reranker = _LastFirst("도자기")
    finder = Finder(LexicalIndex(), Rerank(reranker, top=3))
    evaluate_unanswerable([*_records(), twin], finder, _NameReader(), top_k=2, limit=1)
    told, without = reranker.seen[:3], reranker.seen[3:]
    assert "대장간" in told
    assert without and not {"대장간", "서울"} & set(without)  # "김 무쇠" is the answer but for a space


def test_searching_goes_deeper_until_enough_is_left():
    index = LexicalIndex()
    index.build([Passage(str(n), f"호미 {n}번") for n in range(40)])
    finder = Finder(index)

    def even(hit: Hit) -> bool:
        return int(hit.passage.id) % 2 == 0

    assert len(finder.search_without("호미", even, 15)) == 15
    assert len(finder.search_without("호미", even, 30)) == 20  # there are no more


def test_an_evaluation_is_written_whole(tmp_path):
    evaluation = evaluate_ask(_records(), Finder(LexicalIndex()), _NameReader(), top_k=1)
    folder = evaluation.save(tmp_path / "out")
    assert json.loads((folder / "evaluation.json").read_text(encoding="utf-8")) == evaluation.to_dict()
    assert [p.text for p in read_predictions(folder)] == [p.text for p in evaluation.predictions]
    assert ErrorNotebook.open(folder).counts == evaluation.to_dict()["stages"]
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OptionError, match="cannot be made"):
        evaluation.save(tmp_path / "file")
    evaluate_search(_records(), Finder(LexicalIndex())).save(folder)  # has no notebook
    assert {p.name for p in folder.iterdir()} == {"evaluation.json", "predictions.jsonl"}


def test_what_is_blank_is_not_asked():
    blank = [
        Record("a", {"question": "우물은?", "context": "   "}, spans={"answers": ()}),
        Record("b", {"question": " ", "context": "우물."}, spans={"answers": ()}),
        Record("c", {"question": "우물은?"}, spans={"answers": ()}),
    ]
    assert [record.id for record in asked([*_records(), *blank])] == ["1", "2", "3", "4"]
    found = evaluate_ask([*blank, *_records()], Finder(LexicalIndex()), _NameReader(), top_k=1).to_dict()
    assert found["n"] == 4 and found["passages"] == 5


def test_documents_of_many_passages_are_ranked_as_documents():
    def page(document: str, number: int, words: str) -> Record:
        fields = {"question": "호미?", "context": f"{words} {number}쪽."}
        return Record(f"{document}{number}", fields, labels={"document": document}, group=document)

    records = [
        *(page("book", number, "호미 호미") for number in range(30)),
        page("leaf", 0, "호미 낫 삽 괭이"),
    ]
    found = evaluate_search(records, Finder(LexicalIndex()))
    assert found.extra["passages"] == 31
    assert {tuple(c.text for c in p.candidates) for p in found.predictions} == {("book", "leaf")}


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(OptionError, match="limit"):
        asked(_records(), 0)
