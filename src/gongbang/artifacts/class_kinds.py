"""Which kind of error a wrong label is: the cause that the error notebook of a label task counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gongbang.artifacts.stages import RIGHT

KINDS: Mapping[str, tuple[str, str]] = {
    "should_have_abstained": ("should have abstained", "답이 없는데 답함"),
    "should_have_answered": ("should have answered", "답이 있는데 기권"),
    "over_confident": ("confused, and sure of it", "확신하고 틀림"),
    "confused": ("confused", "혼동"),
    "missed": ("labels missed", "놓친 레이블"),
    "invented": ("labels invented", "지어낸 레이블"),
    "missed_and_invented": ("labels missed and invented", "놓치고 지어냄"),
}
"""The kinds of a wrong label, with their English and Korean names; the first that fits is taken."""
_OF_SEVERAL = ("missed", "invented", "missed_and_invented")
_OF_NOTHING = ("should_have_abstained", "should_have_answered")

OVER_CONFIDENT = 0.9
"""The probability from which on a confusion counts as one that the model was sure of."""


@dataclass(frozen=True, slots=True)
class LabelSpec:
    """How the labels of a task are read and judged.

    Attributes:
        labels: every label, in the order of the model's outputs.
        key: which of a record's labels is the gold one.
        fields: the texts that are shown, in this order.
        several: whether a record may have any number of labels.
        none: the label that says that there is nothing, "no-answer" for instance; empty for none.
        forced: where no gold label is ``none``, it counts as no prediction: the likeliest other one is taken.
        leave_out: labels that micro F1 does not count.
    """

    labels: tuple[str, ...]
    key: str = "label"
    fields: tuple[str, ...] = ("text",)
    several: bool = False
    none: str = ""
    forced: bool = False
    leave_out: tuple[str, ...] = ()


def kinds_of(*, several: bool, none: str) -> tuple[str, ...]:
    """The kinds that can be met in a task.

    Example:
        >>> kinds_of(several=False, none="")
        ('over_confident', 'confused')
    """
    if several:
        return _OF_SEVERAL
    return tuple(kind for kind in KINDS if kind not in _OF_SEVERAL and (none or kind not in _OF_NOTHING))


def error_kind(
    gold: Collection[str], predicted: Collection[str], *, probability: float, several: bool, none: str = ""
) -> str:
    """``"right"``, or the kind of error.

    Args:
        gold, predicted: the labels a record has, and was given.
        probability: of what was predicted.
        several: whether a record may have any number of labels. none: the label that says "nothing".

    Example:
        >>> error_kind(["a"], ["b"], probability=0.95, several=False)
        'over_confident'
        >>> error_kind(["joy", "hope"], ["joy"], probability=0.95, several=True)
        'missed'
    """
    missed, invented = set(gold) - set(predicted), set(predicted) - set(gold)
    if not missed and not invented:
        return RIGHT
    if several:
        if missed and invented:
            return "missed_and_invented"
        return "missed" if missed else "invented"
    if none and none in gold:
        return "should_have_abstained"
    if none and none in predicted:
        return "should_have_answered"
    return "over_confident" if probability >= OVER_CONFIDENT else "confused"
