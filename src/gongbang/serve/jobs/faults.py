"""What a job's failure means: whether another attempt may help, and what may be told of it."""

from __future__ import annotations

import logging
import random
import re
from dataclasses import dataclass

from gongbang.errors import DataError, GongbangError, QueueAwayError, StoreAwayError, StoreError
from gongbang.serve.database.job_rows import ErrorParts
from gongbang.serve.jobs.folders import Folders
from gongbang.serve.problems import words_of

_LOG = logging.getLogger(__name__)
_FIRST_S, _LONGEST_S = 2.0, 300.0
_LONGEST = 500  # characters of a part
_PLACE = re.compile(r"(?<![\w./-])/(?:[^\s/:'\"]+/)+")  # of an absolute path all but the last name
_FAULT: ErrorParts = {
    "what": "the job met a fault of its own; the worker's log says more.",
    "value": "",
    "allowed": "",
    "cure": "Try it again; if it stays, report what the log shows.",
}
_PASSING = (StoreAwayError, QueueAwayError)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed.

    Attributes:
        error: may be shown to whoever asked for the job. passing: whether another attempt may succeed.
    """

    error: ErrorParts
    passing: bool


def failure_of(err: Exception, folders: Folders) -> Failure:
    """What an exception means.

    An error that a user can mend stays until it is mended, so it is not tried again. Anything else may pass:
    a database that was away, a full disk, memory that ran out, or a fault of ours.

    Example:
        >>> from gongbang.errors import OptionError
        >>> err = OptionError("k is too small.", value=0, allowed="1 or more", cure="Pass top_k=5.")
        >>> failure_of(err, Folders()).passing, failure_of(ValueError("x"), Folders()).error["value"]
        (False, '')
    """
    if not isinstance(err, GongbangError):
        _LOG.error("a job met a fault", exc_info=err)
        return Failure(dict(_FAULT), True)
    words = words_of(err)
    value = "" if isinstance(err, StoreError) else str(err.value)  # a database tells of its machine
    if isinstance(err, DataError) and err.path is not None:
        value = value.replace(err.path, "")
    told = {"what": words["detail"], "value": value, "allowed": words["allowed"], "cure": words["cure"]}
    shown = {name: _PLACE.sub("", folders.shorten(text))[:_LONGEST] for name, text in told.items()}
    return Failure(shown, isinstance(err, _PASSING))


def back_off(attempt: int, chance: random.Random) -> float:
    """Seconds until the next attempt: twice as long each time, at most five minutes, and never all at once.

    Source: "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), equal jitter.

    Example:
        >>> [2 ** n <= back_off(n, random.Random(n)) <= 2 * 2 ** n for n in (1, 2, 3)]
        [True, True, True]
    """
    longest = min(_FIRST_S * 2.0**attempt, _LONGEST_S)
    return longest / 2 + chance.uniform(0, longest / 2)
