"""/v1/answers: create, read, change, delete, page; what is wrong is named."""

from __future__ import annotations

import pytest

from gongbang.serve.database.checks import MAX_ID, MAX_LABEL, MAX_TEXT

ANSWERS = "/v1/answers"
DRAFT = {
    "text": "가마는 하루 뒤에 식어요.",
    "question": "가마는 언제 식어요?",
    "label": "안내",
    "active": True,
}


def test_an_answer_is_made_read_changed_and_taken_out(client):
    made = client.post(ANSWERS, json=DRAFT)
    assert made.status_code == 201 and made.headers["etag"] == '"1"'
    place = made.headers["location"]
    assert place == f"{ANSWERS}/{made.json()['id']}" and made.json() | DRAFT == made.json()
    read = client.get(place)
    assert read.status_code == 200 and read.json() == made.json() and read.headers["etag"] == '"1"'

    changed = client.patch(place, json={"text": "가마는 이틀 뒤에 식어요."}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200 and changed.headers["etag"] == '"2"'
    assert changed.json() == client.get(place).json()
    assert changed.json()["question"] == DRAFT["question"] and changed.json()["version"] == 2
    off = client.patch(place, json={"active": False, "label": "", "version": 2}).json()
    assert (off["active"], off["label"], off["text"]) == (False, "", "가마는 이틀 뒤에 식어요.")

    gone = client.delete(place, headers={"If-Match": '"3"'})
    assert gone.status_code == 204 and gone.content == b""
    assert client.get(place).status_code == 404


def test_what_is_left_out_has_a_default(client):
    made = client.post(ANSWERS, json={"text": "네."}).json()
    assert (made["question"], made["label"], made["active"], made["version"]) == ("", "", True, 1)


WRONG = [
    ({}, "text"),
    ({"text": ""}, "text"),
    ({"text": " \n"}, "text"),
    ({"text": 7}, "text"),
    ({"text": None}, "text"),
    ({"text": "가" * (MAX_TEXT + 1)}, "text"),
    ({"text": "a\x00b"}, "text"),
    ({"text": "네", "question": ["왜"]}, "question"),
    ({"text": "네", "question": "\x00"}, "question"),
    ({"text": "네", "label": "가" * (MAX_LABEL + 1)}, "label"),
    ({"text": "네", "active": "yes"}, "active"),
    ({"text": "네", "active": 1}, "active"),
    ({"text": "네", "id": 3}, "id"),
    (["text"], "body"),
]


@pytest.mark.parametrize(
    ("body", "field"), WRONG, ids=[f"{at}-{field}" for at, (_, field) in enumerate(WRONG)]
)
def test_a_wrong_field_is_named_and_nothing_is_stored(client, body, field):
    refused = client.post(ANSWERS, json=body)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    told = refused.json()
    assert told["field"] == field and told["status"] == 422 and told["title"] and told["detail"]
    assert field in [one["field"] for one in told["errors"]]
    assert client.get(ANSWERS).json()["total"] == 0


def test_half_a_character_is_refused_and_can_be_told(client):
    json = {"content-type": "application/json"}
    text = client.post(ANSWERS, content=rb'{"text": "\ud800"}', headers=json)
    assert text.status_code == 422 and text.json()["field"] == "text"
    key = client.post(ANSWERS, content=rb'{"text": "a", "\ud800": 1}', headers=json)
    assert key.status_code == 422


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 422), (b"", 422), (b"\xff", 400), (b"[" * 100_000, 400), (b"1" * 9000, 400)]
)
def test_what_is_no_json_is_refused(client, body, status):
    refused = client.post(ANSWERS, content=body, headers={"content-type": "application/json"})
    assert refused.status_code == status and refused.json()["status"] == status
    plain = client.post(ANSWERS, content=b'{"text": "a"}', headers={"content-type": "text/plain"})
    assert plain.status_code == 422  # what a page of another origin could send without asking


