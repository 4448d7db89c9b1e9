from __future__ import annotations

import json
import random
from html.parser import HTMLParser

import pytest

from gongbang.data.checks import check_records
from gongbang.data.loaded import Loaded
from gongbang.data.measures import distribution
from gongbang.data.plots import bars
from gongbang.data.reading import read_records
from gongbang.data.records import Record, Span
from gongbang.errors import DataError, OptionError

CONTEXT = "대장간은 마을 어귀에 있다. 大匠 김쇠돌이 망치를 든다."


def qa(id: str, answer: str = "김쇠돌", *, context: str = CONTEXT, question: str = "", **rest) -> Record:
    spans: tuple[Span, ...] = ()
    if answer:
        start = context.index(answer)
        spans = (Span(start, start + len(answer), answer),)
    fields = {"question": question or f"{id}번 망치를 누가 드나?", "context": context, "title": "대장간"}
    return Record(id, fields, spans={"answers": spans}, **rest)


def codes(report) -> dict[str, str]:
    return {finding.code: finding.level for finding in report.todo}


def tokenizer():
    tokenizers = pytest.importorskip("tokenizers")
    from tokenizers import models, pre_tokenizers

    words = [
        "[UNK]",
        "대장간은",
        "마을",
        "어귀에",
        "있다",
        ".",
        "김쇠돌이",
        "망치를",
        "든다",
        "누가",
        "드나",
        "?",
    ]
    built = tokenizers.Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, "[UNK]"))
    built.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return built


def test_counts_and_position_by_hand():
    report = check_records([qa("1"), qa("2", "대장간"), qa("3", ""), qa("4", "마을", lineage=("1",))])
    assert report.counts["records"] == 4
    assert (report.counts["answerable"], report.counts["unanswerable"], report.counts["augmented"]) == (
        3,
        1,
        1,
    )
    # starts 19, 0 and 5 of 31 characters: tenths 6, 0 and 1
    assert len(CONTEXT) == 31
    assert report.answers["position"] == [1, 1, 0, 0, 0, 0, 1, 0, 0, 0]
    assert report.answers["is_title"] == {"n": 1, "share": 0.33333}
    assert report.lengths["context"]["max"] == 31 and report.lengths["context"]["n"] == 1
    assert "no_unanswerable" not in codes(report)


def test_span_faults_are_listed_by_kind():
    context = "첫 줄\n둘째 (줄이다."
    records = [
        qa("a", "째 ", context=context),
        qa("b", "줄\n둘째", context=context),
        qa("c", "(줄", context=context),
    ]
    report = check_records([*records, qa("d").with_labels(answer_places=2)])
    assert report.span_faults == {
        "blank_at_border": ["a"],
        "offset_guessed": ["d"],
        "over_a_line_end": ["b"],
        "starts_within_a_word": ["a"],
        "unpaired_bracket": ["c"],
    }
    assert codes(report)["unpaired_bracket"] == "warning"


def test_unknown_tokens_by_script():
    report = check_records([qa("1", question="망치를 누가 드나?")], tokenizer=tokenizer(), max_length=10)
    unknown = report.tokens["unknown"]
    assert unknown["by_script"]["hanja"] == {"n": 2, "share": 1.0, "characters": 2}
    assert unknown["most_frequent"]["大"] == 1
    # question 4 + context 10 tokens
    assert report.tokens["length"]["max"] == 14
    assert report.tokens["truncated"] == {"n": 1, "share": 1.0}
    # room for 6 tokens of the context, the answer stands in the 7th
    assert report.tokens["answer_truncated"] == {"n": 1, "share": 1.0}
    assert {"truncation", "unknown"} <= codes(report).keys()


def test_a_tokenizers_own_truncation_is_put_back():
    cutting = tokenizer()
    cutting.enable_truncation(3)
    report = check_records([qa("1", question="망치를 누가 드나?")], tokenizer=cutting)
    assert report.tokens["length"]["max"] == 14
    assert cutting.truncation["max_length"] == 3


def test_duplicates_and_leaks():
    near = CONTEXT.replace(". ", ".  ") + "!"
    records = [qa("1", question="누구?"), qa("2", question="누구"), qa("3", context=near, group="다른 묶음")]
    other = [qa("9", context=CONTEXT.replace("든다", "든다네"), group="또 다른 묶음"), qa("1", group="x")]
    report = check_records(records, other=other)
    assert report.repeated == [["1", "2"]]
    assert report.near_duplicates == [{"first": "1", "second": "3", "similarity": 1.0, "same_group": False}]
    assert report.leaks["by_kind"] == {"id": 1, "lineage": 1, "text": 1}
    assert report.leaks["near_duplicates"][0]["train"] == "1"
    assert not report.ok
    assert list(codes(report).values()) == sorted(
        codes(report).values(), key=["fault", "warning", "note"].index
    )


def test_title_bias_is_named():
    report = check_records([qa(str(n), "대장간") for n in range(4)])
    assert codes(report)["title_bias"] == "warning"
    assert codes(report)["position_bias"] == "warning"


def test_problems_of_reading_are_reported():
    problem = DataError("broken.", value="x", allowed="y", cure="z", path="a.json", line=3)
    report = check_records(Loaded([qa("1")], [problem]))
    assert report.counts["problems"] == 1 and report.problems[0]["line"] == 3
    assert codes(report)["rows"] == "fault"


