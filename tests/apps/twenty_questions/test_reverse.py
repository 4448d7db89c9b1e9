"""The reverse game: asks what tells most, forgives, guesses in time, learns nothing silently."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gongbang.apps.twenty_questions import TURNS, Reverse, ReverseGame, read_keywords, read_table, simulate
from gongbang.apps.twenty_questions.commands import ReversePlay
from gongbang.apps.twenty_questions.table import Attribute, AttributeTable
from gongbang.errors import DataError, OptionError

KEYWORDS = read_keywords()
TABLE = read_table(KEYWORDS)
ENGINE = Reverse(TABLE)


def table(values: list[list[int]]) -> AttributeTable:
    rows = np.asarray(values, dtype=np.int8)
    names = tuple(f"낱말{at}" for at in range(len(rows)))
    return AttributeTable(names, tuple(Attribute(f"a{at}", f"{at}?") for at in range(rows.shape[1])), rows)


def test_the_question_that_halves_comes_first():
    """Of four keywords one question tells two from two, the others one from three or nothing."""
    rules = Reverse(table([[1, 1, 0], [1, 0, 0], [1, 0, 1], [1, 0, 1]]))
    game = rules.start()
    beliefs = rules.beliefs(game)
    assert beliefs == pytest.approx([0.25] * 4)
    gains = rules.gains(beliefs)
    assert gains.argmax() == 2 and gains[0] == pytest.approx(0.0, abs=1e-12) and gains[2] < 1.0
    assert rules.next(game).id == "a2"


def test_gain_is_the_drop_of_entropy_that_is_expected():
    """Counted the long way round: over each answer, the entropy of what would be believed after it."""
    beliefs = np.random.default_rng(3).dirichlet(np.ones(len(TABLE.keywords)))
    chances = ENGINE._chances()
    before = -(beliefs * np.log2(beliefs)).sum()
    after = np.zeros(len(TABLE.attributes))
    for said in range(3):
        joint = beliefs[:, None] * chances[:, :, said]
        share = joint.sum(axis=0)
        after -= (joint * np.log2(joint / share)).sum(axis=0)
    assert ENGINE.gains(beliefs) == pytest.approx(before - after)


def test_unknown_cells_and_dont_know_decide_nothing():
    rules = Reverse(table([[1, 1], [0, 1], [-1, 0]]))
    game = rules.reply(rules.start(), "unknown")
    beliefs = rules.beliefs(game)
    assert beliefs[0] == pytest.approx(beliefs[1]) and (beliefs > 0.05).all()


def test_one_wrong_answer_does_not_hide_the_truth():
    """Whichever of the first four answers is wrong, the keyword is found."""
    for keyword in TABLE.keywords:
        row = TABLE.values[TABLE.keywords.index(keyword)]
        for lie in range(4):
            game = ENGINE.start()
            while game.status == "playing":
                move = ENGINE.next(game)
                if move.kind == "guess":
                    game = ENGINE.reply(game, "yes" if move.id == keyword else "no")
                    continue
                value = int(row[TABLE.attribute(move.id)])
                said = {1: "yes", 0: "no", -1: "unknown"}[value]
                if game.used == lie and value >= 0:
                    said = "no" if value else "yes"
                game = ENGINE.reply(game, said)
                assert ENGINE.beliefs(game).min() > 0
            assert game.status == "found", (keyword, lie)


@pytest.mark.parametrize("keyword", ["도서관", "장구", "고래"])
def test_a_denied_guess_is_not_repeated_and_the_last_turn_guesses(keyword: str):
    """A player who answers truthfully and then denies every guess."""
    row = TABLE.values[TABLE.keywords.index(keyword)]
    game, guesses = ENGINE.start(seed=1), []
    while game.status == "playing":
        move = ENGINE.next(game)
        assert move == ENGINE.next(game)  # it follows from the state
        if move.kind == "guess":
            guesses.append(move.id)
            game = ENGINE.reply(game, "no")
        else:
            game = ENGINE.reply(game, ("no", "yes", "unknown")[int(row[TABLE.attribute(move.id)])])
    assert guesses[0] == keyword
    assert (game.status, game.used) == ("not-found", TURNS)
    assert game.replies[-1].kind == "guess" and len(set(guesses)) == len(guesses) > 1
    asked = [one.id for one in game.replies if one.kind == "question"]
    assert len(set(asked)) == len(asked)


def test_truthful_players_are_always_found_and_erring_ones_mostly():
    truthful = simulate(ENGINE, games=2, seed=4)
    assert truthful.share == 1.0 and truthful.turns < 10 and not truthful.missed
    erring = simulate(ENGINE, games=2, wrong=0.1, seed=4)
    assert erring.share >= 0.85 and erring.turns > truthful.turns
    assert erring.games == 2 * len(TABLE.keywords) == erring.found + sum(erring.missed.values())
    assert simulate(ENGINE, games=1, wrong=0.1, seed=9) == simulate(ENGINE, games=1, wrong=0.1, seed=9)
    for bad in ({"games": 0}, {"wrong": 1.5}):
        with pytest.raises(OptionError):
            simulate(ENGINE, **bad)


def test_a_seed_varies_the_questions_and_none_does_not():
    def first(seed: int | None) -> tuple[str, ...]:
        game = ENGINE.start(seed=seed)
        moves = []
        for _ in range(4):
            moves.append(ENGINE.next(game).id)
            game = ENGINE.reply(game, "no")
        return tuple(moves)

    assert first(None) == first(None) and first(3) == first(3)
    assert len({first(seed) for seed in range(12)}) > 3


def test_a_state_survives_json_and_what_is_none_is_refused():
    game = ENGINE.reply(ENGINE.reply(ENGINE.start(seed=2), "yes"), "unknown")
    saved = json.loads(json.dumps(game.to_dict()))
    assert ReverseGame.from_dict(saved) == game
    replies = saved["replies"]
    for wrong in (
        {},
        {**saved, "x": 1},
        {**saved, "status": "won"},
        {**saved, "seed": "1"},
        {**saved, "replies": [{**replies[0], "said": "maybe"}]},
        {**saved, "replies": 4},
    ):
        with pytest.raises(DataError, match="no saved reverse game"):
            ReverseGame.from_dict(wrong)
    for changed in ({**saved, "table": "0"}, {**saved, "replies": [{**replies[0], "id": "none"}]}):
        with pytest.raises(OptionError, match="cannot be played on"):
            ENGINE.next(ReverseGame.from_dict(changed))


def test_an_answer_that_is_none_changes_nothing():
    game = ENGINE.start()
    with pytest.raises(OptionError, match="no answer"):
        ENGINE.reply(game, "perhaps")
    tiny = Reverse(table([[1], [0]]), sure=0.5)
    assert tiny.next(tiny.start()).kind == "guess"
    with pytest.raises(OptionError, match="no answer"):
        tiny.reply(tiny.start(), "unknown")


def test_contradictions_are_handed_back_and_the_table_stays():
    before = TABLE.hash
    game = ENGINE.start()
    for _ in range(3):
        game = ENGINE.reply(game, "no")
    with pytest.raises(OptionError, match="after the end"):
        ENGINE.contradictions(game, "고래")
    game = ENGINE.give_up(game)
    found = ENGINE.contradictions(game, "고래")
    row = TABLE.values[TABLE.keywords.index("고래")]
    wrong = [one.id for one in game.replies if row[TABLE.attribute(one.id)] != 0]
    assert [one.attribute for one in found] == wrong and len(found) > 0
    assert found[0].to_dict()["said"] == "no" and found[0].table == "yes"
    with pytest.raises(OptionError, match="keyword"):
        ENGINE.contradictions(game, "유니콘")
    assert TABLE.hash == before and ENGINE.start().table == before


def test_what_it_was_is_understood_by_its_aliases_and_a_new_word_is_told_apart():
    play = ReversePlay(ENGINE, KEYWORDS)
    play.begin()
    with pytest.raises(OptionError):
        play.do({"do": "was", "text": "고래"})
    play.do({"do": "give-up"})
    assert play.do({"do": "was", "text": "Whale이에요"})["keyword"] == "고래"
    assert play.do({"do": "was", "text": "유니콘"})["known"] is False
