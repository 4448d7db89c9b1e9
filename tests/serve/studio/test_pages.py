"""What the pages do, without a browser: against a real server with stand-in models."""

from __future__ import annotations

from html import escape

import pytest

from gongbang.errors import ArtifactError, DataError, GongbangError, OptionError
from gongbang.serve.games.schemas import GuessGame
from gongbang.serve.schemas_models import ModelInfo
from gongbang.serve.studio.client import ApiError, Client
from gongbang.serve.studio.page import Page, attempt
from gongbang.serve.studio.pages import ask, chat, classify, compare, play, review
from gongbang.serve.studio.pages.play_text import mark_choices, scene, turn_line
from gongbang.serve.studio.pages.review_text import item_html, line
from gongbang.serve.studio.words import Words

QUESTION = "두루미골의 면적은 얼마인가?"


def last_feedback(client: Client):
    return client.review(limit=1000).items[-1]


# -- ask ---------------------------------------------------------------------------------------------


def test_an_answer_is_marked_in_its_passage(client, words):
    answer = client.ask(QUESTION, 5)
    html = ask.answered(answer, words)
    assert "<mark>14제곱킬로미터</mark>" in html and "두루미골" in html
    passage = ask.passage_of(answer)
    assert passage is not None and answer.text in passage.text


def test_no_answer_is_said_with_the_nearest_passage(client, words):
    answer = client.ask("고래의 수명은 몇 년인가?", 5)
    assert not answer.answered
    html = ask.answered(answer, words)
    assert words("ask.nothing") in html and "<mark>" not in html


def test_a_long_passage_is_shown_around_the_answer_and_whole_on_demand(client, words):
    answer = client.ask(QUESTION, 5)
    passage = ask.passage_of(answer)
    before, behind = "가" * 400, "나" * 400
    moved = {name: getattr(answer, name) + 400 for name in ("start", "end", "evidence_start", "evidence_end")}
    long = passage.model_copy(update={"text": before + passage.text + behind})
    html = ask.answered(answer.model_copy(update={**moved, "passages": [long]}), words)
    shown = html[html.index("ask-passage") : html.index("<details>")]
    assert "<mark>14제곱킬로미터</mark>" in shown and shown.count("…") == 2 and len(shown) < 600
    assert html.count("<mark>14제곱킬로미터</mark>") == 2 and words("ask.whole") in html


def test_a_passage_that_does_not_hold_the_answer_is_not_marked(client):
    answer = client.ask(QUESTION, 5)
    assert ask.passage_of(answer.model_copy(update={"start": answer.start + 1})) is None


@pytest.mark.parametrize(
    ("good", "correction", "kept"),
    [(True, None, None), (False, None, None), (False, "", ""), (False, " 312명 ", "312명")],
)
def test_what_is_thought_of_an_answer_waits_for_a_reviewer(client, good, correction, kept):
    answer = client.ask(QUESTION, 5)
    ask.judge(client, answer.model_dump(mode="json"), good, correction, Words("ko"))
    item = last_feedback(client)
    assert (item.origin, item.task, item.client) == ("ask", "reader", "studio")
    assert (item.verdict, item.correction) == ("good" if good else "bad", kept)
    assert item.answer in item.texts["context"] and item.texts["question"] == QUESTION
    reader = next(model for model in client.models() if model.task == "reader")
    assert (item.artifact, item.artifact_id) == (reader.artifact, reader.id)


def test_a_correction_of_blanks_is_refused(client):
    answer = client.ask(QUESTION, 5)
    with pytest.raises(DataError):
        ask.judge(client, answer.model_dump(mode="json"), False, "  ", Words("en"))


# -- chat --------------------------------------------------------------------------------------------


