"""Sentence highlighting: the sentences of a passage in which a reader is told to look for the answer first.

In training the answer is known, in use it is not: a highlight drawn round the answer teaches a sign that
never comes again. :func:`highlighted` looks at question and passage alone and is the same function in
training, evaluation and serving. Its hash stands in the pipeline's configuration, in a run's recipe and in
an artifact, and another highlighter is refused. :func:`oracle` looks at the answers: it measures what a
perfect highlighter would be worth, and is never served.

What a highlight is worth, on the answerable questions of KorQuAD 1.0's development file (4,640, with 7.0
sentences a passage) and of TyDi QA's Korean training file (1,625, with 4.3), by how many sentences are lit at
most: recall and precision are those of :func:`highlight_scores`, bits are what the highlight tells of which
sentence has the answer.

=====  =======================  =======================
 lit   KorQuAD 1.0              TyDi QA
-----  -----------------------  -----------------------
       recall  precision  bits  recall  precision  bits
=====  =======================  =======================
    1  .834    .835       1.61  .665    .702       .42
    2  .931    .493       1.27  .799    .556       .35
    3  .958    .375       .96   .836    .518       .29
    5  .977    .309       .69   .852    .503       .25
=====  =======================  =======================

So one sentence is lit: more of them hold the answer more often and say less about where it is.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record, Span
from gongbang.errors import ArtifactError, DataError, OptionError
from gongbang.metrics.intervals import bootstrap_interval
from gongbang.metrics.scores import Score
from gongbang.tasks.nearest import rarity
from gongbang.tasks.source_hash import source_hash
from gongbang.tasks.windows import pad_rows
from gongbang.text import sentences as splitting
from gongbang.text.edits import Edited

Highlight = Literal["none", "predicted", "oracle"]
Places = list[tuple[int, int]]
SENTENCES = 1
"""Sentences that are lit at most; the module says why."""
HASH = "highlighter"
"""The key of a pipeline's configuration under which the highlighter's hash stands."""
_LOG = logging.getLogger(__name__)
_WORD = re.compile(r"\w+")
_LETTERS = 2  # a Korean word begins with what it means and ends in grammar


def highlighted(question: str, context: str, sentences: int = SENTENCES) -> Places:
    """Characters ``[start, end)`` of the sentences that share most with the question, in reading order.

    What is shared are the first two letters of words, each counted by how few of the passage's sentences
    have it. That finds the answer nearly as often as Kiwi's morphemes do (KorQuAD .834 to .837, TyDi QA .699
    to .703 where a sentence is always lit), needs no analyser whose next version may see it differently, and
    takes 0.6 seconds over KorQuAD's questions where Kiwi takes 15. A sentence that shares nothing is never
    lit; of equals the earlier one is taken.

    Args:
        question: as it was asked.
        context: the passage.
        sentences: how many are lit at most.

    Example:
        >>> text = "부산은 항구다. 서울은 수도다. 대구는 덥다."
        >>> [text[start:end] for start, end in highlighted("서울은 어떤 곳인가?", text)]
        ['서울은 수도다.']
        >>> highlighted("누가 왔는가?", text)
        []
    """
    split = splitting.split_sentences(context)
    held = [_beginnings(sentence.text) for sentence in split]
    weights = rarity(held)
    asked = _beginnings(question)
    likeness = [math.fsum(weights[start] for start in asked & starts) for starts in held]
    order = sorted(range(len(split)), key=lambda place: (-likeness[place], place))
    lit = sorted(place for place in order[:sentences] if likeness[place] > 0)
    return [(split[place].start, split[place].end) for place in lit]


def _beginnings(text: str) -> set[str]:
    return {word[:_LETTERS] for word in _WORD.findall(text.lower())}


def oracle(context: str, answers: Sequence[Span]) -> Places:
    """Characters ``[start, end)`` of the sentences that a labelled answer stands in, in reading order.

    Example:
        >>> oracle("부산은 항구다. 서울은 수도다.", [Span(9, 11, "서울")])
        [(9, 17)]
    """
    split = splitting.split_sentences(context)
    return [(one.start, one.end) for one in split if any(_meets(one.start, one.end, a) for a in answers)]


def _meets(start: int, end: int, answer: Span) -> bool:
    return start < answer.end and end > answer.start


def places_of(record: Record, mode: Highlight, sentences: int = SENTENCES) -> Places:
    """Characters of the record's passage that are lit.

    Raises:
        DataError: ``mode`` is "oracle" and the record does not say whether and where it is answered.
    """
    if mode == "none":
        return []
    if mode == "predicted":
        return highlighted(record.fields["question"], record.fields["context"], sentences)
    if "answers" not in record.spans:
        raise DataError(
            f"record '{record.id}' is not labelled, and highlight: oracle lights the answer's sentence.",
            value="no answers",
            allowed="records with their answers; oracle is for measuring alone",
            cure="Set pipeline.highlight: predicted, which needs no answer.",
            field="answers",
        )
    return oracle(record.fields["context"], record.answers)


def highlight_inputs(  # noqa: PLR0917 (as prepare has them)
    records: Sequence[Record],
    mode: Highlight,
    sentences: int,
    offsets: Sequence[NDArray[np.int64]],
    owner: NDArray[np.int64],
    edits: Sequence[Edited | None],
) -> dict[str, NDArray[np.int64]]:
    """The input ``highlight_ids``, (windows, longest): 1 where a token holds a character that is lit, else 0.

    Args:
        records: what is prepared.
        mode: no input is made where it is "none".
        sentences: how many are lit at most, see :func:`highlighted`.
        offsets: of each window, (time, 2) characters of the edited passage, -1 outside it.
        owner: (windows,) the record of each window.
        edits: of each record, what was edited in its passage; None where nothing was.

    Raises:
        DataError: as :func:`places_of`.

    Example:
        >>> record = Record("1", {"question": "서울은?", "context": "서울이다. 끝."})
        >>> tokens = np.array([[-1, -1], [0, 2], [2, 5], [5, 8]])
        >>> highlight_inputs([record], "predicted", 1, [tokens], np.array([0]), [None])["highlight_ids"]
        array([[0, 1, 1, 0]])
    """
    if mode == "none":
        return {}
    places = [places_of(record, mode, sentences) for record in records]
    rows = [_lit(window, places[at], edits[at]) for window, at in zip(offsets, owner, strict=True)]
    return {"highlight_ids": pad_rows(rows, 0)}


def _lit(offsets: NDArray[np.int64], places: Places, edit: Edited | None) -> NDArray[np.int64]:
    lit = np.zeros(len(offsets), dtype=np.int64)
    for place in places:
        start, end = place if edit is None else edit.to_edited(*place)
        lit[(offsets[:, 0] >= 0) & (offsets[:, 0] < end) & (offsets[:, 1] > start)] = 1
    return lit


# -- what it is worth --------------------------------------------------------------------------------------


def highlight_scores(
    records: Sequence[Record], mode: Highlight, sentences: int = SENTENCES
) -> dict[str, Score]:
    """How well a highlight finds the answer, in percent of answerable questions; empty where there is none.

    ``highlight_recall`` is the share of the questions one of whose labelled answers is lit as a whole;
    ``highlight_precision`` the mean share of the lit sentences that hold an answer, over the questions for
    which anything is lit. Both with 95 % intervals clustered by group.
    """
    asked = [record for record in records if record.answers]
    if mode == "none" or not asked:
        return {}
    told = [(record, places_of(record, mode, sentences)) for record in asked]
    lit = [(record, places) for record, places in told if places]
    scores = {"highlight_recall": _percent([_holds(*each) for each in told], asked)}
    if lit:
        right = [_right(*each) for each in lit]
        scores["highlight_precision"] = _percent(right, [record for record, _ in lit])
    return scores


def _percent(shares: Sequence[float], records: Sequence[Record]) -> Score:
    return bootstrap_interval(100.0 * np.array(shares), groups=[record.group for record in records])


def _holds(record: Record, places: Places) -> float:
    """Whether all sentences that one of the answers stands in are lit."""
    lit = set(places)
    context = record.fields["context"]
    return float(any(set(oracle(context, [answer])) <= lit for answer in record.answers))


def _right(record: Record, places: Places) -> float:
    """The share of the lit sentences that hold an answer."""
    return float(np.mean([any(_meets(*place, answer) for answer in record.answers) for place in places]))


# -- what is written down and compared ---------------------------------------------------------------------


def highlighter_hash(mode: Highlight = "predicted") -> str:
    """The hash of everything that decides what is lit, comments and docstrings aside.

    Example:
        >>> len(highlighter_hash())
        64
    """
    chooses = (oracle, _meets) if mode == "oracle" else (highlighted, _beginnings, rarity)
    constants = f"{SENTENCES} {_LETTERS} {_WORD.pattern}"
    return source_hash(*chooses, highlight_inputs, _lit, splitting, constants)


def completed(config: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's pipeline as a run is recorded under it: :func:`with_hash`, and oracle not in silence."""
    if config.get("highlight") == "oracle":
        _LOG.warning("highlight: oracle looks at the answers: what it scores measures it, and no reader")
    return with_hash(config)


