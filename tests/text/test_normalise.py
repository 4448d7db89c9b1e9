"""Each step by hand, then all of them over arbitrary Unicode and over public data."""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import OptionError
from gongbang.text._nfkc import nfc, nfkc
from gongbang.text.edits import Edited
from gongbang.text.normalise import DEFAULT_STEPS, STEPS, Normaliser

CASES = [
    ("nfc", "\u0958\u0932\u092e", "\u0915\u093c\u0932\u092e"),  # a letter that is never composed
    ("nfc", "\u0928\u093c", "\u0929"),
    ("nfc", unicodedata.normalize("NFD", "한글 각 é ệ"), "한글 각 é ệ"),
    ("nfc", "３㎞ ㅋㅋ ｶﾞ", "３㎞ ㅋㅋ ｶﾞ"),
    ("joiners", "क्\u200dया क्\u200cष \u200dक क्\u200d\u200c ", "क्या क्ष क क् "),
    ("joiners", "दर्\u200dया र्\u200d र्\u200cक", "दर्\u200dया र् र्क"),  # the eyelash ra stays before a letter
    (
        "joiners",
        "می\u200cخواهم 👨\u200d👩 ক্\u200dষ ന്\u200d 가\u200d나",
        "می\u200cخواهم 👨\u200d👩 ক্\u200dষ ന്\u200d 가\u200d나",
    ),
    ("danda", "गया| गया|| “गया|” गया|", "गया। गया।। “गया।” गया।"),
    ("danda", "गया | - | p, |x| a| गया|क", "गया | - | p, |x| a| गया|क"),
    ("nfkc", "３．１４㎞", "3.14km"),
    ("nfkc", unicodedata.normalize("NFD", "한글 각"), "한글 각"),
    ("nfkc", "ㅋㅋ ㄱㅏ ㆍ", "ㅋㅋ ㄱㅏ ㆍ"),
    ("nfkc", "㉠ ㈀ ㉮ ﾡ", "ㄱ (ㄱ) 가 ㄱ"),
    ("nfkc", "カ\u3099 ｶﾞ", "ガ ガ"),
    ("zero_width", "서\u200b울\ufeff\u00ad\u2060\u202e", "서울"),
    ("zero_width", "👨\u200d👩 가\u200d나", "👨\u200d👩 가나"),
    ("quotes", "“가” ‘나’ «다» 「라」 《마》", '"가" \'나\' "다" 「라」 《마》'),
    ("whitespace", "가\u3000\u00a0나\u2009다\t라\r\n마", "가 나 다 라\n마"),
    ("newlines", "가 \n\n 나", "가 나"),
    (
        "markup",
        "서울</b>은<br>크다 &lt;1&gt; A&amp;B &#39;q&#39; &nosuch; R&D;",
        "서울은 크다 <1> A&B 'q' &nosuch; R&D;",
    ),
    ("markup", "vector<int> a < b", "vector<int> a < b"),
    ("markup", "&amp;lt;br/&amp;gt;끝<!-- 비밀 -->", " 끝"),
    ("hanja", "大韓民國 女子와 男女", "대한민국 여자와 남녀"),
]
EVERYTHING = Normaliser(tuple(STEPS))
NASTY = st.text(
    st.one_of(
        st.characters(exclude_categories=("Cs",)),
        st.sampled_from(
            "ᄒ\u1161ᆫㅋﾡ㉠가각\u0301\u200b\u200d“” \u3000\n\r&lt;gt<b>/#39;女漢不👨\ufe0f＜＞ｶﾞ"
            "\u0958क\u093c\u094d\u200c।|"
        ),
    ),
    max_size=24,
)


@pytest.mark.parametrize(("step", "before", "after"), CASES)
def test_steps(step: str, before: str, after: str) -> None:
    edited = Normaliser((step,)).apply(before)
    assert (edited.original, edited.text) == (before, after)
    assert STEPS[step](after).text == after


def test_decomposed_hangul_maps_to_all_its_letters() -> None:
    edited = nfkc(unicodedata.normalize("NFD", "각하"))
    assert (edited.to_original(0, 1), edited.to_original(1, 2)) == ((0, 3), (3, 5))
    assert edited.to_edited(1, 2) == (0, 1)


def test_steps_feed_each_other() -> None:
    assert Normaliser().apply("＜ｂ＞가&nbsp;\u3000나").text == "가 나"


