"""Whether a file may be what it calls itself, by its first bytes."""

from __future__ import annotations

_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive, as xlsx and docx are"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"%PDF-", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3\x00", "a database"),
    (b"PAR1", "a Parquet file"),
    (b"\x7fELF", "a program"),
)
LOOKED_AT = 16
"""Bytes that decide."""


def not_text(head: bytes) -> str:
    """What a file is that calls itself text; empty where it may be.

    Args:
        head: its first :data:`LOOKED_AT` bytes, or all of a shorter one.

    Example:
        >>> not_text(b"PK\\x03\\x04\\x14\\x00"), not_text("글,답\\n".encode())
        ('a ZIP archive, as xlsx and docx are', '')
    """
    return next((name for mark, name in _MARKS if head.startswith(mark)), "")
