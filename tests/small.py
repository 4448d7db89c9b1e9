"""A run and artifacts small enough for tests, made once for the whole suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``made.json`` (30 articles), ``backbone/`` and ``recipe.yaml``."""
    import yaml

    from tests.train.tiny import recipe_tree, write_backbone

    folder = tmp_path_factory.mktemp("made")
    write_backbone(folder / "backbone", positions=400)  # an engine is tried on rows of up to 384 tokens
    tree = recipe_tree(folder, training__epochs=1)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def reader_run(made: Path) -> Any:
    """A finished run of the tiny recipe."""
    from gongbang.train.recipe import load_recipe
    from gongbang.train.training import train_recipe

    return train_recipe(load_recipe(made / "recipe.yaml"), root=made / "runs", preflight=False)


@pytest.fixture(scope="session")
def reader(made: Path, reader_run: Any) -> Path:
    """The run's weights as an artifact, unquantised."""
    return _artifact(made / "reader-tiny", load_reader_bench(reader_run))


@pytest.fixture(scope="session")
def encoder(made: Path) -> Path:
    """An untrained encoder's artifact."""
    from gongbang.train.recipe import parse_recipe
    from gongbang.train.workbench import assemble
    from tests.train.tiny import recipe_tree

    tree = recipe_tree(made, task="encode", name="tiny-encoder", training__metric="mrr@10")
    tree["pipeline"] = {"max_length": 96, "max_question": 40}
    return _artifact(made / "encoder-tiny", assemble(parse_recipe(tree)))


def load_reader_bench(run: Any) -> Any:
    """The run's parts with its best weights in them."""
    from gongbang.train.checkpoint import load_weights
    from gongbang.train.recipe import parse_recipe
    from gongbang.train.workbench import assemble

    bench = assemble(parse_recipe(run.recipe))
    load_weights(bench.model, run.path / "checkpoints" / "best.safetensors")
    return bench


def _artifact(path: Path, bench: Any) -> Path:
    from gongbang.artifacts.format import save_artifact
    from gongbang.export.onnx import compress_embedding, export_onnx, input_names

    file = path.with_suffix(".onnx")
    bench.model.eval()
    export_onnx(compress_embedding(bench.model), file)
    files = {"model.onnx": file, "tokenizer.json": bench.backbone.folder / "tokenizer.json"}
    return save_artifact(
        path,
        task=bench.recipe.task,
        config=bench.task.config(),
        files=files,
        inputs=input_names(bench.model),
        outputs=bench.model.output_names,
        details={"dimension": bench.backbone.hidden_size},
    ).path
