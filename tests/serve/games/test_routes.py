"""/v1/games as a client meets it."""

from __future__ import annotations

import json

import pytest

from gongbang.apps.twenty_questions import read_keywords
from gongbang.serve.database.games import Games
from gongbang.serve.database.review import Review
from gongbang.serve.games.schemas import GameConflict, GuessGame, ReverseGame
from gongbang.serve.problems import MEDIA_TYPE
from tests.serve.games.models import answer_to, finder, playing

GAMES = "/v1/games"


@pytest.fixture(scope="module")
def kind():
    """What the routes do depends upon no database; what the table does is tested on each."""
    return "sqlite"


def begin(client, kind="guess", **more):
    answered = client.post(GAMES, json={"kind": kind, **more})
    assert answered.status_code == 201, answered.text
    assert answered.headers["location"] == f"{GAMES}/{answered.json()['id']}"
    return answered.json()


def act(client, game, what, status=200, **body):
    answered = client.post(f"{GAMES}/{game['id']}/{what}", json=body)
    assert answered.status_code == status, answered.text
    return answered.json()


def ask_on(client, game, count):
    for number in range(count):
        game = act(client, game, "questions", text=f"그것은 {number}번인가요?")
    return game


def test_a_game_from_its_beginning_to_its_marks(client, secret_of, store):
    game = begin(client)
    GuessGame.model_validate(game)
    keyword = secret_of(game["id"])
    assert (game["status"], game["used"], game["left"], game["version"]) == ("playing", 0, 20, 1)
    assert game["category"] == keyword.category and "keyword" not in game
    game = act(client, game, "questions", text="그것은 0번인가요?", version=1)
    assert game["turns"][0]["answer"] == answer_to(f"{about(keyword)} 0번인가요?", keyword.name)
    assert set(game["turns"][0]) == {"number", "kind", "answer", "said"}
    game = act(client, ask_on(client, game, 4), "hints", text="어디에 사나요?")
    assert game["turns"][5]["kind"] == "hint" and game["used"] == 6
    assert client.get(f"{GAMES}/{game['id']}").json() == game
    over = act(client, game, "guesses", text=f"정답은 {keyword.name}!")
    GuessGame.model_validate(over)
    assert (over["status"], over["keyword"], over["document"]) == ("won", keyword.name, keyword.document)
    assert over["used"] == 7 and not over["marked"]
    first = over["turns"][0]
    assert first["text"] == "그것은 0번인가요?" and first["evidence"]["text"] == keyword.document[:20]
    assert first["artifact_hash"] and over["turns"][6]["answer"] == "right"

    wrong = next(name for name in ("yes", "no", "no-answer") if name != first["answer"])
    marks = {"wrong": [{"turn": 1, "correction": wrong}, {"turn": 6}]}
    assert act(client, over, "marks", 201, **marks) == {"right": 4, "wrong": 2}
    items = Review(store).page(origin="game").items
    assert [item.feedback.judged.task for item in items] == ["boolq"] * 5 + ["reader"]
    judged = items[0].feedback.judged
    assert (judged.good, judged.correction, judged.artifact_id) == (False, wrong, first["artifact_hash"])
    assert judged.texts["context"] == keyword.document and judged.client == "rest"
    assert judged.reference.endswith("/1") and judged.asked == first["text"]
    assert over["id"] not in f"{judged}"  # whoever reviews must not be able to play
    again = act(client, over, "marks", 409, wrong=[])
    assert again["game"]["marked"] and Review(store).page(origin="game").total == 6


def about(keyword):
    from gongbang.text.josa import attach_josa

    return attach_josa(keyword.name, "은/는")


def test_twenty_turns_end_a_game(client):
    game = begin(client, language="en")
    game = ask_on(client, game, 10)
    for number in range(9):
        game = act(client, game, "guesses", text=f"아무것도 아닌 것 {number}")
    assert (game["used"], game["left"], game["status"], game["says"]) == (19, 1, "playing", "in play")
    over = act(client, game, "hints", text="무엇이 있나요?")
    assert (over["used"], over["left"], over["status"]) == (20, 0, "lost") and over["keyword"]
    refused = act(client, over, "questions", 409, text="더 물어도 되나요?")
    assert refused["type"].endswith(":not-now") and refused["game"] == over
    assert act(client, over, "give-up") == over


