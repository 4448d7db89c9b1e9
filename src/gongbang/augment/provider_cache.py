"""A provider that is asked once: every outcome is kept in one SQLite file, by the hash of what was asked.

Rows are stored batch by batch, each batch whole or not at all, so that a run that is killed half-way goes
on where it stopped. Two processes may share the file; what was stored first is what both are given.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.hashing import bytes_hash, canonical_json
from gongbang.augment.providers import NamedProvider, Outcome, ProviderFailure
from gongbang.errors import DataError, GongbangError, OptionError

_LOG = logging.getLogger(__name__)
_FILE = "provider-cache.sqlite3"
_WAIT = 60.0  # seconds for another process to finish its batch
_KEYS = 500  # looked up at once; SQLite takes 999 in old builds
_TABLE = """
CREATE TABLE IF NOT EXISTS outcomes (
  key TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  text TEXT,
  reason TEXT,
  attempts INTEGER NOT NULL,
  CHECK ((text IS NULL) <> (reason IS NULL))
) WITHOUT ROWID
"""
# Who was asked: the key of an outcome is a hash and does not tell.
_PROVIDERS = "CREATE TABLE IF NOT EXISTS providers (identity TEXT PRIMARY KEY) WITHOUT ROWID"
# A text once stored stays, so that all who share the file hold the same one; only a failure is replaced.
_STORE = """
INSERT INTO outcomes (key, provider, text, reason, attempts) VALUES (?, ?, ?, ?, 1)
ON CONFLICT (key) DO UPDATE SET text = excluded.text, reason = excluded.reason, attempts = attempts + 1
WHERE outcomes.text IS NULL
"""

_Row = tuple[str, ...]  # the texts of one request


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a call would cost before it is made.

    ``rows`` and ``characters`` count all that is wanted. ``rows_to_ask`` and ``characters_to_ask`` would go
    to the provider, equal rows once. ``cached_rows`` need nobody: texts at hand, failures that are not
    tried again, and blank rows.
    """

    rows: int
    characters: int
    cached_rows: int
    rows_to_ask: int
    characters_to_ask: int

    @property
    def cached_share(self) -> float:
        """The share of the rows that is at hand; 1 of no rows."""
        return self.cached_rows / self.rows if self.rows else 1.0


