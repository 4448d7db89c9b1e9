"""The audit: an even draw, a page that cannot be broken by its data, and verdicts that find their rows."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongbang.augment.audit import (
    AuditRow,
    AuditVerdict,
    apply_verdicts,
    content_hash,
    draw_rows,
    read_verdicts,
    save_verdicts,
    verdicts_path,
    write_audit,
)
from gongbang.augment.audit_html import audit_html, differences, marked
from gongbang.data.records import Record, Span
from gongbang.errors import DataError, OptionError

NASTY = '</script><script>alert("x")</script>&amp;<!-- \u2028 \' ` ${x}'


def row(id: str, text: str, method: str = "swap", of: str = "o") -> Record:
    return Record(id, {"text": text}, labels={"label": "긍정", "augmented": method}, lineage=(of,))


ORIGINAL = Record("o", {"text": "나는 집에 간다"}, labels={"label": "부정"})


def many(**counts: int) -> list[Record]:
    return [row(f"{m}{i}", f"{m} 글 {i}", m) for m, n in counts.items() for i in range(n)]


# The draw


def test_methods_are_drawn_evenly_as_far_as_they_last():
    drawn = draw_rows(many(a=100, b=100, c=4), [ORIGINAL], n=50)
    assert Counter(r.method for r in drawn) == {"a": 23, "b": 23, "c": 4}
    assert all(r.original == ORIGINAL for r in drawn)


def test_the_draw_hangs_on_seed_and_content_alone():
    made = many(a=60, b=60)
    again = [replace(record, id=f"new-{record.id}", lineage=("x", "o")) for record in made]
    random.Random(3).shuffle(again)
    keys = [r.key for r in draw_rows(made, [], n=20)]
    assert keys == [r.key for r in draw_rows(again, [], n=20)]
    assert keys != [r.key for r in draw_rows(made, [], n=20, seed=18)]


def test_rows_of_one_content_are_read_once():
    assert len(draw_rows([row("1", "글"), row("2", "글"), row("3", "줄")], [])) == 2
    with pytest.raises(OptionError):
        draw_rows([], [], n=0)


def test_content_is_fields_spans_and_labels():
    base = Record("a", {"context": "서울 서울"}, {"answers": (Span(0, 2, "서울"),)}, {"label": "x"})
    others = [
        replace(base, fields={"context": "서울 서울", "title": "t"}),
        replace(base, spans={"answers": (Span(3, 5, "서울"),)}),
        replace(base, labels={"label": "y"}),
    ]
    assert len({content_hash(record) for record in [base, *others]}) == 4
    same = replace(base, id="b", lineage=("a",), source="s", labels={"label": "x", "augmented": "m"})
    assert content_hash(same) == content_hash(base)


# The page


class Reads(HTMLParser):
    """Collects scripts, tags and visible text, as a browser would find them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.scripts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += attrs
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.inside == "script":
            self.scripts[-1] += data

    def handle_endtag(self, tag):
        self.inside = ""


def test_no_text_of_the_data_can_leave_its_place():
    made = Record(
        NASTY,
        {"text": NASTY, NASTY: "x"},
        {NASTY: (Span(0, 3, NASTY[:3], "text"),)},
        {"augmented": NASTY, "label": NASTY, NASTY: [NASTY]},
        lineage=("o",),
    )
    said = {content_hash(made): AuditVerdict(content_hash(made), "bad", NASTY)}
    page = audit_html(draw_rows([made], [ORIGINAL]), title=NASTY, verdicts=said)
    found = Reads(page)
    assert len(found.scripts) == 2 and found.tags["article"] == 1
    sheet = json.loads(found.scripts[0])
    assert sheet["rows"] == [{"key": content_hash(made), "id": NASTY, "method": NASTY}]
    assert sheet["verdicts"][content_hash(made)] == {"verdict": "bad", "note": NASTY}
    assert "<" not in found.scripts[0] and "\u2028" not in found.scripts[0]


def test_the_page_loads_nothing():
    page = audit_html(draw_rows([row("1", "글")], [ORIGINAL]))
    found = Reads(page)
    assert not {name for name, _ in found.attributes} & {"src", "href", "onclick", "style"}
    assert "default-src 'none'" in page and "http://" not in page and "https://" not in page


def test_original_stands_beside_made_with_changes_spans_and_labels():
    original = Record(
        "o", {"question": "어디?", "context": "수도는 서울"}, {"answers": (Span(4, 6, "서울"),)}
    )
    made = Record(
        "m",
        {"question": "어디?", "context": "지금 수도는 서울"},
        {"answers": (Span(7, 9, "서울"),)},
        {"augmented": "insert", "label": "new"},
        lineage=("o",),
    )
    page = audit_html([AuditRow("k", "insert", made, original)])
    assert '<div class="same">어디?</div>' in page
    assert '<div>수도는 <mark title="answers">서울</mark></div>' in page
    assert '<div><ins>지금 </ins>수도는 <mark title="answers">서울</mark></div>' in page
    assert "<dt>label</dt><dd><ins>new</ins></dd>" in page and "o → m" in page