def test_a_game_is_given_up(client):
    game = act(client, ask_on(client, begin(client), 2), "give-up")
    assert (game["status"], game["used"]) == ("given-up", 2) and game["keyword"]


def test_a_hint_is_not_given_before_five_turns(client):
    game = ask_on(client, begin(client), 4)
    refused = act(client, game, "hints", 409, text="어디에 사나요?")
    GameConflict.model_validate(refused)
    assert refused["game"] == game and "1 more" in refused["cure"]
    assert act(client, ask_on(client, game, 1), "hints", text="어디에 사나요?")["used"] == 6


def test_a_version_that_is_old_is_a_conflict_with_the_game_as_it_is(client):
    game = begin(client)
    now = act(client, game, "questions", text="살아 있나요?", version=1)
    for what, body in (("questions", {"text": "큰가요?"}), ("guesses", {"text": "고래"})):
        refused = act(client, game, what, 409, **body, version=1)
        assert (refused["current"], refused["game"]) == (2, now)
        assert refused["type"] == "urn:gongbang:problem:conflict"
    assert client.get(f"{GAMES}/{game['id']}").json() == now


def test_the_reverse_game(client, store):
    game = begin(client, "reverse")
    ReverseGame.model_validate(game)
    keywords = read_keywords()
    while game["status"] == "playing":
        move = game["move"]
        said = ("yes" if move["id"] == "고래" else "no") if move["kind"] == "guess" else truth(move["id"])
        before = game["used"]
        game = act(client, game, "replies", said=said, version=game["version"])
        assert game["used"] == before + 1 == len(game["replies"])
    ReverseGame.model_validate(game)
    assert (game["status"], game["keyword"], game["move"]) == ("found", "고래", None)
    assert keywords.get(game["keyword"]) and client.get(f"{GAMES}/{game['id']}").json() == game
    assert act(client, game, "replies", 409, said="yes")["game"] == game
    assert act(client, game, "marks", 409, wrong=[])["type"].endswith(":not-now")


def truth(attribute):
    from gongbang.apps.twenty_questions import read_table

    table = read_table(read_keywords())
    value = table.values[table.keywords.index("고래"), table.attribute(attribute)]
    return {1: "yes", 0: "no", -1: "unknown"}[int(value)]


def test_the_actions_of_one_game_are_none_of_the_other(client):
    reverse, guess = begin(client, "reverse"), begin(client)
    for what in ("questions", "hints", "guesses"):
        assert act(client, reverse, what, 409, text="고래")["game"] == reverse
    assert act(client, guess, "replies", 409, said="yes")["game"] == guess
    assert act(client, reverse, "give-up")["status"] == "given-up"


def test_a_server_without_the_models_says_so_and_plays_the_reverse_game(opened):
    client = opened(playing("reader")[0])
    refused = client.post(GAMES, json={"kind": "guess"})
    assert refused.status_code == 503 and refused.headers["content-type"] == MEDIA_TYPE
    assert "boolq" in refused.json()["detail"] and "--model boolq-ko" in refused.json()["cure"]
    [told] = client.get(f"{GAMES}/sets").json()["sets"]
    assert (told["guess"], told["reverse"], told["count"]) == (False, True, 35)
    assert begin(client, "reverse")["move"]


def test_a_game_goes_on_at_another_server_and_waits_where_models_are_missing(opened):
    one, other, bare = opened(), opened(), opened(playing("reader")[0])
    game = ask_on(one, begin(one), 1)
    game = ask_on(other, game, 1)
    assert game["used"] == 2
    assert act(bare, game, "questions", 503, text="큰가요?")["type"].endswith(":no-model")
    assert act(bare, game, "guesses", text="아닌 것")["used"] == 3


