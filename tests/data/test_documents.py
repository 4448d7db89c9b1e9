from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.documents import read_documents
from gongbang.data.formats.markdown import convert
from gongbang.data.formats.markup import html_to_text
from gongbang.errors import DataError, OptionError
from tests.data.builders import squad, write_json
from tests.data.office import write_docx, write_hwpx, write_pdf

FILES = Path(__file__).parent / "files"


def one(path: Path):
    return read_documents(path).strict()[0]


def test_plain_text_with_chapters():
    document = one(FILES / "이야기.txt")
    assert (document.id, document.title) == ("이야기.txt", "이야기")
    assert "\r" not in document.text
    assert document.location(document.text.index("쇠돌")) == "제1장 새벽"
    assert document.location(document.text.index("해가")) == "제2장 한낮"


def test_markdown_keeps_words_and_drops_marks():
    document = one(FILES / "안내.md")
    assert document.title == "공방 안내서"
    assert document.text == (
        "문 여는 때\n\n"
        "공방은 아침 9시에 열고 저녁 6시에 닫는다. 자세한 것은 알림판을 보라.\n\n"
        "도구\n\n망치는 hammer_01 칸에 있다.\n집게는 3 * 4 칸에 있다.\n\n"
        "이름 | 수\n모루 | 2\n\nif a*b*c: _x_ = 1"
    )
    assert document.location(document.text.index("모루")) == "도구"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.from_regex(r"[가-힣a-z0-9]{1,6}(_[a-z]{1,3})?[.,?]?", fullmatch=True), min_size=1, max_size=12
    )
)
def test_markdown_leaves_plain_words_alone(words):
    line = "가 " + " ".join(words)  # a line that begins with "1." and such is a list
    assert convert(line).text == line


def test_html_without_scripts_and_navigation():
    document = one(FILES / "소개.html")
    assert document.title == "대장간 — 소개"
    assert document.text == (
        "쇠를 다루는 집\n불의 온도는 1,200 도이다.\n모루는 두 개.\n연장 | 값\n호미 | 5천 원 & 덤"
    )
    assert document.location(document.text.index("호미")) == "쇠를 다루는 집"


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<b>", "</b>", "가나", " ", "\n", "&amp;", "&#44032;", "x", "<br/>", "<", "&"]
        ),
        max_size=25,
    )
)
def test_every_character_of_the_words_comes_from_its_place(parts):
    markup = "".join(parts)
    plain = html_to_text(markup)
    assert len(plain.starts) == len(plain.text)
    assert list(plain.starts) == sorted(plain.starts)
    for char, start in zip(plain.text, plain.starts, strict=True):
        if char in "가나x":
            assert markup[start] == char or markup.startswith("&#44032;", start)


def test_html_may_declare_a_korean_encoding(tmp_path):
    path = tmp_path / "old.html"
    path.write_bytes('<meta charset="euc-kr"><p>옛날 문서</p>'.encode("cp949"))
    assert one(path).text == "옛날 문서"


def test_docx_words_tables_and_headings(tmp_path):
    document = one(write_docx(tmp_path / "a.docx"))
    assert document.text == "첫째 마당\n\n쇠돌은 풀무를 밟았다.\n\n연장 | 값\n호미 | 5천 원\n\n앞\n뒤"
    assert document.title == "첫째 마당"
    assert document.location(len(document.text)) == "첫째 마당"


def test_hwpx_sections_in_order(tmp_path):
    sections = [f"<hp:p><hp:run><hp:t>구역 {n}</hp:t></hp:run></hp:p>" for n in range(11)]
    document = one(write_hwpx(tmp_path / "b.hwpx", *sections))
    assert document.text.split("\n\n") == [f"구역 {n}" for n in range(11)]
    assert document.location(document.text.index("구역 10")) == "section 11"
    assert one(write_hwpx(tmp_path / "a.hwpx")).text == "한글 문서의 첫 문단\n다음 줄\n\n연장 | 값"


def test_pdf_pages_are_locations(tmp_path):
    document = one(write_pdf(tmp_path / "a.pdf", "The forge opens at nine.", "", "It closes at six."))
    assert document.text == "The forge opens at nine.\n\nIt closes at six."
    assert document.location(0) == "p. 1"
    assert document.location(document.text.index("closes")) == "p. 3"
    with pytest.raises(DataError, match="only pictures"):
        read_documents(write_pdf(tmp_path / "scan.pdf", ""))


