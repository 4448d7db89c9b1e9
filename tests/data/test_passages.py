from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.passages import is_wrapped, passages_of, split_passages
from gongbang.data.reading import documents_of, read_records
from gongbang.data.records import Document
from gongbang.errors import OptionError
from gongbang.text.sentences import split_sentences

SENTENCES = st.sampled_from(
    [
        "비가 왔다.",
        "그는 “왜?” 하고 물었다.",
        "값은 3.14원이다!",
        "제목",
        "\n",
        "\n\n",
        "끝없이 " * 30 + "길다.",
        "가" * 130,
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SENTENCES, max_size=30).map(" ".join), st.integers(50, 200), st.integers(0, 3))
def test_offsets_are_exact_and_nothing_is_lost(text, max_chars, overlap):
    passages = split_passages(Document("d", text), max_chars, overlap)
    covered = [False] * len(text)
    for passage in passages:
        assert 0 < len(passage.text) <= max_chars
        assert text[passage.start : passage.start + len(passage.text)] == passage.text
        covered[passage.start : passage.start + len(passage.text)] = [True] * len(passage.text)
    assert all(seen or char.isspace() for seen, char in zip(covered, text, strict=True))
    assert len({passage.id for passage in passages}) == len(passages)
    starts = [passage.start for passage in passages]
    assert starts == sorted(set(starts))


def test_a_short_document_stays_whole():
    text = " 짧은 글이다. 두 문장이다.\n"
    (passage,) = split_passages(Document("d", text, "제목", "a.txt"))
    assert (passage.id, passage.text, passage.start) == ("d", text, 0)
    assert (passage.title, passage.document, passage.source) == ("제목", "d", "a.txt")
    assert split_passages(Document("d", " \n")) == []


def test_sentences_are_not_cut_and_the_last_one_is_repeated():
    sentences = [f"{n}번째 손님이 대장간 문을 두드렸다." for n in range(40)]
    passages = split_passages(Document("d", " ".join(sentences)), max_chars=200, overlap_sentences=1)
    for passage in passages:
        assert all(s.text in sentences for s in split_sentences(passage.text))
    for before, after in pairwise(passages):
        assert split_sentences(before.text)[-1].text == split_sentences(after.text)[0].text


def test_a_paragraph_end_is_preferred():
    first, second = "첫 문단이다. " * 9, "둘째 문단이다. " * 12
    passages = split_passages(Document("d", first.strip() + "\n\n" + second), 120, overlap_sentences=0)
    assert passages[0].text == first.strip()
    assert passages[1].text.startswith("둘째")


def test_a_wrapped_book_is_cut_at_sentences_not_at_line_ends():
    line = (
        "산길을 따라 한참을 걷다 보니 해가\n저물고 바람이 차가워졌다. 그래도 쉬지\n"
        "않고 걸음을 재촉하며 고개를 넘어갔다\n"
    )
    assert is_wrapped(line * 10)
    for passage in split_passages(Document("d", line * 10), 120, 0):
        assert not passage.text.endswith(("해가", "쉬지"))
    assert not is_wrapped("짧은 글.\n" * 30)


def test_options_out_of_range():
    with pytest.raises(OptionError):
        split_passages(Document("d", "가"), max_chars=10)
    with pytest.raises(OptionError):
        split_passages(Document("d", "가"), overlap_sentences=-1)


@pytest.mark.shared
def test_a_korquad_context_is_nearly_always_one_passage(shared_data):
    documents = documents_of(read_records(shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json"))
    passages = passages_of(documents)
    whole = sum(passage.id == passage.document for passage in passages)
    assert whole / len(documents) > 0.9
    assert max(len(passage.text) for passage in passages) <= 1_000
