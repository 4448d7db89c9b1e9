"""Write the office documents of this folder: ``ferry.docx``, ``library.hwpx`` and ``bridge.pdf``.

They are the smallest files that Word, Hangul and a PDF viewer open. Run it again after a change of the
words; the bytes are the same every time.

    python samples/make_office.py
"""

# ruff: noqa: E501  (a Hangul letter counts double, and the sentences read better whole)

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parent
_LINE = 34  # letters on a line of the PDF
_MOMENT = (2026, 1, 1, 0, 0, 0)

FERRY_TITLE = "달개나루 나룻배 이용 안내"
FERRY: tuple[tuple[str, str], ...] = (
    (
        "나룻배가 다니는 길",
        "달개나루에서 건너편 버들나루까지는 물길로 1.8킬로미터이며 12분이 걸린다. 나룻배의 이름은 '버들치호'이고 "
        "한 번에 서른두 명이 탄다. 배는 2011년에 만든 것으로, 2023년에 엔진을 전기 모터로 바꾸었다.",
    ),
    (
        "뱃삯",
        "어른은 1,500원, 어린이는 700원이다. 자전거는 한 대에 500원을 더 낸다. 오토바이와 자동차는 실을 수 없다. "
        "버들마을에 사는 사람은 주민증을 보이면 뱃삯을 내지 않는다.",
    ),
    (
        "배가 뜨지 않는 날",
        "물높이가 3미터 20센티미터를 넘거나 안개로 건너편 나루가 보이지 않으면 배를 띄우지 않는다. "
        "배를 띄울지는 사공 노을빛 씨가 정하며, 띄우지 않는 날에는 나루 기둥에 붉은 깃발을 단다. "
        "설날 아침과 물이 어는 1월 둘째 주에는 쉰다.",
    ),
    (
        "잃어버린 물건",
        "배에서 주운 물건은 달개나루 매표소에서 30일 동안 맡아 둔다. 지난해 가장 많이 나온 물건은 우산으로 모두 "
        "마흔한 개였다.",
    ),
)
FERRY_TABLE: tuple[tuple[str, str, str], ...] = (
    ("때", "첫 배", "마지막 배"),
    ("여름(4월~9월)", "아침 6시 30분", "저녁 8시"),
    ("겨울(10월~3월)", "아침 7시 30분", "저녁 6시"),
)

LIBRARY_TITLE = "늘푸른도서관 이용 안내"
LIBRARY: tuple[str, ...] = (
    LIBRARY_TITLE,
    "늘푸른도서관은 1998년에 문을 연 군립 도서관이다. 책은 6만 2천 권이 있고, 그 가운데 점자책이 840권이다.",
    "책은 한 사람이 일곱 권까지 14일 동안 빌릴 수 있다. 기다리는 사람이 없으면 한 번에 한해 7일을 늘릴 수 있다. "
    "늦게 돌려주면 늦은 날의 두 배 동안 책을 빌릴 수 없고, 돈은 받지 않는다.",
    "어린이방은 일층에 있으며 신을 벗고 들어간다. 토요일 오후 4시에는 자원봉사자 배소담 씨가 옛이야기를 읽어 준다. "
    "이야기 시간에는 스무 명까지 앉을 수 있다.",
    "이층의 기록실에는 마을 사람들이 내놓은 사진 1만 1천 장이 있다. 가장 오래된 사진은 1926년의 달개 장날을 찍은 것이다. "
    "기록실의 사진은 빌릴 수 없지만 한 사람이 하루에 열 장까지 베껴 갈 수 있다.",
    "도서관은 월요일과 나라의 쉬는 날에 쉰다. 여는 때는 아침 9시이고, 닫는 때는 평일 밤 9시, 주말 저녁 6시이다. "
    "책을 돌려주는 상자는 정문 오른쪽에 있으며 밤에도 쓸 수 있다.",
)

BRIDGE_TITLE = "달개천 큰다리 점검 보고서"
BRIDGE: tuple[tuple[str, ...], ...] = (
    (
        "달개천 큰다리 점검 보고서",
        "큰다리는 1967년 11월에 놓인 콘크리트 다리이다. 길이는 126미터, 너비는 7미터 50센티미터이고 다릿발은 여섯이다.",
        "점검은 2025년 4월 14일부터 사흘 동안 했다. 점검한 사람은 구조 기술사 강버들과 조수 두 명이다.",
        "다릿발 여섯 가운데 셋째 다릿발의 밑이 물살에 40센티미터 패였다. 나머지 다릿발에서는 깊이 5센티미터를 넘는 "
        "패임을 찾지 못했다.",
    ),
    (
        "난간은 모두 312칸이며, 그 가운데 아홉 칸이 녹슬어 흔들렸다. 흔들리는 칸에는 노란 띠를 둘렀다.",
        "다리의 등급은 지난번의 나 등급에서 다 등급으로 내렸다. 등급을 내린 까닭은 셋째 다릿발의 패임이다.",
        "고칠 때까지 무게 10톤이 넘는 차는 다리를 건널 수 없다. 고치는 데 드는 돈은 2억 3천만 원으로 어림했다.",
        "다음 점검은 2026년 10월에 한다.",
    ),
)


