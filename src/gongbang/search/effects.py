"""Which options of an analyser do anything at all on the texts at hand.

An option that changes no token is not wrong, but somebody who set it believes that it works. (A stemmer
for English, a stop list with a typing error, a dictionary word that is never read: none of them fails.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gongbang.search.analysis import AnalysisConfig, SearchAnalyser

_DEFAULT = AnalysisConfig()


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


def effects(analyser: SearchAnalyser, texts: Sequence[str]) -> tuple[OptionEffect, ...]:
    """The effect of every option that is switched on, over a sample of texts.

    Args:
        analyser: the analyser to try. texts: the sample; a hundred passages and as many questions do.

    Example:
        >>> analyser = SearchAnalyser(AnalysisConfig(kinds=("whitespace",), stop_words=("the", "teh")))
        >>> [e.value for e in effects(analyser, ["the house"]) if e.silent and e.chosen]
        ['teh']
    """
    config = analyser.config
    clean = [analyser.normalise(text) for text in texts]
    tokens = list(analyser.many(texts))
    found = [_by_tokens("kinds", kind, [{t.kind for t in row} for row in tokens]) for kind in config.kinds]
    found += [_step(step, config, texts, clean) for step in config.steps]
    if config.lower:
        found.append(_without("lower", "true", analyser, replace(config, lower=False), texts))
    if config.stop_words:
        unstopped = SearchAnalyser(replace(config, stop_words=()), analyser._kiwi).many(texts)
        spoken = [{t.text for t in row} for row in unstopped]
        found += [_by_tokens("stop_words", word, spoken) for word in config.stop_words]
    if config.user_words:
        found += _user_words(analyser, texts)
    return tuple(found)


def _by_tokens(option: str, value: str, found: Sequence[set[str]]) -> OptionEffect:
    changed = sum(value in row for row in found)
    return OptionEffect(option, value, changed, option != "kinds" or value not in _DEFAULT.kinds)


def _step(step: str, config: AnalysisConfig, texts: Sequence[str], clean: Sequence[str]) -> OptionEffect:
    steps = tuple(name for name in config.steps if name != step)
    other = SearchAnalyser(AnalysisConfig(kinds=("whitespace",), steps=steps))
    changed = sum(other.normalise(text) != done for text, done in zip(texts, clean, strict=True))
    return OptionEffect("steps", step, changed, step not in _DEFAULT.steps)


def _without(
    option: str, value: str, analyser: SearchAnalyser, config: AnalysisConfig, texts: Sequence[str]
) -> OptionEffect:
    other = SearchAnalyser(config, analyser._kiwi)
    changed = sum(a != b for a, b in zip(analyser.many(texts), other.many(texts), strict=True))
    return OptionEffect(
        option, value, changed, getattr(config, option) == getattr(_DEFAULT, option)
    )  # ``config`` has it off


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
