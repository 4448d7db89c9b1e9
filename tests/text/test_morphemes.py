"""The analyser: offsets, words of one's own, cache, signature."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import DataError, OptionError
from gongbang.text.morphemes import Analyser, UserWord, content_morphemes, read_user_dictionary
from gongbang.text.sentences import split_sentences

ANALYSER = Analyser(num_workers=1)


def test_offsets_beyond_the_basic_plane() -> None:
    text = "😀한국어 👨\u200d👩\u200d👧 漢字를 𠀀국 ㅋㅋ 읽었다"
    found = {m.form: (m.start, m.end) for m in ANALYSER.analyse(text)}
    assert text[slice(*found["한국어"])] == "한국어"
    assert text[slice(*found["漢字"])] == "漢字"
    assert text[slice(*found["𠀀"])] == "𠀀"
    assert text[slice(*found["읽"])] == "읽"


def test_content_keeps_numbers_names_and_stems() -> None:
    forms = [m.form for m in content_morphemes(ANALYSER.analyse("1592년 이순신은 NASA에서 책을 3번 읽었다."))]
    assert {"1592", "이순신", "NASA", "책", "3", "읽"} <= set(forms)
    assert not {"은", "에서", "을", "었", "다", "."} & set(forms)


def test_conjugation_class_is_not_part_of_the_tag() -> None:
    assert ANALYSER.analyse("아름다웠다")[0].tag == "VA"


def test_explain() -> None:
    rows = ANALYSER.explain("가거도항에서")
    assert [(r["surface"], r["content"]) for r in rows][-1] == ("에서", False)
    assert "".join(r["surface"] for r in rows) == "가거도항에서"


def test_user_words_change_the_analysis_and_the_signature() -> None:
    text = "뷁뚫솔트를 샀다"
    mine = Analyser(user_words=["뷁뚫솔트"], num_workers=1)
    assert mine.analyse(text)[0].form == "뷁뚫솔트"
    assert mine.signature() == Analyser(user_words=[UserWord("뷁뚫솔트")]).signature()
    assert (
        len(
            {
                mine.signature(),
                Analyser().signature(),
                Analyser(user_words=[UserWord("뷁뚫솔트", "NNG")]).signature(),
            }
        )
        == 3
    )
    assert Analyser(cache_size=0, num_workers=2).signature() == Analyser().signature()


def test_user_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("# names\n뷁뚫솔트\tNNP\t3.5\n\n쿠쿠랩\tNNG\n", encoding="utf-8")
    assert read_user_dictionary(path) == [UserWord("뷁뚫솔트", "NNP", 3.5), UserWord("쿠쿠랩", "NNG")]
    assert Analyser(user_dictionary=path, num_workers=1).analyse("쿠쿠랩에서")[0].form == "쿠쿠랩"


@pytest.mark.parametrize("line", ["혼자", "단어\tXYZ", "단어\tNNP\t높음", "\tNNP", "a\tNNP\t1\t2"])
def test_bad_dictionary_line_is_located(tmp_path: Path, line: str) -> None:
    path = tmp_path / "words.tsv"
    path.write_text(f"좋은\tNNG\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        Analyser(user_dictionary=path)
    assert (caught.value.path, caught.value.line) == (str(path), 2)
    assert len(caught.value.lines()) == 4


def test_unreadable_dictionary(tmp_path: Path) -> None:
    (tmp_path / "euckr.tsv").write_bytes("가\tNNG".encode("euc-kr"))
    for name in ("none.tsv", "euckr.tsv"):
        with pytest.raises(DataError, match="cannot be read"):
            read_user_dictionary(tmp_path / name)


def test_bad_options() -> None:
    with pytest.raises(OptionError, match="cache_size"):
        Analyser(cache_size=-1)
    with pytest.raises(OptionError, match="num_workers"):
        Analyser(num_workers=0)
    with pytest.raises(OptionError, match="empty"):
        Analyser(user_words=[" "])


def test_many_equals_one_by_one_and_cache_is_bounded() -> None:
    analyser = Analyser(cache_size=2, num_workers=1)
    texts = ["책을 읽다", "", "서울에서", "책을 읽다", "부산으로"]
    assert analyser.analyse_many(texts) == [ANALYSER.analyse(text) for text in texts]
    for text in texts:
        analyser.analyse(text)
    assert len(analyser._cache) == 2
    assert analyser.analyse("부산으로") is analyser.analyse("부산으로")


def test_shared_between_threads() -> None:
    analyser = Analyser(cache_size=3, num_workers=1)
    texts = [f"{n}번 사람이 왔다" for n in range(8)] * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(analyser.analyse, texts)) == [ANALYSER.analyse(text) for text in texts]


def test_kiwi_sentences() -> None:
    text = "봄이 왔다 꽃이 피었다. 참 좋다"
    sentences = split_sentences(text, analyser=ANALYSER)
    assert all(text[s.start : s.end] == s.text for s in sentences)
    assert "".join("".join(s.text.split()) for s in sentences) == "".join(text.split())


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_offsets_stay_inside_arbitrary_text(text: str) -> None:
    reached = 0
    for morpheme in ANALYSER.analyse(text + "\ud800"):
        assert reached <= morpheme.start <= morpheme.end <= len(text) + 1
        reached = morpheme.start
