"""Similar nouns, the masked model's words, and the thesaurus learnt from records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gongbang.augment.copies import augment
from gongbang.augment.masked import insert_masked, replace_masked
from gongbang.augment.nouns import draw_word, exchange, free_nouns
from gongbang.augment.synonyms import replace_nouns
from gongbang.augment.thesaurus import Thesaurus
from gongbang.data.records import Record, Span
from gongbang.errors import OptionError
from gongbang.text.morphemes import shared_analyser
from tests.augment.koreanish import Filler, Pairs

RNG = np.random.default_rng


def text(content: str, **spans: tuple[Span, ...]) -> Record:
    return Record("1", {"text": content}, spans)


def test_nouns_that_stand_alone() -> None:
    record = text("영화를 보고 영화관에서 운동하는 배우의 학교", held=(Span(18, 19, "배", "text"),))
    assert [noun.form for noun in free_nouns(record, "text", shared_analyser())] == ["영화", "영화관", "학교"]


@pytest.mark.parametrize(
    ("old", "start", "end", "new", "made"),
    [
        ("배우로 산다", 0, 2, "가인", "가인으로 산다"),
        ("부산으로는 간다", 0, 2, "대구", "대구로는 간다"),
        ("배우다", 0, 2, "가수", "가수다"),
        ("배우다", 0, 2, "시인", None),
        ("책이다", 0, 1, "붓", "붓이다"),
        ("배우", 0, 2, "시인", "시인"),
    ],
)
def test_particles_follow_their_noun(old: str, start: int, end: int, new: str, made: str | None) -> None:
    edits = exchange(old, start, end, new, shared_analyser().analyse(old))
    if edits is None:
        assert made is None
        return
    for first, last, word in reversed(edits):
        old = old[:first] + word + old[last:]
    assert old == made


def test_words_are_drawn_by_weight_and_only_usable_ones() -> None:
    found = [
        ("산", 0.75),
        ("물", 0.25),
        (".", 9.0),
        ("##은", 9.0),
        ("안", 9.0),
        ("두 말", 9.0),
        ("불", 9.0),
        ("흙", 0.0),
    ]
    rng = RNG(0)
    drawn = [draw_word(rng, found, "불") for _ in range(400)]
    assert set(drawn) == {"산", "물"} and 260 < drawn.count("산") < 340
    assert draw_word(rng, [("불", 1.0)], "불") is None


def test_synonyms_come_in_with_their_particle_and_not_twice() -> None:
    made = replace_nouns(text("영화가 길고 배우는 많다"), RNG(0), synonyms=Pairs(), share=1)
    assert made.fields["text"] == "연극이 길고 가수는 많다"
    assert replace_nouns(text("영화가 연극이 되었다"), RNG(0), synonyms=Pairs()) is None
    with pytest.raises(OptionError):
        replace_nouns(text("영화"), RNG(0), synonyms=Pairs(), k=0)


def test_the_model_fills_one_blank_at_a_time() -> None:
    record = text("학교가 넓다", held=(Span(4, 6, "넓다", "text"),))
    made = {replace_masked(record, RNG(n), model=Filler()).fields["text"] for n in range(20)}
    assert made == {"바다가 넓다", "산이 넓다"}
    assert replace_masked(text("[MASK] 학교가"), RNG(0), model=Filler()) is None
    assert replace_masked(record, RNG(0), model=Filler(), k=1) is None  # nothing but a full stop


def test_words_are_inserted_outside_spans() -> None:
    record = text("큰 나무 아래", held=(Span(0, 4, "큰 나무", "text"),))
    made = {insert_masked(record, RNG(n), model=Filler()).fields["text"] for n in range(40)}
    assert made == {f"{w} 큰 나무 아래" for w in ("산", "바다")} | {
        f"큰 나무 {w} 아래" for w in ("산", "바다")
    }
    assert insert_masked(text("봄 [MASK]"), RNG(0), model=Filler()) is None


def test_places_are_tried_until_one_has_a_word() -> None:
    class BeforeLong(Filler):
        def fill(self, text: str, k: int) -> list[tuple[str, float]]:
            return [("매우", 1.0)] if "[MASK] 길다" in text else []

    long, short = text("그 영화는 정말이지 끝이 없고 길다"), text("그 영화는 짧다")
    for n in range(20):
        made = insert_masked(long, RNG(n), model=BeforeLong())
        assert made is not None and made.fields["text"] == "그 영화는 정말이지 끝이 없고 매우 길다"
        assert insert_masked(short, RNG(n), model=BeforeLong()) is None


def corpus(label: str = "") -> list[Record]:
    """우유 and 주스 are drunk, 소설 and 잡지 are read, by the same people."""
    lines = [(what, "마신다") for what in ("우유를", "주스를")] + [
        (what, "읽는다") for what in ("소설을", "잡지를")
    ]
    return [
        Record(
            f"{who}{n}",
            {"text": f"{who} {what} {does}."},
            labels={"label": "긍정" if n % 2 else "부정"} if label else {},
        )
        for n, (what, does) in enumerate(lines)
        for who in ("아이가", "어른이", "친구가", "노인이")
    ]


def test_nouns_among_the_same_words_are_similar() -> None:
    learnt = Thesaurus.from_records(corpus(), min_count=2)
    assert [noun for noun, _ in learnt.similar("우유", 1)] == ["주스"]
    assert [noun for noun, _ in learnt.similar("잡지", 1)] == ["소설"]
    assert learnt.similar("우유", 1)[0][1] == pytest.approx(1, abs=1e-5)
    assert learnt.similar("바다", 3) == [] and learnt.leanings.shape == (len(learnt.nouns), 0)


def test_nouns_that_lean_to_different_labels_are_kept_apart() -> None:
    learnt = Thesaurus.from_records(corpus("label"), min_count=2)  # 우유 is 부정, 주스 is 긍정
    assert learnt.similar("우유", 1) == []
    row = learnt.leanings[learnt.nouns.index("우유")]
    # labels in order 긍정, 부정; as many nouns under each, so the prior of 5 is halved: (0 + 2.5) / (4 + 5)
    assert row == pytest.approx([2.5 / 9, 6.5 / 9])


def test_rare_words_and_empty_corpora_know_nothing() -> None:
    assert Thesaurus.from_records(corpus(), min_count=50).similar("우유", 1) == []
    assert Thesaurus.from_records([]).similar("우유", 1) == []
    assert Thesaurus.from_records([text("우유")], min_count=1).similar("우유", 1) == []
    with pytest.raises(OptionError, match="window"):
        Thesaurus.from_records([], window=0)


def test_the_thesaurus_is_learnt_from_the_records_where_none_is_passed() -> None:
    assert augment(corpus(), "eda-synonym").records == ()  # four times each: too rare to be learnt
    given = [
        replace(record, id=f"{day}{record.id}", fields={"text": f"{day} {record.fields['text']}"})
        for day in ("오늘도", "어제도", "봄에도")
        for record in corpus()
    ]
    learnt = augment(given, "eda-synonym")
    assert len(learnt.records) == len(given)
    assert learnt.records == augment(given, "eda-synonym", synonyms=Thesaurus.from_records(given)).records
    for record, made in zip(given, learnt.records, strict=True):
        pairs = zip(record.fields["text"].split(), made.fields["text"].split(), strict=True)
        assert sum(old != new for old, new in pairs) == 1  # a tenth of three nouns, one at least
