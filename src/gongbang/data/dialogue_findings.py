"""What there is to do about contexts and responses, in English and Korean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gongbang.data.finding import Finding

if TYPE_CHECKING:
    from gongbang.data.checks import CheckReport

_MANY = 0.1  # share of the ten most frequent responses from which they deserve a note
_SHOWN = 3


def dialogue_findings(report: CheckReport) -> Iterator[Finding]:
    """What to do about the dialogues of a report, in no order."""
    found = report.dialogue
    if n := found["several"]:
        yield Finding(
            "note",
            "several_responses",
            f"{n} contexts have several right responses: none of them is drawn as a wrong one.",
            f"맞는 대답이 여럿인 말이 {n}개 있습니다. 그 대답들은 틀린 보기로 뽑지 않습니다.",
        )
    frequent = found["frequent"]
    if frequent["share"] >= _MANY:
        yield Finding(
            "note",
            "frequent_responses",
            f"{frequent['share']:.0%} of the responses are one of {len(frequent['responses'])}: "
            "see that a model does not say them to everything.",
            f"대답의 {frequent['share']:.0%}가 {len(frequent['responses'])}가지 가운데 하나입니다. "
            "모델이 아무 말에나 그렇게 답하지 않는지 보세요.",
            tuple(f"{text[:60]} ({n})" for text, n in list(frequent["responses"].items())[:_SHOWN]),
        )
    if limits := found.get("limits"):
        context, response = (limits[name]["proposed"] for name in ("max_context", "max_response"))
        yield Finding(
            "note",
            "limits",
            f"99 % of the texts stay whole with max_context {context} and max_response {response} "
            "(prefixes not counted).",
            f"max_context {context}, max_response {response}이면 글의 99 %가 잘리지 않습니다(앞붙임말 제외).",
        )
