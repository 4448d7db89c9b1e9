"""Made data and recipes for the tasks that choose among labels, small enough to be trained in seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.train.tiny import CRAFTS, NAMES, PLACES, write_backbone

GOOD, BAD = ("이름이 높다", "문을 열었다"), ("길을 따라 가면 된다", "말이 걸려 있다")


def write_reviews(path: Path, count: int = 240, seed: int = 5) -> Path:
    """Texts whose ending says their label, as JSON lines with ``text`` and ``label``."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        good = bool(rng.integers(2))
        ending = (GOOD if good else BAD)[rng.integers(2)]
        names = (words[rng.integers(12)] for words in (NAMES, CRAFTS, PLACES))
        text = " ".join([*names, str(number), ending])
        rows.append({"id": f"r{number}", "text": text, "label": "good" if good else "bad"})
    return _write(path, rows)


def write_feelings(path: Path, count: int = 240, seed: int = 6) -> Path:
    """Texts that name what they are labelled with: any of three crafts."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        chosen = [craft for craft in CRAFTS[:3] if rng.random() < 0.4]
        text = " ".join([NAMES[rng.integers(12)], *chosen, PLACES[rng.integers(12)], str(number)])
        rows.append({"id": f"f{number}", "text": text, "labels": chosen})
    return _write(path, rows)


def write_claims(path: Path, count: int = 160, seed: int = 7) -> Path:
    """Questions that name a place of the passage (yes) or another one (no)."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        place, other = rng.permutation(12)[:2]
        name = f"{NAMES[rng.integers(12)]}{number}"
        yes = bool(rng.integers(2))
        rows.append(
            {
                "id": f"b{number}",
                "question": f"{name} 공방은 {PLACES[place if yes else other]}에서 문을 열었는가?",
                "context": _telling(name, PLACES[place], number),
                "label": "yes" if yes else "no",
            }
        )
    return _write(path, rows)


def write_links(path: Path, count: int = 180, seed: int = 8) -> Path:
    """Sentences about a workshop and its place or its owner, whose marked words are related or not."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        name, place, craft = (str(words[rng.integers(12)]) for words in (NAMES, PLACES, CRAFTS))
        shop = f"{name}{number}"
        sentence = f"{shop} 공방은 {place}에서 {craft} 길을 따라 문을 열었다."
        kind = number % 3
        other, type_ = ((place, "LOC"), (craft, "ART"), (craft, "ART"))[kind]
        told = ("org:place", "org:craft", "no_relation")[kind]
        ends = [(shop, "ORG"), (other, type_)]
        subject, object_ = reversed(ends) if told == "no_relation" else ends
        rows.append(
            {
                "sentence": sentence,
                "subject": _marked(sentence, *subject),
                "object": _marked(sentence, *object_),
                "label": told,
            }
        )
    return _write(path, rows)


def _marked(sentence: str, word: str, type_: str) -> dict[str, Any]:
    start = sentence.index(word)
    return {"word": word, "start": start, "end": start + len(word), "type": type_}


def _telling(name: str, place: str, number: int) -> str:
    """One of two ways to say where a workshop is, so that passages do not all tell alike."""
    if number % 2:
        return f"{name} 공방은 {1900 + number}년에 {place}에서 문을 열었다."
    return f"가게 앞에 이름이 높은 {name}, 새 터는 {place}, 걸려 있는 말은 {CRAFTS[number % 12]}."


def _write(path: Path, rows: list[dict[str, Any]]) -> Path:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


_WRITERS = {
    "classify": write_reviews,
    "emotions": write_feelings,
    "boolq": write_claims,
    "relation": write_links,
}
_METRICS = {"classify": "accuracy", "emotions": "macro_f1", "boolq": "accuracy", "relation": "micro_f1"}
_PIPELINES: dict[str, dict[str, Any]] = {
    "classify": {"max_length": 48},
    "emotions": {"max_length": 48},
    "boolq": {"max_length": 96, "stride": 16, "max_question": 40},
    "relation": {"max_length": 64},
}
_ALSO = {"relation": ("@ # * ^ ORG LOC ART 단체 장소",)}
"""What a task writes into its texts, which a vocabulary must know."""


def recipe_tree(folder: Path, task: str, **changes: Any) -> dict[str, Any]:
    """A sound recipe of a task over made data with the tiny backbone; ``changes`` are ``a__b=value``."""
    also = _ALSO.get(task, ())
    data, backbone = folder / f"{task}.jsonl", folder / f"backbone{'-more' * bool(also)}"
    if not data.is_file():
        _WRITERS[task](data)
    if not backbone.is_dir():
        write_backbone(backbone, positions=400, also=also)
    tree: dict[str, Any] = {
        "name": f"tiny-{task}",
        "task": task,
        "backbone": f"path:{backbone}",
        "pipeline": dict(_PIPELINES[task]),
        "data": {"sources": [{"path": str(data)}], "split": {"development": 0.2, "test": 0.2, "seed": 3}},
        "training": {
            "epochs": 2,
            "batch_size": 16,
            "learning_rate": 3e-3,
            "precision": "fp32",
            "metric": _METRICS[task],
            "log_every": 4,
        },
        "folds": {"kind": "stratified", "k": 3},
    }
    for key, value in changes.items():
        *parents, last = key.split("__")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return tree
