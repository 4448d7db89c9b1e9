"""The run record: made, resumed, killed, found again."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gongbang.artifacts.hashing import bytes_hash, code_hash, config_hash
from gongbang.artifacts.predictions import prediction_from_dict, prediction_to_dict
from gongbang.artifacts.run import Run
from gongbang.errors import ArtifactError, DataError, OptionError
from gongbang.metrics.scores import Score, Scores
from gongbang.tasks.base import Candidate, Prediction

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
RECIPE = {"task": "reader", "이름": "독해", "loop": {"lr": 3e-5, "epochs": 2}}
PREDICTIONS = [
    Prediction(
        "q1",
        "서울",
        0.9,
        (Candidate("서울", 4, 6, 7.5, 0.9, "p1"), Candidate("서울시", 4, 7, 6.0)),
        -1.5,
        {"k": [1]},
    ),
    Prediction("q2", "", 0.2),
]


def test_create_writes_the_whole_record(tmp_path: Path):
    (tmp_path / "train.json").write_bytes(b"abc")
    run = Run.create(
        tmp_path / "runs", RECIPE, "reader ko!", data={"train": [tmp_path / "train.json"]}, now=NOON
    )
    assert run.id == f"20260102-120000-reader-ko-{config_hash(RECIPE)[:7]}"
    assert run.status == "running"
    assert run.recipe == RECIPE
    assert "이름: 독해" in (run.path / "recipe.yaml").read_text(encoding="utf-8")
    assert run.hashes["recipe"] == config_hash(RECIPE)
    assert run.hashes["code"] == code_hash()
    assert run.hashes["data"]["train"][0]["sha256"] == bytes_hash(b"abc")
    assert run.environment["python"] == ".".join(map(str, sys.version_info[:3]))
    assert "numpy" in run.environment["packages"]
    assert run.checkpoints.is_dir()
    run.finish()
    assert run.status == "done"


def test_two_runs_of_one_second_do_not_collide(tmp_path: Path):
    ids = [Run.create(tmp_path, RECIPE, "a", now=NOON).id for _ in range(3)]
    assert ids[1:] == [f"{ids[0]}-2", f"{ids[0]}-3"]


def test_missing_data_makes_no_run(tmp_path: Path):
    with pytest.raises(DataError):
        Run.create(tmp_path / "runs", {}, "a", data={"test": [tmp_path / "none"]})
    assert not (tmp_path / "runs").exists()


def test_the_context_tells_what_became_of_it(tmp_path: Path):
    with Run.create(tmp_path, {}, "good") as good:
        pass
    with pytest.raises(ValueError, match="no"), Run.create(tmp_path, {}, "bad") as bad:
        raise ValueError("no loss")
    with pytest.raises(KeyboardInterrupt), Run.create(tmp_path, {}, "stopped") as stopped:
        raise KeyboardInterrupt
    assert (good.status, bad.status, stopped.status) == ("done", "failed", "interrupted")
    assert bad.error == "ValueError: no loss"


def test_open_by_path_id_and_part_of_it(tmp_path: Path):
    first = Run.create(tmp_path, {"a": 1}, "reader", now=NOON)
    second = Run.create(tmp_path, {"a": 2}, "encoder", now=NOON)
    assert Run.open(first.path).id == first.id
    assert Run.open(first.id, tmp_path).id == first.id
    assert Run.open("encoder", tmp_path).id == second.id
    assert {run.id for run in Run.list(tmp_path)} == {first.id, second.id}
    with pytest.raises(ArtifactError, match="more than one"):
        Run.open("20260102", tmp_path)
    with pytest.raises(ArtifactError, match="no such run"):
        Run.open("tagger", tmp_path)
    assert Run.list(tmp_path / "none") == ()


def test_only_one_writer(tmp_path: Path):
    run = Run.create(tmp_path, {}, "a")
    other = Run.open(run.path)
    assert other.status == "running"
    with pytest.raises(ArtifactError, match="another process"):
        other.resume(0)
    run.finish("interrupted")
    other.resume(0)
    assert run.status == "running"


def test_a_refused_resume_leaves_the_other_writers_record_alone(tmp_path: Path):
    run = Run.create(tmp_path, {}, "a")
    before = (run.path / "status.json").read_bytes()
    with pytest.raises(ArtifactError, match="another process"), Run.open(run.path) as other:
        other.resume(0)
    with Run.open(run.path):
        pass
    with pytest.raises(ArtifactError, match="only the writer"):
        Run.open(run.path).finish("failed")
    assert (run.path / "status.json").read_bytes() == before
    assert run.status == "running"


def test_what_was_finished_within_stays_as_it_was_said(tmp_path: Path):
    with Run.create(tmp_path, {}, "a") as run:
        run.finish("interrupted")
    assert run.status == "interrupted"


def test_a_run_says_where_it_was_closed_until_it_goes_on(tmp_path: Path):
    run = Run.create(tmp_path, {}, "a")
    assert run.closed_at is None
    run.close_at(30)
    run.finish()
    assert (Run.open(run.path).closed_at, run.status) == (30, "done")
    run.resume(30)
    assert run.closed_at is None


def test_a_curve_goes_on_after_a_resume_as_if_it_had_not_stopped(tmp_path: Path):
    run = Run.create(tmp_path, {}, "a")
    for step in range(1, 6):
        run.log(step=step, loss=1 / step)
    run.log(step=5, f1=50.0)
    run.finish("interrupted")
    again = Run.open(run.path)
    again.resume(3)
    assert [row["step"] for row in again.curve()] == [1, 2, 3]
    for step in (4, 5):
        again.log(step=step, loss=0.1)
    again.finish()
    assert [(r["step"], r.get("loss")) for r in again.curve()] == [
        (1, 1.0),
        (2, 0.5),
        (3, 1 / 3),
        (4, 0.1),
        (5, 0.1),
    ]


def test_steps_that_fall_back_replace_the_later_ones(tmp_path: Path):
    run = Run.create(tmp_path, {}, "a")
    for step, loss in ((1, 9.0), (2, 8.0), (3, 7.0), (2, 6.0), (3, float("nan"))):
        run.log(step=step, loss=loss)
    assert [(r["step"], r["loss"]) for r in run.curve()] == [(1, 9.0), (2, 6.0), (3, None)]


@pytest.mark.skipif(os.name != "posix", reason="kill -9 and flock are of POSIX")
def test_kill_9_leaves_a_readable_interrupted_run(tmp_path: Path):
    code = (
        "import os, signal, sys\n"
        "from gongbang.artifacts.run import Run\n"
        "run = Run.create(sys.argv[1], {'a': 1}, 'killed')\n"
        "run.log(step=1, loss=0.5)\n"
        "(run.path / 'curve.jsonl').open('ab').write(b'{\"step\": 2, \"lo')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    run = Run.list(tmp_path)[0]
    assert run.status == "interrupted"
    assert run.curve() == ({"step": 1, "loss": 0.5},)
    run.resume(1)
    run.log(step=2, loss=0.25)
    run.finish()
    assert [row["step"] for row in run.curve()] == [1, 2]
    assert run.status == "done"


def test_metrics_come_back(tmp_path: Path):
    run = Run.create(tmp_path, {}, "a")
    with pytest.raises(ArtifactError, match="metrics is missing"):
        _ = run.scores
    scores = Scores("f1", {"f1": Score(85.25, 100, 80.0, 90.0), "exact_match": Score(70.0, 100)})
    run.save_metrics(
        scores, baselines={"constant": Scores("f1", {"f1": Score(3.0, 100)})}, others={"test 2": scores}
    )
    assert run.scores == scores
    assert run.baselines["constant"].value == 3.0
    assert run.others == {"test 2": scores}
    (run.path / "metrics.json").write_text('{"primary": "f1"}', encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"metrics\.json"):
        _ = run.scores


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_predictions_keep_their_n_best(tmp_path: Path, format: str):
    if format == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    run = Run.create(tmp_path, {}, "a")
    run.save_predictions(PREDICTIONS)
    run.save_predictions(PREDICTIONS, format)
    assert list(run.predictions()) == PREDICTIONS
    assert len(list(run.path.glob("predictions.*"))) == 1


def test_predictions_refuse_what_they_cannot_do(tmp_path: Path):
    run = Run.create(tmp_path, {}, "a")
    with pytest.raises(ArtifactError, match="no predictions"):
        run.predictions()
    with pytest.raises(OptionError):
        run.save_predictions(PREDICTIONS, "pickle")
    (run.path / "predictions.jsonl").write_text('{"id": "1"}\n', encoding="utf-8")
    with pytest.raises(ArtifactError, match="lacks a value"):
        run.predictions()


def test_infinite_scores_are_legal_json():
    row = prediction_to_dict(Prediction("1", "a", 0.5, (Candidate("a", 0, 1, float("-inf")),), float("inf")))
    back = prediction_from_dict(json.loads(json.dumps(row, allow_nan=False)))
    assert back.null_score != back.null_score  # NaN
    assert back.candidates[0].text == "a"


def test_the_log_is_written_only_while_open(tmp_path: Path):
    run = Run.create(tmp_path, {}, "a")
    logger = logging.getLogger("gongbang.train.loop")
    before = logging.getLogger("gongbang").level
    with run.logging():
        logger.info("한 걸음")
    logger.info("바깥")
    text = (run.path / "log.txt").read_text(encoding="utf-8")
    assert "한 걸음" in text
    assert "바깥" not in text
    assert logging.getLogger("gongbang").level == before


def test_the_curve_is_drawn(tmp_path: Path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    run = Run.create(tmp_path, {}, "독해")
    with pytest.raises(OptionError, match="no row"):
        run.plot()
    for step in range(1, 4):
        run.log(step=step, loss=1 / step, lr=1e-5 * step)
    run.log(step=3, exact_match=60.0, f1=80.0)
    assert run.plot().read_bytes().startswith(b"\x89PNG")
