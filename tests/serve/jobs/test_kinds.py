"""The kinds of jobs: predictions, indexes, trainings; and the folders that they may touch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gongbang.apps.library import Library
from gongbang.artifacts.predictions import prediction_to_dict
from gongbang.artifacts.run import Run
from gongbang.data.serial import record_from_dict
from gongbang.errors import ArtifactError, DataError, OptionError
from gongbang.serve.database.job_rows import Lease
from gongbang.serve.jobs import index, predict, train
from gongbang.serve.jobs.context import Cancelled, Context, GivenBack, LeaseLost
from gongbang.serve.jobs.faults import failure_of
from gongbang.serve.jobs.folders import Folders
from gongbang.serve.jobs.kinds import KINDS, load_kind, parse_payload
from gongbang.serve.jobs.results import Results
from gongbang.serve.jobs.settings import JobSettings
from tests.serve.jobs.conftest import until

JOB = "0" * 32
TEXTS = (
    "정말 재미있게 봤어요.",
    "너무 지루해서 잤다.",
    "배우들의 연기가 좋다.",
    "돈이 아깝다.",
    "또 보고 싶다.",
)
ROWS = [{"id": str(n), "fields": {"text": text}} for n, text in enumerate(TEXTS)]


class Held:
    """Leases that are held until a number of reports, and then are not."""

    def __init__(self, last="held", after=10**9):
        self.last, self.after, self.told = last, after, []

    def progress(self, lease, share, message):
        self.told.append((share, message))
        return self.last if len(self.told) > self.after else "held"


@pytest.fixture
def context(tmp_path):
    """A running job's context; every report is passed on, as if much time lay between them."""
    (tmp_path / "docs").mkdir(exist_ok=True)
    ticks = iter(range(0, 10**9, 10))

    def one(held=None, token=1, attempt=1):
        lease = Lease(JOB, "x", token, attempt, 3, {})
        held = held or Held()
        made = Context(
            lease, held, Folders([tmp_path / "docs"]), Results(tmp_path / "results"), lambda: next(ticks)
        )
        made.held = held
        return made

    return one


# -- folders -----------------------------------------------------------------------------------------