def test_a_conversation_goes_on_and_every_reply_can_be_judged(client, words):
    talk, reply = chat.said_to(client, chat.new_talk(), "몇 시에 열어요?", True)
    assert (reply.kind, reply.text) == ("answer", "공방은 아침 열 시에 열어요.")
    assert "공방은 아침 열 시에 열어요." in chat.explained(reply, words)
    talk, second = chat.said_to(client, talk, "주차 예약?", False)
    assert second.kind == "clarify" and len(second.questions) == 2
    assert chat.explained(second, words) == ""
    assert [one["role"] for one in chat.messages(talk)] == ["user", "assistant"] * 2
    evil = {"id": None, "turns": [{"said": "<img src=x>", "reply": "'a' & b", "turn_id": 1}]}
    assert [one["content"] for one in chat.messages(evil)] == ["&lt;img src=x&gt;", "'a' &amp; b"]
    assert talk["id"] == reply.conversation_id == second.conversation_id
    client.judge_turn(talk["turns"][0]["turn_id"], False, "열한 시에 열어요.", "studio")
    item = last_feedback(client)
    assert (item.origin, item.answer, item.correction) == ("chat", reply.text, "열한 시에 열어요.")


def test_a_message_that_is_refused_leaves_the_conversation(client):
    talk, _ = chat.said_to(client, chat.new_talk(), "안녕", False)
    with pytest.raises(ApiError):
        chat.said_to(client, talk, "가" * 3000, False)
    assert len(talk["turns"]) == 1


# -- play --------------------------------------------------------------------------------------------


def test_a_game_from_its_beginning_to_its_marks(client, words):
    game = client.begin_game("guess", None, words.language)
    kept = play.after(None, game)
    for number in range(5):
        said = f"그것은 {number}번인가요?"
        kept = play.after(kept, client.play(game.id, "questions", said, kept["game"]["version"]), said)
    kept = play.after(
        kept, client.play(game.id, "hints", "어디에 사나요?", kept["game"]["version"]), "어디에 사나요?"
    )
    html = scene(play.game_of(kept["game"]), kept["typed"], words)
    assert "그것은 0번인가요?" in html and words("play.hints-open") in html
    over = client.give_up(game.id)
    assert isinstance(over, GuessGame)
    kept = play.after(kept, over)
    html = scene(over, kept["typed"], words)
    assert escape(words("play.was", keyword=over.keyword)) in html and words("play.rests") in html
    assert len(play.to_mark(over)) == 6 and turn_line(over.turns[0], words).startswith("1. 그것은 0번인가요?")
    values = [value for _, value in mark_choices(over.turns[0], words)]
    assert values[:2] == ["right", "wrong"] and over.turns[0].answer not in values[2:]
    told = client.mark(over.id, play.wrong_of(kept["game"], [values[2], "right", "wrong"]))
    assert (told.right, told.wrong) == (4, 2)
    with pytest.raises(ApiError) as err:
        client.mark(over.id, {})
    assert err.value.kind == "not-now"


def test_the_scene_of_a_game_in_play_holds_no_secret(client, words):
    game = client.begin_game("guess", None, "ko")
    played = client.play(game.id, "questions", "살아 있나요?", game.version)
    shown = scene(played, {"1": "살아 있나요?"}, words)
    over = client.give_up(game.id)
    assert over.keyword and over.keyword not in shown and over.document[:20] not in shown


def test_a_reverse_game_shows_what_the_machine_asked(client, words):
    game = client.begin_game("reverse", None, words.language)
    kept = play.after(None, game)
    first = kept["game"]["move"]["text"]
    for _ in range(25):
        now = kept["game"]
        if now["status"] != "playing":
            break
        kept = play.after(kept, client.reply(game.id, "no", now["version"]))
    html = scene(play.game_of(kept["game"]), kept["typed"], words)
    assert first in html and kept["game"]["status"] == "not-found"
    assert words("play.not-found") in html
    assert play.to_mark(play.game_of(kept["game"])) == []


def test_categories_are_offered_and_a_game_that_cannot_be_played_is_told(client, words):
    sets = client.game_sets()
    choices, closed = play.opening(sets, words)
    assert choices[0][1] == "" and ("동물", "동물") in choices and closed == ""
    lacking = [sets[0].model_copy(update={"guess": False})]
    assert words("play.guess") in play.opening(lacking, words)[1]


# -- classify ----------------------------------------------------------------------------------------


def test_a_label_has_a_bar_and_can_be_corrected(client, words):
    record = {"text": "선생님이 하나하나 가르쳐 주셔서 정말 즐거웠어요."}
    prediction, answer = client.predict("sentiment-ko", record)
    html = classify.labelled(prediction, words, several=False)
    assert prediction.text == "positive" and html.count("class='fill'") == 2
    given = {"record": record, "label": prediction.text, "artifact": answer.artifact, "id": answer.id}
    client.judge_answer(classify.judged_of(given, False, "negative"))
    item = last_feedback(client)
    assert (item.origin, item.task, item.correction) == ("predict", "classify", "negative")
    assert item.artifact == "sentiment-ko" and item.texts == record


