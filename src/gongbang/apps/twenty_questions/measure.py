"""How often the machine is right: labelled questions about the keywords, asked as a player asks them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from gongbang.apps.evaluate.evaluation import Evaluation, OnProgress, ignore_progress
from gongbang.apps.twenty_questions.engine import TwentyQuestions
from gongbang.apps.twenty_questions.game import Game, Turn
from gongbang.apps.twenty_questions.keywords import Keywords
from gongbang.data.readers.place import Place, need_mapping, need_text
from gongbang.data.readers.rows import json_lines
from gongbang.errors import DataError
from gongbang.metrics.intervals import bootstrap_interval, paired_bootstrap
from gongbang.metrics.scores import Score, Scores
from gongbang.tasks.base import Prediction
from gongbang.tasks.boolq import LABELS

QUESTIONS = "questions.jsonl"
"""The file of labelled questions beside the keywords that come along."""
Part = Literal["choosing", "reporting"]
"""Whether a keyword's questions may choose thresholds, or judge what was chosen."""
RestsOn = Literal["document", "table", "sense", "nothing"]
"""What decides a question: the document, the table, common sense, or nothing at all."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a player, and what is right."""

    id: str
    keyword: str
    text: str
    answer: str
    rests_on: RestsOn
    part: Part


def read_questions(path: str | Path, keywords: Keywords) -> tuple[Question, ...]:
    """The questions of a JSONL file with id, keyword, question, answer, rests_on and part.

    Args:
        path: the file. keywords: those that it asks about.

    Raises:
        DataError: a line is none; an answer, a part or a keyword is not known; a keyword is of both parts, or
            an id comes twice.
    """
    names = {item.name for item in keywords.items}
    found: dict[str, Question] = {}
    parts: dict[str, str] = {}
    for row in json_lines(Path(path)):
        if isinstance(row, DataError):
            raise row
        place, values = row
        one = _question(need_mapping(values, place), place, names)
        if one.id in found or parts.setdefault(one.keyword, one.part) != one.part:
            raise place.error(
                "the id comes twice." if one.id in found else "the keyword is of the other part already.",
                value=one.id,
                allowed="ids of their own, and one part for each keyword",
                cure="Mend this line: what chooses thresholds must not judge them.",
            )
        found[one.id] = one
    if not found:
        raise Place(str(path)).error(
            "there is no question.", value="nothing", allowed="one a line", cure="Write some."
        )
    return tuple(found.values())


