"""Contexts of records as the passages of a corpus."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.records import Record
from gongbang.search.contexts import asks, document_of, passages_of
from gongbang.search.lexical import LexicalIndex


def record(number: int, context: str, document: str | None = None) -> Record:
    labels = {} if document is None else {"document": document}
    return Record(str(number), {"question": f"{number}번?", "context": context}, labels=labels)


def test_contexts_that_share_a_document_are_all_in_the_corpus() -> None:
    texts = ["공방은 넓다.", "우물은 깊다.", "공방은 넓다.", "감자는 달다."]
    made = passages_of(
        [record(n, text, "마을.pdf") for n, text in enumerate(texts)] + [record(4, "밭.", "밭")]
    )
    assert [(p.id, p.document, p.text) for p in made] == [
        ("마을.pdf#0", "마을.pdf", "공방은 넓다."),
        ("마을.pdf#1", "마을.pdf", "우물은 깊다."),
        ("마을.pdf#2", "마을.pdf", "감자는 달다."),
        ("밭", "밭", "밭."),
    ]


def test_blank_and_missing_contexts_are_passed_over() -> None:
    assert passages_of([record(0, " \n"), Record("1", {"question": "?"}), record(2, "글")])[0].text == "글"
    assert not asks(record(0, " ")) and not asks(Record("1", {"context": "글"})) and asks(record(2, "글"))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["가", "나", "다 "]), st.sampled_from(["a", "a#0", "a#1", "b", None])))
)
def test_every_context_of_every_document_is_there_once(pairs: list[tuple[str, str | None]]) -> None:
    records = [record(n, context, document) for n, (context, document) in enumerate(pairs)]
    made = passages_of(records)
    assert len({passage.id for passage in made}) == len(made)
    assert {(p.document, p.text) for p in made} == {(document_of(r), r.fields["context"]) for r in records}
    assert len(made) == len({(document_of(r), r.fields["context"]) for r in records})


def test_the_corpus_can_be_indexed() -> None:
    index = LexicalIndex()
    index.build(passages_of([record(0, "공방은 넓다.", "a"), record(1, "우물은 깊다.", "a")]))
    assert [hit.passage.id for hit in index.search(["우물"], 2)[0]] == ["a#1"]
