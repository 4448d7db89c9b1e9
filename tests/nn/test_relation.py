"""The relation model: what each head reads, layers that all count, padding that does not, and the export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gongbang.errors import OptionError
from gongbang.export.onnx import export_onnx
from gongbang.nn.relation import LengthAwareBiLSTM, RelationModel, RelationOptions
from gongbang.train.infer import outputs_of
from tests.tasks.relations import made_relations, make_task

HEADS = ("markers", "cls", "lstm")


class _Config:
    vocab_size, type_vocab_size, pad_token_id = 300, 1, 1
    max_position_embeddings, model_type = 512, "bert"


class _Encoder(nn.Module):
    """An encoder whose states are an embedding and nothing more, so that results can be told by hand."""

    config = _Config

    def __init__(self, width: int = 6) -> None:
        super().__init__()
        self.words = nn.Embedding(_Config.vocab_size, width)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        return type("Out", (), {"last_hidden_state": self.words(input_ids)})


def model(head: str, **options: Any) -> RelationModel:
    torch.manual_seed(0)
    return RelationModel(_Encoder(), 6, labels=4, options=RelationOptions(head=head, **options)).eval()


def batch(rows: int = 3, time: int = 9, seed: int = 0) -> dict[str, Tensor]:
    """Rows of which the last is padded by three; marks at 2 and 4."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 300, (rows, time), generator=generator)
    mask = torch.ones_like(ids)
    mask[-1, -3:] = 0
    ids[mask == 0] = 1
    subject, object_ = torch.zeros_like(ids), torch.zeros_like(ids)
    subject[:, 2], object_[:, 4] = 1, 1
    inputs = {"input_ids": ids, "attention_mask": mask, "subject_mask": subject, "object_mask": object_}
    return {**inputs, "label": torch.arange(rows) % 4}


def logits(net: RelationModel, given: dict[str, Tensor]) -> Tensor:
    return net(**{name: given[name] for name in net.input_names})["logits"]


def padded(given: dict[str, Tensor], more: int) -> dict[str, Tensor]:
    def wider(name: str, tensor: Tensor) -> Tensor:
        tail = torch.full((len(tensor), more), 1 if name == "input_ids" else 0)
        return torch.cat([tensor, tail], dim=1) if tensor.ndim == 2 else tensor

    return {name: wider(name, tensor) for name, tensor in given.items()}


@pytest.mark.parametrize("head", HEADS)
def test_logits_have_one_row_a_sentence_and_the_loss_is_their_cross_entropy(head: str):
    net, given = model(head), batch()
    found = logits(net, given)
    assert found.shape == (3, 4) and found.dtype == torch.float32
    log_shares = found.log_softmax(dim=1)
    expected = -(log_shares[0, 0] + log_shares[1, 1] + log_shares[2, 2]) / 3
    torch.testing.assert_close(net.loss(given), expected)


@pytest.mark.parametrize("head", HEADS)
def test_padding_and_neighbours_change_nothing(head: str):
    net, given = model(head), batch()
    whole = logits(net, given)
    torch.testing.assert_close(logits(net, padded(given, 5)), whole)
    alone = {name: tensor[2:, :6] if tensor.ndim == 2 else tensor[2:] for name, tensor in given.items()}
    torch.testing.assert_close(logits(net, alone), whole[2:])


def test_each_head_reads_its_own_tokens():
    given = batch()
    reads = {"markers": {2, 4}, "cls": {0}, "lstm": set(range(6))}
    for head, places in reads.items():
        net = model(head)
        before = logits(net, given)[2]
        for place in range(9):
            changed = {**given, "input_ids": given["input_ids"].clone()}
            changed["input_ids"][2, place] = 299 - place
            differs = not torch.allclose(logits(net, changed)[2], before, atol=1e-7)
            assert differs is (place in places), (head, place)


def test_the_markers_head_tells_subject_from_object():
    net, given = model("markers"), batch()
    swapped = {**given, "subject_mask": given["object_mask"], "object_mask": given["subject_mask"]}
    assert not torch.allclose(logits(net, given), logits(net, swapped), atol=1e-4)


def test_the_markers_head_by_hand():
    net, given = model("markers"), batch(rows=1)
    states = net.encoder.words(given["input_ids"])[0]
    pair = torch.cat([states[2], states[4]])
    hidden = (net.joined.weight @ pair + net.joined.bias).clamp(min=0)
    torch.testing.assert_close(logits(net, given)[0], net.head.weight @ hidden + net.head.bias)


def test_rows_without_marks_give_finite_logits():
    given = batch()
    blank = {**given, "subject_mask": torch.zeros_like(given["subject_mask"])}
    assert torch.isfinite(logits(model("markers"), blank)).all()