def test_config_gives_the_same_normaliser() -> None:
    config = json.loads(json.dumps(Normaliser().config()))
    assert config == {"steps": list(DEFAULT_STEPS)}
    assert Normaliser.from_config(config).apply("“가”").text == '"가"'


def test_unknown_step_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="Did you mean 'quotes'") as caught:
        Normaliser(("quote",))
    assert caught.value.value == "quote"
    with pytest.raises(OptionError, match="named twice"):
        Normaliser(("nfkc", "nfkc"))


@pytest.mark.parametrize("step", STEPS)
def test_no_step_is_without_effect(step: str) -> None:
    assert any(Normaliser((step,)).apply(before).changed for name, before, _ in CASES if name == step)


@given(NASTY)
@settings(max_examples=200, deadline=None)
def test_applying_twice_equals_once(text: str) -> None:
    for step in STEPS.values():
        once = step(text).text
        assert step(once).text == once
    once = EVERYTHING.apply(text).text
    assert EVERYTHING.apply(once).text == once


@given(NASTY)
@settings(max_examples=150, deadline=None)
def test_there_and_back_over_arbitrary_text(text: str) -> None:
    edited = EVERYTHING.apply(text)
    assert edited.original == text
    for start in range(len(text)):
        _covers(edited, start, min(len(text), start + 3))


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters=map(chr, range(0x3131, 0x3280)))))
@settings(max_examples=200, deadline=None)
def test_nfkc_agrees_with_unicode_but_for_lone_letters(text: str) -> None:
    if not any("\uffa0" <= c <= "\uffdc" for c in text):
        assert nfkc(text).text == unicodedata.normalize("NFKC", text)


@given(st.one_of(NASTY, st.text(st.characters(exclude_categories=("Cs",)))))
@settings(max_examples=300, deadline=None)
def test_nfc_agrees_with_unicode(text: str) -> None:
    edited = nfc(text)
    assert edited.text == unicodedata.normalize("NFC", text)
    for start in range(len(text)):
        _covers(edited, start, min(len(text), start + 3))


def _covers(edited: Edited, start: int, end: int) -> None:
    """Back from the edited text, a span covers itself, but for what was deleted at its edges."""
    first, last = edited.to_edited(start, end)
    left, right = edited.to_original(first, last)
    for place in [*range(start, min(left, end)), *range(max(right, start), end)]:
        assert len(set(edited.to_edited(place, place + 1))) == 1, (edited.original, start, end)


FILES = (
    "korquad1/KorQuAD_v1.0_dev_112.json",
    "tydiqa-ko/korean_tydiqa_train.json",
    *(f"xquad/xquad.{language}.json" for language in ("hi", "zh", "vi", "en")),
)


@pytest.mark.shared
@pytest.mark.parametrize("name", FILES)
def test_every_answer_survives_every_step(shared_data: Path, name: str) -> None:
    articles = json.loads((shared_data / "qa" / name).read_text(encoding="utf-8"))["data"]
    checked = 0
    for paragraph in (paragraph for article in articles for paragraph in article["paragraphs"]):
        context = paragraph["context"]
        edited = EVERYTHING.apply(context)
        for question in paragraph["qas"]:
            for answer in question["answers"]:
                start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"])
                assert context[start:end] == answer["text"]
                first, last = edited.to_edited(start, end)
                _covers(edited, start, end)
                if not _read_in_context(answer["text"]):
                    kept = "".join(EVERYTHING.apply(answer["text"]).text.split())
                    assert kept in "".join(edited.text[first:last].split())
                checked += 1
    assert checked >= 1000


def _read_in_context(answer: str) -> bool:
    """Hanja sounds as its neighbours ask, and half a tag is no tag: alone, such a piece reads otherwise."""
    return STEPS["hanja"](answer).changed or "<" in answer or ">" in answer


@pytest.mark.shared
def test_old_stories_with_hanja_survive(shared_data: Path) -> None:
    lines = (
        (shared_data / "literature/colonial-periodicals-pd/fiction.jsonl")
        .read_text(encoding="utf-8")
        .splitlines()
    )
    random_spans = random.Random(7)
    for line in lines[:12]:
        text = json.loads(line)["text"]
        edited = EVERYTHING.apply(text)
        for _ in range(50):
            start = random_spans.randrange(len(text))
            _covers(edited, start, min(len(text), start + random_spans.randrange(1, 40)))
