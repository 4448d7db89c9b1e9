"""Filters that judge made records against each other, against all originals, or as a set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gongbang.augment.filters import Verdict
from gongbang.augment.origins import TEXTS, check_share, method_of, target_of, texts_of
from gongbang.data.near_duplicates import jaccard, near_duplicates
from gongbang.data.records import Record
from gongbang.errors import OptionError

_KEEP = Verdict(True)
_LOOSER = 0.15  # candidates are sought on all fields in one, where a long one outweighs the others


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Drops rows whose fields equal those of an original or of a made row before them.

    Blanks, case and width do not count, punctuation does. Where such a pair has another label or answer
    the row is not only useless but contradicts what is known; the reason says so.
    """

    name: ClassVar[str] = "duplicates"

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        first: dict[tuple[tuple[str, str], ...], Record] = {}
        for record in originals:
            first.setdefault(_key(record), record)
        verdicts = []
        for record in made:
            other = first.setdefault(_key(record), record)
            if other is record:
                verdicts.append(_KEEP)
                continue
            agree = target_of(record) == target_of(other)
            reason = f"equal to '{other.id}'" + ("" if agree else ", with another label or answer")
            verdicts.append(Verdict(False, reason))
        return verdicts


def _key(record: Record) -> tuple[tuple[str, str], ...]:
    return tuple(texts_of(record).items())


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Drops rows that share most 5-grams of every field with a made row before them, or with an original.

    A row's own originals are left out: being like them is what a copy is for. So are rows with another
    label or answer, which show what makes the difference. Punctuation does not count; copies that differ
    from one original in punctuation alone are compared with others, but not with each other.

    Args:
        threshold: of the Jaccard similarity of the least similar field, in [0.65, 1].

    Raises:
        OptionError: a threshold out of range.
    """

    name: ClassVar[str] = "near-duplicates"
    threshold: float = 0.9

    def __post_init__(self) -> None:
        check_share("threshold", self.threshold, least=0.65)

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        rows = [*originals, *made]
        found = near_duplicates([_text(record) for record in rows], self.threshold - _LOOSER)
        likes: dict[int, list[int]] = defaultdict(list)
        for pair in found:
            first, second = sorted((pair.first, pair.second))
            likes[second].append(first)
        gone: set[int] = set()
        verdicts = []
        for index, record in enumerate(made, start=len(originals)):
            verdict = _KEEP
            for other in sorted(likes[index]):
                if other not in gone and (score := self._similar(record, rows[other])) is not None:
                    verdict = Verdict(False, f"nearly equal to '{rows[other].id}'", score)
                    gone.add(index)
                    break
            verdicts.append(verdict)
        return verdicts

    def _similar(self, record: Record, other: Record) -> float | None:
        """The similarity of the least similar field, where it is reached and the pair is comparable."""
        if other.id in record.lineage or target_of(record) != target_of(other):
            return None
        names = [name for name in TEXTS if name in record.fields or name in other.fields]
        if not names:
            return None
        score = 1.0
        for name in names:
            left, right = record.fields.get(name, ""), other.fields.get(name, "")
            score = min(score, 1.0 if left == right else jaccard(left, right))
        return score if score >= self.threshold else None


def _text(record: Record) -> str:
    return "\n".join(record.fields[name] for name in TEXTS if record.fields.get(name))


@dataclass(frozen=True, slots=True)
class AnswerPosition:
    """Drops all rows of a method whose answers stand elsewhere in their texts than those of the originals.

    Titles stand near the front; a reader trained on questions about titles learns to answer with the
    first words. The distance is the total variation between two histograms of relative positions: the
    share of answers that would have to move for them to be equal.

    Args:
        most: distance up to which a method is kept, in [0, 1].
        bins: of the histogram.
        least_rows: a method with fewer answers, or beside fewer answers of originals, is not judged: a
            histogram of few is far from any other by chance alone.

    Raises:
        OptionError: an option out of range.
    """

    name: ClassVar[str] = "answer-position"
    most: float = 0.3
    bins: int = 10
    least_rows: int = 50

    def __post_init__(self) -> None:
        check_share("most", self.most)
        if self.bins < 2 or self.least_rows < 1:
            raise OptionError(
                "a histogram needs bins and rows.",
                value=f"bins={self.bins}, least_rows={self.least_rows}",
                allowed="bins of 2 or more, least_rows of 1 or more",
                cure="Pass bins=10, least_rows=50.",
            )

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        gold = answer_positions(originals)
        methods: dict[str, list[Record]] = defaultdict(list)
        for record in made:
            methods[method_of(record)].append(record)
        of_method = {name: self._judge(name, answer_positions(rows), gold) for name, rows in methods.items()}
        return [of_method[method_of(record)] if record.answers else _KEEP for record in made]

    def _judge(self, name: str, found: NDArray[np.float64], gold: NDArray[np.float64]) -> Verdict:
        if min(len(found), len(gold)) < self.least_rows:
            return Verdict(True, f"{len(found)} answers beside {len(gold)}: too few to judge")
        distance = position_distance(found, gold, self.bins)
        if distance <= self.most:
            return Verdict(True, value=distance)
        return Verdict(False, f"answers of the method '{name}' stand elsewhere than gold ones", distance)


def answer_positions(records: Sequence[Record]) -> NDArray[np.float64]:
    """(answered,) where the first answer of each answered record starts, as a share of its text in [0, 1).

    Example:
        >>> from gongbang.data.records import Span
        >>> record = Record("1", {"context": "수도는 서울"}, spans={"answers": (Span(4, 6, "서울"),)})
        >>> answer_positions([record]).round(2).tolist()
        [0.67]
    """
    first = [(record, record.answers[0]) for record in records if record.answers]
    return np.array([span.start / max(1, len(record.fields[span.field])) for record, span in first])


def position_distance(found: NDArray[np.float64], gold: NDArray[np.float64], bins: int = 10) -> float:
    """The total variation distance of two histograms over [0, 1]: half the sum of absolute differences.

    Raises:
        OptionError: one of them is empty.

    Example:
        >>> position_distance(np.array([0.0, 0.05]), np.array([0.0, 0.95]))
        0.5
    """
    if not len(found) or not len(gold):
        raise OptionError(
            "there is no histogram of nothing.",
            value=f"{len(found)} and {len(gold)} positions",
            allowed="one or more of both",
            cure="Compare sets that have answers.",
        )
    shares = [np.histogram(part, bins, (0.0, 1.0))[0] / len(part) for part in (found, gold)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
