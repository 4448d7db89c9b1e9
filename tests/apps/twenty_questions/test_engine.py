"""The rules: what costs a turn, what is refused, what is seen before the end and after it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.apps.twenty_questions import (
    HINTS_FROM,
    TURNS,
    Forms,
    Game,
    Keyword,
    Keywords,
    Play,
    Told,
    TwentyQuestions,
    feedback_of,
    read_keywords,
)
from gongbang.apps.twenty_questions.asking import Answerer, about
from gongbang.apps.twenty_questions.messages import SPOKEN
from gongbang.errors import DataError, OptionError
from tests.apps.twenty_questions.scripted import Scripted, engine, small_keywords

ALL = read_keywords()


def begun(rules: TwentyQuestions, keyword: str = "고래") -> Game:
    return replace(rules.start(), keyword=keyword)


def after(rules: TwentyQuestions, turns: int, keyword: str = "고래") -> Game:
    game = begun(rules, keyword)
    for number in range(turns):
        game = rules.ask(game, f"{number}번째로 큰가요?")
    return game


def test_a_question_is_answered_from_the_document_with_the_keyword_put_in():
    rules = engine()
    game = rules.ask(begun(rules), "그것은 바다에  사나요?")
    assert isinstance(rules.answerer, Scripted)
    assert rules.answerer.asked == [(f"{game.id}-1", "고래는 바다에 사나요?")]
    turn = game.turns[0]
    assert (turn.kind, turn.text, turn.artifact) == ("question", "그것은 바다에 사나요?", "scripted")
    assert small_keywords().get("고래").document[turn.start : turn.end] == turn.evidence


def test_every_kind_of_turn_costs_one_and_the_twentieth_ends_the_game():
    rules = engine()
    game = after(rules, 5)
    for number in range(5, TURNS):
        assert not game.over and game.left == TURNS - number
        act = (rules.ask, rules.hint, rules.guess)[number % 3]
        game = act(game, "무엇을 먹나요?")
    assert (game.status, game.used, game.left) == ("lost", TURNS, 0)
    for act in (rules.ask, rules.hint, rules.guess):
        with pytest.raises(OptionError, match="over"):
            act(game, "고래")
    assert rules.give_up(game) is game


def test_the_right_guess_wins_on_any_turn():
    rules = engine()
    for used in (0, 7, TURNS - 1):
        game = rules.guess(after(rules, used), "정답은 고 래입니다")
        assert (game.status, game.used) == ("won", used + 1)


def test_a_question_that_only_names_a_keyword_is_a_guess():
    rules = engine()
    assert rules.ask(begun(rules), "혹시 Whale인가요?").status == "won"
    other = rules.ask(begun(rules), "등대인가요?")
    assert (other.turns[0].kind, other.turns[0].answer, other.status) == ("guess", "wrong", "playing")
    assert rules.ask(begun(rules), "고래보다 큰가요?").turns[0].kind == "question"


@pytest.mark.parametrize("text", ["", "  ", "?!", "가" * 201, "\ud83d"])
def test_what_cannot_be_played_costs_nothing_and_is_not_repeated(text: str):
    rules = engine()
    game = after(rules, HINTS_FROM)
    for act in (rules.ask, rules.hint, rules.guess):
        with pytest.raises(OptionError) as caught:
            act(game, text)
        assert not text.strip() or text not in str(caught.value)
    assert game.used == HINTS_FROM


def test_a_hint_opens_after_five_turns_of_any_kind():
    rules = engine()
    game = begun(rules)
    for number in range(HINTS_FROM):
        with pytest.raises(OptionError, match="not open"):
            rules.hint(game, "어디에 사나요?")
        game = rules.guess(game, "소라") if number % 2 else rules.ask(game, "큰가요?")
    game = rules.hint(game, "어디에 사나요?")
    assert game.turns[-1].answer == "[정답]의 새끼" and game.used == HINTS_FROM + 1


def test_a_hint_that_reads_like_a_verdict_is_still_a_hint():
    rules = engine(template="right")
    game = rules.hint(after(rules, HINTS_FROM), "무엇인가요?")
    assert game.status == "playing" and rules.view(game)["turns"][-1]["said"] == "right"


def test_a_reader_that_finds_nothing_says_so():
    rules = engine(template="")
    seen = rules.view(rules.hint(after(rules, HINTS_FROM), "무엇인가요?"))["turns"][-1]
    assert seen["answer"] == "" and "알려 드릴 것이 없어요" in seen["said"]


def test_before_the_end_nothing_but_answers_is_seen_and_after_it_everything():
    rules = engine()
    game = rules.hint(after(rules, HINTS_FROM), '쉼표, "따옴표"와 고래는?')
    view = rules.view(game)
    assert set(view["turns"][0]) == {"number", "kind", "answer", "said"}
    assert "keyword" not in view and "document" not in view
    shown = rules.view(rules.give_up(game))
    assert shown["keyword"] == "고래" and shown["aliases"] == ["whale", "고래류"]
    last = shown["turns"][-1]
    assert last["text"] == '쉼표, "따옴표"와 고래는?' and last["read"].endswith("의 새끼")
    assert all(t["evidence"]["text"] == shown["document"][:40] for t in shown["turns"])


def test_what_is_seen_is_what_keywords_are_checked_against():
    rules = engine()
    keys: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            keys.update(value)
            for held in value.values():
                collect(held)
        elif isinstance(value, list):
            for held in value:
                collect(held)

    play = Play(rules, seed=1)
    collect(play.begin())
    for number in range(HINTS_FROM):
        collect(play.do({"do": "ask", "text": f"{number}보다 큰가요?"}))
    collect(play.do({"do": "hint", "text": "어디에 있나요?"}))
    assert keys <= set(SPOKEN)


def test_a_state_survives_json_and_a_changed_one_is_refused():
    rules = engine()
    game = rules.guess(rules.hint(after(rules, HINTS_FROM), "무엇을\n먹나요?"), "등대")
    saved = json.loads(json.dumps(game.to_dict()))
    assert Game.from_dict(saved) == game
    assert Game.from_dict(rules.give_up(game).to_dict()).status == "given-up"
    broken: list[dict[str, Any]] = [
        {},
        {**saved, "status": "won"},
        {**saved, "more": 1},
        {**saved, "keyword": None},
        {**saved, "turns": saved["turns"][1:]},
        {**saved, "turns": [{**saved["turns"][0], "kind": "peek"}]},
        {**saved, "turns": [{**saved["turns"][0], "confidence": "high"}]},
        {**saved, "turns": 3},
    ]
    for wrong in broken:
        with pytest.raises(DataError) as caught:
            Game.from_dict(wrong)
        assert "고래" not in str(caught.value)


def test_a_game_of_other_keywords_is_refused():
    rules = engine()
    game = replace(begun(rules), keywords="0" * 64)
    for act in (lambda: rules.ask(game, "큰가요?"), lambda: rules.view(game)):
        with pytest.raises(OptionError, match="other keywords"):
            act()


def test_the_choice_is_repeatable_by_a_seed_and_the_id_never_is():
    rules = engine(ALL)
    one, two = rules.start(seed=5), rules.start(seed=5)
    assert one.keyword == two.keyword and one.id != two.id
    assert {rules.start(seed=n).keyword for n in range(400)} == {item.name for item in ALL.items}
    assert {rules.start(category="악기").keyword for _ in range(200)} <= {k.name for k in ALL.of("악기")}
    with pytest.raises(OptionError, match="category"):
        rules.start(category="악귀")


def test_an_id_holds_no_keyword_even_one_of_figures():
    figures = Keywords(tuple(Keyword(f"{n}7", "수", "어떤 수이다.") for n in range(10, 60)))
    rules = engine(figures)
    for _ in range(50):
        assert not figures.names_any(rules.start().id)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("살아 있나요?", "고래는 살아 있나요?"),
        ("이건 큰가요?", "고래는 큰가요?"),
        ("그게 바다에 있나요", "고래가 바다에 있나요"),
        ("사람이 그것을 먹나요?", "사람이 고래를 먹나요?"),
        ("정답은 동물인가요?", "고래는 동물인가요?"),
        ("고래는 동물인가요?", "고래는 동물인가요?"),
        ("그것도 헤엄치나요?", "고래도 헤엄치나요?"),
        ("해답을 아나요?", "고래는 해답을 아나요?"),
    ],
)
def test_it_becomes_the_keyword(text: str, asked: str):
    assert about(text, "고래") == asked


def test_marks_come_back_as_records_with_their_origin():
    rules = engine()
    game = rules.ask(begun(rules), '쉼표, "따옴표",\t그것은 큰가요?')
    game = rules.guess(game, "등대")
    for _ in range(4):
        game = rules.ask(game, "그것은 작은가요?")
    game = rules.give_up(rules.hint(game, "무엇을 먹이나요?"))
    first = game.turns[0]
    right = "no" if first.answer != "no" else "yes"
    marked = feedback_of(game, rules.keywords, {1: right, 3: "", 7: "젖"})
    assert [one.turn for one in marked] == [1, 3, 4, 5, 6, 7]  # the guess was judged by a rule
    assert [one.mark for one in marked] == ["wrong", "wrong", "right", "right", "right", "wrong"]
    row = json.loads(json.dumps(marked[0].to_dict(), ensure_ascii=False))
    assert row["question"] == '쉼표, "따옴표", 그것은 큰가요?' and row["game"] == game.id
    assert (row["artifact"], row["artifact_hash"], row["keyword"]) == ("scripted", "0" * 64, "고래")
    records = [one.to_record() for one in marked]
    assert records[0] is not None and records[0].labels["label"] == right
    assert records[0].fields["question"] == '쉼표, "따옴표", 고래는 큰가요?'
    assert records[1] is None  # wrong, and nobody said what is right
    assert records[2] is not None and records[2].labels["label"] == game.turns[3].answer
    assert records[5] is not None and records[5].answers[0].text == "젖"
    assert marked[5].answer in {f"{name}의 새끼" for name in ("고래", "whale", "고래류")}  # without the mask


@pytest.mark.parametrize("wrong", [{2: ""}, {9: ""}, {1: "maybe"}, {6: "가" * 201}])
def test_marks_that_fit_nothing_are_refused(wrong: dict[int, str]):
    rules = engine()
    game = rules.guess(after(rules, 1), "등대")
    for _ in range(3):
        game = rules.ask(game, "큰가요?")
    game = rules.give_up(rules.hint(game, "무엇인가요?"))
    with pytest.raises(OptionError):
        feedback_of(game, rules.keywords, wrong)


def test_marks_before_the_end_are_refused():
    rules = engine()
    with pytest.raises(OptionError, match="after the end") as caught:
        feedback_of(after(rules, 3), rules.keywords, {})
    assert "고래" not in str(caught.value)


def test_the_same_answer_corrects_nothing():
    rules = engine()
    game = rules.give_up(after(rules, 1))
    with pytest.raises(OptionError, match="corrects nothing"):
        feedback_of(game, rules.keywords, {1: game.turns[0].answer})


def test_an_artifact_of_boolq_answers_with_its_supporting_sentence():
    """The task itself decodes; only the model's numbers are given."""
    import numpy as np
    from tokenizers import Tokenizer

    from gongbang.artifacts.format import open_artifact
    from gongbang.errors import ArtifactError
    from gongbang.tasks.boolq import BoolqTask

    try:
        artifact = open_artifact("reader-ko")
    except ArtifactError:
        pytest.skip("reader-ko, whose tokenizer is used here, is not bundled")
    task = BoolqTask(Tokenizer.from_file(str(artifact.file("tokenizer.json"))))

    def predict(records: Any) -> Any:
        features = task.prepare(records)
        logits = np.tile([3.0, -1.0, 0.0], (len(features), 1))
        return task.decode({"logits": logits}, features)

    keywords = small_keywords()
    answerer = Answerer(SimpleNamespace(predict=predict, artifact=artifact))  # type: ignore[arg-type]
    rules = TwentyQuestions(keywords, answerer, Scripted())
    game = rules.ask(begun(rules), "젖을 먹이나요?")
    turn = game.turns[0]
    assert (turn.answer, turn.evidence) == ("yes", "고래는 젖을 먹인다.")
    assert keywords.get("고래").document[turn.start : turn.end] == turn.evidence
    assert turn.artifact == "reader-ko" and turn.artifact_hash == artifact.id


