"""The report page's part on contexts and responses."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from gongbang.data.report_parts import head, histogram, say, table

if TYPE_CHECKING:
    from gongbang.data.checks import CheckReport

_COUNTS = {
    "contexts": ("서로 다른 말", "distinct contexts"),
    "responses": ("서로 다른 대답", "distinct responses"),
    "several": ("대답이 여럿인 말", "contexts with several responses"),
}
_LIMITS = {"max_context": ("문맥", "context"), "max_response": ("대답", "response")}


def dialogue_part(report: CheckReport) -> str:
    """Counts, turns, frequent responses and proposed limits; nothing for another task."""
    found = report.dialogue
    if not found:
        return ""
    counts = table((say(words), f"{found[name]:,}") for name, words in _COUNTS.items())
    frequent = table((escape(text), f"{n:,}") for text, n in found["frequent"]["responses"].items())
    plots = [histogram(found["turns"], ("주고받은 말", "turns of a context"), ("번", "turns"))]
    if "candidates" in found:
        plots.append(histogram(found["candidates"], ("보기", "candidates listed"), ("개", "responses")))
    for name, limit in found.get("limits", {}).items():
        plot = histogram(limit["length"], _LIMITS[name], ("토큰", "tokens"))
        proposed = say((f"제안: {name} {limit['proposed']}", f"proposed: {name} {limit['proposed']}"))
        longer = say((f"더 긴 것 {limit['cut']:,}개", f"{limit['cut']:,} are longer"))
        plots.append(f'<div>{plot}<p class="soft">{proposed} · {longer}</p></div>')
    often = f"<div><h3>{say(('잦은 대답', 'most frequent responses'))}</h3>{frequent}</div>"
    return f'{head("대화", "Dialogues")}<div class="grid"><div>{counts}</div>{"".join(plots)}{often}</div>'
