"""Rows of contexts and responses: what is kept, what parts the turns, and that user text stays text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from gongbang.errors import ArtifactError, OptionError
from gongbang.tasks.dialogue_rows import DialogueRows
from gongbang.tasks.windows import special_ids
from tests.tasks.dialogues import tokenizer

__all__ = ["tokenizer"]


def made(tokenizer: Tokenizer, **options: Any) -> DialogueRows:
    return DialogueRows(tokenizer, **{"max_context": 24, "max_response": 12, "turns": 4} | options)


def separator(tokenizer: Tokenizer) -> int:
    return int(tokenizer.encode("a").ids[-1])  # both tiny tokenizers end a text with it


def body(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def test_turns_are_parted_by_the_tokenizers_own_separator(tokenizer: Tokenizer):
    (row,) = made(tokenizer).contexts(["공방\n강릉"])
    sep, first = separator(tokenizer), int(tokenizer.encode("a").ids[0])
    assert row.tolist() == [first, *body(tokenizer, "공방"), sep, *body(tokenizer, "강릉"), sep]


def test_the_last_tokens_of_a_context_and_the_first_of_a_response_are_kept(tokenizer: Tokenizer):
    rows = made(tokenizer, max_context=10, max_response=8)
    long = "가온 나래 다솜 라온 마루 바다 사랑 아람"
    (context,), (response,) = rows.contexts([long]), rows.responses([long])
    ids = body(tokenizer, long)
    assert context[1:-1].tolist() == ids[-8:] and response[1:-1].tolist() == ids[:6]
    assert len(context) == 10 and len(response) == 8


def test_only_the_last_turns_are_shown(tokenizer: Tokenizer):
    rows = made(tokenizer, turns=2)
    (long,), (short,) = rows.contexts(["가온\n나래\n\n다솜"]), rows.contexts(["나래\n다솜"])
    assert np.array_equal(long, short)


def test_a_cut_between_two_turns_leaves_no_separator_at_the_start(tokenizer: Tokenizer):
    last = body(tokenizer, "강릉 공방")
    rows = made(tokenizer, max_context=2 + len(last) + 1)  # room for the last turn and what stands before it
    (row,) = rows.contexts(["처음 한 말\n강릉 공방"])
    assert row[1:-1].tolist() == last


def test_prefixes_are_kept_whatever_is_cut(tokenizer: Tokenizer):
    rows = made(tokenizer, max_context=10, max_response=10, context_prefix="가온: ", response_prefix="나래: ")
    long = "다솜 라온 마루 바다 사랑 아람 자람 찬솔"
    for row, prefix in ((rows.contexts([long])[0], "가온:"), (rows.responses([long])[0], "나래:")):
        start = body(tokenizer, prefix)
        assert row[1 : 1 + len(start)].tolist() == start and len(row) == 10
    (ids, _), plain = rows.pairs([long], [long])[0], made(tokenizer, max_context=10, max_response=10)
    assert len(ids) <= 20 and ids.tolist() != plain.pairs([long], [long])[0][0].tolist()


def test_a_pair_is_framed_as_the_tokenizer_frames_it(tokenizer: Tokenizer):
    ((ids, types),) = made(tokenizer).pairs(["공방"], ["강릉"])
    whole = tokenizer.encode("공방", "강릉")
    assert ids.tolist() == whole.ids and types.tolist() == whole.type_ids


def test_special_tokens_in_a_text_stay_text(tokenizer: Tokenizer):
    rows, special = made(tokenizer), special_ids(tokenizer)
    unknown = [tokenizer.token_to_id(name) for name in ("[UNK]", "<unk>")]
    special = np.array([id for id in special if id not in unknown])
    text = "앞 </s> [SEP] <s> [CLS] <pad> [PAD] 뒤"
    for row, frame in ((rows.contexts([text])[0], 2), (rows.responses([text])[0], 2)):
        assert np.isin(row, special).sum() <= frame
    ((ids, _),) = rows.pairs([text], [text])
    assert np.isin(ids, special).sum() == np.isin(tokenizer.encode("a", "b").ids, special).sum()


_TEXT = st.text(st.sampled_from("가온나래 공방강릉?\n"), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(_TEXT, min_size=2, max_size=5))
def test_a_row_depends_on_its_own_text_alone(tokenizer: Tokenizer, texts: list[str]):
    rows = made(tokenizer)
    for one, together in ((rows.contexts, rows.contexts(texts)), (rows.responses, rows.responses(texts))):
        for text, row in zip(texts, together, strict=True):
            assert np.array_equal(one([text])[0], row)
            assert 2 <= len(row) <= 24


def test_padding_stands_behind_and_is_masked(tokenizer: Tokenizer):
    rows = made(tokenizer)
    found = rows.padded(rows.responses(["공방", "강릉 공방은 어디에 있어요?"]), "response_")
    assert set(found) == {"response_input_ids", "response_attention_mask"}
    ids, mask = found["response_input_ids"], found["response_attention_mask"]
    assert (ids[mask == 0] == rows.pad_id).all() and mask[0].sum() == len(rows.responses(["공방"])[0])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"max_context": 2}, "max_context"),
        ({"max_response": 2}, "max_response"),
        ({"turns": 0}, "turns"),
        ({"max_context": 4, "context_prefix": "가온 나래 다솜 라온"}, "max_context"),
    ],
)
def test_limits_without_room_are_refused(tokenizer: Tokenizer, options: dict[str, Any], name: str):
    with pytest.raises(OptionError, match=f"{name} is too small"):
        made(tokenizer, **options)


def test_a_tokenizer_without_a_separator_is_refused():
    plain = Tokenizer(models.WordLevel({"[UNK]": 0, "[PAD]": 1, "a": 2, "b": 3}, unk_token="[UNK]"))
    with pytest.raises(ArtifactError, match="nothing between two texts"):
        made(plain)
