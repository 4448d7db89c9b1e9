"""Records of made-up Korean-like text with spans anywhere, and resources for the methods that need one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st

from gongbang.augment.entities import EntityPool
from gongbang.data.records import Record, Span

_WORD_TEXT = (
    "봄은 여름이 서울에서 부산으로 학교를 책과 1950년에 3개가 大韓民國은 (韓國) [MASK] [PER] <b>나무</b>"
    " 안 좋다 않았다. 세종이 장영실에게 명령을 내렸다. 무엇인가? 영화가 배우는 “꽃”을 … 최고, NATO의 나라"
    " , ~ 😀 길었다. 가"
)
_WORDS = tuple(_WORD_TEXT.split())
_BLANKS = (" ", " ", " ", "  ", "\n", "\t")


@st.composite
def texts(draw: st.DrawFn, least: int = 0) -> str:
    words = draw(st.lists(st.sampled_from(_WORDS), min_size=least, max_size=14))
    return "".join(word + draw(st.sampled_from(_BLANKS)) for word in words).removesuffix(" ")


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record of any task, or of several at once: spans may be empty, nested, adjacent, cut into words."""
    main = draw(st.sampled_from(["text", "context"]))
    fields = {main: draw(texts()), "question": draw(texts()), "title": draw(texts())}
    spans: dict[str, tuple[Span, ...]] = {}
    for role in draw(st.lists(st.sampled_from(["answers", "subject", "object", "evidence"]), unique=True)):
        field = draw(st.sampled_from([main, main, "question"]))
        found = []
        for _ in range(draw(st.integers(0, 2))):
            ends = sorted(draw(st.tuples(*[st.integers(0, len(fields[field]))] * 2)))
            found.append(Span(*ends, fields[field][slice(*ends)], field))
        spans[role] = tuple(found)
    labels: dict[str, Any] = {
        "label": draw(st.sampled_from(["no_relation", "per:parents", "org:product", "긍정"]))
    }
    if draw(st.booleans()):
        labels |= {"subject_type": "PER", "object_type": draw(st.sampled_from(["PER", "ORG"]))}
    return Record(
        draw(st.text("ab~", min_size=1, max_size=3)), fields, spans, labels, group="g", lineage=("z",)
    )


class Filler:
    """A masked model that knows three words, and refuses a text in which the blank is not plain."""

    mask = "[MASK]"

    def fill(self, text: str, k: int) -> Sequence[tuple[str, float]]:
        assert text.count(self.mask) == 1
        return [(".", 0.5), ("바다", 0.3), ("산", 0.2)][:k]


class Pairs:
    """Knows one similar noun each."""

    def similar(self, noun: str, k: int) -> Sequence[tuple[str, float]]:
        return {"영화": [("연극", 0.9)], "배우": [("가수", 0.8)], "학교": [("대학", 0.7)]}.get(noun, [])


class Mirror:
    """A translator that turns the words round on the way back, the brackets with them."""

    name, version = "mirror", "1"
    options: ClassVar[dict[str, Any]] = {}

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Any]:
        return [" ".join(reversed(text.split())) if target == "ko" else text for text in texts]


RESOURCES: dict[str, dict[str, Any]] = {
    "eda-synonym": {"synonyms": Pairs()},
    "eda-masked-synonym": {"model": Filler()},
    "eda-masked-insertion": {"model": Filler()},
    "back-translate": {"provider": Mirror()},
    "entity-replace": {"pool": EntityPool({"PER": ("정조", "문종"), "ORG": ("규장각",)})},
}
