"""Pairs of premise and hypothesis, as tables and as KLUE's list."""

from __future__ import annotations

from collections import Counter

import pytest

from gongbang.data.reading import read_records
from tests.data.builders import write_json


def row(number: int, **changes):
    return {
        "guid": f"klue-nli-v1_dev_{number:05}",
        "source": "made",
        "premise": "비가 와서 장이 서지 않았다.",
        "hypothesis": f"{number}번 가게가 열렸다.",
        "gold_label": "contradiction",
    } | changes


def test_a_table_of_pairs(tmp_path):
    path = tmp_path / "xnli.dev.ko.tsv"
    premise = '"비가 온다"고 했다.'
    rows = [
        ("sentence1", "sentence2", "gold_label"),
        (premise, "말을 했다.", "entailment"),
        (premise, "맑다.", "-"),
    ]
    path.write_text("\n".join("\t".join(cells) for cells in rows) * 1, encoding="utf-8")
    loaded = read_records(path, format="nli")
    (record,) = loaded
    assert dict(record.fields) == {"text": premise, "pair": "말을 했다."}
    assert record.labels == {"label": "entailment"} and record.source == "KorNLI"
    assert loaded.problems[0].line == 3 and "did not agree" in loaded.problems[0].cure


def test_hypotheses_of_one_premise_are_one_group(tmp_path):
    path = tmp_path / "pairs.tsv"
    rows = ["sentence1\tsentence2\tgold_label", "가\t나\tneutral", "가\t다\tentailment", "라\t나\tneutral"]
    path.write_text("\n".join(rows), encoding="utf-8")
    first, second, third = read_records(path).strict()
    assert first.group == second.group != third.group and first.licence == "unknown"


def test_klue_nli_with_errors_that_have_a_line(tmp_path):
    rows = [row(0), row(1, hypothesis=" "), row(2, gold_label="maybe"), row(3)]
    path = write_json(tmp_path / "nli.json", rows, indent=2)
    loaded = read_records(path)
    assert [r.id for r in loaded] == ["klue-nli-v1_dev_00000", "klue-nli-v1_dev_00003"]
    assert loaded.items[0].labels == {"label": "contradiction", "source": "made"}
    assert [(p.field, p.line) for p in loaded.problems] == [("[1].hypothesis", 10), ("[2].gold_label", 17)]


def test_other_lists_of_rows_are_still_mapped(tmp_path):
    path = write_json(tmp_path / "a.json", [{"premise": "가", "hypothesis": "나", "label": "neutral"}])
    (record,) = read_records(path).strict()
    assert dict(record.fields) == {"text": "가", "pair": "나"} and record.labels == {"label": "neutral"}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "count", "premises"),
    [("klue/klue-nli-v1.1_dev.json", 3000, 1000), ("kornlu/xnli.dev.ko.tsv", 2490, 830)],
)
def test_the_public_pairs_are_read_whole(shared_data, name, count, premises):
    records = read_records(shared_data / name).strict()
    assert len(records) == count and len({r.group for r in records}) == premises
    assert set(Counter(r.labels["label"] for r in records).values()) == {count // 3}