@pytest.mark.parametrize("what", ["", "/questions", "/hints", "/guesses", "/replies", "/give-up", "/marks"])
def test_what_is_not_there(client, store, what, clock):
    def answered(id):
        body = {"said": "yes"} if what == "/replies" else {"text": "살아 있나요?"}
        body = {"wrong": []} if what == "/marks" else None if what in ("", "/give-up") else body
        return client.request("POST" if what else "GET", f"{GAMES}/{id}{what}", json=body)

    clock.pass_(-2 * 86_400 * 365 * 50)
    old = Games(store, now=clock).start("3" * 40, "guess", {}, keywords="keywords", language="ko")
    never, expired = answered("4" * 40), answered(old.id)
    assert never.status_code == expired.status_code == 404
    assert never.content == expired.content and never.headers["content-type"] == MEDIA_TYPE
    assert answered("4" * 39).status_code == answered("x" * 40).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "both"}, "kind"),
        ({"kind": "guess", "keywords": "없는 것"}, "keywords"),
        ({"kind": "guess", "category": "바다"}, "category"),
        ({"kind": "reverse", "category": "동물"}, "category"),
        ({"kind": "guess", "language": "fr"}, "language"),
        ({"kind": "guess", "seed": 1}, "seed"),
    ],
)
def test_a_game_that_cannot_begin(client, body, field):
    refused = client.post(GAMES, json=body)
    assert (refused.status_code, refused.json()["field"]) == (422, field), refused.text


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("questions", {"text": " "}, "text"),
        ("questions", {"text": "?!"}, "text"),
        ("questions", {"text": "가" * 201}, "text"),
        ("guesses", {"text": ""}, "text"),
        ("guesses", {"text": "고래", "version": 0}, "version"),
        ("hints", {}, "text"),
        ("marks", {"wrong": [{"turn": 21}]}, "wrong.0.turn"),
    ],
)
def test_what_is_refused_costs_no_turn(client, what, body, field):
    game = begin(client)
    if what == "hints":
        game = ask_on(client, game, 5)
    assert act(client, game, what, 422, **body)["field"] == field
    assert client.get(f"{GAMES}/{game['id']}").json() == game


def test_what_no_database_keeps_is_refused(client):
    game = begin(client)
    header = {"content-type": "application/json"}
    for what in ("questions", "guesses"):
        refused = client.post(
            f"{GAMES}/{game['id']}/{what}", content=b'{"text": "\\ud800 a"}', headers=header
        )
        assert refused.status_code == 422
        assert act(client, game, what, 422, text="a\x00b")["field"] == "text"
    assert client.get(f"{GAMES}/{game['id']}").json() == game


@pytest.mark.parametrize(
    "wrong",
    [[{"turn": 1, "correction": "maybe"}], [{"turn": 2, "correction": "no"}], [{"turn": 9}]],
    ids=["no answer", "a guess", "no turn"],
)
def test_marks_that_say_nothing(client, store, wrong):
    game = act(client, ask_on(client, begin(client), 1), "guesses", text="아닌 것")
    assert act(client, game, "marks", 409, wrong=wrong)["game"] == game
    over = act(client, game, "give-up")
    assert act(client, over, "marks", 422, wrong=wrong)["field"] == "wrong"
    assert Review(store).page().total == 0


def test_games_of_other_keywords_are_told_so(opened, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    own = "category: 탈것\nkeywords:\n  - name: 돛단배\n    document: 돛단배는 바람으로 간다.\n"
    (folder / "own.yaml").write_text(own, encoding="utf-8")
    one, other = opened(keywords=(str(folder),)), opened()
    [told] = one.get(f"{GAMES}/sets").json()["sets"]
    assert told == {"name": "own", "count": 1, "categories": ["탈것"], "guess": True, "reverse": False}
    assert one.post(GAMES, json={"kind": "reverse"}).json()["field"] == "keywords"
    game = begin(one)
    refused = other.get(f"{GAMES}/{game['id']}")
    assert refused.status_code == 409 and "game" not in refused.json()
    assert act(one, game, "guesses", text="돛 단 배입니다")["status"] == "won"
    (folder / "own.yaml").write_text(own.replace("바람", "바닷바람"), encoding="utf-8")
    assert opened(keywords=(str(folder),)).get(f"{GAMES}/{game['id']}").status_code == 409


def test_games_can_be_switched_off(opened):
    client = opened(games=False)
    assert client.get(f"{GAMES}/sets").status_code == 404
    assert not any(path.startswith(GAMES) for path in client.get("/openapi.json").json()["paths"])


def test_answers_are_kept_by_nobody_in_between(client):
    game = begin(client)
    answered = client.get(f"{GAMES}/{game['id']}")
    assert answered.headers["cache-control"] == "no-store" and answered.headers["etag"] == '"1"'


def test_the_document_shows_an_example_of_each_body(client):
    paths = client.get("/openapi.json").json()["paths"]
    mine = {path: methods for path, methods in paths.items() if path.startswith(GAMES)}
    assert len(mine) == 9
    names = finder([word for item in read_keywords().items for word in (item.name, *item.aliases)])
    assert not names(json.dumps(mine, ensure_ascii=False))
