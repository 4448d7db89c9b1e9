"""Asking documents, with a toy in the reader's place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.apps.answer import Answer
from gongbang.apps.ask import Ask, load_encoder
from gongbang.data.documents import read_documents
from gongbang.data.records import Document, Passage
from gongbang.errors import DataError, OptionError, SearchIndexError
from gongbang.search.base import Hit
from gongbang.tasks.retrieved import reading_records
from tests.apps.toys import ToyEncoder, ToyReader

SAMPLES = Path(__file__).resolve().parent.parent.parent / "samples"
VILLAGE = Document(
    "마을.md",
    "마을 안내\n\n마을 회관은 1974년에 지었다. 회관의 열쇠는 오미란 씨가 맡는다."
    "\n\n버스는 하루에 여섯 번 온다.",
    "마을 안내",
    "docs/마을.md",
    locations=((0, "마을 안내"), (7, "회관"), (44, "버스")),
)
FIELD = Document("밭.txt", "밭에는 감자를 심었다. 감자는 유월에 캔다.", "밭", "docs/밭.txt")


@pytest.fixture(scope="module")
def ask() -> Ask:
    return Ask.from_documents([VILLAGE, FIELD], reader=ToyReader(), encoder=None)


def check_spans(answer: Answer, texts: dict[str, str]) -> None:
    """What every answer promises."""
    if answer.answered:
        text = texts[answer.document]
        assert text[answer.start : answer.end] == answer.text
        assert text[answer.evidence_start : answer.evidence_end] == answer.evidence
        assert answer.evidence_start <= answer.start < answer.end <= answer.evidence_end
    for found in answer.candidates:
        assert texts[found.document][found.start : found.end] == found.text
    for passage in answer.passages:
        assert texts[passage.document][passage.start :].startswith(passage.text)


def test_an_answer_has_its_sentence_and_its_place(ask: Ask) -> None:
    answer = ask.answer("회관의 열쇠는 누가 맡는가?")
    assert answer.text == "오미란"
    assert answer.evidence == "회관의 열쇠는 오미란 씨가 맡는다."
    assert (answer.document, answer.title, answer.source) == ("마을.md", "마을 안내", "docs/마을.md")
    assert answer.location == "회관"
    assert VILLAGE.text[answer.start : answer.end] == "오미란"
    assert answer.confidence == pytest.approx(0.5)  # two of the question's four words: 회관, 열쇠
    assert answer.seconds > 0
    check_spans(answer, {VILLAGE.id: VILLAGE.text, FIELD.id: FIELD.text})


def test_no_answer_names_the_nearest_passage(ask: Ask) -> None:
    answer = ask.answer("감자 튀김 가게 사장 이름은?")
    assert not answer.answered
    assert answer.text == "" and answer.evidence == ""
    assert answer.document == "밭.txt" and answer.passages[0].document == "밭.txt"
    assert answer.confidence == pytest.approx(0.2)


def test_nothing_in_common_is_no_answer_without_a_passage(ask: Ask) -> None:
    answer = ask.answer("xyzzy")
    assert not answer.answered
    assert answer.passages == () and answer.candidates == () and answer.confidence == 0.0


def test_the_threshold_decides_both_ways(ask: Ask) -> None:
    question = "감자 튀김 가게 사장 이름은?"
    assert ask.answer(question, no_answer_threshold=0.1).answered
    assert not ask.answer("회관의 열쇠는 누가 맡는가?", no_answer_threshold=0.9).answered
    assert ask.answer(question, no_answer_threshold=0.1).threshold == 0.1


def test_top_k_bounds_what_is_read(ask: Ask) -> None:
    assert len(ask.answer("마을의 감자", top_k=1).passages) == 1
    assert len(ask.answer("마을의 감자", top_k=2).passages) == 2


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("  ", {}),
        ("왜?", {"top_k": 0}),
        ("왜?", {"no_answer_threshold": 1.5}),
        ("왜?", {"no_answer_threshold": -0.1}),
        ("왜?", {"no_answer_threshold": float("nan")}),
    ],
)
def test_options_out_of_range_are_refused(ask: Ask, question: str, options: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        ask.answer(question, **options)  # type: ignore[arg-type]


def test_the_reader_gets_what_has_half_of_the_best_score() -> None:
    scores = (4.0, 3.0, 2.0, 1.9, 0.0, -1.0)
    hits = [Hit(Passage(str(n), f"글 {n}", "제목", "d"), score) for n, score in enumerate(scores)]
    records = reading_records("왜?", hits)
    assert [record.labels["retrieval_score"] for record in records] == [1.0, 0.75, 0.5]
    assert {record.labels["question_id"] for record in records} == {"왜?"}
    assert records[0].fields == {"question": "왜?", "context": "글 0", "title": "제목"}
    alike = [Hit(Passage("1", "글"), 0.0), Hit(Passage("2", "글"), -1.0)]
    assert [record.labels["retrieval_score"] for record in reading_records("왜?", alike)] == [1.0, 1.0]


def test_passages_far_behind_the_best_are_neither_read_nor_shown() -> None:
    near = [Document(f"{n}.txt", "등대의 높이는 12미터이다. 등대는 희다.") for n in range(2)]
    far = [
        Document("far.txt", "밭에는 감자를 심었고 높이 자랐다. " + "비가 오고 눈이 오고 바람이 분다. " * 5)
    ]
    ask = Ask.from_documents([*near, *far], reader=ToyReader(), encoder=None)
    hits = ask.library.search("등대의 높이는?", 5)
    assert len(hits) == 3 and hits[2].score < hits[0].score / 2
    answer = ask.answer("등대의 높이는?")
    assert {passage.document for passage in answer.passages} == {"0.txt", "1.txt"}


def test_answers_are_the_same_by_meaning_and_words() -> None:
    ask = Ask.from_documents([VILLAGE, FIELD], reader=ToyReader(), encoder=ToyEncoder())
    assert ask.library.kind == "hybrid"
    answer = ask.answer("회관의 열쇠는 누가 맡는가?")
    assert answer.text == "오미란"
    assert set(answer.passages[0].parts) == {"lexical", "dense"}


def test_the_default_encoder_may_be_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from gongbang.artifacts import store

    monkeypatch.setattr(store, "known_artifacts", dict)
    assert load_encoder("encoder-ko") is None


def test_a_bad_document_loses_only_itself(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("금고의 번호는 사일사이다.", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "old.txt").write_bytes("한글 문서입니다".encode("cp949"))
    ask = Ask.from_paths(tmp_path, reader=ToyReader(), encoder=None)
    assert len(ask.library) == 1 and len(ask.problems) == 2
    assert any("iconv -f CP949" in problem.cure for problem in ask.problems)
    assert ask.answer("금고의 번호는?").text == "사일사"


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    with pytest.raises(DataError):
        Ask.from_paths(tmp_path, reader=ToyReader(), encoder=None)


def test_an_answer_in_two_overlapping_passages_is_one_candidate() -> None:
    text = "".join(f"{n}번째 방에는 의자 {n}개가 있다. " for n in range(200)) + "끝."
    ask = Ask.from_documents([Document("방", text)], reader=ToyReader(), encoder=None)
    answer = ask.answer("의자가 있는 방", top_k=50)
    places = [(found.document, found.start, found.end) for found in answer.candidates]
    assert len(places) == len(set(places))
    check_spans(answer, {"방": text})


def test_a_novel_is_asked_without_preparation(tmp_path: Path) -> None:
    lines = [
        f"{n}월의 일기에는 바람 {n}호가 불었다고 적혀 있다. 그는 그날 창가에 앉아 편지를 썼다."
        for n in range(240)
    ]
    lines[150] = "비밀의 열쇠는 느티나무 아래에 묻었다."
    novel = tmp_path / "소설.txt"
    novel.write_text("\n".join(lines), encoding="utf-8")
    assert 10_000 <= len(novel.read_text(encoding="utf-8")) <= 20_000
    ask = Ask.from_paths(novel, reader=ToyReader(), encoder=None)
    answer = ask.answer("비밀의 열쇠는 어디에 묻었는가?")
    assert (answer.text, answer.evidence) == ("느티나무", "비밀의 열쇠는 느티나무 아래에 묻었다.")


def test_every_question_of_the_samples_keeps_its_promises() -> None:
    documents = read_documents(SAMPLES).items
    ask = Ask.from_documents(documents, reader=ToyReader(), encoder=ToyEncoder())
    texts = {document.id: document.text for document in documents}
    import json

    lines = (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        check_spans(ask.answer(json.loads(line)["question"]), texts)


def test_the_gold_answers_of_the_samples_stand_in_their_documents() -> None:
    import json

    texts = {document.id: document.text for document in read_documents(SAMPLES).items}
    rows = [
        json.loads(line) for line in (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len({row["id"] for row in rows}) == len(rows) == 35
    assert sum(not row["answers"] for row in rows) == 8
    for row in rows:
        if row["answers"]:
            assert any(answer in texts[row["document"]] for answer in row["answers"]), row["id"]


@settings(max_examples=25, deadline=None)
@given(
    texts=st.lists(
        st.text(alphabet="가나다 라마바.\n사?아", min_size=1, max_size=80), min_size=1, max_size=4
    ),
    question=st.text(alphabet="가나다라마 바?", min_size=1, max_size=12),
)
def test_spans_hold_for_any_text(texts: list[str], question: str) -> None:
    documents = [Document(str(n), text) for n, text in enumerate(texts) if text.strip()]
    if not documents or not question.strip():
        return
    ask = Ask.from_documents(documents, reader=ToyReader(threshold=0.0), encoder=None)
    check_spans(ask.answer(question), {document.id: document.text for document in documents})


def test_a_saved_index_gives_the_same_answers(tmp_path: Path) -> None:
    made = Ask.from_documents([VILLAGE, FIELD], reader=ToyReader(), encoder=ToyEncoder())
    made.library.save(tmp_path / "index")
    opened = Ask.from_index(tmp_path / "index", reader=ToyReader(), encoder=ToyEncoder())
    for question in ("회관의 열쇠는 누가 맡는가?", "감자는 언제 캐는가?"):
        one, other = made.answer(question).to_dict(), opened.answer(question).to_dict()
        del one["seconds"], other["seconds"]
        assert one == other


def test_an_index_of_another_encoder_is_refused(tmp_path: Path) -> None:
    Ask.from_documents([FIELD], reader=ToyReader(), encoder=ToyEncoder()).library.save(tmp_path / "index")
    with pytest.raises(SearchIndexError, match="another encoder"):
        Ask.from_index(tmp_path / "index", reader=ToyReader(), encoder=ToyEncoder("other"))
    with pytest.raises(OptionError, match="needs its encoder"):
        Ask.from_index(tmp_path / "index", reader=ToyReader(), encoder=None)
