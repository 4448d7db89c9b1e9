"""What a number must beat is guessed from each part's own training records."""

from __future__ import annotations

from gongbang.data.records import Record
from gongbang.metrics.scores import Score, Scores
from gongbang.tasks.base import Prediction
from gongbang.tasks.baselines import scored_baselines


def record(name: str) -> Record:
    return Record(name, {"text": name})


def known(train, held):
    """Whether a record was among those to learn from."""
    names = {one.id for one in train}
    return [Prediction(one.id, "seen" if one.id in names else "new", 1.0) for one in held]


def share_of_new(predictions, records):
    assert [told.id for told in predictions] == [one.id for one in records]
    share = sum(told.text == "new" for told in predictions) / len(records)
    return Scores("new", {"new": Score(share, len(records))})


def test_each_part_is_guessed_from_its_own_side_and_all_are_scored_together():
    a, b, c = (record(name) for name in "abc")
    folds = [([b, c], [a]), ([a, c], [b]), ([a, b], [c])]
    found = scored_baselines({"known": known}, folds, share_of_new)["known"]
    assert found.value == 1.0 and found.scores["new"].n == 3
    assert scored_baselines({"known": known}, [([a, b, c], [a, b])], share_of_new)["known"].value == 0.0
