"""The games of ``gongbang play`` as people type and read them: a line to a command, an event to lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gongbang.cli.output import style
from gongbang.cli.render import flat

Event = Mapping[str, Any]

_KO = {
    "start": "제가 낱말 하나를 생각했습니다. 갈래는 '{category}'입니다. 스무 번 안에 맞혀 보세요.",
    "help": """그냥 쓰면 예/아니요로 답할 물음입니다. 물음, 힌트, 맞히기가 저마다 한 번씩입니다.
  :정답 낱말    맞혀 보기
  :힌트 물음    다섯 번 뒤부터, 물음에 낱말로 답합니다 (예: :힌트 어디에 쓰나요?)
  :그만         그만두고 정답 보기
  :도움         이 목록""",
    "turns": "{used}번 씀, {left}번 남음",
    "hint": ", 힌트를 물을 수 있음",
    "stood": "{used}번을 쓰고 {left}번이 남았습니다.",
    "keyword": "정답은 '{keyword}'입니다.",
    "log": "무엇을 보고 답했는지 보세요.",
    "no-evidence": "(근거 없음)",
    "mark": "틀린 답이 있으면 번호를 적어 주세요. 예: 2 5=아니요 (없으면 그냥 Enter)",
    "kept": "{count}개의 답을 {path}에 적었습니다.",
    "how-to-keep": "틀린 답을 표시해 남기려면 --feedback FILE을 붙여 시작하세요.",
    "r-start": "낱말 {keywords}개({of}) 가운데 하나를 생각하세요. 제가 묻겠습니다."
    " 예, 아니요, 모름으로 답해 주세요.",
    "r-guess": "{text} 맞나요?",
    "r-found": "{used}번 만에 맞혔습니다!",
    "r-not-found": "스무 번 안에 맞히지 못했습니다.",
    "r-given-up": "여기서 그칩니다. {used}번을 물었습니다.",
    "r-was": "무엇이었나요? (Enter는 건너뛰기)",
    "r-same": "표와 다르게 답하신 것은 없습니다.",
    "r-differs": "표와 다르게 답하신 물음입니다. 표는 저절로 바뀌지 않습니다.",
    "r-new": "제가 모르는 낱말입니다. 넣으려면 문서와 표의 한 줄을 써 주세요.",
    "r-how": "예, 아니요, 모름 가운데 하나로 답해 주세요. 그만두려면 :그만",
    "yes": "예",
    "no": "아니요",
    "unknown": "모름",
}
_EN = {
    "start": "I am thinking of something. Its category is '{category}'. Find it within twenty turns.",
    "help": """Whatever you type is a yes/no question. A question, a hint and a guess take one turn each.
  :guess WORD      guess
  :hint QUESTION   after five turns: an open question, answered in words
  :quit            give up and see the answer
  :help            this list""",
    "turns": "{used} used, {left} left",
    "hint": ", hints are open",
    "stood": "{used} turns used, {left} left.",
    "keyword": "It was '{keyword}'.",
    "log": "This is what the answers rest on.",
    "no-evidence": "(no evidence)",
    "mark": "Which answers were wrong? For example: 2 5=no (Enter if none)",
    "kept": "{count} answers were written to {path}.",
    "how-to-keep": "To mark wrong answers and keep the marks, start with --feedback FILE.",
    "r-start": "Think of one of {keywords} things ({of}). I shall ask; say yes, no or ?.",
    "r-guess": "Is it {text}?",
    "r-found": "Found in {used} turns!",
    "r-not-found": "I have not found it within twenty turns.",
    "r-given-up": "We stop here, after {used} turns.",
    "r-was": "What was it? (Enter to pass)",
    "r-same": "None of your answers differs from the table.",
    "r-differs": "These answers differ from the table, which does not change by itself.",
    "r-new": "I do not know it. To add it, write its document and its row of the table.",
    "r-how": "Say yes, no or ?; :quit gives up.",
    "yes": "yes",
    "no": "no",
    "unknown": "don't know",
}
TEXTS: Mapping[str, Mapping[str, str]] = {"ko": _KO, "en": _EN}
"""Language to the lines of the terminal."""

_COMMANDS = {
    **dict.fromkeys(("정답", "답", "guess", "g"), "guess"),
    **dict.fromkeys(("힌트", "hint"), "hint"),
    **dict.fromkeys(("그만", "끝", "quit", "exit", "q"), "give-up"),
    **dict.fromkeys(("도움", "도움말", "help", "h", "?"), "help"),
}
_COMMAND = re.compile(r":\s*(\S+)\s*(.*)", re.DOTALL)
_LABELLED = re.compile(r"(정답|답|힌트)\s*[:：]\s*(.+)", re.DOTALL)
_WORDS = {
    "yes": "예 네 넵 응 어 그래 그래요 맞아 맞아요 맞음 ㅇ ㅇㅇ y yes o 1",
    "no": "아니요 아니오 아뇨 아니 아니야 틀려요 틀림 ㄴ ㄴㄴ n no x 0",
    "unknown": "모름 모르겠어요 모르겠다 몰라 몰라요 글쎄 글쎄요 ㅁ u unknown ?",
}
_SAID = {word: said for said, words in _WORDS.items() for word in words.split()}
_LABELS = {"yes": "yes", "no": "no", "unknown": "no-answer"}
_MARK = re.compile(r"(\d+)(?:\s*=\s*([^\s,]+))?")


def command_of(line: str) -> dict[str, str]:
    """What a line of the game means; ``{"do": "help"}`` where a command is not known.

    Example:
        >>> command_of(":정답 고래"), command_of("살아 있나요?")
        ({'do': 'guess', 'text': '고래'}, {'do': 'ask', 'text': '살아 있나요?'})
    """
    found = _COMMAND.fullmatch(line.strip()) or _LABELLED.fullmatch(line.strip())
    if found is None:
        return {"do": "ask", "text": line}
    return {"do": _COMMANDS.get(found[1].lower(), "help"), "text": found[2]}


def said_of(line: str) -> str | None:
    """Yes, no or unknown as people say it; None for anything else.

    Example:
        >>> said_of("네!"), said_of("아니요."), said_of("글쎄요"), said_of("고래")
        ('yes', 'no', 'unknown', None)
    """
    return _SAID.get(line.strip().rstrip(".!~").lower())


def marks_of(line: str) -> dict[str, str]:
    """The turns that were marked wrong, with what would have been right.

    Example:
        >>> marks_of("2, 5=아니요")
        {'2': '', '5': 'no'}
    """
    marks = {}
    for number, right in _MARK.findall(line):
        told = said_of(right)
        marks[number] = _LABELS[told] if told else right
    return marks


def started(event: Event, language: str) -> str:
    """The first lines of a game."""
    texts = TEXTS[language]
    return f"{texts['start'].format(category=flat(event['game']['category']))}\n{texts['help']}"


def answered(event: Event, language: str) -> str:
    """An answer, and how many turns are left."""
    texts = TEXTS[language]
    count = texts["turns"].format(**event) + (texts["hint"] if event["hint_open"] else "")
    return f"{style(flat(event['turn']['said']), 'bold')}  {style(f'({count})', 'dim')}"


def ended(event: Event, language: str) -> str:
    """How the game ended, the keyword, and every answer with its evidence."""
    texts, game = TEXTS[language], event["game"]
    lines = [f"{style(game['says'], 'bold')} {texts['stood'].format(**game)}"]
    lines.append(texts["keyword"].format(keyword=flat(game["keyword"])))
    if any(turn["kind"] != "guess" for turn in game["turns"]):
        lines.append(texts["log"])
    for turn in game["turns"]:
        told = turn["read"] or turn["said"]
        lines.append(f"{turn['number']:>3}. {flat(turn['text'])}  {style(flat(told), 'bold')}")
        if turn["kind"] != "guess":
            evidence = turn["evidence"]
            lines.append("     " + (flat(evidence["text"]) if evidence else texts["no-evidence"]))
    return "\n".join(lines)


def asked(event: Event, language: str) -> str:
    """What the machine asks."""
    text = flat(event["text"])
    if event["kind"] == "guess":
        text = TEXTS[language]["r-guess"].format(text=text)
    return f"{event['number']:>2}. {text}"


def told(event: Event, language: str) -> str:
    """What differed from the table."""
    texts = TEXTS[language]
    if not event["known"]:
        return texts["r-new"]
    if not event["contradictions"]:
        return texts["r-same"]
    lines = [texts["r-differs"]]
    for one in event["contradictions"]:
        lines.append(f"  {flat(one['question'])}  {texts[one['said']]} / {texts[one['table']]}")
    return "\n".join(lines)
