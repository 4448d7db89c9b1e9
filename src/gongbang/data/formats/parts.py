"""What a format's reader gives, and a builder that keeps places while text is put together."""

from __future__ import annotations

from dataclasses import dataclass, field

from gongbang.errors import DataError


@dataclass(frozen=True, slots=True)
class Content:
    """The words of one file; ``locations`` as in :class:`gongbang.data.records.Document`.

    ``problems`` are of parts that could not be read, such as a page, where the rest could.
    """

    text: str
    title: str = ""
    locations: tuple[tuple[int, str], ...] = ()
    problems: tuple[DataError, ...] = ()


@dataclass(slots=True)
class Builder:
    """Joins blocks of text with blank lines and notes where pages and headings begin.

    Example:
        >>> builder = Builder()
        >>> builder.heading("머리말"); builder.add("본문"); builder.content().locations
        ((0, '머리말'),)
    """

    blocks: list[str] = field(default_factory=list)
    places: list[tuple[int, str]] = field(default_factory=list)
    length: int = 0

    def add(self, block: str) -> None:
        """One paragraph, heading or table; blank ones are passed over."""
        block = block.strip()
        if not block:
            return
        if self.blocks:
            self.length += 2
        self.blocks.append(block)
        self.length += len(block)

    def mark(self, label: str) -> None:
        """The next block begins at a place of this name (a page)."""
        at = self.length + 2 if self.blocks else 0
        if self.places and self.places[-1][0] == at:
            self.places.pop()
        self.places.append((at, label))

    def heading(self, words: str) -> None:
        """A heading: a block of its own, and the name of what follows."""
        words = " ".join(words.split())
        if words:
            self.mark(words)
            self.add(words)

    def content(self, title: str = "") -> Content:
        text = "\n\n".join(self.blocks)
        return Content(text, title, tuple(place for place in self.places if place[0] < len(text)))
