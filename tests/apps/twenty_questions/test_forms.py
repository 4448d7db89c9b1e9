"""The keyword in every form: hidden, and found where it is not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.apps.twenty_questions.forms import MASK, Forms, LeakError, check_no_leak
from gongbang.apps.twenty_questions.letters import letters_of

WHALE = Forms.of("고래", "whale", "참고래")
SPELLINGS = [
    "고래",
    "고 래",
    "고\u200b래",
    "고-래",
    "고\n래",
    "「고」래",
    unicodedata.normalize("NFD", "고래"),
    "ㄱㅗㄹㅐ",
    "ㄱ ㅗ ㄹ ㅐ",
    "고ㄹ ㅐ",
    "ﾡￌﾩￃ",  # half-width letters
    "\u1100 \u1169 \u1105 \u1162",  # conjoining letters that cannot join
    "고\u3164래",
    "whale",
    "WHALE",
    "Ｗｈａｌｅ",
    "w h a l e",
    "wha\u0301le",
    "참 고래",
]
PARTICLES = ["", "는", "를", "의", "에게서", "처럼", "이다", "랑", "밖에는", "들이"]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("particle", PARTICLES)
def test_every_spelling_is_found_and_hidden(spelling: str, particle: str):
    text = f"바다에는 {spelling}{particle} 살고 있다"
    assert WHALE.found_in(text)
    hidden = WHALE.mask(text)
    assert MASK in hidden and not WHALE.found_in(hidden)
    assert hidden.startswith("바다에는 ") and hidden.endswith(" 살고 있다")


def test_a_contraction_is_hidden_too():
    assert WHALE.mask("고랜 바다에 산다") == f"{MASK} 바다에 산다"


def test_hanja_is_read_aloud():
    library = Forms.of("도서관")
    assert library.mask("圖書館에서 읽는다") == f"{MASK}에서 읽는다"


def test_what_is_left_of_a_compound_goes_with_it():
    assert WHALE.mask("혹등고래수염을 보았다") == f"{MASK} 보았다"


@pytest.mark.parametrize(("name", "other"), [("고래", "산삼"), ("수달", "토끼")])
def test_a_particle_does_not_tell_how_the_keyword_ends(name: str, other: str):
    for pair in ("은/는", "이/가", "을/를", "과/와", "으로/로", "이랑/랑"):
        from gongbang.text.josa import attach_josa

        first = Forms.of(name).mask(attach_josa(name, pair))
        assert first == Forms.of(other).mask(attach_josa(other, pair))


def test_texts_without_the_keyword_stay_as_they_are():
    text = "고라니는 산에 살고, 고을에는 내가 흐른다."
    assert WHALE.mask(text) == text and not WHALE.found_in(text)


def test_letters_know_their_characters():
    text = "① 고 래!"
    read = letters_of(text)
    assert read.letters == "1ㄱㅗㄹㅐ"
    assert list(read.find_all("ㄱㅗㄹㅐ")) == [(2, 5)] and text[2:5] == "고 래"


def test_the_check_looks_everywhere_and_tells_nothing():
    for held in ("고 래", {"a": ["b", {"c": "whale이다"}]}, {"고래": 1}, ["고", "래"]):
        with pytest.raises(LeakError) as caught:
            check_no_leak(held, WHALE)
        assert not WHALE.found_in(str(caught.value))
    check_no_leak({"a": ["고라니", 3, None, True], "b": {"c": "바다"}}, WHALE)


NOISE = st.text(alphabet="가나고래ㄱㅗㄹㅐ whaleＷ .-\u200b\u3164는를", max_size=12)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(NOISE, st.sampled_from(SPELLINGS), NOISE, st.sampled_from(SPELLINGS), NOISE)
def test_no_mixture_of_spellings_and_noise_survives_the_mask(a: str, one: str, b: str, two: str, c: str):
    hidden = WHALE.mask(a + one + b + two + c)
    assert not WHALE.found_in(hidden)
    assert WHALE.mask(hidden) == hidden