def with_hash(config: Mapping[str, Any]) -> dict[str, Any]:
    """A pipeline's configuration with the hash of the highlighter that it names, where it names one."""
    mode = config.get("highlight", "none")
    return dict(config) if mode == "none" else {HASH: highlighter_hash(mode), **config}


def without_hash(config: Mapping[str, Any]) -> dict[str, Any]:
    """A pipeline's configuration without the hash, which is compared with this release's highlighter.

    Raises:
        ArtifactError: what was trained was shown other sentences than would be lit now.
    """
    rest = {key: value for key, value in config.items() if key != HASH}
    mode, then = rest.get("highlight", "none"), config.get(HASH)
    if then is None or mode not in get_args(Highlight) or mode == "none":
        return rest
    now = highlighter_hash(mode)
    if then != now:
        raise ArtifactError(
            "the highlighter is not the one that the model was trained with: it would light other sentences.",
            value=f"{HASH}: {str(then)[:12]}",
            allowed=f"{now[:12]}, this release's",
            cure="Use the release of gongbang that trained it, or train again: gongbang train.",
        )
    return rest


def check_highlight(mode: str, sentences: int) -> None:
    """Raise an :class:`OptionError` for a way to highlight that there is not."""
    if mode not in get_args(Highlight):
        raise OptionError(
            "unknown way to highlight.",
            value=mode,
            allowed=", ".join(get_args(Highlight)),
            cure="Set highlight to one of these.",
        )
    if sentences < 1:
        raise OptionError(
            "highlight_sentences is too small.",
            value=sentences,
            allowed="1 or more",
            cure="Raise highlight_sentences, or set highlight: none.",
        )
