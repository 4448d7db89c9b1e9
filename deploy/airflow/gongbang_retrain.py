"""The loop as an Airflow DAG: data set, training, export, gate, promotion, one task each.

Nothing is decided here. Each task calls what ``gongbang review export`` and ``gongbang retrain`` call, in the
interpreter that ``GONGBANG_PYTHON`` names, so that Airflow and Gongbang may have an environment each. A task
that is tried again goes on where it was; what a gate refuses is a success, since the champion stands.

Put this file into the folder of DAGs of Airflow 3, and set the parameters when the DAG is triggered, or their
defaults by ``GONGBANG_RETRAIN``, a JSON object. The schedule is ``GONGBANG_RETRAIN_SCHEDULE`` (a cron line;
none by default).
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta

from airflow.sdk import Param, dag, task

DEFAULTS = {
    "database": "sqlite:////srv/gongbang/server.db",
    "datasets": "/srv/gongbang/datasets",
    "recipe": "/srv/gongbang/recipe.yaml",
    "champion": "/srv/gongbang/champions/model",
    "suite": "/srv/gongbang/suite",
    "work": "/srv/gongbang/retrains",
} | json.loads(os.environ.get("GONGBANG_RETRAIN", "{}"))
PYTHON = os.environ.get("GONGBANG_PYTHON", "python3")
STEPS = ("check", "train", "export", "gate", "promote")


@task.external_python(python=PYTHON, expect_airflow=False)
def build(settings: str) -> str:
    """The folder of the newest version of what reviewers decided; the suite's records stay out of it."""
    import json

    from gongbang.artifacts.suite import open_suite
    from gongbang.serve.reviewed import build_datasets

    asked = json.loads(settings)
    kind = open_suite(asked["suite"]).task
    (version,) = build_datasets(asked["database"], asked["datasets"], task=kind, suites=[asked["suite"]])
    return str(version.path)


@task.external_python(python=PYTHON, expect_airflow=False)
def carry_out(step: str, settings: str, version: str) -> dict:
    """One step of the retraining, on the version that was built for this run of the DAG."""
    import json
    import logging
    from pathlib import Path

    from gongbang.apps.loop.retrain import Retraining

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asked = json.loads(settings)
    retraining = Retraining(
        recipe=asked["recipe"],
        champion=Path(asked["champion"]),
        suite=Path(asked["suite"]),
        datasets=[version],
        work=Path(asked["work"]),
    )
    return retraining.carry_out(step)


@dag(
    schedule=os.environ.get("GONGBANG_RETRAIN_SCHEDULE"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    params={name: Param(value, type="string") for name, value in DEFAULTS.items()},
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5)},
    tags=["gongbang"],
    doc_md=__doc__,
)
def gongbang_retrain() -> None:
    """Data set, then the steps of the retraining in their order."""
    settings = "{{ params | tojson }}"
    version = build(settings)
    before = None
    for step in STEPS:
        done = carry_out.override(task_id=step)(step, settings, version)
        if before is not None:
            before >> done
        before = done


gongbang_retrain()
