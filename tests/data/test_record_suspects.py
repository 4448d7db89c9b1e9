"""Suspects among records: planted faults, and the refusal to guess."""

from __future__ import annotations

import random

import pytest

from gongbang.data import record_suspects
from gongbang.data.record_suspects import quick_suspects, suspects_by
from gongbang.data.records import Record
from gongbang.errors import DataError

GOOD = ("참 좋은 그릇입니다", "튼튼하고 예뻐요", "선물하기 좋아요", "마음에 쏙 들어요")
BAD = ("금방 깨져서 속상해요", "다시는 안 사요", "색이 바래서 별로예요", "너무 늦게 왔어요")


def reviews(count: int, flipped: int) -> tuple[list[Record], set[str]]:
    """Reviews of two kinds with random endings, and the ids of those whose label was turned round."""
    draw = random.Random(1)
    planted = set(draw.sample(range(count), flipped))
    records = []
    for number in range(count):
        good = number % 2 == 0
        tail = "".join(draw.choices("가나다라마바사아자차카타파하", k=6))
        label = "positive" if good != (number in planted) else "negative"
        text = f"{draw.choice(GOOD if good else BAD)} {tail}"
        records.append(Record(str(number), {"text": text}, labels={"label": label}))
    return records, {str(number) for number in planted}


def test_planted_labels_are_found_without_a_trained_run():
    records, planted = reviews(600, 30)
    found = quick_suspects(records, "classify")
    named = {row["id"] for row in found["examples"]}
    assert found["found"] == len(found["examples"]) and found["judged"] == 600
    assert len(named & planted) >= 27 and len(named & planted) >= 0.9 * len(named)
    row = next(row for row in found["examples"] if row["id"] in planted)
    assert {row["given"], row["suggested"]} == {"negative", "positive"} and row["margin"] < 0
    assert found["accuracy"] > 0.9 and found["by_field"] == {}


def test_a_model_that_cannot_do_the_task_doubts_nobody():
    draw = random.Random(2)
    records = [
        Record(
            str(n),
            {"text": "".join(chr(0xAC00 + draw.randrange(11_000)) for _ in range(15))},
            labels={"label": draw.choice(["a", "b"])},
        )
        for n in range(200)
    ]
    found = quick_suspects(records, "classify")
    assert found["why_not"] == "cannot_judge" and found["found"] == 0 and found["examples"] == []


def test_too_few_labels_or_groups_are_said():
    records, _ = reviews(40, 0)
    assert quick_suspects(records[:15], "classify")["why_not"] == "few_labels"
    one = [Record(r.id, r.fields, labels=r.labels, group="g") for r in records]
    assert quick_suspects(one, "classify")["why_not"] == "few_groups"
    rare = [*records, Record("x", {"text": "글"}, labels={"label": "odd"})]
    found = quick_suspects(rare, "classify")
    assert found["rare"] == ["odd"] and (found["judged"], found["of"]) == (40, 41)


def test_one_text_of_a_pair_that_gives_the_label_away_is_measured():
    records, _ = reviews(200, 0)
    pairs = [
        Record(r.id, {"text": f"글 {n % 7}번", "pair": r.fields["text"]}, labels=r.labels)
        for n, r in enumerate(records)
    ]
    found = quick_suspects(pairs, "classify")["by_field"]
    assert found["pair"] > 0.9 > found["text"]


def test_of_a_large_set_a_share_is_looked_at(monkeypatch):
    records, _ = reviews(600, 0)
    monkeypatch.setattr(record_suspects, "ROWS", 250)
    found = quick_suspects(records, "classify")
    assert (found["rows"], found["of"]) == (200, 600)


def test_several_labels_are_judged_where_letters_tell():
    records, planted = reviews(300, 15)
    many = [
        Record(r.id, r.fields, labels={"labels": ["기쁨"] if r.labels["label"] == "positive" else []})
        for r in records
    ]
    found = quick_suspects(many, "emotions")
    assert found["trusted"] == ["기쁨"]
    named = [row["id"] for row in found["examples"]]
    assert len(set(named) & planted) >= 10 and len(set(named) & planted) >= 0.9 * len(named)
    assert all({row["given"], row["suggested"]} == {"기쁨", ""} for row in found["examples"])


def test_a_runs_predictions_judge_the_records_that_they_name():
    records, _ = reviews(8, 0)
    judged = {
        r.id: {"positive": 0.9, "negative": 0.1} if n % 2 == 0 else {"positive": 0.2, "negative": 0.8}
        for n, r in enumerate(records[:6])
    }
    judged["0"] = {"positive": 0.05, "negative": 0.95}
    judged["elsewhere"] = {"positive": 1.0, "negative": 0.0}
    found = suspects_by(records, "classify", judged)
    assert (found["how"], found["judged"], found["of"], found["found"]) == ("run", 6, 8, 1)
    assert found["examples"][0]["id"] == "0" and found["examples"][0]["margin"] == pytest.approx(-0.9)
    assert found["accuracy"] == pytest.approx(5 / 6, abs=1e-4)


def test_predictions_of_other_data_are_refused():
    records, _ = reviews(4, 0)
    with pytest.raises(DataError, match="not of this data set"):
        suspects_by(records, "classify", {"x": {"positive": 1.0, "negative": 0.0}})
    with pytest.raises(DataError, match="not of this data set"):
        suspects_by(records, "classify", {"0": {"서울": 1.0}})
