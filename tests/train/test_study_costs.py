"""Measured columns of a study: kept, asked once, told in the page; the comparison of architectures whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gongbang.artifacts.run import Run
from gongbang.cli.main import main
from gongbang.errors import OptionError, RecipeError
from gongbang.metrics.costs import Cost, Costs
from gongbang.metrics.intervals import Difference
from gongbang.metrics.scores import Score
from gongbang.train.overrides import put_override
from gongbang.train.recipe import parse_recipe
from gongbang.train.study import Row, Study, load_study, run_study
from gongbang.train.study_costs import CostSettings, Measure, measured
from gongbang.train.study_page import markdown
from tests.train.test_respond import recipe_tree
from tests.train.test_study import write_study

ROOT = Path(__file__).resolve().parents[2]


class Scale:
    """A measure that weighs a run's weights, and remembers whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.options: Mapping[str, Any] = {}

    def make(self, name: str, options: Mapping[str, Any]) -> Measure:
        if name != "scale":
            raise OptionError("no such measure.", value=name, allowed="scale", cure="Name it.")
        self.options = options
        return self

    def __call__(self, run: Run, folder: Path) -> Costs:
        self.asked.append(run.id)
        weight = (run.path / "checkpoints" / "best.safetensors").stat().st_size / 1e6
        return Costs({"MB": Cost(weight), "hands": Cost(2.0, "estimated from one")}, ("On one scale.",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("costs")


def test_each_variant_is_weighed_once_on_its_first_seed(folder: Path):
    path = write_study(folder, costs={"measure": "scale", "options": {"grams": 5}})
    scale = Scale()
    found = run_study(path, out=folder / "out", preflight=False, measures=scale.make)
    assert scale.asked == [found.runs["as it is/1"], found.runs["hardly/1"]] and scale.options == {"grams": 5}
    assert found.columns == ["MB", "hands"] and found.notes == ["On one scale."]
    again = run_study(path, out=folder / "out", preflight=False, measures=scale.make)
    assert len(scale.asked) == 2 and again.to_dict() == found.to_dict()
    assert found.to_dict()["rows"][1]["costs"]["columns"]["MB"]["value"] > 0
    page = markdown(found)
    head = next(line for line in page.splitlines() if line.startswith("| "))
    assert (
        head.endswith("| MB | hands |")
        and "2.00 (estimated from one) |" in page
        and "- On one scale." in page
    )
    write_study(folder, costs={"measure": "scale", "options": {"grams": 6}})
    run_study(path, out=folder / "out", preflight=False, measures=scale.make)
    assert len(scale.asked) == 4  # other options ask something else; nothing was trained again
    assert len(list((folder / "out" / "runs").iterdir())) == 4


def test_what_was_measured_before_a_stop_is_kept(folder: Path, tmp_path: Path):
    runs = {name: Run.create(tmp_path / "runs", {"task": "toy"}, name) for name in ("a", "b")}
    settings, asked = CostSettings(measure="any"), []

    def measure(run: Run, place: Path) -> Costs:
        asked.append(run.id)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return Costs({"s": Cost(float(len(asked)))})

    with pytest.raises(KeyboardInterrupt):
        measured(runs, tmp_path, settings, measure)
    found = measured(runs, tmp_path, settings, measure)
    assert [costs.columns["s"].value for costs in found.values()] == [1.0, 3.0]


def test_a_study_with_costs_says_before_training_that_they_cannot_be_measured(tmp_path: Path):
    path = write_study(tmp_path, costs={"measure": "scale"})
    with pytest.raises(OptionError, match="nothing was given"):
        run_study(path, out=tmp_path / "out")
    path = write_study(tmp_path, costs={"measure": "retrievel"})
    from gongbang.apps.costs.table import make_measure

    with pytest.raises(OptionError, match="no such measure") as caught:
        run_study(path, out=tmp_path / "out", measures=make_measure)
    assert caught.value.cure == "Did you mean 'retrieval'?"
    assert not (tmp_path / "out").exists()
    with pytest.raises(RecipeError, match=r"costs\.measur"):
        load_study(write_study(tmp_path, costs={"measur": "scale"}))


def row(low: float, high: float, name: str = "poly-16") -> Row:
    return Row(name, {"mrr": Score(0.5, 3)}, {"mrr": Difference((low + high) / 2, low, high, 0.31, 3)})


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (
            -0.01,
            0.03,
            "poly-16 does not differ from bi beyond noise in mrr: +0.0100 (-0.0100 to +0.0300; p 0.31, 3 ",
        ),
        (0.01, 0.03, "poly-16 is better than bi in mrr: +0.0200"),
        (-0.03, -0.01, "poly-16 is worse than bi in mrr: -0.0200"),
    ],
)
def test_the_table_says_in_words_what_it_found(tmp_path: Path, low: float, high: float, words: str):
    settings = load_study(write_study(tmp_path, base="bi", metrics=["mrr"]))
    base = Row("bi", {"mrr": Score(0.49, 3, 0.4, 0.6)}, None)
    study = Study(settings, "tiny", (base, row(low, high)), 100, {})
    assert len(study.words()) == 1 and study.words()[0].startswith(words)
    page = markdown(study)
    assert f"- {words}" in page and "0.4900 (0.4000 to 0.6000)" in page
    assert study.to_dict()["words"] == study.words()