def test_the_bundled_reader_gives_a_hint():
    from gongbang.apps.twenty_questions import load_reader
    from gongbang.errors import ArtifactError

    try:
        reader = load_reader()
    except ArtifactError as err:
        pytest.skip(f"not bundled here: {err.value}")
    rules = TwentyQuestions(ALL, Scripted(), reader)
    game = rules.hint(after(rules, HINTS_FROM, "초콜릿"), "원산지는 어디인가요?")
    turn = game.turns[-1]
    assert "중남아메리카" in turn.answer and turn.artifact == "reader-ko" and len(turn.artifact_hash) > 8
    assert turn.evidence and ALL.get("초콜릿").document[turn.start : turn.end] == turn.evidence


class Echo:
    """A model that says whatever was put into it."""

    name, hash = "echo", "2" * 64

    def __init__(self, text: str) -> None:
        self.text = text

    def ask(self, id: str, question: str, keyword: Keyword) -> Told:
        return Told(self.text, 0.5, keyword.document, 0, len(keyword.document))


KEYWORD = ALL.get("치과의사")
PIECES = st.sampled_from(
    [
        KEYWORD.name,
        *KEYWORD.aliases,
        "치 과 의 사",
        "ㅊㅣㄱㅘㅇㅢㅅㅏ",
        "醫師",
        "치과",
        "의사",
        "는",
        "를",
        " ",
        "-",
        "이를 고친다",
    ]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(PIECES, min_size=1, max_size=8).map("".join), st.text(max_size=30))
