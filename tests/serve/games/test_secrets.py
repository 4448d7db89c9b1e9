"""The keyword is in nothing that leaves the server before the end, whatever is played and whatever fails."""

from __future__ import annotations

import logging

import pytest

from gongbang.apps.twenty_questions import Forms, Keywords, LeakError
from gongbang.errors import DataError, OptionError, StoreError
from gongbang.serve.database.games import Games
from gongbang.serve.games.bodies import sealed
from gongbang.serve.games.sets import open_sets
from tests.serve.games.models import finder, playing
from tests.serve.games.test_routes import GAMES, ask_on, begin

WHALE = Forms.of("고래", "whale")


@pytest.fixture(scope="module")
def kind():
    return "sqlite"


@pytest.mark.parametrize(
    "body",
    [
        {"said": "고래"},
        {"said": "고 래에서는"},
        {"고래": 1},
        {"turns": [{"said": "ㄱㅗ"}, {"said": "ㄹㅐ"}, "대왕고래의"]},
        {"said": ["w h", "ale"]},
        {"said": 'wh"ale'},
        {"said": "wh\nale"},
        {"a": "고", "-": "래"},
    ],
)
def test_a_body_that_names_the_keyword_is_withheld(body):
    with pytest.raises(LeakError) as caught:
        sealed(body, WHALE)
    assert not finder(["고래", "whale"])(str(caught.value))
    assert sealed(body, None)


def test_what_only_sounds_like_it_is_sent():
    assert sealed({"said": "고라니와 래미콘"}, WHALE).decode() == '{"said": "고라니와 래미콘"}'


