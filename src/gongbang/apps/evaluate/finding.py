"""Finding alone: the document that answers, among all contexts of the file."""

from __future__ import annotations

from collections.abc import Sequence

from gongbang.apps.evaluate.evaluation import Evaluation, OnProgress, asked, ignore_progress
from gongbang.apps.evaluate.finder import Finder
from gongbang.data.records import Record
from gongbang.metrics.ranking import ranking_scores
from gongbang.metrics.scores import Scores
from gongbang.search.contexts import asks, document_of, passages_of
from gongbang.search.evaluate import CUTS, documents_found, judged_questions
from gongbang.tasks.base import Candidate, Prediction

_BATCH = 32


def evaluate_search(
    records: Sequence[Record],
    finder: Finder,
    *,
    limit: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """Recall@1/5/10/20 and MRR@10 by document id, over every distinct context of the file.

    Args:
        records: the whole file; its contexts are the corpus whatever the limit.
        finder: built here over the file's contexts.
        limit: questions asked at most.
        on_progress: told how many more questions are done.

    Returns:
        An evaluation whose predictions hold the ids of the documents found, best first.

    Raises:
        DataError: the file has no question that it answers.
    """
    questions = asked(records, limit, has_document)
    finder.build(records)
    found: list[tuple[str, ...]] = []
    for start in range(0, len(questions), _BATCH):
        batch = [record.fields["question"] for record in questions[start : start + _BATCH]]
        found += documents_found(finder, batch, max(CUTS))
        on_progress(len(batch))
    judged = judged_questions(questions)
    scores = ranking_scores(found, judged.relevant, groups=judged.groups, cuts=CUTS)
    predictions = [
        ranking_prediction(record, ranked) for record, ranked in zip(questions, found, strict=True)
    ]
    baselines = {"shared bigrams": bigram_scores(questions, records)}
    return Evaluation("search", scores, baselines, predictions, extra={"passages": len(finder)})


def has_document(record: Record) -> bool:
    """Whether a record asks something that its own context answers."""
    return asks(record) and ("answers" not in record.spans or bool(record.answers))


def ranking_prediction(record: Record, ranked: Sequence[str]) -> Prediction:
    """What was found, as a prediction: the first document as its text, the rest as candidates."""
    candidates = tuple(
        Candidate(document, 0, 0, 1.0 / rank, record=document) for rank, document in enumerate(ranked, 1)
    )
    gold = document_of(record)
    rank = list(ranked).index(gold) + 1 if gold in ranked else None
    return Prediction(
        record.id, ranked[0] if ranked else "", 0.0, candidates, details={"gold": gold, "rank": rank}
    )


def bigram_scores(questions: Sequence[Record], records: Sequence[Record]) -> Scores:
    """The baseline: passages ranked by the rare character bigrams that they share with the question."""
    from gongbang.tasks.encode_baselines import bigram_ranking

    corpus = [Record(p.id, {"context": p.text}) for p in passages_of(records)]
    predictions = bigram_ranking([*questions, *corpus])
    return ranking_scores(
        [prediction.details["ranked"] for prediction in predictions],
        [{prediction.details["gold"]} for prediction in predictions],
        groups=[record.group for record in questions],
        cuts=CUTS,
    )
