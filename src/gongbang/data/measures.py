"""What a data report counts, one function a measure; all plain JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from gongbang.data.records import Record
from gongbang.data.scripts import script_of
from gongbang.data.splits import group_name, normalise_for_comparison

_BINS = 12
_OPENERS, _CLOSERS = "([{“「『《〈（", ")]}”」』》〉）"
_MARKED = ("subject", "object")
_BESIDE = ("question", "pair", "response")  # the text that is shown beside the other, where there is one
_UNKNOWN = ("[UNK]", "<unk>", "<UNK>", "[unk]")


class Tokenizer(Protocol):
    """The part of ``tokenizers.Tokenizer`` that is used here."""

    truncation: Any
    padding: Any

    def encode_batch(self, input: Any, *, add_special_tokens: bool) -> list[Any]: ...
    def token_to_id(self, token: str) -> int | None: ...
    def num_special_tokens_to_add(self, is_pair: bool) -> int: ...
    def no_truncation(self) -> None: ...
    def enable_truncation(self, max_length: int, **options: Any) -> None: ...
    def no_padding(self) -> None: ...
    def enable_padding(self, **options: Any) -> None: ...


def counts(records: Sequence[Record]) -> dict[str, Any]:
    """How many of what."""
    labelled = [record for record in records if "answers" in record.spans]
    return {
        "records": len(records),
        "documents": len(
            {str(record.labels["document"]) for record in records if "document" in record.labels}
        ),
        "groups": len({group_name(record.group) for record in records}),
        "answerable": sum(bool(record.answers) for record in labelled),
        "unanswerable": sum(not record.answers for record in labelled),
        "augmented": sum(bool(record.lineage) for record in records),
        "sources": dict(Counter(record.source for record in records).most_common()),
        "licences": dict(Counter(record.licence for record in records).most_common()),
    }


def distribution(values: Iterable[float]) -> dict[str, Any]:
    """Quantiles and a histogram of ``_BINS`` equal bins up to the 99th percentile, the last one open.

    Example:
        >>> found = distribution([1, 2, 3])
        >>> found["n"], found["median"], found["max"], sum(found["histogram"]["counts"])
        (3, 2.0, 3.0, 3)
    """
    array = np.asarray(list(values), dtype=np.float64)
    if not len(array):
        return {"n": 0}
    top = max(float(np.quantile(array, 0.99)), float(array.min()) + 1)
    edges = np.linspace(float(array.min()), top, _BINS + 1)
    heights, _ = np.histogram(np.minimum(array, top), edges)
    return {
        "n": len(array),
        "mean": round(float(array.mean()), 2),
        "min": float(array.min()),
        "median": float(np.median(array)),
        "p95": round(float(np.quantile(array, 0.95)), 1),
        "max": float(array.max()),
        "histogram": {"edges": [round(float(edge), 2) for edge in edges], "counts": heights.tolist()},
    }


def lengths(records: Sequence[Record]) -> dict[str, Any]:
    """Characters of each field (each distinct text once) and of the first answer."""
    fields = sorted({name for record in records for name in record.fields})
    found = {
        name: distribution(len(text) for text in {r.fields[name] for r in records if name in r.fields})
        for name in fields
    }
    answers = [len(record.answers[0].text) for record in records if record.answers]
    return found | ({"answer": distribution(answers)} if answers else {})


def group_sizes(records: Sequence[Record]) -> dict[str, Any]:
    """Records a group, and the largest groups."""
    sizes = Counter(record.group for record in records)
    return {"sizes": distribution(sizes.values()), "largest": dict(sizes.most_common(5))}


def tokens(records: Sequence[Record], tokenizer: Tokenizer, max_length: int) -> dict[str, Any]:
    """Token counts, what ``max_length`` truncates, and what the vocabulary does not know.

    A tokenizer's own truncation and padding are switched off while counting and restored afterwards.
    """
    with whole_texts(tokenizer):
        return _tokens(records, tokenizer, max_length)


@contextmanager
def whole_texts(tokenizer: Tokenizer) -> Iterator[None]:
    """Inside, a tokenizer neither cuts nor pads; afterwards it does as before."""
    truncation, padding = tokenizer.truncation, tokenizer.padding
    tokenizer.no_truncation()
    tokenizer.no_padding()
    try:
        yield
    finally:
        if truncation is not None:
            tokenizer.enable_truncation(**truncation)
        if padding is not None:
            tokenizer.enable_padding(**padding)


def _tokens(records: Sequence[Record], tokenizer: Tokenizer, max_length: int) -> dict[str, Any]:
    texts = sorted({text for record in records for text in record.fields.values()})
    encoded = dict(zip(texts, tokenizer.encode_batch(texts, add_special_tokens=False), strict=True))
    extra = tokenizer.num_special_tokens_to_add(True)
    size = {text: len(encoding.ids) for text, encoding in encoded.items()}
    totals, cut, lost, marked, unread = [], 0, 0, 0, 0
    for record in records:
        body = record.fields.get("context", record.fields.get("text", ""))
        head = next((record.fields[name] for name in _BESIDE if name in record.fields), "")
        total = size.get(body, 0) + size.get(head, 0) + extra
        totals.append(total)
        cut += total > max_length
        ends = [spans[0].end for role in _MARKED if (spans := record.spans.get(role, ()))]
        marked += bool(ends)
        if (record.answers or ends) and total > max_length:
            room = max_length - size.get(head, 0) - extra
            offsets = encoded[body].offsets
            last = offsets[room - 1][1] if 0 < room <= len(offsets) else 0
            lost += bool(record.answers) and min(span.end for span in record.answers) > last
            unread += bool(ends) and max(ends) > last
    found = {"span_truncated": _share(unread, marked)} if marked else {}
    return found | {
        "length": distribution(totals),
        "max_length": max_length,
        "truncated": _share(cut, len(records)),
        "answer_truncated": _share(lost, sum(bool(record.answers) for record in records)),
        "unknown": _unknown(encoded, tokenizer),
    }


def _unknown(encoded: Mapping[str, Any], tokenizer: Tokenizer) -> dict[str, Any]:
    """The share of tokens that are unknown, and by script the share of characters they swallow."""
    ids = {tokenizer.token_to_id(token) for token in _UNKNOWN} - {None}
    seen: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    unknown = total = 0
    for text, encoding in encoded.items():
        total += len(encoding.ids)
        seen.update(map(script_of, text))
        for id, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            if id in ids:
                unknown += 1
                swallowed = [char for char in text[start:end] if not char.isspace()]
                lost.update(map(script_of, swallowed))
                letters.update(swallowed)
    seen.pop("blank", None)
    return {
        "tokens": _share(unknown, total),
        "by_script": {
            script: _share(lost[script], n) | {"characters": n} for script, n in seen.most_common()
        },
        "most_frequent": dict(letters.most_common(20)),
    }


def repeated_questions(records: Sequence[Record]) -> list[list[str]]:
    """Ids of records that ask the same of the same text, quotes and blanks put aside."""
    same: dict[tuple[str, str], list[str]] = {}
    for record in records:
        question = record.fields.get("question", record.fields.get("text", ""))
        key = (normalise_for_comparison(question), record.fields.get("context", ""))
        if key[0]:
            same.setdefault(key, []).append(record.id)
    return [ids for ids in same.values() if len(ids) > 1]


def question_overlap(records: Sequence[Record]) -> dict[str, Any]:
    """The share of a question's character bigrams that its context holds too: near 1, search is easy."""
    shares = []
    known: dict[str, set[str]] = {}
    for record in records:
        question, context = record.fields.get("question"), record.fields.get("context")
        if question and context:
            if context not in known:
                known[context] = _bigrams(context)
            asked = _bigrams(question)
            if asked:
                shares.append(len(asked & known[context]) / len(asked))
    return distribution(shares)


