"""Which model trains which task, resolved when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gongbang.errors import ArtifactError, OptionError

if TYPE_CHECKING:
    import torch

    from gongbang.nn.backbones import Backbone

MODELS: dict[str, str] = {
    "reader": "gongbang.nn.span:SpanModel",
    "highlighted reader": "gongbang.nn.span:HighlightedSpanModel",
    "encode": "gongbang.nn.embed:EmbedModel",
    "classify": "gongbang.nn.classify:ClassifyModel",
    "boolq": "gongbang.nn.classify:ClassifyModel",
    "emotions": "gongbang.nn.classify:EmotionsModel",
    "relation": "gongbang.nn.relation:RelationModel",
    "respond-bi": "gongbang.nn.respond:BiModel",
    "respond-poly": "gongbang.nn.respond:PolyModel",
    "respond-cross": "gongbang.nn.respond:CrossModel",
}


def make_model(
    task: str,
    backbone: Backbone,
    options: Mapping[str, Any] | None = None,
    *,
    labels: int = 0,
    counts: Sequence[int] | None = None,
) -> torch.nn.Module:
    """The model of ``task`` on this backbone, its head freshly initialised.

    Args:
        task: its name, or what a task with models of several kinds has as ``model``.
        backbone: the encoder it stands on.
        options: the recipe's ``model``: fields of the model's own ``options_type``.
        labels: how many labels a task that chooses among labels has.
        counts: (labels,) training rows of each.

    Raises:
        OptionError: an option that this model does not have, or a value that it does not allow.
    """
    module, _, attribute = MODELS[task].partition(":")
    kind = getattr(import_module(module), attribute)
    chosen = _options(task, kind, options or {})
    context: dict[str, Any] = {"options": chosen} if chosen else {}
    if labels:
        context |= {"labels": labels, "counts": counts}
    model: torch.nn.Module = kind(backbone.model, backbone.hidden_size, **context)
    return model


def _options(task: str, kind: Any, options: Mapping[str, Any]) -> Any:
    from gongbang.tasks.settings import settings_from

    options_type = getattr(kind, "options_type", None)
    if options_type is not None:
        try:
            return settings_from(options_type, options)
        except ArtifactError as err:
            raise OptionError(
                f"the recipe's 'model' does not fit the task '{task}': {err.what}",
                value=err.value,
                allowed=err.allowed,
                cure=err.cure.split(" An artifact of")[0],
            ) from err
    if options:
        raise OptionError(
            f"the model of the task '{task}' has no options.",
            value=", ".join(options),
            allowed="no key under 'model'",
            cure="Remove 'model' from the recipe.",
        )
    return None
