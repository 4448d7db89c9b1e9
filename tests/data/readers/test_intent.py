"""3i4K, ParaKQC and StyleKQC: names of labels, and sets that stay together."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from gongbang.data.readers.intent import INTENTS
from gongbang.data.reading import read_records
from gongbang.data.splits import group_split
from gongbang.errors import DataError


def test_seven_intentions_are_known_by_their_numbers_or_the_files_name(tmp_path):
    rows = [f"{number}\t말 {number} {n}" for number in range(7) for n in range(3)]
    text = "\r\n".join(rows)
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    records = read_records(path).strict()
    assert Counter(r.labels["label"] for r in records) == dict.fromkeys(INTENTS.values(), 3)
    assert records[-1].fields["text"] == "말 6 2" and records[0].licence == "unknown"
    named = tmp_path / "fci_test.txt"
    named.write_bytes("\r\n".join([*rows[:12], "7\t말"]).encode())
    loaded = read_records(named)
    assert len(loaded) == 12 and loaded.problems[0].line == 13 and loaded.items[0].source == "3i4K"
    with pytest.raises(DataError, match="no column with a known name"):
        read_records(named.rename(tmp_path / "b.txt"))
    assert len(read_records(tmp_path / "b.txt", format="3i4k")) == 12


def test_a_table_without_a_header_of_other_numbers_is_not_guessed_at(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("0\t맑다\n1\t흐리다\n", encoding="utf-8")
    with pytest.raises(DataError, match="no column with a known name"):
        read_records(path)


def test_parakqc_sets_are_groups_that_a_bad_line_does_not_move(tmp_path):
    rows = [f"{set_ % 4}\t{set_ % 4}\t말 {set_} {n}" for set_ in range(3) for n in range(10)]
    rows[4] = "0\t0\t"
    path = tmp_path / "para.txt"
    path.write_text("\n".join(rows), encoding="utf-8")
    loaded = read_records(path)
    assert Counter(r.group for r in loaded) == {"para-set-0": 9, "para-set-1": 10, "para-set-2": 10}
    assert loaded.items[-1].labels == {"label": "smart home", "act": "prohibition"}
    assert loaded.problems[0].line == 5
    split = group_split(loaded.items, 0.3)
    assert not {r.group for r in split.train} & {r.group for r in split.test}


def test_stylekqc_rows_carry_their_set(tmp_path):
    row = {"split": "dev", "set": "dev-7", "style": "formal", "topic": 5, "act": 1, "text": "비가 오나요"}
    path = tmp_path / "a.jsonl"
    bad = row | {"topic": 6}
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in (row, bad, row)), encoding="utf-8")
    loaded = read_records(path)
    assert [r.group for r in loaded] == ["set-dev-7"] * 2
    assert loaded.items[0].labels == {
        "label": "weather",
        "act": "wh-question",
        "style": "formal",
        "split": "dev",
    }
    assert (loaded.problems[0].line, loaded.problems[0].field) == (2, "topic")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "count", "groups"),
    [
        ("3i4k/fci.txt", 61255, 61255),
        ("3i4k/fci_test.txt", 6121, 6121),
        ("parakqc/paraKQC_v1.txt", 10000, 1000),
        ("stylekqc/stylekqc.jsonl", 30000, 3000),
    ],
)
def test_the_public_sets_are_read_whole(shared_data, name, count, groups):
    records = read_records(shared_data / "intent" / name).strict()
    assert len(records) == count and len({r.group for r in records}) == groups
    assert {r.licence for r in records} == {"CC BY-SA 4.0"}


@pytest.mark.shared
def test_the_names_of_3i4k_are_its_own(shared_data):
    path = shared_data / "intent/3i4k/labels.json"
    assert json.loads(path.read_text(encoding="utf-8")) == INTENTS
