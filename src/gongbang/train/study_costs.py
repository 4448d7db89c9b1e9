"""Measured columns of a study: what each variant costs, measured once on one of its runs, and kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gongbang.artifacts.files import read_json, write_json
from gongbang.artifacts.hashing import config_hash
from gongbang.artifacts.run import Run
from gongbang.errors import OptionError
from gongbang.metrics.costs import Costs

_LOG = logging.getLogger(__name__)
FOLDER = "costs"
"""Where a measure works, below the study's folder; each run has a folder of its own there."""

Measure = Callable[[Run, Path], Costs]
"""Gives the costs of a finished run; it may leave what it makes in the folder."""


class CostSettings(BaseModel):
    """What a study measures beside its metrics: the name of a measure, and its options."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: str
    options: dict[str, Any] = Field(default_factory=dict)


MakeMeasure = Callable[[str, Mapping[str, Any]], Measure]
"""Finds a measure by its name and options, see :func:`gongbang.apps.costs.table.make_measure`."""


def measure_of(settings: CostSettings | None, make: MakeMeasure | None) -> Measure | None:
    """The measure that a study asks for, found before anything is trained; None where it asks for none.

    Raises:
        OptionError: there is no such measure or option, or nothing that could find it.
    """
    if settings is None:
        return None
    if make is None:
        raise OptionError(
            "the study measures costs, and nothing was given that finds the measure.",
            value=f"costs.measure: {settings.measure}",
            allowed="run_study(..., measures=gongbang.apps.costs.table.make_measure)",
            cure="Run it by gongbang study, or pass 'measures'.",
        )
    return make(settings.measure, settings.options)


def measured(
    runs: Mapping[str, Run], folder: Path, settings: CostSettings, measure: Measure
) -> dict[str, Costs]:
    """The costs of each run by its key; those that an earlier sitting measured are read.

    Args:
        runs: one a variant. Which seed it was trained with has no part in what it costs.
        folder: the study's.
        settings: what is measured. measure: how.
    """
    file = folder / f"{FOLDER}.json"
    kept = read_json(file, "the costs so far") if file.is_file() else {}
    found = {}
    for key, run in runs.items():
        identity = config_hash({"run": run.id, **settings.model_dump(mode="json")})
        if kept.get(key, {}).get("of") != identity:
            _LOG.info("measuring what %s costs (%s)", key, settings.measure)
            kept[key] = {"of": identity, **measure(run, folder / FOLDER / run.id).to_dict()}
            write_json(file, kept)
        found[key] = Costs.from_dict(kept[key])
    return found
