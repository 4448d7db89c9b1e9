"""Wrong responses: never a right one, the same whatever the order, and hard where that is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.dialogue import same_key
from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.tasks.candidates import candidates_of, check_pool, with_candidates
from tests.tasks.dialogues import dialogues, said

_TEXTS = st.sampled_from(["네", "네!", "아니요", "글쎄요", "...", "가요", "와요", "Ok", "ok."])
_RECORDS = st.lists(
    st.tuples(st.sampled_from(["안녕", "안녕?", "뭐 해", "왜"]), _TEXTS), min_size=1, max_size=12
)


def drawn(records: list[Record], *args: int, **options: object) -> dict[str, list[str]]:
    made = with_candidates(records, *args, **options)  # type: ignore[arg-type]
    return {record.id: record.labels["candidates"] for record in made}


@settings(max_examples=80, deadline=None)
@given(_RECORDS, st.integers(2, 8), st.booleans())
def test_no_candidate_is_right(pairs: list[tuple[str, str]], count: int, hard: bool):
    records = [said(n, context, response) for n, (context, response) in enumerate(pairs)]
    for record in with_candidates(records, count, hard=hard):
        right = {
            same_key(other.fields["response"])
            for other in records
            if same_key(other.fields["context"]) == same_key(record.fields["context"])
        }
        keys = [same_key(text) for text in record.labels["candidates"]]
        assert not right & set(keys) and len(set(keys)) == len(keys)
        possible = {same_key(other.fields["response"]) for other in records} - right
        assert len(keys) == min(count - 1, len(possible))  # all that there are, where they are few


@pytest.mark.parametrize("hard", [False, True])
def test_order_and_ids_do_not_matter(hard: bool):
    records = dialogues(30)
    plain = drawn(records, 8, hard=hard)
    assert drawn(records[::-1], 8, hard=hard) == plain == drawn(records, 8, hard=hard)
    renamed = [replace(record, id=f"x{record.id}") for record in records]
    assert list(drawn(renamed, 8, hard=hard).values()) == list(plain.values())


def test_the_seed_matters_and_so_does_the_record():
    records = dialogues(60)
    first, other = drawn(records, 10), drawn(records, 10, seed=1)
    assert first != other
    assert len({tuple(texts) for texts in first.values()}) == 60


def test_a_pool_may_be_larger_than_what_is_ranked():
    records = dialogues(40)
    assert drawn(records[:3], 12, pool=records) == {
        id: texts for id, texts in drawn(records, 12).items() if id in {"0", "1", "2"}
    }


def test_listed_candidates_stay():
    listed = said("a", "안녕", "어서 와요.", candidates=["내일 봐요."])
    found = with_candidates([listed, *dialogues(9)], 4)
    assert found[0] is listed and len(found[1].labels["candidates"]) == 3


def test_frequent_responses_are_drawn_often():
    """A frequent response is often a wrong candidate too, so that its frequency tells nothing."""
    records = [said(n, f"말 {n}", "그래요." if n % 4 == 0 else f"대답 {n}") for n in range(200)]
    wrong = [texts for id, texts in drawn(records, 6).items() if int(id) % 4]
    share = sum("그래요." in texts for texts in wrong) / len(wrong)
    assert 0.6 < share < 0.95  # 1 - .75 ** 5 = .76; drawn among distinct texts it were .03


def test_hard_candidates_share_words_with_the_response_or_answer_a_like_question():
    records = [
        said(0, "물레 어디서 사요?", "강릉 장터에서 팔아요."),
        said(1, "물레 어디에 둬요?", "창가에 두면 좋아요."),
        said(2, "갓은 비싼가요?", "강릉 장터에서 싸게 팔아요."),
        *(said(n, f"딴 얘기 {n}번", f"모르는 {n}번 일이네요.") for n in range(3, 40)),
    ]
    hard = drawn(records, 5, hard=True)["0"]
    assert hard[:2] == ["강릉 장터에서 싸게 팔아요.", "창가에 두면 좋아요."] and len(hard) == 4


def test_too_few_responses_are_refused_where_the_number_counts():
    records = with_candidates(dialogues(4), 20)
    assert all(len(candidates_of(record)) == 4 for record in records)
    check_pool(records, 4)
    with pytest.raises(DataError, match="too few") as caught:
        check_pool(records, 20)
    assert "--candidates 4" in caught.value.cure
    with pytest.raises(OptionError):
        with_candidates(records, 1)


def test_what_is_ranked_without_a_response():
    record = Record("1", {"context": "안녕"}, labels={"candidates": ["네", "아니요"]})
    assert candidates_of(record) == ("네", "아니요")
