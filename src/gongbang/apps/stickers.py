"""Stickers for an emotion: from probabilities of emotions to pictures of a catalogue, with the reason.

A sticker is worth what its keywords share with the likely emotions. Those that are shown together differ
(maximal marginal relevance, Carbonell & Goldstein 1998), none comes back within the last turns, and grief and
anger are answered with care: consolation alone for the one, neither mirth nor aggression for the other.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.apps.sticker_words import AGGRESSION, ANGER, CALMING, CONSOLING, EMOTION_WORDS, GRIEF, MIRTH
from gongbang.data.textfile import read_text
from gongbang.errors import DataError, OptionError

_CARE = 0.3  # probability of grief or anger from which on it is answered with care
_NOVELTY = 0.7  # share of a sticker's worth that it loses where it is the twin of one already chosen
_LEAST = 1e-3  # the worth of a sticker that only consoles or calms
_NAMED = 1.0  # an emotion's word that is one of the keywords
_WITHIN = 0.5  # one that only stands within the name or a keyword


@dataclass(frozen=True, slots=True)
class Sticker:
    """One picture of a catalogue.

    Attributes:
        id: by which it is known.
        name: what it shows, in Korean.
        keywords: words that describe it.
        picture: its file, or the sign itself.
    """

    id: str
    name: str
    keywords: tuple[str, ...] = ()
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A sticker, its worth in [0, 1], and why it was chosen."""

    sticker: Sticker
    score: float
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        sticker = self.sticker
        shown = {"id": sticker.id, "name": sticker.name, "picture": sticker.picture}
        return {**shown, "score": self.score, "reason": self.reason}


@dataclass(frozen=True)
class StickerCatalogue:
    """Stickers, and what each is worth for each emotion.

    Args:
        stickers: with unique ids.
        words: emotion to the words that show it.

    Example:
        >>> shown = StickerCatalogue((Sticker("a", "우는 얼굴", ("눈물",)), Sticker("b", "폭죽", ("축하",))))
        >>> [row.sticker.id for row in StickerPicker(shown).pick({"슬픔": 0.9, "기쁨": 0.05}, k=1)]
        ['a']
    """

    stickers: tuple[Sticker, ...]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: EMOTION_WORDS)

    def __post_init__(self) -> None:
        ids = [sticker.id for sticker in self.stickers]
        if not ids or len(set(ids)) < len(ids):
            raise DataError(
                "the catalogue has no stickers." if not ids else "two stickers have one id.",
                value=next((id for id in ids if ids.count(id) > 1), "empty"),
                allowed="one sticker or more, each with an id of its own",
                cure="Mend the catalogue's file.",
                field="id",
            )

    @classmethod
    def read(cls, path: str | Path) -> StickerCatalogue:
        """A catalogue of JSON lines: ``id``, ``name``, ``keywords``, ``picture``, or emojibase's own names.

        Raises:
            DataError: the file is missing, or a line is no sticker.
        """
        rows = []
        for number, line in enumerate(read_text(Path(path)).split("\n"), 1):
            if line.strip():
                rows.append(_sticker(_parsed(line), path, number))
        return cls(tuple(rows))

    @cached_property
    def worth(self) -> NDArray[np.float64]:
        """(emotions, stickers) how well each sticker shows each emotion, the best of an emotion being 1."""
        table = np.array(
            [[_likeness(sticker, words) for sticker in self.stickers] for words in self.words.values()]
        )
        best = table.max(axis=1, keepdims=True)
        return np.asarray(np.divide(table, best, out=np.zeros_like(table), where=best > 0))

    @cached_property
    def emotions(self) -> tuple[str, ...]:
        """The emotions that it knows words for."""
        return tuple(self.words)

    def holding(self, words: Sequence[str]) -> NDArray[np.bool_]:
        """(stickers,) whether a name or keyword of each holds one of the words."""
        return np.array([_likeness(sticker, words) > 0 for sticker in self.stickers])


