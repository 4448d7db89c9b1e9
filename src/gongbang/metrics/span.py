"""Scores of extracted answers, to the letter of the published scorers.

* Exact match and character F1: KorQuAD 1.0, ``evaluate-v1.0.py`` (Lim et al. 2019, section 4).
* ROUGE-W: the KLUE-MRC baseline (Park et al. 2021, section 3.7; ``klue_baseline/metrics/utils.py``).
* Word-level F1: SQuAD 1.1 (Rajpurkar et al. 2016, section 6.1), but for English articles, which stay.
* Word-level Jaccard: the public metric of the chaii (Hindi and Tamil) competition.

An empty list of golds means "the text does not answer", scored as SQuAD 2.0 does (Rajpurkar et al.
2018): only the empty prediction is right. Functions of one example give a fraction in [0, 1];
:func:`span_scores` gives percent, as the official scorers print.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

import numpy as np

from gongbang.errors import OptionError
from gongbang.metrics.intervals import bootstrap_interval
from gongbang.metrics.scores import Score, Scores

# The official script turns these into spaces *before* it deletes ASCII punctuation, so "a'b" becomes
# "a b" while "a-b" becomes "ab". Curly double quotes and 「」 are not in its list and stay.
_TO_SPACE = str.maketrans(dict.fromkeys("'\"《》<>〈〉()‘’", " "))
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)

# In the KLUE baseline the character class closes early, so its pattern wants one quote followed by the
# very string "()‘’". Korean quotes and brackets therefore stay in the text, and ROUGE-W sees them.
_KLUE_QUOTES = re.compile("['\"《》<>〈〉]" + re.escape("()‘’"))

Metric = Callable[[str, Sequence[str]], float]


def normalise_answer(text: str) -> str:
    """The official KorQuAD 1.0 normalisation: quotes and brackets to spaces, lower case, no ASCII
    punctuation, single spaces.

    Example:
        >>> normalise_answer("《토지》의  작가(박경리)!")
        '토지 의 작가 박경리'
    """
    return " ".join(text.translate(_TO_SPACE).lower().translate(_ASCII_PUNCTUATION).split())


def normalise_answer_klue(text: str) -> str:
    """The normalisation of the KLUE-MRC baseline, which keeps Korean quotes and brackets.

    Example:
        >>> normalise_answer_klue("《토지》의 'A-1'")
        '《토지》의 a1'
    """
    return " ".join(_KLUE_QUOTES.sub(" ", text.lower()).translate(_ASCII_PUNCTUATION).split())


def exact_match(prediction: str, golds: Sequence[str]) -> float:
    """1.0 when the normalised prediction equals a normalised gold, else 0.0.

    Args:
        prediction: the answer, empty for "no answer".
        golds: acceptable answers; empty when the text does not answer.

    Example:
        >>> exact_match("1945년.", ["1945년", "1945"])
        1.0
        >>> exact_match("", [])
        1.0
    """
    found = normalise_answer(prediction)
    return float(any(found == normalise_answer(gold) for gold in golds or ("",)))


def character_f1(prediction: str, golds: Sequence[str]) -> float:
    """F1 over the bags of characters without spaces, the best over the golds.

    As in the official script, an answer without a character in common is 0, also where both are empty
    after normalisation; only for an unanswerable question does the empty prediction score 1.

    Example:
        >>> round(character_f1("서울시", ["서울"]), 4)
        0.8
    """
    found = Counter(normalise_answer(prediction).replace(" ", ""))
    if not golds:
        return float(not found)
    return max(_bag_f1(found, Counter(normalise_answer(gold).replace(" ", ""))) for gold in golds)


def word_f1(prediction: str, golds: Sequence[str]) -> float:
    """F1 over the bags of normalised words, the best over the golds; what is printed of XQuAD is this one.

    Where blanks tell words apart it is below :func:`character_f1`, since words that share letters are
    different words.

    Example:
        >>> round(word_f1("राम का घर", ["राम का गाँव"]), 4)
        0.6667
    """
    found = Counter(normalise_answer(prediction).split())
    if not golds:
        return float(not found)
    return max(_bag_f1(found, Counter(normalise_answer(gold).split())) for gold in golds)


def _bag_f1(found: Counter[str], gold: Counter[str]) -> float:
    same = (found & gold).total()
    return 2.0 * same / (found.total() + gold.total()) if same else 0.0


def rouge_w(prediction: str, golds: Sequence[str]) -> float:
    """ROUGE-W as KLUE-MRC computes it, the best over the golds.

    The baseline's score is an F1 (beta 1) on the longest common *consecutive* run of characters, spaces
    counted; it is not the weighted LCS of Lin (2004), whose name it bears. A gold that is empty after
    normalisation is met by the empty prediction alone.

    Example:
        >>> rouge_w("서울 특별시", ["서울"])
        0.5
    """
    found = normalise_answer_klue(prediction)
    return max(_longest_run_f1(found, normalise_answer_klue(gold)) for gold in golds or ("",))


def _longest_run_f1(found: str, gold: str) -> float:
    if not gold:
        return float(not found)
    # difflib on purpose: from 200 characters on it treats popular ones as junk, as the baseline does.
    size = SequenceMatcher(None, found, gold).find_longest_match(0, len(found), 0, len(gold)).size
    return 2.0 * size / (len(found) + len(gold))


def word_jaccard(prediction: str, golds: Sequence[str]) -> float:
    """Jaccard of the sets of lower-case words, the best over the golds; two empty texts give 1.

    To the letter of the public definition: words are what stands between blanks, marks and all. A task whose
    language has clean-up steps gives it cleaned answers (:mod:`gongbang.text.languages`).

    Example:
        >>> word_jaccard("The old house", ["the house"])
        0.6666666666666666
    """
    found = set(prediction.lower().split())
    best = 0.0
    for gold in golds or ("",):
        words = set(gold.lower().split())
        union = found | words
        best = max(best, len(found & words) / len(union) if union else 1.0)
    return best


SPAN_METRICS: dict[str, Metric] = {
    "exact_match": exact_match,
    "f1": character_f1,
    "word_f1": word_f1,
    "rouge_w": rouge_w,
    "jaccard": word_jaccard,
}


def span_metric(name: str) -> Metric:
    """The metric of this name, of one answer.

    Raises:
        OptionError: there is none.
    """
    if name not in SPAN_METRICS:
        raise _unknown_metric(name)
    return SPAN_METRICS[name]


def compared(metric: Metric, clean: Callable[[str], str]) -> Metric:
    """The metric over answers that are cleaned first, prediction and golds alike.

    Example:
        >>> compared(exact_match, lambda text: text.strip("।"))("घर।", ["घर"])
        1.0
    """
    return lambda prediction, golds: metric(clean(prediction), [clean(gold) for gold in golds])


def span_scores(
    predictions: Sequence[str],
    golds: Sequence[Sequence[str]],
    *,
    groups: Sequence[str] | None = None,
    metrics: Sequence[str] = ("exact_match", "f1"),
    samples: int = 1000,
    seed: int = 0,
) -> Scores:
    """The mean of each metric in percent, with a bootstrap interval; the first metric is primary.

    Where some questions are unanswerable (no golds), the SQuAD 2.0 parts are added: ``has_answer_<metric>``
    over the answerable ones and ``no_answer_accuracy`` over the rest.

    Args:
        predictions: (n,) answers, empty for "no answer".
        golds: (n,) acceptable answers of each question.
        groups: (n,) what is resampled as a whole (the article); single questions when None.
        metrics: names from ``SPAN_METRICS``.
        samples: bootstrap resamples. seed: of the resampling.

    Raises:
        OptionError: lengths differ, nothing to score, or an unknown metric.

    Example:
        >>> span_scores(["서울", "부산"], [["서울"], ["대구"]]).value
        50.0
    """
    _check(predictions, golds, metrics)
    answerable = np.array([bool(gold) for gold in golds])
    values = {
        name: np.array([SPAN_METRICS[name](p, g) for p, g in zip(predictions, golds, strict=True)]) * 100.0
        for name in metrics
    }
    chosen = None if groups is None else np.asarray(groups)

    def mean(column: np.ndarray, rows: np.ndarray | None = None) -> Score:
        kept = column if rows is None else column[rows]
        clusters = chosen if chosen is None or rows is None else chosen[rows]
        return bootstrap_interval(kept, groups=clusters, samples=samples, seed=seed)

    scores = {name: mean(column) for name, column in values.items()}
    if not answerable.all():
        silent = np.array([not normalise_answer(p) for p in predictions]) * 100.0
        if answerable.any():
            scores |= {f"has_answer_{name}": mean(column, answerable) for name, column in values.items()}
        scores["no_answer_accuracy"] = mean(silent, ~answerable)
    return Scores(metrics[0], scores)


def _check(predictions: Sequence[str], golds: Sequence[Sequence[str]], metrics: Sequence[str]) -> None:
    if len(predictions) != len(golds) or not predictions:
        raise OptionError(
            "predictions and golds do not pair up.",
            value=f"{len(predictions)} predictions, {len(golds)} lists of golds",
            allowed="the same number of both, at least one",
            cure="Pass one prediction a question, the empty string for 'no answer'.",
        )
    unknown = [name for name in metrics if name not in SPAN_METRICS]
    if unknown or not metrics:
        raise _unknown_metric(", ".join(unknown))


def _unknown_metric(name: str) -> OptionError:
    return OptionError(
        "there is no such span metric.",
        value=name,
        allowed=", ".join(SPAN_METRICS),
        cure="Name one or more of the allowed metrics.",
    )
