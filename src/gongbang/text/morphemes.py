"""Korean morphemes from Kiwi, cached, with the words of the house."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from gongbang.errors import DataError, MissingExtraError, OptionError

_ALL_TAGS = (
    "NNG NNP NNB NR NP VV VA VX VCP VCN MM MAG MAJ IC JKS JKC JKG JKO JKB JKV JKQ JX JC EP EF EC ETN ETM"
    " XPN XSN XSV XSA XSM XR SF SP SS SSO SSC SE SO SW SB SL SH SN"
)
TAGS = frozenset(_ALL_TAGS.split())
"""The tags a word of one's own may have (Sejong, with Kiwi's extensions)."""

_MEANING = "NNG NNP NNB NR VV VA XR SL SH SN W_SERIAL W_URL W_EMAIL W_HASHTAG W_MENTION"
CONTENT_TAGS = frozenset(_MEANING.split())
"""What carries meaning in a search: nouns, verb and adjective stems, roots, foreign words, Hanja, numbers."""

_SURROGATES = dict.fromkeys(range(55296, 57344), "�")


@dataclass(frozen=True, slots=True)
class Morpheme:
    """A morpheme in its dictionary form, its tag, and the characters ``[start, end)`` it was read from.

    Morphemes that share a syllable share its character: 했 is 하 + 었, both at the same place.
    """

    form: str
    tag: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class UserWord:
    """A word Kiwi should know; a higher score wins over other readings.

    Raises:
        OptionError: the word is empty or the tag unknown.

    Example:
        >>> UserWord("가거도항").tag
        'NNP'
    """

    word: str
    tag: str = "NNP"
    score: float = 0.0

    def __post_init__(self) -> None:
        if not self.word.strip():
            raise OptionError("a user word is empty.", value=self.word, allowed="a word", cure="Drop it.")
        if self.tag not in TAGS:
            raise OptionError(
                f"the user word '{self.word}' has an unknown tag.",
                value=self.tag,
                allowed=", ".join(sorted(TAGS)),
                cure="Take NNP for names, NNG for other nouns.",
            )


class Analyser:
    """Kiwi behind a cache; loaded at the first use (about a second), safe to share between threads.

    Kiwi does not know decomposed Hangul (NFD): apply the step ``nfkc`` of a Normaliser first.

    Args:
        user_words: words, or :class:`UserWord` with tag and score; a plain word is a proper noun.
        user_dictionary: a file of words, see :func:`read_user_dictionary`.
        cache_size: how many texts' analyses are kept, least recently used dropped first; 0 keeps none.
        num_workers: threads for :meth:`analyse_many`; None takes every core.

    Raises:
        DataError: the dictionary cannot be read, with file and line.
        OptionError: a user word or an option cannot be used.
        MissingExtraError: kiwipiepy is not installed (at the first use).

    Example:
        >>> analyser = Analyser(user_words=["가거도항"])
        >>> [(m.form, m.tag, m.start, m.end) for m in analyser.analyse("가거도항에서")]
        [('가거도항', 'NNP', 0, 4), ('에서', 'JKB', 4, 6)]
    """

    def __init__(
        self,
        user_words: Iterable[str | UserWord] = (),
        user_dictionary: str | Path | None = None,
        cache_size: int = 2048,
        num_workers: int | None = None,
    ) -> None:
        _check_count("cache_size", cache_size, 0)
        if num_workers is not None:
            _check_count("num_workers", num_workers, 1)
        words = [word if isinstance(word, UserWord) else UserWord(word) for word in user_words]
        if user_dictionary is not None:
            words += read_user_dictionary(user_dictionary)
        self.user_words = tuple(words)
        self._cache_size = cache_size
        self._num_workers = num_workers
        self._cache: OrderedDict[str, tuple[Morpheme, ...]] = OrderedDict()
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._loaded: Any = None

    def analyse(self, text: str) -> tuple[Morpheme, ...]:
        """The morphemes of a text, in order; offsets count characters of ``text``."""
        known = self._recall(text)
        if known is not None:
            return known
        return self._remember(text, _morphemes(self._kiwi().tokenize(_encodable(text))))

    def analyse_many(self, texts: Sequence[str]) -> list[tuple[Morpheme, ...]]:
        """Analyse many texts at once, on ``num_workers`` threads.

        More texts than the cache holds pass by it: they would only push out what is in it.
        """
        known = {text: self._recall(text) for text in dict.fromkeys(texts)}
        missing = [text for text, morphemes in known.items() if morphemes is None]
        keep = len(missing) <= self._cache_size
        results = self._kiwi().tokenize([_encodable(text) for text in missing]) if missing else ()
        fresh: dict[str, tuple[Morpheme, ...]] = {}
        for text, tokens in zip(missing, results, strict=True):
            morphemes = _morphemes(tokens)
            fresh[text] = self._remember(text, morphemes) if keep else morphemes
        return [known[text] or fresh.get(text, ()) for text in texts]

    def sentence_spans(self, text: str) -> list[tuple[int, int]]:
        """Kiwi's own sentence borders, also where no mark ends a sentence."""
        spans = ((s.start, s.end) for s in self._kiwi().split_into_sents(_encodable(text)))
        return [(start, end) for start, end in spans if start < end]

    def explain(self, text: str) -> list[dict[str, Any]]:
        """Each morpheme with the characters it was read from, and whether search would use it.

        Example:
            >>> Analyser().explain("책을")[0]
            {'form': '책', 'tag': 'NNG', 'start': 0, 'end': 1, 'surface': '책', 'content': True}
        """
        return [
            asdict(m) | {"surface": text[m.start : m.end], "content": m.tag in CONTENT_TAGS}
            for m in self.analyse(text)
        ]

    def signature(self) -> str:
        """A hash of everything that changes an analysis: Kiwi, its model, and the words added."""
        parts = {
            "kiwipiepy": _version("kiwipiepy"),
            "model": _version("kiwipiepy_model"),
            "tags": "without conjugation class",
            "user_words": [asdict(word) for word in self.user_words],
        }
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    def _kiwi(self) -> Any:
        if self._loaded is None:
            with self._loading:
                if self._loaded is None:
                    self._loaded = self._load()
        return self._loaded

    def _load(self) -> Any:
        try:
            from kiwipiepy import Kiwi
        except ImportError as err:
            raise MissingExtraError("kiwipiepy", extra="", purpose="Korean analysis") from err
        kiwi = Kiwi(num_workers=self._num_workers)
        for word in self.user_words:
            kiwi.add_user_word(word.word, word.tag, word.score)
        return kiwi

    def _recall(self, text: str) -> tuple[Morpheme, ...] | None:
        with self._lock:
            known = self._cache.get(text)
            if known is not None:
                self._cache.move_to_end(text)
            return known

    def _remember(self, text: str, morphemes: tuple[Morpheme, ...]) -> tuple[Morpheme, ...]:
        if self._cache_size:
            with self._lock:
                self._cache[text] = morphemes
                self._cache.move_to_end(text)
                while len(self._cache) > self._cache_size:
                    self._cache.popitem(last=False)
        return morphemes


