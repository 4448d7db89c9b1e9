"""Where errors gather: scores by what records have in common."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gongbang.artifacts.stages import RIGHT
from gongbang.data.records import Record

QUESTION_WORDS: Mapping[str, tuple[str, str]] = {
    # A word that only ends or begins another (임진왜란, 누가복음) is no question word.
    "who": ("누구", r"누구|누가(?![가-힣])|누굴|누군"),
    "when": ("언제", r"언제"),
    "where": ("어디", r"어디|어딘"),
    "why": ("왜", r"(?<![가-힣])왜(?![가-힣])"),
    "how": ("어떻게", r"어떻게|어찌"),
    "how_many": ("몇·얼마", r"몇|얼마"),
    "what": ("무엇", r"무엇|무슨|뭐|뭘|뭔|어떤|어느"),
}
"""Question words: the Korean label and the pattern of each kind."""

# More than half of the questions of KorQuAD have no question word and end with the noun they ask for:
# "… 를 지은 사람은?", "… 이 열린 곳의 이름은?"
_ASKED_FOR: Mapping[str, str] = {
    "who": "사람|인물|인물명|감독|작가|저자|배우|가수|선수|왕|대통령|총리|장관|의원|국회의원|"
    "정치인|교수|장군|작곡가|화가|학자|인|분|본명",
    "when": "연도|년도|해|날|날짜|일자|시기|때|연월일|년|월|시간|시대|세기",
    "where": "곳|장소|나라|국가|도시|지역|지방|위치|지명|고향|출생지|수도|학교|대학|대학교|경기장",
    "how_many": "수|갯수|인원|나이|횟수|금액|비율|숫자|개수|가격|길이|거리|높이|무게|넓이|면적|"
    "기간|순위|점수|명",
    "why": "이유|까닭|원인|계기|동기",
    # Any other noun with a topic particle, or a name: a thing is asked for.
    "what": r"[가-힣]*이름|[가-힣]*명칭|것|.*[가-힣A-Za-z0-9](?=[은는])",
}
_ASKED = {
    kind: re.compile(rf"(?<![가-힣])(?:{nouns})(?:의)? ?(?:이름|명칭)?(?:은|는|이|가)? ?[?？.]*$")
    for kind, nouns in _ASKED_FOR.items()
}

DIMENSIONS: Mapping[str, tuple[str, str]] = {
    "question_word": ("question word", "의문사"),
    "answer_length": ("answer length, characters", "정답 길이(글자)"),
    "context_length": ("context length, characters", "지문 길이(글자)"),
}
_ANSWER_EDGES = (3, 6, 12)
_CONTEXT_EDGES = (400, 600, 1000)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question: "right" or the stage that failed, its F1 in [0, 1], and its group."""

    stage: str
    f1: float
    group: str = ""

    @property
    def right(self) -> bool:
        return self.stage == RIGHT


class Judged(Protocol):
    """What became of one record, of whatever task."""

    @property
    def right(self) -> bool: ...

    @property
    def f1(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Slice:
    """Scores of the questions that share one value of one dimension; both scores are in [0, 1]."""

    dimension: str
    key: str
    n: int
    wrong: int
    exact_match: float
    f1: float


def question_word(question: str) -> str:
    """The kind of the first question word, or else of the noun that the question ends with.

    Gives "other" where neither tells.

    Example:
        >>> question_word("임진왜란은 언제 일어났는가?"), question_word("그 책을 지은 사람은?")
        ('when', 'who')
    """
    found = [
        (match.start(), kind)
        for kind, (_, pattern) in QUESTION_WORDS.items()
        if (match := re.search(pattern, question))
    ]
    if found:
        return min(found)[1]
    return next((kind for kind, asked in _ASKED.items() if asked.search(question.strip())), "other")


def bucket(length: int, edges: tuple[int, ...]) -> str:
    """The name of the range that a length falls into.

    Example:
        >>> bucket(4, (3, 6)), bucket(7, (3, 6))
        ('4-6', '7+')
    """
    low = 0
    for edge in edges:
        if length <= edge:
            return f"{low}-{edge}"
        low = edge + 1
    return f"{low}+"


def describe(record: Record) -> dict[str, str]:
    """The slice that a record falls into, by dimension."""
    shortest = min((len(span.text) for span in record.answers), default=None)
    return {
        "question_word": question_word(record.fields.get("question", "")),
        "answer_length": "no answer" if shortest is None else bucket(shortest, _ANSWER_EDGES),
        "context_length": bucket(len(record.fields.get("context", "")), _CONTEXT_EDGES),
    }


def slice_scores(
    outcomes: Mapping[str, Judged],
    kinds: Mapping[str, Mapping[str, str]],
    dimensions: Iterable[str] = DIMENSIONS,
) -> tuple[Slice, ...]:
    """Scores of every slice, by dimension and then in the natural order of its keys.

    Args:
        outcomes: what became of each record, by id.
        kinds: the slice that each record falls into, by id and dimension.
        dimensions: every dimension, in the order in which they are given.
    """
    order = {dimension: at for at, dimension in enumerate(dimensions)}
    grouped: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for id_, outcome in outcomes.items():
        for dimension, key in kinds[id_].items():
            grouped[dimension, key].append(outcome)
    places = sorted(grouped, key=lambda place: (order[place[0]], *_natural(place[1])))
    return tuple(_slice(*place, grouped[place]) for place in places)


def _slice(dimension: str, key: str, outcomes: list[Judged]) -> Slice:
    n = len(outcomes)
    right = sum(outcome.right for outcome in outcomes)
    return Slice(dimension, key, n, n - right, right / n, sum(o.f1 for o in outcomes) / n)


def _natural(key: str) -> tuple[int, str]:
    words = [*QUESTION_WORDS, "other"]
    number = re.match(r"\d+", key)
    rank = words.index(key) if key in words else int(number.group()) if number else -1
    return rank, key