def test_emotions_bring_stickers_with_their_reasons(client, page):
    prediction, _ = client.predict("emotions-ko", {"text": "정말 즐거웠어요."})
    assert classify.chosen_of(prediction, several=True) == prediction.details["labels"]
    html = classify.recommended(prediction, page.stickers, page.words)
    assert html.count("class='box'") == 3 and "<img" not in html


def test_a_model_that_compares_asks_for_two_texts(client):
    one = next(model for model in client.models() if model.task == "classify")
    two = ModelInfo.model_validate({**one.model_dump(), "name": "pairs", "fields": ["text", "pair"]})
    assert classify.takes_pair([one, two], "pairs") and not classify.takes_pair([one, two], one.name)


# -- compare -----------------------------------------------------------------------------------------


def test_two_runs_are_compared_with_intervals(runs, words):
    names = compare.run_names(runs)
    assert [name.split("-")[2] for name in names] == ["plain", "longer"]
    a, b = (compare.open_run(runs, name, words) for name in names)
    html = compare.compared(compare.compare_runs(a, b), a, b, words)
    assert "60.00 (48.00 – 71.00)" in html and "+20.00" in html
    assert words("compare.differs") in html and "loop.epochs" in html
    assert words("compare.fixed", fixed=10, broken=0, still=10) in html


@pytest.mark.parametrize("name", ["../runs", "nothing", None, "."])
def test_only_runs_of_the_folder_are_opened(runs, words, name):
    with pytest.raises(ArtifactError):
        compare.open_run(runs, name, words)


# -- review ------------------------------------------------------------------------------------------


def test_a_decision_is_about_the_version_that_was_seen(page):
    client = page.client
    ask.judge(client, client.ask(QUESTION, 5).model_dump(mode="json"), True, None, page.words)
    item = last_feedback(client)
    assert page.words("review.from-ask") in line(item, page.words)
    assert "<mark>14제곱킬로미터</mark>" in item_html(item, page.words)
    seen = item.model_dump(mode="json")
    accept = {"action": "accept", "text": None, "note": "문서에 있음"}
    done = review.decide(page, seen, "민", accept)
    assert done.state == "accepted" and "문서에 있음" in item_html(done, page.words)
    with pytest.raises(ApiError) as err:
        review.decide(page, seen, "솔", {"action": "reject", "text": None, "note": ""})
    assert err.value.kind == "conflict" and client.review_item(item.id).state == "accepted"


def test_a_decision_needs_a_reviewer(page):
    with pytest.raises(OptionError) as err:
        review.decide(page, {"id": 1, "version": 1}, "  ", {"action": "accept"})
    assert err.value.what == page.words("review.nobody")


# -- errors ------------------------------------------------------------------------------------------


def test_an_error_is_shown_and_a_fault_tells_nothing(words: Words, caplog):
    def fail(err: Exception):
        def work():
            raise err

        return work

    shown = attempt(
        fail(GongbangError("k is too small.", value=0, allowed="1", cure="Pass 5.")), "told", words
    )
    assert set(shown) == {"told"} and "k is too small." in shown["told"]
    shown = attempt(fail(ZeroDivisionError("secret detail")), "told", words)
    assert words("problem.own") in shown["told"] and "secret" not in shown["told"]
    assert "ZeroDivisionError" in caplog.text
    assert attempt(lambda: {"other": 1}, "told", words) == {"told": "", "other": 1}


def test_a_server_without_the_feature_says_so(client, words, tmp_path):
    from gongbang.serve.app import create_app
    from gongbang.serve.settings import ServeSettings
    from tests.serve.rest.conftest import mood
    from tests.serve.studio.servers import running

    with running(create_app(ServeSettings(), room=mood())) as url:
        bare = Page("ask", Client(url), words)
        shown = attempt(lambda: {"x": bare.client.ask(QUESTION, 5)}, "told", words)
    assert set(shown) == {"told"} and words("problem.not-found") in shown["told"]