@lru_cache(maxsize=4)
def shared_analyser(user_words: tuple[tuple[str, str, float], ...] = ()) -> Analyser:
    """One analyser for all who want the same user words: loading Kiwi takes a second and 200 MB.

    Args:
        user_words: form, tag and score of each.
    """
    return Analyser(user_words=[UserWord(*word) for word in user_words])


def content_morphemes(
    morphemes: Iterable[Morpheme], tags: frozenset[str] = CONTENT_TAGS
) -> tuple[Morpheme, ...]:
    """Those that carry meaning; particles, endings, marks and helping verbs fall away.

    Example:
        >>> [m.form for m in content_morphemes(Analyser().analyse("서울에서 3번 읽었다"))]
        ['서울', '3', '번', '읽']
    """
    return tuple(m for m in morphemes if m.tag in tags)


def read_user_dictionary(path: str | Path) -> list[UserWord]:
    """Read ``word<TAB>tag[<TAB>score]`` a line, UTF-8; empty lines and lines that start with # are skipped.

    Raises:
        DataError: the file is missing or not UTF-8, or a line cannot be used; with file and line.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise DataError(
            "the user dictionary cannot be read.",
            value=str(err),
            allowed="a UTF-8 text file",
            cure="Check the path, and save the file as UTF-8.",
            path=path,
        ) from err
    rows = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    return [_user_word(line, path, number) for number, line in rows if not line.startswith("#")]


def _user_word(line: str, path: Path, number: int) -> UserWord:
    cells = [cell.strip() for cell in line.split("\t")]
    try:
        if len(cells) not in (2, 3):
            raise ValueError(f"{len(cells)} columns")
        return UserWord(cells[0], cells[1], float(cells[2]) if len(cells) == 3 else 0.0)
    except (ValueError, OptionError) as err:
        raise DataError(
            err.what if isinstance(err, OptionError) else f"a dictionary line cannot be used: {err}.",
            value=line,
            allowed="word<TAB>tag, or word<TAB>tag<TAB>score, with a Sejong tag such as NNP",
            cure="Correct the line, or start it with # to skip it.",
            path=path,
            line=number,
        ) from err


def _morphemes(tokens: Iterable[Any]) -> tuple[Morpheme, ...]:
    """Kiwi marks conjugation classes (VA-I); search and rules want the plain tag."""
    return tuple(Morpheme(t.form, t.tag.partition("-")[0], t.start, t.start + t.len) for t in tokens)


def _encodable(text: str) -> str:
    """Half a surrogate pair cannot be encoded; one sign for another, so that offsets stay."""
    return text.translate(_SURROGATES) if any("\ud800" <= c <= "\udfff" for c in text) else text


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def _check_count(name: str, value: int, least: int) -> None:
    if value < least:
        raise OptionError(
            f"'{name}' is too small.", value=value, allowed=f"{least} or more", cure=f"Pass {name}={least}."
        )
