"""What a data report counts of contexts and responses; all plain JSON."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gongbang.data.dialogue import same_key
from gongbang.data.measures import Tokenizer, distribution, whole_texts
from gongbang.data.records import Record

SHARE = 0.99
"""The share of texts that the proposed limits leave whole."""
_FREQUENT = 10  # responses that count as the frequent ones


def dialogue_measures(records: Sequence[Record], tokenizer: Tokenizer | None = None) -> dict[str, Any]:
    """Distinct contexts and responses, turns, responses that recur, candidates, and proposed limits.

    Contexts and responses count as the same where letters and digits are. ``candidates`` is there where
    records list them, ``limits`` where a tokenizer is given.

    Example:
        >>> made = [Record("1", {"context": "안녕\\n누구?", "response": "나야."})]
        >>> found = dialogue_measures(made)
        >>> found["contexts"], found["turns"]["max"]
        (1, 2.0)
    """
    pairs = [record for record in records if all(record.fields.get(n) for n in ("context", "response"))]
    right: dict[str, set[str]] = defaultdict(set)
    given: Counter[str] = Counter()
    written: dict[str, str] = {}
    for record in pairs:
        key = same_key(record.fields["response"])
        right[same_key(record.fields["context"])].add(key)
        given[key] += 1
        written.setdefault(key, record.fields["response"])
    most = given.most_common(_FREQUENT)
    found: dict[str, Any] = {
        "contexts": len(right),
        "responses": len(given),
        "several": sum(len(responses) > 1 for responses in right.values()),
        "frequent": {
            "n": sum(n for _, n in most),
            "share": round(sum(n for _, n in most) / max(1, len(pairs)), 5),
            "responses": {written[key]: n for key, n in most},
        },
        "turns": distribution(record.fields["context"].count("\n") + 1 for record in pairs),
    }
    listed = [len(record.labels["candidates"]) + 1 for record in pairs if "candidates" in record.labels]
    if listed:
        found["candidates"] = distribution(listed)
    if tokenizer is not None:
        found["limits"] = limits(pairs, tokenizer)
    return found


def limits(records: Sequence[Record], tokenizer: Tokenizer) -> dict[str, dict[str, Any]]:
    """``max_context`` and ``max_response`` that leave 99 % of the texts whole, special tokens included.

    Between two turns a separator is counted. A prefix that a task puts before a text is not.
    """
    around = tokenizer.num_special_tokens_to_add(False)
    contexts = [record.fields["context"] for record in records]
    responses = [record.fields["response"] for record in records]
    with whole_texts(tokenizer):
        size = _sizes((*(turn for text in contexts for turn in text.split("\n")), *responses), tokenizer)
    of_context = [sum(size[turn] + 1 for turn in text.split("\n")) - 1 + around for text in contexts]
    of_response = [size[text] + around for text in responses]
    return {"max_context": _limit(of_context), "max_response": _limit(of_response)}


def _sizes(texts: Iterable[str], tokenizer: Tokenizer) -> dict[str, int]:
    distinct = list(dict.fromkeys(texts))
    encodings = tokenizer.encode_batch(distinct, add_special_tokens=False)
    return {text: len(encoding.ids) for text, encoding in zip(distinct, encodings, strict=True)}


def _limit(sizes: Sequence[int]) -> dict[str, Any]:
    proposed = math.ceil(float(np.quantile(sizes, SHARE)))
    return {
        "proposed": proposed,
        "cut": sum(size > proposed for size in sizes),
        "length": distribution(sizes),
    }


def repeated_pairs(records: Sequence[Record]) -> list[list[str]]:
    """Ids of records that give the same response to the same context."""
    same: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in records:
        key = (same_key(record.fields.get("context", "")), same_key(record.fields.get("response", "")))
        if all(key):
            same[key].append(record.id)
    return [ids for ids in same.values() if len(ids) > 1]
