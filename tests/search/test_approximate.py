"""The approximate index finds nearly what an exact scan finds, and knows what came and went after it."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gongbang.errors import MissingExtraError, OptionError, SearchIndexError
from gongbang.search import candidates
from gongbang.search.candidate_files import APPROXIMATE
from gongbang.search.candidates import CandidateStore

HASH = "a1b2c3"


def unit(values: NDArray[np.floating]) -> NDArray[np.float32]:
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


def clustered(seed: int, count: int, clusters: int = 200, dimension: int = 32) -> NDArray[np.float32]:
    """Vectors around the same centres, whatever the seed."""
    centres = np.random.default_rng(0).standard_normal((clusters, dimension))
    rng = np.random.default_rng(seed)
    return unit(centres[rng.integers(clusters, size=count)] + 0.5 * rng.standard_normal((count, dimension)))


@pytest.fixture
def with_faiss() -> None:
    pytest.importorskip("faiss", reason='faiss is not installed: pip install "gongbang[ann]"')


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> CandidateStore:
    vectors = clustered(1, 20_000)
    store = CandidateStore.open(tmp_path_factory.mktemp("large") / "s", HASH, vectors.shape[1])
    store.put(range(len(vectors)), [1] * len(vectors), vectors)
    return store


@pytest.mark.usefixtures("with_faiss")
@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_nine_of_ten_of_the_best_are_found_among_twenty_thousand(large: CandidateStore, kind: Any) -> None:
    large.build_approximate(kind)
    shares = []
    for query in clustered(2, 100):
        exact = {hit.id: hit.score for hit in large.search(query, 10, scan="exact")}
        found = {hit.id: hit.score for hit in large.search(query, 10, scan="approximate")}
        both = exact.keys() & found.keys()  # scored exactly, as they are by the other
        assert [found[one] for one in both] == pytest.approx([exact[one] for one in both], abs=1e-12)
        shares.append(len(both) / 10)
    assert np.mean(shares) >= 0.95


@pytest.mark.usefixtures("with_faiss")
@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_what_came_and_went_after_the_index_is_known(tmp_path: Path, kind: Any) -> None:
    vectors = clustered(3, 600, clusters=10)
    store = CandidateStore.open(tmp_path / "s", HASH, 32)
    store.put(range(500), [1] * 500, vectors[:500])
    store.build_approximate(kind)
    store.put(range(500, 600), [1] * 100, vectors[500:])
    store.delete([0, 550])
    other = CandidateStore.open(tmp_path / "s", HASH, 32)
    for wanted in (1, 300, 555):
        assert other.search(vectors[wanted], 1, scan="approximate")[0].id == wanted
    for gone in (0, 550):
        assert gone not in {hit.id for hit in other.search(vectors[gone], 50, scan="approximate")}
    context = 20 * vectors[[1, 555]]
    ids = [[hit.id for hit in store.search(context, 3, scan=scan)] for scan in ("approximate", "exact")]
    assert ids[0] == ids[1]
    with pytest.raises(OptionError, match="every answer"):
        store.search(context, 3, attend="all", scan="approximate")


@pytest.mark.usefixtures("with_faiss")
def test_auto_takes_it_beyond_what_is_scanned_and_a_compaction_drops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = clustered(4, 300, clusters=10)
    store = CandidateStore.open(tmp_path / "s", HASH, 32)
    store.put(range(300), [1] * 300, vectors)
    store.build_approximate()
    file = store._now().folder / APPROXIMATE
    store.search(vectors[0])
    assert store._approximate is None  # few rows: not even opened
    monkeypatch.setattr(candidates, "EXACT_UP_TO", 299)
    assert store.search(vectors[0], 1)[0].id == 0 and store._approximate is not None
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(SearchIndexError, match="cannot be read"):
        CandidateStore.open(tmp_path / "s", HASH, 32).search(vectors[0])
    store.compact()
    assert not file.exists() and store.search(vectors[0], 1)[0].id == 0
    with pytest.raises(SearchIndexError, match="no approximate index"):
        store.search(vectors[0], scan="approximate")


@pytest.mark.usefixtures("with_faiss")
def test_an_empty_store_has_no_index(tmp_path: Path) -> None:
    with pytest.raises(SearchIndexError, match="no approximate index"):
        CandidateStore.open(tmp_path / "s", HASH, 32).build_approximate()


def test_without_faiss_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CandidateStore.open(tmp_path / "s", HASH, 32)
    store.put([1], [1], clustered(5, 1))
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name == "faiss":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError) as caught:
        store.build_approximate()
    assert caught.value.cure == 'pip install "gongbang[ann]"'
    assert store.search(clustered(5, 1)[0], 1)[0].id == 1
