"""A recipe carried out, on backbones in the hub's folder format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from gongbang.artifacts.run import Run
from gongbang.errors import ArtifactError, DataError, ExpectationError, OptionError, PreflightError
from gongbang.nn.backbones import load_backbone
from gongbang.train.recipe import parse_recipe
from gongbang.train.training import data_files, finish_run, train_recipe
from gongbang.train.workbench import assemble
from tests.train.tiny import recipe_tree, write_backbone, write_squad


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_folder_in_the_hubs_format_trains_and_scores(tmp_path: Path, kind: str):
    write_backbone(tmp_path / "backbone", kind=kind)
    recipe = parse_recipe(recipe_tree(tmp_path, training__evaluate_every=9.0))
    run = train_recipe(recipe, root=tmp_path / "runs", preflight=False)
    assert run.status == "done"
    assert {"exact_match", "f1", "rouge_w"} <= set(run.scores.scores)
    assert run.baselines["first word"].scores.keys() == run.scores.scores.keys()
    assert len(run.predictions()) == len(assemble(recipe).splits.test)
    losses = [row["loss"] for row in run.curve() if "loss" in row]
    assert losses[-1] < losses[0]


def test_a_roberta_shaped_backbone_keeps_its_positions_and_types(tmp_path: Path):
    backbone = load_backbone(f"path:{write_backbone(tmp_path / 'b', kind='roberta', positions=40)}")
    model = backbone.model
    assert model.config.max_position_embeddings == 42 and model.config.type_vocab_size == 1
    ids = torch.full((1, 40), 7)
    assert model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.shape == (1, 40, 32)
    with pytest.raises((IndexError, RuntimeError)):
        longer = torch.full((1, 41), 7)
        model(input_ids=longer, attention_mask=torch.ones_like(longer))


def test_dropout_of_the_recipe_reaches_the_backbone(tmp_path: Path):
    folder = write_backbone(tmp_path / "b")
    assert load_backbone(f"path:{folder}", dropout=0.25).model.config.hidden_dropout_prob == 0.25
    assert load_backbone(f"path:{folder}").model.config.attention_probs_dropout_prob == 0.0


def test_what_is_no_backbone_is_refused(tmp_path: Path):
    with pytest.raises(ArtifactError, match="no checkpoint folder"):
        load_backbone(f"path:{tmp_path}")
    with pytest.raises(OptionError, match="unknown backbone"):
        load_backbone("klue/roberta-large")


def test_another_padding_id_is_refused_when_the_folder_is_read(tmp_path: Path):
    folder = write_backbone(tmp_path / "b")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["pad_token_id"] = 3
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ArtifactError, match="padding id"):
        load_backbone(f"path:{folder}")


def test_a_frozen_name_that_matches_nothing_is_refused_at_once(tmp_path: Path):
    with pytest.raises(PreflightError, match="no parameter") as caught:
        assemble(parse_recipe(recipe_tree(tmp_path, freeze=["embedings"])))
    assert caught.value.check == "options act"


def test_frozen_parameters_stay_as_they_were(tmp_path: Path):
    recipe = parse_recipe(recipe_tree(tmp_path, freeze=["word_embeddings"], training__epochs=1))
    before = assemble(recipe).model.state_dict()
    run = train_recipe(recipe, root=tmp_path / "runs", preflight=False)
    from safetensors.torch import load_file

    kept = load_file(run.checkpoints / "best.safetensors")
    name = "encoder.embeddings.word_embeddings.weight"
    assert name in before and name not in kept
    assert not torch.equal(kept["head.weight"], before["head.weight"])


def test_an_interrupted_run_goes_on_to_the_same_scores(tmp_path: Path):
    recipe = parse_recipe(recipe_tree(tmp_path, training__epochs=2, dropout=0.1))
    whole = train_recipe(recipe, root=tmp_path / "whole", preflight=False)

    class StoppedError(Exception):
        pass

    def stop(event):
        if "evaluation" in event:
            return
        if event["step"] == 17:  # three steps into the second epoch; the checkpoint is of its beginning
            raise StoppedError

    with pytest.raises(StoppedError):
        train_recipe(recipe, root=tmp_path / "broken", preflight=False, on_event=stop)
    name = next((tmp_path / "broken").iterdir()).name
    resumed = train_recipe(recipe, root=tmp_path / "broken", resume=name, preflight=False)
    assert resumed.scores.value == whole.scores.value
    a, b = ([(r["step"], r["loss"]) for r in run.curve() if "loss" in r] for run in (whole, resumed))
    assert a == b


def test_a_run_that_was_stopped_can_be_closed_with_its_best_weights(tmp_path: Path):
    recipe = parse_recipe(recipe_tree(tmp_path))

    def stop(event: object) -> None:
        if isinstance(event, dict) and event.get("step", 0) > 22 and "loss" in event:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_recipe(recipe, root=tmp_path / "runs", preflight=False, on_event=stop)
    (stopped,) = Run.list(tmp_path / "runs")
    assert stopped.status == "interrupted"
    closed = finish_run(stopped.path)
    assert closed.status == "done"
    assert closed.closed_at == max(row["step"] for row in closed.curve())
    assert len(closed.predictions()) == closed.scores.scores["f1"].n
    assert "closed early" in (closed.path / "log.txt").read_text(encoding="utf-8")


def test_a_run_that_is_being_written_is_neither_resumed_nor_marked(tmp_path: Path):
    recipe = parse_recipe(recipe_tree(tmp_path))
    live = Run.create(tmp_path / "runs", recipe.resolved(), recipe.name, data=data_files(recipe))
    before = {path.name: path.read_bytes() for path in live.path.iterdir() if path.is_file()}
    with pytest.raises(ArtifactError, match="another process"):
        train_recipe(recipe, root=tmp_path / "runs", resume=live.path, preflight=False)
    assert {path.name: path.read_bytes() for path in live.path.iterdir() if path.is_file()} == before
    assert Run.open(live.path).status == "running"


def test_a_score_below_the_recipes_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    from gongbang.train.expected import check_expected

    tree = recipe_tree(tmp_path, training__epochs=1, expected={"f1": 101.0, "exact_match": 0.0})
    run = train_recipe(parse_recipe(tree), root=tmp_path / "runs", preflight=False)
    assert run.status == "done" and "below what the recipe expects: f1" in caplog.text
    with pytest.raises(ExpectationError, match="does not reach") as caught:
        check_expected(run)
    assert "f1" in caught.value.value and "exact_match" not in caught.value.value


def test_a_run_without_best_weights_cannot_be_closed(tmp_path: Path):
    recipe = parse_recipe(recipe_tree(tmp_path))

    def stop(event: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_recipe(recipe, root=tmp_path / "runs", preflight=False, on_event=stop)
    with pytest.raises(ArtifactError, match="no best weights"):
        finish_run(Run.list(tmp_path / "runs")[0].path)


def test_a_run_does_not_go_on_with_other_data(tmp_path: Path):
    recipe = parse_recipe(recipe_tree(tmp_path))

    def stop(event: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_recipe(recipe, root=tmp_path / "runs", preflight=False, on_event=stop)
    (stopped,) = Run.list(tmp_path / "runs")
    (stopped.checkpoints / "best.safetensors").touch()
    write_squad(tmp_path / "made.json", articles=29)
    with pytest.raises(DataError, match="changed since"):
        train_recipe(recipe, root=tmp_path / "runs", resume=stopped.path, preflight=False)
    with pytest.raises(DataError, match="changed since"):
        finish_run(stopped.path)
