"""Two actions on one game at once, models that are slow, and queues that are full."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gongbang.serve.database.games import Games
from gongbang.serve.models.batcher import Limits
from tests.serve.games.models import playing
from tests.serve.games.test_routes import GAMES, act, begin
from tests.serve.jobs.conftest import until


@pytest.fixture(scope="module")
def kind():
    return "sqlite"


@pytest.fixture
def pool():
    with ThreadPoolExecutor(64) as pool:
        yield pool


@pytest.fixture
def together(monkeypatch):
    """Makes actions that come by two read the game before either writes it."""
    read, both = Games.get, threading.Barrier(2)

    def get(self, id):
        game = read(self, id)
        if threading.current_thread() not in seen:
            seen.add(threading.current_thread())
            both.wait(60)
        return game

    seen: set[threading.Thread] = set()
    monkeypatch.setattr(Games, "get", get)


@pytest.fixture
def reads(monkeypatch):
    """The ids of games that were read."""
    read, ids = Games.get, []

    def get(self, id):
        game = read(self, id)
        ids.append(id)
        return game

    monkeypatch.setattr(Games, "get", get)
    return ids


def sent(client, pool, game, *calls):
    """The answers to calls that are under way together."""
    url = f"{GAMES}/{game['id']}"
    futures = [pool.submit(client.post, f"{url}/{what}", json={"text": text}) for what, text in calls]
    return [future.result(60) for future in futures]


def test_of_two_guesses_at_once_one_takes_the_turn(client, pool, secret_of, together):
    game = begin(client)
    name = secret_of_unwatched(secret_of, game)
    answers = sent(client, pool, game, ("guesses", name), ("guesses", f"{name}입니다"))
    won, late = sorted(answers, key=lambda one: one.status_code)
    assert (won.status_code, late.status_code) == (200, 409)
    assert won.json()["status"] == "won" and won.json()["used"] == 1
    assert late.json()["type"].endswith(":conflict") and late.json()["game"] == won.json()


def secret_of_unwatched(secret_of, game):
    """The keyword, read in a thread of its own while another one reads too: the barrier is for two."""
    with ThreadPoolExecutor(2) as two:
        pair = [two.submit(secret_of, game["id"]) for _ in range(2)]
        return pair[0].result().name


def test_of_questions_that_the_model_still_answers_none_takes_a_turn_that_was_taken(opened, pool, reads):
    room, models = playing()
    client, boolq = opened(room), models["boolq"]
    game = begin(client)
    boolq.held = True
    boolq.go.clear()
    url = f"{GAMES}/{game['id']}/questions"
    first = pool.submit(client.post, url, json={"text": "살아 있나요?"})
    assert boolq.reached.acquire(timeout=60)
    second = pool.submit(client.post, url, json={"text": "움직이나요?"})
    until(lambda: client.app.state.games.playing.statistics().borrowed_tokens == 2)
    until(lambda: len(reads) == 2)  # both have read the game
    assert act(client, game, "guesses", text="아닌 것")["used"] == 1  # and a guess is faster than either
    boolq.go.set()
    answers = [first.result(60), second.result(60)]
    assert [one.status_code for one in answers] == [409, 409]
    assert all(one.json()["game"]["used"] == 1 and one.json()["current"] == 2 for one in answers)
    boolq.held = False
    assert act(client, game, "questions", text="살아 있나요?")["used"] == 2


def test_a_game_is_given_up_whatever_is_played_meanwhile(client, pool, together, secret_of):
    game = begin(client)
    url = f"{GAMES}/{game['id']}"
    futures = [
        pool.submit(client.post, f"{url}/give-up"),
        pool.submit(client.post, f"{url}/guesses", json={"text": "아닌 것"}),
    ]
    given, guessed = (future.result(60) for future in futures)
    assert given.status_code == 200 and guessed.status_code in (200, 409)
    assert given.json()["status"] == "given-up"
    assert given.json()["used"] == (1 if guessed.status_code == 200 else 0)


def test_marks_that_come_twice_at_once_are_kept_once(client, pool, store, together):
    from gongbang.serve.database.review import Review

    game = begin(client)
    for what, body in (("questions", {"text": "큰가요?"}), ("give-up", None)):
        pair = [pool.submit(client.post, f"{GAMES}/{game['id']}/{what}", json=body)]
        pair.append(pool.submit(client.get, f"{GAMES}/{game['id']}"))  # the barrier is for two
        assert all(one.result(60).status_code == 200 for one in pair)
    bodies = [{"wrong": []}, {"wrong": [{"turn": 1}]}]
    futures = [pool.submit(client.post, f"{GAMES}/{game['id']}/marks", json=body) for body in bodies]
    assert sorted(one.result(60).status_code for one in futures) == [201, 409]
    assert Review(store).page().total == 1


def test_a_full_queue_is_told_and_costs_no_turn(opened, pool):
    room, models = playing(limits=Limits(queue=1))
    client, boolq = opened(room), models["boolq"]
    several = [begin(client) for _ in range(16)]
    boolq.held = True
    boolq.go.clear()
    futures = [
        pool.submit(client.post, f"{GAMES}/{game['id']}/questions", json={"text": "큰가요?"})
        for game in several
    ]
    until(lambda: any(future.done() for future in futures))
    boolq.go.set()
    answers = [future.result(60) for future in futures]
    assert {one.status_code for one in answers} == {200, 429}
    for game, answer in zip(several, answers, strict=True):
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
            assert client.get(f"{GAMES}/{game['id']}").json() == game
        else:
            assert answer.json()["used"] == 1


def test_a_model_that_is_late_costs_no_turn(opened):
    room, models = playing(limits=Limits(deadline_s=0.2))
    client, boolq = opened(room), models["boolq"]
    game = begin(client)
    boolq.held = True
    boolq.go.clear()
    refused = act(client, game, "questions", 503, text="큰가요?")
    boolq.go.set()
    assert refused["type"].endswith(":late")
    assert client.get(f"{GAMES}/{game['id']}").json() == game


def test_while_many_questions_wait_everything_else_is_answered(opened, pool):
    room, models = playing(limits=Limits(queue=64))
    client, boolq = opened(room), models["boolq"]
    several = [begin(client) for _ in range(60)]
    boolq.held = True
    boolq.go.clear()
    futures = [
        pool.submit(client.post, f"{GAMES}/{game['id']}/questions", json={"text": "큰가요?"})
        for game in several
    ]
    until(lambda: client.app.state.games.playing.statistics().borrowed_tokens == 32)  # as many as may
    assert client.get("/health").status_code == 200
    other = begin(client)
    assert act(client, other, "guesses", text="아닌 것")["used"] == 1
    assert client.get(f"{GAMES}/{other['id']}").json()["used"] == 1
    boolq.go.set()
    assert [future.result(60).json()["used"] for future in futures] == [1] * 60
