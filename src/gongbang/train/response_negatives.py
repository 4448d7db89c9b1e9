"""Hard negatives of response selection: what other contexts of like words are answered with.

A response to a context much like this one may be right here too; taken for a wrong one it would push apart
what belongs together. Whatever speaks for a response is asked before it is taken, and what is left out is
counted. What no comparison of texts can see remains: another way to say the same.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gongbang.data.dialogue import same_key
from gongbang.data.near_duplicates import near_duplicates
from gongbang.data.records import Record
from gongbang.tasks.candidates import ResponsePool
from gongbang.train.negatives import negative_counts
from gongbang.train.recipe_data import NegativeSettings

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MinedResponses:
    """Wrong responses to each record, and how many others were left out because they may be right.

    Attributes:
        negatives: of each record, in the order of the records; their own order says nothing.
        left_out: candidates by why they may be right, see :meth:`MayBeRight.why`.
    """

    negatives: list[list[str]]
    left_out: dict[str, int]

    @property
    def found(self) -> int:
        """How many negatives there are."""
        return sum(map(len, self.negatives))


def mine_responses(records: Sequence[Record], settings: NegativeSettings) -> MinedResponses:
    """Responses that these records give to contexts whose words are much like a record's own.

    Neighbours are found by BM25 over the contexts. Over the responses they would be other ways to say the
    right one far more often, which no comparison of letters can tell from a wrong one.

    Args:
        records: training records with their responses, among which alone is searched, so that no development
            or test response is ever trained on.
        settings: how many for each, and how many neighbouring contexts they are drawn from.

    Example:
        >>> said = [Record(str(n), {"context": f"{n}시에 여나요?", "response": f"{n}번"}) for n in range(4)]
        >>> mine_responses(said, NegativeSettings(per_question=2)).found
        8
    """
    rng = np.random.default_rng(settings.seed)
    judge, pool = MayBeRight(records), ResponsePool(records)
    counts = negative_counts(len(records), settings, rng)
    nearby = pool.answers_nearby(records, settings.top_n + 1)  # the nearest context is its own
    negatives: list[list[str]] = []
    left_out: Counter[str] = Counter()
    for record, count, texts in zip(records, counts, nearby, strict=True):
        distinct: dict[str, str] = {}
        for text in texts:
            if text != record.fields.get("response"):  # found by its own context
                distinct.setdefault(same_key(text), text)
        reasons = {text: judge.why(record, text) for text in distinct.values()}
        left_out.update(reason for reason in reasons.values() if reason)
        clean = [text for text, reason in reasons.items() if not reason]
        negatives.append([clean[pick] for pick in rng.permutation(len(clean))[:count]])
    mined = MinedResponses(negatives, {reason: left_out[reason] for reason in REASONS})
    _LOG.info(
        "%d mined responses for %d contexts; left out because they may be right: %s",
        mined.found,
        len(records),
        mined.left_out,
    )
    return mined


REASONS = ("equal", "same context", "same answer", "nearly equal")
"""Why a response may be right for a record, in the order in which it is asked."""


class MayBeRight:
    """Which responses may be right for a record though they are not its own.

    Args:
        records: all that is known to be right.
        threshold: the share of character 5-grams from which two texts are nearly equal.

    Example:
        >>> said = [Record("1", {"context": "뭐 해?", "response": "쉬어."}), Record("2", {"context": "뭐 해",
        ...     "response": "책을 봐."}), Record("3", {"context": "심심해?", "response": "책을 봐!"})]
        >>> judge = MayBeRight(said)
        >>> [judge.why(said[0], text) for text in ("쉬어", "책을 봐", "밥을 먹어.")]
        ['equal', 'same context', '']
        >>> judge.why(said[2], "쉬어.")
        'same answer'
    """

    def __init__(self, records: Sequence[Record], threshold: float = 0.7) -> None:
        self._contexts: dict[str, set[str]] = defaultdict(set)
        """Key of a response to the keys of all contexts that it is given to."""
        for record in records:
            if record.fields.get("response", "").strip():
                self._contexts[same_key(record.fields["response"])].add(same_key(record.fields["context"]))
        self._near_context = _near([record.fields["context"] for record in records], threshold)
        self._near_response = _near([record.fields.get("response", "") for record in records], threshold)

    def why(self, record: Record, text: str) -> str:
        """Why a text may be right for a record: one of :data:`REASONS`, empty where nothing speaks for it.

        "equal" to its response but for blanks and marks; given to the "same context"; given to another
        context that has the "same answer" (whoever gives one answer to two questions holds them for one);
        "nearly equal" to its response, or given to a nearly equal context.
        """
        key, own = same_key(text), same_key(record.fields.get("response", ""))
        context = same_key(record.fields["context"])
        given, own_given = self._contexts.get(key, set()), self._contexts.get(own, set())
        if key == own:
            return "equal"
        if context in given:
            return "same context"
        if not given.isdisjoint(own_given):
            return "same answer"
        near = self._near_context.get(context, set())
        return "nearly equal" if key in self._near_response.get(own, ()) or given & near else ""


def _near(texts: Iterable[str], threshold: float) -> dict[str, set[str]]:
    """Which keys are nearly equal to each key."""
    distinct = {same_key(text): text for text in texts if text.strip()}
    keys = list(distinct)
    found: dict[str, set[str]] = defaultdict(set)
    for pair in near_duplicates(list(distinct.values()), threshold):
        found[keys[pair.first]].add(keys[pair.second])
        found[keys[pair.second]].add(keys[pair.first])
    return found
