"""Every trainable parameter receives a gradient and stands in the optimiser; a frozen one does neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from gongbang.errors import PreflightError
from gongbang.train.proofs.trial import Outcome, Trial
from gongbang.train.schedule import parameter_groups

CHECK = "gradients"
# Softmax ignores what is added to all keys, so this bias has a gradient of zero but for rounding, also where
# the weight beside it is frozen and cannot speak for it.
_SHIFT_INVARIANT = ("key.bias", "k_proj.bias", "k_lin.bias")


def prove(trial: Trial) -> Outcome:
    """One backward pass."""
    model = trial.model
    named = dict(model.named_parameters())
    wanted = [name for name, value in named.items() if value.requires_grad]
    if not wanted:
        raise PreflightError(
            "no parameter is trainable.",
            check=CHECK,
            value=f"{len(named)} parameters, all frozen",
            allowed="at least one trainable parameter",
            cure="Shorten the list under 'freeze'.",
        )
    _in_optimiser(trial, wanted)
    model.train()
    model.zero_grad(set_to_none=True)
    model.loss(trial.batch(trial.few(4))).backward()
    dead = [name for name in wanted if _dead(name, named)]
    if dead:
        _refuse(named, wanted, dead)
    touched = [name for name, value in named.items() if not value.requires_grad and value.grad is not None]
    if touched:
        raise PreflightError(
            "a frozen parameter receives a gradient.",
            check=CHECK,
            value=touched[0],
            allowed="no gradient on frozen parameters",
            cure="Set requires_grad_(False) before the forward pass.",
        )
    total = sum(float(named[name].grad.norm()) ** 2 for name in wanted) ** 0.5
    numbers = {"trainable": len(wanted), "frozen": len(named) - len(wanted), "gradient norm": round(total, 4)}
    model.zero_grad(set_to_none=True)
    return Outcome("every trainable parameter receives a gradient", dict(numbers))


def _dead(name: str, named: Mapping[str, Tensor]) -> bool:
    """No gradient, or one of zero where it ought to be seen.

    What a bias adds to all candidates alike no softmax over them sees, and rounding decides whether its
    gradient is zero: a bias lives where the weight beside it does.
    """
    gradient = named[name].grad
    if gradient is None:
        return True
    if bool(gradient.abs().max() > 0) or name.endswith(_SHIFT_INVARIANT):
        return False
    beside = named.get(f"{name.removesuffix('bias')}weight") if name.endswith(".bias") else None
    return beside is None or beside.grad is None or not bool(beside.grad.abs().max() > 0)


def _refuse(named: dict[str, Tensor], wanted: Sequence[str], dead: Sequence[str]) -> None:
    alive = [name for name in wanted if name not in set(dead)]
    shown = ", ".join(dead[:3]) + (" ..." if len(dead) > 3 else "")
    detached = len(dead) > len(alive)
    raise PreflightError(
        f"{len(dead)} of {len(wanted)} trainable parameters receive no gradient: "
        + ("the graph is cut above them." if detached else "the forward pass never uses them."),
        check=CHECK,
        value=shown,
        allowed="a gradient on every trainable parameter",
        cure="Remove the detach() or no_grad() between them and the loss, or list them under 'freeze'."
        if detached
        else "Use them in forward (index layers from the end: states[-1]), remove them, or list them under "
        "'freeze'.",
    )


def _in_optimiser(trial: Trial, wanted: Sequence[str]) -> None:
    settings = trial.bench.recipe.training
    groups = parameter_groups(
        trial.model,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        layer_decay=settings.layer_decay,
    )
    rates = {id(value): group["lr"] for group in groups for value in group["params"]}
    names = {name: value for name, value in trial.model.named_parameters() if name in set(wanted)}
    still = [name for name, value in names.items() if not rates.get(id(value), 0.0) > 0]
    if still:
        raise PreflightError(
            f"{len(still)} trainable parameters would never move: their learning rate is zero.",
            check="learning rate",
            value=f"{still[0]}: learning_rate={settings.learning_rate}, layer_decay={settings.layer_decay}",
            allowed="a rate above zero",
            cure="Raise training.learning_rate or training.layer_decay.",
        )
