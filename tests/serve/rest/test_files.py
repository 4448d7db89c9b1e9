"""Answers as files, in and out over HTTP."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

IMPORT, EXPORT = "/v1/answers/import", "/v1/answers/export"
CSV = {"content-type": "text/csv; charset=utf-8"}
LINES = {"content-type": "application/jsonl"}
HARD = [
    {"text": '쉼표, "따옴표"\n줄 바꿈', "question": "물음, 둘", "label": "기쁨", "active": False},
    {"text": "👍🏽 \u2028 ''", "question": '"', "label": "", "active": True},
    {"text": "같은 답", "question": "", "label": "", "active": True},
]


def contents(client):
    keys = ("text", "question", "label", "active")
    return [{key: one[key] for key in keys} for one in client.get("/v1/answers").json()["items"]]


@pytest.mark.parametrize(("ending", "header"), [("csv", CSV), ("jsonl", LINES)])
def test_what_is_given_out_comes_back_as_it_was(client, ending, header):
    for row in HARD:
        client.post("/v1/answers", json=row)
    given = client.get(EXPORT, params={"format": ending})
    assert given.status_code == 200 and f"answers.{ending}" in given.headers["content-disposition"]
    for one in client.get("/v1/answers").json()["items"]:
        client.delete(f"/v1/answers/{one['id']}")
    done = client.post(IMPORT, content=given.content, headers=header)
    assert done.status_code == 200 and done.json()["created"] == len(HARD) and not done.json()["problems"]
    assert contents(client) == HARD
    again = client.post(IMPORT, content=given.content, headers=header).json()
    assert (again["created"], again["same"]) == (0, len(HARD))


def test_a_bad_row_is_told_with_its_line_and_costs_itself_alone(client):
    rows = "Q,A,memo\n언제 열어요?,열 시에 열어요.,x\n왜요?,,x\n어디예요?,뒤뜰이에요.,x\n"
    done = client.post(f"{IMPORT}?map=question=Q&map=text=A", content=rows.encode(), headers=CSV).json()
    assert (done["created"], done["ignored"], done["problem_count"]) == (2, ["memo"], 1)
    (problem,) = done["problems"]
    assert (problem["line"], problem["field"]) == (3, "text") and "blank" in problem["detail"]


def test_rows_change_answers_by_id_where_they_are_to(client):
    made = client.post("/v1/answers", json={"text": "하나", "question": "왜?"}).json()
    row = json.dumps({"id": made["id"], "version": 1, "text": "둘"}).encode() + b"\n"
    stale = client.post(f"{IMPORT}?update=true", content=row * 2, headers=LINES).json()
    assert stale["updated"] == 1 and stale["problem_count"] == 1
    assert stale["problems"][0]["field"] == "version"
    assert contents(client)[0] == {"text": "둘", "question": "왜?", "label": "", "active": True}


@pytest.mark.parametrize(
    ("query", "body", "header", "status"),
    [
        ("", b"text\n\xff\xfe\xff\n", CSV, 422),
        ("", b"text\na\x00b\n", CSV, 422),  # whose cure names the file
        ("", b"", CSV, 422),
        ("", b"", LINES, 422),
        ("", "물음\n왜?\n".encode(), CSV, 422),
        ("?map=text", b"text\na\n", CSV, 422),
        ("?map=nothing=a", b"text\na\n", CSV, 422),
        ("?update=perhaps", b"text\na\n", CSV, 422),
        ("?columns=a", b"text\na\n", CSV, 422),
        ("", b"text\na\n", {"content-type": "application/json"}, 415),
        ("", b"text\na\n", {"content-type": "multipart/form-data"}, 415),
        ("", b"text\na\n", {}, 415),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_the_servers_folders_stay_its_own(
    client, query, body, header, status
):
    refused = client.post(IMPORT + query, content=body, headers=header)
    assert refused.status_code == status, refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert tempfile.gettempdir() not in refused.text and "gongbang-" not in refused.text
    assert client.get("/v1/answers").json()["total"] == 0


@pytest.mark.parametrize("header", [CSV, LINES])
@pytest.mark.parametrize(
    ("body", "told"),
    [(b"PK\x03\x04" + b"x" * 50, "ZIP"), (b"%PDF-1.7\n", "PDF"), (b"\x89PNG\r\n", "picture")],
)
def test_a_file_that_is_none_of_text_is_told_what_it_is(client, body, told, header):
    def in_parts():
        yield body[:2]
        yield body[2:]

    for content in (body, in_parts()):
        refused = client.post(IMPORT, content=content, headers=header)
        assert refused.status_code == 415 and told in refused.json()["detail"]
    assert client.get("/v1/answers").json()["total"] == 0


def test_of_very_many_bad_rows_the_first_are_told(client):
    done = client.post(IMPORT, content=b"text,label\n" + b" ,x\n" * 500, headers=CSV).json()
    assert done["problem_count"] == 500 and len(done["problems"]) == 100
    assert done["problems"][0]["line"] == 2


def test_no_file_is_left_behind(client, monkeypatch, tmp_path: Path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    client.post(IMPORT, content=b"text\na\n", headers=CSV)
    client.post(IMPORT, content=b"\xff", headers=CSV)
    client.get(EXPORT)
    assert list(folder.iterdir()) == []


def test_another_kind_of_file_is_named(client):
    refused = client.get(EXPORT, params={"format": "xlsx"})
    assert refused.status_code == 422 and refused.json()["field"] == "format"
