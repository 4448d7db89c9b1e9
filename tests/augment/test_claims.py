"""Yes/no questions made of questions with an answer: forms, balance, and what is never taken for wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gongbang.augment.claims import claims, excerpt, frame_of
from gongbang.data.records import Record, Span

PASSAGE = (
    "등대는 1902년에 가온이 세웠고, 1931년에 나래가 고쳤다. 처음 이름은 솔빛이었고 지금은 물별이라 부른다."
)


def asked(id: str, question: str, answer: str, context: str = PASSAGE) -> Record:
    start = context.index(answer)
    spans = {"answers": (Span(start, start + len(answer), answer),)}
    return Record(id, {"question": question, "context": context}, spans=spans, group="등대", source="made")


@pytest.mark.parametrize(
    ("question", "answer", "filled"),
    [
        ("등대를 세운 사람은 누구인가?", "가온", "등대를 세운 사람은 가온인가?"),
        ("등대를 세운 사람은?", "가온", "등대를 세운 사람은 가온인가?"),
        ("등대의 처음 이름은 무엇이었나요?", "솔빛", "등대의 처음 이름은 솔빛인가?"),
        ("등대가 선 것은 몇 년인가?", "1902년", "등대가 선 것은 1902년인가?"),
        ("등대는 누구에 의해 세워졌는가?", "가온", "등대는 가온에 의해 세워졌는가?"),
        ("사람들은 등대를 무엇이라고 부르나?", "물별", "사람들은 등대를 물별이라고 부르나?"),
        ("나래는 1931년에 무엇을 고쳤나요?", "등대", "나래는 1931년에 등대를 고쳤나요?"),
    ],
)
def test_the_interrogative_gives_way_to_the_answer(question: str, answer: str, filled: str):
    frame = frame_of(asked("1", question, answer))
    assert frame is not None and frame.filled(answer) == filled


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("등대를 왜 고쳤는가?", "나래"),
        ("누가 언제 등대를 고쳤는가?", "나래"),
        ("나래가 고친 사람은 누구인가?", "나래"),  # the answer stands in the question
        ("등대를 설명하라.", "나래"),
    ],
)
def test_what_an_answer_cannot_replace_is_left_alone(question: str, answer: str):
    assert frame_of(asked("1", question, answer)) is None


def many() -> list[Record]:
    rows = [
        ("등대를 세운 사람은?", "가온"),
        ("등대를 고친 사람은 누구인가?", "나래"),
        ("등대의 처음 이름은 무엇인가?", "솔빛"),
        ("등대의 지금 이름은?", "물별"),
        ("등대를 세운 해는 언제인가?", "1902년"),
        ("등대를 고친 해는?", "1931년"),
    ]
    return [asked(f"{copy}-{n}", q, a) for copy in range(20) for n, (q, a) in enumerate(rows)]


def test_denied_ones_name_another_answer_of_the_same_kind_from_the_passage():
    records = {record.id: record for record in many()}
    made = claims(list(records.values()))
    assert len(made) == len(records)
    counts = Counter(record.labels["label"] for record in made)
    assert abs(counts["yes"] - counts["no"]) < 30
    for record in made:
        origin = records[record.lineage[-1]]
        right = origin.answers[0].text
        named = [word for word in ("가온", "나래", "솔빛", "물별", "1902년", "1931년")
                 if word in record.fields["question"]]  # fmt: skip
        assert len(named) == 1 and record.fields["context"] == PASSAGE
        assert (named[0] == right) == (record.labels["label"] == "yes")
        assert named[0][0].isdigit() == right[0].isdigit()
        assert (record.group, record.source) == ("등대", "made")
    assert any(record.fields["question"].endswith("이다.") for record in made)


def test_the_draw_hangs_on_seed_and_record_alone():
    records = many()
    made = {record.id: record for record in claims(records)}
    assert made == {record.id: record for record in claims(list(reversed(records)))}
    assert made != {record.id: record for record in claims(records, seed=3)}


def test_affirmed_ones_without_an_alternative_do_not_outweigh_the_others():
    lonely = [asked(f"l{n}", "섬의 이름은?", f"섬{n}", f"이 섬은 섬{n} 하나뿐이다.") for n in range(50)]
    counts = Counter(record.labels["label"] for record in claims([*many(), *lonely]))
    plain = Counter(record.labels["label"] for record in claims(many()))
    assert counts["yes"] == max(plain["yes"], plain["no"]) and counts["no"] == plain["no"]


def test_a_recipe_makes_them_of_a_source_and_trains_on_them_alone(tmp_path: Path):
    pytest.importorskip("torch")
    from gongbang.train.data import load_splits
    from gongbang.train.recipe import parse_recipe
    from tests.train.tiny import write_squad
    from tests.train.tiny_labels import recipe_tree

    tree = recipe_tree(tmp_path, "boolq")
    squad = tmp_path / "squad.json"
    write_squad(squad)
    tree["data"]["sources"].append({"path": str(squad), "make": "claims"})
    plain = load_splits(parse_recipe(recipe_tree(tmp_path, "boolq")).data, seed=17)
    splits = load_splits(parse_recipe(tree).data, seed=17)
    made = [record for record in splits.train if record.lineage]
    assert made and {record.labels["label"] for record in made} <= {"yes", "no"}
    assert len(splits.development) == len(plain.development) and len(splits.test) == len(plain.test)


LONG = " ".join(f"{place}번째 문장에는 물푸레와 바람꽃 이야기가 조금 적혀 있다." for place in range(20))


@pytest.mark.parametrize(("place", "named"), [(0, "19번째"), (10, "8번째"), (19, "0번째")])
def test_of_a_long_passage_the_sentences_around_the_answer_are_kept(place: int, named: str):
    record = asked("1", "이야기는 몇 번째인가?", f"{place}번째", LONG)
    kept = excerpt(record, named, 150)
    assert len(kept) <= 150 and kept in LONG and kept.endswith("있다.") and f"{place}번째" in kept
    assert (named in kept) == (abs(place - int(named[:-2])) < 3)


def test_a_short_passage_and_a_long_sentence_are_kept_whole():
    record = asked("1", "등대를 세운 사람은?", "가온")
    assert excerpt(record, "나래", 1000) == PASSAGE
    assert excerpt(record, "나래", 5) == "등대는 1902년에 가온이 세웠고, 1931년에 나래가 고쳤다."
    made = claims(
        [asked(str(n), "이야기가 적힌 곳은 어디인가?", "7번째", LONG) for n in range(3)], longest=100
    )
    assert made and all(len(record.fields["context"]) <= 100 for record in made)