def test_one_bad_file_never_loses_the_others(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "good.txt").write_text("좋은 글이다.", encoding="utf-8")
    (tmp_path / "sub" / "good.txt").write_text("다른 글이다.", encoding="utf-8")
    (tmp_path / "cp949.txt").write_bytes("한국어 문서입니다".encode("cp949"))
    (tmp_path / "empty.md").write_bytes(b"")
    (tmp_path / "old.hwp").write_bytes(b"\xd0\xcf\x11\xe0 hwp")
    (tmp_path / "cut.pdf").write_bytes(b"%PDF-1.7 and no more")
    (tmp_path / "cut.docx").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden.txt").write_text("숨은 글", encoding="utf-8")
    loaded = read_documents(tmp_path)
    assert [document.id for document in loaded] == ["good.txt", "sub/good.txt"]
    assert sorted(Path(p.path or "").name for p in loaded.problems) == [
        "cp949.txt",
        "cut.docx",
        "cut.pdf",
        "empty.md",
        "old.hwp",
    ]
    assert all(len(problem.lines()) == 4 for problem in loaded.problems)
    cures = {Path(p.path or "").name: p.cure for p in loaded.problems}
    assert "iconv -f CP949" in cures["cp949.txt"] and "hwpx" in cures["old.hwp"]


def test_globs_and_several_paths_with_equal_names(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "n.txt").write_text(f"{folder} 글", encoding="utf-8")
    assert [d.id for d in read_documents(f"{tmp_path}/**/*.txt")] == ["a/n.txt", "b/n.txt"]
    pair = read_documents([tmp_path / "a" / "n.txt", tmp_path / "b" / "n.txt"])
    assert [d.id for d in pair] == ["n.txt", "n.txt (2)"]


def test_a_question_set_gives_its_contexts(tmp_path):
    path = write_json(tmp_path / "qa.json", squad())
    (document,) = read_documents(path).strict()
    assert document.title == "대장간" and document.text.startswith("대장간은")


def test_nothing_readable_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_documents(tmp_path / "none.txt")
    with pytest.raises(DataError, match="no document"):
        read_documents(tmp_path)
    with pytest.raises(DataError, match="no file matches"):
        read_documents(str(tmp_path / "*.txt"))
    with pytest.raises(OptionError):
        read_documents([])
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "b.txt").write_bytes(b"")
    with pytest.raises(DataError, match="none of the 2 documents"):
        read_documents(tmp_path)


