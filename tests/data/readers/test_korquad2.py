from __future__ import annotations

import json
import zipfile

import pytest

from gongbang.data.reading import read_records
from gongbang.errors import DataError, SpanError
from tests.data.builders import write_json

PAGE = (
    "<!DOCTYPE html>\n<html><head><title>대장간 - 백과</title><style>p{}</style></head>\n<body>"
    "<h1>대장간</h1><p>불의 온도는 <b>1,200</b>&nbsp;도이다.</p>"
    "<table><tr><th>이름</th><td>김쇠돌 &amp; 아들</td></tr></table></body></html>"
)


def korquad2(*answers: str, context: str = PAGE) -> dict:
    qas = [
        {
            "id": f"{n}",
            "question": f"질문 {n}?",
            "answer": {"text": text, "answer_start": context.index(text)},
        }
        for n, text in enumerate(answers)
    ]
    article = {
        "title": "대장간",
        "url": "https://example.org/대장간",
        "context": context,
        "raw_html": "",
        "qas": qas,
    }
    return {"version": "KorQuAD_v2.1_train", "data": [article]}


def test_spans_move_from_markup_to_words(tmp_path):
    answers = (
        "1,200",
        "<b>1,200</b>&nbsp;도",
        "김쇠돌 &amp; 아들",
        "<tr><th>이름</th><td>김쇠돌 &amp; 아들</td></tr>",
    )
    records = read_records(write_json(tmp_path / "a.json", korquad2(*answers))).strict()
    assert [r.answers[0].text for r in records] == [
        "1,200",
        "1,200 도",
        "김쇠돌 & 아들",
        "이름 | 김쇠돌 & 아들",
    ]
    assert "<" not in records[0].fields["context"] and "p{}" not in records[0].fields["context"]
    assert records[0].source == "KorQuAD 2.0"
    assert records[0].labels["url"].startswith("https://")
    assert records[0].group == "대장간"


def test_raw_html_offsets_are_used_when_there_is_no_context(tmp_path):
    value = korquad2("1,200")
    article = value["data"][0]
    article["raw_html"], article["context"] = article["context"], ""
    start = article["qas"][0]["answer"].pop("answer_start")
    article["qas"][0]["answer"] = {"html_answer_text": "1,200", "html_answer_start": start}
    assert read_records(write_json(tmp_path / "a.json", value)).strict()[0].answers[0].text == "1,200"


def test_an_offset_off_by_one_is_found_in_the_markup(tmp_path):
    value = korquad2("1,200", "김쇠돌")
    value["data"][0]["qas"][0]["answer"]["answer_start"] += 1
    loaded = read_records(write_json(tmp_path / "a.json", value))
    assert [record.id for record in loaded] == ["1"]
    assert isinstance(loaded.problems[0], SpanError) and "-1" in loaded.problems[0].cure


def test_a_zip_of_parts_loses_only_the_broken_part(tmp_path):
    path = tmp_path / "KorQuAD_2.1_train_00.zip"
    second = korquad2("김쇠돌")
    second["data"][0]["qas"][0]["id"] = "x"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/00.json", json.dumps(korquad2("1,200")))
        archive.writestr("a/01.json", '{"data": [')
        archive.writestr("a/02.json", json.dumps(second))
    loaded = read_records(path)
    assert [record.id for record in loaded] == ["0", "x"]
    assert "01.json" in loaded.problems[0].what and "broken JSON" in loaded.problems[0].what


def test_a_damaged_zip_says_so(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(DataError, match="not a whole zip"):
        read_records(path)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("<td>서울</td>", "서울"),
        ("</td><td>서울</td><td>", "서울"),
        ("수도</td><td>서울</td>", "수도 | 서울"),
    ],
)
def test_an_answer_in_cells_takes_no_bar_at_its_ends(tmp_path, answer, text):
    page = "<html><body><table><tr><td>수도</td><td>서울</td><td>a | b</td></tr></table></body></html>"
    value = korquad2(answer, "| b</td>", context=page)
    first, second = read_records(write_json(tmp_path / "a.json", value)).strict()
    assert first.answers[0].text == text
    assert second.answers[0].text == "| b"  # a bar that the page itself has