def test_paths_lead_into_the_folders_alone(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.txt").write_text("가", encoding="utf-8")
    (inside / "link").symlink_to(outside / "a.txt")
    (inside / "good").symlink_to(inside / "a.txt")
    (inside / "loop").symlink_to(inside / "loop")
    folders = Folders([inside])
    for path in ("a.txt", str(inside / "a.txt"), "../in/a.txt", "good"):
        assert folders.find(path, "f").read_text(encoding="utf-8") == "가"
    assert folders.find(".", "f") == inside.resolve()
    for path in (
        "../out/a.txt",
        str(outside / "a.txt"),
        "link",
        "loop",
        "none",
        "a\x00b",
        "/etc/passwd",
        "x" * 5000,
    ):
        with pytest.raises(DataError) as caught:
            folders.find(path, "payload.data")
        assert caught.value.field == "payload.data"
    with pytest.raises(DataError, match="folders that jobs may read") as caught:
        Folders().find("a.txt", "f")
    assert "without --folder" in caught.value.allowed


def test_what_is_told_of_a_failure_names_no_place_on_the_machine(tmp_path):
    folders = Folders([tmp_path])
    err = DataError(
        "쓸 수 없다.", value=f"{tmp_path}/a.csv", allowed="x", cure=f"ls {tmp_path}/a.csv", path=tmp_path
    )
    told = failure_of(err, folders)
    assert not told.passing and str(tmp_path) not in str(told.error)
    other = failure_of(
        ArtifactError("x", value="/srv/models/a b", allowed="y", cure="/opt/z/run it"), folders
    )
    assert other.error["value"] == "a b" and other.error["cure"] == "run it"


def test_settings_that_cannot_be(tmp_path):
    for wrong in ({"kinds": ("predic",)}, {"slots": 0}, {"lease_s": 0}, {"folders": (tmp_path / "none",)}):
        with pytest.raises(OptionError):
            JobSettings("a.db", **wrong)
    assert JobSettings(f"sqlite:///{tmp_path}/a.db").results_folder() == tmp_path / "a.db.results"


@pytest.mark.parametrize("name", list(KINDS))
def test_the_example_of_each_kind_is_a_payload(name):
    kind = load_kind(name)
    assert parse_payload(kind, kind.example) and kind.summary


# -- results and contexts ----------------------------------------------------------------------------


def test_files_of_one_job_never_meet(tmp_path):
    results = Results(tmp_path)
    old, new = (results.keep(JOB, token, [word], "text/plain") for token, word in ((1, b"old"), (2, b"new")))
    same = results.keep(JOB, 3, [b"n", b"ew"], "text/plain")
    assert same.sha256 == new.sha256 and same.name != new.name
    results.discard(JOB, same)  # of a worker that lost the job
    assert results.path(JOB, new).read_bytes() == b"new"
    (results.work(JOB) / "part").write_text("x")
    results.tidy(JOB, new)
    assert [entry.name for entry in (tmp_path / JOB).iterdir()] == [new.name]
    with pytest.raises(ArtifactError, match="gone"):
        results.path(JOB, old)
    (tmp_path / JOB / new.name).write_bytes(b"other")
    with pytest.raises(ArtifactError, match="changed"):
        results.path(JOB, new)
    results.delete([JOB, "1" * 32])
    assert not list(tmp_path.iterdir())


def test_a_file_that_breaks_off_leaves_nothing(tmp_path):
    def parts():
        yield b"x"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Results(tmp_path).keep(JOB, 1, parts(), "text/plain")
    assert list((tmp_path / JOB).iterdir()) == []


@pytest.mark.parametrize(("said", "error"), [("cancel", Cancelled), ("lost", LeaseLost)])
def test_a_job_learns_that_it_must_stop(context, said, error):
    running = context(Held(said, after=0))
    with pytest.raises(error):
        running.progress(0.5)
    with pytest.raises(error):
        running.wait(60)  # does not sleep
    running.stop(GivenBack)
    with pytest.raises(LeaseLost if error is LeaseLost else GivenBack):
        running.check()


def test_reports_in_quick_succession_are_passed_over(context, tmp_path):
    held = Held()
    now = [0.0]
    running = Context(Lease(JOB, "x", 1, 1, 3, {}), held, Folders(), Results(tmp_path), lambda: now[0])
    for step in range(100):
        now[0] = step / 100
        running.progress(step / 100)
    assert [share for share, _ in held.told] == [0.0, 0.5]


# -- predictions -------------------------------------------------------------------------------------


def run_predict(context, **more):
    payload = predict.Predict(**{"artifact": "sentiment-ko", "records": ROWS, "chunk": 2, **more})
    predict.check(payload, context.folders)
    return predict.run(payload, context)


def lines_of(context, outcome):
    path = Results(context.root).path(JOB, outcome.file)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_predictions_are_the_artifacts_own(context, tmp_path):
    import gongbang
    from gongbang.data.readers.place import Place

    records = [record_from_dict(row, Place("x")) for row in ROWS]
    predictor = gongbang.load("sentiment-ko")
    expected = [
        prediction_to_dict(one) for at in range(0, 5, 2) for one in predictor.predict(records[at : at + 2])
    ]
    here = context()
    outcome = run_predict(here)
    assert lines_of(here, outcome) == expected and outcome.value["records"] == 5
    assert [share for share, _ in here.held.told] == [0.0, 0.0, 0.4, 0.8]

    file = tmp_path / "docs" / "rows.csv"
    file.write_text("id,글\n" + "".join(f"{n},{text}\n" for n, text in enumerate(TEXTS)), encoding="utf-8")
    read = context(token=2)
    outcome = run_predict(read, records=None, data="rows.csv", mapping={"text": "글", "id": "id"})
    assert [row["text"] for row in lines_of(read, outcome)] == [row["text"] for row in expected]


def test_another_attempt_goes_on_where_the_last_one_ended(context, monkeypatch):
    from gongbang.runtime.predictor import Predictor

    seen, real = [], Predictor.predict

    def counted(self, records):
        seen.append([record.id for record in records])
        return real(self, records)

    monkeypatch.setattr(Predictor, "predict", counted)
    with pytest.raises(Cancelled):
        run_predict(context(Held("cancel", after=3)))
    assert seen == [["0", "1"], ["2", "3"]]
    second = context(token=2, attempt=2)
    outcome = run_predict(second)
    assert seen[2:] == [["4"]] and [row["id"] for row in lines_of(second, outcome)] == list("01234")
    run_predict(context(token=3), records=ROWS[::-1])  # other records: nothing of the old ones is used
    assert len(seen) == 6


def test_predictions_that_cannot_be(context):
    for wrong, field in (
        ({"artifact": "no-such"}, "payload.artifact"),
        ({"records": None, "data": "none.csv"}, "payload.data"),
        ({"format": "word", "records": None, "data": "."}, "payload.format"),
        ({"records": [{"id": "1"}]}, "payload.records.0.fields"),
    ):
        with pytest.raises(DataError) as caught:
            run_predict(context(), **wrong)
        assert caught.value.field == field


# -- indexes -----------------------------------------------------------------------------------------


def test_an_index_that_can_be_asked(context, tmp_path):
    for number in range(3):
        (tmp_path / "docs" / f"{number}.txt").write_text(
            f"{number}번 공방은 한지를 만든다.", encoding="utf-8"
        )
    (tmp_path / "docs" / "odd.xyz").write_text("x")
    payload = index.Index(docs=["."], name="공방", encoder=None)
    here = context()
    index.check(payload, here.folders)
    outcome = index.run(payload, here)
    assert (outcome.value["documents"], outcome.value["index"]) == (3, "indexes/공방")
    assert str(tmp_path) not in json.dumps(outcome.value)
    again = index.run(payload, context(token=2))
    assert again.value == outcome.value
    library = Library.open(tmp_path / "results" / "indexes" / "공방")
    assert library.search("2번 공방은 무엇을 만드나?", 1)[0].document == "2.txt"
    with pytest.raises(Cancelled):
        index.run(payload, context(Held("cancel", after=1)))


# -- trainings ---------------------------------------------------------------------------------------


def test_what_a_client_may_set_of_a_recipe(context):
    here = context()
    for fine in ("training.epochs=1", "training.learning_rate=1e-4", "training.schedule=linear", "seed=3"):
        train.check(train.Train(recipe="reader-ko", overrides=[fine]), here.folders)
    for wrong in (
        "data.sources=[]",
        "training.tracker=wandb",
        "training.epochs=[1, 2]",
        "training.epochs=/etc",
        "backbone=hub:x",
        "training.epochs",
        "training.epochs=1\nx: 2",
    ):
        with pytest.raises(DataError) as caught:
            train.check(train.Train(recipe="reader-ko", overrides=[wrong]), here.folders)
        assert caught.value.field == "payload.overrides"


def test_how_far_a_training_is(tmp_path):
    assert train._how_far(tmp_path) == (0.0, "preparing")
    with Run.create(tmp_path, {"task": "reader"}, "toy") as run:
        run.log(step=10, steps=40, loss=0.5)
        assert train._how_far(tmp_path) == (0.25, "step 10 of 40, loss 0.5000")


def test_what_the_command_said_is_the_jobs_error(context, tmp_path):
    (tmp_path / "docs" / "bad.yaml").write_text("task: reader\nno_such_key: 1\n", encoding="utf-8")
    payload = train.Train(recipe="bad.yaml")
    with pytest.raises(train.TrainingError) as caught:
        train.run(payload, context())
    assert "no_such_key" in str(caught.value)
    told = failure_of(caught.value, Folders([tmp_path / "docs"]))
    assert not told.passing and str(tmp_path) not in str(told.error)


def test_a_run_that_was_finished_but_not_told_of_is_taken_as_it_is(context, monkeypatch):
    here = context()
    with Run.create(here.root / "runs" / JOB, {"task": "reader"}, "toy"):
        pass
    monkeypatch.setattr(train, "_train", lambda *_: pytest.fail("it was trained again"))
    (run,) = Run.list(here.root / "runs" / JOB)
    payload = train.Train(recipe="reader-ko")
    assert train.run(payload, here).value == {"run": run.id, "folder": f"runs/{JOB}/{run.id}", "scores": None}


@pytest.mark.slow
def test_a_training_from_recipe_to_scores(context, made, tmp_path):
    (tmp_path / "docs" / "recipe.yaml").write_bytes((made / "recipe.yaml").read_bytes())
    here = context()
    outcome = train.run(train.Train(recipe="recipe.yaml", check=False, preflight=False), here)
    run = Run.open(here.root / outcome.value["folder"])
    assert run.status == "done" and outcome.value["scores"]["primary"] == run.scores.primary
    assert any(share > 0 for share, _ in here.held.told)
    assert "torch" not in {name.partition(".")[0] for name in vars(train)}


_SLEEPER = "import time, sys\nopen(sys.argv[1], 'w').write('x')\ntime.sleep(600)"


def child(tmp_path, code, *words, deaf=False):
    command = [sys.executable, "-m", "gongbang.serve.jobs.child", sys.executable, "-c", code, *words]
    if deaf:  # to Ctrl-C, as what a shell starts in the background is
        command = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *command]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_a_command_ends_with_its_own_code(tmp_path):
    process = child(tmp_path, "raise SystemExit(7)")
    assert process.wait(60) == 7


@pytest.mark.parametrize("deaf", [False, True])
def test_a_command_is_interrupted_when_its_parent_lets_go(tmp_path, deaf):
    process = child(tmp_path, _SLEEPER, str(tmp_path / "began"), deaf=deaf)
    until((tmp_path / "began").exists)
    process.stdin.close()
    assert process.wait(60) != 0


def test_a_command_does_not_outlive_a_parent_that_is_killed(tmp_path):
    """The parent is ended by kill -9, as a worker may be; the pipe that it held ends with it."""
    began = tmp_path / "began"
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _PARENT,
            sys.executable,
            _SLEEPER.replace("'x'", "str(__import__('os').getpid())"),
            str(began),
        ],
        stderr=subprocess.DEVNULL,
    )
    until(lambda: began.exists() and began.read_text() != "")
    parent.send_signal(signal.SIGKILL)
    parent.wait(60)
    until(lambda: not _lives(int(began.read_text())))


_PARENT = """
import subprocess, sys, time
python, code, began = sys.argv[1:]
command = [python, "-m", "gongbang.serve.jobs.child", python, "-c", code, began]
child = subprocess.Popen(command, stdin=subprocess.PIPE)
time.sleep(600)
"""


def _lives(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{number}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
