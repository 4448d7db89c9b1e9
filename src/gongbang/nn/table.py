"""Which model trains which task, resolved when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from gongbang.nn.backbones import Backbone

MODELS: dict[str, str] = {
    "reader": "gongbang.nn.span:SpanModel",
    "encode": "gongbang.nn.embed:EmbedModel",
}


def make_model(task: str, backbone: Backbone) -> torch.nn.Module:
    """The model of ``task`` on this backbone, its head freshly initialised."""
    module, _, attribute = MODELS[task].partition(":")
    model: torch.nn.Module = getattr(import_module(module), attribute)(backbone.model, backbone.hidden_size)
    return model
