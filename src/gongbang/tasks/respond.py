"""Response selection: what was said so far, and the best reply to it among candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.data.dialogue import same_key
from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Arrays, Features, Part, Prediction, Schema
from gongbang.tasks.baselines import Guess, scored_baselines
from gongbang.tasks.candidates import CANDIDATES, candidates_of, with_candidates
from gongbang.tasks.dialogue_rows import DialogueRows
from gongbang.tasks.mined import beside_rows
from gongbang.tasks.pair_memory import PairMemory
from gongbang.tasks.selection import attended_scores, ranked_prediction, scores_of_predictions
from gongbang.tasks.settings import Configured, check_temperature
from gongbang.tasks.texts import need_text
from gongbang.tasks.windows import pad_rows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Architecture = Literal["bi", "poly", "cross"]
_BATCH = 256  # records scored at once: bounds the memory


@dataclass(frozen=True, slots=True)
class RespondConfig:
    """How contexts and responses are shown to the model, and what it is.

    Attributes:
        max_context: tokens of a context, of which the last are kept (Humeau et al. 2020, section 5.1).
        max_response: tokens of a response, of which the first are kept.
        turns: how many of the last turns are shown.
        architecture: "bi" scores two vectors, "poly" lets the response attend to several vectors of the
            context, "cross" reads both beside each other (Humeau et al. 2020, section 4).
        context_prefix, response_prefix: what E5 was trained to see before each (Wang et al. 2024).
        candidates: among how many responses the right one is looked for, where a record lists none.
        hard: whether those are its neighbours by BM25, not drawn.
        temperature: divides the scores before the softmax over the candidates; fitted at export.
    """

    max_context: int = 64
    max_response: int = 48
    turns: int = 8
    architecture: Architecture = "bi"
    context_prefix: str = "query: "
    response_prefix: str = "passage: "
    candidates: int = CANDIDATES
    hard: bool = False
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if self.architecture not in get_args(Architecture):
            raise OptionError(
                "unknown architecture.",
                value=self.architecture,
                allowed=", ".join(get_args(Architecture)),
                cure="Set architecture to one of these.",
            )
        if self.candidates < 2:
            raise OptionError(
                "candidates is too small.",
                value=self.candidates,
                allowed="2 or more",
                cure="Raise candidates.",
            )
        check_temperature(self.temperature)


@dataclass(slots=True)
class RespondTask(Configured):
    """The best response to a context, by two rows that are scored against each other or by one of both.

    Args:
        tokenizer: the tokenizer the weights were trained with.
        settings: see :class:`RespondConfig`.
        memory: known pairs that speak for candidates too; see :meth:`remembering`.

    Example:
        >>> RespondConfig(architecture="poly").max_context
        64
    """

    config_type: ClassVar = RespondConfig
    tokenizer: Tokenizer
    settings: RespondConfig = field(default_factory=RespondConfig)
    memory: PairMemory | None = None
    name: str = field(default="respond", init=False)
    primary_metric: str = field(default="mrr", init=False)
    ranks_corpus: bool = field(default=False, init=False)
    schema: Schema = field(default=Schema(fields=("context",), optional=("response",)), init=False)
    _rows: DialogueRows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rows = DialogueRows(
            self.tokenizer,
            max_context=self.settings.max_context,
            max_response=self.settings.max_response,
            turns=self.settings.turns,
            context_prefix=self.settings.context_prefix,
            response_prefix=self.settings.response_prefix,
        )

    @property
    def model(self) -> str:
        """Which model it is trained with: "respond-bi", "respond-poly" or "respond-cross"."""
        return f"respond-{self.settings.architecture}"

    def remembering(self, memory: PairMemory | None) -> RespondTask:
        """The task with known pairs, which :meth:`decode` asks beside the model, or with none.

        Raises:
            OptionError: a context has no vector of its own, or several.
        """
        if memory is not None and self.settings.architecture != "bi":
            raise OptionError(
                "only a bi-encoder can ask the pairs that it knows.",
                value=f"architecture {self.settings.architecture}",
                allowed="bi: one vector a context",
                cure="Leave export.memory out, or set pipeline.architecture: bi.",
            )
        return RespondTask(self.tokenizer, self.settings, memory)

    @property
    def reads_pairs(self) -> bool:
        """Whether a context and a response are read beside each other, so that a record has several rows."""
        return self.settings.architecture == "cross"

    def deal(self, records: Sequence[Record], drawn: int | None = None) -> list[Record]:
        """A part of a data set as it is trained on or judged.

        Where a context and its candidates are read together, each record is dealt its candidates out of the
        part, so that its rows do not depend on what else is prepared with it.

        Args:
            drawn: wrong candidates of each record that lists none, by chance; as the settings say when None.
        """
        if not self.reads_pairs:
            return list(records)
        return self._ranked(records) if drawn is None else with_candidates(records, drawn + 1)

    def with_negatives(self, records: Sequence[Record], mined: Sequence[Sequence[str]]) -> list[Record]:
        """The records with wrong responses that were mined for each, as :meth:`prepare` takes them.

        They stand under the label ``mined``. Where both texts are read together they come before the other
        candidates too; elsewhere they are negatives of their own record alone, for which they were chosen.
        """
        found = []
        for record, own in zip(records, mined, strict=True):
            labels: dict[str, Any] = {"mined": list(own)} if own else {}
            if self.reads_pairs:
                keys = {same_key(text) for text in own}
                others = [text for text in record.labels.get("candidates", ()) if same_key(text) not in keys]
                labels["candidates"] = [*own, *others]
            found.append(record.with_labels(**labels) if labels else record)
        return found

    def prepare_contexts(self, texts: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        """``input_ids`` and ``attention_mask`` of contexts, each (n, longest), for "bi" and "poly"."""
        return self._rows.padded(self._rows.contexts(texts))

    def prepare_responses(self, texts: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        """``input_ids`` and ``attention_mask`` of responses, each (n, longest), for "bi" and "poly"."""
        return self._rows.padded(self._rows.responses(texts))

    def prepare(self, records: Sequence[Record]) -> Features:
        """Rows for the architecture, and targets that tell equal texts from different ones.

        For "bi" and "poly" a row is a record: its context as ``input_ids`` and ``attention_mask``, its
        response as ``response_input_ids`` and ``response_attention_mask``. Behind them each other response
        that a record lists has a row, whose context is empty. The targets ``context`` and ``response``,
        (rows,), are the same number for texts that are the same but for blanks and marks, so that a loss
        over a batch does not take a right response for a wrong one; -1 where there is no such text.

        Where records have mined responses, ``negative_input_ids`` and ``negative_attention_mask``, (rows,
        negatives, time), hold them, and the target ``negative``, (rows, negatives), their numbers among the
        responses', -1 where a row has fewer. Where a teacher has judged them, ``soft``, (rows, 1 +
        negatives), holds its probabilities of the row's own response and of these; zeros where it has not.

        For "cross" a row is a record with one of its candidates, the right one first: ``input_ids``,
        ``attention_mask`` and ``token_type_ids``. The targets are ``label``, 1 for the right response, and
        ``record``, the record's number, by which its rows are told from others and kept in one batch. Records
        that list no candidates are given some of the other records' responses.

        Raises:
            DataError: a record has no context, or neither a response nor candidates.
        """
        for record in records:
            need_text(record, "context")
            if not candidates_of(record):
                raise _nothing_to_rank(record)
        return self._crossed(records) if self.reads_pairs else self._sided(records)

    def _sided(self, records: Sequence[Record]) -> Features:
        contexts = [record.fields["context"] for record in records]
        responses = [record.fields.get("response", "").strip() for record in records]
        owner = list(range(len(records)))
        seen = set(responses)
        for at, record in enumerate(records):
            for text in candidates_of(record):
                if text.strip() not in seen:
                    seen.add(text.strip())
                    responses.append(text.strip())
                    owner.append(at)
        contexts += [""] * (len(responses) - len(contexts))
        inputs = {
            **self.prepare_contexts(contexts),
            **self._rows.padded(self._rows.responses(responses), "response_"),
        }
        targets = {"context": _numbers(contexts), "response": _numbers(responses)}
        beside = beside_rows(records, len(responses))
        if beside is not None:
            flat = self._rows.padded(self._rows.responses(beside.texts), "negative_")
            inputs |= {name: array.reshape(*beside.shape, -1) for name, array in flat.items()}
            targets |= beside.targets(_numbers([*responses, *beside.texts])[len(responses) :])
        return Features(
            inputs=inputs,
            targets=targets,
            record=np.asarray(owner, dtype=np.int64),
            rows=list(responses),
            records=records,
        )

    def _crossed(self, records: Sequence[Record]) -> Features:
        texts = [candidates_of(record) for record in self._ranked(records)]
        owner = [at for at, held in enumerate(texts) for _ in held]
        responses = [text for held in texts for text in held]
        contexts = [records[at].fields["context"] for at in owner]
        pairs = self._rows.pairs(contexts, responses)
        targets = {}
        if all(record.fields.get("response", "").strip() for record in records):
            right = [
                records[at].fields["response"] == text for at, text in zip(owner, responses, strict=True)
            ]
            targets = {
                "label": np.asarray(right, dtype=np.int64),
                "record": np.asarray(owner, dtype=np.int64),
            }
        return Features(
            inputs={
                **self._rows.padded([ids for ids, _ in pairs]),
                "token_type_ids": pad_rows([types for _, types in pairs], 0),
            },
            targets=targets,
            record=np.asarray(owner, dtype=np.int64),
            rows=responses,
            records=records,
        )

    def _ranked(self, records: Sequence[Record]) -> list[Record]:
        """The records with the candidates that they are ranked among."""
        return with_candidates(records, self.settings.candidates, hard=self.settings.hard)

    def decode(self, outputs: Arrays, features: Features) -> list[Prediction]:
        """The candidates of each record, best first.

        Args:
            outputs: for "bi" and "poly" ``embedding``, (rows, vectors, dimension) of contexts or the same
                flat, (rows, vectors * dimension), and ``response_embedding``, (rows, dimension); where not
                all of a context's vectors are real, ``embedding_mask``, (rows, vectors). For "cross"
                ``logits``, (rows,) or (rows, 1).

        Returns:
            One prediction a record, see :func:`gongbang.tasks.selection.ranked_prediction`.
        """
        temperature = self.settings.temperature
        return [
            ranked_prediction(record, candidates, scores, temperature=temperature)
            for record, candidates, scores in self.scored(outputs, features)
        ]

    def scored(
        self, outputs: Arrays, features: Features
    ) -> list[tuple[Record, tuple[str, ...], NDArray[np.float64]]]:
        """Each record with its candidates, the right one first, and their scores."""
        if self.reads_pairs:
            logits = np.asarray(outputs["logits"], dtype=np.float64).reshape(len(features))
            rows_of: list[list[int]] = [[] for _ in features.records]
            for row, at in enumerate(features.record):
                rows_of[int(at)].append(row)
            return [
                (record, tuple(features.rows[row] for row in rows), logits[rows])
                for record, rows in zip(features.records, rows_of, strict=True)
            ]
        if self.memory is not None:
            contexts = np.asarray(outputs["embedding"])[: len(features.records)]  # behind them only responses
            outputs = {**outputs, "embedding": self.memory.moved(contexts)}
        row_of = {text: row for row, text in reversed(list(enumerate(features.rows)))}
        ranked = self._ranked(features.records)
        width = max((len(candidates_of(record)) for record in ranked), default=0)
        scored = []
        for start in range(0, len(ranked), _BATCH):
            held = [candidates_of(record) for record in ranked[start : start + _BATCH]]
            places = np.zeros((len(held), width), dtype=np.int64)
            for at, texts in enumerate(held):
                places[at, : len(texts)] = [row_of[text.strip()] for text in texts]
            rows = self._matched(outputs, slice(start, start + len(held)), places)
            scored += [
                (features.records[start + at], texts, rows[at, : len(texts)]) for at, texts in enumerate(held)
            ]
        return scored

    def _matched(self, outputs: Arrays, rows: slice, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """(records, candidates) scores of the contexts in ``rows`` with the responses in ``places``."""
        responses = np.asarray(outputs["response_embedding"])
        contexts = np.asarray(outputs["embedding"])[rows].reshape(len(places), -1, responses.shape[1])
        mask = outputs.get("embedding_mask")
        there = None if mask is None else np.asarray(mask)[rows] > 0.5
        return attended_scores(contexts, responses[places], there)

    def score(self, predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores:
        """R@1/2/5/10 and MRR among the candidates as shares, with 95 % intervals clustered by group.

        Raises:
            DataError: a record's right response was not ranked.
        """
        return scores_of_predictions(predictions, records)

    def fit(self, outputs: Arrays, features: Features) -> tuple[RespondTask, dict[str, Any]]:
        """Fitted to records that were not trained on: see :func:`gongbang.tasks.respond_fit.fitted`."""
        from gongbang.tasks.respond_fit import fitted

        return fitted(self, outputs, features)

    def baselines(self, *parts: Part) -> dict[str, Scores]:
        """What a number must beat: chance, the context's words by BM25, the most frequent response.

        With training records also "nearest known": what the training contexts nearest by words were answered.
        """
        from gongbang.tasks.respond_baselines import at_random, by_words, most_frequent, nearest_known

        guesses: dict[str, Guess] = {
            "random": lambda _, held: at_random(held),
            "words": lambda _, held: by_words(held),
            "most frequent": most_frequent,
        }
        if all(train for train, _ in parts):
            guesses["nearest known"] = nearest_known
        ranked = [(train, self._ranked(held)) for train, held in parts]
        return scored_baselines(guesses, ranked, self.score)


def _numbers(texts: Sequence[str]) -> NDArray[np.int64]:
    """(n,) a number for each text, equal where texts differ in blanks and marks alone; -1 for a blank one."""
    numbers: dict[str, int] = {}
    return np.asarray(
        [numbers.setdefault(same_key(text), len(numbers)) if text.strip() else -1 for text in texts],
        dtype=np.int64,
    )


def _nothing_to_rank(record: Record) -> DataError:
    return DataError(
        f"record '{record.id}' has nothing to rank.",
        value=", ".join((*record.fields, *record.labels)),
        allowed="a field 'response', or a label 'candidates' that lists texts",
        cure="Map the column that holds the response: --map response=COLUMN.",
        field="response",
    )