def test_a_moved_span_in_an_unchanged_text_is_shown_on_both_sides():
    original = Record("o", {"text": "가 나"}, {"x": (Span(0, 1, "가", "text"),)})
    made = Record("m", {"text": "가 나"}, {"x": (Span(2, 3, "나", "text"),)}, lineage=("o",))
    page = audit_html([AuditRow("k", "m", made, original)])
    assert '<div><mark title="x">가</mark> 나</div><div>가 <mark title="x">나</mark></div>' in page


def test_a_lost_original_is_said():
    assert "original not at hand" in audit_html(draw_rows([row("1", "글", of="gone")], []))


words = st.text("가나다 .<&", max_size=30)


@given(words, words)
def test_what_is_not_marked_as_different_is_equal(before: str, after: str):
    gone, new = differences(before, after)
    left, right = (
        "".join(c for i, c in enumerate(t) if not any(a <= i < b for a, b in places))
        for t, places in ((before, gone), (after, new))
    )
    assert left == right


@given(words, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4))
def test_marking_changes_no_character(text: str, drawn: list[tuple[int, int]]):
    places = [(a, b) for a, b in drawn if a < b <= len(text)]
    html = marked(text, places[:2], [(a, b, "role") for a, b in places[2:]], "ins")
    assert unescape(re.sub(r"</?(?:ins|mark)[^>]*>", "", html)) == text


# A page at work, in node: the script with just enough of a browser around it

_BROWSER = """
const fs = require("fs");
const vm = require("vm");
const page = JSON.parse(fs.readFileSync(0, "utf8"));
function element(extra) {
  const listeners = {};
  return Object.assign({ dataset: {}, hidden: false, attributes: {}, value: "", checked: false,
    addEventListener(kind, f) { listeners[kind] = f; },
    setAttribute(name, value) { this.attributes[name] = value; },
    fire(kind) { if (listeners[kind]) listeners[kind](); },
    click() { this.fire("click"); } }, extra);
}
const count = JSON.parse(page.sheet).rows.length;
const articles = Array.from({ length: count }, () => {
  const buttons = ["good", "bad", "unsure"].map((v) => element({ dataset: { verdict: v } }));
  const note = element();
  return element({ buttons, note, querySelector: () => note, querySelectorAll: () => buttons });
});
const named = { sheet: element({ textContent: page.sheet }) };
for (const id of ["progress", "warning", "only", "save"]) named[id] = element();
named.warning.hidden = true;
const kept = page.kept;
const saved = [];
class Blob { constructor(parts) { this.text = parts.join(""); } }
const world = { console, JSON, setTimeout: () => 0, Blob,
  URL: { createObjectURL(blob) { saved.push(blob.text); return "blob:1"; }, revokeObjectURL() {} },
  document: { getElementById: (id) => named[id], querySelectorAll: () => articles,
    createElement: () => element() },
  get localStorage() {
    if (page.blocked) throw new Error("blocked");
    return { getItem: (k) => kept[k] ?? null, setItem: (k, v) => { kept[k] = v; } };
  } };
vm.runInNewContext(page.script, world);
for (const [place, verdict, note] of page.acts) {
  if (note) { articles[place].note.value = note; articles[place].note.fire("input"); }
  articles[place].buttons.find((b) => b.dataset.verdict === verdict).click();
}
named.only.checked = true;
named.only.fire("change");
named.save.click();
process.stdout.write(JSON.stringify({ saved: saved[0], kept, progress: named.progress.textContent,
  warning: !named.warning.hidden, hidden: articles.map((a) => a.hidden),
  pressed: articles.map((a) => a.buttons.map((b) => b.attributes["aria-pressed"])) }));
"""


@pytest.fixture
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed; the page's script is tested where it is")
    return found


