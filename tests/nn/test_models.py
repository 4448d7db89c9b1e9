"""Backbones by name and the models on them: masks, losses by hand, what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import load_file, save_file

from gongbang.errors import ArtifactError, OptionError
from gongbang.nn.backbones import load_backbone
from gongbang.nn.embed import EmbedModel
from gongbang.nn.span import SpanModel
from tests.train.tiny import write_backbone


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_folder_in_the_hubs_format_is_loaded(tmp_path: Path, kind: str):
    backbone = load_backbone(f"path:{write_backbone(tmp_path / kind, kind=kind)}")
    assert backbone.hidden_size == 32
    model = SpanModel(backbone.model, 32).eval()
    ids = torch.randint(5, 50, (2, 12))
    out = model(ids, torch.ones_like(ids), torch.zeros_like(ids))
    assert out["start_logits"].shape == (2, 12)
    assert model.uses_types is (kind == "bert")


@pytest.mark.parametrize("name", ["e5", "hub:", "path:", "klue/roberta-large"])
def test_unknown_names_are_refused(name: str):
    with pytest.raises(OptionError, match="unknown backbone"):
        load_backbone(name)


def test_a_folder_without_a_model_is_refused(tmp_path: Path):
    with pytest.raises(ArtifactError, match="no checkpoint"):
        load_backbone(f"path:{tmp_path}")


def test_a_tokenizer_with_too_many_tokens_is_refused(tmp_path: Path):
    folder = write_backbone(tmp_path / "a", vocabulary=200)
    other = write_backbone(tmp_path / "b", vocabulary=400)
    (folder / "tokenizer.json").write_bytes((other / "tokenizer.json").read_bytes())
    with pytest.raises(ArtifactError, match="ids that the embedding lacks"):
        load_backbone(f"path:{folder}")


def test_another_padding_id_is_refused(tmp_path: Path):
    folder = write_backbone(tmp_path / "a")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"pad_token_id": 3}), encoding="utf-8")
    with pytest.raises(ArtifactError, match="padding id"):
        load_backbone(f"path:{folder}")


def _without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _only_a_pickle(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    _without_weights(folder)


def _cut_short(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:2000])


def _broken(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_text("{", encoding="utf-8")

    return damage


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        (_without_weights, "model"),
        (_only_a_pickle, "model"),
        (_cut_short, "model"),
        (_broken("tokenizer.json"), "tokenizer"),
        (_broken("config.json"), "configuration"),
    ],
)
def test_a_part_that_cannot_be_read_is_told_in_four_lines(
    tmp_path: Path, damage: Callable[[Path], None], part: str
):
    folder = write_backbone(tmp_path / "b", layers=1)
    damage(folder)
    with pytest.raises(ArtifactError, match=f"the {part} of backbone") as caught:
        load_backbone(f"path:{folder}")
    assert len(caught.value.lines()) == 4


def test_a_checkpoint_that_lacks_weights_is_refused_and_a_pooler_is_not_missed(tmp_path: Path):
    folder = write_backbone(tmp_path / "b")
    file = folder / "model.safetensors"
    weights = load_file(file)
    assert not any("pooler" in name for name in weights)
    save_file({k: v for k, v in weights.items() if "layer.1." not in k}, file, metadata={"format": "pt"})
    with pytest.raises(ArtifactError, match="lacks weights") as caught:
        load_backbone(f"path:{folder}")
    assert "layer.1." in str(caught.value.value)


def test_weights_in_half_precision_are_trained_in_float32(tmp_path: Path):
    folder = write_backbone(tmp_path / "b", layers=1)
    file, config = folder / "model.safetensors", folder / "config.json"
    halves = {name: value.half() for name, value in load_file(file).items()}
    save_file(halves, file, metadata={"format": "pt"})
    tree = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps(tree | {"dtype": "float16"}), encoding="utf-8")
    model = load_backbone(f"path:{folder}").model
    assert {value.dtype for value in model.parameters()} == {torch.float32}


def test_a_name_of_the_hub_is_downloaded_without_pickles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = write_backbone(tmp_path / "b", layers=1)
    asked: list[tuple[str, list[str]]] = []

    def download(name: str, *, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert load_backbone("hub:klue/roberta-large").folder == folder
    ((name, patterns),) = asked
    assert name == "klue/roberta-large" and "*.safetensors" in patterns and "*.bin" not in patterns


def test_a_hub_out_of_reach_is_told_in_four_lines(monkeypatch: pytest.MonkeyPatch):
    def download(name: str, **options: object) -> str:
        raise LocalEntryNotFoundError("no snapshot, and no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    with pytest.raises(ArtifactError, match="cannot be had from the hub") as caught:
        load_backbone("hub:klue/roberta-large")
    assert len(caught.value.lines()) == 4 and "path:DIR" in caught.value.cure


def test_padding_changes_no_score(tmp_path: Path):
    backbone = load_backbone(f"path:{write_backbone(tmp_path / 'b')}")
    model = SpanModel(backbone.model, 32).eval()
    ids = torch.randint(5, 50, (1, 10))
    short = model(ids, torch.ones_like(ids))
    padded = torch.cat([ids, torch.zeros(1, 6, dtype=torch.long)], dim=1)
    mask = torch.cat([torch.ones_like(ids), torch.zeros(1, 6, dtype=torch.long)], dim=1)
    long = model(padded, mask)
    torch.testing.assert_close(long["start_logits"][:, :10], short["start_logits"], rtol=1e-4, atol=1e-5)
    assert (long["start_logits"][:, 10:] == -10_000).all()


class _Fixed(torch.nn.Module):
    """An encoder whose states are given."""

    class config:  # noqa: N801
        type_vocab_size = 1

    def __init__(self, states: torch.Tensor) -> None:
        super().__init__()
        self.states = states

    def forward(self, **_: torch.Tensor) -> object:
        return type("Out", (), {"last_hidden_state": self.states})


def test_span_loss_by_hand():
    model = SpanModel(_Fixed(torch.zeros(1, 4, 2)), 2)
    batch = {
        "input_ids": torch.zeros(1, 4, dtype=torch.long),
        "attention_mask": torch.tensor([[1, 1, 1, 0]]),
        "start_positions": torch.tensor([1]),
        "end_positions": torch.tensor([2]),
    }
    assert float(model.loss(batch)) == pytest.approx(math.log(3), abs=1e-5)  # three real tokens, all alike


def test_embeddings_are_unit_means_of_real_tokens():
    states = torch.tensor([[[3.0, 4.0], [3.0, 4.0], [100.0, -7.0]]])
    model = EmbedModel(_Fixed(states), 2)
    out = model(torch.zeros(1, 3, dtype=torch.long), torch.tensor([[1, 1, 0]]))
    torch.testing.assert_close(out["embedding"], torch.tensor([[0.6, 0.8]]))


def test_rows_about_the_same_passage_are_no_negatives(monkeypatch: pytest.MonkeyPatch):
    model = EmbedModel(_Fixed(torch.zeros(3, 1, 2)), 2, temperature=1.0)
    vectors = {"embedding": torch.eye(3), "question_embedding": torch.eye(3)}
    monkeypatch.setattr(model, "pair_outputs", lambda batch: vectors)
    alone = float(model.loss({"document": torch.tensor([0, 1, 2])}))
    assert alone == pytest.approx(math.log(math.e + 2) - 1, abs=1e-5)
    shared = float(model.loss({"document": torch.tensor([0, 0, 1])}))
    two, three = math.log(math.e + 1) - 1, math.log(math.e + 2) - 1
    assert shared == pytest.approx((2 * two + three) / 3, abs=1e-5)


def test_scores_of_near_passages_are_not_rounded_away_in_bfloat16(monkeypatch: pytest.MonkeyPatch):
    """Vectors that nearly agree, as a trained encoder's do: their order is in what bfloat16 cuts off."""
    generator = torch.Generator().manual_seed(0)
    near = torch.nn.functional.normalize(torch.randn(32, 48, generator=generator) + 3, dim=-1)
    model = EmbedModel(_Fixed(torch.zeros(1)), 48)
    monkeypatch.setattr(model, "pair_outputs", lambda batch: {"embedding": near, "question_embedding": near})
    batch = {"document": torch.arange(32)}
    plain = model.loss(batch)
    with torch.autocast("cpu", torch.bfloat16):
        assert model.loss(batch) == plain
