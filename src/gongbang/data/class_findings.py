"""What there is to do about labels, in English and Korean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gongbang.data.class_measures import RARE, shortcuts
from gongbang.data.finding import Finding

if TYPE_CHECKING:
    from gongbang.data.checks import CheckReport

_GAIN = 0.15  # of accuracy over the constant answer, from which a rule of thumb is worth a warning


def class_findings(report: CheckReport) -> Iterator[Finding]:
    """What to do about the labels of a report, in no order."""
    yield from _labels(report)
    yield from _contradictions(report)
    yield from _suspects(report.suspects)
    for dimension, rule in shortcuts(report.slices).items():
        if rule["by_slice"] - rule["majority"] >= _GAIN and report.task != "emotions":
            yield Finding(
                "warning",
                "shortcut",
                f"'{dimension}' alone gives the label away on {rule['by_slice']:.0%} of the records "
                f"(always one answer: {rule['majority']:.0%}): balance it, or judge on each part apart.",
                f"'{dimension}'만 보아도 {rule['by_slice']:.0%}의 라벨을 맞힙니다(한 가지 답: "
                f"{rule['majority']:.0%}). 고르게 맞추거나 부분마다 따로 재세요.",
            )
    if report.types:
        yield from _types(report.types)


def _labels(report: CheckReport) -> Iterator[Finding]:
    classes = report.classes
    labels: dict[str, Any] = classes["labels"]
    if not classes["labelled"] or not labels:
        yield Finding(
            "fault",
            "no_labels",
            "No record carries a label: name the column that holds it.",
            "라벨이 있는 레코드가 하나도 없습니다. 라벨이 있는 열을 알려 주세요.",
        )
        return
    if len(labels) == 1 and report.task != "emotions":
        yield Finding(
            "fault",
            "one_label",
            f"Every record is labelled '{next(iter(labels))}': there is nothing to tell apart.",
            f"모든 라벨이 '{next(iter(labels))}' 하나여서 가를 것이 없습니다.",
        )
    if n := classes["unlabelled"]:
        yield Finding(
            "warning",
            "unlabelled",
            f"{n} records carry no label: label them, or leave them out of training.",
            f"레코드 {n}개에 라벨이 없습니다. 붙이거나 학습에서 빼세요.",
        )
    if rare := classes["rare"]:
        yield Finding(
            "warning",
            "rare_labels",
            f"{len(rare)} labels have fewer than {RARE} examples: collect more, or merge or drop them.",
            f"라벨 {len(rare)}개는 예가 {RARE}개보다 적습니다. 더 모으거나, 합치거나, 빼세요.",
            tuple(f"{label} ({labels[label]['n']})" for label in rare[:5]),
        )
    top, most = next(iter(labels.items()))
    if report.task != "emotions" and len(labels) > 1:
        level = "warning" if most["share"] >= 0.8 else "note"
        yield Finding(
            level,
            "majority",
            f"Always answering '{top}' is right on {most['share']:.1%}: a model must do better, "
            "and is best judged by F1.",
            f"늘 '{top}'이라고만 답해도 {most['share']:.1%}를 맞힙니다. 그보다 나은지 F1로 재세요.",
        )
    if report.task == "boolq" and "no-answer" not in labels:
        yield Finding(
            "note",
            "no_no_answer",
            "No question is without an answer: train with passages of other questions added, "
            "or the model will always say yes or no.",
            "답이 없는 질문이 하나도 없습니다. 다른 질문의 글을 섞지 않으면 언제나 예/아니요로만 답합니다.",
        )
    if n := classes.get("without_any", 0):
        yield Finding(
            "note",
            "without_any",
            f"{n} records say that no label holds: see that this is meant.",
            f"레코드 {n}개에는 아무 라벨도 없다고 되어 있습니다. 뜻한 것인지 확인하세요.",
        )


def _contradictions(report: CheckReport) -> Iterator[Finding]:
    if n := report.counts["contradictions"]:
        shown = tuple(
            f"{row['text'][:60]}: "
            + " / ".join(f"{label} ({len(ids)})" for label, ids in row["labels"].items())
            for row in report.contradictions[:3]
        )
        yield Finding(
            "note" if report.task == "emotions" else "warning",
            "contradictions",
            f"{n} texts occur with different labels: decide on one, or drop them.",
            f"같은 글인데 라벨이 다른 것이 {n}개 있습니다. 하나로 정하거나 빼세요.",
            shown,
        )


def _suspects(found: dict[str, Any]) -> Iterator[Finding]:
    if not found:
        return
    if n := found["found"]:
        yield Finding(
            "warning",
            "suspects",
            f"{n} of {found['judged']} labels are doubtful: look at the first of them by hand.",
            f"라벨 {found['judged']}개 가운데 {n}개가 의심스럽습니다. 앞에서부터 직접 보세요.",
            tuple(
                f"{row['id']}: {row['given'] or '-'} → {row['suggested'] or '-'}: {row['text'][:50]}"
                for row in found["examples"][:3]
            ),
        )
    elif found.get("why_not") == "cannot_judge":
        yield Finding(
            "note",
            "suspects_unknown",
            "A quick model of letters cannot do this task, so no label was doubted: "
            "check again with --oof RUN when there are out-of-fold predictions.",
            "글자만 보는 간단한 모델로는 이 과제를 판단할 수 없어 라벨을 의심하지 않았습니다. "
            "폴드 밖 예측이 생기면 --oof RUN으로 다시 확인하세요.",
        )
    both = found.get("by_field", {})
    for name, accuracy in both.items():
        if name != "context" and accuracy - found["majority"] >= _GAIN:
            yield Finding(
                "warning",
                "one_sided",
                f"'{name}' alone gives the label away on {accuracy:.0%} (always one answer: "
                f"{found['majority']:.0%}): a model may never read the other text.",
                f"'{name}'만 보아도 라벨의 {accuracy:.0%}를 맞힙니다(한 가지 답: {found['majority']:.0%}). "
                "모델이 다른 글을 읽지 않게 될 수 있습니다.",
            )


def _types(types: dict[str, Any]) -> Iterator[Finding]:
    if ids := types["without_spans"]:
        yield Finding(
            "fault",
            "without_spans",
            f"{len(ids)} records lack the span of the subject or the object: mark both.",
            f"레코드 {len(ids)}개에 주어나 목적어 위치가 없습니다. 둘 다 표시하세요.",
            tuple(ids[:5]),
        )
    if ids := types["overlapping"]:
        yield Finding(
            "note",
            "overlapping",
            f"{len(ids)} records have a subject and an object that overlap: see that this is meant.",
            f"주어와 목적어가 겹치는 레코드가 {len(ids)}개 있습니다. 뜻한 것인지 확인하세요.",
            tuple(ids[:5]),
        )
    if lonely := types["lonely"]:
        yield Finding(
            "note",
            "lonely_types",
            f"{len(lonely)} times a label has a pair of types that it has nowhere else: probably slips.",
            f"라벨에 한 번만 나오는 유형 짝이 {len(lonely)}개 있습니다. 잘못 단 것인지 보세요.",
            tuple(f"{row['id']}: {row['label']}, {row['types']}" for row in lonely[:3]),
        )