def test_whatever_a_reader_says_and_a_player_types_names_nothing(said: str, typed: str):
    rules = TwentyQuestions(ALL, Scripted(), Echo(said))
    game = after(rules, HINTS_FROM, KEYWORD.name)
    forms = Forms.of(KEYWORD.name, *KEYWORD.aliases)
    for text in (typed, KEYWORD.name + "보다 " + typed):
        for act in (rules.ask, rules.hint):
            try:
                game = act(game, text)
            except OptionError as err:
                assert not forms.found_in(str(err))
        if not game.over:
            assert not forms.found_in(json.dumps(rules.view(game), ensure_ascii=False))


def test_a_thousand_games_count_their_turns_and_keep_their_secrets():
    rules = engine(ALL)
    player = random.Random(20)
    games = [(rules.start(seed=number), random.Random(number)) for number in range(1000)]
    used = dict.fromkeys(range(1000), 0)
    seen: dict[int, list[Any]] = {number: [] for number in range(1000)}
    open_games = list(range(1000))
    texts = ["살아 있나요?", "그것은 사람보다 큰가요?", "먹을 수 있나요?", "바다에 있나요?", "어디에 쓰나요?"]
    while open_games:  # all are played side by side, one turn of any of them at a time
        number = player.choice(open_games)
        game, chance = games[number]
        keyword = ALL.get(game.keyword)
        roll = chance.random()
        if roll < 0.04:
            game = rules.guess(game, f"정답은 {chance.choice([keyword.name, *keyword.aliases])}!")
        elif roll < 0.3:
            others = [item.name for item in ALL.items if item is not keyword]
            game = rules.guess(game, chance.choice(others))
        elif roll < 0.5 and game.hint_open:
            game = rules.hint(game, chance.choice([*texts, f"{keyword.name}는 무엇인가요?"]))
        else:
            game = rules.ask(game, chance.choice([*texts, f"{keyword.name}보다 큰가요?"]))
        used[number] += 1
        games[number] = (game, chance)
        assert game.used == used[number] <= TURNS
        assert game.over == (game.turns[-1].answer == "right" or game.used == TURNS)
        if game.over:
            open_games.remove(number)
            assert rules.view(game)["keyword"] == keyword.name
        else:  # every byte that leaves; what was sent of earlier turns is sent again and was looked at then
            view = rules.view(game)
            assert view["turns"][:-1] == seen[number]
            seen[number] = view["turns"]
            sent = json.dumps({**view, "turns": view["turns"][-1:]}, ensure_ascii=False)
            assert not ALL.forms(keyword).found_in(sent)
    assert {games[number][0].status for number in range(1000)} == {"won", "lost"}
    assert len({game.id for game, _ in games}) == 1000
