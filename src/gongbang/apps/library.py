"""Documents that can be searched: their passages in an index, and where their pages and sections begin.

A saved library is one folder, see :mod:`gongbang.search.folders`: among its data ``passages/`` is the index,
``documents.jsonl`` has a line a document. Every file is hashed, and the whole is refused where one has
changed or where analyser or encoder differ.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gongbang.apps.answer import Considered
from gongbang.data.passages import MAX_CHARS, passages_of
from gongbang.data.records import Document, Passage
from gongbang.errors import OptionError, SearchIndexError
from gongbang.search.base import Encoder, Explanation, Hit, check_text
from gongbang.search.folders import Stored, read_steadily
from gongbang.search.hybrid import HybridIndex, default_index
from gongbang.search.lexical import LexicalIndex
from gongbang.search.store import read_manifest, write_manifest

KIND = "library"
_INDEX = "passages"
_DOCUMENTS = "documents.jsonl"


@dataclass(frozen=True, slots=True)
class Shelved:
    """What a library knows of a document besides its passages.

    Attributes:
        characters: length of its text. text_hash: SHA-256 of its text, which tells whether it changed.
        passages: ids of its passages, in order.
    """

    id: str
    title: str
    source: str
    licence: str
    locations: tuple[tuple[int, str], ...]
    characters: int
    text_hash: str
    passages: tuple[str, ...]

    @classmethod
    def of(cls, document: Document, passages: Iterable[Passage]) -> Shelved:
        return cls(
            document.id,
            document.title,
            document.source,
            document.licence,
            document.locations,
            len(document.text),
            text_hash(document),
            tuple(passage.id for passage in passages),
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Shelved:
        places = tuple((int(start), str(name)) for start, name in values["locations"])
        return cls(**{**values, "locations": places, "passages": tuple(values["passages"])})


def text_hash(document: Document) -> str:
    """SHA-256 of a document's text."""
    return hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()


class Library(Stored):
    """Documents that can be searched, added and deleted.

    Args:
        encoder: makes search hybrid (words and meaning); by words alone when None.
        max_chars: the most characters in a passage.
        overlap_sentences: sentences that neighbouring passages share.

    Example:
        >>> library = Library()
        >>> library.add([Document("a", "공방은 아홉 시에 연다."), Document("b", "밭에는 감자를 심었다.")])
        ['a', 'b']
        >>> library.search("감자는 어디에 심었나?", k=1)[0].document
        'b'
    """

    def __init__(
        self, encoder: Encoder | None = None, *, max_chars: int = MAX_CHARS, overlap_sentences: int = 1
    ) -> None:
        self.index = default_index(encoder)
        self.max_chars, self.overlap_sentences = max_chars, overlap_sentences
        self.documents: dict[str, Shelved] = {}

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def kind(self) -> str:
        """``lexical`` or ``hybrid``."""
        return self.index.name

    @property
    def lexical(self) -> LexicalIndex:
        """The part that searches by words."""
        return self.index.lexical if isinstance(self.index, HybridIndex) else self.index

    def add(self, documents: Sequence[Document]) -> list[str]:
        """Cut documents into passages and index them.

        Another file of a name that is taken gets an id that is free (``a.txt (2)``). A document that is
        there already, or was there before it changed, is refused: which of the two is wanted is not known.

        Returns:
            The ids under which they stand, in order.

        Raises:
            SearchIndexError: a document is there already, or has changed since it was added; then none is
                added.
        """
        shelved: dict[str, Shelved] = {}
        passages = []
        for document in documents:
            named = replace(document, id=_free_id(document, ChainMap(shelved, self.documents)))
            own = passages_of([named], self.max_chars, self.overlap_sentences)
            shelved[named.id] = Shelved.of(named, own)
            passages += own
        # A first build also tries the analyser's options, so that silent ones are reported.
        (self.index.add if len(self.index) else self.index.build)(passages)
        self.documents |= shelved
        return list(shelved)

    def delete(self, ids: Sequence[str]) -> None:
        """Take documents out.

        Raises:
            SearchIndexError: a document is not there; then none is deleted.
        """
        for id in ids:
            if id not in self.documents:
                raise _absent(id, self.documents)
        wanted = set(ids)
        gone = [passage for id in wanted for passage in self.documents[id].passages]
        if gone:
            self.index.delete(gone)
        self.documents = {id: held for id, held in self.documents.items() if id not in wanted}

    def search(self, question: str, k: int) -> list[Hit]:
        """The best ``k`` passages, best first; empty where the library is.

        Raises:
            OptionError: ``k`` is less than 1, or the question is no text.
        """
        return self.index.search([check_text(question)], k)[0]

    def explain(self, question: str, passage_id: str) -> Explanation:
        """Why a passage got its score.

        Raises:
            SearchIndexError: there is no such passage. OptionError: the question is no text.
        """
        return self.index.explain(check_text(question), passage_id)

    def considered(self, hit: Hit) -> Considered:
        """A hit with the place of its passage, as plain data."""
        passage = hit.passage
        return Considered(
            passage=passage.id,
            document=hit.document,
            title=passage.title,
            source=passage.source,
            location=self.location(hit.document, passage.start),
            start=passage.start,
            score=hit.score,
            parts=dict(hit.parts),
            text=passage.text,
        )

    def location(self, document: str, offset: int) -> str:
        """The page or section that holds a character of a document; empty when unknown."""
        held = self.documents.get(document)
        return "" if held is None else Document(document, "", locations=held.locations).location(offset)

    def write(self, folder: Path) -> None:
        """Write index and documents into a folder that holds nothing else."""
        manifest = {
            "index": self.kind,
            "signature": self.index.signature,
            "documents": len(self.documents),
            "max_chars": self.max_chars,
            "overlap_sentences": self.overlap_sentences,
        }
        self.index.write(folder / _INDEX)
        lines = [json.dumps(asdict(held), ensure_ascii=False) + "\n" for held in self.documents.values()]
        (folder / _DOCUMENTS).write_text("".join(lines), encoding="utf-8", errors="surrogatepass")
        write_manifest(folder, KIND, manifest)

    @classmethod
    def open(cls, path: str | Path, encoder: Encoder | None = None) -> Library:
        """Open a saved library, its index memory-mapped.

        Args:
            path: the folder, of a library or of a bare lexical or hybrid index.
            encoder: the one it was made with; needed where the index is hybrid, not used otherwise.

        Raises:
            SearchIndexError: no library, a damaged one, or one made with another analyser or encoder.
        """
        return cls._opened(path, lambda folder: cls._read(folder, encoder))

    @classmethod
    def _read(cls, folder: Path, encoder: Encoder | None) -> Library:
        kind = read_manifest(folder, verify=False)["kind"]
        if kind != KIND:
            return cls._bare(folder, kind, encoder)
        manifest = read_manifest(folder)
        library = cls(max_chars=manifest["max_chars"], overlap_sentences=manifest["overlap_sentences"])
        # The manifest lists the files of the index too: each was hashed above.
        library.index = _open_index(folder / _INDEX, manifest["index"], encoder, verify=False)
        text = (folder / _DOCUMENTS).read_text(encoding="utf-8", errors="surrogatepass")
        shelved = [Shelved.from_dict(json.loads(line)) for line in text.split("\n") if line]
        library.documents = {held.id: held for held in shelved}
        return library

    @classmethod
    def _bare(cls, folder: Path, kind: str, encoder: Encoder | None) -> Library:
        """An index that was built from passages in Python: pages and sections are unknown."""
        library = cls()
        library.index = _open_index(folder, kind, encoder, verify=True)
        for passage in library.lexical.passages:
            id = passage.document or passage.id
            held = library.documents.get(id) or Shelved(
                id, passage.title, passage.source, "unknown", (), 0, "", ()
            )
            end = max(held.characters, passage.start + len(passage.text))
            library.documents[id] = replace(held, characters=end, passages=(*held.passages, passage.id))
        return library


