"""The error notebook of any task: of answers read in a text, of labels, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gongbang.artifacts.class_kinds import KINDS, LabelSpec
from gongbang.artifacts.class_notebook import OF_LABELS, ClassNotebook
from gongbang.artifacts.files import read_json
from gongbang.artifacts.notebook import FILES, ErrorNotebook
from gongbang.artifacts.stages import STAGES
from gongbang.data.records import Record
from gongbang.tasks.base import Prediction

Notebook = ErrorNotebook | ClassNotebook


def build_notebook_for(
    task: Any, records: Sequence[Record], predictions: Sequence[Prediction], name: str = ""
) -> Notebook | None:
    """What became of each record, for whichever task.

    Args:
        task: the task that made the predictions.
        records: those without a gold are counted, not judged.
        predictions: one a record, matched by id.
        name: the notebook's title.

    Returns:
        the notebook; None for a task that has none, such as one that ranks a whole corpus.

    Raises:
        OptionError: a labelled record has no prediction.
    """
    if "answers" in task.schema.spans:
        from gongbang.artifacts.notebook import build_notebook

        return build_notebook(records, predictions, name=name, **scorers_of(task))
    spec = _SPECS.get(task.name)
    if spec is None:
        return None
    from gongbang.artifacts.class_rows import build_class_notebook

    return build_class_notebook(records, predictions, spec(task), name=name)


def scorers_of(task: Any) -> dict[str, Any]:
    """What judges one answer in the task's language, by the names that a notebook of answers takes.

    Empty for a task that says no language: the official KorQuAD metrics are what a notebook judges by.
    """
    from gongbang.metrics.span import character_f1, compared, exact_match

    language = getattr(task, "language", None)
    if language is None:
        return {}
    clean = language.comparable
    return {"exact_match": compared(exact_match, clean), "f1": compared(character_f1, clean)}


def open_notebook(folder: str | Path) -> Notebook | None:
    """The notebook of a run's folder; None where it holds none.

    Raises:
        ArtifactError: it cannot be read.
    """
    path = Path(folder) / FILES[0]
    if not path.is_file():
        return None
    values = read_json(path, "the error notebook")
    if isinstance(values, Mapping) and values.get("of") == OF_LABELS:
        return ClassNotebook.from_dict(values)
    return ErrorNotebook.from_dict(values if isinstance(values, Mapping) else {})


def causes(notebook: Notebook) -> list[tuple[str, int]]:
    """The kinds of error that were met, in English, with their counts, the most frequent first.

    Example:
        >>> causes(ClassNotebook("a", ("no", "yes"), (), {}))
        []
    """
    words = KINDS if isinstance(notebook, ClassNotebook) else STAGES
    met = [(words[stage][0], count) for stage, count in notebook.counts.items() if count]
    return sorted(met, key=lambda item: -item[1])


def _classify(task: Any) -> LabelSpec:
    fields = (*task.schema.fields, *task.schema.optional)
    return LabelSpec(tuple(task.labels), key=task.schema.labels[0], fields=fields)


def _boolq(task: Any) -> LabelSpec:
    from gongbang.tasks.boolq import NO_ANSWER

    fields = ("question", "title", "context")
    return LabelSpec(
        tuple(task.labels), key=task.schema.labels[0], fields=fields, none=NO_ANSWER, forced=True
    )


def _emotions(task: Any) -> LabelSpec:
    return LabelSpec(tuple(task.labels), key=task.schema.labels[0], fields=task.schema.fields, several=True)


def _relation(task: Any) -> LabelSpec:
    none = task.settings.no_relation
    return LabelSpec(
        tuple(task.labels),
        key=task.schema.labels[0],
        fields=task.schema.fields,
        none=none if none in task.labels else "",
        leave_out=(none,) if none in task.labels else (),
    )


_SPECS: Mapping[str, Callable[[Any], LabelSpec]] = {
    "classify": _classify,
    "boolq": _boolq,
    "emotions": _emotions,
    "relation": _relation,
}
"""How the labels of each task are read."""
