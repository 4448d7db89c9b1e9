"""Stickers: the emotion decides, none comes back too soon, grief and anger are answered with care."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gongbang.apps.sticker_words import AGGRESSION, EMOTION_WORDS, MIRTH
from gongbang.apps.stickers import Sticker, StickerCatalogue, StickerPicker
from gongbang.data.readers.kote import EMOTIONS
from gongbang.errors import DataError, OptionError

ROWS = (
    Sticker("tears", "눈물 흘리는 얼굴", ("눈물", "슬픔", "우는")),
    Sticker("hug", "안아 주는 얼굴", ("포옹", "위로", "사랑")),
    Sticker("flower", "꽃다발", ("꽃", "감사")),
    Sticker("laugh", "크게 웃는 얼굴", ("웃음", "ㅋㅋㅋ", "행복", "기쁨")),
    Sticker("smile", "미소 짓는 얼굴", ("미소", "행복", "기쁨")),
    Sticker("party", "폭죽", ("파티", "축하", "신남")),
    Sticker("rage", "화난 얼굴", ("화", "분노", "성난")),
    Sticker("dove", "비둘기", ("평화", "새")),
    Sticker("tea", "차 한 잔", ("차", "휴식", "편안")),
)


@pytest.fixture
def picker() -> StickerPicker:
    return StickerPicker(StickerCatalogue(ROWS), turns=2)


def ids(found: list) -> list[str]:
    return [row.sticker.id for row in found]


def test_every_emotion_of_kote_has_words():
    assert set(EMOTION_WORDS) == set(EMOTIONS)


def test_the_likely_emotion_decides_and_the_reason_names_it(picker: StickerPicker):
    found = picker.pick({"기쁨": 0.8, "슬픔": 0.05}, k=2)
    assert set(ids(found)) <= {"laugh", "smile", "party"} and found[0].score >= found[1].score
    assert "기쁨" in found[0].reason


def test_no_sticker_comes_back_within_the_turns_and_it_may_after_them(picker: StickerPicker):
    shown = [ids(picker.pick({"기쁨": 0.9, "편안/쾌적": 0.1}, k=1)) for _ in range(4)]
    assert shown[2] == ["tea"] and shown[0] != shown[1]  # both that show joy are resting
    assert shown[3] == shown[0]
    joy = StickerPicker(picker.catalogue, turns=3)
    assert [len(joy.pick({"기쁨": 0.9}, k=1)) for _ in range(3)] == [1, 1, 0]  # rather none than one again


def test_grief_is_answered_with_consolation_alone(picker: StickerPicker):
    for _ in range(3):
        found = picker.pick({"슬픔": 0.6, "기쁨": 0.5}, k=5)
        assert not set(ids(found)) & {"laugh", "smile", "party", "rage"}
        assert all("위로만" in row.reason for row in found)


def test_anger_is_met_with_neither_mirth_nor_aggression(picker: StickerPicker):
    found = picker.pick({"화남/분노": 0.7, "편안/쾌적": 0.2, "기쁨": 0.2}, k=5)
    assert "tea" in ids(found) and not set(ids(found)) & {"laugh", "smile", "party", "rage"}


def test_twins_are_not_shown_together_before_others():
    twins = (Sticker("a", "웃음 하나", ("기쁨", "웃음")), Sticker("b", "웃음 둘", ("기쁨", "웃음")))
    other = Sticker("c", "햇살", ("기쁨", "해"))
    found = StickerPicker(StickerCatalogue((*twins, other))).pick({"기쁨": 1.0}, k=2)
    assert ids(found) == ["a", "c"]


def test_a_word_within_another_is_none():
    peace = StickerCatalogue((Sticker("dove", "비둘기", ("평화",)), Sticker("rage", "화난 얼굴", ("성난",))))
    assert ids(StickerPicker(peace).pick({"부담/안_내킴": 0.01, "화남/분노": 0.2}, k=2)) == ["rage"]


@pytest.mark.parametrize(("emotions", "k"), [({}, 1), ({"기쁨": 0.9}, 0), ({"joy": 1.0}, 1)])
def test_nothing_to_pick_by_is_told(picker: StickerPicker, emotions: dict[str, float], k: int):
    with pytest.raises(OptionError):
        picker.pick(emotions, k=k)


def test_a_catalogue_of_lines_is_read_and_a_bad_line_is_placed(tmp_path: Path):
    path = tmp_path / "stickers.jsonl"
    path.write_text('{"id": "a", "name": "꽃", "keywords": ["꽃"]}\n\n{"name": "이름뿐"}\n', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        StickerCatalogue.read(path)
    assert caught.value.line == 3
    path.write_text('{"id": "a", "name": "꽃", "keywords": ["꽃"]}\n' * 2, encoding="utf-8")
    with pytest.raises(DataError, match="one id"):
        StickerCatalogue.read(path)


@pytest.mark.shared
@pytest.mark.skipif("GONGBANG_DATA" not in os.environ, reason="GONGBANG_DATA names no folder of public data")
def test_every_emotion_finds_an_emoji_and_care_holds_on_the_whole_catalogue():
    path = Path(os.environ["GONGBANG_DATA"], "emoji", "ko", "emoji_ko.jsonl")
    catalogue = StickerCatalogue.read(path)
    assert len(catalogue.stickers) == 1911
    for name in EMOTION_WORDS:
        found = StickerPicker(catalogue).pick({name: 0.9}, k=3)
        assert found, name
        if name in ("슬픔", "화남/분노"):
            texts = [text for row in found for text in (row.sticker.name, *row.sticker.keywords)]
            bad = (*MIRTH, *AGGRESSION)
            assert not [t for t in texts if any(p.startswith(w) for w in bad for p in (t, *t.split()))]
