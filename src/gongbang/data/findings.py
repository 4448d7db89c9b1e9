"""From what a data report counts to what there is to do, in English and Korean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gongbang.data.class_findings import class_findings
from gongbang.data.class_measures import CLASS_TASKS
from gongbang.data.dialogue_findings import dialogue_findings
from gongbang.data.finding import Finding

if TYPE_CHECKING:
    from gongbang.data.checks import CheckReport


def findings(report: CheckReport) -> Iterator[Finding]:
    """What to do about a report, in no order."""
    yield from _row_findings(report)
    yield from _leak_findings(report)
    if report.tokens:
        windows = report.task != "respond"  # which reads a context's end, and has limits of its own
        yield from (f for f in _token_findings(report.tokens) if windows or f.code != "truncation")
    if report.task == "reader" and not report.counts["answerable"]:
        yield Finding(
            "fault",
            "no_answers",
            "No question has an answer, so there is nothing to learn to read: name the column that holds it.",
            "답이 있는 질문이 하나도 없어 읽기를 배울 수 없습니다. 정답이 있는 열을 알려 주세요.",
        )
    if report.answers:
        yield from _answer_findings(report)
    if report.task in CLASS_TASKS:
        yield from class_findings(report)
    if report.dialogue:
        yield from dialogue_findings(report)
    if "unknown" in report.counts["licences"]:
        n = report.counts["licences"]["unknown"]
        yield Finding(
            "note",
            "licence",
            f"{n} records name no licence: find out before publishing a model.",
            f"레코드 {n}개에 이용 허락 표시가 없습니다. 모델을 공개하기 전에 확인하세요.",
        )


def _row_findings(report: CheckReport) -> Iterator[Finding]:
    if n := report.counts["problems"]:
        shown = tuple(str(problem["what"]) for problem in report.problems[:3])
        yield Finding(
            "fault",
            "rows",
            f"{n} rows were kept out: mend them or accept the loss.",
            f"행 {n}개를 읽지 못했습니다. 고치거나 빼기로 정하세요.",
            shown,
        )
    if n := report.counts["repeated"]:
        shown = tuple(" = ".join(ids[:4]) for ids in report.repeated[:3])
        en, ko = _repeated(report.task, n)
        yield Finding("warning", "repeated", en, ko, shown)
    if n := report.counts["near_duplicates_apart"]:
        pairs = [pair for pair in report.near_duplicates if not pair["same_group"]]
        shown = tuple(f"{p['first']} ~ {p['second']} ({p['similarity']})" for p in pairs[:3])
        yield Finding(
            "warning",
            "near_duplicates",
            f"{n} near-duplicate texts are in different groups: join their groups first.",
            f"거의 같은 글 {n}쌍이 서로 다른 묶음에 있습니다. 나누기 전에 한 묶음으로 만드세요.",
            shown,
        )


def _repeated(task: str, n: int) -> tuple[str, str]:
    """What stands there again, in English and Korean."""
    if task in CLASS_TASKS:
        return (
            f"{n} texts stand there again with the same label: drop the copies.",
            f"같은 글이 같은 라벨로 되풀이되는 것이 {n}개 있습니다. 하나만 남기세요.",
        )
    if task == "respond":
        return (
            f"{n} contexts stand there again with the same response: drop the copies.",
            f"같은 말에 같은 대답이 되풀이되는 것이 {n}개 있습니다. 하나만 남기세요.",
        )
    return (
        f"{n} questions are asked again of the same text: drop the copies.",
        f"같은 글에 같은 질문이 {n}번 되풀이됩니다. 하나만 남기세요.",
    )


def _leak_findings(report: CheckReport) -> Iterator[Finding]:
    kinds = report.leaks.get("by_kind", {})
    if kinds:
        said = ", ".join(f"{n} by {kind}" for kind, n in kinds.items())
        shown = tuple(f"{leak['train']} | {leak['test']}" for leak in report.leaks["examples"][:3])
        yield Finding(
            "fault",
            "leak",
            f"The two sets leak ({said}): split again by group.",
            f"두 자료가 겹칩니다({said}). 묶음 단위로 다시 나누세요.",
            shown,
        )
    if n := report.leaks.get("near_duplicates_found"):
        shown = tuple(
            f"{p['train']} ~ {p['test']} ({p['similarity']})" for p in report.leaks["near_duplicates"][:3]
        )
        yield Finding(
            "warning",
            "near_leak",
            f"{n} near-duplicates stand on both sides: drop them from one.",
            f"거의 같은 글 {n}쌍이 양쪽에 있습니다. 한쪽에서 빼세요.",
            shown,
        )


def _token_findings(tokens: dict[str, Any]) -> Iterator[Finding]:
    cut = tokens["truncated"]["share"]
    if cut > 0.01:
        yield Finding(
            "warning",
            "truncation",
            f"{cut:.1%} of records are longer than {tokens['max_length']} tokens: use windows with a stride.",
            f"레코드의 {cut:.1%}가 {tokens['max_length']}토큰보다 깁니다. 겹치는 창으로 나누어 읽으세요.",
        )
    if n := tokens.get("span_truncated", {}).get("n"):
        yield Finding(
            "warning",
            "span_truncation",
            f"{n} records have a marked word beyond {tokens['max_length']} tokens: it would never be read.",
            f"표시한 낱말이 {tokens['max_length']}토큰 밖에 있는 레코드가 {n}개 있습니다.",
        )
    share = tokens["unknown"]["tokens"]["share"]
    if share > 0.001:
        level = "fault" if share > 0.05 else "warning"
        yield Finding(
            level,
            "unknown",
            f"{share:.2%} of tokens are unknown: tokenizer and language may not fit.",
            f"토큰의 {share:.2%}가 사전에 없습니다. 토크나이저가 이 언어에 맞는지 보세요.",
            (" ".join(list(tokens["unknown"]["most_frequent"])[:10]),),
        )
    for script, found in tokens["unknown"]["by_script"].items():
        if found["share"] > 0.05 and found["characters"] >= 20:
            yield Finding(
                "warning",
                f"unknown_{script}",
                f"{found['share']:.1%} of {script} characters are unknown: convert them.",
                f"{script} 글자의 {found['share']:.1%}가 사전에 없습니다. 바꾸거나 사전을 늘리세요.",
            )


def _answer_findings(report: CheckReport) -> Iterator[Finding]:
    names = {
        "blank_at_border": ("answers begin or end with a blank", "정답 앞뒤에 빈칸이 있습니다"),
        "unpaired_bracket": (
            "answers hold a bracket or quote without its partner",
            "정답의 괄호나 따옴표가 짝이 맞지 않습니다",
        ),
        "starts_within_a_word": ("answers begin within a word", "정답이 낱말 가운데에서 시작합니다"),
        "over_a_line_end": ("answers run over a line end", "정답이 줄을 넘어갑니다"),
        "offset_guessed": (
            "answers had no offset and stand in several places",
            "정답 위치가 없어 여러 곳에 표시했습니다",
        ),
    }
    for kind, ids in report.span_faults.items():
        en, ko = names[kind]
        yield Finding(
            "warning",
            kind,
            f"{len(ids)} {en}: look at them.",
            f"{ko}: {len(ids)}개. 살펴보세요.",
            tuple(ids[:5]),
        )
    bias = report.answers
    if bias["is_title"]["share"] > 0.3:
        yield Finding(
            "warning",
            "title_bias",
            f"{bias['is_title']['share']:.0%} of answers are the title itself.",
            f"정답의 {bias['is_title']['share']:.0%}가 제목과 같습니다.",
        )
    if bias["first_tenth"]["share"] > 0.4:
        yield Finding(
            "warning",
            "position_bias",
            f"{bias['first_tenth']['share']:.0%} of answers stand in the first tenth of their text.",
            f"정답의 {bias['first_tenth']['share']:.0%}가 글의 첫 십분의 일에 있습니다.",
        )
    if bias["in_question"]["share"] > 0.05:
        yield Finding(
            "warning",
            "answer_in_question",
            f"{bias['in_question']['share']:.0%} of answers stand in their question.",
            f"정답의 {bias['in_question']['share']:.0%}가 질문 안에 있습니다.",
        )
    if not report.counts["unanswerable"]:
        yield Finding(
            "note",
            "no_unanswerable",
            "No question is without an answer: a reader trained on this alone cannot say so.",
            "답이 없는 질문이 하나도 없습니다. 이것만으로는 '답 없음'을 배울 수 없습니다.",
        )