def test_no_form_of_any_keyword_is_sent_before_the_end(client, keywords, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    for item in keywords.items:
        monkeypatch.setattr(Keywords, "choose", lambda *_, one=item, **__: one)
        names = finder((item.name, *item.aliases))
        sent = []
        game = begin(client)
        url = f"{GAMES}/{game['id']}"
        calls = [("questions", {"text": f"{item.name}보다 큰가요?"})]
        calls += [
            ("questions", {"text": f"{item.name} {n}와 {' '.join(item.name)}는 같나요?"}) for n in range(4)
        ]
        calls += [("hints", {"text": f"{n}. {item.name}의 무엇인가요?"}) for n in range(4)]
        calls += [("guesses", {"text": f"{item.name}밥"}), ("guesses", {"text": "가" * 201})]
        calls += [("guesses", {"text": "아닌 것", "version": 1}), ("marks", {"wrong": []})]
        calls += [("replies", {"said": "yes"}), ("questions", {"text": ""})]
        for what, body in calls:
            answered = client.post(f"{url}/{what}", json=body)
            sent.append(f"{answered.status_code} {dict(answered.headers)} {answered.text}")
        sent.append(client.get(url).text)
        found = [text for text in sent if names(text)]
        assert not found, (item.name, found)
        assert client.get(url).json()["used"] == 10 and not any(text.startswith("500") for text in sent)
        assert names(client.post(f"{url}/give-up").text)  # the search finds it where it is
    assert "games" in caplog.text
    every = finder([name for item in keywords.items for name in (item.name, *item.aliases)])
    assert not [record for record in logged(caplog) if every(record)]


def logged(caplog):
    """All lines of the log, tracebacks included, as a file of it would hold them."""
    return [caplog.handler.format(record) for record in caplog.records]


def failing(opened, secret_of, caplog, break_it):
    """What is answered, logged and kept where something breaks in the middle of a question and a hint."""
    caplog.set_level(logging.DEBUG)
    room, models = playing()
    client = opened(room, faults=False)
    game = ask_on(client, begin(client), 5)
    keyword = secret_of(game["id"])
    names = finder((keyword.name, *keyword.aliases))
    break_it(models, keyword)
    for what in ("questions", "hints"):
        answered = client.post(f"{GAMES}/{game['id']}/{what}", json={"text": "어디에 사나요?"})
        assert answered.status_code == 500 and not names(answered.text), answered.text
    assert not [line for line in logged(caplog) if names(line)]
    return client, game


def test_a_model_that_fails_tells_nothing_and_costs_no_turn(opened, secret_of, caplog):
    def break_it(models, keyword):
        for model in models.values():
            model.failure = DataError(
                f"{keyword.name}!", value=keyword.document, allowed="", cure="", field=keyword.name
            )

    client, game = failing(opened, secret_of, caplog, break_it)
    assert "failed at a game: DataError at models.py" in caplog.text
    assert client.get(f"{GAMES}/{game['id']}").json() == game


def test_a_mask_that_fails_withholds_the_answer_and_costs_no_turn(opened, secret_of, caplog, monkeypatch):
    def break_it(models, keyword):
        models["boolq"].failure = RuntimeError("down")
        # Whichever keyword was drawn, the reader has something to say.
        monkeypatch.setattr("tests.serve.games.models.blabbed", lambda question, keyword: f"옛날의 {keyword}")
        monkeypatch.setattr(Forms, "mask", lambda self, text: f"{keyword.name[0]} {keyword.name[1:]}는")

    client, game = failing(opened, secret_of, caplog, break_it)
    assert "LeakError" in caplog.text
    assert client.get(f"{GAMES}/{game['id']}").json() == game


def test_a_view_that_tells_too_much_is_withheld(opened, secret_of, caplog, monkeypatch):
    """The server looks by itself, whatever the engine let pass."""
    from gongbang.serve.games import rules

    def break_it(models, keyword):
        whole = rules.guess_body
        told = {"more": f"{keyword.name}는"}
        monkeypatch.setattr(rules, "guess_body", lambda held, view: whole(held, view) | told)

    client, game = failing(opened, secret_of, caplog, break_it)
    assert client.get(f"{GAMES}/{game['id']}").status_code == 500
    monkeypatch.undo()
    assert client.get(f"{GAMES}/{game['id']}").json() == game


def test_a_database_that_quotes_the_row_is_not_quoted(opened, secret_of, caplog, monkeypatch):
    def break_it(models, keyword):
        def put(*_, **__):
            try:
                raise ValueError(f"DETAIL: failing row: {keyword.name}")
            except ValueError as err:
                raise StoreError("refused.", value="row", allowed="", cure="") from err

        monkeypatch.setattr(Games, "put", put)

    client, game = failing(opened, secret_of, caplog, break_it)
    assert "StoreError" in caplog.text and "DETAIL" not in caplog.text
    monkeypatch.undo()
    assert client.get(f"{GAMES}/{game['id']}").json() == game


def folder_of(path, name, alias, folder="own"):
    made = path / folder
    made.mkdir(parents=True)
    text = f"category: 것\nkeywords:\n  - name: {name}\n    aliases: [{alias}]\n    document: 무엇이다.\n"
    (made / "one.yaml").write_text(text, encoding="utf-8")
    return str(made)


@pytest.mark.parametrize("alias", ["version", "Language", "essaid", "own"])
def test_a_keyword_that_every_answer_spells_is_refused_at_the_start(tmp_path, alias):
    with pytest.raises(DataError, match="answers to every player") as caught:
        open_sets([folder_of(tmp_path, "돛단배", alias)])
    assert caught.value.line == 3


def test_two_folders_of_one_name_are_refused(tmp_path):
    one, other = (folder_of(tmp_path / name, "돛단배", "sailboat") for name in ("a", "b"))
    assert list(open_sets([one])) == ["own"]
    with pytest.raises(OptionError, match="name of a set"):
        open_sets([one, other])


def test_an_id_is_long_and_by_chance_and_names_nothing(client, keywords):
    ids = {begin(client)["id"] for _ in range(20)}
    assert len(ids) == 20 and all(len(id) == 40 and not keywords.names_any(id) for id in ids)
