"""Back-translation and generated questions: spans are found again or the row says why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gongbang.augment.back_translate import BRACKETS, back_translate, translate_back, unwrap, wrap
from gongbang.augment.copies import augment
from gongbang.augment.provider_cache import CachedProvider
from gongbang.augment.providers import ProviderFailure, provided_questions
from gongbang.data.records import Record, Span
from gongbang.errors import DataError, OptionError


class Fake:
    """A translator whose way out and way back are two functions of one text."""

    name, version, options = "fake", "1", {}

    def __init__(self, back: Callable[[str], object], out: Callable[[str], object] = str) -> None:
        self.back, self.out, self.asked = back, out, []

    def translate(self, texts: Sequence[str], source: str, target: str) -> list:
        self.asked += [(source, target, text) for text in texts]
        return [(self.out if source == "ko" else self.back)(text) for text in texts]


def politely(text: str) -> str:
    return text.replace("이다", "입니다")


def qa(id: str = "a", context: str = "수도는 서울이다.", answer: str = "서울", **fields: str) -> Record:
    at = context.index(answer)
    spans = {"answers": (Span(at, at + len(answer), answer),)}
    return Record(id, {"context": context, **fields}, spans, {"question_id": "q", "document": "d"}, group="g")


def test_a_span_is_found_again():
    found = back_translate([qa(question="수도는?")], Fake(politely), "en")
    [made] = found.made
    assert made.fields == {"context": "수도는 서울입니다.", "question": "수도는?"}
    assert made.answers == (Span(4, 6, "서울"),)
    assert (made.group, made.lineage) == ("g", ("a",))
    assert made.labels == {"document": "d", "augmented": "back-translation"}
    assert found.failed == [] and found.failure_rate == 0


def test_the_answer_may_come_back_as_other_words():
    found = back_translate([qa()], Fake(lambda text: text.replace("서울", " 서울시 ")), "en")
    assert found.made[0].answers == (Span(4, 7, "서울시"),)
    assert found.made[0].fields["context"] == "수도는 서울시이다."


@pytest.mark.parametrize(
    ("back", "reason"),
    [
        (lambda t: t.replace("⟦", "").replace("⟧", ""), "came back 0 and 0 times"),
        (lambda t: t + " ⟦또⟧", "came back 2 and 2 times"),
        (lambda t: "⟧가⟦ 나다라마바", "wrong order"),
        (lambda t: t.replace("서울", " "), "came back empty"),
        (lambda t: t + "⟪", "not sent"),
        (lambda t: t, "came back as it was"),
        (lambda t: "⟦서울⟧", "0.22 of its length"),
        (lambda t: t + "그리고" * 5, "2.67 of its length"),
        (lambda t: "", "en to ko: the output is empty"),
        (lambda t: ProviderFailure("too many requests"), "en to ko: too many requests"),
    ],
)
def test_what_cannot_be_found_again_has_a_reason(back: Callable[[str], object], reason: str):
    found = back_translate([qa()], Fake(back), "en")
    assert found.made == [] and reason in found.failed[0].reason and found.failure_rate == 1


def test_a_span_lost_on_the_way_out_is_not_paid_for_on_the_way_back():
    fake = Fake(politely, out=lambda text: text.strip("⟦⟧") if text.startswith("⟦") else text)
    found = back_translate([qa("a", "서울이다", "서울"), qa("b")], fake, "en")
    assert [record.id for record in found.made] == ["b~back-translation-en"]
    assert found.failed[0].reason.startswith("in 'en' the brackets")
    assert sum(source == "en" for source, _, _ in fake.asked) == 1


def test_brackets_that_the_text_holds_already_are_not_used():
    made = back_translate([qa("a", "기호 ⟦와 수도는 서울이다.", "서울")], Fake(politely), "en").made[0]
    assert made.fields["context"] == "기호 ⟦와 수도는 서울입니다."
    assert made.answers[0].text == "서울"
    assert wrap("⟦", [(0, 1)]).pairs == {(0, 1): "⟪⟫"}


def test_two_roles_travel_apart_and_shared_places_together():
    text = "김구는 임시정부의 주석이다"
    spans = {
        "subject": (Span(0, 2, "김구", "text"),),
        "object": (Span(4, 8, "임시정부", "text"),),
        "other": (Span(4, 8, "임시정부", "text"),),
    }
    record = Record("r", {"text": text}, spans, {"label": "per:title"})

    def swap(sent: str) -> str:
        assert sent == "⟦김구⟧는 ⟪임시정부⟫의 주석이다"
        return "⟪임시정부⟫ 주석은 ⟦김구⟧이다"

    [made] = back_translate([record], Fake(swap), "en").made
    assert made.spans["subject"] == (Span(9, 11, "김구", "text"),)
    assert made.spans["object"] == made.spans["other"] == (Span(0, 4, "임시정부", "text"),)
    assert made.labels["label"] == "per:title"


def test_a_text_without_spans_and_one_without_text():
    found = back_translate(
        [Record("a", {"text": "재미있는 영화이다"}), Record("b", {"text": " "})], Fake(politely), "en"
    )
    assert found.made[0].fields["text"] == "재미있는 영화입니다"
    assert found.failed[0].record.id == "b" and "no text" in found.failed[0].reason


def test_only_the_field_that_is_named_travels():
    record = qa(question="수도가 무엇이다?")
    [made] = back_translate([record], Fake(politely), "en", field="question").made
    assert made.fields["question"] == "수도가 무엇입니다?" and made.answers == record.answers


def test_crossing_spans_and_too_many_are_refused_with_reasons():
    assert "cross" in wrap("가나다라", [(0, 2), (1, 3)]).reason
    assert "empty span" in wrap("가", [(1, 1)]).reason
    many = [(n, n + 1) for n in range(len(BRACKETS) + 1)]
    assert "9 spans" in wrap("가" * 20, many).reason


@given(
    st.text("가나다 이.", min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 19), st.integers(1, 20)), max_size=4),
)
def test_unwrapping_undoes_wrapping(text: str, drawn: list[tuple[int, int]]):
    places = sorted({(a, b) for a, b in drawn if a < b <= len(text)})
    # Spans with blanks at their rims are made by no annotator, and would shrink to their words.
    assume(all(text[a:b] == text[a:b].strip() for a, b in places))
    wrapped = wrap(text, places)
    assume(not isinstance(wrapped, ProviderFailure))
    bare, found = unwrap(wrapped.text, wrapped.pairs)
    assert bare == text and found == {place: place for place in places}


@pytest.mark.parametrize(
    ("back", "bare", "span"),
    [
        ("수도는 ⟦ 서울 ⟧이다", "수도는 서울이다", "서울"),
        ("수도는⟦ 서울⟧이다", "수도는 서울이다", "서울"),
        ("⟦서울 ⟧ 이다", "서울 이다", "서울"),
        ("⟦⟪ 서울 ⟫시⟧", "서울시", "서울시"),
    ],
)
def test_blanks_at_the_rims(back: str, bare: str, span: str):
    pairs = {(0, 1): "⟦⟧"} | ({(0, 2): "⟪⟫"} if "⟪" in back else {})
    text, places = unwrap(back, pairs)
    assert text == bare and text[slice(*places[0, 1])] == span


def test_through_the_cache_nothing_is_asked_twice(tmp_path: Path):
    fake = Fake(politely)
    first = back_translate([qa()], CachedProvider(fake, tmp_path), "en")
    again = back_translate([qa()], CachedProvider(fake, tmp_path), "en")
    assert first.made == again.made and len(fake.asked) == 2


@pytest.mark.parametrize("options", [{"pivot": "ko"}, {"pivot": "en", "least_ratio": 2.0}])
def test_options_are_checked(options: dict):
    with pytest.raises(OptionError):
        back_translate([qa()], Fake(politely), **options)


class Asks:
    name, version, options = "asks", "1", {}

    def generate(self, contexts: Sequence[str], answers: Sequence[str]) -> list:
        return ["" if answer == "부산" else f"{answer}은 어디의 이름인가? " for answer in answers]


def test_generated_questions_keep_context_and_answer():
    silent = Record("n", {"question": "?", "context": "글"}, {"answers": ()})
    found = provided_questions([qa(), qa("b", "항구는 부산이다", "부산"), silent], Asks())
    [made] = found.made
    assert made.fields["question"] == "서울은 어디의 이름인가?" and made.answers == qa().answers
    assert made.labels["augmented"] == "question-generation" and made.lineage == ("a",)
    assert [failed.reason for failed in found.failed] == [
        "no answer in a context to ask for",
        "an empty question",
    ]
    assert found.failure_rate == pytest.approx(2 / 3)


def test_a_recipe_names_a_cache_and_nobody_is_asked(tmp_path: Path):
    fake = Fake(politely)
    back_translate([qa()], CachedProvider(fake, tmp_path), "en")
    asked = len(fake.asked)
    made = augment([qa(), qa("b", "수도는 파리이다.", "파리")], "back-translate", cache=str(tmp_path))
    [copy] = made.records
    assert copy.fields["context"] == "수도는 서울입니다." and copy.answers == (Span(4, 6, "서울"),)
    assert (copy.id, copy.labels["augmented"]) == ("a~back-translate-0", "back-translate")
    assert [missed.id for missed in made.missed] == ["b"] and len(fake.asked) == asked
    by_file = augment([qa()], "back-translate", cache=str(tmp_path / "provider-cache.sqlite3"))
    assert by_file.records == made.records
    assert augment([qa()], "back-translate", cache=str(tmp_path), pivot="ja").records == ()


def test_a_cache_of_two_providers_wants_a_name(tmp_path: Path):
    back_translate([qa()], CachedProvider(Fake(politely), tmp_path), "en")
    other = Fake(lambda text: text.replace("수도는", "수도가"))
    other.name = "other"
    back_translate([qa()], CachedProvider(other, tmp_path), "en")
    with pytest.raises(OptionError, match="whose outcomes"):
        augment([qa()], "back-translate", cache=str(tmp_path))
    [copy] = augment([qa()], "back-translate", cache=str(tmp_path), provider="other").records
    assert copy.fields["context"] == "수도가 서울이다."


def test_what_translates_nothing_is_refused(tmp_path: Path):
    for options in ({}, {"provider": "fake"}):
        with pytest.raises(OptionError, match="nothing that translates"):
            translate_back(qa(), np.random.default_rng(0), **options)
    with pytest.raises(DataError, match="no cache"):
        augment([qa()], "back-translate", cache=str(tmp_path / "elsewhere"))
