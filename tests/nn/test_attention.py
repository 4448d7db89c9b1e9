"""Our backward pass of attention against torch's."""

from __future__ import annotations

import pytest
import torch

from gongbang.nn.attention import _RowAttention, row_attention, use_row_attention


@pytest.mark.parametrize("padded", [False, True])
def test_gradients_equal_those_of_torch(padded: bool):
    torch.manual_seed(0)
    tensors = [torch.randn(2, 3, 7, 8, dtype=torch.double, requires_grad=True) for _ in range(3)]
    mask = torch.ones(2, 1, 7, 7, dtype=torch.bool)
    if padded:
        mask[1, :, :, 4:] = False
    output = _RowAttention.apply(*tensors, mask, 0.3)
    gradient = torch.randn_like(output)
    ours = torch.autograd.grad(output, tensors, gradient)
    expected = torch.nn.functional.scaled_dot_product_attention(*tensors, attn_mask=mask, scale=0.3)
    theirs = torch.autograd.grad(expected, tensors, gradient)
    torch.testing.assert_close(output, expected, rtol=1e-9, atol=1e-12)
    for own, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(own, reference, rtol=1e-9, atol=1e-12)


def test_numerical_gradient():
    torch.manual_seed(1)
    tensors = [torch.randn(1, 2, 4, 3, dtype=torch.double, requires_grad=True) for _ in range(3)]
    mask = torch.ones(1, 1, 4, 4, dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda q, k, v: _RowAttention.apply(q, k, v, mask, 0.5), tensors)


def test_without_a_mask_it_is_plain_attention():
    torch.manual_seed(2)
    q, k, v = (torch.randn(1, 2, 5, 4) for _ in range(3))
    output, weights = row_attention(torch.nn.Identity(), q, k, v, None)
    assert weights is None
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)
    torch.testing.assert_close(output, expected)


def test_an_encoder_gives_the_same_states_and_gradients():
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    torch.manual_seed(3)
    model = BertModel(config, add_pooling_layer=False)
    ids = torch.randint(1, 50, (3, 9))
    mask = torch.ones_like(ids)
    mask[2, 5:] = 0

    def states() -> tuple[torch.Tensor, torch.Tensor]:
        model.zero_grad()
        out = model(input_ids=ids, attention_mask=mask).last_hidden_state
        (out * mask[:, :, None]).pow(2).sum().backward()
        return out.detach(), model.encoder.layer[0].attention.self.query.weight.grad.clone()

    before = states()
    use_row_attention(model)
    after = states()
    torch.testing.assert_close(after[0][mask == 1], before[0][mask == 1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(after[1], before[1], rtol=1e-3, atol=1e-4)
