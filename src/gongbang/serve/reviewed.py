"""What was decided about feedback, out of the database and into versions of data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gongbang.apps.loop.collect import collect
from gongbang.artifacts.datasets import DatasetVersion
from gongbang.artifacts.suite import open_suite
from gongbang.serve.database.review import Review
from gongbang.serve.database.store import Store


def build_datasets(
    database: str | Path, root: str | Path, *, task: str | None = None, suites: Sequence[str | Path] = ()
) -> list[DatasetVersion]:
    """The next version of each task's data set; the newest one where nothing was decided since.

    Args:
        database: its URL. root: the folder of data sets.
        task: of this task alone, though nothing was accepted yet; of all that something was accepted of
            when None.
        suites: folders of frozen suites, whose groups and texts stay out.

    Raises:
        StoreAwayError: the database cannot be reached.
        ArtifactError: a suite or a version was changed, or another process is building.
    """
    opened = [open_suite(folder) for folder in suites]
    with Store(database) as store:
        store.prepare()
        decided = Review(store).decided(task)
    tasks = [task] if task else sorted({one.judged.task for one in decided})
    return [
        collect(decided, root, task=name, suites=[suite for suite in opened if suite.task == name])
        for name in tasks
    ]
