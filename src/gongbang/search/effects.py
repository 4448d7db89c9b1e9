"""Which options of an analyser do anything at all on the texts at hand.

An option that changes no token is not wrong, but somebody who set it believes that it works. (A stemmer
for English, a stop list with a typing error, a dictionary word that is never read: none of them fails.)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gongbang.search.analysis import AnalysisConfig, SearchAnalyser
from gongbang.search.bm25 import LexicalOptions

_DEFAULT = AnalysisConfig()
_DEFAULTS = {"kinds": _DEFAULT.kinds, "tags": _DEFAULT.tags, "boost_tags": LexicalOptions().boost_tags}


@dataclass(frozen=True, slots=True)
class OptionEffect:
    """Whether leaving one option out changes a token of the sample.

    ``chosen`` is False for what the default configuration has too: nobody asked for it, so its silence is
    worth a line in a report and no warning.
    """

    option: str
    value: str
    changed: int
    """Number of texts of the sample whose tokens differ without the option."""
    chosen: bool

    @property
    def silent(self) -> bool:
        return self.changed == 0

    def to_dict(self) -> dict[str, Any]:
        return {"option": self.option, "value": self.value, "changed": self.changed, "chosen": self.chosen}


def effects(
    analyser: SearchAnalyser, texts: Sequence[str], boost_tags: Sequence[str] = ()
) -> tuple[OptionEffect, ...]:
    """The effect of every option that is switched on, over a sample of texts.

    Args:
        analyser: the analyser to try. texts: the sample; a hundred passages and as many questions do.
        boost_tags: tags whose tokens count more, see :class:`~gongbang.search.bm25.LexicalOptions`.

    Example:
        >>> analyser = SearchAnalyser(AnalysisConfig(kinds=("whitespace",), stop_words=("the", "teh")))
        >>> [e.value for e in effects(analyser, ["the house"]) if e.silent and e.chosen]
        ['teh']
    """
    config = analyser.config
    tokens = list(analyser.many(texts))
    tags, boosted = analyser.tags(texts), [{token.tag for token in row} for row in tokens]
    found = [_by_tokens("kinds", kind, [{t.kind for t in row} for row in tokens]) for kind in config.kinds]
    found += [_by_tokens("tags", tag, tags) for tag in config.tags]
    found += [_by_tokens("boost_tags", tag, boosted) for tag in boost_tags]
    found += [_step(step, analyser, texts) for step in config.steps]
    if config.lower:
        found.append(_without("lower", "true", analyser, replace(config, lower=False), texts))
    if config.stop_words:
        unstopped = SearchAnalyser(replace(config, stop_words=()), analyser._kiwi).many(texts)
        spoken = [{t.text for t in row} for row in unstopped]
        found += [_by_tokens("stop_words", word, spoken) for word in config.stop_words]
    if config.user_words:
        found += _user_words(analyser, texts)
    return tuple(found)


def _by_tokens(option: str, value: str, found: Sequence[Collection[str]]) -> OptionEffect:
    changed = sum(value in row for row in found)
    return OptionEffect(option, value, changed, value not in _DEFAULTS.get(option, ()))


def _step(step: str, analyser: SearchAnalyser, texts: Sequence[str]) -> OptionEffect:
    """A step works where it changes a token; that it changes the text is not enough."""
    config = analyser.config
    other = SearchAnalyser(
        replace(config, steps=tuple(name for name in config.steps if name != step)), analyser._kiwi
    )
    touched = [text for text in texts if other.normalise(text) != analyser.normalise(text)]
    return OptionEffect("steps", step, _differing(analyser, other, touched), step not in _DEFAULT.steps)


def _without(
    option: str, value: str, analyser: SearchAnalyser, config: AnalysisConfig, texts: Sequence[str]
) -> OptionEffect:
    other = SearchAnalyser(config, analyser._kiwi)
    changed = _differing(analyser, other, texts)
    return OptionEffect(
        option, value, changed, getattr(config, option) == getattr(_DEFAULT, option)
    )  # ``config`` has it off


def _differing(one: SearchAnalyser, other: SearchAnalyser, texts: Sequence[str]) -> int:
    return sum(a != b for a, b in zip(one.many(texts), other.many(texts), strict=True))


def _user_words(analyser: SearchAnalyser, texts: Sequence[str]) -> list[OptionEffect]:
    """A user word works where it comes out as a morpheme, or with a tag, that it would not have without."""
    bare = SearchAnalyser(replace(analyser.config, user_words=()))
    changed = [
        {t.text for t in set(a) - set(b) if t.kind == "morphemes"}
        for a, b in zip(analyser.many(texts), bare.many(texts), strict=True)
    ]
    fold = str.lower if analyser.config.lower else str
    return [
        OptionEffect("user_words", word, sum(fold(word) in new for new in changed), True)
        for word, _, _ in analyser.config.user_words
    ]
