"""What gives text that is not ours: translators and question generators, behind two small protocols.

A provider answers row by row: a text, or a :class:`ProviderFailure` that says why there is none. An empty
text is a failure as well; :class:`gongbang.augment.provider_cache.CachedProvider` turns it into one, and
keeps what was paid for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gongbang.augment.origins import METHOD
from gongbang.data.records import Record


@dataclass(frozen=True, slots=True)
class ProviderFailure:
    """A row that a provider has no text for, and why."""

    reason: str


Outcome = str | ProviderFailure


class TextProvider(Protocol):
    """What identifies a provider. Together with its input, these decide what it gives.

    ``version`` changes with the model behind it; ``options`` are plain JSON (beam width, temperature).
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def options(self) -> Mapping[str, Any]: ...


class Translator(TextProvider, Protocol):
    """Translates between languages, named by ISO 639 codes ("ko", "en")."""

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[Outcome]:
        """One outcome a text, in order.

        A provider that fails on one row returns a failure for it; one that raises loses the whole batch
        and is asked row by row.
        """
        ...


class QuestionGenerator(TextProvider, Protocol):
    """Asks for a given answer in a given context."""

    def generate(self, contexts: Sequence[str], answers: Sequence[str]) -> list[Outcome]:
        """One question a pair, in order; failures as in :meth:`Translator.translate`."""
        ...


@dataclass(frozen=True, slots=True)
class NamedProvider:
    """A provider by what identifies it alone; it cannot be asked, only looked up in a cache."""

    name: str
    version: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """A record that nothing could be made of, and why."""

    record: Record
    reason: str

    def to_dict(self) -> dict[str, str]:
        return {"id": self.record.id, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Provided:
    """Records made with a provider's texts, and those that it failed on; together as many as were given."""

    made: list[Record]
    failed: list[Failed]

    @property
    def failure_rate(self) -> float:
        """The share of the given records that nothing was made of; 0 of no records."""
        total = len(self.made) + len(self.failed)
        return len(self.failed) / total if total else 0.0


_POOLING = "question_id"  # readers pool the rows of one question; a made row is another question


def made_of(
    record: Record, suffix: str, method: str, fields: Mapping[str, str], spans: Mapping[str, Any]
) -> Record:
    """A record with other fields and spans: its own id, the lineage, and the method as a label.

    Args:
        record: the original. suffix: put behind its id.
        method: what made it. fields: all of them. spans: all of them, by role.
    """
    labels = {name: value for name, value in record.labels.items() if name != _POOLING}
    return Record(
        id=f"{record.id}~{suffix}",
        fields=fields,
        spans=spans,
        labels={**labels, METHOD: method},
        group=record.group,
        lineage=tuple(dict.fromkeys((*record.lineage, record.id))),
        source=record.source,
        licence=record.licence,
    )


def provided_questions(records: Sequence[Record], provider: QuestionGenerator) -> Provided:
    """A new question for the first answer of each record; context and answer stay.

    Args:
        records: with ``context`` and an answer in it; others are failures with a reason.
        provider: generates questions; wrap it in a cache.

    Example:
        >>> from gongbang.data.records import Span
        >>> class Fixed:
        ...     name, version, options = "fixed", "1", {}
        ...     def generate(self, contexts, answers):
        ...         return [f"{answer}은 무엇의 이름인가?" for answer in answers]
        >>> record = Record("1", {"context": "고개는 박달재다."}, {"answers": (Span(4, 7, "박달재"),)})
        >>> provided_questions([record], Fixed()).made[0].fields["question"]
        '박달재은 무엇의 이름인가?'
    """
    asked, failed = [], []
    for record in records:
        if record.answers and record.answers[0].field == "context":
            asked.append(record)
        else:
            failed.append(Failed(record, "no answer in a context to ask for"))
    outcomes = provider.generate(
        [record.fields["context"] for record in asked], [record.answers[0].text for record in asked]
    )
    made = []
    for record, outcome in zip(asked, outcomes, strict=True):
        if isinstance(outcome, ProviderFailure) or not outcome.strip():
            reason = outcome.reason if isinstance(outcome, ProviderFailure) else "an empty question"
            failed.append(Failed(record, reason))
            continue
        fields = {**record.fields, "question": outcome.strip()}
        spans = {**record.spans, "answers": record.answers[:1]}
        made.append(made_of(record, "question-generation", "question-generation", fields, spans))
    return Provided(made, failed)