class CachedProvider:
    """A translator or question generator with a memory.

    Args:
        provider: what is asked; its name, version and options are part of every key.
        folder: where the file lies (or the file itself); made where it is not there.
        batch: rows asked and stored at once; what a kill may lose.
        attempts: how often a failed row is asked in all, over all calls; then its failure stands.
        ask: False where only what is stored counts: other rows are failures, nobody is asked, and the file
            is not written.

    Raises:
        OptionError: a batch or attempts below 1, or options that are not plain JSON.
        DataError: the file is there and is no such cache, or is not there and nobody may be asked.

    Example:
        >>> import tempfile
        >>> class Upper:
        ...     name, version, options, asked = "upper", "1", {}, 0
        ...     def translate(self, texts, source, target):
        ...         self.asked += len(texts)
        ...         return [text.upper() for text in texts]
        >>> upper = Upper()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     cached = CachedProvider(upper, folder)
        ...     cached.translate(["a", "b", "a"], "en", "ko"), cached.translate(["b"], "en", "ko")
        (['A', 'B', 'A'], ['B'])
        >>> upper.asked
        2
    """

    def __init__(
        self, provider: Any, folder: str | Path, *, batch: int = 32, attempts: int = 3, ask: bool = True
    ) -> None:
        for name, value in (("batch", batch), ("attempts", attempts)):
            if value < 1:
                raise OptionError(
                    f"{name} is too small.", value=value, allowed="1 or more", cure=f"Raise {name}."
                )
        self.provider = provider
        self.batch, self.attempts, self.ask = batch, attempts, ask
        self.path = cache_file(folder)
        self._identity = {"name": self.name, "version": self.version, "options": dict(self.options)}
        identity = canonical_json(self._identity)  # refuses what no key could be made of
        if not ask:
            _require(self.path)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _opened(self.path) as file:
            file.execute(_TABLE)
            file.execute(_PROVIDERS)
            file.execute("INSERT OR IGNORE INTO providers (identity) VALUES (?)", (identity,))

    @property
    def name(self) -> str:
        return str(self.provider.name)

    @property
    def version(self) -> str:
        return str(self.provider.version)

    @property
    def options(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.provider.options
        return found

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Outcome]:
        """One outcome a text, in order; a blank text is a failure and asked of nobody."""
        return self._all("translate", (source, target), [(text,) for text in texts])

    def generate(self, contexts: Sequence[str], answers: Sequence[str]) -> list[Outcome]:
        """One question for each context and answer, in order."""
        return self._all("generate", (), _pairs(contexts, answers))

    def estimate_translation(self, texts: Sequence[str], source: str, target: str) -> Estimate:
        """What :meth:`translate` would cost; nothing is asked."""
        return self._estimate("translate", (source, target), [(text,) for text in texts])

    def estimate_questions(self, contexts: Sequence[str], answers: Sequence[str]) -> Estimate:
        """What :meth:`generate` would cost; nothing is asked."""
        return self._estimate("generate", (), _pairs(contexts, answers))

    def _all(self, verb: str, arguments: _Row, rows: Sequence[_Row]) -> list[Outcome]:
        keys = {row: self._key(verb, arguments, row) for row in rows if _worth_asking(row)}
        known, to_ask = (self._read(list(keys.values())), []) if not self.ask else self._known(keys)
        for start in range(0, len(to_ask), self.batch):
            batch = to_ask[start : start + self.batch]
            outcomes = self._ask(verb, arguments, batch)
            self._store([(keys[row], outcome) for row, outcome in zip(batch, outcomes, strict=True)])
            _LOG.info("%s: %d of %d rows asked", self.name, min(start + self.batch, len(to_ask)), len(to_ask))
        # Read back, not remembered: another process may have stored its text first.
        known |= self._read([keys[row] for row in to_ask])
        blank = ProviderFailure("the input is blank")
        absent: tuple[Outcome, int] = (ProviderFailure("no outcome is stored for it"), 0)
        return [known.get(keys[row], absent)[0] if row in keys else blank for row in rows]

    def _estimate(self, verb: str, arguments: _Row, rows: Sequence[_Row]) -> Estimate:
        keys = {row: self._key(verb, arguments, row) for row in rows if _worth_asking(row)}
        _, to_ask = self._known(keys)
        asked = set(to_ask)
        size = sum(len(text) for row in rows for text in row)
        at_hand = sum(row not in asked for row in rows)
        return Estimate(len(rows), size, at_hand, len(asked), sum(len(t) for row in asked for t in row))

    def _key(self, verb: str, arguments: _Row, row: _Row) -> str:
        asked = {**self._identity, "verb": verb, "arguments": list(arguments), "row": list(row)}
        return bytes_hash(canonical_json(asked).encode("utf-8", "surrogatepass"))

    def _known(self, keys: Mapping[_Row, str]) -> tuple[dict[str, tuple[Outcome, int]], list[_Row]]:
        """What is stored and stands, and the rows that the provider must be asked for."""
        stored = self._read(list(keys.values()))
        stands = {
            key: (outcome, tries)
            for key, (outcome, tries) in stored.items()
            if isinstance(outcome, str) or tries >= self.attempts
        }
        return stands, [row for row, key in keys.items() if key not in stands]

    def _ask(self, verb: str, arguments: _Row, rows: Sequence[_Row]) -> list[Outcome]:
        columns = [list(column) for column in zip(*rows, strict=True)]
        try:
            outcomes = list(getattr(self.provider, verb)(*columns, *arguments))
            if len(outcomes) != len(rows):
                raise ValueError(f"{len(outcomes)} outcomes for {len(rows)} rows")
        except (AttributeError, TypeError, ImportError, GongbangError):
            raise  # the provider is not what it should be, and no other row would fare better
        except Exception as err:
            if len(rows) > 1:  # one row must not cost the others
                return [outcome for row in rows for outcome in self._ask(verb, arguments, [row])]
            _LOG.warning("%s failed on a row: %s: %s", self.name, type(err).__name__, err)
            return [_checked(ProviderFailure(f"{type(err).__name__}: {err}"))]
        return [_checked(outcome) for outcome in outcomes]

    def _read(self, keys: Sequence[str]) -> dict[str, tuple[Outcome, int]]:
        found: dict[str, tuple[Outcome, int]] = {}
        with _opened(self.path) as file:
            for start in range(0, len(keys), _KEYS):
                part = keys[start : start + _KEYS]
                marks = ", ".join("?" * len(part))
                query = f"SELECT key, text, reason, attempts FROM outcomes WHERE key IN ({marks})"
                for key, text, reason, attempts in file.execute(query, part):
                    found[key] = (ProviderFailure(reason) if text is None else text, attempts)
        return found

    def _store(self, outcomes: Sequence[tuple[str, Outcome]]) -> None:
        rows = [
            (key, self.name, *((None, out.reason) if isinstance(out, ProviderFailure) else (out, None)))
            for key, out in outcomes
        ]
        with _opened(self.path) as file:
            file.executemany(_STORE, rows)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one step, committed at its end: no lock outlives a step, no thread shares one."""
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT)) as file, file:
            yield file
    except sqlite3.DatabaseError as err:
        busy = isinstance(err, sqlite3.OperationalError)  # locked, full or read-only: the file is sound
        raise DataError(
            "the cache of a provider cannot be used.",
            value=str(err),
            allowed="a file that this cache made, on a disk with room, that others leave free",
            cure="Wait for the other process, or make room; then go on, nothing stored is lost."
            if busy
            else "Move the file away, or name another folder; what it held must be asked for again.",
            path=path,
        ) from err


def cache_file(place: str | Path) -> Path:
    """The file of a cache that is named by its folder, or by the file itself."""
    path = Path(place)
    return path if path.is_file() else path / _FILE


def stored_provider(place: str | Path, name: str | None = None) -> CachedProvider:
    """What a cache holds of a provider, for places where nobody is asked: a recipe names the file.

    Args:
        place: the folder of the cache, or its file.
        name: of the provider, where the cache holds the outcomes of several.

    Raises:
        DataError: there is no such cache.
        OptionError: it does not hold the outcomes of exactly one such provider.
    """
    path = cache_file(place)
    _require(path)
    with _opened(path) as file:
        told = file.execute("SELECT 1 FROM sqlite_master WHERE name = 'providers'").fetchone()
        rows = file.execute("SELECT identity FROM providers ORDER BY identity").fetchall() if told else []
    known = [json.loads(identity) for (identity,) in rows]
    found = [one for one in known if name is None or one["name"] == name]
    if len(found) != 1:
        raise OptionError(
            "the cache does not say whose outcomes are meant.",
            value=f"{len(found)} providers" + (f" of the name '{name}'" if name else ""),
            allowed=", ".join(f"{one['name']} {one['version']}" for one in known) or "one that was asked",
            cure="Name one of them, or keep the outcomes of one provider in a folder of its own."
            if known
            else "Open the cache with its provider once: CachedProvider(provider, folder).",
        )
    return CachedProvider(NamedProvider(**found[0]), path, ask=False)


def _require(path: Path) -> None:
    if not path.is_file():
        raise DataError(
            "there is no cache of a provider.",
            value=str(path),
            allowed=f"a folder with the file {_FILE}, or that file",
            cure="Fill it first: back_translate(records, CachedProvider(provider, folder), pivot).",
            path=path,
        )


def _pairs(contexts: Sequence[str], answers: Sequence[str]) -> list[_Row]:
    if len(contexts) != len(answers):
        raise OptionError(
            "there is not one answer a context.",
            value=f"{len(contexts)} contexts, {len(answers)} answers",
            allowed="equal lengths, in the same order",
            cure="Pass each context with its answer.",
        )
    return list(zip(contexts, answers, strict=True))


def _worth_asking(row: _Row) -> bool:
    return all(text.strip() for text in row)


def _checked(outcome: object) -> Outcome:
    """An outcome that can be trusted: words, or a failure with a reason."""
    if isinstance(outcome, ProviderFailure):
        reason = outcome.reason.encode("utf-8", "replace").decode("utf-8").strip()
        return ProviderFailure(reason or "no reason given")
    if not isinstance(outcome, str):
        return ProviderFailure(f"the output is no text but {type(outcome).__name__}")
    if not outcome.strip():
        return ProviderFailure("the output is empty")
    try:
        outcome.encode("utf-8")
    except UnicodeEncodeError:
        return ProviderFailure("the output is no valid Unicode")
    return outcome