@dataclass(slots=True)
class StickerPicker:
    """Picks stickers for one conversation, turn by turn.

    Args:
        catalogue: to pick from.
        turns: turns within which no sticker comes back.

    Raises:
        OptionError: ``turns`` is negative.
    """

    catalogue: StickerCatalogue
    turns: int = 5
    _shown: deque[frozenset[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.turns < 0:
            raise OptionError(
                "a number of turns is not negative.",
                value=self.turns,
                allowed="0 or more",
                cure="Pass turns=5.",
            )
        self._shown = deque(maxlen=self.turns)

    def pick(self, emotions: Mapping[str, float], k: int = 3) -> list[Recommendation]:
        """The stickers of this turn, best first; fewer than ``k`` where no more fit.

        Args:
            emotions: probability by name, such as the candidates of an emotion artifact's prediction.
            k: how many at most.

        Raises:
            OptionError: ``k`` below 1, or no emotion that the catalogue knows.
        """
        shares = self._shares(emotions, k)
        parts = shares[:, None] * self.catalogue.worth  # (emotions, stickers)
        allowed, rule = self._care(emotions)
        scores = np.where(allowed & self._fresh(), parts.sum(axis=0), 0.0)
        if rule and not scores.any():  # what consoles or calms need not show the emotion itself
            kind = self.catalogue.holding(CONSOLING if rule == "grief" else CALMING)
            scores = np.where(allowed & kind & self._fresh(), _LEAST, 0.0)
        found = []
        for at in self._diverse(scores, k):
            found.append(
                Recommendation(
                    self.catalogue.stickers[at], float(scores[at]), self._reason(parts[:, at], rule)
                )
            )
        self._shown.append(frozenset(row.sticker.id for row in found))
        return found

    def _shares(self, emotions: Mapping[str, float], k: int) -> NDArray[np.float64]:
        shares = np.array([float(emotions.get(name, 0.0)) for name in self.catalogue.emotions])
        if k < 1 or not shares.any():
            raise OptionError(
                "there is nothing to pick by.",
                value=f"k={k}, {', '.join(emotions) or 'no emotions'}",
                allowed=f"k of 1 or more, and probabilities of {', '.join(self.catalogue.emotions[:6])}, …",
                cure="Pass the probabilities that an emotion artifact gives.",
            )
        return np.asarray(shares / shares.sum())

    def _care(self, emotions: Mapping[str, float]) -> tuple[NDArray[np.bool_], str]:
        """(stickers,) which may be shown, and the rule that says so."""
        grief = max((emotions.get(name, 0.0) for name in GRIEF), default=0.0)
        anger = max((emotions.get(name, 0.0) for name in ANGER), default=0.0)
        holding = self.catalogue.holding
        if max(grief, anger) < _CARE:
            return np.ones(len(self.catalogue.stickers), dtype=bool), ""
        if grief >= anger:
            return holding(CONSOLING) & ~holding(MIRTH) & ~holding(AGGRESSION), "grief"
        return ~holding(MIRTH) & ~holding(AGGRESSION), "anger"

    def _fresh(self) -> NDArray[np.bool_]:
        """(stickers,) whether each was not shown within the last turns."""
        seen = frozenset().union(*self._shown)
        return np.array([sticker.id not in seen for sticker in self.catalogue.stickers])

    def _diverse(self, scores: NDArray[np.float64], k: int) -> list[int]:
        """The best stickers whose keywords differ."""
        chosen: list[int] = []
        while len(chosen) < k:
            worth = scores.copy()
            for at in chosen:
                worth *= 1.0 - _NOVELTY * self._twins(at)
                worth[at] = 0.0
            best = int(worth.argmax())
            if worth[best] <= 0:
                break
            chosen.append(best)
        return chosen

    def _twins(self, at: int) -> NDArray[np.float64]:
        """(stickers,) Jaccard similarity of each sticker's keywords to one's."""
        own = set(self.catalogue.stickers[at].keywords)
        return np.array(
            [
                len(own & set(other.keywords)) / max(1, len(own | set(other.keywords)))
                for other in self.catalogue.stickers
            ]
        )

    def _reason(self, parts: NDArray[np.float64], rule: str) -> str:
        """The emotions that brought a sticker up, and the rule that let it through."""
        order = np.argsort(-parts, kind="stable")[:2]
        names = [self.catalogue.emotions[at] for at in order if parts[at] > 0]
        why = " · ".join(names) or {"grief": "위로", "anger": "진정"}.get(rule, "")
        return why + {"grief": " (슬픔에는 위로만)", "anger": " (화난 이에게 장난은 없이)"}.get(rule, "")


def _likeness(sticker: Sticker, words: Sequence[str]) -> float:
    """How many of the words describe a sticker, those within another word for half."""
    texts = (sticker.name, *sticker.keywords)
    total = 0.0
    for word in words:
        if word in sticker.keywords:
            total += _NAMED
        elif any(_begins(word, text) for text in texts):
            total += _WITHIN
    return total


def _begins(word: str, text: str) -> bool:
    """Whether the text or one of its words begins with the word: "화난" does with "화", "평화" does not."""
    return text.startswith(word) or any(part.startswith(word) for part in text.split())


def _parsed(line: str) -> Any:
    """What a line of JSON says; the line itself where it is none."""
    try:
        return json.loads(line)
    except ValueError:
        return line


def _sticker(row: Any, path: str | Path, line: int) -> Sticker:
    try:
        if "hexcode" in row:
            return Sticker(row["hexcode"], row["ko"], tuple(row.get("ko_tags", ())), row.get("emoji", ""))
        return Sticker(
            str(row["id"]),
            str(row["name"]),
            tuple(map(str, row.get("keywords", ()))),
            str(row.get("picture", "")),
        )
    except (KeyError, TypeError) as err:
        raise DataError(
            "the line is no sticker.",
            value=str(row)[:120],
            allowed='{"id": ..., "name": ..., "keywords": [...], "picture": ...}',
            cure="Give each sticker an id and a name.",
            path=path,
            line=line,
        ) from err
