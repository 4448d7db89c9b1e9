"""Text files: UTF-8 or a clear refusal that names the probable encoding and the cure.

Guessing an encoding silently would shift spans and plant wrong letters in an index, so anything that is
not UTF-8 is refused with the command that converts it.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from gongbang.errors import DataError

_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_SAMPLE = 1 << 16  # bytes that are enough to recognise an encoding
_HANGUL = (0xAC00, 0xD7A3)


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that must exist and hold something.

    Raises:
        DataError: the file is missing, a folder, unreadable, or empty.
    """
    if not path.exists():
        raise DataError(
            "there is no such file.",
            value=str(path),
            allowed="the path of an existing file",
            cure=_missing_cure(path),
            path=path,
        )
    if path.is_dir():
        raise DataError(
            "a file is needed here, this is a folder.",
            value=str(path),
            allowed="the path of a file",
            cure="Name a file inside the folder.",
            path=path,
        )
    try:
        data = path.read_bytes()
    except OSError as err:
        raise DataError(
            "the file cannot be read.",
            value=str(err),
            allowed="a file that this user may read",
            cure=f"Check its permissions: ls -l {shlex.quote(str(path))}",
            path=path,
        ) from err
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise DataError(
            "the file is empty.",
            value=f"{len(data)} bytes",
            allowed="a file with content",
            cure="Write or download the file again.",
            path=path,
        )
    return data


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, without its byte order mark; line ends are kept as they are.

    Raises:
        DataError: missing, empty, or in another encoding (with the ``iconv`` command that converts it).

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.txt").write_bytes(b"\\xef\\xbb\\xbf\\xea\\xb3\\xb5")
        ...     read_text(Path(folder, "a.txt"))
        '공'
    """
    return decode(read_bytes(path), path)


def decode(data: bytes, path: str | Path) -> str:
    """Bytes as UTF-8 text; see :func:`read_text`."""
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as err:
        raise encoding_error(data, path, err) from err
    if "\x00" in text[:_SAMPLE]:
        raise encoding_error(data, path, None) if _every_second_is_zero(data) else _nul_error(text, path)
    return text


def foreign_encoding(data: bytes) -> str | None:
    """The probable encoding of a whole file's bytes; None where they are UTF-8 or it is unknown.

    Example:
        >>> foreign_encoding("한국어".encode("cp949")), foreign_encoding("한\\0국어".encode())
        ('CP949', None)
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return guess_encoding(data)
    return guess_encoding(data) if _every_second_is_zero(data) else None


def _every_second_is_zero(data: bytes) -> bool:
    """Whether bytes that could be UTF-8 are ASCII written in UTF-16, not UTF-8 with a stray NUL."""
    sample = data[:_SAMPLE]
    return len(sample) > 1 and max(sample[0::2].count(0), sample[1::2].count(0)) > len(sample) // 3


def guess_encoding(data: bytes) -> str | None:
    """The probable encoding of bytes that are not UTF-8, as ``iconv`` names it; None when unknown.

    Example:
        >>> guess_encoding("한국어 문서입니다".encode("cp949"))
        'CP949'
    """
    if data.startswith(_UTF16_BOMS):
        return "UTF-16"
    sample = data[:_SAMPLE]
    zeros_even, zeros_odd = sample[0::2].count(0), sample[1::2].count(0)
    if zeros_even + zeros_odd > len(sample) // 20:
        return "UTF-16LE" if zeros_odd > zeros_even else "UTF-16BE"
    if _hangul_share(sample) > 0.5:
        return "CP949"
    return None


def _hangul_share(sample: bytes) -> float:
    """The share of Hangul among the letters beyond ASCII, the bytes read as CP949."""
    text = ""
    for cut in range(2):  # the sample may end within a two-byte letter
        try:
            text = sample[: len(sample) - cut].decode("cp949")
            break
        except UnicodeDecodeError:
            continue
    wide = [char for char in text if char > "\x7f"]
    hangul = sum(_HANGUL[0] <= ord(char) <= _HANGUL[1] for char in wide)
    return hangul / len(wide) if wide else 0.0


def _nul_error(text: str, path: str | Path) -> DataError:
    at = text.index("\x00")
    name = shlex.quote(str(path))
    return DataError(
        "the text holds a NUL character.",
        value=f"U+0000 at character {at}, after {text[max(0, at - 20) : at]!r}",
        allowed="text without NUL",
        cure=f"Take it out: tr -d '\\000' < {name} > {name}.clean",
        path=path,
        line=text.count("\n", 0, at) + 1,
    )


def encoding_error(data: bytes, path: str | Path, err: UnicodeDecodeError | None) -> DataError:
    """The error for bytes that are not UTF-8, with the probable encoding and the cure."""
    guess = guess_encoding(data)
    at = max(data.find(b"\x00"), 0) if err is None else err.start
    name = shlex.quote(str(path))
    if guess is None:
        cure = "Save the file again as UTF-8, or repair the bytes at this line."
    else:
        cure = f"It is probably {guess}: iconv -f {guess} -t UTF-8 {name} > {name}.utf8"
    return DataError(
        "the file is not in UTF-8.",
        value=f"byte 0x{data[at]:02x} at position {at}" if data else "no bytes",
        allowed="UTF-8, with or without a byte order mark",
        cure=cure,
        path=path,
        line=data.count(b"\n", 0, at) + 1,
    )


def parse_json(text: str, path: str | Path, *, first_line: int = 1) -> Any:
    """JSON with a located error.

    Raises:
        DataError: broken JSON, with line, column and the text around it.

    Example:
        >>> parse_json('{"a": 1}', "a.json")
        {'a': 1}
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as err:
        around = text[max(0, err.pos - 20) : err.pos + 20]
        raise DataError(
            f"broken JSON at column {err.colno}: {err.msg}.",
            value=around or "(end of file)",
            allowed="valid JSON",
            cure="Mend this line; if the file stops in the middle, write or download it again.",
            path=path,
            line=first_line + err.lineno - 1,
        ) from err
    except RecursionError as err:
        raise DataError(
            "the JSON is nested too deeply.",
            value=text[:40],
            allowed="JSON of ordinary depth",
            cure="Flatten the file.",
            path=path,
        ) from err


def _missing_cure(path: Path) -> str:
    """Name the nearest file beside the missing one, for a slip of the pen."""
    import difflib

    parent = path.parent
    if not parent.is_dir():
        return f"The folder '{parent}' does not exist either: check the path."
    near = difflib.get_close_matches(path.name, [entry.name for entry in parent.iterdir()], n=1)
    return f"Did you mean '{parent / near[0]}'?" if near else "Check the path."
