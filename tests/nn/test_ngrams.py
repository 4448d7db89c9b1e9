"""An encoder of tokens and token pairs: what its states know, and which models it does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from gongbang.errors import OptionError
from gongbang.export.onnx import export_onnx
from gongbang.nn.backbones import load_backbone, load_tokenizer
from gongbang.nn.classify import ClassifyModel, HeadOptions
from gongbang.nn.ngrams import BUCKETS, NgramEncoder, hashed
from gongbang.nn.relation import RelationModel, RelationOptions
from gongbang.nn.respond import CrossModel
from gongbang.nn.span import SpanModel
from tests.train.tiny import write_backbone


@pytest.fixture
def encoder() -> NgramEncoder:
    torch.manual_seed(3)
    return NgramEncoder(nn.Embedding(50, 32), pad=0).eval()


def states_of(encoder: NgramEncoder, *ids: int) -> torch.Tensor:
    row = torch.tensor([ids])
    states: torch.Tensor = encoder(input_ids=row, attention_mask=torch.ones_like(row)).last_hidden_state
    return states[0]


def test_a_state_is_its_words_vector_and_what_was_learnt_of_it_and_its_pair(encoder: NgramEncoder):
    _, state = states_of(encoder, 7, 9)
    learnt = encoder.ngrams.weight[9] + encoder.ngrams.weight[(7 * 251 + 9) % BUCKETS]
    by_hand = encoder.word_embeddings.weight[9] + encoder.projection.weight @ learnt
    torch.testing.assert_close(state, by_hand)


def test_the_first_token_ends_no_pair(encoder: NgramEncoder):
    (state,) = states_of(encoder, 9)
    by_hand = encoder.word_embeddings.weight[9] + encoder.projection.weight @ encoder.ngrams.weight[9]
    torch.testing.assert_close(state, by_hand)


def test_a_token_changes_its_own_state_and_the_next_ones_alone(encoder: NgramEncoder):
    one, other = states_of(encoder, 1, 5, 6, 7, 2), states_of(encoder, 1, 5, 8, 7, 2)
    changed = (one != other).any(dim=1)
    assert changed.tolist() == [False, False, True, True, False]


def test_order_and_padding(encoder: NgramEncoder):
    model = ClassifyModel(encoder, 32, labels=2).eval()
    rows = torch.tensor([[1, 5, 6, 2, 0, 0], [1, 6, 5, 2, 0, 0]])
    alone = model(rows[:1, :4], torch.ones(1, 4, dtype=torch.long))["logits"]
    padded = model(rows, (rows != 0).long())["logits"]
    torch.testing.assert_close(padded[:1], alone)
    assert not torch.equal(padded[0], padded[1])


def test_rows_are_the_same_where_integers_are_counted_in_floats():
    worst = [[0, 65_535, 250_001, 65_535]]
    ids = np.concatenate([np.random.default_rng(0).integers(0, 250_002, (4, 1000)), worst * 4], axis=1)
    before = np.concatenate([np.zeros((4, 1)), ids[:, :-1] % (1 << 16)], axis=1).astype(np.float32)
    floats = before * np.float32(251) + ids.astype(np.float32)
    assert (hashed(torch.from_numpy(ids))[1].numpy() == np.fmod(floats, np.float32(BUCKETS))).all()


def test_pairs_are_spread_over_the_table():
    rng = np.random.default_rng(0)
    pairs = np.unique(rng.integers(0, 17_000, (60_000, 2)), axis=0)
    rows = hashed(torch.from_numpy(pairs))[1][:, 1].numpy()
    by_chance = BUCKETS * (1 - (1 - 1 / BUCKETS) ** len(pairs))
    assert len(np.unique(rows)) > 0.98 * by_chance


MODELS: dict[str, Callable[[Any], nn.Module]] = {
    "a reader of spans": lambda encoder: SpanModel(encoder, 32),
    "model.pool: cls": lambda encoder: ClassifyModel(encoder, 32, labels=2, options=HeadOptions(pool="cls")),
    "model.head: markers": lambda encoder: RelationModel(encoder, 32, labels=2),
    "model.head: cls": lambda encoder: RelationModel(
        encoder, 32, labels=2, options=RelationOptions(head="cls")
    ),
    "a cross-encoder": lambda encoder: CrossModel(encoder, 32),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_that_read_single_states_are_refused(encoder: NgramEncoder, name: str):
    with pytest.raises(OptionError) as refused:
        MODELS[name](encoder)
    assert name in refused.value.what and "ngrams:" in refused.value.cure


def test_a_head_that_reads_all_states_in_their_order_is_not(encoder: NgramEncoder):
    RelationModel(encoder, 32, labels=2, options=RelationOptions(head="lstm", width=8))


def test_it_takes_tokenizer_and_words_of_another_backbone(tmp_path: Path):
    name = f"path:{write_backbone(tmp_path / 'a')}"
    whole, bag = load_backbone(name), load_backbone(f"ngrams:{name}")
    assert isinstance(bag.model, NgramEncoder) and bag.name == f"ngrams:{name}"
    assert torch.equal(bag.model.word_embeddings.weight, whole.model.get_input_embeddings().weight)
    assert bag.tokenizer.to_str() == whole.tokenizer.to_str() == load_tokenizer(f"ngrams:{name}").to_str()
    assert (
        sum(value.numel() for value in bag.model.parameters())
        < sum(value.numel() for value in whole.model.parameters()) + BUCKETS * 33
    )


@pytest.mark.parametrize(("option", "value"), [("layers", 2), ("dropout", 0.1)])
def test_options_of_layers_are_refused(tmp_path: Path, option: str, value: Any):
    with pytest.raises(OptionError, match=f"'{option}' does nothing"):
        load_backbone(f"ngrams:path:{write_backbone(tmp_path / 'a')}", **{option: value})


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_every_engine_hashes_as_torch_does(tmp_path: Path, encoder: NgramEncoder, engine: str):
    nn.init.normal_(encoder.ngrams.weight)
    encoder.word_embeddings = nn.Embedding(60_000, 32)
    encoder.config.vocab_size = 60_000
    model = ClassifyModel(encoder, 32, labels=2).eval()
    file = export_onnx(model, tmp_path / "model.onnx")
    ids = torch.randint(5, 60_000, (3, 40), generator=torch.Generator().manual_seed(1))
    arrays = {"input_ids": ids.numpy(), "attention_mask": np.ones((3, 40), np.int64)}
    (given,) = open_engine(engine, file, arrays)
    expected = model(ids, torch.ones_like(ids))["logits"].detach().numpy()
    np.testing.assert_allclose(given, expected, atol=1e-4)


def open_engine(engine: str, file: Path, arrays: dict[str, Any]) -> list[Any]:
    """The outputs of a file on an engine, in float32."""
    if engine == "onnxruntime":
        import onnxruntime

        return onnxruntime.InferenceSession(str(file)).run(None, arrays)
    openvino = pytest.importorskip("openvino")
    compiled = openvino.Core().compile_model(str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return list(compiled(arrays).values())