def main() -> None:
    """Write the three files beside this script."""
    write_docx(FOLDER / "ferry.docx")
    write_hwpx(FOLDER / "library.hwpx")
    write_pdf(FOLDER / "bridge.pdf")


def write_docx(path: Path) -> None:
    """Headings, paragraphs and a table as WordprocessingML."""
    title = _paragraph(FERRY_TITLE, "Title")
    body = "".join(_paragraph(head, "Heading1") + _paragraph(words) for head, words in FERRY)
    rows = "".join(
        "<w:tr>" + "".join(f"<w:tc>{_paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>"
        for row in FERRY_TABLE
    )
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    document = (
        f'<w:document xmlns:w="{name}"><w:body>{title}{body}'
        f"{_paragraph('배가 뜨는 때', 'Heading1')}<w:tbl>{rows}</w:tbl></w:body></w:document>"
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    types = (
        f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{kind}"/></Types>'
    )
    relations = (
        f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}" Target="word/document.xml"/></Relationships>'
    )
    _zip(path, {"[Content_Types].xml": types, "_rels/.rels": relations, "word/document.xml": document})


def _paragraph(words: str, style: str = "") -> str:
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{look}<w:r><w:t>{escape(words)}</w:t></w:r></w:p>"


def write_hwpx(path: Path) -> None:
    """Paragraphs as OWPML, the format of Hangul (KS X 6101)."""
    place = "http://www.hancom.co.kr/hwpml/2011"
    paragraphs = "".join(f"<hp:p><hp:run><hp:t>{escape(words)}</hp:t></hp:run></hp:p>" for words in LIBRARY)
    section = f'<hs:sec xmlns:hs="{place}/section" xmlns:hp="{place}/paragraph">{paragraphs}</hs:sec>'
    package = (
        '<opf:package xmlns:opf="http://www.idpf.org/2007/opf/"><opf:metadata>'
        f"<opf:title>{escape(LIBRARY_TITLE)}</opf:title></opf:metadata><opf:manifest>"
        '<opf:item id="section0" href="Contents/section0.xml" media-type="application/xml"/></opf:manifest>'
        '<opf:spine><opf:itemref idref="section0"/></opf:spine></opf:package>'
    )
    parts = {"mimetype": "application/hwp+zip", "Contents/content.hpf": package}
    _zip(path, {**parts, "Contents/section0.xml": section})


def _zip(path: Path, parts: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, words in parts.items():
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' if words.startswith("<") else ""
            archive.writestr(entry, xml + words)


def write_pdf(path: Path) -> None:
    """Two pages in a Korean font that PDF viewers bring along, so none is embedded."""
    pages = [4 + 2 * number for number in range(len(BRIDGE))]
    to_unicode = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Same def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        "1 beginbfrange <0000> <FFFF> <0000> endbfrange\nendcmap end end"
    )
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{' '.join(f'{page} 0 R' for page in pages)}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type0 /BaseFont /HYSMyeongJo-Medium /Encoding /UniKS-UCS2-H"
        f" /DescendantFonts [{4 + 2 * len(pages)} 0 R] /ToUnicode {6 + 2 * len(pages)} 0 R >>",
    ]
    for page, words in zip(pages, BRIDGE, strict=True):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {page + 1} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(_stream(_page(words)))
    objects += [
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HYSMyeongJo-Medium /DW 1000"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (Korea1) /Supplement 2 >>"
        f" /FontDescriptor {5 + 2 * len(pages)} 0 R >>",
        "<< /Type /FontDescriptor /FontName /HYSMyeongJo-Medium /Flags 6 /FontBBox [0 -148 1001 880]"
        " /ItalicAngle 0 /Ascent 880 /Descent -148 /CapHeight 700 /StemV 58 >>",
        _stream(to_unicode),
        f"<< /Title <{'FEFF' + BRIDGE_TITLE.encode('utf-16-be').hex().upper()}> >>",
    ]
    path.write_bytes(_pdf(objects))


def _page(words: tuple[str, ...]) -> str:
    lines = [part for paragraph in words for part in [*_lines(paragraph), ""]]
    shown = "\n".join(f"<{line.encode('utf-16-be').hex().upper()}> Tj T*" for line in lines)
    return f"BT /F1 13 Tf 20 TL 60 770 Td\n{shown}\nET"


def _lines(paragraph: str) -> list[str]:
    lines = [""]
    for word in paragraph.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _stream(words: str) -> str:
    return f"<< /Length {len(words)} >>\nstream\n{words}\nendstream"


def _pdf(objects: list[str]) -> bytes:
    out, places = "%PDF-1.5\n", []
    for number, words in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{words}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    trailer = f"trailer << /Size {size} /Root 1 0 R /Info {len(objects)} 0 R >>"
    return (
        f"{out}xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}\nstartxref\n{len(out)}\n%%EOF\n".encode(
            "ascii"
        )
    )


if __name__ == "__main__":
    main()
