"""Whatever interrupts a writer, the store is what it was before; damage is refused; processes share it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gongbang.errors import SearchIndexError
from gongbang.search import candidate_files
from gongbang.search.candidate_files import HEAD
from gongbang.search.candidates import CandidateStore
from gongbang.search.folders import CURRENT, MANIFEST

HASH = "a1b2c3"
COLUMNS = ("vectors", "scan", "scales", "sums", "ids", "versions", "dead")


def vectors(seed: int, count: int) -> NDArray[np.float32]:
    found = np.random.default_rng(seed).standard_normal((count, 8))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def opened(path: Path) -> CandidateStore:
    return CandidateStore.open(path, HASH, 8, create=False)


def sizes(store: CandidateStore) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in store._now().folder.glob("*.bin")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = CandidateStore.open(tmp_path / "store", HASH, 8)
    store.put(range(300), [1] * 300, vectors(0, 300))
    store.delete([5])
    return store.path


QUERY = vectors(1, 1)[0]


class Killed(BaseException):
    """Stands for the end of a process."""


def killed(*_: object) -> None:
    raise Killed


@pytest.mark.parametrize("step", ["_commit", "_sync", "_write_blocks", "_write"])
@pytest.mark.parametrize("change", ["put", "delete", "compact"])
def test_a_writer_that_is_killed_leaves_the_last_good_state(
    path: Path, step: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (step, change) == ("_write_blocks", "delete"):
        pytest.skip("a deletion writes no blocks")
    store = opened(path)
    before, generation = store.search(QUERY, 300), store.generation
    changes: dict[str, Callable[[], object]] = {
        "put": lambda: store.put([7, 1000], [2, 1], vectors(2, 2)),
        "delete": lambda: store.delete([7]),
        "compact": store.compact,
    }
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(candidate_files, step, killed)
        changes[change]()
    assert opened(path).search(QUERY, 300) == store.search(QUERY, 300) == before
    assert store.generation == generation
    changes[change]()
    store.put([1001], [1], vectors(9, 1))
    assert opened(path).search(QUERY, 400) == store.search(QUERY, 400) and 1001 in opened(path).versions()


@pytest.mark.parametrize("name", COLUMNS)
def test_what_a_killed_writer_left_behind_may_be_cut_anywhere(
    path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tail of a file that no head counts may be whole, half or missing."""
    store = opened(path)
    before, counted = store.search(QUERY, 300), sizes(store)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(candidate_files, "_commit", killed)
        store.put(range(290, 900), [2] * 610, vectors(3, 610))
    file, left = store._now().folder / f"{name}.bin", sizes(store)
    assert left[file.name] > counted[file.name]
    for size in (left[file.name] - 1, (left[file.name] + counted[file.name]) // 2, counted[file.name]):
        with file.open("rb+") as held:
            held.truncate(size)
        assert opened(path).search(QUERY, 300) == before
    again = opened(path)
    again.put(range(290, 900), [2] * 610, vectors(3, 610))
    assert len(opened(path)) == 899 and opened(path).search(QUERY, 5) == again.search(QUERY, 5)


@pytest.mark.parametrize("name", COLUMNS)
def test_damage_to_what_counts_is_refused(path: Path, name: str) -> None:
    file = opened(path)._now().folder / f"{name}.bin"
    whole = file.read_bytes()
    middle = len(whole) // 3
    turned = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for damaged in (whole[: len(whole) // 2], turned, b""):
        file.write_bytes(damaged)
        with pytest.raises(SearchIndexError, match="damaged") as caught:
            opened(path)
        assert file.name in str(caught.value.value) and len(caught.value.lines()) == 4
    file.unlink()
    with pytest.raises(SearchIndexError, match="damaged"):
        opened(path)
    file.write_bytes(whole)
    assert len(opened(path)) == 299


@pytest.mark.parametrize("name", [HEAD, MANIFEST, CURRENT])
def test_a_damaged_head_or_manifest_is_refused(path: Path, name: str) -> None:
    folder = path if name == CURRENT else opened(path)._now().folder
    whole = (folder / name).read_bytes()
    for damaged in (whole[:-5], b"[]", b""):
        (folder / name).write_bytes(damaged)
        with pytest.raises(SearchIndexError):
            opened(path)
    (folder / name).write_bytes(whole)
    assert len(opened(path)) == 299


def test_rows_behind_the_last_that_counts_are_no_damage(path: Path) -> None:
    folder = opened(path)._now().folder
    for name in ("vectors", "ids", "versions", "dead"):
        with (folder / f"{name}.bin").open("ab") as held:
            held.write(b"half a row")
    store = opened(path)
    store.put([1000], [1], vectors(4, 1))
    assert opened(path).search(vectors(4, 1)[0], 1)[0].id == 1000


def test_a_disk_that_is_full_says_so_and_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    store = opened(path)
    before = store.search(QUERY, 300)
    with monkeypatch.context() as patch:
        patch.setattr(candidate_files, "_write", full)
        with pytest.raises(SearchIndexError, match="cannot be written") as caught:
            store.put([1], [2], vectors(5, 1))
    assert "No space left" in str(caught.value.value)
    assert store.search(QUERY, 300) == before


def test_a_reader_sees_a_change_and_a_compaction_at_its_next_search(path: Path) -> None:
    reader, writer = opened(path), opened(path)
    new = vectors(6, 1)
    assert reader.search(new[0], 1)[0].id != 1000
    writer.put([1000], [1], new)
    assert reader.search(new[0], 1)[0].id == 1000
    writer.compact()
    writer.delete([1000])
    assert reader.search(new[0], 1)[0].id != 1000 and len(reader) == 299
    reader.put([2000], [1], new)  # each may write
    assert writer.search(new[0], 1)[0].id == 2000


def test_rows_that_a_reader_holds_stay_as_they_were(path: Path) -> None:
    store = opened(path)
    rows = store._now()
    held, ids = rows.vectors.copy(), rows.ids.copy()
    store.put([1000, 8], [1, 2], vectors(7, 2))
    store.compact()
    assert np.array_equal(rows.vectors, held) and np.array_equal(rows.ids, ids) and len(rows.dead) == 1


def test_a_store_that_is_made_anew_for_another_model_is_stale_at_once(path: Path, tmp_path: Path) -> None:
    reader = opened(path)
    path.rename(tmp_path / "aside")
    CandidateStore.open(path, "other", 8)
    with pytest.raises(SearchIndexError, match="stale"):
        reader.search(QUERY)


def test_what_a_killed_compaction_left_is_cleared_by_the_next(path: Path) -> None:
    left = path / "data-left"
    left.mkdir()
    (left / "vectors.bin").write_bytes(b"half")
    (path / "data-mine").mkdir()
    (path / "data-mine" / "note.txt").write_text("mine", encoding="utf-8")
    opened(path).compact()
    assert not left.exists() and (path / "data-mine" / "note.txt").is_file()
    assert len(opened(path)) == 299


_WRITER = """
import sys
import numpy as np
from gongbang.search.candidates import CandidateStore
path, first, kill = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "kill"
store = CandidateStore.open(path, "a1b2c3", 8)
for at in range(first, first + 12):
    store.put([at], [1], np.eye(8)[[at % 8]])
    if at % 3 == 0:
        store.delete([at])
if kill:
    import os
    from gongbang.search import candidate_files
    candidate_files._commit = lambda *_: os._exit(9)
    store.put([first + 100], [1], np.eye(8)[:1])
"""


def write_apart(path: Path, first: int, kill: bool = False) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", _WRITER, str(path), str(first), "kill" if kill else "stay"]
    return subprocess.Popen(words)


def test_processes_that_write_at_once_lose_nothing_even_when_one_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "store"  # they race to make it, too
    running = [write_apart(path, first, kill=first == 0) for first in (0, 1000, 2000)]
    assert [process.wait() for process in running] == [9, 0, 0]
    expected = {first + at for first in (0, 1000, 2000) for at in range(12) if (first + at) % 3}
    assert set(opened(path).versions()) == expected
    opened(path).put([7], [2], vectors(8, 1))  # the lock died with its process


def test_threads_share_one_store(path: Path) -> None:
    store, faults = opened(path), []

    def guarded(work: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            try:
                work()
            except Exception as err:
                faults.append(err)

        return run

    def write(first: int) -> None:
        for at in range(first, first + 10):
            store.put([at], [1], vectors(at, 1))

    def read() -> None:
        for _ in range(60):
            assert len(store.search(QUERY, 5)) == 5

    jobs = [lambda: write(1000), lambda: write(2000), read, read, store.compact]
    threads = [threading.Thread(target=guarded(job)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert set(opened(path).versions()) >= {*range(1000, 1010), *range(2000, 2010)} and len(store) == 319