def test_the_comparison_of_architectures_from_training_to_the_page(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    """The study of the repository with its variants, over a tiny backbone and few candidates."""
    given = yaml.safe_load((ROOT / "recipes/studies/respond-architectures.yaml").read_text(encoding="utf-8"))
    tree = recipe_tree(folder, "bi", temperature=0.1)
    tree["export"] = {"quantise": "none"}
    (folder / "respond-tiny.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    smaller = {
        **given,
        "recipe": "respond-tiny.yaml",
        "set": ["training.epochs=1"],
        "seeds": [17, 18],
        "variants": {
            name: [change.replace("drawn=7", "drawn=2") for change in changes]
            for name, changes in given["variants"].items()
            if name in ("poly-360", "cross")  # an export takes seconds, and the others are as poly-360
        },
        "costs": {
            "measure": "retrieval",
            "options": {"candidates": [20, 60, 400], "queries": 3, "pairs": 60, "read": 1, "threads": 1},
        },
    }
    path, page = folder / "architectures.yaml", folder / "page.md"
    path.write_text(yaml.safe_dump(smaller, allow_unicode=True, sort_keys=False), encoding="utf-8")
    words = ["study", str(path), "--out", str(folder / "architectures"), "--page", str(page), "--quiet"]
    assert main([*words, "--no-preflight", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in told["rows"]}
    assert list(rows) == ["bi", "poly-360", "cross"]
    columns = {name: row["costs"]["columns"] for name, row in rows.items()}
    times = [f"ms a query at {count}" for count in (20, 60, 400)]
    assert all(list(held) == [*times, "index MB at 400"] for held in columns.values())
    assert all(held[time]["value"] > 0 for held in columns.values() for time in times)
    assert all(held[time]["note"] == "" for held in columns.values() for time in times[:2])
    assert columns["cross"][times[2]]["note"] == "estimated from 60 pairs"
    assert columns["bi"][times[2]]["note"] == ""
    # Eight-bit rows in blocks of 256 and float32 rows of 32 numbers, with ids, versions and the rest.
    least = (512 * 32 + 400 * 32 * 4) / 1e6
    for name in ("bi", "poly-360"):
        assert least < columns[name]["index MB at 400"]["value"] < least + 0.03
    assert columns["cross"]["index MB at 400"]["value"] == 0.0
    assert len(told["words"]) == 2 and all(" bi " in sentence for sentence in told["words"])
    text = page.read_text(encoding="utf-8")
    assert "(estimated from 60 pairs)" in text and "| poly-360 |" in text and "noisy copies" in text
    assert main([*words, "--no-preflight", "--json"]) == 0  # finished: nothing is trained or measured again
    assert json.loads(capsys.readouterr().out) == told


@pytest.mark.parametrize("name", sorted(p.stem for p in (ROOT / "recipes/studies").glob("respond-*.yaml")))
def test_the_studies_of_the_repository_describe_runs(name: str):
    settings = load_study(ROOT / f"recipes/studies/{name}.yaml")
    for changes in ([], *settings.variants.values()):
        tree = yaml.safe_load((ROOT / f"recipes/{settings.recipe}.yaml").read_text(encoding="utf-8"))
        for change in (*settings.set, *changes):
            put_override(tree, change)
        recipe = parse_recipe(tree)
        assert recipe.layers == 4 and recipe.data.split.development == 0.2
    if settings.costs is not None:
        from gongbang.apps.costs.table import make_measure

        make_measure(settings.costs.measure, settings.costs.options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"candidate": [5]}, "candidate"),
        ({"candidates": []}, "cannot be measured"),
        ({"queries": 0}, "cannot be measured"),
        ({"attend": "some"}, "cannot be measured"),
        ({"candidates": 5}, "another kind"),
    ],
)
def test_options_of_retrieval_are_checked(options: dict[str, Any], said: str):
    from gongbang.apps.costs.table import make_measure

    with pytest.raises(OptionError, match=said) as caught:
        make_measure("retrieval", options)
    assert len(caught.value.lines()) == 4


def test_retrieval_is_of_runs_that_select_responses(tmp_path: Path):
    from gongbang.apps.costs.retrieval import Retrieval

    tree = {"name": "a", "task": "reader", "data": {"sources": [{"path": "a.json"}]}}
    run = Run.create(tmp_path, parse_recipe(tree).resolved(), "reader")
    with pytest.raises(OptionError, match="selects responses"):
        Retrieval()(run, tmp_path / "work")
