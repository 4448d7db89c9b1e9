"""Which costs can be measured, resolved when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.errors import ArtifactError, OptionError

if TYPE_CHECKING:
    from gongbang.artifacts.run import Run
    from gongbang.metrics.costs import Costs

COSTS: dict[str, str] = {"retrieval": "gongbang.apps.costs.retrieval:Retrieval"}
"""Each a dataclass of its options that is called with a run and a folder to work in, and gives costs."""


def make_measure(name: str, options: Mapping[str, Any]) -> Callable[[Run, Path], Costs]:
    """A measure by its name, with its options set.

    Raises:
        OptionError: there is no such measure or option, or a value is not allowed.

    Example:
        >>> make_measure("retrieval", {"candidates": [100], "queries": 5}).queries
        5
    """
    if name not in COSTS:
        near = get_close_matches(name, COSTS, n=1)
        raise OptionError(
            "there is no such measure of costs.",
            value=name,
            allowed=", ".join(COSTS),
            cure=f"Did you mean '{near[0]}'?" if near else "Name one of these.",
        )
    from gongbang.tasks.settings import settings_from

    module, _, attribute = COSTS[name].partition(":")
    try:
        measure: Callable[[Run, Path], Costs] = settings_from(
            getattr(import_module(module), attribute), options
        )
    except ArtifactError as err:
        raise OptionError(
            f"the options do not fit the measure '{name}': {err.what}",
            value=err.value,
            allowed=err.allowed,
            cure=err.cure.split(" An artifact of")[0],
        ) from err
    return measure