def test_bombs_are_refused(tmp_path):
    bomb = tmp_path / "bomb.docx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"<a>" + b" " * 20_000_000)
    with pytest.raises(DataError, match="larger than any sound document"):
        read_documents(bomb)
    with zipfile.ZipFile(bomb, "w") as archive:
        archive.writestr("word/document.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(DataError, match="declares entities"):
        read_documents(bomb)
    with zipfile.ZipFile(bomb, "w") as archive:
        archive.writestr("other.xml", "<a/>")
    with pytest.raises(DataError, match=r"'word/document.xml' is missing"):
        read_documents(bomb)


def test_contexts_that_nobody_asks_about_are_searched_too(tmp_path):
    value = squad()
    value["data"][0]["paragraphs"].append({"context": "아무도 묻지 않은 문단이다.", "qas": []})
    assert [d.title for d in read_documents(write_json(tmp_path / "qa.json", value))] == ["대장간"] * 2


@pytest.mark.parametrize(
    "line",
    [
        "[주의]: 문은 9시에 연다.",
        "[온도]: 36.5",
        "[몫]: 1/2",
        "[시간]: 9시",
        "[^1]: 각주에 답이 있다.",
        "[^1]: https://example.org 를 보라",
        "[집]: https://example.org 로 가라",
    ],
)
def test_a_note_that_looks_like_a_definition_is_kept(line):
    assert convert(f"본문이다.\n\n{line}\n").text == f"본문이다.\n\n{line}"


@pytest.mark.parametrize(
    "line",
    [
        "[a]: https://example.org",
        "[a]: <b c.md> 'd'",
        '[a]: ../b.png "표 제목"',
        "[a]: #b",
        "[a]: b/c.md (d)",
    ],
)
def test_a_definition_holds_no_words(line):
    assert convert(f"본문이다.\n\n{line}\n").text == "본문이다."


def test_a_rule_at_the_top_is_not_front_matter():
    assert (
        convert("---\n첫 단락이다.\n\n둘째 단락이다.\n---\n끝.").text
        == "첫 단락이다.\n\n둘째 단락이다.\n\n끝."
    )
    front = '---\ntitle: 안내\n# 말\ntags:\n  - 가\n- 나\n"날짜": 오늘\n---\n본문'
    assert (convert(front).text, convert(front).title) == ("본문", "안내")


@pytest.mark.parametrize("tag", ["svg", "script", "style", "iframe", "title", "head", "textarea"])
def test_a_tag_that_closes_itself_hides_nothing(tag):
    assert html_to_text(f"<body><p>앞</p><{tag} class='a'/><p>뒤</p></body>").text == "앞\n뒤"


@pytest.mark.parametrize("section", ["<![x[ 가 ]]>", "<![ x", "<![CDATA[ 가 ]]>", "<![if x]>"])
def test_a_marked_section_of_any_kind_is_passed_over(section):
    assert html_to_text(f"<p>앞</p>{section}<p>뒤</p>").text.startswith("앞")


def paragraph(words: str) -> str:
    return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"


def test_docx_cells_within_controls_and_tables_within_cells(tmp_path):
    control = f"<w:sdt><w:sdtContent><w:tc>{paragraph('홍길동')}</w:tc></w:sdtContent></w:sdt>"
    inner = f"<w:tbl><w:tr><w:tc>{paragraph('안')}</w:tc></w:tr></w:tbl>"
    rows = (
        f"<w:tr><w:tc>{paragraph('이름')}</w:tc>{control}</w:tr>"
        f"<w:sdt><w:sdtContent><w:tr><w:tc>{paragraph('밖')}{inner}</w:tc></w:tr></w:sdtContent></w:sdt>"
    )
    assert one(write_docx(tmp_path / "a.docx", f"<w:tbl>{rows}</w:tbl>")).text == "이름 | 홍길동\n밖 안"


def test_docx_with_damaged_metadata_keeps_its_words(tmp_path):
    path = write_docx(tmp_path / "a.docx", paragraph("본문"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("docProps/core.xml", "<broken")
    assert (one(path).text, one(path).title) == ("본문", "a")


@pytest.mark.parametrize("encoding", ["euc-kr", "no-such-encoding"])
def test_a_part_in_another_encoding_loses_only_its_file(tmp_path, encoding):
    (tmp_path / "good.txt").write_text("좋은 글", encoding="utf-8")
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", f"{head}<a/>")
    loaded = read_documents(tmp_path)
    assert [document.id for document in loaded] == ["good.txt"]
    assert "encoding" in loaded.problems[0].what and len(loaded.problems[0].lines()) == 4


def test_a_document_of_absurd_depth_loses_only_its_file(tmp_path):
    (tmp_path / "good.txt").write_text("좋은 글", encoding="utf-8")
    deep = "<w:smartTag>" * 3000 + "<w:r><w:t>x</w:t></w:r>" + "</w:smartTag>" * 3000
    write_docx(tmp_path / "deep.docx", f"<w:p>{deep}</w:p>")
    loaded = read_documents(tmp_path)
    assert len(loaded) == 1 and "nested too deeply" in loaded.problems[0].what


def test_a_page_that_cannot_be_read_loses_only_itself(tmp_path, monkeypatch):
    pypdf = pytest.importorskip("pypdf")
    read = pypdf.PageObject.extract_text
    pages = []

    def fail_on_the_second(page):
        pages.append(page)
        if len(pages) % 3 == 2:
            raise ZeroDivisionError("font matrix")
        return read(page)

    monkeypatch.setattr(pypdf.PageObject, "extract_text", fail_on_the_second)
    loaded = read_documents(write_pdf(tmp_path / "a.pdf", "One.", "Two.", "Three."))
    assert loaded.items[0].text == "One.\n\nThree." and loaded.items[0].location(8) == "p. 3"
    assert "page 2" in loaded.problems[0].what and "font matrix" in str(loaded.problems[0].value)
    monkeypatch.setattr(pypdf.PageObject, "extract_text", lambda page: 1 / 0)
    with pytest.raises(DataError, match="page 1 is damaged"):
        read_documents(tmp_path / "a.pdf")