def answer_bias(records: Sequence[Record]) -> dict[str, Any]:
    """Where answers stand and what gives them away: position, title, question."""
    answered = [record for record in records if record.answers]
    positions = [record.answers[0].start / max(1, len(_home(record))) for record in answered]
    heights, _ = np.histogram(positions, 10, (0, 1)) if positions else (np.zeros(10, int), None)
    titled = [record for record in answered if record.fields.get("title")]
    return {
        "position": heights.tolist(),
        "first_tenth": _share(int(heights[0]), len(answered)),
        "is_title": _share(sum(_same(r.answers[0].text, r.fields["title"]) for r in titled), len(titled)),
        "in_title": _share(sum(r.answers[0].text in r.fields["title"] for r in titled), len(titled)),
        "in_question": _share(
            sum(r.answers[0].text in r.fields.get("question", "") for r in answered), len(answered)
        ),
    }


def span_faults(records: Sequence[Record]) -> dict[str, list[str]]:
    """Ids of records with answers of a doubtful form, by the kind of doubt."""
    faults: dict[str, list[str]] = {}
    for record in records:
        for span in record.answers:
            text, home = span.text, record.fields[span.field]
            if text != text.strip():
                faults.setdefault("blank_at_border", []).append(record.id)
            if any(text.count(a) != text.count(b) for a, b in zip(_OPENERS, _CLOSERS, strict=True)):
                faults.setdefault("unpaired_bracket", []).append(record.id)
            if span.start and home[span.start - 1].isalnum() and text[:1].isalnum():
                faults.setdefault("starts_within_a_word", []).append(record.id)
            if "\n" in text:
                faults.setdefault("over_a_line_end", []).append(record.id)
        places = record.labels.get("answer_places", 1)
        if isinstance(places, int) and places > 1:
            faults.setdefault("offset_guessed", []).append(record.id)
    return {kind: list(dict.fromkeys(ids)) for kind, ids in sorted(faults.items())}


def label_counts(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    """How often each value of a label occurs, for labels of at most 50 values."""
    found: dict[str, Counter[str]] = {}
    for record in records:
        for name, value in record.labels.items():
            if isinstance(value, (str, int, bool)) and name != "document":
                found.setdefault(name, Counter())[str(value)] += 1
    return {name: dict(values.most_common()) for name, values in found.items() if len(values) <= 50}


def _bigrams(text: str) -> set[str]:
    words = normalise_for_comparison(text)
    return {words[at : at + 2] for at in range(len(words) - 1)}


def _home(record: Record) -> str:
    return record.fields[record.answers[0].field]


def _same(first: str, second: str) -> bool:
    return normalise_for_comparison(first) == normalise_for_comparison(second)


def _share(part: int, whole: int) -> dict[str, Any]:
    return {"n": part, "share": round(part / whole, 5) if whole else 0.0}
