"""Several trainings of one recipe from one start, and the mean of their weights.

Trainings that share their start and differ in the order of their data end near each other, and the mean of
their weights is better than each of them while it costs no more to serve: Wortsman et al. 2022, "Model soups:
averaging weights of multiple fine-tuned models improves accuracy without increasing inference time". Members
are added best first, and one that does not raise the declared metric is left out (the greedy soup of
section 2).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from gongbang.artifacts.run import BEST
from gongbang.train.checkpoint import (
    Weights,
    load_weights,
    put_weights,
    save_weights,
    saved_progress,
    trainable,
)
from gongbang.train.loop import Event, Loop, LoopResult

_LOG = logging.getLogger(__name__)


def train_members(loop: Loop, *, resume: bool = False, max_steps: int | None = None) -> LoopResult:
    """Train the recipe's members one after the other, each in a folder of its own, and average them.

    Member ``n`` trains with the recipe's seed plus ``n``. The mean is the ``best.safetensors`` of the loop's
    own folder.

    Args:
        loop: the training that is repeated, its model as every member starts.
        resume: go on from the members' checkpoints; finished members are not trained again.
        max_steps: stop after this many steps more, whichever member that is.
    """
    start = {name: value.clone() for name, value in trainable(loop.model).items()}
    results: list[LoopResult] = []
    left = max_steps
    for number in range(loop.settings.members):
        if left == 0:
            break
        put_weights(loop.model, start)
        folder = loop.folder / f"member-{number}"
        behind = steps_saved(folder) if resume else 0
        member = replace(
            loop,
            folder=folder,
            settings=loop.settings.model_copy(update={"seed": loop.settings.seed + number}),
            on_event=_as_of_all(loop, number, sum(result.steps for result in results)),
        )
        results.append(member.run(resume=resume, max_steps=left))
        left = None if left is None else max(0, left - (results[-1].steps - behind))
    best = average_members(loop)
    return LoopResult(
        best,
        results[-1].best_step,
        sum(result.steps for result in results),
        sum(result.seconds for result in results),
        results[-1].examples_per_second,
        loop.folder / BEST,
    )


def average_members(loop: Loop) -> float | None:
    """Average the best weights of the members there are, write them, and leave them in the loop's model.

    Returns:
        The declared metric on development data; None where there is none, and then all are averaged.
    """
    found = sorted(loop.folder.glob(f"member-*/{BEST}"))
    weights = [load_file(path) for path in found]
    value: float | None = None
    if loop.evaluate is None:
        kept = list(range(len(found)))
    else:
        kept, value = _greedy(loop, weights, [_best(path.parent) for path in found])
    _LOG.info("the mean of %s is kept", ", ".join(found[place].parent.name for place in kept))
    save_weights(_mean([weights[place] for place in kept]), loop.folder / BEST)
    load_weights(loop.model, loop.folder / BEST)
    loop.model.eval()
    return value


def steps_saved(folder: Path) -> int:
    """Steps behind the checkpoints in a folder, those of members added up; 0 where there is none."""
    states = sorted(folder.glob("**/last/state.json"))
    return sum(saved_progress(state.parent).step for state in states)


def _greedy(loop: Loop, weights: Sequence[Weights], values: Sequence[float]) -> tuple[list[int], float]:
    """The members whose mean is best, added best first, and the metric of the mean."""
    order = sorted(range(len(weights)), key=lambda place: -values[place])
    kept, best = order[:1], values[order[0]]
    for place in order[1:]:
        put_weights(loop.model, _mean([weights[other] for other in (*kept, place)]))
        value = _score(loop)
        _LOG.info("with member-%d: %s %.4g (without %.4g)", place, loop.settings.metric, value, best)
        if value > best:
            kept, best = [*kept, place], value
    return kept, best


def _score(loop: Loop) -> float:
    assert loop.evaluate is not None
    loop.model.eval()
    return float(loop.evaluate(loop.model)[loop.settings.metric])


def _best(folder: Path) -> float:
    """A member's best value; minus infinity where it was stopped before it was evaluated."""
    best = saved_progress(folder / "last").best
    return float("-inf") if best is None else float(best)


def _mean(weights: Sequence[Weights]) -> Weights:
    return {name: torch.stack([each[name] for each in weights]).mean(dim=0) for name in weights[0]}


def _as_of_all(loop: Loop, number: int, behind: int) -> Callable[[Event], None]:
    """A member's events with the steps and the time of all members."""

    def tell(event: Event) -> None:
        told = {**event, "step": event["step"] + behind, "member": number + 1}
        if "steps" in event:
            own = event["steps"]
            told["steps"] = own * loop.settings.members
            pace = event["seconds_left"] / max(1, own - event["step"])
            later = (loop.settings.members - number - 1) * own
            told["seconds_left"] = round(event["seconds_left"] + pace * later)
        loop.on_event(told)

    return tell