def use(node: str, path: Path, acts: list[list], kept: dict | None = None, blocked: bool = False) -> dict:
    sheet, script = Reads(path.read_text(encoding="utf-8")).scripts
    page = {"sheet": sheet, "script": script, "acts": acts, "kept": kept or {}, "blocked": blocked}
    done = subprocess.run(
        [node, "-e", _BROWSER], input=json.dumps(page), capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_script_is_javascript(node: str, tmp_path: Path):
    write_audit([row("1", "글")], [ORIGINAL], tmp_path / "audit.html")
    script = Reads((tmp_path / "audit.html").read_text(encoding="utf-8")).scripts[1]
    (tmp_path / "script.js").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [node, "--check", str(tmp_path / "script.js")], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr


def test_verdicts_go_round_from_the_page_to_the_rows(node: str, tmp_path: Path):
    made = [row("1", "집에 나는 간다"), row("2", "간다 나는", "delete"), row("3", NASTY, "delete")]
    rows = write_audit(made, [ORIGINAL], tmp_path / "audit.html", title="시험")
    place = {r.made.id: n for n, r in enumerate(rows)}
    acts = [[place["1"], "good", ""], [place["2"], "unsure", ""], [place["2"], "bad", f"뜻이 없다 {NASTY}"]]
    found = use(node, tmp_path / "audit.html", acts)
    assert found["progress"] == "2 / 3" and not found["warning"]
    assert [n for n, hidden in enumerate(found["hidden"]) if not hidden] == [place["3"]]
    assert found["pressed"][place["2"]] == ["false", "true", "false"]
    (tmp_path / "verdicts.json").write_text(found["saved"], encoding="utf-8")
    said = read_verdicts(tmp_path / "verdicts.json")
    assert said[content_hash(made[1])] == AuditVerdict(
        content_hash(made[1]), "bad", f"뜻이 없다 {NASTY}", "delete", "2"
    )
    audited = apply_verdicts(made, said)
    assert [record.id for record in audited.kept] == ["1", "3"]
    # The browser remembers: the same page again shows what was said, and a second press takes it back.
    again = use(node, tmp_path / "audit.html", [[place["1"], "good", ""]], kept=found["kept"])
    assert again["progress"] == "1 / 3" and len(json.loads(again["saved"])["verdicts"]) == 1


def test_what_was_said_before_stands_on_a_new_page(node: str, tmp_path: Path):
    made = [row("1", "글"), row("2", "줄")]
    said = {content_hash(made[0]): AuditVerdict(content_hash(made[0]), "good", "좋다")}
    write_audit(made, [ORIGINAL], tmp_path / "audit.html", verdicts=said)
    found = use(node, tmp_path / "audit.html", [])
    assert json.loads(found["saved"])["verdicts"] == [
        {"key": content_hash(made[0]), "id": "1", "method": "swap", "verdict": "good", "note": "좋다"}
    ]


def test_a_browser_that_keeps_nothing_still_saves(node: str, tmp_path: Path):
    write_audit([row("1", "글")], [ORIGINAL], tmp_path / "audit.html")
    found = use(node, tmp_path / "audit.html", [[0, "bad", ""]], blocked=True)
    assert found["warning"] and len(json.loads(found["saved"])["verdicts"]) == 1


# Verdicts


def test_verdicts_beside_the_data_survive_a_second_making(tmp_path: Path):
    path = verdicts_path(tmp_path / "made.jsonl")
    assert path.name == "made.verdicts.jsonl"
    first = [row("1", "가"), row("2", "나")]
    save_verdicts([AuditVerdict(content_hash(r), "bad", "", "swap", r.id) for r in first], path)
    changed = AuditVerdict(content_hash(first[0]), "good", "다시 보니 좋다")
    held = save_verdicts({changed.key: changed}, path)
    assert read_verdicts(path) == held and held[changed.key] == changed and len(held) == 2
    again = [row("x", "나", of="other"), row("y", "다")]
    audited = apply_verdicts(again, read_verdicts(path))
    assert [r.id for r in audited.kept] == ["y"] and audited.unmatched == 1


def test_shares_are_by_method_with_wilson_intervals():
    made = many(a=10, b=3, c=1)
    say = ["bad"] * 3 + ["good"] * 7 + ["unsure", "good", "good"]
    said = {content_hash(r): AuditVerdict(content_hash(r), v) for r, v in zip(made, say, strict=False)}
    found = apply_verdicts(made, said)
    share = found.bad["a"]
    assert (share.value, share.n) == (0.3, 10)
    assert share.low == pytest.approx(0.1078, abs=1e-4) and share.high == pytest.approx(0.6032, abs=1e-4)
    assert (found.bad["b"].value, found.bad["b"].n, found.unsure) == (0.0, 2, {"b": 1})
    assert "c" not in found.bad and len(found.kept) == 11 and len(found.dropped) == 3
    assert found.dropped[0].filter == "audit" and found.dropped[0].reason == "judged bad"
    assert found.to_dict()["bad"]["a"]["n"] == 10


def test_copies_of_one_content_count_once_and_go_together():
    made = [row("1", "글"), row("2", "글")]
    said = {content_hash(made[0]): AuditVerdict(content_hash(made[0]), "bad")}
    found = apply_verdicts(made, said)
    assert found.kept == [] and found.bad["swap"].n == 1


def test_originals_are_never_dropped():
    said = {content_hash(ORIGINAL): AuditVerdict(content_hash(ORIGINAL), "bad")}
    found = apply_verdicts([ORIGINAL], said)
    assert found.kept == [ORIGINAL] and found.unmatched == 1


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        '{"key": "k", "verdict": "fine"}',
        '{"verdict": "good"}',
        '{"format": "other", "verdicts": []}',
        '{"format": "gongbang-audit", "verdicts": {}}',
        "[1]",
    ],
)
def test_what_is_no_verdict_is_refused_and_left_alone(tmp_path: Path, text: str):
    path = tmp_path / "v.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="verdicts of an audit"):
        read_verdicts(path)
    with pytest.raises(DataError):
        save_verdicts([AuditVerdict("k", "good")], path)
    assert path.read_text(encoding="utf-8") == text


def test_a_missing_file_is_said(tmp_path: Path):
    with pytest.raises(DataError, match="verdicts"):
        read_verdicts(tmp_path / "none.json")
