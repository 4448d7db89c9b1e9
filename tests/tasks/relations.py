"""Made sentences with two entities, and tokenizers that know the marks put round them."""

from __future__ import annotations

from functools import cache
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, processors

from gongbang.data.records import Record, Span
from gongbang.tasks.relation import RelationConfig, RelationTask

POSSIBLE = ("org:members | ORG | PER", "per:employee_of | PER | ORG", "per:title | PER | POH")
LABELS = ("no_relation", "org:members", "per:employee_of", "per:title")
_PEOPLE = ("가온", "나래", "다솜", "라온", "마루", "바다")
_SHOPS = ("솔뫼공방", "달빛공방", "한들공방", "모래공방")
_TITLES = ("장인", "대표", "스승")


def relation(
    id: str,
    text: str,
    subject: str | tuple[int, int],
    object: str | tuple[int, int],
    *,
    types: tuple[str, str] = ("", ""),
    label: str = "",
    group: str = "",
) -> Record:
    """A record; an entity is given by its text (its first place) or by its characters."""
    spans = {}
    for role, entity in (("subject", subject), ("object", object)):
        start, end = (
            entity if isinstance(entity, tuple) else (text.index(entity), text.index(entity) + len(entity))
        )
        spans[role] = (Span(start, end, text[start:end], field="text"),)
    labels = {"subject_type": types[0], "object_type": types[1], "label": label}
    kept = {name: value for name, value in labels.items() if value}
    return Record(id, {"text": text}, spans=spans, labels=kept, group=group)


def made_relations(count: int = 48) -> list[Record]:
    """Sentences about people and workshops, each of the four relations in turn."""
    records = []
    for number in range(count):
        person, shop = _PEOPLE[number % 6], _SHOPS[number // 6 % 4]
        title = _TITLES[number // 24 % 3]
        text = f"{number}번 골목에서 {person}은 {shop}에서 일하며 {title}이라 불린다."
        kind = number % 4
        pairs = (
            (person, shop, ("PER", "ORG"), "no_relation"),
            (shop, person, ("ORG", "PER"), "org:members"),
            (person, shop, ("PER", "ORG"), "per:employee_of"),
            (person, title, ("PER", "POH"), "per:title"),
        )
        subject, object_, types, label = pairs[kind]
        records.append(
            relation(str(number), text, subject, object_, types=types, label=label, group=f"g{number // 4}")
        )
    return records


@cache
def mark_tokenizer(kind: str = "unigram") -> Tokenizer:
    """A small tokenizer, "unigram" as E5's or "wordpiece" as KLUE's: the sentences' words and characters.

    Its vocabulary is written down, not trained, so that a row has the same tokens on every machine.
    """
    text = " ".join(record.fields["text"] for record in made_relations(96))
    text += " @ * # ^ PER ORG POH [E1] [/E1] [E2] [/E2] <S:PER> </S:PER> <O:ORG> </O:ORG>"
    text += " 인물 단체 이름 와 과 의 관계"
    characters = sorted(set(text) - {" "})
    words = [word for word in sorted(set(text.split())) if len(word) > 1 and word.isalnum()]
    if kind == "wordpiece":
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        pieces = [*special, *characters, *(f"##{one}" for one in characters), *words]
        tokenizer = Tokenizer(
            models.WordPiece({piece: at for at, piece in enumerate(pieces)}, unk_token="[UNK]")
        )
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        single, pair, ends = "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)]
    else:
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
        scored = [*((piece, 0.0) for piece in special), ("▁", -4.0), *((one, -8.0) for one in characters)]
        scored += [(f"▁{word}", -9.0) for word in words]
        tokenizer = Tokenizer(models.Unigram(scored, unk_id=3))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        single, pair, ends = "<s> $A </s>", "<s> $A </s> </s> $B </s>", [("<s>", 0), ("</s>", 2)]
    tokenizer.add_special_tokens(special)
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=ends)
    return tokenizer


def make_task(kind: str = "unigram", **changes: Any) -> RelationTask:
    """The task of the made relations; ``kind`` of :func:`mark_tokenizer`, ``changes`` of the settings."""
    settings = {"labels": LABELS, "possible": POSSIBLE, "max_length": 64, **changes}
    return RelationTask(mark_tokenizer(kind), RelationConfig(**settings))
