"""NSMC, whose quotes are letters, and KOTE, which has no header and quotes what holds quotes."""

from __future__ import annotations

from collections import Counter

import pytest

from gongbang.data.readers.kote import EMOTIONS, NONE
from gongbang.data.reading import read_records


def test_nsmc_names_its_labels_and_keeps_quotes_and_lone_returns(tmp_path):
    path = tmp_path / "ratings_train.txt"
    lines = ["id\tdocument\tlabel", '7\t"두 번 보니"" 더 좋은"\t1', "8\t졸\r리다\t0"]
    path.write_bytes("\n".join(lines).encode())
    first, second = read_records(path).strict()
    assert first.fields["text"] == '"두 번 보니"" 더 좋은"' and first.labels == {"label": "positive"}
    assert second.fields["text"] == "졸\r리다" and second.labels == {"label": "negative"}
    assert (first.id, first.source, first.licence) == ("7", "NSMC", "CC0-1.0")


def test_nsmc_reviews_that_are_empty_are_problems_with_their_line(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("id\tdocument\tlabel\n1\t좋다\t1\n2\t\t0\n3\t나쁘다\t0\n4\t글\t2\n", encoding="utf-8")
    loaded = read_records(path)
    assert [r.id for r in loaded] == ["1", "3"]
    assert [(p.line, p.field) for p in loaded.problems] == [(3, "document"), (5, "label")]


def test_a_table_of_other_labels_is_not_nsmc(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("id\tdocument\tlabel\n1\t좋다\t음식\n2\t빠르다\t배송\n", encoding="utf-8")
    assert [r.labels["label"] for r in read_records(path).strict()] == ["음식", "배송"]


def test_kote_names_its_emotions_in_the_order_of_their_numbers(tmp_path):
    path = tmp_path / "kote.tsv"
    rows = ["11\t기다리던 소식이다\t42,8", '12\t"그는 ""됐다"" 했다"\t24', "13\t비가 온다\t24,5"]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    first, second, third = read_records(path).strict()
    assert first.labels == {"labels": ["기대감", "기쁨"]} and first.id == "11"
    assert second.fields["text"] == '그는 "됐다" 했다' and second.labels["labels"] == [NONE]
    assert third.labels["labels"] == ["슬픔", NONE] and third.source == "KOTE"


def test_kote_rows_with_other_numbers_are_problems(tmp_path):
    path = tmp_path / "kote.tsv"
    rows = [f"{n}\t글 {n}\t1,2" for n in range(30)]
    path.write_text("\n".join([*rows, "a\t글\t44", "b\t글\t", "c\t글\t1;2"]), encoding="utf-8")
    loaded = read_records(path)
    assert len(loaded) == 30 and [(p.line, p.field) for p in loaded.problems] == [
        (31, "labels"),
        (32, "labels"),
        (33, "labels"),
    ]


def test_the_44_names_are_distinct_and_none_is_number_24():
    assert len(set(EMOTIONS)) == 44 and EMOTIONS.index(NONE) == 24


@pytest.mark.shared
def test_nsmc_is_read_whole(shared_data):
    path = shared_data / "sentiment/nsmc/ratings_train_100k.tsv"
    cells = [line.split(b"\t") for line in path.read_bytes().split(b"\n")[1:] if line]
    loaded = read_records(path)
    assert len(cells) == 100_000
    assert len(loaded.problems) == sum(not cell[1].strip() for cell in cells)
    assert Counter(r.labels["label"] for r in loaded) == {"negative": 50048, "positive": 49952}


@pytest.mark.shared
def test_kote_is_read_whole_with_the_names_of_its_own_description(shared_data):
    folder = shared_data / "emotion/kote"
    records = read_records(folder / "train_8000.tsv").strict()
    assert len(records) == 8000 and all(r.labels["labels"] for r in records)
    assert sum(NONE in r.labels["labels"] for r in records) == 1217
    assert sum(r.labels["labels"] == [NONE] for r in records) == 15
    assert not any(r.fields["text"].startswith('"') and '""' in r.fields["text"] for r in records)
    described = (folder / "README.md").read_text(encoding="utf-8").split("[", 2)
    listed = described[2].split("]")[0] if described[2].startswith("'") else ""
    for text in (folder / "README.md").read_text(encoding="utf-8").split("LABELS = [")[1:]:
        listed = text.split("]")[0]
    assert tuple(part.strip().strip("'") for part in listed.split(",\n")) == EMOTIONS
