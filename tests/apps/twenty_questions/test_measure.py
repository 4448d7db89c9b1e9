"""How often the game is right: the labelled questions, and what is made of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from gongbang.apps.twenty_questions import (
    Keyword,
    Told,
    TwentyQuestions,
    load_answerer,
    read_keywords,
    read_table,
)
from gongbang.apps.twenty_questions.measure import QUESTIONS, ask_all, evaluate_game, read_questions
from gongbang.apps.twenty_questions.opening import opened
from gongbang.artifacts.defaults import ENCODER
from gongbang.artifacts.store import known_artifacts
from gongbang.errors import DataError
from gongbang.runtime.encoder import load_encoder
from tests.apps.twenty_questions.scripted import Blabbing, Scripted

KEYWORDS = read_keywords()
FILE = Path(__file__).parents[3] / "samples" / "keywords" / QUESTIONS
ALL = read_questions(FILE, KEYWORDS)


class Always:
    """Says the same to everything, a little slowly."""

    name, hash = "always", "2" * 64

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def ask(self, id: str, question: str, keyword: Keyword) -> Told:
        return Told(self.answer, 0.5)


def test_the_questions_are_spread_over_all_keywords_and_balanced():
    assert len(ALL) >= 240 and len({one.text for one in ALL}) > 0.8 * len(ALL)
    each = Counter(one.keyword for one in ALL)
    assert set(each) == {item.name for item in KEYWORDS.items} and len(set(each.values())) == 1
    for part in ("choosing", "reporting"):
        answers = Counter(one.answer for one in ALL if one.part == part)
        assert answers["yes"] == answers["no"] > answers["no-answer"] >= 15
    assert all((one.answer == "no-answer") == (one.rests_on == "nothing") for one in ALL)
    asked = {attribute.question for attribute in read_table(KEYWORDS).attributes}
    assert len([one for one in ALL if one.text in asked]) <= 5  # in words of a player's own
    for one in ALL:
        forms = KEYWORDS.forms(KEYWORDS.get(one.keyword))
        assert not forms.found_in(one.text), one.id


def test_accuracy_is_what_was_right():
    engine = TwentyQuestions(KEYWORDS, Always("yes"), Blabbing())
    other = TwentyQuestions(KEYWORDS, Always("no-answer"), Blabbing())
    told = evaluate_game(engine, ALL, other).to_dict()
    reported = [one for one in ALL if one.part == "reporting"]
    share = sum(one.answer == "yes" for one in reported) / len(reported)
    silent = sum(one.answer == "no-answer" for one in reported) / len(reported)
    assert told["accuracy"] == pytest.approx(share) and told["n"] == len(reported)
    assert told["baselines"]["majority"]["accuracy"] == pytest.approx(share)
    assert told["baselines"]["before"]["accuracy"] == pytest.approx(silent)
    assert told["gain"]["value"] == pytest.approx(share - silent)
    assert told["confusion"]["no"]["yes"] == sum(one.answer == "no" for one in reported)
    low, high = told["intervals"]["accuracy"]
    assert low <= told["accuracy"] <= high
    assert told["by_table"] == 0 and told["accuracy_yes"] == 1.0
    assert sum(one["n"] for one in told["rests_on"].values()) == len(reported)


def test_each_question_is_the_first_of_a_game_of_its_own():
    answered = ask_all(TwentyQuestions(KEYWORDS, Scripted(), Blabbing()), ALL[:20])
    assert [one.turn.number for one in answered] == [1] * 20
    assert [one.turn.kind for one in answered] == ["question"] * 20


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"keyword": "유니콘"}, "none of those"),
        ({"answer": "maybe"}, "no-answer"),
        ({"part": "training"}, "choosing"),
        ({"rests_on": "luck"}, "sense"),
        ({"question": " "}, "blank"),
        ({"id": "고래-1"}, "twice"),
        ({"part": "reporting"}, "other part"),
    ],
)
def test_a_line_that_cannot_be_is_told_with_its_place(tmp_path: Path, change: dict[str, str], told: str):
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()[:2]]
    rows[1] |= change
    file = tmp_path / "q.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(DataError, match=told) as caught:
        read_questions(file, KEYWORDS)
    assert caught.value.line == 2


def test_nothing_to_report_is_an_error():
    with pytest.raises(DataError, match="no question reports"):
        evaluate_game(
            TwentyQuestions(KEYWORDS, Scripted(), Blabbing()), [one for one in ALL if one.part == "choosing"]
        )


@pytest.mark.skipif(
    not {"boolq-ko", ENCODER} <= set(known_artifacts()), reason="boolq-ko and encoder-ko are not here"
)
def test_the_bundled_models_know_that_nobody_eats_a_fireman():
    encoder = load_encoder(ENCODER)
    engine = opened(KEYWORDS, load_answerer(), Blabbing(), None, encoder)
    few = [one for one in ALL if one.keyword in ("소방관", "안경", "집배원", "장구")]
    answered = {one.question.id: one for one in ask_all(engine, few)}
    (eaten,) = [one for one in answered.values() if one.question.text == "먹을 수 있나요?"]
    assert eaten.question.keyword == "소방관"
    assert eaten.right and eaten.turn.attribute == "food"
    by_table = [one for one in answered.values() if one.turn.attribute]
    # Two questions of these four keywords have cosines of .79 to .81 by engine, and YES_FROM is between them.
    assert len(by_table) >= 5 and 5 * sum(one.right for one in by_table) >= 4 * len(by_table)
