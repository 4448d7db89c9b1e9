"""Filters that judge each made record by itself or beside its original."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from gongbang.augment.filters import Verdict
from gongbang.augment.origins import (
    TEXTS,
    by_id,
    check_share,
    named_texts,
    origin_of,
    plain_text,
    target_of,
    texts_of,
)
from gongbang.data.records import Record
from gongbang.data.scripts import script_of
from gongbang.data.splits import normalise_for_comparison
from gongbang.errors import OptionError
from gongbang.metrics.span import normalise_answer
from gongbang.search.contexts import holds_answer

_KEEP = Verdict(True)
_NO_LETTERS = {"digit", "blank", "other", "private use"}


@dataclass(frozen=True, slots=True)
class Changed:
    """Drops empty outputs, and copies that equal one of their originals but for blanks, case and width.

    Example:
        >>> original = Record("a", {"text": "집에 간다"})
        >>> made = Record("b", {"text": "집에  간다"}, lineage=("a",))
        >>> Changed()([made], [original])[0].reason
        "equal to its original 'a'"
    """

    name: ClassVar[str] = "changed"

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        known = by_id(originals)
        return [self._judge(record, [known[id] for id in record.lineage if id in known]) for record in made]

    def _judge(self, record: Record, ancestors: Sequence[Record]) -> Verdict:
        for name in TEXTS:
            had = not ancestors or any(ancestor.fields.get(name, "").strip() for ancestor in ancestors)
            if name in record.fields and had and not record.fields[name].strip():
                return Verdict(False, f"the {name} is empty")
        texts, target = texts_of(record), target_of(record)
        for ancestor in ancestors:
            if texts == texts_of(ancestor) and target == target_of(ancestor):
                return Verdict(False, f"equal to its original '{ancestor.id}'")
        return _KEEP


@dataclass(frozen=True, slots=True)
class AnswerInContext:
    """Drops rows whose answer is lost: no span where the original had one, no words in it, or, where a
    generator gives the answer as the label ``answer``, a text that the context does not hold.

    Rows that say "no answer" by an empty tuple are kept; :class:`NoAnswerHolds` looks at them.
    """

    name: ClassVar[str] = "answer-in-context"

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        known = by_id(originals)
        return [self._judge(record, origin_of(record, known)) for record in made]

    def _judge(self, record: Record, original: Record | None) -> Verdict:
        roles = original.spans if original is not None else {}
        for role, spans in roles.items():
            if spans and role not in record.spans:
                return Verdict(False, f"the span '{role}' of its original is lost")
        for role, spans in record.spans.items():
            for span in spans:
                if not normalise_answer(span.text):
                    return Verdict(False, f"the span '{role}' holds no words", span.text)
        answer = record.labels.get("answer")
        if isinstance(answer, str) and "context" in record.fields:
            words, context = normalise_answer(answer), normalise_answer(record.fields["context"])
            if not words or words not in context:
                return Verdict(False, "the answer is not in the context", answer)
        return _KEEP


@dataclass(frozen=True, slots=True)
class NoAnswerHolds:
    """Drops rows that say "no answer" of a context that does hold the answer of an original.

    A retrieved passage is wrong by its place alone; that another passage names the answer too is common,
    and teaches a reader to be silent where it should speak.
    """

    name: ClassVar[str] = "no-answer-holds"

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        known = by_id(originals)
        verdicts = []
        for record in made:
            ancestors = [known[id] for id in record.lineage if id in known]
            silent = "answers" in record.spans and not record.answers
            held = [a for a in ancestors if silent and holds_answer(record.fields.get("context", ""), a)]
            found = Verdict(False, f"the context holds the answer of '{held[0].id}'") if held else _KEEP
            verdicts.append(found)
        return verdicts


@dataclass(frozen=True, slots=True)
class AnswerNotInQuestion:
    """Drops questions that name their own answer, whatever its blanks, case and punctuation.

    A number counts only as a whole (12 is not in 2012), a single character only at the start of a word.

    Args:
        fields: where the answer must not stand; add "title" where readers are given the title.
    """

    name: ClassVar[str] = "answer-not-in-question"
    fields: tuple[str, ...] = ("question",)

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        return [self._judge(record) for record in made]

    def _judge(self, record: Record) -> Verdict:
        for field, text in named_texts(record, self.fields).items():
            for answer in record.answers:
                if _names(text, answer.text):
                    return Verdict(False, f"the answer stands in the {field}", answer.text)
        return _KEEP


def _names(text: str, answer: str) -> bool:
    words = normalise_for_comparison(answer)
    if len(words) == 1:
        return re.search(rf"(?<!\w){re.escape(words)}", plain_text(text)) is not None
    before, after = (r"(?<!\d)" if words[:1].isdigit() else "", r"(?!\d)" if words[-1:].isdigit() else "")
    pattern = f"{before}{re.escape(words)}{after}"
    return bool(words) and re.search(pattern, normalise_for_comparison(text)) is not None


@dataclass(frozen=True, slots=True)
class LengthRatio:
    """Drops rows of which a field is much shorter or longer than the original's.

    Args:
        least: characters over the original's characters. most: the same, from above.
        fields: those looked at; empty for question, context, text and pair.

    Raises:
        OptionError: bounds that leave no room.
    """

    name: ClassVar[str] = "length-ratio"
    least: float = 0.6
    most: float = 1.6
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.least < self.most:
            raise OptionError(
                "the bounds of the length ratio leave no room.",
                value=f"{self.least} to {self.most}",
                allowed="0 <= least < most",
                cure="Pass least=0.6, most=1.6.",
            )

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        known = by_id(originals)
        return [self._judge(record, origin_of(record, known)) for record in made]

    def _judge(self, record: Record, original: Record | None) -> Verdict:
        if original is None:
            return Verdict(False, "its original is not at hand, so that no length can be compared")
        before = named_texts(original, self.fields or TEXTS)
        ratios = {
            name: len(record.fields[name].strip()) / len(text.strip())
            for name, text in before.items()
            if text.strip() and name in record.fields
        }
        if not ratios:
            return _KEEP
        # A ratio of one half is as far from 1 as a ratio of 2.
        name, ratio = max(ratios.items(), key=lambda pair: abs(math.log(max(pair[1], 1e-9))))
        if self.least <= ratio <= self.most:
            return Verdict(True, value=ratio)
        much = "shorter" if ratio < self.least else "longer"
        return Verdict(False, f"the {name} is too much {much} than its original's", ratio)


@dataclass(frozen=True, slots=True)
class Language:
    """Drops rows of which a field is written in another script.

    Args:
        script: as :func:`gongbang.data.scripts.script_of` names it; "hangul" counts single jamo as well.
        least: share of the letters that must be of it. Digits, blanks and punctuation are no letters.
        fields: those looked at; empty for question, context, text and pair.

    Raises:
        OptionError: a share out of range.

    Example:
        >>> made = Record("b", {"text": "I go home"}, lineage=("a",))
        >>> Language()([made], [])[0]
        Verdict(keep=False, reason='the text is not hangul enough', value=0.0)
    """

    name: ClassVar[str] = "language"
    script: str = "hangul"
    least: float = 0.5
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_share("least", self.least)

    def __call__(self, made: Sequence[Record], originals: Sequence[Record]) -> list[Verdict]:
        return [self._judge(record) for record in made]

    def _judge(self, record: Record) -> Verdict:
        shares = {name: self._share(text) for name, text in named_texts(record, self.fields or TEXTS).items()}
        if not shares:
            return _KEEP
        name, share = min(shares.items(), key=lambda pair: -1 if pair[1] is None else pair[1])
        if share is None:
            return Verdict(False, f"the {name} has no letters")
        if share < self.least:
            return Verdict(False, f"the {name} is not {self.script} enough", share)
        return Verdict(True, value=share)

    def _share(self, text: str) -> float | None:
        scripts = [script for char in text if (script := script_of(char)) not in _NO_LETTERS]
        return sum(s.startswith(self.script) for s in scripts) / len(scripts) if scripts else None
