"""Plain text as it is; line ends of Windows and old Macs become ``\\n``."""

from __future__ import annotations

import re
from pathlib import Path

from gongbang.data.formats.parts import Content
from gongbang.data.textfile import read_text

_CHAPTER = re.compile(
    r"^[ \t]*(제\s?\d{1,3}\s?[장부편막절화][^\n]{0,40}|(?:Chapter|CHAPTER)\s+\w+[^\n]{0,60})$", re.M
)


def read(path: Path) -> Content:
    """The text of a UTF-8 file; chapter lines ("제 3장 …") become locations.

    Raises:
        DataError: missing, empty, or in another encoding.
    """
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    chapters = [(found.start(), " ".join(found[1].split())) for found in _CHAPTER.finditer(text)]
    return Content(text, locations=tuple(chapters))
