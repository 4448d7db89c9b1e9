"""The encoder in a masked model's place: it ranks what a thesaurus offers, and measures words for masking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gongbang.augment.copies import augment, copy_of
from gongbang.augment.encoder_words import EncoderFill, EncoderSimilarity, bundled_encoder
from gongbang.augment.masked import InPlaceModel, MaskedModel
from gongbang.augment.table import augmenter
from gongbang.data.records import Record, Span
from gongbang.errors import ArtifactError, OptionError
from tests.augment.koreanish import Filler

ANGLES = {"소설": 0.2, "만화": 0.5, "바위": 1.2}


class Marked:
    """An encoder whose vectors turn away with each of a few words, by an angle of their own."""

    dimension, signature = 2, "marked"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.append(list(texts))
        angles = [sum(angle for word, angle in ANGLES.items() if word in text) for text in texts]
        return np.array([[np.cos(a), np.sin(a)] for a in angles], dtype=np.float32)


class Offers:
    """Knows the same nouns for every other."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def similar(self, noun: str, k: int) -> Sequence[tuple[str, float]]:
        return [(word, 0.5) for word in self.words][:k]


TEXT = "비가 온다. 그 영화는 길다. 밤이 깊다."


def fill(*words: str, **options: object) -> EncoderFill:
    return EncoderFill(Marked(), Offers(*words), **options)  # type: ignore[arg-type]


def test_nouns_are_ranked_by_what_they_leave_of_the_sentence() -> None:
    model = fill("바위", "만화", "소설", least=0.8)
    found = model.instead(TEXT, 9, 11, 5)
    assert [word for word, _ in found] == ["소설", "만화"]
    assert [gain for _, gain in found] == pytest.approx([np.cos(0.2) - 0.8, np.cos(0.5) - 0.8], abs=1e-4)
    assert model.instead(TEXT, 9, 11, 1) == found[:1]
    assert model.encoder.asked[0] == [
        "그 영화는 길다.",
        "그 바위는 길다.",
        "그 만화는 길다.",
        "그 소설은 길다.",
    ]


def test_words_of_the_text_itself_and_too_many_are_not_tried() -> None:
    model = fill("밤", "소설", "만화", candidates=2)
    model.instead(TEXT, 9, 11, 5)
    assert model.encoder.asked == [["그 영화는 길다.", "그 소설은 길다."]]
    assert fill("밤").instead(TEXT, 9, 11, 5) == [] == fill("바위").instead(TEXT, 9, 11, 5)


def test_it_replaces_words_and_is_no_model_of_blanks() -> None:
    model = fill("소설")
    assert isinstance(model, InPlaceModel) and not isinstance(model, MaskedModel)
    assert isinstance(Filler(), MaskedModel) and not isinstance(Filler(), InPlaceModel)
    spans = {"answers": (Span(9, 11, "영화"),)}
    record = Record("1", {"context": "긴 밤이다. 그 영화는 길다. 또 다른 영화가 왔다."}, {})
    made = copy_of(record, "eda-masked-synonym", model=model)
    assert made is not None and made.fields["context"].count("소설") == 1
    held = Record("1", {"context": TEXT}, spans)
    assert "영화" in (copy_of(held, "eda-masked-synonym", model=model) or held).fields["context"]
    masked = Record("1", {"context": "그 영화는 [MASK] 길다"})  # a mask in the text is nothing to it
    assert copy_of(masked, "eda-masked-synonym", model=model) is not None


@pytest.mark.parametrize("options", [{"least": 0}, {"least": 1}, {"candidates": 0}])
def test_options_that_cannot_be_used_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        fill("소설", **options)
    with pytest.raises(OptionError):
        EncoderSimilarity(Marked(), floor=1.0)


def test_similarity_counts_from_its_floor() -> None:
    scores = EncoderSimilarity(Marked(), floor=0.5)("어떤 책인가?", ["책", "만화", "바위"])
    wanted = [1.0, (np.cos(0.5) - 0.5) / 0.5, 0.0]
    assert scores == pytest.approx(wanted, abs=1e-5)


def test_a_similarity_is_named_in_a_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gongbang.augment.encoder_words.bundled_encoder", Marked)
    record = Record(
        "1",
        {"question": "누가 지었나?", "context": "바위 소설 바위 시인이 지었다"},
        {"answers": (Span(9, 11, "시인"),)},
    )
    made = copy_of(record, "context-mask", similarity="encoder", threshold=0.9, most=1)
    assert made is not None and made.fields["context"].split().count("[MASK]") == 1
    assert "바위" in made.fields["context"]
    with pytest.raises(OptionError, match="Did you mean 'encoder'"):
        augmenter("context-mask", similarity="encodr")


def test_a_missing_encoder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gongbang.artifacts.store.known_artifacts", dict)
    from gongbang.augment.encoder_words import _bundled

    _bundled.cache_clear()
    with pytest.raises(ArtifactError, match="not installed"):
        augmenter("eda-masked-synonym", [Record("1", {"text": "봄이 온다"})])
    _bundled.cache_clear()


def test_the_bundled_encoder_knows_the_nearer_word() -> None:
    model = EncoderFill(bundled_encoder(), Offers("자동차", "강아지"), least=0.3)
    text = "고양이가 따뜻한 마루에서 잠을 잔다"
    found = model.instead(text, 0, 3, 2)
    assert [word for word, _ in found] == ["강아지", "자동차"] and found[0][1] - found[1][1] > 0.02
    similar = EncoderSimilarity.bundled()("한글은 누가 만들었나?", ["한글을", "자동차"])
    assert similar[0] > 0.35 > similar[1]


def test_a_recipe_needs_no_option() -> None:
    rows = [
        Record(f"{what}{n}", {"text": f"{n}월에 본 {what} 내용이 참 좋았다"})
        for what in ("영화는", "연극은", "소설은", "만화는")
        for n in range(1, 13)
    ]
    made = augment(rows, "eda-masked-synonym", ratio=1)
    assert len(made.records) > 24
    for record in made.records:
        old = next(row for row in rows if row.id == record.lineage[-1]).fields["text"].split()
        new = record.fields["text"].split()
        [changed] = [(was, now) for was, now in zip(old, new, strict=True) if was != now]
        assert changed[0] != changed[1] and changed[1] in {"영화는", "연극은", "소설은", "만화는"}
    assert augment(rows, "eda-masked-synonym", ratio=1).records == made.records