# -- the LSTM --------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_lstm_gives_what_a_packed_lstm_gives(layers: int):
    """Its last layer's states, which are the last two of ``h_n``, not the first two."""
    torch.manual_seed(1)
    ours = LengthAwareBiLSTM(5, 7, layers=layers).eval()
    theirs = nn.LSTM(5, 7, num_layers=layers, bidirectional=True, batch_first=True)
    for layer in range(layers):
        for suffix, part in (("", ours.forwards[layer]), ("_reverse", ours.backwards[layer])):
            for name, value in part.named_parameters():
                getattr(theirs, name.replace("l0", f"l{layer}") + suffix).data.copy_(value)
    states, lengths = torch.randn(4, 8, 5), torch.tensor([8, 3, 1, 6])
    mask = (torch.arange(8)[None] < lengths[:, None]).long()
    packed = nn.utils.rnn.pack_padded_sequence(states, lengths, batch_first=True, enforce_sorted=False)
    _, (last, _) = theirs(packed)
    torch.testing.assert_close(ours(states, mask), torch.cat([last[-2], last[-1]], dim=1))
    if layers > 1:  # the states that a slip would take
        assert not torch.allclose(ours(states, mask), torch.cat([last[0], last[1]], dim=1), atol=1e-3)


@pytest.mark.parametrize("layers", [2, 3])
def test_every_weight_of_every_layer_gets_a_gradient_and_counts(layers: int):
    net, given = model("lstm", layers=layers), batch()
    net.loss(given).backward()
    weights = dict(net.lstm.named_parameters())
    assert len(weights) == layers * 2 * 4
    for name, weight in weights.items():
        assert weight.grad is not None and weight.grad.abs().sum() > 0, name
    before = logits(net, given).detach()
    for name, weight in weights.items():
        kept = weight.detach().clone()
        weight.data.add_(0.5)
        assert not torch.allclose(logits(net, given), before, atol=1e-5), name
        weight.data.copy_(kept)
    torch.testing.assert_close(logits(net, given), before)


def test_dropout_falls_between_layers_and_only_while_training():
    net, given = model("lstm", dropout=0.5), batch()
    assert torch.equal(logits(net, given), logits(net, given))
    net.train()
    states = net.encoder.words(given["input_ids"])
    first, second = (net.lstm(states, given["attention_mask"]) for _ in range(2))
    assert not torch.allclose(first, second)


# -- training, options and the export --------------------------------------------------------------


def test_sentences_are_learned_from_what_the_task_prepares_and_read_back_by_it():
    """One pass down the corridor; the LSTM alone mixes tokens where the encoder is an embedding."""
    task, records = make_task("wordpiece"), made_relations(12)
    features = task.prepare(records)
    net = model("lstm", width=16).train()
    arrays = {**features.inputs, **features.targets}
    given = {name: torch.from_numpy(array) for name, array in arrays.items()}
    optimiser = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(60):
        optimiser.zero_grad()
        net.loss(given).backward()
        optimiser.step()
    predictions = task.decode(outputs_of(net, features, batch_size=5), features)
    assert [one.text for one in predictions] == [record.labels["label"] for record in records]


def test_dropout_samples_are_averaged_while_training():
    net, given = model("markers", dropout=0.5, samples=3), batch()
    assert len(net._readings(given)) == 1
    assert len(net.train()._readings(given)) == 3


@pytest.mark.parametrize(
    "options",
    [
        {"head": "pair"},
        {"head": "cls", "layers": 2},
        {"head": "markers", "width": 8},
        {"head": "lstm", "layers": -1},
        {"head": "cls", "pool": "cls"},
        {"samples": 4},
    ],
)
def test_options_that_do_nothing_or_do_not_exist_are_told_in_four_lines(options: dict[str, Any]):
    with pytest.raises(OptionError) as caught:
        RelationOptions(**options)
    assert len(caught.value.lines()) == 4


@pytest.mark.parametrize("head", HEADS)
def test_the_exported_file_gives_what_torch_gives(head: str, tmp_path: Path):
    """At lengths and batch sizes that it was not traced with, padding included."""
    import onnxruntime

    net, path = model(head), tmp_path / "relation.onnx"
    export_onnx(net, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = {one.name for one in session.get_inputs()}
    for rows, time in ((1, 17), (3, 24), (5, 11)):
        given = batch(rows, time, seed=time)
        feed = {name: given[name].numpy() for name in net.input_names if name in names}
        [found] = session.run(["logits"], feed)
        np.testing.assert_allclose(found, logits(net, given).detach().numpy(), atol=1e-5)
