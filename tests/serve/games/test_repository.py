"""Games in the database: kept, changed by one of two, gone when their time is over; on every database."""

from __future__ import annotations

import doctest
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

import gongbang.serve.database.games as module
from gongbang.errors import StoreConflictError, StoreError, StoreMissingError
from gongbang.serve.database.tables import GameRow

ID, OTHER = "1" * 40, "2" * 40


def begun(games, id=ID, kind="guess", **state):
    return games.start(id, kind, {"secret": "고래", **state}, keywords="keywords", language="ko")


def test_example():
    result = doctest.testmod(module)
    assert result.attempted and not result.failed


def test_a_game_comes_back_as_it_was(games, clock):
    made = begun(games, turns=[{"text": 'ㄱ"\n'}])
    assert games.get(ID) == made
    assert (made.version, made.finished, made.marked) == (1, None, None)
    assert (made.expires - clock()).total_seconds() == 3600


def test_an_action_changes_state_version_and_time(games, clock):
    made = begun(games)
    clock.pass_(10)
    after = games.put(made, {"secret": "고래", "turns": [1]}, over=False)
    assert games.get(ID) == after and after.state["turns"] == [1]
    assert (after.version, after.changed, after.finished) == (2, clock(), None)
    assert after.created == made.created
    over = games.put(after, {"secret": "고래", "turns": [1, 2]}, over=True)
    assert over.finished == clock() and (over.expires - clock()).total_seconds() == 7200


def test_of_two_actions_on_one_state_one_gets_the_turn(games):
    made = begun(games)
    games.put(made, {"by": "first"}, over=False)
    with pytest.raises(StoreConflictError, match="gone on") as caught:
        games.put(made, {"by": "second"}, over=False)
    assert caught.value.current == 2 and games.get(ID).state == {"by": "first"}


def test_of_many_at_once_one_gets_the_turn(games):
    made = begun(games)
    begin = threading.Barrier(8)

    def put(number):
        begin.wait()
        try:
            return games.put(made, {"by": number}, over=False).state["by"]
        except StoreConflictError:
            return None

    with ThreadPoolExecutor(8) as pool:
        done = [one for one in pool.map(put, range(8)) if one is not None]
    kept = games.get(ID)
    assert len(done) == 1 and (kept.state, kept.version) == ({"by": done[0]}, 2)


def test_games_do_not_meet(games):
    one, other = begun(games), begun(games, OTHER, "reverse", mine=True)
    games.put(one, {"by": "one"}, over=True)
    assert games.get(OTHER) == other


def test_what_is_not_there_and_what_expired_are_told_alike(games, clock):
    made = begun(games)
    with pytest.raises(StoreMissingError) as never:
        games.get(OTHER)
    clock.pass_(3599)
    assert games.get(ID) == made
    clock.pass_(1)
    for act in (lambda: games.get(ID), lambda: games.put(made, {}, over=False)):
        with pytest.raises(StoreMissingError) as gone:
            act()
        assert gone.value.to_dict() == never.value.to_dict()


def test_a_game_that_is_played_lives_on_and_one_that_ended_longer(games, clock):
    made = begun(games)
    clock.pass_(3000)
    made = games.put(made, {}, over=False)
    clock.pass_(3000)
    made = games.put(made, {}, over=True)
    clock.pass_(7100)
    assert games.get(ID) == made


def test_a_new_game_deletes_what_is_over(games, store, clock):
    for number in range(5):
        begun(games, str(number) * 40)
    clock.pass_(3600)
    begun(games, "9" * 40)
    count = store.read(lambda session: session.scalar(select(func.count()).select_from(GameRow)))
    assert count == 1 and games.get("9" * 40).version == 1 and games.sweep() == 0


def test_marks_and_what_they_write_are_one(games):
    made, written = begun(games), []
    marked = games.mark(made, lambda session: written.append(session.get(GameRow, ID).version))
    assert marked.marked and written == [2] and games.get(ID) == marked
    with pytest.raises(StoreConflictError):
        games.mark(made, lambda session: written.append("again"))
    assert written == [2]

    def broken(session):
        raise RuntimeError("in between")

    with pytest.raises(RuntimeError):
        games.mark(marked, broken)
    assert games.get(ID) == marked


def test_an_unknown_kind_is_refused_without_a_word_of_the_game(games):
    with pytest.raises(StoreError) as caught:
        begun(games, kind="other")
    assert "고래" not in str(caught.value)
