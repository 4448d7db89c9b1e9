"""What a chatbot does not answer by itself: words of distress, to which it names people who help.

The list is short and plain on purpose: it is read before any model is asked, so that no model can talk it
away. Numbers are those of the Republic of Korea: 109 (suicide prevention, all day; Ministry of Health and
Welfare, since January 2024), 1366 (violence against women), 112 and 119 in an emergency.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_BLANKS = re.compile(r"[\s.,!?~…·'\"]+")


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """Words that must not be answered by a model, and what is said instead.

    ``words`` are looked for with blanks and marks taken out; ``unless`` are words that hold one of them and
    mean something else.
    """

    name: str
    words: tuple[str, ...]
    reply: str
    unless: tuple[str, ...] = ()


RULES: tuple[SafetyRule, ...] = (
    SafetyRule(
        "self-harm",
        (
            "죽고싶",
            "죽어버리고싶",
            "자살하고싶",
            "자살할",
            "자살방법",
            "극단적인선택",
            "목숨을끊",
            "살기싫",
            "사라지고싶",
            "자해하고싶",
            "자해했",
        ),
        "많이 힘드셨겠어요. 혼자 견디지 않으셔도 됩니다. 자살예방 상담전화 109에서 24시간 이야기를"
        " 들어 드립니다. 지금 위험하다면 119나 112에 바로 연락해 주세요.",
        unless=("배고파죽고싶", "웃겨죽고싶"),
    ),
    SafetyRule(
        "violence",
        ("때려요살려", "맞고있어요", "폭행당했", "성폭행", "성추행당", "스토킹당", "협박당하고"),
        "위험한 상황이라면 먼저 112에 신고해 주세요. 여성긴급전화 1366에서도 24시간 상담받을 수 있습니다.",
    ),
)
"""The rules, in the order in which they are looked at."""


def safety_reply(text: str, rules: tuple[SafetyRule, ...] = RULES) -> Mapping[str, str] | None:
    """The rule that a text falls under and what is said to it; None where there is none.

    Example:
        >>> safety_reply("이제 정말 죽고 싶다...")["rule"]
        'self-harm'
        >>> safety_reply("배고파 죽고 싶다") is None
        True
    """
    plain = _BLANKS.sub("", text)
    for rule in rules:
        left = plain
        for other in rule.unless:
            left = left.replace(other, "")
        if any(word in left for word in rule.words):
            return {"rule": rule.name, "reply": rule.reply}
    return None
