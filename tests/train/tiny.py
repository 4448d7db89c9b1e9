"""A backbone small enough for tests: tokenizers over made text, random weights, the hub's folder format."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gongbang.data.records import Record, Span

NAMES = ("가온", "나래", "다솜", "라온", "마루", "바다", "사랑", "아람", "자람", "찬솔", "하늘", "한별")
PLACES = ("강릉", "목포", "춘천", "여수", "속초", "군산", "통영", "제천", "남원", "영월", "포항", "김제")
CRAFTS = ("항아리", "가구", "부채", "한지", "자개", "놋그릇", "매듭", "벼루", "붓", "갓", "장구", "소반")


def workshop(number: int) -> tuple[str, list[tuple[str, str]]]:
    """A passage about workshop ``number`` and its questions with answers."""
    rng = np.random.default_rng((7, number))
    name = f"{NAMES[rng.integers(12)]}{NAMES[rng.integers(12)]}{number}"
    place, craft = PLACES[rng.integers(12)], CRAFTS[rng.integers(12)]
    year, people = 1900 + int(rng.integers(120)), 3 + int(rng.integers(60))
    first, second = CRAFTS[rng.integers(12)], PLACES[rng.integers(12)]
    text = (
        f"{name} 공방은 {year}년에 {place}에서 문을 열었다. 처음에는 {first} 하나만 만들었으나, 지금은 "
        f"{craft}(으)로 이름이 높다. 일하는 사람은 {people}명이고, 새 터는 {second}에 있다. "
        f'"손이 먼저 안다"는 말이 가게 앞에 걸려 있다. {number}번 길을 따라 {people + number}걸음 가면 된다.'
    )
    asked = [
        (f"{name} 공방은 몇 년에 문을 열었는가?", f"{year}년"),
        (f"{name} 공방은 어디에서 시작했는가?", place),
        (f"{name} 공방에서 일하는 사람은 몇 명인가?", f"{people}명"),
    ]
    return text, asked


def squad(articles: int, first: int = 0) -> dict[str, Any]:
    """A SQuAD-shaped tree of made articles, two passages each."""
    data = []
    for article in range(first, first + articles):
        paragraphs = []
        for part in range(2):
            number = 2 * article + part
            text, asked = workshop(number)
            qas = [
                {
                    "id": f"{number}-{at}",
                    "question": question,
                    "answers": [{"text": answer, "answer_start": text.index(answer)}],
                }
                for at, (question, answer) in enumerate(asked)
            ]
            paragraphs.append({"context": text, "qas": qas})
        data.append({"title": f"공방 거리 {article}", "paragraphs": paragraphs})
    return {"version": "1", "data": data}


def write_squad(path: Path, articles: int = 30, first: int = 0) -> Path:
    """The tree as a file."""
    path.write_text(json.dumps(squad(articles, first), ensure_ascii=False), encoding="utf-8")
    return path


def made_records(articles: int = 30, first: int = 0) -> list[Record]:
    """The same as records."""
    records = []
    for article in squad(articles, first)["data"]:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                answer = qa["answers"][0]
                start = answer["answer_start"]
                span = Span(start, start + len(answer["text"]), answer["text"])
                records.append(
                    Record(
                        qa["id"],
                        {
                            "question": qa["question"],
                            "context": paragraph["context"],
                            "title": article["title"],
                        },
                        spans={"answers": (span,)},
                        labels={"document": paragraph["context"][:12]},
                        group=article["title"],
                    )
                )
    return records


@cache
def _texts() -> tuple[str, ...]:
    made = [workshop(number) for number in range(120)]
    return tuple([text for text, _ in made] + [q for _, asked in made for q, _ in asked])


@cache
def _tokenizer_json(kind: str, vocabulary: int, also: tuple[str, ...] = ()) -> str:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    if kind == "bert":
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer: Any = trainers.WordPieceTrainer(
            vocab_size=vocabulary, special_tokens=special, show_progress=False
        )
        pair = ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)])
    else:
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=vocabulary, special_tokens=special, unk_token="<unk>", show_progress=False
        )
        pair = ("<s> $A </s>", "<s> $A </s> </s> $B </s>", [("<s>", 0), ("</s>", 2)])
    tokenizer.train_from_iterator((*_texts(), *also), trainer)
    single, double, ends = pair
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=double, special_tokens=ends)
    return str(tokenizer.to_str())


def write_backbone(
    folder: Path,
    *,
    kind: str = "bert",
    vocabulary: int = 400,
    layers: int = 2,
    positions: int = 160,
    also: tuple[str, ...] = (),
) -> Path:
    """A checkpoint folder as ``save_pretrained`` writes it.

    ``kind="roberta"`` has one token type and two positions held back, as RoBERTa's checkpoints do. ``also``
    are texts whose characters the vocabulary knows besides.
    """
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_str(_tokenizer_json(kind, vocabulary, also))
    tokenizer.save(str(folder / "tokenizer.json"))
    shape: dict[str, Any] = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 32,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "intermediate_size": 64,
    }
    state = torch.get_rng_state()
    torch.manual_seed(3)
    if kind == "bert":
        config: Any = BertConfig(**shape, max_position_embeddings=positions, pad_token_id=0)
        model: Any = BertModel(config, add_pooling_layer=False)
    else:
        config = RobertaConfig(
            **shape,
            max_position_embeddings=positions + 2,
            type_vocab_size=1,
            pad_token_id=1,
            bos_token_id=0,
            eos_token_id=2,
        )
        model = RobertaModel(config, add_pooling_layer=False)
    model.save_pretrained(folder)
    torch.set_rng_state(state)
    return folder


def recipe_tree(folder: Path, **changes: Any) -> dict[str, Any]:
    """A sound recipe over made articles with the tiny backbone; ``changes`` are ``a__b=value``."""
    data, backbone = folder / "made.json", folder / "backbone"
    if not data.is_file():
        write_squad(data)
    if not backbone.is_dir():
        write_backbone(backbone)
    tree: dict[str, Any] = {
        "name": "tiny",
        "task": "reader",
        "backbone": f"path:{backbone}",
        "pipeline": {"max_length": 96, "stride": 16, "max_question": 40},
        "data": {"sources": [{"path": str(data)}], "split": {"development": 0.2, "test": 0.15, "seed": 3}},
        "training": {
            "epochs": 3,
            "batch_size": 8,
            "learning_rate": 1e-3,
            "precision": "fp32",
            "metric": "f1",
            "evaluate_every": 1.0,
            "log_every": 1,
        },
    }
    for key, value in changes.items():
        *parents, last = key.split("__")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return tree
