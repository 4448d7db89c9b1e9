"""Office files and a PDF of our own, made byte by byte where a test needs them."""

from __future__ import annotations

import zipfile
from pathlib import Path

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_HP = 'xmlns:hp="http://www.hancom.co.kr/hwpml/2011/paragraph" xmlns:hs="http://www.hancom.co.kr/hwpml/2011/section"'

DOCX_BODY = (
    '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>첫째 마당</w:t></w:r></w:p>'
    "<w:p><w:r><w:t>쇠돌은 </w:t></w:r><w:del><w:r><w:delText>지운 말</w:delText></w:r></w:del>"
    '<w:ins><w:r><w:t xml:space="preserve">풀무를 밟았다.</w:t></w:r></w:ins></w:p>'
    "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>연장</w:t></w:r></w:p></w:tc>"
    "<w:tc><w:p><w:r><w:t>값</w:t></w:r></w:p></w:tc></w:tr>"
    "<w:tr><w:tc><w:p><w:r><w:t>호미</w:t></w:r></w:p></w:tc>"
    "<w:tc><w:p><w:r><w:t>5천 원</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    "<w:p><w:r><w:t>앞</w:t><w:br/><w:t>뒤</w:t></w:r></w:p>"
)
HWPX_SECTION = (
    "<hp:p><hp:run><hp:secPr/><hp:t>한글 문서의</hp:t></hp:run>"
    "<hp:run><hp:t> 첫 문단<hp:lineBreak/>다음 줄</hp:t></hp:run>"
    "<hp:linesegarray/></hp:p>"
    "<hp:p><hp:run><hp:tbl><hp:tr><hp:tc><hp:subList><hp:p><hp:run><hp:t>연장</hp:t></hp:run></hp:p>"
    "</hp:subList></hp:tc>"
    "<hp:tc><hp:subList><hp:p><hp:run><hp:t>값</hp:t></hp:run></hp:p></hp:subList></hp:tc></hp:tr></hp:tbl></hp:run></hp:p>"
)


def write_docx(path: Path, body: str = DOCX_BODY) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document {_W}><w:body>{body}</w:body></w:document>")
    return path


def write_hwpx(path: Path, *sections: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/hwp+zip")
        for number, section in enumerate(sections or (HWPX_SECTION,)):
            archive.writestr(f"Contents/section{number}.xml", f"<hs:sec {_HP}>{section}</hs:sec>")
    return path


def write_pdf(path: Path, *pages: str) -> Path:
    """A PDF of ASCII pages in Helvetica (a font that every viewer has, so none is embedded)."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, words in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 700 Td ({words}) Tj ET" if words else ""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out, places = "%PDF-1.4\n", []
    for number, value in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{value}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    out += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    )
    path.write_bytes(out.encode("ascii"))
    return path
