"""Members of known worth: logits that hold the truth, noise, and a scale of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from gongbang.ensemble.members import Member


def toy(
    name: str, *, strength: float = 1.0, scale: float = 1.0, seed: int = 0, n: int = 200, **more: Any
) -> Member:
    """A member of one label an example over three labels; gold is the same for every seed."""
    gold = np.random.default_rng(99).integers(0, 3, n)
    noise = np.random.default_rng(seed).normal(size=(n, 3))
    logits = scale * (noise + strength * np.eye(3)[gold])
    return build(name, logits, gold, **more)


def several(name: str, *, strength: float = 1.0, seed: int = 0, n: int = 300, **more: Any) -> Member:
    """A member of any of four labels an example, each right three times in ten."""
    gold = np.random.default_rng(98).random((n, 4)) < 0.3
    logits = np.random.default_rng(seed).normal(size=(n, 4)) + strength * gold - 1.0
    return build(name, logits, gold, **more)


def build(name: str, logits: Any, gold: Any, **more: Any) -> Member:
    """A member with ids, five folds by row, and groups of one."""
    logits, gold = np.asarray(logits, dtype=float), np.asarray(gold)
    ids = tuple(f"r{n:04}" for n in range(len(logits)))
    labels = tuple(f"l{n}" for n in range(logits.shape[1]))
    values = {"origin": "out-of-fold", "data": "hash", "groups": ids, "folds": np.arange(len(ids)) % 5}
    return Member(name=name, ids=ids, labels=labels, logits=logits, gold=gold, **(values | more))
