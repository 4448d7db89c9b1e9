"""Players and models for games without models: answers by rule, keywords that share nothing with them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from gongbang.apps.twenty_questions import Keyword, Keywords, Told, TwentyQuestions

ANSWERS = ("yes", "no", "no-answer")


@dataclass
class Scripted:
    """Answers by the hash of the question, its evidence the document's beginning; keeps what it was asked."""

    name: str = "scripted"
    hash: str = "0" * 64
    asked: list[tuple[str, str]] = field(default_factory=list)

    def ask(self, id: str, question: str, keyword: Keyword) -> Told:
        self.asked.append((id, question))
        answer = ANSWERS[zlib.crc32(question.encode()) % 3]
        evidence = keyword.document[:40]
        return Told(answer, 0.75, evidence, 0, len(evidence))


@dataclass
class Blabbing:
    """A reader that answers with whatever it is told to, ``{}`` being the keyword, its aliases in turn."""

    template: str = "{}의 새끼"
    name: str = "blabbing"
    hash: str = "1" * 64
    count: int = 0

    def ask(self, id: str, question: str, keyword: Keyword) -> Told:
        names = (keyword.name, *keyword.aliases)
        self.count += 1
        answer = self.template.format(names[self.count % len(names)])
        return Told(answer, 0.5, keyword.document[:40], 0, 40)


def small_keywords() -> Keywords:
    """Three keywords in two categories."""
    return Keywords(
        (
            Keyword("고래", "바다 것", "고래는 바다에 산다. 고래는 젖을 먹인다. " * 3, ("whale", "고래류")),
            Keyword(
                "등대", "바다 것", "등대는 밤에 불을 밝힌다. 등대는 바닷가에 있다. " * 3, ("lighthouse",)
            ),
            Keyword(
                "세탁기",
                "살림",
                "세탁기는 옷을 빤다. 세탁기는 전기로 움직인다. " * 3,
                ("washer", "빨래 기계"),
            ),
        )
    )


def engine(keywords: Keywords | None = None, template: str = "{}의 새끼") -> TwentyQuestions:
    """An engine over scripted models."""
    return TwentyQuestions(keywords or small_keywords(), Scripted(), Blabbing(template))