def test_other_tasks_and_missing_fields():
    texts = [Record(str(n), {"text": f"글 {n}"}, labels={"label": n % 2}) for n in range(4)]
    report = check_records(texts, task="text")
    assert report.labels == {"label": {"0": 2, "1": 2}}
    assert report.answers == {}
    with pytest.raises(DataError, match="needs"):
        check_records(texts)
    with pytest.raises(DataError):
        check_records([], task="any")
    with pytest.raises(OptionError):
        check_records(texts, task="raeder")


class _Balance(HTMLParser):
    """Checks that elements are closed in order, and that nothing is loaded from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert not {"src", "href"} & {name for name, _ in attrs}
        if tag not in {"meta", "input", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_escapes_what_it_shows():
    hostile = qa("<script>alert(1)</script>", group="<b>&", context=CONTEXT + "&", source="<i>")
    report = check_records([hostile, qa("2", question="<u>?")], tokenizer=tokenizer(), other=[qa("3")])
    page = report.to_html("<자료>")
    assert "<script" not in page and "&lt;script&gt;" in page and "<i>" not in page and "<b>" not in page
    parser = _Balance()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert page.count("<svg") >= 6
    assert "할 일" in page and "To do" in page
    assert json.loads(json.dumps(report.to_dict(), ensure_ascii=False))["ok"] is False


def test_distribution_and_bars():
    found = distribution([1.0] * 99 + [1000.0])
    assert found["max"] == 1000.0 and sum(found["histogram"]["counts"]) == 100
    assert distribution([]) == {"n": 0}
    assert "<rect" not in bars([], [], "nothing")


@pytest.mark.shared
def test_korquad_and_tydi_share_pages_and_the_report_says_so(shared_data):
    korquad = read_records(shared_data / "qa/korquad1/KorQuAD_v1.0_dev_112.json")
    tydi = read_records(shared_data / "qa/tydiqa-ko/korean_tydiqa_train.json")
    report = check_records(korquad, other=tydi)
    # the page on both sides differs in quotes and blanks, and is found all the same; so are two articles
    # whose names differ in "_"
    assert report.leaks["by_kind"] == {"group": 7, "text": 1}
    assert report.leaks["near_duplicates"][0]["similarity"] == 1.0
    assert report.answers["first_tenth"]["n"] == 1004


def apart(count: int, letters: int = 60, first: int = 0) -> list[str]:
    """Texts that have nothing in common."""
    draw = random.Random(7 + first)
    alphabet = [chr(0xAC00 + n) for n in range(2_000)]
    return ["".join(draw.choices(alphabet, k=letters)) for _ in range(count)]


def test_a_reader_without_any_answer_is_a_fault():
    unlabelled = [Record(str(n), {"question": "왜?", "context": text}) for n, text in enumerate(apart(2))]
    for records in (unlabelled, [qa("1", ""), qa("2", "", context=CONTEXT + "끝")]):
        report = check_records(records)
        assert codes(report)["no_answers"] == "fault" and not report.ok
        assert "no_answers" not in codes(check_records(records, task="encode"))
    assert "no_answers" not in codes(check_records([qa("1"), qa("2", "")]))


def test_everything_is_counted_and_only_examples_are_cut():
    texts = apart(71)
    records = [
        qa(f"{n}{copy}", text[:3], context=text + "!" * copy, question="누구?", group=f"g{n}")
        for n, text in enumerate(texts[:70])
        for copy in (0, 1)
    ]
    records += [
        qa(f"{r.id}x", r.fields["context"][:3], context=r.fields["context"], question="누구?", group=r.group)
        for r in records
    ]
    near = texts[70][:55] + apart(1, 5, first=1)[0]
    records += [
        qa("p", texts[70][:2], context=texts[70], group="P"),
        qa("q", near[:2], context=near, group="Q"),
    ]
    report = check_records(records, other=records)
    assert (report.counts["near_duplicates"], report.counts["near_duplicates_apart"]) == (71, 1)
    assert report.counts["repeated"] == 140 and len(report.repeated) == len(report.near_duplicates) == 50
    assert report.near_duplicates[0]["first"] == "p"
    told = {finding.code: finding for finding in report.todo}
    assert told["near_duplicates"].en.startswith("1 near") and "p ~ q" in told["near_duplicates"].examples[0]
    assert told["repeated"].en.startswith("140 ")
    assert report.leaks["by_kind"] == dict.fromkeys(("id", "group", "lineage", "text"), len(records))
    assert len(report.leaks["near_duplicates"]) == 50 and "282 by id" in told["leak"].en
    assert told["near_leak"].en.startswith(f"{report.leaks['near_duplicates_found']} near")
    assert report.leaks["near_duplicates_found"] > 140


def test_groups_are_one_however_they_are_written():
    report = check_records([qa("1", group="옛_대장간"), qa("2", context=CONTEXT + "!", group="옛 대장간")])
    assert report.counts["groups"] == 1 and report.counts["near_duplicates_apart"] == 0


def test_a_tokenizers_own_padding_does_not_count_and_is_put_back():
    padding = tokenizer()
    padding.enable_padding(pad_id=0, pad_token="[UNK]", length=40)
    report = check_records([qa("1", question="망치를 누가 드나?")], tokenizer=padding)
    assert (
        report.tokens == check_records([qa("1", question="망치를 누가 드나?")], tokenizer=tokenizer()).tokens
    )
    assert padding.padding["length"] == 40
