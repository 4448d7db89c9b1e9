"""A cascade of classifiers: the first label is given to the next one as part of what it reads.

Deciding the kind of an utterance first and its topic then, with the kind before one's eyes, is how people
label such data; one model over all pairs of labels would see each pair too seldom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gongbang.data.records import Record
from gongbang.errors import OptionError
from gongbang.runtime.predictor import Predictor
from gongbang.tasks.base import Prediction


@dataclass(frozen=True, slots=True)
class Cascade:
    """Classifiers in a row.

    Each but the first has been trained with ``pipeline.given`` naming the label of the one before it, which
    is that one's ``pipeline.label``.

    Args:
        stages: the classifiers, first to last.

    Raises:
        OptionError: fewer than two stages, or a stage that is not given what the one before it says.

    Example:
        >>> import gongbang
        >>> both = Cascade((gongbang.load("kind-ko"), gongbang.load("topic-ko")))          # doctest: +SKIP
        >>> both.predict([Record("1", {"text": "내일 비 와?"})])[0].details["labels"]      # doctest: +SKIP
        {'kind': 'question', 'topic': 'weather'}
    """

    stages: tuple[Predictor, ...]

    def __post_init__(self) -> None:
        if len(self.stages) < 2:
            raise OptionError(
                "a cascade has two classifiers or more.",
                value=len(self.stages),
                allowed="2 or more",
                cure="Use the one classifier by itself.",
            )
        for before, after in zip(self.stages, self.stages[1:], strict=False):
            said, given = _setting(before, "label"), _setting(after, "given")
            if not given or said != given:
                raise OptionError(
                    "a classifier of the cascade is not given what the one before it says.",
                    value=f"'{after.artifact.manifest.name}' is given '{given}'",
                    allowed=f"pipeline.given: {said}",
                    cure=f"Train it with pipeline.given: {said}, or put the classifiers into another order.",
                )

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        """The last classifier's predictions; ``details["labels"]`` holds every stage's label by its name.

        ``confidence`` is the product of the stages' confidences: all of them must be right.

        Raises:
            DataError: a record lacks a text that a stage reads.
        """
        told: list[Prediction] = []
        chosen: list[dict[str, str]] = [{} for _ in records]
        sure = [1.0] * len(records)
        given = list(records)
        for stage in self.stages:
            told = stage.predict(given)
            name = _setting(stage, "label")
            for at, prediction in enumerate(told):
                chosen[at][name] = prediction.text
                sure[at] *= prediction.confidence
            given = [record.with_labels(**labels) for record, labels in zip(given, chosen, strict=True)]
        return [
            replace(prediction, confidence=sure[at], details={**prediction.details, "labels": chosen[at]})
            for at, prediction in enumerate(told)
        ]


def _setting(stage: Predictor, name: str) -> str:
    return str(getattr(stage.task.settings, name, ""))
