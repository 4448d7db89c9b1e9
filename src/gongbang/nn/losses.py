"""Which losses there are for one label a row and for sets of labels, resolved when they are asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from typing import Any, Literal

from torch import Tensor

from gongbang.errors import OptionError

Kind = Literal["class", "labels"]
Loss = Callable[[Tensor, Tensor], Tensor]
"""From (batch, L) logits and targets to a scalar, the mean over rows."""

CLASS_LOSSES: dict[str, str] = {
    "cross_entropy": "gongbang.nn.class_losses:cross_entropy",
    "focal": "gongbang.nn.class_losses:focal",
    "soft_cross_entropy": "gongbang.nn.class_losses:soft_cross_entropy",
}
"""One label a row: targets (batch,), or a teacher's (batch, L) for ``soft_cross_entropy``."""

LABEL_LOSSES: dict[str, str] = {
    "bce": "gongbang.nn.label_losses:bce",
    "softmax": "gongbang.nn.label_losses:softmax",
    "smooth_top_k": "gongbang.nn.label_losses:smooth_top_k",
    "soft_f1": "gongbang.nn.label_losses:soft_f1",
    "pairwise_logistic": "gongbang.nn.ranking_losses:pairwise_logistic",
    "list_net": "gongbang.nn.ranking_losses:list_net",
    "list_mle": "gongbang.nn.ranking_losses:list_mle",
    "approx_ndcg": "gongbang.nn.ranking_losses:approx_ndcg",
}
"""Any number of labels a row: targets (batch, L) of 0 or more."""

_TABLES: dict[str, dict[str, str]] = {"class": CLASS_LOSSES, "labels": LABEL_LOSSES}


def make_loss(name: str, kind: Kind, **options: Any) -> Loss:
    """A loss by its name, with its options set.

    Values of options are checked where the number of labels is known: in the first call.

    Args:
        name: a key of the table of this kind.
        kind: "class" for one label a row, "labels" for any number.
        options: of the loss; see its docstring.

    Returns:
        a function of logits (batch, L) and targets that gives a scalar.

    Raises:
        OptionError: an unknown kind, loss or option, with the nearest known one.

    Example:
        >>> import torch
        >>> loss = make_loss("cross_entropy", "class", label_smoothing=0.1)
        >>> round(float(loss(torch.zeros(1, 2), torch.tensor([0]))), 4)
        0.6931
    """
    if kind not in _TABLES:
        raise _unknown("kind of loss", str(kind), list(_TABLES))
    if name not in _TABLES[kind]:
        other = next((k for k, table in _TABLES.items() if name in table), None)
        raise _unknown(f"loss of kind '{kind}'", name, list(_TABLES[kind]), other)
    module, _, attribute = _TABLES[kind][name].partition(":")
    loss: Callable[..., Tensor] = getattr(import_module(module), attribute)
    known = loss_options(loss)
    for option in options:
        if option not in known:
            raise _unknown(f"option of the loss '{name}'", option, known)
    return partial(loss, **options)


def loss_options(loss: Callable[..., Tensor]) -> list[str]:
    """The names of a loss's options.

    Example:
        >>> from gongbang.nn.class_losses import focal
        >>> loss_options(focal)
        ['gamma', 'weight']
    """
    parameters = inspect.signature(loss).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]


def _unknown(what: str, name: str, known: list[str], other: str | None = None) -> OptionError:
    near = get_close_matches(name, known, n=1)
    cure = f"Did you mean '{near[0]}'?" if near else "Name one of these." if known else "Leave it out."
    if other is not None:
        cure = f"'{name}' is of kind '{other}'; choose one of these for this task."
    return OptionError(
        f"there is no such {what}.", value=name, allowed=", ".join(known) or "no option", cure=cure
    )
