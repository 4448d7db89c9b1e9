"""Tokenizer, vocabulary and weights belong together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import ArtifactError, PreflightError
from gongbang.nn.backbones import check_vocabulary
from gongbang.train.proofs.trial import Number, Outcome, Trial

CHECK = "tokenizer and weights"
_CURE = "Use the tokenizer.json that was saved with these very weights."
_FEWEST_TWINS = 50


def prove(trial: Trial) -> Outcome:
    """Sizes and padding id agree, the ids mean the words that the embedding has learned."""
    backbone, task = trial.bench.backbone, trial.bench.task
    try:
        check_vocabulary(backbone)
    except ArtifactError as err:
        raise PreflightError(
            err.what, check=CHECK, value=err.value, allowed=err.allowed, cure=err.cure
        ) from err
    vocabulary = backbone.tokenizer.get_vocab()
    _same("the task's tokenizer", task.tokenizer.get_vocab(), vocabulary)
    for name, saved in _saved(backbone.folder).items():
        _same(f"{name} of {backbone.folder.name}", saved, vocabulary)
    table = backbone.model.get_input_embeddings().weight  # type: ignore[operator]
    rows = int(table.shape[0])
    unused = 1.0 - len(vocabulary) / rows
    if unused > trial.limits.unused_rows:
        raise PreflightError(
            f"{unused:.0%} of the embedding's rows have no token: the tokenizer is another model's.",
            check=CHECK,
            value=f"{len(vocabulary)} tokens, {rows} rows",
            allowed=f"at most {trial.limits.unused_rows:.0%} rows without a token",
            cure=_CURE,
        )
    _ends(trial)
    numbers: dict[str, Number] = {"tokens": len(vocabulary), "rows": rows}
    return _meaning(table.detach().float().cpu().numpy(), vocabulary, numbers)


def _saved(folder: Path) -> dict[str, Mapping[str, int]]:
    """The vocabularies that lie in the checkpoint's folder."""
    found: dict[str, Mapping[str, int]] = {}
    if (folder / "tokenizer.json").is_file():
        from tokenizers import Tokenizer

        found["tokenizer.json"] = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    if (folder / "vocab.txt").is_file():
        # Split at the line feed alone: a vocabulary has pieces that are other ends of lines (U+0085, U+2028).
        lines = (folder / "vocab.txt").read_bytes().decode("utf-8").removesuffix("\n").split("\n")
        found["vocab.txt"] = {line.removesuffix("\r"): number for number, line in enumerate(lines)}
    return found


def _same(name: str, found: Mapping[str, int], wanted: Mapping[str, int]) -> None:
    other = next((piece for piece, id_ in found.items() if wanted.get(piece, id_) != id_), None)
    shared = sum(piece in wanted for piece in found) / max(1, len(found))
    if other is None and shared > 0.9:
        return
    value = (
        f"{shared:.0%} of its pieces are known to the backbone's tokenizer"
        if other is None
        else f"'{other}' is {found[other]} in one and {wanted[other]} in the other"
    )
    raise PreflightError(
        f"{name} numbers its pieces otherwise than the backbone's tokenizer: ids would mean other words.",
        check=CHECK,
        value=value,
        allowed="one tokenizer everywhere",
        cure=_CURE,
    )


def _ends(trial: Trial) -> None:
    """Every row begins and ends with a special token; generators forget to stop without theirs."""
    inputs = trial.features.inputs
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    last = ids[np.arange(len(ids)), mask.sum(axis=1) - 1]
    for place, values in (("first", ids[:, 0]), ("last", last)):
        if len(np.unique(values)) > 1:
            raise PreflightError(
                f"rows have no common {place} token: special tokens are missing or cut off.",
                check=CHECK,
                value=", ".join(
                    repr(trial.bench.task.tokenizer.id_to_token(int(v))) for v in np.unique(values)[:4]
                ),
                allowed="the same special token in every row",
                cure="Use the tokenizer.json with its post-processor, as saved with the model.",
            )


def _meaning(
    table: NDArray[np.float32], vocabulary: Mapping[str, int], numbers: dict[str, Number]
) -> Outcome:
    """A piece and the same piece inside a word lie close together in a trained embedding.

    A tokenizer of another model, of whatever size, destroys this: its twins are no closer than chance.
    """
    twins = _twins(vocabulary)
    if len(twins) < _FEWEST_TWINS or not _trained(table):
        notes = ["the embedding looks untrained, so whether ids mean the right words cannot be told"]
        return Outcome(
            "sizes and ids agree", numbers, [] if len(twins) < _FEWEST_TWINS and _trained(table) else notes
        )
    unit = table - table.mean(axis=0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True) + 1e-9
    near = np.sum(unit[twins[:, 0]] * unit[twins[:, 1]], axis=1)
    strangers = np.random.default_rng(0).permutation(twins[:, 1])
    far = np.sum(unit[twins[:, 0]] * unit[strangers], axis=1)
    distance = float((near.mean() - far.mean()) / (far.std() / np.sqrt(len(far)) + 1e-9))
    if distance < 4.0:
        raise PreflightError(
            "the tokenizer's ids do not mean what these weights have learned: it is another model's.",
            check=CHECK,
            value=f"pieces with and without a word border are alike by {near.mean():.3f}, "
            f"any two by {far.mean():.3f}",
            allowed="alike by clearly more than chance",
            cure=_CURE,
        )
    return Outcome(
        "sizes and ids agree, ids mean what the weights learned",
        {**numbers, "likeness of twin pieces": round(float(near.mean()), 3)},
    )


def _twins(vocabulary: Mapping[str, int]) -> NDArray[np.int64]:
    """(pairs, 2) ids of pieces that differ only by the mark of a word's beginning or inside."""
    pairs = [
        (id_, vocabulary[bare])
        for piece, id_ in vocabulary.items()
        for mark in ("▁", "##", "Ġ")
        if piece.startswith(mark) and (bare := piece[len(mark) :]) in vocabulary
    ]
    return np.asarray(pairs, dtype=np.int64).reshape(-1, 2)


def _trained(table: NDArray[Any]) -> bool:
    """Random rows have a mean near zero; trained ones lean together."""
    norm = float(np.linalg.norm(table, axis=1).mean())
    lean = float(np.linalg.norm(table.mean(axis=0)))
    return lean > 5.0 * norm / math.sqrt(len(table))
