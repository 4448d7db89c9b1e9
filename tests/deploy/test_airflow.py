"""The DAG carries out the same steps in the same order as the verbs: with a stand-in, and by Airflow itself.

Where ``GONGBANG_TEST_AIRFLOW`` names a Python with Airflow 3, its own ``dags test`` runs the DAG too.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import types
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gongbang.apps.loop.judged import Judged
from gongbang.artifacts.datasets import Datasets
from gongbang.serve.database.migrate import upgrade
from gongbang.serve.database.review import Review
from gongbang.serve.database.store import Store
from tests.apps.loop.test_retrain import Workshop

DAG = Path(__file__).resolve().parent.parent.parent / "deploy" / "airflow" / "gongbang_retrain.py"
AIRFLOW = os.environ.get("GONGBANG_TEST_AIRFLOW", "")


class Task:
    """A decorated function, as far as the file needs it: called, it notes what it would be called with."""

    def __init__(self, call: Any, noted: list[Any], name: str = "") -> None:
        self.call, self.noted, self.name = call, noted, name or call.__name__

    def override(self, task_id: str) -> Task:
        return Task(self.call, self.noted, task_id)

    def __call__(self, *words: Any) -> Done:
        done = Done(self, words)
        self.noted.append(done)
        return done


class Done:
    """A task within the DAG, and those before it."""

    def __init__(self, task: Task, words: tuple[Any, ...]) -> None:
        self.task, self.words = task, words
        self.before = [word for word in words if isinstance(word, Done)]

    def __rshift__(self, other: Done) -> Done:
        other.before.append(self)
        return other


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[Done]:
    """The tasks of the file, in the order in which it names them."""
    found: list[Done] = []
    sdk = types.ModuleType("airflow.sdk")
    sdk.Param = lambda value, type: value
    sdk.dag = lambda **options: lambda call: call
    sdk.task = types.SimpleNamespace(external_python=lambda **options: lambda call: Task(call, found))
    monkeypatch.setitem(sys.modules, "airflow", types.ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)
    spec = importlib.util.spec_from_file_location("gongbang_retrain_dag", DAG)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return found


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    shop = Workshop(tmp_path, monkeypatch)
    monkeypatch.setattr("gongbang.apps.loop.retrain.load_at_work", shop.at_work)
    return shop


@pytest.fixture
def settings(shop: Workshop) -> dict[str, str]:
    """The DAG's parameters, over a database in which one correction was accepted."""
    url = shop.folder / "a.db"
    upgrade(url)
    with Store(url) as store:
        review = Review(store)
        (kept,) = review.keep([Judged("predict", "classify", {"text": "새로 들은 말"}, "bad", False, "good")])
        review.decide(kept.id, "accept", reviewer="min")
    return {
        "database": str(url),
        "datasets": str(shop.folder / "datasets"),
        "recipe": str(shop.folder / "recipe.yaml"),
        "champion": str(shop.champion.folder),
        "suite": str(shop.suite.path),
        "work": str(shop.folder / "retrains"),
    }


def carried_out(noted: list[Done], settings: dict[str, str]) -> dict[str, Any]:
    """What each task gives, carried out in the order that the DAG says."""
    results: dict[Done, Any] = {}
    while len(results) < len(noted):
        ready = next(one for one in noted if one not in results and all(b in results for b in one.before))
        words = [results[w] if isinstance(w, Done) else w for w in ready.words]
        words = [json.dumps(settings) if word == "{{ params | tojson }}" else word for word in words]
        results[ready] = json.loads(json.dumps(ready.task.call(*words)))
    return {one.task.name: result for one, result in results.items()}


def test_the_steps_are_in_their_order(noted):
    assert [one.task.name for one in noted] == ["build", "check", "train", "export", "gate", "promote"]
    for before, after in pairwise(noted):
        assert before in after.before


def test_the_callables_promote_a_better_challenger(noted, settings, shop):
    old = shop.crown()
    told = carried_out(noted, settings)
    assert told["gate"]["decision"] == told["promote"]["decision"] == "promote"
    assert shop.champion.current().id == told["promote"]["champion"] == told["export"]["id"] != old
    version = Datasets(shop.folder / "datasets" / "classify").latest()
    assert (str(version.path), version.manifest["records"]) == (told["build"], 1)
    assert [source.path for source in shop.trained[0].data.sources][-1] == str(version.records)


def test_the_callables_keep_the_champion_from_a_worse_one(noted, settings, shop):
    old = shop.crown()
    shop.wrong = 40
    told = carried_out(noted, settings)
    assert told["promote"]["decision"] == "keep" and shop.champion.current().id == old


def test_all_steps_are_on_the_version_that_was_built(noted, settings, shop):
    """What is decided while the DAG runs is for the next run."""
    shop.crown()
    built = noted[0].task.call(json.dumps(settings))
    with Store(settings["database"]) as store:
        review = Review(store)
        (kept,) = review.keep([Judged("predict", "classify", {"text": "더 늦은 말"}, "bad", False, "good")])
        review.decide(kept.id, "accept", reviewer="min")
    noted[0].task.call(json.dumps(settings))
    assert Datasets(shop.folder / "datasets" / "classify").latest().number == 2
    step = noted[2].task.call
    step("train", json.dumps(settings), built)
    assert shop.trained[0].data.sources[-1].path == f"{built}/records.jsonl"


@pytest.mark.slow
@pytest.mark.skipif(not AIRFLOW, reason="GONGBANG_TEST_AIRFLOW names no Python with Airflow 3")
def test_airflow_itself_runs_the_dag(tmp_path: Path):
    """A real training, by ``airflow dags test`` in Airflow's own environment."""
    import yaml

    from gongbang.apps.loop.suites import judgeable
    from gongbang.artifacts.champions import Champion
    from gongbang.artifacts.suite import freeze_suite
    from gongbang.data.reading import read_records
    from tests.cli.test_retrain import said_anew, suite_file
    from tests.train.tiny_labels import recipe_tree

    tree = recipe_tree(tmp_path, "classify", export__quantise="none")
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    records = judgeable("classify", read_records(suite_file(tmp_path / "s.jsonl")).strict())
    freeze_suite(tmp_path / "suite", records, task="classify")
    upgrade(tmp_path / "a.db")
    with Store(tmp_path / "a.db") as store:
        review = Review(store)
        for text, label in said_anew(80, first=0):
            (kept,) = review.keep([Judged("predict", "classify", {"text": text}, label, good=True)])
            review.decide(kept.id, "accept", reviewer="min")
    dags = tmp_path / "airflow" / "dags"
    dags.mkdir(parents=True)
    (dags / DAG.name).write_text(DAG.read_text(encoding="utf-8"), encoding="utf-8")
    names = {"database": "a.db", "datasets": "datasets", "recipe": "recipe.yaml", "suite": "suite"}
    names |= {"champion": "champions/mood", "work": "work"}
    place = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "GONGBANG_PYTHON": sys.executable,
        "GONGBANG_RETRAIN": json.dumps({name: str(tmp_path / path) for name, path in names.items()}),
    }
    for words in (["db", "migrate"], ["dags", "test", "gongbang_retrain"]):
        command = [AIRFLOW, "-m", "airflow", *words]
        done = subprocess.run(
            command, env={**os.environ, **place}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    champion = Champion(tmp_path / "champions" / "mood")
    held = champion.current()
    assert held is not None and "feedback" in {one.name for one in held.manifest.trained_on}
    assert datetime.fromisoformat(champion.history()[-1]["at"]).tzinfo == UTC
