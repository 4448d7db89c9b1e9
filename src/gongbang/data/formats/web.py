"""HTML files: words, title and headings, without scripts, styles and navigation."""

from __future__ import annotations

import re
from pathlib import Path

from gongbang.data.formats.markup import html_to_text
from gongbang.data.formats.parts import Content
from gongbang.data.textfile import decode, read_bytes

_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]+)", re.I)
_HEAD = 4096  # bytes in which a page must declare its encoding (HTML standard: 1024; real pages are late)
_KOREAN = {"euc-kr", "ks_c_5601-1987", "ksc5601", "cp949", "ms949", "windows-949", "x-windows-949"}


def read(path: Path) -> Content:
    """The words of a page. A Korean encoding that the page itself declares is taken at its word.

    Raises:
        DataError: missing, empty, or in an encoding that is neither UTF-8 nor declared.
    """
    data = read_bytes(path)
    declared = _CHARSET.search(data[:_HEAD])
    if declared and declared[1].decode("ascii").lower() in _KOREAN:
        try:
            markup = data.decode("cp949")
        except UnicodeDecodeError:
            markup = decode(data, path)
    else:
        markup = decode(data, path)
    plain = html_to_text(markup)
    return Content(plain.text, plain.title, plain.headings)
