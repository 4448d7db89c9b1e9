"""The stamp of a data check: which files, by their content, were checked for which task, and what was found.

A stamp belongs to the bytes of a file, not to its name: a file that was changed since has none. It is kept
in the cache folder, for the sake of who trains on the file next; a home that cannot be written, or none at
all, only means that the check is asked for again.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.files import write_json
from gongbang.artifacts.hashing import data_hashes
from gongbang.artifacts.store import cache_folder
from gongbang.data.checks import CheckReport
from gongbang.errors import DataError, OptionError

MAX_DAYS = 30.0
"""Days after which a check is no longer fresh: later releases look for more."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckStamp:
    """What a check found in a file.

    Args:
        task: what it was checked for.
        sha256: the file's hash.
        name: the file as it was called.
        time: seconds since 1970.
        levels: number of findings by level: "fault", "warning", "note".
        codes: the findings' codes, most urgent first.
        report: where the page was written; empty where none was.
    """

    task: str
    sha256: str
    name: str
    time: float
    levels: Mapping[str, int]
    codes: tuple[str, ...] = ()
    report: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing forbade training."""
        return not self.levels.get("fault")


def stamp_check(files: Iterable[str | Path], report: CheckReport, page: str = "") -> list[CheckStamp]:
    """Leave a stamp for each checked file; folders stand for the files below them.

    Args:
        files: what was checked.
        report: what was found, in all of them together.
        page: where the report was written.

    Returns:
        the stamps, also where they could not be kept.
    """
    levels = dict(Counter(finding.level for finding in report.todo))
    codes = tuple(finding.code for finding in report.todo)
    stamps = [
        CheckStamp(report.task, found["sha256"], found["name"], time.time(), levels, codes, page)
        for found in data_hashes(files)
    ]
    for stamp in stamps:
        try:
            write_json(_file(stamp.task, stamp.sha256), asdict(stamp))
        except (OSError, OptionError) as err:
            _LOG.debug("the check of %s is not remembered: %s", stamp.name, err)
    return stamps


def checked_recently(files: Iterable[str | Path], task: str, max_days: float = MAX_DAYS) -> CheckStamp | None:
    """The stamp of some files, where each of them was checked for the task as it is now.

    Args:
        files: data files; folders stand for the files below them.
        task: the task they are going to be used for.
        max_days: age from which a check does not count any more.

    Returns:
        of several stamps the one with a fault, else the oldest; None where a file has none, or is not there.
    """
    try:
        found = [_read(task, file["sha256"], max_days) for file in data_hashes(files)]
    except (DataError, OptionError):
        return None
    stamps = [stamp for stamp in found if stamp is not None]
    if not stamps or len(stamps) < len(found):
        return None
    return min(stamps, key=lambda stamp: (stamp.ok, stamp.time))


def _file(task: str, sha256: str) -> Path:
    return cache_folder() / "checks" / f"{task}-{sha256[:32]}.json"


def _read(task: str, sha256: str, max_days: float) -> CheckStamp | None:
    try:
        row: Any = json.loads(_file(task, sha256).read_text(encoding="utf-8"))
        stamp = CheckStamp(**{**row, "codes": tuple(row["codes"])})
        fresh = time.time() - stamp.time <= max_days * 86_400
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return stamp if fresh and stamp.sha256 == sha256 and stamp.task == task else None
