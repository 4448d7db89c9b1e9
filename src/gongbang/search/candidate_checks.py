"""What a store of candidates is given, checked, and the errors of what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import OptionError, SearchIndexError
from gongbang.search.candidate_files import CURE, Precision
from gongbang.search.folders import CURRENT

_WIDEST = 4096  # numbers of a vector: the integer sums of the scan stay far from overflowing
_LARGEST = float(np.finfo(np.float16).max)


def check_options(model_hash: str, dimension: int, precision: str) -> None:
    """Refuses what no store can be of.

    Raises:
        OptionError: an empty hash, a dimension out of range, or an unknown precision.
    """
    check_word(precision, Precision, "precision")
    if not model_hash or not 1 <= dimension <= _WIDEST:
        value = f"model_hash={model_hash!r}, dimension={dimension}"
        raise unknown("a store has no such vectors.", value, f"a hash, and a dimension from 1 to {_WIDEST}")


def check_word(word: str, words: Any, name: str) -> None:
    """Refuses a word that is none of a ``Literal``.

    Raises:
        OptionError: an unknown word.
    """
    if word not in get_args(words):
        raise unknown(f"unknown {name}.", word, ", ".join(get_args(words)))


def check_distinct(ids: NDArray[np.int64], versions: NDArray[np.int64]) -> None:
    """Refuses an id that is there twice, or has no version.

    Raises:
        OptionError: ids and versions do not belong together.
    """
    different = len(np.unique(ids))
    if len(versions) != len(ids) or different < len(ids):
        raise OptionError(
            "the answers cannot be told apart.",
            value=f"{len(ids)} ids, {different} of them different, {len(versions)} versions",
            allowed="ids that are different, and a version for each",
            cure="Give each answer once.",
        )


def whole_numbers(values: Sequence[int] | NDArray[np.integer], name: str) -> NDArray[np.int64]:
    """(n,) whole numbers.

    Raises:
        OptionError: they are something else.
    """
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise unknown(f"{name} are no whole numbers.", f"{array.dtype.name}", "a list of whole numbers")
    return array.astype(np.int64)


def checked_vectors(vectors: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Vectors in float32, of which no number is larger than float16 can hold.

    Raises:
        OptionError: another shape, or a number that is larger or none.
    """
    array = np.asarray(vectors, dtype=np.float32)
    if not shape[0] and not array.size:
        return np.zeros(shape, dtype=np.float32)
    if array.shape != shape or not (np.abs(array) <= _LARGEST).all():
        raise OptionError(
            "these are no vectors of the store.",
            value=f"shape {array.shape}" if array.shape != shape else "a number that is too large, or none",
            allowed=f"shape {shape}, of finite numbers up to {_LARGEST:,.0f}",
            cure="Encode the texts with the model that the store was opened for.",
        )
    return array


def context_vectors(context: ArrayLike, dimension: int) -> NDArray[np.float32]:
    """(vectors, dimension) of a context that may be given as one vector.

    Raises:
        OptionError: as :func:`checked_vectors`, or there is no vector.
    """
    array = np.asarray(context, dtype=np.float32)
    if array.ndim == 1:
        array = array[None]
    return checked_vectors(array, (max(1, len(array)) if array.ndim else 1, dimension))


def unknown(what: str, value: str, allowed: str) -> OptionError:
    """The error for an argument that is none of what is allowed."""
    return OptionError(what, value=value, allowed=allowed, cure="Use one of what is allowed.")


def stale(path: Path, stored: tuple[str, int], given: tuple[str, int]) -> SearchIndexError:
    """The error for a store of another model: its hash and the dimension of its vectors."""
    return SearchIndexError(
        f"{path}: the vectors are stale: another model has made them.",
        value=f"model {given[0][:12]} of dimension {given[1]}",
        allowed=f"model {stored[0][:12]} of dimension {stored[1]}",
        cure=CURE,
    )


def no_store(path: Path) -> SearchIndexError:
    """The error for a folder in which there is no store."""
    return SearchIndexError(
        f"{path}: there is no store of candidates.",
        value=str(path),
        allowed=f"a folder with {CURRENT}",
        cure="Open it with create=True and put the answers in.",
    )


def no_index(path: Path, why: str) -> SearchIndexError:
    """The error for an approximate index that is not there."""
    return SearchIndexError(
        f"{path}: there is no approximate index.",
        value=why,
        allowed="a store with answers, and an index that was built of them",
        cure="Put answers in and call build_approximate, or search with scan='exact'.",
    )


def unwritable(path: Path, err: OSError) -> SearchIndexError:
    """The error for a store that cannot be written."""
    return SearchIndexError(
        f"{path}: the store cannot be written.",
        value=str(err),
        allowed="a folder that can be written, with room left",
        cure="Choose another folder, or free some space; what was there before is still whole.",
    )
