"""KorQuAD 2.0 and 2.1 (Kim et al. 2020): whole Wikipedia pages as HTML, one answer a question.

The questions stand right under the article; ``answer.answer_start`` counts in ``context``, whose text
still holds tags, ``html_answer_start`` in ``raw_html``. Records hold plain text with the span moved
along, because readers and indexes want words, not tags. The published parts are zip files of many JSON
files: they are opened one at a time.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gongbang.data.archive import open_zip, read_member
from gongbang.data.formats.markup import PlainText, html_to_text
from gongbang.data.readers.place import (
    Place,
    Placed,
    make_record,
    need_list,
    need_mapping,
    need_offset,
    need_text,
)
from gongbang.data.records import Record, Span
from gongbang.data.sources import KORQUAD_2, document_id
from gongbang.data.textfile import decode, parse_json, read_bytes
from gongbang.errors import DataError

_MEMBER = 4 << 30  # bytes; the largest published part is under 1 GB
_TAKEN = {"id", "question", "answer"}


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Iterator[Placed | DataError]:
    """Each question of a KorQuAD 2 file: a JSON file, or a zip of many.

    Raises:
        DataError: the file as a whole cannot be read. A broken member of a zip is a problem of its own.
    """
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return _members(path)
    data = read_bytes(path)
    return read_parsed(parse_json(decode(data, path), path), path)


def read_parsed(parsed: Any, path: str | Path) -> Iterator[Placed | DataError]:
    """The same for a file that is already parsed."""
    whole = need_mapping(parsed, Place(str(path)))
    return _articles(need_list(whole, "data", Place(str(path))), str(path))


def _members(path: Path) -> Iterator[Placed | DataError]:
    with open_zip(path) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith(".json")):
            member = f"{path}!{name}"
            try:
                data = read_member(archive, name, path, limit=_MEMBER)
                yield from read_parsed(parse_json(decode(data, member), member), member)
            except DataError as err:
                yield err


def _articles(articles: list[Any], path: str) -> Iterator[Placed | DataError]:
    for number, entry in enumerate(articles):
        place = Place(path, field=f"data[{number}]")
        try:
            article = need_mapping(entry, place)
            questions = need_list(article, "qas", place)
            page = _Page(article, place)
        except DataError as err:
            yield err
            continue
        for index, question in enumerate(questions):
            at = place.at(f"qas[{index}]")
            try:
                yield Placed(_question(question, page, at), at)
            except DataError as err:
                yield err


class _Page:
    """One article: its markup, and its words with the map between them."""

    def __init__(self, article: Mapping[str, Any], place: Place) -> None:
        self.from_raw = not article.get("context")
        self.markup = need_text(article, "raw_html" if self.from_raw else "context", place)
        self.plain: PlainText = html_to_text(self.markup)
        self.title = str(article.get("title") or self.plain.title)
        self.url = str(article.get("url") or "")
        self.document = document_id(self.plain.text)

    def span(self, answer: Mapping[str, Any], place: Place) -> Span:
        """The answer in the words of the page."""
        text_key, start_key = (
            ("html_answer_text", "html_answer_start") if self.from_raw else ("text", "answer_start")
        )
        text = need_text(answer, text_key, place)
        start = need_offset(answer, start_key, place)
        # Checked in the markup first: an offset that is off there must say so there.
        make_record(
            place,
            "answer",
            {start_key: self.markup},
            spans={"answer": (Span(start, start + len(text), text, start_key),)},
        )
        begin, end = self.plain.to_text(start, start + len(text))
        if begin == end:
            raise place.error(
                "the answer holds no words, only markup.",
                value=text,
                allowed="an answer with words outside scripts, styles and navigation",
                cure="Drop the question, or mark the words themselves.",
            )
        return Span(begin, end, self.plain.text[begin:end])


def _question(entry: Any, page: _Page, place: Place) -> Record:
    row = need_mapping(entry, place)
    identity = need_text({**row, "id": str(row["id"])} if "id" in row else row, "id", place)
    answer = need_mapping(row.get("answer"), place.at("answer"))
    fields = {"question": need_text(row, "question", place), "context": page.plain.text}
    if page.title:
        fields["title"] = page.title.replace("_", " ")
    passed = {k: v for k, v in row.items() if k not in _TAKEN and isinstance(v, (str, int, float, bool))}
    return make_record(
        place,
        identity,
        fields,
        spans={"answers": (page.span(answer, place.at("answer")),)},
        labels={"document": page.document, **({"url": page.url} if page.url else {}), **passed},
        group=page.title or page.document,
        source=KORQUAD_2.name,
        licence=KORQUAD_2.licence,
    )


def looks_like(parsed: Any) -> bool:
    """Whether a parsed file has KorQuAD 2's frame: questions right under the article."""
    try:
        return "qas" in parsed["data"][0] and "paragraphs" not in parsed["data"][0]
    except (KeyError, IndexError, TypeError):
        return False


def zip_looks_like(path: Path) -> bool:
    """Whether a zip holds JSON files at all; what is in them is checked while they are read."""
    with open_zip(path) as archive:
        return any(name.endswith(".json") for name in archive.namelist())
