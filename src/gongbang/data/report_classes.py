"""The parts of the report that show labels: counts, slices, types, suspects, contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from gongbang.data.report_parts import Words, head, histogram, say, table

if TYPE_CHECKING:
    from gongbang.data.checks import CheckReport

_LABELS = 60  # that the page lists
_PARTS = 3  # labels that are named for a slice
_DIMENSIONS: Mapping[str, Words] = {
    "length": ("길이(글자)", "length, characters"),
    "hanja": ("한자가 있는 글", "texts with Hanja"),
    "source": ("출처", "source"),
}
_WHY_NOT: Mapping[str, Words] = {
    "cannot_judge": (
        "글자만 보는 간단한 모델은 이 과제에서 한 가지 답보다 크게 낫지 않아, 라벨을 의심하지 않았습니다.",
        "A quick model of letters is hardly better at this than a constant answer: it doubted no label.",
    ),
    "few_labels": ("예가 넉넉한 라벨이 모자랍니다.", "Too few labels have enough examples."),
    "few_groups": ("묶음이 모자라 폴드로 나눌 수 없습니다.", "There are too few groups to make folds of."),
}


def classes_part(report: CheckReport) -> str:
    """How often each label occurs."""
    if not report.classes:
        return ""
    found = report.classes
    labels: Mapping[str, Mapping[str, Any]] = found["labels"]
    names = [("라벨", "label"), ("수", "n"), ("비율", "share")]
    several = any("alone" in counted for counted in labels.values())
    if several:
        names.append(("혼자", "alone"))
    rows = [
        [escape(label), f"{counted['n']:,}", f"{counted['share']:.1%}"]
        + ([f"{counted['alone']:,}"] if several else [])
        for label, counted in list(labels.items())[:_LABELS]
    ]
    sides = [
        (say(("라벨 있는 레코드", "labelled records")), f"{found['labelled']:,}"),
        (say(("라벨 없는 레코드", "records without a label")), f"{found['unlabelled']:,}"),
        (say(("서로 다른 라벨", "distinct labels")), f"{len(labels):,}"),
    ]
    if "without_any" in found:
        sides.append((say(("맞는 라벨이 없는 것", "no label holds")), f"{found['without_any']:,}"))
    plot = (
        histogram(found["per_record"], ("레코드의 라벨 수", "labels of a record"), ("개", "labels"))
        if several
        else ""
    )
    more = _more(len(labels), _LABELS)
    return (
        f'{head("라벨", "Labels")}<div class="grid"><div>{grid(names, rows)}{more}</div>'
        f"<div>{table(sides)}</div>{plot}</div>"
    )


def slices_part(report: CheckReport) -> str:
    """Which labels each slice holds."""
    if not report.slices:
        return ""
    parts = []
    for dimension, found in report.slices.items():
        rows = [
            [escape(value) or "-", f"{part['n']:,}", _shares(part["labels"])] for value, part in found.items()
        ]
        name = _DIMENSIONS.get(dimension, (dimension, dimension))
        names = [name, ("수", "n"), ("많은 라벨", "most frequent labels")]
        parts.append(f"<div>{grid(names, rows, numeric=(1,))}</div>")
    return f'{head("부분별 라벨", "Slices")}<div class="grid">{"".join(parts)}</div>'


def _shares(labels: Mapping[str, int]) -> str:
    total = sum(labels.values())
    shown = [f"{escape(label)} {n / total:.0%}" for label, n in list(labels.items())[:_PARTS]]
    return ", ".join(shown) + (" …" if len(labels) > _PARTS else "")


def types_part(report: CheckReport) -> str:
    """The pairs of types that each relation has."""
    if not report.types:
        return ""
    rows = [
        [escape(label), ", ".join(f"{escape(pair)} ({n:,})" for pair, n in list(pairs.items())[:6])]
        for label, pairs in report.types["by_label"].items()
    ]
    names = [("관계", "relation"), ("유형 짝", "types of subject and object")]
    return head("유형", "Types") + grid(names, rows, numeric=())


def suspects_part(report: CheckReport) -> str:
    """The labels that are doubted, or why none was."""
    found = report.suspects
    if not found:
        return ""
    title = head("의심스러운 라벨", "Label suspects")
    note = "".join(f'<p class="soft">{say(words)}</p>' for words in _how(found))
    if why := found.get("why_not"):
        return f"{title}{note}<p>{say(_WHY_NOT[why])}</p>"
    if not found["examples"]:
        return f"{title}{note}<p>{say(('의심스러운 라벨이 없습니다.', 'No label is doubted.'))}</p>"
    names = [
        ("레코드", "record"),
        ("라벨", "label"),
        ("아마도", "probably"),
        ("차이", "margin"),
        ("글", "text"),
    ]
    rows = [
        [
            f"<code>{escape(row['id'])}</code>",
            escape(row["given"]) or "-",
            escape(row["suggested"]) or "-",
            f"{row['margin']:+.2f}",
            escape(row["text"]),
        ]
        for row in found["examples"]
    ]
    return title + note + grid(names, rows, numeric=(3,)) + _more(found["found"], len(rows))


def _how(found: Mapping[str, Any]) -> Iterable[Words]:
    """What the probabilities are from, and how good they are."""
    rows, of = f"{found['judged']:,}", f"{found['of']:,}"
    if found["how"] == "run":
        yield (
            f"실행의 폴드 밖 예측으로 {of}개 가운데 {rows}개를 보았습니다.",
            f"By a run's predictions, for {rows} of {of}.",
        )
    else:
        yield (
            f"글자 1-3개 단위의 나이브 베이즈를 다섯 폴드로 배워 {of}개 가운데 {rows}개를 보았습니다.",
            f"By naive Bayes over 1 to 3 letters in five folds, for {rows} of {of}.",
        )
    if "accuracy" in found:
        yield (
            f"정확도 {found['accuracy']:.1%}, 한 가지 답은 {found['majority']:.1%}.",
            f"Accuracy {found['accuracy']:.1%}, one constant answer {found['majority']:.1%}.",
        )
    if found.get("by_field"):
        said = ", ".join(f"{name} {accuracy:.1%}" for name, accuracy in found["by_field"].items())
        yield f"한쪽 글만 볼 때: {said}.", f"With one text alone: {said}."
    if found.get("trusted"):
        said = ", ".join(found["trusted"])
        yield f"판단한 라벨: {said}.", f"Labels that it could judge: {said}."


def contradictions_part(report: CheckReport) -> str:
    """The same text under different labels."""
    if not report.contradictions:
        return ""
    rows = [
        [
            escape(row["text"]),
            "<br>".join(
                f"{escape(label) or '-'}: " + " ".join(f"<code>{escape(id)}</code>" for id in ids[:4])
                for label, ids in row["labels"].items()
            ),
        ]
        for row in report.contradictions
    ]
    names = [("글", "text"), ("라벨과 레코드", "labels and records")]
    more = _more(report.counts["contradictions"], len(rows))
    return head("같은 글, 다른 라벨", "Same text, other label") + grid(names, rows, numeric=()) + more


def grid(names: Sequence[Words], rows: Iterable[Sequence[str]], *, numeric: Sequence[int] = (1, 2, 3)) -> str:
    """A table with a heading; cells are HTML already.

    Args:
        names: the columns.
        rows: as many cells as columns.
        numeric: numbers of the columns that hold numbers.
    """
    top = "".join(f"<th>{say(name)}</th>" for name in names)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="n">{cell}</td>' if at in numeric else f"<td>{cell}</td>"
            for at, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{top}</tr>{body}</table>"


def _more(found: int, listed: int) -> str:
    if found <= listed:
        return ""
    return f'<p class="soft">{say((f"그 밖에 {found - listed:,}개", f"and {found - listed:,} more"))}</p>'
