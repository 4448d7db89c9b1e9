"""A chatbot over a database: what is added is found by the next message, what is deleted is not served."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gongbang.apps.answer_book import AnswerBook, AnswerChange, AnswerSource
from gongbang.apps.chat import Chat, ChatSettings
from gongbang.serve.answer_source import DatabaseAnswers
from gongbang.serve.database.answers import Answers
from gongbang.serve.database.rows import Draft
from gongbang.serve.database.store import Store
from tests.apps.talk import Letters

SURE = ChatSettings(response_weight=2.0, question_weight=10.0, bias=-6.0)


def test_the_next_message_knows_what_another_client_changed(answers: Answers, url: str, tmp_path: Path):
    chat = Chat(AnswerBook(DatabaseAnswers(answers), Letters(), tmp_path / "book"), SURE)
    asked = "가마는 언제 식어요?"
    assert chat.reply(asked).kind == "silent"
    with Store(url) as other:  # as another process would
        added = Answers(other).create(Draft(text="가마는 하루 뒤에 식어요.", question=asked))
        assert chat.reply(asked).answer_id == added.id
        Answers(other).update(added.id, text="가마는 이틀 뒤에 식어요.", version=added.version)
        assert chat.reply(asked).text == "가마는 이틀 뒤에 식어요."
        Answers(other).update(added.id, active=False)
        assert chat.reply(asked).kind == "silent"
        Answers(other).update(added.id, active=True)
        assert chat.reply(asked).answer_id == added.id
        Answers(other).delete(added.id)
        assert chat.reply(asked).kind == "silent"


class _Slow:
    """A source that is read while somebody else goes on: ``meanwhile`` happens once, after all is read."""

    def __init__(self, source: AnswerSource, meanwhile: Callable[[], None]) -> None:
        self.source, self.meanwhile = source, [meanwhile]

    def changes_since(self, seq: int) -> Sequence[AnswerChange]:
        found = self.source.changes_since(seq)
        if not found and self.meanwhile:
            self.meanwhile.pop()()
        return found


def test_a_process_that_begins_leaves_the_vectors_that_another_adds_meanwhile(
    answers: Answers, tmp_path: Path
):
    folder, source = tmp_path / "book", DatabaseAnswers(answers)
    first = Chat(AnswerBook(source, Letters(), folder), SURE)
    old = answers.create(Draft(text="가마는 하루 뒤에 식어요.", question="가마는 언제 식어요?"))
    first.book.sync()
    answers.delete(old.id)  # its vectors are left to whoever begins next
    asked = "물레는 어디 있어요?"

    def add() -> None:
        answers.create(Draft(text="물레는 창가에 있어요.", question=asked))
        first.book.sync()

    AnswerBook(_Slow(source, add), Letters(), folder).sync()
    assert [hit.answer.text for hit in first.book.find(asked, asked)] == ["물레는 창가에 있어요."]


def test_while_four_clients_change_answers_none_is_served_after_its_deletion(
    answers: Answers, url: str, tmp_path: Path
):
    chat = Chat(AnswerBook(DatabaseAnswers(answers), Letters(), tmp_path / "book"), SURE)
    gone: set[int] = set()
    faults: list[str] = []

    def client(number: int) -> None:
        rng = np.random.default_rng(number)
        mine: list[int] = []
        with Store(url) as own:
            book = Answers(own)
            for turn in range(25):
                if mine and rng.random() < 0.4:
                    id = mine.pop(int(rng.integers(len(mine))))
                    book.delete(id)
                    gone.add(id)
                else:
                    draft = Draft(
                        text=f"{number}번의 {turn}째 대답이에요.", question=f"{number}번 {turn}째 질문"
                    )
                    mine.append(book.create(draft).id)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(30):
        before = set(gone)
        reply = chat.reply(f"{turn % 4}번 {turn}째 질문")
        if reply.answer_id in before:
            faults.append(f"answer {reply.answer_id} was served after it had been deleted")
    for thread in threads:
        thread.join()
    assert not faults
    chat.book.sync()
    left = {answer.id for answer in answers.each()}
    assert {hit.answer.id for hit in chat.book.find("번 째 질문", "번 째 질문", 1000)} == left
    assert not left & gone
