"""Every option of the analyser changes tokens, and the signature says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gongbang.errors import OptionError
from gongbang.search.analysis import KINDS, KIWI_TAGS, SEARCH_TAGS, AnalysisConfig, SearchAnalyser
from gongbang.text.morphemes import Analyser

TEXT = "꼬부랑빛에서 3번 배를 탔다."


def texts(config: AnalysisConfig, text: str, kind: str = "") -> list[str]:
    return [t.text for t in SearchAnalyser(config).tokens(text) if kind in ("", t.kind)]


def test_default_tokens_of_each_kind() -> None:
    tokens = SearchAnalyser().tokens("한라산에서 3번 배를 탔다.")
    by_kind = {kind: [t.text for t in tokens if t.kind == kind] for kind in KINDS}
    assert by_kind["morphemes"] == ["한라산", "3", "번", "배", "타"]
    assert by_kind["bigrams"] == ["한라", "라산", "산에", "에서", "배를", "탔다"]
    assert by_kind["words"] == ["한라산", "3번", "배"]
    assert by_kind["pairs"] == by_kind["whitespace"] == []


def test_numbers_are_kept() -> None:
    assert "1443" in texts(AnalysisConfig(kinds=("morphemes",)), "1443년에 만들었다")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("whitespace", ["서울에서", "살았다."]),
        ("pairs", ["서울 살"]),
        ("morphemes", ["서울", "살"]),
        ("words", ["서울"]),
        ("bigrams", ["서울", "울에", "에서", "살았", "았다"]),
    ],
)
def test_kinds_stand_alone(kind: str, expected: list[str]) -> None:
    assert texts(AnalysisConfig(kinds=(kind,)), "서울에서 살았다.") == expected


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (AnalysisConfig(lower=False), "KTX를 탔다"),
        (AnalysisConfig(stop_words=("무엇",), tags=("NP", "NNG")), "책은 무엇인가"),
        (AnalysisConfig(tags=("NNG",)), "서울에서 책을 샀다"),
        (AnalysisConfig(user_words=(("꼬부랑빛", "NNP", 0.0),)), TEXT),
        (AnalysisConfig(steps=()), "<b>３번</b>"),
    ],
)
def test_every_option_changes_a_token_and_the_signature(config: AnalysisConfig, text: str) -> None:
    plain = AnalysisConfig(tags=config.tags) if config.stop_words else AnalysisConfig()
    assert texts(config, text) != texts(plain, text)
    assert SearchAnalyser(config).signature != SearchAnalyser(plain).signature


def test_user_words_come_out_whole() -> None:
    config = AnalysisConfig(kinds=("morphemes",), user_words=(("꼬부랑빛", "NNP", 0.0),))
    assert texts(config, TEXT)[0] == "꼬부랑빛"


def test_signature_is_stable_and_survives_json() -> None:
    config = AnalysisConfig(user_words=(("꼬부랑빛", "NNP", 0.0),))
    again = AnalysisConfig.from_dict(
        {**config.to_dict(), "kinds": list(config.kinds), "user_words": [["꼬부랑빛", "NNP", 0.0]]}
    )
    assert again == config
    assert SearchAnalyser(again).signature == SearchAnalyser(config).signature


def test_whitespace_analysis_does_not_depend_on_kiwi() -> None:
    analyser = SearchAnalyser(AnalysisConfig(kinds=("whitespace",)), Analyser())
    assert [t.text for t in analyser.tokens("봄 봄")] == ["봄", "봄"]
    assert analyser._kiwi._loaded is None


def test_many_equals_one_by_one() -> None:
    analyser = SearchAnalyser()
    batch = [TEXT, "", "서울", TEXT]
    assert list(analyser.many(batch)) == [analyser.tokens(text) for text in batch]


def test_kiwi_gives_no_other_tag() -> None:
    marks = "a@b.kr #해시 @나 https://a.kr 010-1234-5678 漢字 Ａ1 → (가) 3.5! 😀 ᆼ"
    text = f"꿈같은 {marks} 제1회 뽫쀍 했슴당 빨갛고 햇빛은 및 네"
    found = {morpheme.tag for morpheme in SearchAnalyser()._kiwi.analyse(text)}
    assert found <= KIWI_TAGS and set(SEARCH_TAGS) <= KIWI_TAGS
    assert {"W_URL", "W_EMAIL", "W_HASHTAG", "W_SERIAL", "W_EMOJI"} <= found


def test_refusals() -> None:
    for kinds in ((), ("morpheme",), ("bigrams", "bigrams")):
        with pytest.raises(OptionError):
            AnalysisConfig(kinds=kinds)
    for tags in (("NNG", "NNN"), ("NNG", "NNG"), ()):
        with pytest.raises(OptionError, match="'tags' cannot be used"):
            AnalysisConfig(tags=tags)
    assert AnalysisConfig(kinds=("bigrams",), tags=()).tags == ()
    with pytest.raises(OptionError):
        AnalysisConfig.from_dict({"stemmer": "english"})
    with pytest.raises(OptionError):
        SearchAnalyser(AnalysisConfig(steps=("stem",)))
    with pytest.raises(OptionError):
        SearchAnalyser(AnalysisConfig(), Analyser(user_words=["꼬부랑빛"]))
    assert replace(AnalysisConfig(), lower=False).to_dict()["lower"] is False