def saved_kind(path: str | Path) -> str:
    """What a saved library or index searches by: ``lexical``, ``dense`` or ``hybrid``.

    Raises:
        SearchIndexError: there is none, or it is damaged.
    """
    manifest, _ = read_steadily(path, lambda folder: read_manifest(folder, verify=False))
    return str(manifest["index"] if manifest["kind"] == KIND else manifest["kind"])


def needs_encoder(path: str | Path) -> bool:
    """Whether a saved library or index searches by meaning too.

    Raises:
        SearchIndexError: there is none, or it is damaged.
    """
    return saved_kind(path) == "hybrid"


def _open_index(
    path: Path, kind: str, encoder: Encoder | None, *, verify: bool
) -> LexicalIndex | HybridIndex:
    if kind == "lexical":
        return LexicalIndex.open(path, verify=verify)
    if kind != "hybrid":
        raise SearchIndexError(
            f"{path}: this kind of index cannot be asked.",
            value=kind,
            allowed="a lexical or hybrid index",
            cure="Build one: gongbang index build --docs PATH --out DIR.",
        )
    if encoder is None:
        raise OptionError(
            f"{path}: the index searches by meaning too and needs its encoder.",
            value="no encoder",
            allowed="the encoder artifact it was made with",
            cure="Name it with --encoder, or build the index anew with --no-dense.",
        )
    return HybridIndex.open(path, encoder, verify=verify)


def _free_id(document: Document, known: Mapping[str, Shelved]) -> str:
    """The id under which a document can be added: its own, or where another file has that, a numbered one."""
    id, number = document.id, 1
    while held := known.get(id):
        if held.text_hash == text_hash(document):
            raise _present(id)
        if held.source == document.source:
            raise _outdated(id, document.source)
        number += 1
        id = f"{document.id} ({number})"
    return id


def _present(id: str) -> SearchIndexError:
    return SearchIndexError(
        "the index holds this document already.",
        value=id,
        allowed="documents that are new",
        cure="Leave it out.",
    )


def _outdated(id: str, source: str) -> SearchIndexError:
    return SearchIndexError(
        "the index holds this document already, with another text.",
        value=f"{id}, from {source or 'an unnamed source'}",
        allowed="documents that are new",
        cure="If it has changed, delete the old text first: gongbang index delete --index DIR --document"
        f" {shlex.quote(id)}. If it is another file, give its full path, so that the two sources differ.",
    )


def _absent(id: str, known: Iterable[str]) -> SearchIndexError:
    from difflib import get_close_matches

    held = list(known)
    near = get_close_matches(id, held, n=1)
    return SearchIndexError(
        "the index holds no document of this id.",
        value=id,
        allowed=", ".join(held[:8]) + (f", … ({len(held)} in all)" if len(held) > 8 else ""),
        cure=f"Did you mean {near[0]!r}?" if near else "Take the id from a search hit.",
    )
