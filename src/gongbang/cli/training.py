"""What the verbs that train share: the extra they need, and the progress of a run."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from gongbang.cli.output import coloured, note
from gongbang.cli.scores import number
from gongbang.errors import MissingExtraError

OnEvent = Callable[[Mapping[str, Any]], None]
_NEEDED = ("torch", "transformers", "accelerate", "safetensors", "pydantic")


def require_training(purpose: str) -> None:
    """Say early, and with its name, that the training extra is missing.

    Raises:
        MissingExtraError: a package of the extra is not installed.
    """
    for package in _NEEDED:
        if find_spec(package) is None:
            raise MissingExtraError(package, extra="train", purpose=purpose)


def add_workers(parser: argparse.ArgumentParser) -> None:
    """The option of verbs that train many runs."""
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="runs that are trained at a time, each with its share of the threads and memory of its own (1)",
    )


@contextmanager
def training_progress(args: argparse.Namespace) -> Iterator[OnEvent]:
    """Shows a run's events on stderr: a bar with the time left on a terminal, plain lines elsewhere."""
    if args.quiet:
        yield _pass
    elif not coloured(_stderr()):
        yield lambda event: note(args, event_line(event))
    else:
        with _bar() as on_event:
            yield on_event


@contextmanager
def _bar() -> Iterator[OnEvent]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def show(event: Mapping[str, Any]) -> None:
            if "evaluation" in event:
                progress.console.print(event_line(event), markup=False, highlight=False)
            else:
                progress.update(
                    task,
                    total=event["steps"],
                    completed=event["step"],
                    description=_of_which(event) + _numbers(event),
                )

        yield show


def event_line(event: Mapping[str, Any]) -> str:
    """One event as a line.

    Example:
        >>> event_line({"step": 40, "evaluation": {"f1": 81.2}, "best": 81.2})
        'step 40: development f1 81.20 (best 81.20)'
        >>> event_line({"step": 10, "steps": 40, "epoch": 0.5, "loss": 2.0, "lr": 1e-4,
        ...             "examples_per_second": 4.0, "seconds_left": 125})
        'step 10/40: epoch 0.50, loss 2.0000, 4.0 examples/s, 2 min 5 s left'
        >>> event_line({"step": 4, "evaluation": {"mrr": 0.5}, "variant": "cross", "seed": 17})
        'cross/17: step 4: development mrr 0.5000'
    """
    which = _of_which(event)
    if "evaluation" not in event:
        return f"{which}step {event['step']}/{event['steps']}: {_numbers(event)}"
    names = event["evaluation"]
    metrics = ", ".join(f"{name} {number(name, value)}" for name, value in names.items())
    best = event.get("best")
    first = next(iter(names), "")
    return f"{which}step {event['step']}: development {metrics}" + (
        f" (best {number(first, best)})" if best is not None else ""
    )


def _of_which(event: Mapping[str, Any]) -> str:
    """Whose numbers these are, where several runs belong together."""
    told = "/".join(str(event[name]) for name in ("variant", "ratio", "seed") if name in event)
    return f"{told}: " if told else ""


def _numbers(event: Mapping[str, Any]) -> str:
    left = duration(event["seconds_left"])
    speed = event["examples_per_second"]
    memory = f", {size(event['peak_memory'])}" if event.get("peak_memory") else ""
    pace = f"{speed:.1f} examples/s{memory}, {left} left"
    return f"epoch {event['epoch']:.2f}, loss {event['loss']:.4f}, {pace}"


def cost_line(cost: Mapping[str, Any]) -> str:
    """What a run cost, as a line.

    Example:
        >>> cost_line({"seconds": 125.0, "training_seconds": 59.0, "steps": 40, "examples_per_second": 4.0,
        ...            "peak_memory": 1_342_177_280, "peak_gpu_memory": 0, "device": "cpu", "threads": 2})
        'cost: 2 min 5 s, of these 59 s training 40 steps at 4.0 examples/s; peak memory 1.2 GiB'
    """
    line = (
        f"cost: {duration(cost['seconds'])}, of these {duration(cost['training_seconds'])} training "
        f"{cost['steps']:,} steps at {cost['examples_per_second']:.1f} examples/s"
    )
    if cost["peak_memory"]:
        line += f"; peak memory {size(cost['peak_memory'])}"
    return line + (f", on the GPU {size(cost['peak_gpu_memory'])}" if cost["peak_gpu_memory"] else "")


def size(count: float) -> str:
    """Bytes as people say them.

    Example:
        >>> size(1_342_177_280), size(52_428_800)
        ('1.2 GiB', '50 MiB')
    """
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def duration(seconds: float) -> str:
    """Seconds as people say them.

    Example:
        >>> duration(59), duration(125), duration(7260)
        ('59 s', '2 min 5 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _stderr() -> Any:
    import sys

    return sys.stderr


def _pass(event: Mapping[str, Any]) -> None:
    """Nobody watches."""
