"""Particles off, particles on; tables made by hand."""

from __future__ import annotations

import pytest

from gongbang.errors import OptionError
from gongbang.text.batchim import Batchim, batchim
from gongbang.text.josa import attach_josa, josa_forms, josa_start, split_josa
from gongbang.text.morphemes import Analyser

SPLITS = """
학교+에서는 서울+을 너+를 서울+로 부산+으로 집+에서 친구+에게 3+이 1000+은 FBI+가 서울(Seoul)+은
이순신+이 미국+의 민주주의+의 사람들+이 여기+까지 한국+만 그것+보다 바다+와 하늘+과 겨울+은
자유+로 홍길동+이라는 학생+이라고 어머니+께서 도서관+에서도 아버지+만 제도+가 회의+는 사과+를
선생님+께 동생+한테서 내일+부터 사람+마다 너+조차 오늘+까지도 서울+에서의 학생+으로서 칼+로써
학교+로부터 漢字+를 종이 국가 고양이 어린이 사과 회의 제도 경기도 민주주의 서로 마을 가을 나라
음악가 평가 휴가 도시 역사 대로 너무나 하와이 결과 온도 가 독도 NASA 2020
"""

ATTACHED = """
공방 은/는 공방은|나무 은/는 나무는|서울 으로/로 서울로|부산 으로/로 부산으로|나무 으로/로 나무로
책 을/를 책을|3 이/가 3이|2 이/가 2가|10 을/를 10을|100 을/를 100을|10000 이/가 10000이
2000000000000 이/가 2000000000000가|7 으로/로 7로|6 으로/로 6으로|0 은/는 0은|FBI 은/는 FBI는
KBS 이/가 KBS가|HTML 은/는 HTML은|LG 과/와 LG와|IBM 과/와 IBM과|book 을/를 book을|server 이/가 server가
서울(Seoul) 은/는 서울(Seoul)은|"나무" 이/가 "나무"가|여자 이랑/랑 여자랑|5% 을/를 5%를
學校 에서 學校에서
""".replace("\n", "|")


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser(num_workers=1)


@pytest.mark.parametrize("case", SPLITS.split())
def test_split(case: str) -> None:
    stem, _, josa = case.partition("+")
    assert split_josa(stem + josa) == (stem, josa)


@pytest.mark.parametrize("case", [c for c in ATTACHED.split("|") if c])
def test_attach(case: str) -> None:
    stem, josa, expected = case.split(" ")
    assert attach_josa(stem, josa) == expected


@pytest.mark.parametrize("bad", ["", "은/", "/는", "은/는/를"])
def test_bad_particle(bad: str) -> None:
    with pytest.raises(OptionError, match="particle"):
        attach_josa("공방", bad)


def test_forms_agree_and_come_longest_first() -> None:
    forms = josa_forms("부산")
    assert {"부산", "부산은", "부산으로", "부산에서는", "부산이라는"} <= set(forms)
    assert not {"부산는", "부산로", "부산가"} & set(forms)
    assert [len(f) for f in forms] == sorted((len(f) for f in forms), reverse=True)
    assert forms[-1] == "부산"


@pytest.mark.parametrize("stem", ["서울", "나무", "부산", "김유신", "FBI"])
def test_what_is_put_on_comes_off(stem: str) -> None:
    for form in josa_forms(stem):
        assert split_josa(form)[0] == stem


def test_by_the_analyser_in_context(analyser: Analyser) -> None:
    assert split_josa("길을", analyser) == ("길", "을")
    text = "경기도에서는 서로 도왔다"
    assert josa_start(analyser.analyse(text), 0, 6) == 3
    assert josa_start(analyser.analyse(text), 7, 9) == 9


def test_batchim_of_nothing() -> None:
    assert batchim("") is batchim("…") is Batchim.NONE
