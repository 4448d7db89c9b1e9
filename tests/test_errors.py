"""Errors arrive whole from another process."""

from __future__ import annotations

import pickle

import pytest

from gongbang.errors import (
    BusyError,
    DataError,
    GongbangError,
    MissingExtraError,
    PreflightError,
    StoreConflictError,
)

SAID = {"value": "x", "allowed": "y", "cure": "z"}


@pytest.mark.parametrize(
    "error",
    [
        GongbangError("What.", **SAID),
        DataError("What.", **SAID, path="a.json", line=3, field="answers"),
        StoreConflictError("What.", current=2, **SAID),
        BusyError("What.", retry_s=5, **SAID),
        PreflightError("What.", check="leaks", **SAID),
        MissingExtraError("torch", extra="train", purpose="a study"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_the_same_after_pickling(error: GongbangError):
    other = pickle.loads(pickle.dumps(error))
    assert type(other) is type(error)
    assert str(other) == str(error) and other.to_dict() == error.to_dict()
