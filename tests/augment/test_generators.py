"""What holds for every method: spans hold, originals stay, seeds decide, and the examples in the code run."""

from __future__ import annotations

import copy
import doctest
import importlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.augment.copies import TRIES, augment
from gongbang.augment.table import AUGMENTERS, NOTHING, augmenter
from gongbang.data.records import Record, Span
from tests.augment.koreanish import RESOURCES, records

CHANGES_SPAN_TEXT = {"entity-mask", "entity-replace", "hanja", "back-translate"}
OWN_SPANS = {"template", "cloze"}
MODULES = sorted({target.partition(":")[0] for target in AUGMENTERS.values()})
MODULES += [
    f"gongbang.augment.{name}"
    for name in ("copies", "table", "words", "nouns", "endings", "thesaurus", "encoder_words")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0 and (result.attempted > 0 or name.endswith("masked"))


def test_every_method_says_what_none_means() -> None:
    assert AUGMENTERS.keys() == NOTHING.keys()


def check_spans(method: str, record: Record, made: Record) -> None:
    for spans in made.spans.values():
        for span in spans:
            assert made.fields[span.field][span.start : span.end] == span.text
    if method in OWN_SPANS:
        return
    assert made.spans.keys() == record.spans.keys()
    roles = {"subject": "object", "object": "subject"} if method == "entity-swap" else {}
    for role, spans in record.spans.items():
        after = made.spans[roles.get(role, role)]
        assert len(after) == len(spans)
        if method not in CHANGES_SPAN_TEXT:
            assert [span.text for span in after] == [span.text for span in spans]


@pytest.mark.parametrize("method", AUGMENTERS)
@given(record=records(), seed=st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_a_copy_keeps_the_spans_and_its_original(method: str, record: Record, seed: int) -> None:
    make = augmenter(method, **RESOURCES.get(method, {}))
    before = copy.deepcopy(record)
    made = make(record, np.random.default_rng(seed))
    assert record == before
    assert made == make(record, np.random.default_rng(seed))
    if made is None:
        return
    check_spans(method, record, made)
    assert made.fields.keys() >= record.fields.keys()
    assert made.labels.keys() == record.labels.keys() or method in OWN_SPANS
    if method not in ("entity-swap", *OWN_SPANS):
        assert made.labels == record.labels


@pytest.mark.parametrize("method", AUGMENTERS)
@given(record=records(), other=records(), seed=st.integers(0, 3), ratio=st.sampled_from([0.25, 1, 3]))
@settings(max_examples=10, deadline=None)
def test_copies_depend_on_their_record_and_the_seed_alone(
    method: str, record: Record, other: Record, seed: int, ratio: float
) -> None:
    def copies(*given: Record, ratio: float = ratio) -> Sequence[Record]:
        found = augment(given, method, ratio=ratio, seed=seed, **RESOURCES.get(method, {})).records
        return [made for made in found if made.lineage[-1] == record.id]

    alone = copies(record)
    if other.id != record.id:
        assert copies(other, record) == alone == copies(record, other)
    assert [made for made in copies(record, ratio=ratio + 1) if made in alone] == alone
    for number, made in enumerate(alone):
        assert made.lineage == ("z", record.id) and made.group == "g"
        assert made.labels["augmented"] == method and made.id.startswith(f"{record.id}~{method}-")
        assert (made.fields, made.spans) != (record.fields, record.spans)
        assert all((made.fields, made.spans) != (one.fields, one.spans) for one in alone[:number])


@pytest.mark.parametrize("method", AUGMENTERS)
def test_blank_and_one_word_texts_come_to_an_end(method: str) -> None:
    texts = ["", " ", "\n", "가", "...", "[MASK]", "서울"]
    given = [
        Record(f"{n}{field}", {field: text, "question": text, "title": text}, {"answers": (), "subject": ()})
        for n, text in enumerate(texts)
        for field in ("text", "context")
    ]
    made = augment(given, method, ratio=3, **RESOURCES.get(method, {}))
    assert made.wanted == 3 * len(given)
    assert augment([Record("bare", {"name": "가나"})], method, **RESOURCES.get(method, {})).records == ()


def test_draws_for_a_copy_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def same(record: Record, rng: np.random.Generator) -> Record:
        calls.append(rng.integers(1 << 30))
        return record

    monkeypatch.setattr("gongbang.augment.eda.swap", same)
    made = augment([Record("1", {"text": "가"})], "eda-swap", ratio=2)
    assert made.records == () and made.reasons == {"the copy is the original": 2}
    assert len(calls) == 2 * TRIES == len(set(calls))


@pytest.mark.shared
@pytest.mark.parametrize("method", AUGMENTERS)
def test_invariants_on_real_records(method: str, shared_data: Path) -> None:
    from gongbang.data.reading import read_records

    given: list[Record] = []
    for path, count in (
        ("relation/re_ko_law_war.jsonl", 150),
        ("qa/korquad1/KorQuAD_v1.0_dev_112.json", 1500),
        ("kobest/BoolQ/dev.tsv", 40),
    ):
        rows = read_records(shared_data / path).items[:count]
        given += rows[:: max(1, count // 60)]
    made = augment(given, method, **RESOURCES.get(method, {}))
    by_id = {record.id: record for record in given}
    assert len(made.records) + sum(made.reasons.values()) == len(given)
    assert len({record.id for record in made.records}) == len(made.records)
    for record in made.records:
        check_spans(method, by_id[record.lineage[-1]], record)
    needs = {"eda-synonym": 5, "entity-replace": 3, "hanja": 3, "template": 10, "entity-swap": 20}
    assert len(made.records) >= needs.get(method, 30)


def test_spans_of_the_wrong_text_cannot_be_made() -> None:
    from gongbang.augment.words import rewrite
    from gongbang.errors import SpanError

    record = Record("1", {"text": "서울은"}, {"subject": (Span(0, 2, "서울", "text"),)})
    with pytest.raises(SpanError):
        rewrite(record, {"text": [(0, 1, "북")]})
    made = rewrite(record, {"text": [(0, 2, "부산시")]}, changing={"subject"})
    assert made.spans["subject"] == (Span(0, 3, "부산시", "text"),)