def _question(row: Any, place: Place, names: set[str]) -> Question:
    def one_of(key: str, allowed: Sequence[str]) -> Any:
        text = need_text(row, key, place)
        if text not in allowed:
            raise place.at(key).error(
                "it is none of those that there are.",
                value=text,
                allowed=", ".join(sorted(allowed)[:8]),
                cure="Write one of these.",
            )
        return text

    return Question(
        need_text(row, "id", place),
        one_of("keyword", sorted(names)),
        need_text(row, "question", place),
        one_of("answer", LABELS),
        one_of("rests_on", get_args(RestsOn)),
        one_of("part", get_args(Part)),
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, the turn in which the game answered it, and how long that took."""

    question: Question
    turn: Turn
    milliseconds: float

    @property
    def right(self) -> bool:
        """Whether the player was told what is right."""
        return self.turn.answer == self.question.answer


def ask_all(
    engine: TwentyQuestions, questions: Sequence[Question], on_progress: OnProgress = ignore_progress
) -> list[Answered]:
    """Each question as the first one of a game of its own."""
    answered = []
    for one in questions:
        game = Game(f"measured-{one.id}", one.keyword, engine.keywords.hash)
        began = time.perf_counter()
        turn = engine.ask(game, one.text).turns[0]
        answered.append(Answered(one, turn, 1000 * (time.perf_counter() - began)))
        on_progress(1)
    return answered


def evaluate_game(
    engine: TwentyQuestions,
    questions: Sequence[Question],
    before: TwentyQuestions | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """How often the game's answers are right on the part that reports; by the part that chooses beside it.

    Intervals draw whole keywords, whose questions rest on one document. The baselines are the commonest
    answer and another engine; how much is gained over that comes with a paired interval.

    Args:
        engine: the game as it is played.
        questions: see :func:`read_questions`.
        before: what it is compared with, such as the game without an encoder; nothing when None.
        on_progress: told how many more questions are done.

    Raises:
        DataError: no question is of the part that reports.
    """
    answered = ask_all(engine, questions, on_progress)
    reported = _of_part(answered, "reporting")
    if not reported:
        raise Place(QUESTIONS, field="part").error(
            "no question reports.", value="choosing alone", allowed="reporting", cure="Write some."
        )
    baselines = {"majority": Scores("accuracy", {"accuracy": _majority(reported)})}
    compared: dict[str, Any] = {}
    if before is not None:
        others = ask_all(before, questions, on_progress)
        without = _of_part(others, "reporting")
        baselines["before"] = Scores("accuracy", _scores(without))
        gain = paired_bootstrap(_hits(reported), _hits(without), groups=_keywords(reported))
        compared = {
            "gain": gain.to_dict(),
            "before": {
                "rests_on": _slices(without),
                "milliseconds": _milliseconds(others),
                **_chosen(others),
            },
        }
    return Evaluation(
        "game",
        Scores("accuracy", _scores(reported)),
        baselines,
        [Prediction(one.question.id, one.turn.answer, one.turn.confidence) for one in answered],
        extra={
            "by_table": sum(bool(one.turn.attribute) for one in reported),
            "table_right": sum(one.right for one in reported if one.turn.attribute),
            "rests_on": _slices(reported),
            "confusion": _confusion(reported),
            "milliseconds": _milliseconds(answered),
            **_chosen(answered),
            **compared,
        },
    )


def _of_part(answered: Sequence[Answered], part: Part) -> list[Answered]:
    return [one for one in answered if one.question.part == part]


def _hits(answered: Sequence[Answered]) -> list[float]:
    return [float(one.right) for one in answered]


def _keywords(answered: Sequence[Answered]) -> list[str]:
    return [one.question.keyword for one in answered]


def _accuracy(answered: Sequence[Answered]) -> Score:
    return bootstrap_interval(_hits(answered), groups=_keywords(answered))


def _scores(answered: Sequence[Answered]) -> dict[str, Score]:
    """Accuracy over all, and over the questions of each right answer."""
    scores = {"accuracy": _accuracy(answered)}
    for label in LABELS:
        of_label = [one for one in answered if one.question.answer == label]
        if of_label:
            scores[f"accuracy_{label}"] = _accuracy(of_label)
    return scores


def _majority(answered: Sequence[Answered]) -> Score:
    common = Counter(one.question.answer for one in answered).most_common(1)[0][0]
    hits = [float(one.question.answer == common) for one in answered]
    return bootstrap_interval(hits, groups=_keywords(answered))


def _slices(answered: Sequence[Answered]) -> dict[str, dict[str, Any]]:
    found = {}
    for name in get_args(RestsOn):
        of_name = [one for one in answered if one.question.rests_on == name]
        if of_name:
            found[name] = _accuracy(of_name).to_dict()
    return found


def _confusion(answered: Sequence[Answered]) -> dict[str, dict[str, int]]:
    """Right answer to given answer to how often."""
    counts = Counter((one.question.answer, one.turn.answer) for one in answered)
    return {gold: {said: counts[gold, said] for said in LABELS} for gold in LABELS}


def _milliseconds(answered: Sequence[Answered]) -> dict[str, float]:
    taken = [one.milliseconds for one in answered]
    return {"median": float(np.median(taken)), "p95": float(np.percentile(taken, 95))}


def _chosen(answered: Sequence[Answered]) -> dict[str, Any]:
    """The accuracy on the part that thresholds were chosen on; no news, and so apart."""
    chosen = _of_part(answered, "choosing")
    return {"choosing": _accuracy(chosen).to_dict()} if chosen else {}
