"""What the proofs share: a sample of the records, a few rows of them, and a model that is put back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.tasks.base import Features
from gongbang.train.batches import row_lengths, tensors
from gongbang.train.infer import outputs_of
from gongbang.train.loop import Loop

if TYPE_CHECKING:
    from gongbang.train.workbench import Workbench

Number = float | int | str
_LONGEST = 8  # records of the sample that are its longest, so that windows and cuts are seen at all


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of each ill is borne before a run is refused; shares are of 1.

    Attributes:
        records: training records that are looked at closely.
        unknown_tokens: share of passage tokens that are the unknown token.
        unknown_answers: share of answers that hold an unknown token.
        cut_answers: share of answers that no window holds whole.
        cut_questions: share of questions that lose their end.
        cut_passages: share of passages that an encoder sees only in part.
        wrong_spans: share of answers that do not decode back to themselves.
        near_duplicates: share of held-out texts that nearly stand in another part.
        near_duplicate_similarity: what "nearly" means (Jaccard similarity of character 5-grams).
        repeats: share of training examples that are there twice.
        one_answer: share that the commonest answer may have.
        unused_rows: share of embedding rows without a token.
        made_per_found: made training rows for each found one.
        overfit_steps: steps of the over-fit proof for each learning rate it tries.
    """

    records: int = 200
    unknown_tokens: float = 0.03
    unknown_answers: float = 0.10
    cut_answers: float = 0.05
    cut_questions: float = 0.10
    cut_passages: float = 0.50
    wrong_spans: float = 0.02
    near_duplicates: float = 0.005
    near_duplicate_similarity: float = 0.9
    repeats: float = 0.2
    one_answer: float = 0.5
    unused_rows: float = 0.1
    made_per_found: float = 3.0
    overfit_steps: int = 30


@dataclass(slots=True)
class Outcome:
    """What a proof that did not fail found: a sentence, numbers, and notes on what is worth a look."""

    what: str
    numbers: dict[str, Number] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    skipped: bool = False


@dataclass(slots=True)
class Trial:
    """A workbench under examination.

    Args:
        bench: what is about to be trained.
        limits: see :class:`Limits`.
        loop: the loop that will train, examined on a probe by the schedule and selection proofs.
    """

    bench: Workbench
    limits: Limits = field(default_factory=Limits)
    loop: type[Loop] = Loop
    records: list[Record] = field(init=False)
    shared: dict[str, Any] = field(init=False, default_factory=dict)
    """What one proof leaves for another."""
    _features: Features | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.records = _sample(self.bench.training, self.limits.records, self.bench.recipe.training.seed)

    @property
    def model(self) -> Any:
        """The model; it has ``loss(batch)``."""
        return self.bench.model

    @property
    def labels(self) -> int:
        """How many labels the task chooses among; 0 where it does not."""
        return len(getattr(self.bench.task, "labels", ()))

    @property
    def features(self) -> Features:
        """The sample, prepared by the task once."""
        if self._features is None:
            self._features = self.bench.task.prepare(self.records)
        return self._features

    def few(self, count: int = 4) -> NDArray[np.int64]:
        """The ``count`` shortest rows whose targets say something and differ from each other."""
        features = self.features
        order = np.argsort(row_lengths(features), kind="stable")
        marks = [tuple(int(np.ravel(array[row])[0]) for array in features.targets.values()) for row in order]
        common = Counter(marks).most_common(1)[0][0]
        seen: set[tuple[int, ...]] = set()
        first: list[int] = []
        rest: list[int] = []
        for row, mark in zip(order, marks, strict=True):
            new = mark not in seen and mark != common
            (first if new else rest).append(int(row))
            seen.add(mark)
        return np.asarray((first + rest)[:count])

    def batch(self, rows: NDArray[np.int64], features: Features | None = None) -> dict[str, torch.Tensor]:
        """Tensors of some rows, where the model is."""
        device = next(self.model.parameters()).device
        made = tensors(self.features if features is None else features, rows)
        return {name: tensor.to(device) for name, tensor in made.items()}

    def forward(self, batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The model's outputs in evaluation mode, float32."""
        model = self.model
        was_training = model.training
        model.eval()
        with torch.no_grad():
            if hasattr(model, "pair_outputs"):
                result = model.pair_outputs(dict(batch))
            else:
                result = model(**{name: batch[name] for name in self.features.inputs if name in batch})
        model.train(was_training)
        return {name: tensor.float() for name, tensor in result.items()}

    def outputs(self, features: Features) -> dict[str, NDArray[np.float32]]:
        """The model's outputs for features, as evaluation computes them."""
        return outputs_of(self.model, features, pairs=hasattr(self.model, "pair_outputs"))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever happens inside, weights, gradients, mode and random states are as before afterwards."""
        model = self.model
        state = {name: value.detach().clone() for name, value in model.state_dict().items()}
        modes = {name: module.training for name, module in model.named_modules()}
        generators = (random.getstate(), np.random.get_state(), torch.get_rng_state())
        devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        try:
            yield
        finally:
            model.load_state_dict(state)
            model.zero_grad(set_to_none=True)
            for name, module in model.named_modules():
                module.training = modes[name]
            random.setstate(generators[0])
            np.random.set_state(generators[1])
            torch.set_rng_state(generators[2])
            if devices:
                torch.cuda.set_rng_state_all(devices)


def _sample(records: list[Record], count: int, seed: int) -> list[Record]:
    """``count`` records, the longest among them, in the order of the source."""
    if len(records) <= count:
        return list(records)
    long = sorted(range(len(records)), key=lambda at: -sum(map(len, records[at].fields.values())))
    drawn = np.random.default_rng(seed).permutation(len(records))
    chosen = dict.fromkeys([*long[:_LONGEST], *drawn.tolist()])
    return [records[at] for at in sorted(list(chosen)[:count])]
