"""What finding a response costs: time of a query and size of the index, among any number of candidates.

A run is exported and served as anybody would serve it. Vectors are searched for in a store of candidates; a
cross-encoder has nothing that could be stored, so that it reads every candidate anew. Where a file holds
fewer responses than candidates are asked for, noisy copies of their vectors fill the store up: a scan takes
as long whatever the numbers are. Pairs cannot be made up like this. More than there are, or than time allows,
are not read: a sample is, and the figure says that it is an estimate.
"""

from __future__ import annotations

import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import OptionError
from gongbang.metrics.costs import Cost, Costs

if TYPE_CHECKING:
    from gongbang.artifacts.run import Run
    from gongbang.runtime.predictor import Predictor
    from gongbang.runtime.responder import ArtifactReranker, ArtifactResponder
    from gongbang.search.candidates import CandidateStore

_LOG = logging.getLogger(__name__)
_BEST = 10  # responses asked for
_NOISE = 0.3  # length of what is added to a unit vector that is copied
_CHUNK = 10_000  # vectors put at once
Attend = Literal["top", "all"]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Measures a run of the task ``respond``.

    Attributes:
        candidates: among how many responses is searched, each a column.
        queries: contexts that are asked, one at a time.
        attend: which responses attend to a poly-encoder's vectors: the 256 with the best dot products with
            their mean ("top", as the chatbot does), or all.
        pairs: of a cross-encoder, how many pairs are read for a query at most; beyond, time is estimated.
        read: contexts of a cross-encoder that are asked.
        threads: of the processor; all of them at 0.
        limit: development records that the export looks at.
        seed: of the draw of contexts, pairs and noise.
    """

    candidates: tuple[int, ...] = (1_000, 10_000, 100_000)
    queries: int = 50
    attend: Attend = "top"
    pairs: int = 1_000
    read: int = 3
    threads: int = 0
    limit: int = 200
    seed: int = 17

    def __post_init__(self) -> None:
        least = min([*self.candidates, self.queries, self.pairs, self.read, self.limit], default=0)
        if not self.candidates or least < 1 or self.threads < 0 or self.attend not in get_args(Attend):
            raise OptionError(
                "the costs of retrieval cannot be measured like this.",
                value=f"candidates={list(self.candidates)}, queries={self.queries}, pairs={self.pairs}, "
                f"read={self.read}, limit={self.limit}, threads={self.threads}, attend={self.attend}",
                allowed=f"numbers of 1 or more (threads: 0 for all), attend {' or '.join(get_args(Attend))}",
                cure="Mend 'costs.options' of the study.",
            )

    def __call__(self, run: Run, folder: Path) -> Costs:
        """Milliseconds of a query at each number of candidates, and the size of the largest index.

        Args:
            run: finished, of the task ``respond``.
            folder: where the artifact goes; the indexes are deleted again.

        Raises:
            OptionError: the run is of another task.
        """
        from gongbang.export.artifact import export_bench
        from gongbang.export.ready import trained_bench
        from gongbang.runtime.load import load
        from gongbang.train.recipe import parse_recipe

        recipe = parse_recipe(run.recipe, str(run.path))
        if recipe.task != "respond":
            raise OptionError(
                "the cost of retrieval is that of a model which selects responses.",
                value=f"{run.id}: task {recipe.task}",
                allowed="runs of the task respond",
                cure="Remove 'costs' from the study; what is measured already is kept.",
            )
        bench = trained_bench(run)
        splits = bench.splits
        few = (splits.development or splits.test)[: self.limit]  # no score of this artifact is reported
        bench.splits = replace(splits, development=few, test=[])
        report = export_bench(bench, run, folder / "artifact", overwrite=True)
        served = load(folder / "artifact", task="respond", threads=self.threads or None)
        records = [*splits.train, *splits.development, *splits.test]
        rng = np.random.default_rng(self.seed)
        contexts = _drawn([record.fields["context"] for record in splits.development or records], rng)
        responses = _drawn([record.fields.get("response", "") for record in records], rng)
        if served.task.reads_pairs:
            columns, how = self._reading(served, contexts, responses)
        else:
            columns, how = self._searching(served, contexts, responses, rng)
        threads = self.threads or os.cpu_count() or 1
        where = f"Artifacts on {served.engine.name}, {threads} thread{'s' * (threads > 1)}"
        if report.quantised == "none":
            form = f"{recipe.name} is in float32: 8 bits were not asked for, or did not pass the gate."
            return Costs(columns, (f"{where}.", form, *how))
        return Costs(columns, (f"{where}.", *how))

    def _searching(
        self, served: Predictor, contexts: Sequence[str], responses: Sequence[str], rng: np.random.Generator
    ) -> tuple[dict[str, Cost], tuple[str, ...]]:
        from gongbang.runtime.responder import ArtifactResponder
        from gongbang.search.candidates import CandidateStore

        responder = ArtifactResponder(served)
        known = responder.responses(responses[: max(self.candidates)])
        asked = [contexts[at % len(contexts)] for at in range(self.queries)]
        columns = {}
        for count in sorted(self.candidates):
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / "index"
                store = CandidateStore.open(
                    place, responder.signature, responder.dimension, threads=self.threads or None
                )
                _fill(store, known, count, rng)
                ask = partial(_search, responder, store, self.attend)
                columns[_time(count)] = Cost(_milliseconds(ask, asked))
                size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file()) / 1e6
            _LOG.info("%s: %s ms among %d", served.artifact.path, columns[_time(count)], count)
        columns[_index(max(self.candidates))] = Cost(size)
        attends = "attended by the best 256" if self.attend == "top" else "attended by all"
        notes = (
            f"{self.queries} queries one at a time: a context encoded, the best {_BEST} found; medians.",
            f"Vectors of {len(known):,} responses, beyond that noisy copies of them; several vectors of a "
            f"context are {attends}.",
        )
        return columns, notes

    def _reading(
        self, served: Predictor, contexts: Sequence[str], responses: Sequence[str]
    ) -> tuple[dict[str, Cost], tuple[str, ...]]:
        from gongbang.runtime.responder import ArtifactReranker

        reranker = ArtifactReranker(served)
        asked = [contexts[at % len(contexts)] for at in range(self.read)]
        most = min(self.pairs, len(responses))
        columns: dict[str, Cost] = {}
        spent: dict[int, float] = {}
        for count in sorted(self.candidates):
            read = min(count, most)
            if read not in spent:
                texts = list(responses[:read])
                spent[read] = _milliseconds(partial(_read, reranker, texts), asked)
            note = "" if read == count else f"estimated from {read:,} pairs"
            columns[_time(count)] = Cost(spent[read] * count / read, note)
            _LOG.info("%s: %s ms among %d", served.artifact.path, columns[_time(count)], count)
        columns[_index(max(self.candidates))] = Cost(0.0, "none: pairs are read anew")
        return columns, (f"A cross-encoder reads every candidate; {self.read} contexts, medians.",)


def _time(count: int) -> str:
    return f"ms a query at {count:,}"


def _index(count: int) -> str:
    return f"index MB at {count:,}"


def _drawn(texts: Sequence[str], rng: np.random.Generator) -> list[str]:
    """The distinct texts that are not blank, in a random order."""
    distinct = sorted({text for text in texts if text.strip()})
    return [distinct[place] for place in rng.permutation(len(distinct))]


def _search(responder: ArtifactResponder, store: CandidateStore, attend: Attend, context: str) -> None:
    store.search(responder.contexts([context])[0], _BEST, attend=attend)


def _read(reranker: ArtifactReranker, responses: Sequence[str], context: str) -> None:
    reranker.scores(context, responses)


def _milliseconds(ask: Callable[[str], object], contexts: Sequence[str]) -> float:
    """The median time of a call, after one that is not counted."""
    ask(contexts[0])
    spent = []
    for context in contexts:
        began = time.perf_counter()
        ask(context)
        spent.append(1e3 * (time.perf_counter() - began))
    return statistics.median(spent)


def _fill(store: CandidateStore, known: Vectors, count: int, rng: np.random.Generator) -> None:
    """Put as many vectors into a store: the known ones, then copies of them with noise, of unit length."""
    for start in range(0, count, _CHUNK):
        places = np.arange(start, min(start + _CHUNK, count))
        part = known[places % len(known)]
        noise = rng.standard_normal(part.shape, dtype=np.float32) * np.float32(_NOISE / part.shape[1] ** 0.5)
        part = np.where((places < len(known))[:, None], part, part + noise)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
        store.put(places.tolist(), [1] * len(places), part)
