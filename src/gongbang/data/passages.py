"""Documents into passages: what is indexed and read.

Borders are sentence ends, best of all paragraph ends, because an answer that is cut in two can be found
by nobody. A document of up to ``max_chars`` stays whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from gongbang.data.records import Document, Passage
from gongbang.errors import OptionError

MAX_CHARS = 1_000
"""Default length of a passage in characters. Korean reading sets write contexts of 550 on average (KorQuAD
1.0), of which nine in ten stay whole at this length; a reader's window of 384 tokens holds about 800."""

_PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
_LATE = 0.5  # the share of a passage before which no border is preferred, however good

_Span = tuple[int, int]


def split_passages(
    document: Document, max_chars: int = MAX_CHARS, overlap_sentences: int = 1
) -> list[Passage]:
    """Cut a document into passages at sentence and paragraph ends.

    Args:
        document: any document; one without words gives no passage.
        max_chars: the most characters in a passage, at least 50. A longer sentence is cut between words.
        overlap_sentences: sentences repeated at the start of the next passage, so that a pronoun keeps
            what it refers to; fewer where they would leave no room for new text.

    Returns:
        passages in order, each with ``document.text[p.start : p.start + len(p.text)] == p.text``; the id
        is the document's own when it stays whole, else ``"<document>#<number from 0>"``.

    Raises:
        OptionError: ``max_chars`` or ``overlap_sentences`` is out of range.

    Example:
        >>> text = "가게는 아침에 연다. 점심에는 쉰다. " * 4
        >>> [(p.id, p.start) for p in split_passages(Document("d", text), max_chars=50)]
        [('d#0', 0), ('d#1', 33)]
    """
    _check(max_chars, overlap_sentences)
    text = document.text
    if not text.strip():
        return []
    if len(text) <= max_chars:
        return [_passage(document, document.id, 0, len(text))]
    units = _units(text, max_chars)
    spans = _pack(text, units, max_chars, overlap_sentences)
    return [_passage(document, f"{document.id}#{n}", start, end) for n, (start, end) in enumerate(spans)]


def passages_of(
    documents: Iterable[Document], max_chars: int = MAX_CHARS, overlap_sentences: int = 1
) -> list[Passage]:
    """The passages of many documents, in order."""
    return [p for document in documents for p in split_passages(document, max_chars, overlap_sentences)]


def is_wrapped(text: str) -> bool:
    """Whether lines were broken at a width (old books, e-mail), so that a line end ends no sentence.

    Example:
        >>> is_wrapped("바람이 불던 어느 날 저녁에 나는 그\\n집 앞을 지나다 문득 걸음을 멈추었\\n" * 10)
        True
    """
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    if len(lines) < 16:
        return False
    lengths = sorted(map(len, lines))
    usual, long = lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10]
    open_ends = sum(line[-1] not in ".!?…。！？\"'”’」』)" for line in lines)
    return long <= 100 and usual >= 0.7 * long and open_ends > 0.6 * len(lines)


def _units(text: str, max_chars: int) -> list[_Span]:
    """Sentences, the overlong ones cut between words."""
    from gongbang.text.sentences import split_sentences

    units: list[_Span] = []
    for sentence in split_sentences(text, wrapped=is_wrapped(text)):
        units.extend(_cut(text, sentence.start, sentence.end, max_chars))
    return units


def _cut(text: str, start: int, end: int, max_chars: int) -> list[_Span]:
    pieces = []
    while end - start > max_chars:
        cut = max(text.rfind(blank, start + max_chars // 2, start + max_chars + 1) for blank in " \n\t")
        if cut <= start:
            cut = start + max_chars
            while cut > start + 1 and unicodedata.category(text[cut]).startswith("M"):
                cut -= 1  # a mark belongs to the letter before it
        pieces.append((start, cut))
        start = cut
        while start < end and text[start].isspace():
            start += 1
    return [*pieces, (start, end)] if start < end else pieces


def _pack(text: str, units: Sequence[_Span], max_chars: int, overlap: int) -> list[_Span]:
    """Fill passages with whole units; each passage holds at least one that is new."""
    spans: list[_Span] = []
    first = fresh = 0  # the first unit of the passage, and its first one not seen before
    while fresh < len(units):
        last = fresh
        while last + 1 < len(units) and units[last + 1][1] - units[first][0] <= max_chars:
            last += 1
        if last + 1 < len(units):
            earliest = units[first][0] + int(max_chars * _LATE)
            late = [n for n in range(fresh, last + 1) if units[n][1] >= earliest]
            last = _border(text, units, late or [last])
        spans.append((units[first][0], units[last][1]))
        fresh = last + 1
        first = _overlap_from(units, fresh, overlap, max_chars)
    return spans


def _border(text: str, units: Sequence[_Span], choices: Sequence[int]) -> int:
    """The best unit to end on: the latest before an empty line, else before a line end, else the last."""
    return max(choices, key=lambda n: (_gap_rank(text[units[n][1] : units[n + 1][0]]), n))


def _gap_rank(gap: str) -> int:
    if _PARAGRAPH.search(gap):
        return 2
    return 1 if "\n" in gap else 0


def _overlap_from(units: Sequence[_Span], fresh: int, overlap: int, max_chars: int) -> int:
    """Where the next passage starts: up to ``overlap`` units back, where half of it stays for new text."""
    first = fresh
    for back in range(1, overlap + 1):
        before = fresh - back
        if before < 0 or fresh >= len(units):
            break
        seen = units[fresh][0] - units[before][0]
        if seen > max_chars // 2 or units[fresh][1] - units[before][0] > max_chars:
            break
        first = before
    return first


def _passage(document: Document, id: str, start: int, end: int) -> Passage:
    return Passage(id, document.text[start:end], document.title, document.id, start, document.source)


def _check(max_chars: int, overlap_sentences: int) -> None:
    if max_chars < 50:
        raise OptionError(
            "passages would be too short to hold an answer.",
            value=max_chars,
            allowed="max_chars of 50 or more",
            cure=f"Leave it at {MAX_CHARS}.",
        )
    if overlap_sentences < 0:
        raise OptionError(
            "an overlap cannot be negative.",
            value=overlap_sentences,
            allowed="0 or more sentences",
            cure="Leave it at 1.",
        )
