"""Finding and reading together: the whole corpus, then the span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gongbang.apps.evaluate.evaluation import (
    Evaluation,
    OnProgress,
    Reads,
    asked,
    ignore_progress,
    scored,
)
from gongbang.apps.evaluate.finder import Finder
from gongbang.apps.evaluate.finding import bigram_scores
from gongbang.apps.evaluate.reading import alone
from gongbang.apps.evaluate.threshold import check_threshold, with_threshold
from gongbang.artifacts.notebook import build_notebook
from gongbang.data.records import Record
from gongbang.errors import OptionError
from gongbang.metrics.ranking import ranking_scores, unique_ranking
from gongbang.metrics.scores import Scores
from gongbang.search.base import Hit
from gongbang.search.contexts import document_of
from gongbang.search.evaluate import CUTS, search_documents
from gongbang.tasks.base import Prediction
from gongbang.tasks.reader_baselines import nearest_sentence
from gongbang.tasks.retrieved import reading_records

_BATCH = 8  # questions at once; each brings top_k passages to read


@dataclass(frozen=True, slots=True)
class Found:
    """A question with what was retrieved for it, best first."""

    record: Record
    hits: tuple[Hit, ...]

    @property
    def documents(self) -> list[str]:
        """Ids of the documents, each once, best first."""
        return unique_ranking([hit.document for hit in self.hits])


def evaluate_ask(
    records: Sequence[Record],
    finder: Finder,
    predictor: Reads,
    *,
    top_k: int = 5,
    limit: int | None = None,
    threshold: float | None = None,
    name: str = "ask",
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """Retrieve from every context of the file, read the best, answer; every stage with its own figure.

    ``extra`` holds ``retrieval`` (recall and MRR by document), ``gold_passage`` (exact match and F1 had
    the right passage been given: the ceiling of retrieval) and ``top_k``.

    Args:
        records: the whole file; its contexts are the corpus whatever the limit.
        finder: built here over the file's contexts.
        predictor: a reader at work.
        top_k: passages read a question.
        limit: questions asked at most.
        threshold: confidence below which the answer is "no answer"; the artifact's own when None.
        name: title of the error notebook.
        on_progress: told how many more questions are done.

    Raises:
        OptionError: ``top_k`` or ``threshold`` out of range.
    """
    check_options(top_k, threshold)
    questions = [alone(record) for record in asked(records, limit)]
    finder.build(records)
    found: list[Found] = []
    predictions: list[Prediction] = []
    gold: list[Prediction] = []
    for start in range(0, len(questions), _BATCH):
        batch = questions[start : start + _BATCH]
        new = find(finder, batch, max(top_k, *CUTS))
        found += new
        predictions += with_threshold(read(predictor, new, top_k), threshold)
        gold += with_threshold(predictor.predict(batch), threshold)
        on_progress(len(batch))
    return Evaluation(
        "ask",
        scored(predictions, questions),
        _baselines(found),
        predictions,
        _notebook(found, predictions, top_k, name),
        extra={
            "top_k": top_k,
            "passages": len(finder),
            "retrieval": retrieval(found).to_dict() | {"baseline": _bigrams(questions, records)},
            "gold_passage": scored(gold, questions).to_dict(),
        },
    )


def check_options(top_k: int, threshold: float | None) -> None:
    """Raise an :class:`OptionError` where one is out of range."""
    if top_k < 1:
        raise OptionError("top_k is too small.", value=top_k, allowed="1 or more", cure="Pass --top-k 5.")
    check_threshold(threshold)


def find(finder: Finder, questions: Sequence[Record], depth: int) -> list[Found]:
    """The best passages of each question, at least ``depth`` and deep enough to hold as many documents."""
    hits = search_documents(finder, [record.fields["question"] for record in questions], depth)
    return [Found(record, tuple(own)) for record, own in zip(questions, hits, strict=True)]


def read(predictor: Reads, found: Sequence[Found], top_k: int) -> list[Prediction]:
    """One answer a question from its best ``top_k`` passages; "no answer" where nothing was retrieved."""
    records = [record for item in found for record in passage_records(item, top_k)]
    by_question = {answer.id: answer for answer in predictor.predict(records)} if records else {}
    return [by_question.get(item.record.id, Prediction(item.record.id, "", 0.0)) for item in found]


def passage_records(found: Found, top_k: int) -> list[Record]:
    """The best passages as ``gongbang ask`` gives them to the reader, pooled under the question's id."""
    hits = [hit for hit in found.hits[:top_k] if hit.passage.text.strip()]
    return reading_records(found.record.fields["question"], hits, question_id=found.record.id)


def retrieval(found: Sequence[Found]) -> Scores:
    """Recall at each cut and MRR@10 by document id, over the answerable questions."""
    kept = [item for item in found if item.record.answers] or list(found)
    return ranking_scores(
        [item.documents for item in kept],
        [{document_of(item.record)} for item in kept],
        groups=[item.record.group for item in kept],
        cuts=CUTS,
    )


def _bigrams(questions: Sequence[Record], records: Sequence[Record]) -> dict[str, Any]:
    kept = [record for record in questions if record.answers] or questions
    return bigram_scores(kept, records).to_dict()


def _baselines(found: Sequence[Found]) -> dict[str, Scores]:
    """The sentence of the first passage that is most like the question."""
    answers = []
    for item in found:
        first = passage_records(item, 1)
        answers.append(nearest_sentence(first[0]) if first else Prediction(item.record.id, "", 0.0))
    return {"nearest sentence of the first passage": scored(answers, [item.record for item in found])}


def _notebook(found: Sequence[Found], predictions: Sequence[Prediction], top_k: int, name: str) -> Any:
    ranked: Mapping[str, Sequence[str]] = {
        item.record.id: unique_ranking([hit.document for hit in item.hits[:top_k]]) for item in found
    }
    texts = {hit.passage.id: hit.passage.text for item in found for hit in item.hits[:top_k]}
    records = [
        item.record
        if item.record.labels.get("document")
        else item.record.with_labels(document=document_of(item.record))
        for item in found
    ]
    return build_notebook(records, predictions, name=name, ranked=ranked, texts=texts)
