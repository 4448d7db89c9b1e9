"""The highlighted reader's model: it begins where the plain one does, and what is lit can change it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from gongbang.errors import OptionError
from gongbang.export.embedding import BlockEmbedding
from gongbang.export.onnx import SHAPES, check_parity, compress_embedding, export_onnx, input_names
from gongbang.nn.backbones import Backbone, load_backbone
from gongbang.nn.span import HighlightedSpanModel, HighlightOptions, SpanModel
from gongbang.nn.table import make_model
from tests.train.tiny import write_backbone


@pytest.fixture(scope="module", params=["bert", "roberta"])
def backbone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = write_backbone(
        tmp_path_factory.mktemp("span") / request.param, kind=request.param, positions=400
    )
    return load_backbone(f"path:{folder}")


def batch(padded: int = 4) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    ids = torch.randint(5, 60, (2, 14))
    mask = torch.ones_like(ids)
    mask[1, 14 - padded :] = 0
    lit = torch.zeros_like(ids)
    lit[:, 6:9] = 1
    return {"input_ids": ids, "attention_mask": mask, "highlight_ids": lit, "token_type_ids": 0 * ids}


def trained(backbone: Backbone, **options: Any) -> HighlightedSpanModel:
    """A model whose two vectors are no longer zero."""
    torch.manual_seed(0)
    model = make_model("highlighted reader", backbone, options).eval()
    assert isinstance(model, HighlightedSpanModel)
    with torch.no_grad():
        model.highlight.weight.copy_(torch.randn_like(model.highlight.weight))
    return model


def test_it_begins_as_the_plain_reader_and_draws_no_other_random_number(backbone: Backbone):
    torch.manual_seed(0)
    plain = make_model("reader", backbone).eval()
    drawn = torch.get_rng_state()
    torch.manual_seed(0)
    lit = make_model("highlighted reader", backbone).eval()
    assert torch.equal(torch.get_rng_state(), drawn)
    given = batch()
    one, other = plain(**{k: v for k, v in given.items() if k != "highlight_ids"}), lit(**given)
    for name in SpanModel.output_names:
        assert torch.allclose(one[name], other[name], atol=1e-5)


def test_both_vectors_learn(backbone: Backbone):
    model = make_model("highlighted reader", backbone)
    targets = {"start_positions": torch.tensor([6, 0]), "end_positions": torch.tensor([7, 0])}
    model.loss({**batch(), **targets}).backward()
    gradient = model.highlight.weight.grad
    assert (gradient.abs().amax(dim=1) > 0).all()


def test_what_is_lit_changes_what_is_read_and_its_padding_does_not(backbone: Backbone):
    model, given = trained(backbone), batch()
    with torch.no_grad():
        lit = model(**given)["start_logits"]
        dark = model(**{**given, "highlight_ids": 0 * given["highlight_ids"]})["start_logits"]
        beyond = given["highlight_ids"].clone()
        beyond[1, 10:] = 1
        padded = model(**{**given, "highlight_ids": beyond})["start_logits"]
    assert not torch.allclose(lit, dark, atol=1e-3)
    assert torch.allclose(lit, padded, atol=1e-5)


def test_the_highlight_is_never_left_out_in_silence(backbone: Backbone):
    model, given = trained(backbone), batch()
    with pytest.raises(TypeError, match="highlight_ids"):
        model(given["input_ids"], given["attention_mask"])


def test_dropout_of_the_highlight_is_of_whole_rows_and_of_training_alone(backbone: Backbone):
    model, seen = trained(backbone, highlight_dropout=0.5), []
    model.highlight.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    targets = {"start_positions": torch.tensor([6, 0]), "end_positions": torch.tensor([7, 0])}
    given = {**batch(), **targets}
    model.eval()
    model.loss(given)
    assert torch.equal(seen.pop(), given["highlight_ids"])
    model.train()
    torch.manual_seed(0)
    for _ in range(40):
        model.loss(given)
    kept = torch.stack([ids.any(dim=1) for ids in seen])  # (passes, batch)
    assert 0.3 < kept.float().mean() < 0.7
    for ids, rows in zip(seen, kept, strict=True):
        assert torch.equal(ids[rows], given["highlight_ids"][rows])


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_out_of_range_is_refused(share: float):
    with pytest.raises(OptionError, match="highlight_dropout") as caught:
        HighlightOptions(highlight_dropout=share)
    assert len(str(caught.value).splitlines()) == 4


def test_the_option_is_the_highlighted_readers_alone(backbone: Backbone):
    with pytest.raises(OptionError, match="no options"):
        make_model("reader", backbone, {"highlight_dropout": 0.1})


def test_the_exported_file_takes_the_highlight_and_gives_what_torch_gives(backbone: Backbone, tmp_path: Path):
    model = compress_embedding(trained(backbone))
    assert isinstance(model.encoder.get_input_embeddings(), BlockEmbedding)  # looked up by the model itself
    file = export_onnx(model, tmp_path / "lit.onnx")
    parity = check_parity(model, file)
    assert len(parity) == len(SHAPES) and max(parity.values()) < 1e-4
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    assert sorted(names) == sorted(input_names(model)) and "highlight_ids" in names
    given = {name: tensor.numpy() for name, tensor in batch().items() if name in names}
    lit = session.run(["start_logits"], given)[0]
    dark = session.run(["start_logits"], {**given, "highlight_ids": 0 * given["highlight_ids"]})[0]
    assert np.abs(lit - dark).max() > 1e-3
