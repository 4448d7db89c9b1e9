"""Readings and the three sound rules, against a list made by hand."""

from __future__ import annotations

import pytest

from gongbang.text.hanja import initial_sound, read_run, to_hangul

READINGS = """
女子 여자|男女 남녀|年歲 연세|老人 노인|敬老 경로|樂園 낙원|音樂 음악|娛樂 오락|樂山樂水 요산요수
良心 양심|改良 개량|歷史 역사|龍宮 용궁|流行 유행|來日 내일|往來 왕래|成功率 성공률|百分率 백분율
失敗率 실패율|羅列 나열|先烈 선열|分裂 분열|行列 행렬|不動産 부동산|不正 부정|不可能 불가능|不安 불안
敗北 패배|北京 북경|大韓民國 대한민국|六月 유월|十月 시월|殺到 쇄도|復活 부활|自轉車 자전거|汽車 기차
新女性 신여성|李舜臣 이순신|標識 표지|降伏 항복|降雨 강우|便所 변소|便利 편리|暴力 폭력|暴惡 포악
""".replace("\n", "|")


@pytest.mark.parametrize("case", [case for case in READINGS.split("|") if case])
def test_readings(case: str) -> None:
    word, reading = case.split()
    assert to_hangul(word) == reading


def test_length_stays_and_the_rest_is_left() -> None:
    text = "1920年代 新女性(A형)은 们에서 😀"
    assert to_hangul(text) == "1920년대 신여성(A형)은 们에서 😀"
    assert len(to_hangul(text)) == len(text)


def test_a_counter_after_a_figure_keeps_its_sound() -> None:
    assert (to_hangul("2年"), to_hangul("年"), to_hangul("그女子")) == ("2년", "연", "그여자")
    assert read_run("率", before="가") == "율"


def test_initial_sound() -> None:
    assert [initial_sound(s) for s in "녀뇨뉴니랴려례료류리라래로뢰루르난각"] == list(
        "여요유이야여예요유이나내노뇌누느난각"
    )
