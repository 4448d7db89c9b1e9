"""Candidates: one message among stored answers, against plain NumPy products of the same size."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from report import Section
from rounds import Turn, in_rounds, percentile, progress, ratio, take_turns

from gongbang.search.candidates import CandidateStore

_DIMENSION, _CODES, _BEST = 384, 16, 10
_COLUMNS = ("median ms", "p95 ms", "GB/s", "same best as float32", "files MB", "own MB")
_STORE, _PEER = "CandidateStore", "NumPy int8, whole-number sums"
Query = NDArray[np.float32]
Search = Callable[[Query], Any]


def measure_candidates(*, answers: tuple[int, ...], queries: int, rounds: int, seed: int) -> Section:
    """Time of a query at each number of answers, and of a poly-encoder's at the largest.

    Args:
        answers: how many are stored, in turn. queries: how many are asked at each. rounds: of turns.
        seed: of the random unit vectors that stand for answers and contexts.
    """
    section = Section(
        "candidates",
        "Finding answers by their vectors",
        f"Random unit vectors of {_DIMENSION} numbers, one query at a time, the best {_BEST} asked for. The "
        "store gives ids and exact scores; NumPy only multiplies, and is spared choosing the best.",
        _COLUMNS,
        ratio_of="time, ours by the peer's",
    )
    for count in answers:
        _measure(section, count, queries, rounds, np.random.default_rng(seed))
        progress(f"{count} answers: done")
    section.notes += [
        f"{queries} queries in {rounds} rounds, no query twice.",
        "NumPy has no 8-bit product in a library: with whole-number sums it is exact, without it wraps "
        "around, and is only there for its time.",
        f"'{_CODES} vectors' is a poly-encoder's context: 'top' attends with the best 256 answers, 'all' "
        "with every one.",
        "'GB/s' is the size of the rows in 8 bits by the whole time of a query.",
        "'own MB' is memory that is not the mapped files', which the system may drop at any time.",
    ]
    return section


def _measure(section: Section, count: int, queries: int, rounds: int, rng: np.random.Generator) -> None:
    vectors, asked = _units(rng, count), _units(rng, queries)
    with tempfile.TemporaryDirectory() as folder:
        before = _own_memory()
        store = CandidateStore.open(Path(folder) / "answers", "random", _DIMENSION)
        store.put(range(count), [1] * count, vectors)
        store.search(asked[0])
        own = _own_memory() - before
        searches = _contestants(store, vectors, rng)
        turns = take_turns(searches, in_rounds(list(asked), rounds))
        files = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    for name, held in turns.items():
        section.rows[f"{name}, {count:,}"] = _times(held)
    row = section.rows[f"{_STORE}, {count:,}"]
    row["GB/s"] = count * _DIMENSION / row["median ms"] / 1e6  # type: ignore[operator]
    row |= {"files MB": files / 1e6, "own MB": own, "same best as float32": _agreement(turns)}
    for name in searches:
        if name != _STORE and not name.startswith(f"{_CODES} vectors"):
            own_times, others = _medians(turns[_STORE]), _medians(turns[name])
            section.ratios.append(ratio(f"{_STORE}, {count:,}", own_times, name, others))


def _contestants(store: CandidateStore, vectors: Query, rng: np.random.Generator) -> dict[str, Search]:
    scale = 127 / float(np.abs(vectors).max())
    small = np.rint(vectors * scale).astype(np.int8)
    spread = _units(rng, _CODES)

    def eighth(query: Query) -> NDArray[np.int8]:
        return np.rint(query * (127 / np.abs(query).max())).astype(np.int8)

    def context(query: Query) -> Query:
        return np.asarray(20 * (query + spread), dtype=np.float32)

    return {
        _STORE: lambda query: [hit.id for hit in store.search(query, _BEST, scan="exact")],
        _PEER: lambda query: np.matmul(small, eighth(query), dtype=np.int32),
        "NumPy int8, wrapping around": lambda query: small @ eighth(query),
        "NumPy float32 (BLAS)": lambda query: np.argsort(-(vectors @ query), kind="stable")[:_BEST].tolist(),
        f"{_CODES} vectors, top": lambda query: store.search(context(query), _BEST),
        f"{_CODES} vectors, all": lambda query: store.search(context(query), _BEST, attend="all"),
    }


def _times(turns: list[Turn]) -> dict[str, Any]:
    seconds = [second for turn in turns for second in turn.seconds]
    return {"median ms": 1e3 * percentile(seconds, 0.5), "p95 ms": 1e3 * percentile(seconds, 0.95)}


def _medians(turns: list[Turn]) -> list[float]:
    return [percentile(turn.seconds, 0.5) for turn in turns]


def _agreement(turns: dict[str, list[Turn]]) -> float:
    """Share of the queries of which the store found what float32 finds, in the same order."""
    pairs = [
        (ours, theirs)
        for one, other in zip(turns[_STORE], turns["NumPy float32 (BLAS)"], strict=True)
        for ours, theirs in zip(one.results, other.results, strict=True)
    ]
    return sum(ours == theirs for ours, theirs in pairs) / len(pairs)


def _units(rng: np.random.Generator, count: int) -> Query:
    vectors = rng.standard_normal((count, _DIMENSION), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _own_memory() -> float:
    """Resident memory of this process in MB, without what is mapped from files; 0 where nothing tells it."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1e3 for line in lines if line.startswith("RssAnon"))
