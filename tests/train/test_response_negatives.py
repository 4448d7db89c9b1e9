"""Mined responses: hard ones, of training rows alone, and never one that may be right."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.dialogue import same_key
from gongbang.data.records import Record
from gongbang.train.recipe_data import NegativeSettings
from gongbang.train.response_negatives import REASONS, MayBeRight, mine_responses
from tests.tasks.dialogues import dialogues, said

_CONTEXTS = st.sampled_from(
    ["공방은 언제 여나요", "공방은 언제 여나요?", "공방은 어디에 있나요", "빵은 언제 나와요"]
)
_RESPONSES = st.sampled_from(["아홉 시요", "아홉 시요!", "강릉이요", "곧 나와요", "모르겠어요", "^^"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_CONTEXTS, _RESPONSES), min_size=2, max_size=12), st.sampled_from([0.5, 1.0, 3.0]))
def test_nothing_that_is_known_to_be_right_is_mined(pairs: list[tuple[str, str]], wanted: float):
    records = [said(n, context, response) for n, (context, response) in enumerate(pairs)]
    mined = mine_responses(records, NegativeSettings(per_question=wanted, top_n=8))
    for record, own in zip(records, mined.negatives, strict=True):
        context, response = (same_key(record.fields[name]) for name in ("context", "response"))
        # Contexts with this answer are one question; whatever answers any of them is right.
        same = {same_key(r.fields["context"]) for r in records if same_key(r.fields["response"]) == response}
        right = {
            same_key(r.fields["response"])
            for r in records
            if same_key(r.fields["context"]) in {context, *same}
        }
        keys = [same_key(text) for text in own]
        assert not right & set(keys) and len(set(keys)) == len(keys) <= max(1, int(wanted))
        assert all(any(text == r.fields["response"] for r in records) for text in own)


def test_each_reason_is_seen_and_counted():
    asked = said(0, "두루미 공방은 언제 문을 여나요?", "아침 아홉 시에 문을 엽니다.")
    others = [
        said(1, "두루미 공방은 언제 열어요?", "아침 아홉 시에 문을 엽니다!"),  # equal but for a mark
        said(2, "두루미 공방은 언제 문을 여나요", "점심때부터요."),  # the same context
        said(3, "두루미 공방은 몇 시에 열어요?", "아침 아홉 시에 문을 엽니다."),
        said(4, "두루미 공방은 몇 시에 열어요", "여덟 시가 지나서요."),  # to a context with the same answer
        said(5, "두루미 공방 문은 언제 여나요?", "아침 아홉 시에 문을 엽니다요."),  # nearly equal
        said(6, "두루미 공방은 어디에 있나요?", "강릉 바닷가에 있어요."),
    ]
    judge = MayBeRight([asked, *others])
    told = [judge.why(asked, other.fields["response"]) for other in others]
    assert told == ["equal", "same context", "equal", "same answer", "nearly equal", ""]
    mined = mine_responses([asked, *others], NegativeSettings(per_question=9, top_n=20))
    assert mined.negatives[0] == ["강릉 바닷가에 있어요."]
    assert set(mined.left_out) == set(REASONS) and all(mined.left_out.values())


def test_a_response_to_a_nearly_equal_context_is_left_out():
    asked = said(0, "두루미골에 있는 오래된 도자기 공방은 언제 문을 여나요?", "아홉 시요.")
    near = said(1, "두루미골에 있는 오래된 도자기 공방은 언제 문을 여나?", "해 뜨면 열어요.")
    assert MayBeRight([asked, near]).why(asked, "해 뜨면 열어요.") == "nearly equal"
    assert mine_responses([asked, near], NegativeSettings(per_question=2)).negatives == [[], []]


def test_neighbours_by_words_come_before_others():
    records = [
        said(0, "두루미 공방은 언제 여나요?", "아홉 시요."),
        said(1, "두루미 공방은 어디인가요?", "강릉이요."),
        said(2, "내일 비가 온대?", "우산을 챙기세요."),
        *(said(n, f"{n}번 버스는 서나?", f"{n}번은 안 서요.") for n in range(3, 12)),
    ]
    mined = mine_responses(records, NegativeSettings(per_question=1, top_n=1))
    assert mined.negatives[:2] == [["강릉이요."], ["아홉 시요."]]


def test_the_seed_decides_and_a_share_of_the_contexts_gets_one():
    records = dialogues(40)
    first, again, other = (
        mine_responses(records, NegativeSettings(per_question=0.5, seed=seed)).negatives for seed in (1, 1, 2)
    )
    assert first == again != other
    assert 5 < sum(map(bool, first)) < 35 and max(map(len, first)) == 1
    assert mine_responses(records, NegativeSettings(per_question=3)).found == 120


@pytest.mark.parametrize("field", ["context", "response"])
def test_a_record_without_a_response_or_a_word_does_no_harm(field: str):
    records = [*dialogues(6), replace(said("x", "?", "!"), id="x")]
    if field == "response":
        records.append(Record("y", {"context": "무엇을 만들어요?"}))
    mined = mine_responses(records, NegativeSettings(per_question=2))
    assert len(mined.negatives) == len(records)