@pytest.mark.parametrize("id", [1, MAX_ID])
def test_an_unknown_id_is_missing(client, id):
    for refused in (
        client.get(f"{ANSWERS}/{id}"),
        client.patch(f"{ANSWERS}/{id}", json={"text": "네"}),
        client.delete(f"{ANSWERS}/{id}"),
    ):
        assert refused.status_code == 404 and refused.json()["type"].endswith(":missing")


@pytest.mark.parametrize("id", ["0", "-1", "x", "1.5", str(MAX_ID + 1)])
def test_an_id_that_cannot_be_is_named(client, id):
    refused = client.get(f"{ANSWERS}/{id}")
    assert refused.status_code == 422 and refused.json()["field"] == "id"


def test_a_change_from_an_old_version_is_a_conflict_that_tells_the_new_one(client):
    place = client.post(ANSWERS, json=DRAFT).headers["location"]
    client.patch(place, json={"text": "둘"})
    for refused in (
        client.patch(place, json={"text": "셋"}, headers={"If-Match": '"1"'}),
        client.patch(place, json={"text": "셋", "version": 1}),
        client.delete(place, headers={"If-Match": '"1"'}),
        client.delete(place, params={"version": 3}),
    ):
        assert refused.status_code == 409
        assert refused.json()["current"] == 2 and refused.json()["type"].endswith(":conflict")
    assert client.get(place).json()["text"] == "둘"
    assert client.delete(place, params={"version": 2}).status_code == 204


def test_a_version_that_is_none_is_named(client):
    place = client.post(ANSWERS, json=DRAFT).headers["location"]
    for tag in ("1", 'W/"1"', '"0"', '"x"', '"1", "2"'):
        refused = client.patch(place, json={"text": "둘"}, headers={"If-Match": tag})
        assert refused.status_code == 422 and refused.json()["field"] == "if-match", tag
    both = client.patch(place, json={"text": "둘", "version": 2}, headers={"If-Match": '"1"'})
    assert both.status_code == 422
    assert client.patch(place, json={"text": "둘"}, headers={"If-Match": "*"}).status_code == 200


def test_pages_lead_to_the_end_whatever_comes_and_goes(client):
    ids = [client.post(ANSWERS, json={"text": f"{n}번째 대답"}).json()["id"] for n in range(25)]
    seen, after = [], 0
    while after is not None:
        page = client.get(ANSWERS, params={"after": after, "limit": 4}).json()
        seen += [one["id"] for one in page["items"]]
        if len(seen) == 8:
            client.delete(f"{ANSWERS}/{ids[0]}")  # one that was seen
            client.delete(f"{ANSWERS}/{ids[20]}")  # and one that was not
            assert page["total"] == 25
        after = page["next"]
    assert seen == [id for id in ids if id != ids[20]]


def test_search_label_and_activity_choose(client):
    rows = [
        {"text": "ＡＢＣ 가마", "label": "가마"},
        {"text": "물레는 둘이에요.", "question": "abc?", "label": "물레"},
        {"text": "비 오는 날", "active": False},
    ]
    for row in rows:
        client.post(ANSWERS, json=row)

    def found(**query) -> list[str]:
        page = client.get(ANSWERS, params=query).json()
        assert page["total"] == len(page["items"]) and page["next"] is None
        return [one["text"] for one in page["items"]]

    assert found(search="abc") == ["ＡＢＣ 가마", "물레는 둘이에요."]
    assert found(search="abc", label="물레") == ["물레는 둘이에요."]
    assert found(active="false") == ["비 오는 날"] and found(label="") == ["비 오는 날"]
    assert found(search="%") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"after": -1}, "after"),
        ({"active": "maybe"}, "active"),
        ({"search": "가" * 201}, "search"),
        ({"search": "\x00"}, "search"),
        ({"label": "가" * 65}, "label"),
        ({"lable": "가마"}, "lable"),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named(client, query, field):
    refused = client.get(ANSWERS, params=query)
    assert refused.status_code == 422 and refused.json()["field"] == field
